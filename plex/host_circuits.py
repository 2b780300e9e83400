"""The circuits of Plex's hosts: one for each server's address, the account service, the catalogue.

Whatever works by itself names one to the client; what a person asks for by a button is not stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils import timezone

from plex import circuit
from plex.circuit import Circuit, Outage
from plex.imports.progress import WORKER
from plex.models import Job, PlexConfig, PlexImport

ACCOUNT_SERVICE, CATALOGUE = f"{circuit.PREFIX}plex.tv", f"{circuit.PREFIX}plex-catalogue"
SERVER = f"{circuit.PREFIX}server:"
LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Away:
    """What a page says: which host is left alone, and its outage."""

    is_server: bool
    outage: Outage


class HostCircuit(Circuit):
    """The circuit of one of Plex's hosts."""

    def wake(self, *, now: datetime) -> None:
        """Have the jobs that met the trouble read again at once."""
        users = [pk for pk, names in names_by_connection().items() if self.name in names]
        wake_jobs(users)
        wake_imports(users)


def of_server(url: str) -> HostCircuit:
    """The circuit of the server at an address, whoever uses it."""
    return HostCircuit(server_name(url))


def of_account_service() -> HostCircuit:
    return HostCircuit(ACCOUNT_SERVICE)


def of_catalogue() -> HostCircuit:
    return HostCircuit(CATALOGUE)


def server_name(url: str) -> str:
    """The name of the circuit for a server's address: its scheme, host and port, no more of it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    name = f"{SERVER}{parts.scheme.lower()}://{host}"
    if len(name) <= LONGEST_NAME:
        return name
    return SERVER + hashlib.sha256(name.encode()).hexdigest()


def names_by_connection() -> dict[int, set[str]]:
    """The circuits that concern each connection, by user."""
    configs = PlexConfig.objects.with_token()
    return {
        pk: {ACCOUNT_SERVICE, *([server_name(url)] if url else [])}
        for pk, url in configs.values_list("pk", "plex_server_url")
    }


def wake_jobs(users: Iterable[int]) -> None:
    """Let what failed for these connections run again now."""
    mine = Q(pk__in=[])
    for pk in users:
        mine |= Q(name__endswith=f":{pk}")
    failed = Job.objects.filter(mine).exclude(last_error="")
    failed.exclude(name__startswith=circuit.PREFIX).update(last_run_at=None)


def wake_imports(users: Iterable[int]) -> None:
    """Let the imports of these connections that wait after trouble go on now."""
    waiting = PlexImport.objects.for_worker().filter(config__in=users).exclude(error="")
    for task in waiting.only("lease_until", "cursor"):
        if WORKER not in task.cursor:
            same = PlexImport.objects.filter(pk=task.pk, lease_until=task.lease_until)
            same.update(lease_until=None)


def let_through(config: PlexConfig) -> None:
    """Somebody pressed a button: the next call of the worker is tried, however bad things were."""
    names = {ACCOUNT_SERVICE, CATALOGUE, server_name(config.plex_server_url)}
    Job.objects.filter(name__in=names, lease_until__isnull=False).update(lease_until=timezone.now())


def forget_unused() -> None:
    """Drop the circuits of addresses that no connection has any more."""
    used = {name for names in names_by_connection().values() for name in names}
    Job.objects.filter(name__startswith=SERVER).exclude(name__in=used).delete()


def away(config: PlexConfig) -> list[Away]:
    """Which of Plex's hosts are left alone now, as far as this connection needs them."""
    found = []
    for name in sorted({ACCOUNT_SERVICE, server_name(config.plex_server_url)}):
        outage = circuit.current(name)
        if outage is not None:
            found.append(Away(is_server=name != ACCOUNT_SERVICE, outage=outage))
    return found
