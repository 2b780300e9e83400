"""Every error of the API reads `{"detail": "<one sentence>"}`.

What a field can be blamed for stands in `errors` as well, by field.
"""

from __future__ import annotations

import math
from typing import Any

from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from tracker.encryption import DecryptionError
from tracker.tmdb import TmdbError, TmdbKeyMissingError


class Conflicting(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        # The name under which the framework looks for the Retry-After header.
        self.wait = math.ceil(retry_after) if retry_after else None


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception; None, a 500, only for what nobody foresaw."""
    response = exception_handler(translate(exc), context)
    if response is not None:
        response.data = uniform(response.data)
    return response


def translate(exc: Exception) -> Exception:
    """The HTTP meaning of the errors that the domain and the database raise."""
    found: Exception = exc
    match exc:
        case TmdbKeyMissingError():
            found = Conflicting(str(exc))
        case TmdbError(permanent=True):
            # TMDB has not what was asked for: the id in the request is wrong.
            found = exceptions.ValidationError(str(exc))
        case TmdbError():
            found = Unavailable(str(exc), retry_after=exc.retry_after)
        case DecryptionError():
            found = Unavailable(str(exc))
        case OperationalError() | InterfaceError() | InternalError():
            found = Unavailable("The database does not answer just now. Try again.", retry_after=5)
        case DataError() | OverflowError():
            found = exceptions.ValidationError(
                "A number or a text in this request is out of range."
            )
        case RecursionError():
            found = exceptions.ParseError("The JSON of this request is nested too deeply.")
    return found


def uniform(data: Any) -> dict[str, Any]:
    """The framework's error in our form: always a `detail` of one text."""
    if isinstance(data, dict) and set(data) == {"detail"}:
        return {"detail": first_sentence(data["detail"])}
    if isinstance(data, dict):
        return {"detail": first_sentence(data), "errors": data}
    return {"detail": first_sentence(data)}


def first_sentence(data: Any) -> str:
    """The first message inside nested errors, with the field that it is about in front."""
    if isinstance(data, dict):
        for field, errors in data.items():
            sentence = first_sentence(errors)
            return sentence if field == "non_field_errors" else f"{field}: {sentence}"
    if isinstance(data, list) and data:
        return first_sentence(data[0])
    return str(data)


def not_found(request: HttpRequest, **_kwargs: object) -> JsonResponse:
    """The answer under /api/ where no address fits."""
    return JsonResponse(
        {"detail": f"There is no call {request.path}. The calls are listed at /api/docs."},
        status=404,
    )
