"""What the Plex page has to say about each step: done, or what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from plex.circuit import Outage
from plex.connection import TokenState
from plex.models import Job, PlexConfig, PlexWebhookLog
from plex.monitoring.health import WORKER_SILENT
from plex.views.accounts import AccountRow
from plex.views.reading import Run, ServerReading

UNDECIDED_HINT = "Say whose plays the accounts below are; until then their plays are held."
UNSEEN_HINT = "Say whose plays count; accounts also appear below by themselves as they play."
CATCH_UP_HINT = "Sign in and choose your server: then nothing is lost while the tracker is off."
NO_WEBHOOKS_HINT = (
    "Sign in and choose your server: its history brings your plays, without Plex Pass."
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A line of the checklist. `at`: when it was last seen to be so."""

    done: bool
    title: str
    hint: str
    anchor: str
    optional: bool = False
    at: datetime | None = None


def checklist(
    config: PlexConfig,
    *,
    token: TokenState,
    accounts: Sequence[AccountRow],
    tmdb: str,
    outage: Outage | None,
    has_event: bool,
    reading: ServerReading,
) -> list[Step]:
    """The steps in their order. `tmdb` is the key's state, `outage` what is wrong with TMDB now."""
    needs_server = works_without_webhooks(config, has_event=has_event)
    webhook = [] if needs_server else webhook_steps(config, has_event=has_event)
    return [
        token_step(config, token, is_needed=needs_server),
        server_step(config, is_needed=needs_server),
        *webhook,
        *reading_steps(reading, is_needed=needs_server),
        accounts_step(accounts),
        tmdb_step(tmdb, outage),
        worker_step(),
    ]


def tmdb_step(key: str, outage: Outage | None) -> Step:
    has_key = key in {"environment", "set"}
    hint = "Enter a TMDB key, so that unknown shows are found and added."
    if has_key and outage is not None:
        again = " It is tried again by itself." if outage.has_key else ""
        hint = f"{outage.sentence}{again}"
    return Step(
        done=has_key and outage is None, title="TMDB can be asked", hint=hint, anchor="tmdb"
    )


def works_without_webhooks(config: PlexConfig, *, has_event: bool) -> bool:
    """Whether the account has no webhooks: then the server's history brings the plays."""
    return config.has_plex_pass is False and not has_event


def token_step(config: PlexConfig, token: TokenState, *, is_needed: bool) -> Step:
    hints = {
        "not_set": "Sign in with Plex, and the next steps are a button each.",
        "unreadable": "The stored token can't be read any more: sign in again.",
        "set": "Plex refuses the token: sign in again. Webhooks go on working meanwhile.",
    }
    is_set, is_missing = token == "set", token == "not_set"  # noqa: S105 - states
    return Step(
        done=is_set and config.token_refused_at is None,
        title="Signed in to Plex",
        hint=hints[token],
        anchor="token",
        optional=is_missing and not is_needed,
    )


def server_step(config: PlexConfig, *, is_needed: bool) -> Step:
    name = config.plex_server_name
    return Step(
        done=bool(config.plex_server_url),
        title=f"The server is {name}" if name else "The server is known",
        hint="Choose your Plex server, so that it can be asked about its shows.",
        anchor="server",
        optional=not is_needed,
    )


def webhook_steps(config: PlexConfig, *, has_event: bool) -> list[Step]:
    return [
        Step(
            done=has_event or config.webhook_registered_at is not None,
            title="Plex knows the webhook address",
            hint="Register the address with Plex, or copy it into Plex by hand.",
            anchor="address",
        ),
        Step(
            done=has_event,
            title="Events arrive",
            hint="Play anything on Plex for a moment, and watch it arrive.",
            anchor="arrive",
            at=config.last_webhook_received,
        ),
    ]


def reading_steps(reading: ServerReading, *, is_needed: bool) -> list[Step]:
    """The catch-up, which needs token and server; and the scan where it is switched on."""
    title = "Plays are read every ten minutes" if is_needed else "Missed plays are caught up"
    if not reading.can_read:
        hint = NO_WEBHOOKS_HINT if is_needed else CATCH_UP_HINT
        return [
            Step(done=False, title=title, hint=hint, anchor=reading.lacks, optional=not is_needed)
        ]
    steps = [run_step(title, reading.history)]
    if reading.scan is not None:
        steps.append(run_step("Marks made in Plex are found", reading.scan))
    if count := reading.missing.total:
        hint = "See which these are and bring them in."
        title = "1 play is missing" if count == 1 else f"{count} plays are missing"
        steps.append(Step(done=False, title=title, hint=hint, anchor="history"))
    return steps


def run_step(title: str, run: Run) -> Step:
    return Step(
        done=run.is_ok,
        title=title,
        hint=run.error or "The worker reads your server in a moment.",
        anchor="history",
        at=run.at,
    )


def accounts_step(accounts: Sequence[AccountRow]) -> Step:
    undecided = any(not row.is_decided for row in accounts)
    return Step(
        done=bool(accounts) and not undecided,
        title="Every account has its person",
        hint=UNDECIDED_HINT if accounts else UNSEEN_HINT,
        anchor="accounts",
    )


def worker_step() -> Step:
    beat = Job.objects.last_heartbeat()
    return Step(
        done=beat is not None and timezone.now() - beat <= WORKER_SILENT,
        title="The worker runs",
        hint="Events are stored and wait: start the tracker with make run, or its worker.",
        anchor="arrive",
    )


def has_arrived(config: PlexConfig, last_event: PlexWebhookLog | None) -> bool:
    """Whether Plex itself posted to the present address: tests and what was read don't count."""
    if last_event is None:
        return False
    posted = PlexWebhookLog.objects.filter(config=config, source=PlexWebhookLog.Source.WEBHOOK)
    since = config.webhook_removed_at
    if since and config.previous_secret_until and config.webhook_registered_at is None:
        # What came until then may have come to the address before this one.
        since = max(since, config.previous_secret_until)
    if last_event.source == PlexWebhookLog.Source.WEBHOOK:
        return since is None or last_event.created_at > since
    return (posted if since is None else posted.filter(created_at__gt=since)).exists()
