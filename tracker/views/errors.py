"""The pages for what went wrong; JSON for whoever asked the API."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader

# Gone, locked or full; the last is PostgreSQL that takes no writes.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
RETRY_SECONDS = 5
# How Django words what is no number where the database wants one.
NO_NUMBER = "Field "
# Django's reasons for refusing a form, by how they begin.
OTHER_ADDRESS = ("Origin checking failed", "Referer checking failed")
NO_COOKIE = "CSRF cookie not set"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For a host that is not allowed: which setting lets it in."""
    if not isinstance(exception, DisallowedHost):
        return answer(request, 400, "The request could not be read. Go back and try again.")
    # Not get_host(), which raises this very error.
    host = request.META.get("HTTP_HOST", "")[:200]
    name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    sentence = (
        f"This address is not allowed yet. Add {name} to the setting ALLOWED_HOSTS and start again."
    )
    allowed = ",".join([*settings.ALLOWED_HOSTS, name])
    return answer(request, 400, sentence, template="400_host.html", name=name, allowed=allowed)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403, "You may not do this. Ask an admin of this tracker.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404, "There is nothing at this address.")


def wrong_method(request: HttpRequest) -> HttpResponse:
    """For the address of a form that is opened as a page: after signing in anew, or from the history."""
    sentence = "This address takes a form only. What you last pressed may not have happened: go back and look."
    return answer(request, 405, sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    """For an exception that nobody caught. A database that is away or full is nobody's mistake."""
    if isinstance(sys.exception(), DATABASE_AWAY):
        sentence = "The database does not answer just now. Nothing was changed; try again."
        response = answer(request, 503, sentence)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response
    if is_about_a_value(sys.exception()):
        return answer(request, 400, "A number or a text in this request is out of range.")
    return answer(request, 500, "Something went wrong here. The server's log says what.")


def is_about_a_value(error: BaseException | None) -> bool:
    """Whether the database could not hold something of the request: no form of ours sends such."""
    if isinstance(error, ValueError):
        return str(error).startswith(NO_NUMBER)
    return isinstance(error, DataError | OverflowError)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For a form that was refused: from another address, without the cookie, or too old."""
    sentence = "This page was open for too long. Go back, reload it and try again."
    if reason.startswith(OTHER_ADDRESS):
        sentence = (
            "The tracker doesn't know the address in your browser as its own. Behind a proxy, set "
            "PUBLIC_URL to that address, and TRUSTED_PROXIES to the proxy's; then start again."
        )
    elif reason.startswith(NO_COOKIE) and settings.IS_HTTPS and not request.is_secure():
        sentence = (
            f"Forms work at {settings.PUBLIC_URL} only: cookies are sent over https alone. Where a proxy "
            "brought you here over https, add its address to TRUSTED_PROXIES and start again."
        )
    elif reason.startswith(NO_COOKIE):
        sentence = "Your browser sent no cookie. Allow cookies for this address, reload the page and try again."
    return answer(request, 403, sentence)


def answer(
    request: HttpRequest, status: int, sentence: str, *, template: str = "", **context: str
) -> HttpResponse:
    """Without the request in the template: an error page must need neither session nor database."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": sentence}, status=status)
    page = loader.get_template(template or f"{status}.html")
    return HttpResponse(
        page.render({"sentence": sentence, "status": status, **context}), status=status
    )
