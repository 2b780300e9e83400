"""What the Plex page has to say about each step: done, or what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max
from django.utils import timezone

from plex.connection import TokenState
from plex.health import WORKER_SILENT
from plex.models import Job, PlexConfig, PlexWebhookLog
from plex.views.accounts import AccountRow

UNDECIDED_HINT = "Say whose plays the accounts below are; until then their plays are held."
UNSEEN_HINT = "Say whose plays count; accounts also appear below by themselves as they play."


@dataclass(frozen=True, kw_only=True)
class Step:
    """A line of the checklist."""

    done: bool
    title: str
    hint: str
    anchor: str
    optional: bool = False


def checklist(
    config: PlexConfig,
    *,
    token: TokenState,
    accounts: Sequence[AccountRow],
    tmdb: str,
    last_event: PlexWebhookLog | None,
) -> list[Step]:
    has_event = has_arrived(config, last_event)
    undecided = any(not row.is_decided for row in accounts)
    return [
        token_step(config, token),
        Step(
            done=bool(config.plex_server_url),
            title=f"The server is {config.plex_server_name}"
            if config.plex_server_name
            else "The server is known",
            hint="Choose your Plex server, so that it can be asked about its shows.",
            anchor="server",
            optional=True,
        ),
        Step(
            done=has_event or config.webhook_registered_at is not None,
            title="Plex knows the webhook address",
            hint="Register the address with Plex, or copy it into Plex by hand.",
            anchor="address",
        ),
        Step(
            done=bool(accounts) and not undecided,
            title="Every account has its person",
            hint=UNDECIDED_HINT if accounts else UNSEEN_HINT,
            anchor="accounts",
        ),
        Step(
            done=has_event,
            title="Events arrive",
            hint="Play anything on Plex for a moment, and watch it arrive.",
            anchor="arrive",
        ),
        Step(
            done=tmdb in {"environment", "set"},
            title="TMDB can be asked",
            hint="Enter a TMDB key, so that unknown shows are found and added.",
            anchor="tmdb",
        ),
        worker_step(),
    ]


def token_step(config: PlexConfig, token: TokenState) -> Step:
    hints = {
        "not_set": "Sign in with Plex, and the next steps are a button each.",
        "unreadable": "The stored token can't be read any more: sign in again.",
        "set": "Plex refuses the token: sign in again.",
    }
    is_set, is_missing = token == "set", token == "not_set"  # noqa: S105 - states
    return Step(
        done=is_set and config.token_refused_at is None,
        title="Signed in to Plex",
        hint=hints[token],
        anchor="token",
        optional=is_missing,
    )


def worker_step() -> Step:
    beat = Job.objects.filter(name__startswith="worker:").aggregate(at=Max("last_run_at"))["at"]
    return Step(
        done=beat is not None and timezone.now() - beat <= WORKER_SILENT,
        title="The worker runs",
        hint="Events are stored and wait: start the tracker with make run, or its worker.",
        anchor="arrive",
    )


def has_arrived(config: PlexConfig, last_event: PlexWebhookLog | None) -> bool:
    """Whether Plex itself ever posted: tests and what was read from its history don't count."""
    posted = PlexWebhookLog.Source.WEBHOOK
    if last_event is None or last_event.source == posted:
        return last_event is not None
    return PlexWebhookLog.objects.filter(config=config, source=posted).exists()
