"""The calls about episodes: watched or not, what is next, what was watched."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracker.api.pagination import Pagination
from tracker.api.permissions import signed_in, today_of
from tracker.api.serializers import (
    ErrorSerializer,
    UpNextSerializer,
    WatchedAtSerializer,
    WatchSerializer,
)
from tracker.api.shows import find_tracked
from tracker.models import Episode, TrackedShow, Watch
from tracker.queries import history, up_next
from tracker.watching import mark_watched, unmark


def find_episode(request: Request, pk: int, season_number: int, episode_number: int) -> Episode:
    """The episode of a show that the caller tracks; a 404 otherwise."""
    return get_object_or_404(
        Episode.objects.select_related("season__show"),
        season__show=find_tracked(request, pk).show_id,
        season__season_number=season_number,
        episode_number=episode_number,
    )


class WatchView(APIView):
    @extend_schema(
        operation_id="watch",
        summary="Mark an episode watched",
        description=(
            "Once or often, it is watched once: where it is watched already, its first date stays and "
            "the answer is 200."
        ),
        request=WatchedAtSerializer,
        responses={
            200: WatchSerializer,
            201: WatchSerializer,
            400: ErrorSerializer,
            404: ErrorSerializer,
        },
    )
    def put(self, request: Request, pk: int, season_number: int, episode_number: int) -> Response:
        episode = find_episode(request, pk, season_number, episode_number)
        body = WatchedAtSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        watch, created = mark_watched(
            user=signed_in(request),
            episode=episode,
            watched_at=body.validated_data.get("watched_at") or timezone.now(),
            today=today_of(request),
        )
        return Response(
            WatchSerializer(watch).data,
            status=status.HTTP_201_CREATED if created else status.HTTP_200_OK,
        )

    @extend_schema(
        operation_id="unwatch",
        summary="Mark an episode not watched",
        description="Removes all its plays. Plex brings none of them back; a later play counts.",
        responses={204: None, 404: ErrorSerializer},
    )
    def delete(
        self, request: Request, pk: int, season_number: int, episode_number: int
    ) -> Response:
        episode = find_episode(request, pk, season_number, episode_number)
        unmark(user=signed_in(request), episode=episode, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    get=extend_schema(operation_id="history", summary="What you watched, the latest first")
)
class HistoryView(generics.ListAPIView[Watch]):
    serializer_class = WatchSerializer
    pagination_class = Pagination
    queryset = Watch.objects.none()

    def get_queryset(self) -> QuerySet[Watch]:
        return history(signed_in(self.request))


@extend_schema_view(
    get=extend_schema(
        operation_id="up_next", summary="The next episode of each show that you are watching"
    )
)
class UpNextView(generics.ListAPIView[Any]):
    serializer_class = UpNextSerializer
    pagination_class = Pagination
    queryset = TrackedShow.objects.none()

    def get_queryset(self) -> Any:
        return up_next(signed_in(self.request), today_of(self.request))
