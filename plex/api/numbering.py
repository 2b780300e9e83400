"""The calls about how Plex numbers a show: its order, seasons by hand, answers about one episode."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plex.api.decisions import deciding, errors_of, find_mapping
from plex.api.serializers import ResolvedSerializer
from plex.models import PlexEpisodeMapping, PlexShowMapping
from plex.numbering.cards import numbering_of
from plex.numbering.forms import LARGEST_NUMBER, SeasonPartForm
from plex.numbering.proposals import propose
from plex.resolution.numbering import (
    choose_order,
    decline_order,
    forget_answer,
    remove_part,
    save_part,
)
from plex.resolution.renumbering import move_misnumbered
from tracker import orders
from tracker.api.permissions import signed_in
from tracker.api.serializers import ID, ErrorSerializer, ShowReferenceSerializer
from tracker.tmdb import connect

ERRORS: dict[int, Any] = {400: ErrorSerializer, 404: ErrorSerializer}


class OrderSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="What to send to choose it; empty for TMDB's own.")
    name = serializers.CharField()
    fitting = serializers.IntegerField(help_text="Episodes proven to be those of this order.")
    against = serializers.IntegerField(help_text="Episodes proven to be others than it says.")
    example = serializers.CharField(help_text="The first number that means another episode here.")
    is_chosen = serializers.BooleanField()


class PlexSeasonSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="row.pk")
    plex_season = serializers.IntegerField(source="row.plex_season")
    first_episode = serializers.IntegerField(source="row.first_episode", allow_null=True)
    last_episode = serializers.IntegerField(source="row.last_episode", allow_null=True)
    tvshow = ShowReferenceSerializer(source="row.tvshow")
    season_number = serializers.IntegerField(source="row.season_number")
    offset = serializers.IntegerField(source="row.offset", help_text="Added to Plex's number.")


class EpisodeAnswerSerializer(serializers.ModelSerializer[PlexEpisodeMapping]):
    tvshow = ShowReferenceSerializer(source="episode.season.show", read_only=True)
    season_number = serializers.IntegerField(source="episode.season.season_number", read_only=True)
    episode_number = serializers.IntegerField(source="episode.episode_number", read_only=True)

    class Meta:
        model = PlexEpisodeMapping
        fields = [
            *("id", "plex_season", "plex_episode", "item_key"),
            *("tvshow", "season_number", "episode_number"),
        ]
        read_only_fields = fields


class NumberingSerializer(serializers.Serializer[Any]):
    orders = OrderSerializer(source="choices", many=True)
    proposed_order = serializers.CharField(help_text="The key of the order that the evidence fits.")
    proposal = serializers.CharField(help_text="Why it is proposed, in one sentence.")
    seasons = PlexSeasonSerializer(source="parts", many=True)
    answers = EpisodeAnswerSerializer(many=True)
    misnumbered = serializers.IntegerField(
        source="moving", help_text="Plays that stand elsewhere than the chosen order says."
    )


class OrderChoiceSerializer(serializers.Serializer[Any]):
    order = serializers.CharField(
        required=False, allow_blank=True, max_length=60, help_text="The key of one of `orders`."
    )
    decline_proposed = serializers.BooleanField(
        required=False, default=False, help_text="Never propose the proposed order again."
    )


class SeasonPartSerializer(serializers.Serializer[Any]):
    plex_season = serializers.IntegerField(min_value=0, max_value=LARGEST_NUMBER)
    first_episode = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_NUMBER
    )
    last_episode = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_NUMBER
    )
    season_number = serializers.IntegerField(min_value=0, max_value=LARGEST_NUMBER)
    episode_number = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_NUMBER
    )
    tmdb_id = ID(required=False, allow_null=True, help_text="Where it is another show's season.")


class NumberingView(APIView):
    @extend_schema(
        operation_id="plex_numbering_read",
        summary="How Plex numbers a show: orders to choose from, seasons and episodes by hand",
        responses={200: NumberingSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        return described(find_mapping(request, pk, is_mapped=True), request)


class OrderView(APIView):
    @extend_schema(
        operation_id="plex_numbering_order",
        summary="Choose the order that Plex uses",
        description="Waiting plays are tried again at once; what was recorded stays.",
        request=OrderChoiceSerializer,
        responses={200: NumberingSerializer, **ERRORS},
        examples=[
            OpenApiExample("TMDB's DVD order", {"order": "tmdb:5ad1…"}, request_only=True),
            OpenApiExample("Counted through", {"order": "absolute"}, request_only=True),
            OpenApiExample("Not the proposed one", {"decline_proposed": True}, request_only=True),
        ],
    )
    def put(self, request: Request, pk: int) -> Response:
        mapping = find_mapping(request, pk, is_mapped=True)
        body = OrderChoiceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        if "order" not in sent and not sent["decline_proposed"]:
            raise serializers.ValidationError({"order": "Send the key of an order."})
        with deciding():
            if sent["decline_proposed"]:
                decline_order(mapping)
            if "order" in sent:
                choose_order(mapping, key=sent["order"])
        return described(find_mapping(request, pk), request)


class ReadOrdersView(APIView):
    @extend_schema(
        operation_id="plex_numbering_read_orders",
        summary="Ask TMDB for the show's other orders",
        request=None,
        responses={200: NumberingSerializer, **ERRORS, 409: ErrorSerializer, 503: ErrorSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        mapping = find_mapping(request, pk, is_mapped=True)
        assert mapping.tvshow is not None  # noqa: S101 - only mapped ones are found
        orders.read_orders(mapping.tvshow, tmdb=connect())
        propose(mapping)
        return described(find_mapping(request, pk), request)


class MoveMisnumberedView(APIView):
    @extend_schema(
        operation_id="plex_numbering_move",
        summary="Move the plays that the chosen order has elsewhere",
        description="With their dates; it is a correction that can be undone.",
        request=None,
        responses={200: ResolvedSerializer, **ERRORS, 409: ErrorSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        mapping = find_mapping(request, pk, is_mapped=True)
        with deciding():
            resolved = move_misnumbered(mapping, user=signed_in(request))
        return Response(ResolvedSerializer(resolved).data)


class SeasonsView(APIView):
    @extend_schema(
        operation_id="plex_numbering_season",
        summary="Say which season of ours a season of Plex is, or a part of one",
        request=SeasonPartSerializer,
        responses={200: NumberingSerializer, **ERRORS, 409: ErrorSerializer, 503: ErrorSerializer},
        examples=[
            OpenApiExample(
                "Plex's S01E13 and on are our second season",
                {"plex_season": 1, "first_episode": 13, "season_number": 2},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        mapping = find_mapping(request, pk, is_mapped=True)
        body = SeasonPartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        form = SeasonPartForm(body.validated_data)
        if not form.is_valid():
            raise errors_of(form)
        with deciding():
            save_part(mapping, form.part(mapping))
        return described(find_mapping(request, pk), request)


class SeasonView(APIView):
    @extend_schema(
        operation_id="plex_numbering_season_remove",
        summary="Take back what was said about a season of Plex",
        responses={204: None, 404: ErrorSerializer},
    )
    def delete(self, request: Request, pk: int, season: int) -> Response:
        remove_part(find_mapping(request, pk, is_mapped=True), pk=season)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AnswerView(APIView):
    @extend_schema(
        operation_id="plex_numbering_answer_remove",
        summary="Take back the answer about one episode",
        responses={204: None, 404: ErrorSerializer},
    )
    def delete(self, request: Request, pk: int, answer: int) -> Response:
        forget_answer(find_mapping(request, pk, is_mapped=True), pk=answer)
        return Response(status=status.HTTP_204_NO_CONTENT)


def described(mapping: PlexShowMapping, request: Request) -> Response:
    found = numbering_of(mapping, user=signed_in(request))
    body = NumberingSerializer(
        {
            "choices": found.choices,
            "parts": found.parts,
            "answers": found.answers,
            "moving": found.moving,
            "proposed_order": mapping.proposed_order,
            "proposal": mapping.proposal,
        }
    )
    return Response(body.data)
