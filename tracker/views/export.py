"""A person's own shows and watches as files."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tracker import export
from tracker.views.answers import UserRequest


@login_required
@require_safe
@never_cache
def watches(request: UserRequest) -> StreamingHttpResponse:
    lines = export.as_csv(export.WATCH_COLUMNS, export.watch_rows(request.user))
    return download(lines, name="watches", kind="csv", content_type="text/csv")


@login_required
@require_safe
@never_cache
def shows(request: UserRequest) -> StreamingHttpResponse:
    lines = export.as_csv(export.SHOW_COLUMNS, export.show_rows(request.user))
    return download(lines, name="shows", kind="csv", content_type="text/csv")


@login_required
@require_safe
@never_cache
def everything(request: UserRequest) -> StreamingHttpResponse:
    pieces = export.as_json(request.user, now=timezone.now())
    return download(pieces, name="everything", kind="json", content_type="application/json")


def download(
    pieces: Iterator[str], *, name: str, kind: str, content_type: str
) -> StreamingHttpResponse:
    """A file for the browser to save, with the day in its name."""
    file_name = f"full-tracker-{name}-{timezone.localdate()}.{kind}"
    return StreamingHttpResponse(
        pieces,
        content_type=f"{content_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )
