"""The address that Plex posts to: secret, rate, read, store, answer."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django_ratelimit.core import get_usage
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from plex import inbox
from plex.models import PlexWebhookLog
from plex.monitoring.counters import WEBHOOKS
from plex.payload import EventSummary, PayloadError, read_json, summarise
from plex.refusals import TEST_EVENT
from plex.webhook_body import leading_payload

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 2 * 1024 * 1024
# The part of Plex's form that holds the event; the other one is a picture.
PART = "payload"
# Guesses at the secret, per address.
GUESSING_RATE = "20/m"
# An answer that no browser shows needs no policy written for it.
PLAIN_DATA = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
SECRET_PARAMETER = OpenApiParameter(
    "secret",
    str,
    required=True,
    description="The secret in the address that the settings page shows.",
)


class AlwaysJson(BaseContentNegotiation):
    """Plex gets JSON whatever its Accept header says: a 406 would lose the event."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class PayloadFile(FileUploadHandler):
    """Keeps a file part named payload in memory, and nothing of the picture beside it."""

    chunks: list[bytes]

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.chunks = []

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.field_name == PART:
            self.chunks.append(raw_data)

    def file_complete(self, file_size: int) -> SimpleUploadedFile | None:
        if self.field_name != PART:
            return None
        return SimpleUploadedFile(PART, b"".join(self.chunks))


class BodyError(Exception):
    """The request's body can't be read; the text is one sentence."""


class WebhookView(APIView):
    """Receives events; nothing is stored without a valid secret, and everything with one."""

    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = AlwaysJson

    @extend_schema(parameters=[SECRET_PARAMETER], responses={200: dict}, tags=["plex"])
    def get(self, request: Request) -> JsonResponse:
        """Say whether the address works."""
        hook = inbox.find_hook(request.query_params.get("secret", ""), now=timezone.now())
        if hook is None:
            return refuse_secret(request._request)
        return answer(200, "This address is ready: Plex posts its events here.")

    @extend_schema(
        parameters=[SECRET_PARAMETER],
        request={"multipart/form-data": dict, "application/json": dict},
        responses={200: dict},
        tags=["plex"],
    )
    def post(self, request: Request) -> JsonResponse:
        """Take one event from Plex."""
        try:
            response = receive(request._request)
        except (DatabaseError, InterfaceError) as error:
            logger.error("A Plex event could not be stored: %s", type(error).__name__)
            response = answer(
                503,
                "The database is busy, so the event was not stored. Send it again.",
                retry_after=5,
            )
        WEBHOOKS.labels(response.status_code).inc()
        return response


webhook = WebhookView.as_view()


def answer(status: int, sentence: str, *, retry_after: int | None = None) -> JsonResponse:
    headers = {} if retry_after is None else {"Retry-After": str(max(1, retry_after))}
    return JsonResponse({"detail": sentence}, status=status, headers={**PLAIN_DATA, **headers})


def receive(request: HttpRequest) -> JsonResponse:
    now = timezone.now()
    too_large = announced_size(request) > MAX_BODY_BYTES
    if (
        not too_large
        and "HTTP_TRANSFER_ENCODING" in request.META
        and not request.META.get("CONTENT_LENGTH")
    ):
        return answer(411, "Send a Content-Length: bodies without a length are not taken.")
    hook = inbox.find_hook(request.GET.get("secret", ""), now=now)
    if too_large:
        if hook is not None:
            inbox.count_refused(user_id=hook.user_id, column="refused_size_count")
        return answer(413, "The event is larger than 2 MB, so it was not stored.")
    if hook is None:
        return refuse_secret(request)
    if not hook.enabled:
        inbox.receive_while_disabled(user_id=hook.user_id, now=now)
        return answer(403, "The Plex integration is switched off. Switch it on in the settings.")
    return receive_for(request, hook, now=now)


def receive_for(request: HttpRequest, hook: inbox.Hook, *, now: datetime) -> JsonResponse:
    """Read and store; the budget depends on the event, so the body is read first."""
    user_id = hook.user_id
    payload: dict[str, Any] | None = None
    summary: EventSummary | None = None
    problem = ""
    try:
        payload = read_json(read_body(request))
        summary = summarise(payload)
    except (BodyError, PayloadError) as error:
        problem = str(error)
    is_scrobble = summary is not None and summary.is_scrobble
    if (seconds := over_budget(request, user_id, is_scrobble=is_scrobble)) is not None:
        inbox.count_refused(user_id=user_id, column="refused_rate_count")
        return answer(429, "Too many events in a minute. Send this one later.", retry_after=seconds)
    if payload is None:
        body = received_text(request)
        inbox.receive_unreadable(user_id=user_id, body=body, reason=problem, now=now)
        return answer(400, problem)
    is_test = summary is not None and summary.event == TEST_EVENT
    source = PlexWebhookLog.Source.TEST if is_test else PlexWebhookLog.Source.WEBHOOK
    number = inbox.receive(
        user_id=user_id, payload=payload, summary=summary, now=now, source=source
    )
    if hook.is_unused and not is_test:
        inbox.note_used(hook)
    return JsonResponse({"detail": "Stored.", "id": number}, headers=PLAIN_DATA)


def announced_size(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def refuse_secret(request: HttpRequest) -> JsonResponse:
    usage = get_usage(
        request,
        group="plex-wrong-secret",
        key=client_address,
        rate=GUESSING_RATE,
        increment=True,
    )
    if usage and usage["should_limit"]:
        return answer(429, "Too many wrong secrets. Wait a minute.", retry_after=usage["time_left"])
    return answer(401, "The secret is wrong. Copy the address from the Plex settings page again.")


def client_address(group: str, request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR") or "unknown"


def over_budget(request: HttpRequest, user_id: int, *, is_scrobble: bool) -> int | None:
    """Seconds until the next event fits, or None while there is room.

    Two budgets, so that a storm of play and pause can't cost a finished play.
    """
    usage = get_usage(
        request,
        group="plex-scrobbles" if is_scrobble else "plex-other-events",
        key=lambda _group, _request: str(user_id),
        rate=settings.PLEX_WEBHOOK_RATE,
        increment=True,
    )
    return usage["time_left"] if usage and usage["should_limit"] else None


def read_body(request: HttpRequest) -> str:
    """The payload's text: a form field, a file part, or the raw body. Raises `BodyError`.

    The thumbnail beside it is never looked at.
    """
    try:
        body = request.body
        leading = leading_payload(body, request.META.get("CONTENT_TYPE", ""))
        if leading is not None:
            return leading
        request.upload_handlers = [PayloadFile(request)]
        text = payload_part(request)
    except (MultiPartParserError, SuspiciousOperation):
        raise BodyError("The form that holds the event can't be read.") from None
    except (UnreadablePostError, OSError):
        raise BodyError("The connection broke before the whole event was here.") from None
    if text is not None:
        return text
    if request.content_type == "multipart/form-data":
        raise BodyError("The form has no part named payload.")
    return body.decode("utf-8", "replace")


def payload_part(request: HttpRequest) -> str | None:
    field = request.POST.get(PART)
    if field is not None:
        return field
    part = request.FILES.get(PART)
    return None if part is None else part.read().decode("utf-8", "replace")


def received_text(request: HttpRequest) -> str:
    """What arrived, as text that both databases take: no U+0000, no lone surrogates."""
    body: bytes = getattr(request, "_body", b"")
    return body[: inbox.RAW_BODY_CHARACTERS].decode("utf-8", "replace").replace("\x00", "")
