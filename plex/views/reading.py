"""How the reading of a Plex server goes, for the settings page: history, library, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from plex.connection import TokenState, read_soon
from plex.history import missing, reading, scan
from plex.history.missing import Comparison
from plex.history.reading import Cursor
from plex.models import Job, PlexConfig
from tracker.views.answers import UserRequest, counted


@dataclass(frozen=True, kw_only=True)
class Run:
    """The last run of one of the jobs that read a server; `error` is one sentence, "" for none."""

    at: datetime | None = None
    error: str = ""
    until: datetime | None = None

    @property
    def is_ok(self) -> bool:
        return self.at is not None and not self.error

    @staticmethod
    def of(job: Job | None) -> Run:
        if job is None:
            return Run()
        until = Cursor.read(job.cursor).until
        return Run(
            at=job.last_run_at,
            error=told(job.last_error),
            until=datetime.fromtimestamp(until, tz=UTC) if until else None,
        )


@dataclass(frozen=True, kw_only=True)
class ServerReading:
    """`can_read`: there is a token and an address. `lacks` names the step that gives the other one."""

    can_read: bool
    lacks: str
    history: Run
    scan: Run | None
    missing: Comparison


def server_reading(config: PlexConfig, *, token: TokenState) -> ServerReading:
    jobs = jobs_of(config)
    has_token = token == "set"  # noqa: S105 - a state
    return ServerReading(
        can_read=has_token and bool(config.plex_server_url) and config.enabled,
        lacks="server" if has_token else "token",
        history=Run.of(jobs.get(reading.job_name(config.pk))),
        scan=Run.of(jobs.get(scan.job_name(config.pk))) if config.scan_watched else None,
        missing=missing.last_comparison(config, jobs.get(missing.job_name(config.pk))),
    )


def jobs_of(config: PlexConfig) -> dict[str, Job]:
    names = [work.job_name(config.pk) for work in (reading, scan, missing)]
    return {job.name: job for job in Job.objects.filter(name__in=names)}


def missing_count(user_id: int) -> int:
    """How many plays the last comparison found missing for this person's connection."""
    job = Job.objects.filter(name=missing.job_name(user_id)).first()
    config = PlexConfig.objects.filter(pk=user_id).first() if job else None
    return missing.last_comparison(config, job).total if config else 0


def told(error: str) -> str:
    """A job's error for people; of an error of our own only its name is kept."""
    if error and " " not in error:
        return "The tracker met an error of its own; its log has the details."
    return error


@login_required
@require_POST
def read_now(request: UserRequest) -> HttpResponse:
    """Let the worker read the server at once."""
    config = get_object_or_404(PlexConfig, user=request.user)
    read_soon(config)
    messages.success(request, "The server is read in a moment: what it tells appears here.")
    return back_to_history()


@login_required
@require_POST
def bring_in(request: UserRequest) -> HttpResponse:
    """Let the worker bring in the plays that are missing."""
    config = get_object_or_404(PlexConfig, user=request.user)
    wanted = counted(missing_count(config.pk), "play")
    if not missing.bring_in(config):
        messages.info(request, "Nothing is missing any more.")
    elif config.token_refused_at is not None:
        messages.warning(request, f"Sign in to Plex again: then {wanted} will be brought in.")
    else:
        messages.success(request, f"{wanted} will be brought in within a minute.")
    return back_to_history()


def back_to_history() -> HttpResponse:
    return redirect(reverse("plex:settings") + "#history")
