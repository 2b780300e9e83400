"""The calls about the shows that a user tracks. `{id}` is the show's, not that of its tracking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracker.api.pagination import Pagination, read_flag
from tracker.api.permissions import signed_in, today_of
from tracker.api.serializers import (
    AddShowSerializer,
    ErrorSerializer,
    ShowDetailSerializer,
    ShowSerializer,
    TrackingChangeSerializer,
)
from tracker.library import add_show, stop_tracking, track_show
from tracker.models import Episode, TrackedShow, TVShow, Watch
from tracker.progress import ShowProgress
from tracker.queries import show_state, with_progress
from tracker.tmdb import connect

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@extend_schema_view(
    get=extend_schema(
        operation_id="shows",
        summary="The shows that you track, by title",
        parameters=[
            OpenApiParameter("status", OpenApiTypes.STR, enum=TrackedShow.Status.values),
        ],
        responses={200: ShowSerializer(many=True), 400: ErrorSerializer},
    )
)
class ShowsView(generics.ListAPIView[Any]):
    serializer_class = ShowSerializer
    pagination_class = Pagination
    queryset = TrackedShow.objects.none()

    def get_queryset(self) -> QuerySet[TrackedShow]:
        tracked = TrackedShow.objects.filter(user=signed_in(self.request)).select_related("show")
        wanted = self.request.query_params.get("status", "")
        if wanted and wanted not in TrackedShow.Status.values:
            choices = ", ".join(TrackedShow.Status.values)
            raise ValidationError({"status": f"Must be one of {choices}."})
        if wanted:
            tracked = tracked.filter(status=wanted)
        return tracked.order_by("show__title", "show_id")

    def paginate_queryset(self, queryset: Any) -> Any:
        # Progress is worked out for the page alone.
        return describe(self.request, super().paginate_queryset(queryset) or [])

    @extend_schema(
        operation_id="show_add",
        summary="Add a show from TMDB, and track it",
        description="A show that you track already keeps its status; then the answer is 200.",
        request=AddShowSerializer,
        responses={
            200: ShowSerializer,
            201: ShowSerializer,
            400: ErrorSerializer,
            409: ErrorSerializer,
            503: ErrorSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        body = AddShowSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user, tmdb_id = signed_in(request), body.validated_data["tmdb_id"]
        is_new = not TrackedShow.objects.filter(user=user, show__tmdb_id=tmdb_id).exists()
        # A show that is here with its seasons needs no TMDB, and so no key.
        show = TVShow.objects.filter(tmdb_id=tmdb_id, seasons__isnull=False).first()
        if show is None:
            show = add_show(tmdb_id=tmdb_id, tmdb=connect())
        track_show(user=user, show=show, status=body.validated_data["status"])
        return Response(
            show_json(request, show.pk),
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )


class ShowView(APIView):
    @extend_schema(
        operation_id="show",
        summary="One show, with its seasons and what you watched",
        responses={200: ShowDetailSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        (show,) = describe(request, [find_tracked(request, pk)])
        state = show_state(user, show, today_of(request))
        seasons = list(show.seasons.prefetch_related(episodes_with_plays(user)))
        for season in seasons:
            progress = state.seasons.get(season.season_number, ShowProgress())
            season.progress = progress  # type: ignore[attr-defined]
        show.own_seasons = seasons  # type: ignore[attr-defined]
        show.next_episode = state.next  # type: ignore[attr-defined]
        return Response(ShowDetailSerializer(show).data)

    @extend_schema(
        operation_id="show_change",
        summary="Change what you keep about a show",
        request=TrackingChangeSerializer(partial=True),
        responses={200: ShowSerializer, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def patch(self, request: Request, pk: int) -> Response:
        change = TrackingChangeSerializer(
            find_tracked(request, pk), data=request.data, partial=True
        )
        change.is_valid(raise_exception=True)
        change.save()
        return Response(show_json(request, pk))

    @extend_schema(
        operation_id="show_stop",
        summary="Stop tracking a show",
        parameters=[
            OpenApiParameter(
                "forget_watches",
                OpenApiTypes.BOOL,
                description="Remove what you watched of it too.",
            )
        ],
        responses={204: None, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def delete(self, request: Request, pk: int) -> Response:
        show = find_tracked(request, pk).show
        forget = bool(read_flag(request, "forget_watches"))
        stop_tracking(user=signed_in(request), show=show, forget_watches=forget)
        return Response(status=status.HTTP_204_NO_CONTENT)


def find_tracked(request: Request, show_id: int) -> TrackedShow:
    """The caller's tracking of a show; a 404 where they don't track it."""
    tracked = TrackedShow.objects.filter(user=signed_in(request)).select_related("show")
    # A comparison with the show's own key knows what is beyond every key; one with a foreign key
    # hands it to the database, which overflows.
    return get_object_or_404(tracked, show__in=TVShow.objects.filter(pk=show_id))


def describe(request: Request, tracked: Sequence[TrackedShow]) -> list[TVShow]:
    """The shows with the caller's tracking and progress, as `ShowSerializer` reads them."""
    cards = with_progress(signed_in(request), tracked, today_of(request))
    for card in cards:
        card.show.tracking = card.tracked  # type: ignore[attr-defined]
        card.show.progress = card.progress  # type: ignore[attr-defined]
        card.show.last_watched_at = card.last_watched_at  # type: ignore[attr-defined]
    return [card.show for card in cards]


def show_json(request: Request, show_id: int) -> dict[str, Any]:
    """One show as it stands after a change."""
    (show,) = describe(request, [find_tracked(request, show_id)])
    return ShowSerializer(show).data


def episodes_with_plays(user: User) -> Prefetch:
    """The episodes of seasons in order, each with the user's standing plays in `own_plays`."""
    plays = Watch.objects.standing().filter(user=user).order_by("play")
    episodes = Episode.objects.order_by("episode_number").prefetch_related(
        Prefetch("watches", queryset=plays, to_attr="own_plays")
    )
    return Prefetch("episodes", queryset=episodes)
