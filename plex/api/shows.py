"""The calls about Plex shows: which of our shows they are, and the questions that are open."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plex.api.serializers import (
    ConfirmSerializer,
    ConflictSerializer,
    MappingSerializer,
    ResolvedSerializer,
    ResolveSerializer,
)
from plex.forms import ResolveForm, first_error
from plex.models import PlexConflict, PlexShowMapping
from plex.resolution import ResolutionError, confirm_mapping, correct_mapping, stop_sync
from tracker.api.pagination import Pagination, read_flag
from tracker.api.permissions import signed_in
from tracker.api.serializers import ErrorSerializer
from tracker.models import TVShow


@extend_schema_view(
    get=extend_schema(
        operation_id="plex_mappings",
        summary="The Plex shows that you ever played, and which show each is",
        parameters=[
            OpenApiParameter(
                "unmapped", OpenApiTypes.BOOL, description="Only those without a show."
            ),
            OpenApiParameter("conflicts", OpenApiTypes.BOOL, description="Only those in question."),
        ],
    )
)
class MappingsView(generics.ListAPIView[PlexShowMapping]):
    serializer_class = MappingSerializer
    pagination_class = Pagination
    queryset = PlexShowMapping.objects.none()

    def get_queryset(self) -> QuerySet[PlexShowMapping]:
        user = signed_in(self.request)
        open_conflict = PlexConflict.objects.open().filter(mapping=OuterRef("pk"))
        ignored = PlexShowMapping.ignored_by.through.objects.filter(
            plexshowmapping=OuterRef("pk"), user=user
        )
        mappings = (
            PlexShowMapping.objects.visible_to(user)
            .select_related("tvshow")
            .annotate(has_conflict=Exists(open_conflict), ignored=Exists(ignored))
            .order_by("plex_title", "pk")
        )
        unmapped = read_flag(self.request, "unmapped")
        if unmapped is not None:
            mappings = mappings.filter(tvshow__isnull=unmapped)
        conflicts = read_flag(self.request, "conflicts")
        if conflicts is not None:
            mappings = mappings.filter(has_conflict=conflicts)
        return mappings


class ConfirmMappingView(APIView):
    @extend_schema(
        operation_id="plex_mapping_confirm",
        summary="Say which show a Plex show is",
        description=(
            "Confirms the show that was found, or changes it; then the plays that came through it move "
            "to the right show (those of other people only if you are staff)."
        ),
        request=ConfirmSerializer,
        responses={200: ResolvedSerializer, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        mapping = get_object_or_404(PlexShowMapping.objects.visible_to(user), pk=pk)
        body = ConfirmSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        show = find_show(body.validated_data["tvshow_id"])
        changes = mapping.tvshow_id is not None and mapping.tvshow_id != show.pk
        decide = correct_mapping if changes else confirm_mapping
        try:
            resolved = decide(mapping, user=user, show=show)
        except ResolutionError as error:
            raise ValidationError(str(error)) from error
        return Response(ResolvedSerializer(resolved).data)


class MappingView(APIView):
    @extend_schema(
        operation_id="plex_mapping_stop",
        summary="Stop syncing a Plex show",
        description="Its plays are ignored from now on; what was recorded stays.",
        responses={204: None, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def delete(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        mapping = get_object_or_404(PlexShowMapping.objects.visible_to(user), pk=pk)
        try:
            stop_sync(mapping, user=user)
        except ResolutionError as error:
            raise ValidationError(str(error)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    get=extend_schema(
        operation_id="plex_conflicts",
        summary="The questions that only you can answer, oldest first",
    )
)
class ConflictsView(generics.ListAPIView[PlexConflict]):
    serializer_class = ConflictSerializer
    pagination_class = Pagination
    queryset = PlexConflict.objects.none()

    def get_queryset(self) -> QuerySet[PlexConflict]:
        conflicts = PlexConflict.objects.visible_to(signed_in(self.request)).open()
        return conflicts.with_held_count().order_by("created_at", "pk")


class ResolveConflictView(APIView):
    @extend_schema(
        operation_id="plex_conflict_resolve",
        summary="Answer a question",
        description="All plays that wait for the answer are recorded at their own times.",
        request=ResolveSerializer,
        responses={
            200: ResolvedSerializer,
            400: ErrorSerializer,
            404: ErrorSerializer,
            409: ErrorSerializer,
            503: ErrorSerializer,
        },
    )
    def post(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        conflict = get_object_or_404(PlexConflict.objects.visible_to(user), pk=pk)
        body = ResolveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        form = ResolveForm(body.validated_data, conflict=conflict)
        if not form.is_valid():
            raise ValidationError(first_error(form))
        try:
            resolved = form.save(user=user)
        except ResolutionError as error:
            raise ValidationError(str(error)) from error
        return Response(ResolvedSerializer(resolved).data)


def find_show(show_id: int) -> TVShow:
    """The show that a body names. Raises `ValidationError`: the address is right, the body is not."""
    show = TVShow.objects.filter(pk=show_id).first()
    if show is None:
        raise ValidationError({"tvshow_id": f"There is no show {show_id} in this tracker."})
    return show
