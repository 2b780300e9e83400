"""The call that gives a person everything of theirs."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from tracker import export
from tracker.api.permissions import signed_in


class ExportView(APIView):
    @extend_schema(
        operation_id="export",
        summary="All your shows and watches at once",
        description="Meant for a copy of your own: it is as long as your history.",
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        pieces = export.as_json(signed_in(request), now=timezone.now())
        return StreamingHttpResponse(pieces, content_type="application/json")
