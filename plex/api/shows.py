"""The calls about Plex shows: which of our shows they are, and the questions that are open."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plex.api.decisions import deciding, find_mapping, find_show
from plex.api.serializers import (
    ConfirmSerializer,
    ConflictSerializer,
    MappingChangeSerializer,
    MappingSerializer,
    ResolvedSerializer,
    ResolveSerializer,
)
from plex.forms import ResolveForm, first_error
from plex.models import PlexConflict, PlexShowMapping
from plex.resolution import (
    confirm_mapping,
    correct_mapping,
    ignore_show,
    resume_sync,
    stop_ignoring,
    stop_sync,
)
from tracker.api.pagination import Pagination, read_flag
from tracker.api.permissions import signed_in
from tracker.api.serializers import ErrorSerializer


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
        mappings = described_mappings(signed_in(self.request)).order_by("plex_title", "pk")
        unmapped = read_flag(self.request, "unmapped")
        if unmapped is not None:
            mappings = mappings.filter(tvshow__isnull=unmapped)
        conflicts = read_flag(self.request, "conflicts")
        if conflicts is not None:
            mappings = mappings.filter(has_conflict=conflicts)
        return mappings


def described_mappings(user: User) -> QuerySet[Any]:
    """The Plex shows that the user may see, as `MappingSerializer` needs them."""
    open_conflict = PlexConflict.objects.open().filter(mapping=OuterRef("pk"))
    ignored = PlexShowMapping.ignored_by.through.objects.filter(
        plexshowmapping=OuterRef("pk"), user=user
    )
    visible = PlexShowMapping.objects.visible_to(user).select_related("tvshow")
    return visible.annotate(has_conflict=Exists(open_conflict), ignored=Exists(ignored))


class ConfirmMappingView(APIView):
    @extend_schema(
        operation_id="plex_mapping_confirm",
        summary="Say which show a Plex show is",
        description=(
            "Confirms the show that was found, or changes it; then the plays that came through it move "
            "to the right show (those of other people only if you are staff)."
        ),
        request=ConfirmSerializer,
        responses={
            200: ResolvedSerializer,
            400: ErrorSerializer,
            404: ErrorSerializer,
            409: ErrorSerializer,
        },
        examples=[OpenApiExample("It is show 12", {"tvshow_id": 12}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        mapping = get_object_or_404(PlexShowMapping.objects.visible_to(user), pk=pk)
        body = ConfirmSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        show = find_show(body.validated_data["tvshow_id"])
        plan = body.validated_data.get("plan", "")
        with deciding():
            if mapping.tvshow_id in {None, show.pk} and not plan:
                resolved = confirm_mapping(mapping, show=show)
            else:
                resolved = correct_mapping(mapping, user=user, show=show, expected=plan)
        return Response(ResolvedSerializer(resolved).data)


class MappingView(APIView):
    @extend_schema(
        operation_id="plex_mapping_read",
        summary="A Plex show, and which show it is",
        responses={200: MappingSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        found = get_object_or_404(described_mappings(signed_in(request)), pk=pk)
        return Response(MappingSerializer(found).data)

    @extend_schema(
        operation_id="plex_mapping_change",
        summary="Sync a Plex show or stop it, for everybody; ignore it or not, for yourself",
        request=MappingChangeSerializer,
        responses={200: MappingSerializer, 400: ErrorSerializer, 404: ErrorSerializer},
        examples=[
            OpenApiExample("Ignore it", {"ignored": True}, request_only=True),
            OpenApiExample("Sync it again", {"sync_enabled": True}, request_only=True),
        ],
    )
    def patch(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        mapping = find_mapping(request, pk)
        body = MappingChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sync, ignored = (body.validated_data.get(name) for name in ("sync_enabled", "ignored"))
        with deciding():
            if sync is not None:
                (resume_sync if sync else stop_sync)(mapping)
            if ignored is not None:
                (ignore_show if ignored else stop_ignoring)(mapping, user=user)
        return Response(MappingSerializer(described_mappings(user).get(pk=pk)).data)

    @extend_schema(
        operation_id="plex_mapping_stop",
        summary="Stop syncing a Plex show",
        description="Its plays are ignored from now on; what was recorded stays.",
        responses={204: None, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def delete(self, request: Request, pk: int) -> Response:
        with deciding():
            stop_sync(find_mapping(request, pk))
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
        examples=[
            OpenApiExample(
                "It is show 12", {"action": "select", "tvshow_id": 12}, request_only=True
            ),
            OpenApiExample(
                "Add it from TMDB", {"action": "create_new", "tmdb_id": 95396}, request_only=True
            ),
            OpenApiExample("Add it as Plex has it", {"action": "add_from_plex"}, request_only=True),
        ],
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
        with deciding():
            resolved = form.save(user=user)
        return Response(ResolvedSerializer(resolved).data)
