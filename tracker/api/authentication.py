"""Who calls: an API token in the Authorization header, or the session of a signed-in browser."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from tracker.models import ApiToken
from tracker.models.site import hash_secret

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.request import Request

KEYWORD = "token"
# Often enough to see which tokens are in use, seldom enough that reading does not write each time.
LAST_USED_STEP = timedelta(hours=1)


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Token …`; only the hash of a token is known here."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = request.headers.get("Authorization", "").split()
        if not words or words[0].lower() != KEYWORD:
            return None
        if len(words) != 2:  # noqa: PLR2004 - the word "Token" and the token
            raise AuthenticationFailed('Send the token as "Authorization: Token <your token>".')
        token = (
            ApiToken.objects.select_related("user")
            .filter(token_sha256=hash_secret(words[1]))
            .first()
        )
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(
                "This API token is not valid. Make a new one on the account page."
            )
        note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Makes a call without credentials a 401, not a 403."""
        return "Token"


def note_use(token: ApiToken) -> None:
    """Bring `last_used_at` up to date, at most once an hour."""
    now = timezone.now()
    stale = now - LAST_USED_STEP
    if token.last_used_at and token.last_used_at > stale:
        return
    ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=stale), pk=token.pk).update(
        last_used_at=now
    )


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the header in the OpenAPI schema."""

    target_class = ApiTokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": 'The word "Token", a space and your API token.',
        }
