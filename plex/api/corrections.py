"""The calls that correct a wrong match: what would move, that and nothing else, and the way back."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plex.api.decisions import deciding, find_mapping, find_show
from plex.api.serializers import ConfirmSerializer, ResolvedSerializer
from plex.correction_cards import corrections_of, play_of_watch, preview_of
from plex.models import PlexCorrection, PlexShowMapping, PlexViewing
from plex.resolution import (
    correct_episode,
    look_at_correction,
    look_at_episode,
    undo_correction,
)
from tracker.api.permissions import signed_in
from tracker.api.serializers import ID, ErrorSerializer, ShowReferenceSerializer
from tracker.models import Episode

ERRORS: dict[int, Any] = {400: ErrorSerializer, 404: ErrorSerializer}


class CorrectionSerializer(serializers.ModelSerializer[PlexCorrection]):
    title = serializers.CharField(read_only=True, help_text="What was corrected.")
    from_show = ShowReferenceSerializer(read_only=True, allow_null=True)
    to_show = ShowReferenceSerializer(read_only=True, allow_null=True)
    can_undo = serializers.BooleanField(read_only=True)
    forgets = serializers.CharField(
        read_only=True, help_text="What was said since and goes with an undo; empty for nothing."
    )

    class Meta:
        model = PlexCorrection
        fields = [
            *("id", "kind", "title", "summary", "from_show", "to_show", "plays"),
            *("created_at", "undone_at", "can_undo", "forgets"),
        ]
        read_only_fields = fields


class MoveSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(help_text="When it was watched.")
    person = serializers.CharField(source="who", help_text="Empty for your own.")
    how = serializers.CharField(help_text="moves, joins, splits, again or stays.")
    from_episode = serializers.CharField(source="source", help_text="Where it stands.")
    to_episode = serializers.CharField(
        source="to", help_text="Where it goes; empty where no such episode was found."
    )
    note = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    plan = serializers.CharField(
        help_text="Send it along to do exactly this; something else is a 409 then."
    )
    moved = serializers.IntegerField(source="preview.moved")
    joined = serializers.IntegerField(source="preview.joined", help_text="Watched there already.")
    again = serializers.IntegerField(source="preview.again", help_text="Decided again.")
    stays = serializers.IntegerField(source="preview.stays", help_text="No such episode.")
    untouched = serializers.IntegerField(help_text="Plays of other people, which stay.")
    plays = MoveSerializer(source="preview.rows", many=True, help_text="The newest 200.")


class EpisodeChoiceSerializer(serializers.Serializer[Any]):
    episode_id = ID(help_text="The episode that it really was.")
    plan = serializers.CharField(
        required=False, max_length=64, help_text="Of the preview: do this and nothing else."
    )


class CorrectionsView(APIView):
    @extend_schema(
        operation_id="plex_corrections",
        summary="What was corrected of a Plex show, newest first",
        responses={200: CorrectionSerializer(many=True), 404: ErrorSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        found = corrections_of(find_mapping(request, pk), user=signed_in(request))
        return Response(CorrectionSerializer(found, many=True).data)


class ConfirmPreviewView(APIView):
    @extend_schema(
        operation_id="plex_mapping_confirm_preview",
        summary="What would move if a Plex show were this show",
        description="Writes nothing. Send its `plan` with the confirmation.",
        request=ConfirmSerializer,
        responses={200: PreviewSerializer, **ERRORS},
        examples=[OpenApiExample("It is show 12", {"tvshow_id": 12}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        mapping = find_mapping(request, pk)
        body = ConfirmSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        show = find_show(body.validated_data["tvshow_id"])
        user = signed_in(request)
        return shown(look_at_correction(mapping, user=user, show=show), request)


class UndoCorrectionView(APIView):
    @extend_schema(
        operation_id="plex_correction_undo",
        summary="Undo a correction",
        description="Plays and the decision are as before. An earlier one is undone after the later.",
        request=None,
        responses={204: None, **ERRORS, 409: ErrorSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        mappings = PlexShowMapping.objects.visible_to(user)
        corrections = PlexCorrection.objects.filter(mapping__in=mappings)
        correction = get_object_or_404(corrections.select_related("mapping"), pk=pk)
        with deciding():
            undo_correction(correction, user=user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EpisodePreviewView(APIView):
    @extend_schema(
        operation_id="plex_watch_episode_preview",
        summary="What would move if a watch from Plex were another episode",
        request=EpisodeChoiceSerializer,
        responses={200: PreviewSerializer, **ERRORS},
        examples=[OpenApiExample("It is episode 345", {"episode_id": 345}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        viewing = find_play(request, pk)
        episode, _ = chosen_episode(request)
        with deciding():
            correction = look_at_episode(viewing, user=signed_in(request), episode=episode)
        return shown(correction, request)


class EpisodeView(APIView):
    @extend_schema(
        operation_id="plex_watch_episode",
        summary="Say that a watch from Plex is another episode",
        description="Its plays move with their dates, and later ones follow. It can be undone.",
        request=EpisodeChoiceSerializer,
        responses={200: ResolvedSerializer, **ERRORS, 409: ErrorSerializer},
        examples=[OpenApiExample("It is episode 345", {"episode_id": 345}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        viewing = find_play(request, pk)
        episode, plan = chosen_episode(request)
        with deciding():
            resolved = correct_episode(
                viewing, user=signed_in(request), episode=episode, expected=plan
            )
        return Response(ResolvedSerializer(resolved).data)


def find_play(request: Request, watch_id: int) -> PlexViewing:
    viewing = play_of_watch(watch_id, user=signed_in(request))
    if viewing is None:
        raise NotFound
    return viewing


def chosen_episode(request: Request) -> tuple[Episode, str]:
    """The episode that a body names, and the plan that was shown."""
    body = EpisodeChoiceSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    pk = body.validated_data["episode_id"]
    episode = Episode.objects.select_related("season__show").filter(pk=pk).first()
    if episode is None:
        raise serializers.ValidationError({"episode_id": f"There is no episode {pk} here."})
    return episode, body.validated_data.get("plan", "")


def shown(correction: Any, request: Request) -> Response:
    body = PreviewSerializer(
        {
            "plan": correction.fingerprint,
            "preview": preview_of(correction.plan, viewer=signed_in(request)),
            "untouched": correction.untouched,
        }
    )
    return Response(body.data)
