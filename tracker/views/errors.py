"""The pages for what went wrong; JSON for whoever asked the API."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader


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


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(request, 500, "Something went wrong here. The server's log says what.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(
        request, 403, "This page was open for too long. Go back, reload it and try again."
    )


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
