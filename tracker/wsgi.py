"""The application for a web server: `gunicorn -c python:tracker.server tracker.wsgi`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from tracker.postgresql import WEB_SECONDS, patience

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

CHARSET = re.compile(r"\s*charset\*?\s*=\s*(.*)", re.IGNORECASE | re.DOTALL)
# Those in which an address reads the same as in UTF-8.
KNOWN_CHARSETS = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"}

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")


def with_known_charsets(application: WSGI) -> WSGI:
    """Leave away a charset that nobody uses, so that the request is read as UTF-8.

    Django decodes even the address by it, before anything could answer for an error; and Python's
    codecs include some that are not for text at all.
    """

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "charset" in (given := environ.get("CONTENT_TYPE", "")).lower():
            environ["CONTENT_TYPE"] = ";".join(filter(is_known, given.split(";")))
        return application(environ, start_response)

    return serve


def is_known(parameter: str) -> bool:
    """False for a parameter of a content type that names a charset of the others."""
    charset = CHARSET.fullmatch(parameter)
    return charset is None or charset[1].strip(" \"'").lower() in KNOWN_CHARSETS


patience.seconds = WEB_SECONDS
application = with_known_charsets(get_wsgi_application())
