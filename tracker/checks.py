"""System checks: each wrong setting is named with what to do about it."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from tracker.encryption import DecryptionError, load_keys
from tracker.environment import env, env_list
from tracker.logs import FORMATTERS
from tracker.proxies import parse_networks

ADDRESSES = ("PUBLIC_URL", "TMDB_API_URL", "PLEX_TV_URL", "PLEX_METADATA_URL")
CACHE_SCHEMES = {"redis", "rediss", "unix"}
RATE = re.compile(r"[1-9]\d*/\d*[smhd]")
SWITCH_WORDS = {"", "1", "0", "true", "false", "yes", "no", "on", "off"}
PORTS = range(1, 65536)


def check_settings(app_configs: object = None, **kwargs: Any) -> Sequence[CheckMessage]:
    """Everything that is wrong with this installation's settings."""
    return [
        *check_addresses(),
        *check_hosts(),
        *check_proxies(),
        *check_cache(),
        *check_numbers(),
        *check_words(),
        *check_keys(),
        *check_data_folder(),
    ]


def check_addresses() -> Iterator[CheckMessage]:
    for name in ADDRESSES:
        value = getattr(settings, name)
        if value and not is_address(value):
            yield Error(
                f"{name} is {value!r}, which is not a web address.",
                hint="Write it with its scheme and without a query, as in https://tv.example.org.",
                id="tracker.E001",
            )
    if is_address(settings.PUBLIC_URL) and urlsplit(settings.PUBLIC_URL).path:
        yield Error(
            "PUBLIC_URL has a path, but Full Tracker is served from the top of its host.",
            hint="Give it a host or a port of its own, as in https://tv.example.org.",
            id="tracker.E002",
        )


def is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and parts.scheme in {"http", "https"} and not (parts.query or parts.fragment)


def check_hosts() -> Iterator[CheckMessage]:
    for host in env_list("ALLOWED_HOSTS"):
        if "/" in host or re.search(r"[^\]]:\d+$", host):
            yield Error(
                f"ALLOWED_HOSTS holds {host!r}, which is not a plain name or address.",
                hint="Leave scheme, port and path away: ALLOWED_HOSTS=tv.example.org,192.168.1.5",
                id="tracker.E003",
            )


def check_proxies() -> Iterator[CheckMessage]:
    for value in settings.TRUSTED_PROXIES:
        if not parse_networks([value]):
            yield Error(
                f"TRUSTED_PROXIES holds {value!r}, which is not an address or a network.",
                hint="Write addresses, not names: TRUSTED_PROXIES=127.0.0.1,172.18.0.0/16",
                id="tracker.E004",
            )


def check_cache() -> Iterator[CheckMessage]:
    url = env("CACHE_URL")
    if url and urlsplit(url).scheme not in CACHE_SCHEMES:
        yield Error(
            "CACHE_URL does not name a Redis server.",
            hint="Write it as in redis://127.0.0.1:6379/0, or remove it.",
            id="tracker.E005",
        )
    if url and importlib.util.find_spec("redis") is None:
        yield Error(
            "CACHE_URL is set, but Python's redis package is missing.",
            hint="Install it as locked in .ci/requirements.txt.",
            id="tracker.E006",
        )
    processes = env("WEB_CONCURRENCY")
    if processes.isdecimal() and int(processes) > 1 and not url:
        yield CheckWarning(
            "WEB_CONCURRENCY asks for several web processes, but they share no cache; one is started.",
            hint="Set CACHE_URL to a Redis server, so that they count the webhook's limit together.",
            id="tracker.W007",
        )


def check_numbers() -> Iterator[CheckMessage]:
    if not settings.PORT.isdecimal() or int(settings.PORT) not in PORTS:
        yield Error(
            f"PORT is {settings.PORT!r}.",
            hint="Choose a number from 1 to 65535.",
            id="tracker.E008",
        )
    if not RATE.fullmatch(settings.PLEX_WEBHOOK_RATE):
        yield Error(
            f"PLEX_WEBHOOK_RATE is {settings.PLEX_WEBHOOK_RATE!r}, which is not a rate.",
            hint="Write how many in which time: 100/m. The times are s, m, h and d.",
            id="tracker.E009",
        )
    processes = env("WEB_CONCURRENCY")
    if processes and not (processes.isdecimal() and int(processes)):
        yield Error(
            f"WEB_CONCURRENCY is {processes!r}.",
            hint="Write the number of web processes, or remove it for one.",
            id="tracker.E010",
        )


def check_words() -> Iterator[CheckMessage]:
    if env("DEBUG").lower() not in SWITCH_WORDS:
        yield Error(f"DEBUG is {env('DEBUG')!r}.", hint="Write 1 or 0.", id="tracker.E011")
    if settings.DEBUG:
        yield CheckWarning(
            "DEBUG is on: error pages show code and settings to everybody.",
            hint="Remove DEBUG unless you develop Full Tracker.",
            id="tracker.W012",
        )
    if settings.LOG_LEVEL not in settings.LOG_LEVELS:
        yield Error(
            f"LOG_LEVEL is {settings.LOG_LEVEL!r}.",
            hint="Choose one of DEBUG, INFO, WARNING, ERROR.",
            id="tracker.E013",
        )
    if settings.LOG_FORMAT not in FORMATTERS:
        yield Error(
            f"LOG_FORMAT is {settings.LOG_FORMAT!r}.",
            hint="Write text for lines that people read, or json for a log collector.",
            id="tracker.E017",
        )


def check_keys() -> Iterator[CheckMessage]:
    if not has_secret_key():
        yield Error(
            "There is no secret key.",
            hint="Run `python manage.py prepare`, which makes one, or set SECRET_KEY.",
            id="tracker.E014",
        )
    try:
        load_keys()
    except DecryptionError as error:
        yield Error("The encryption key can't be used.", hint=str(error), id="tracker.E015")
    except OSError as error:
        yield Error(
            f"The encryption key can't be read ({error.strerror}).",
            hint=f"Let the user that runs Full Tracker read {settings.ENCRYPTION_KEY_PATH}.",
            id="tracker.E015",
        )


def has_secret_key() -> bool:
    """True as well when `prepare` made the file after this process read its settings."""
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return (settings.DATA_DIR / "secret_key").is_file()


def check_data_folder() -> Iterator[CheckMessage]:
    folder = settings.DATA_DIR
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        yield Error(
            f"The data folder {folder} can't be written.",
            hint="Give the user that runs Full Tracker write access, or name another folder in DATA_DIR.",
            id="tracker.E016",
        )
