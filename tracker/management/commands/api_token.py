"""`manage.py api_token USER`: make a key to the HTTP API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracker.models import ApiToken


class Command(BaseCommand):
    help = (
        "Make a token for the HTTP API and print it. Only its hash is kept: it is shown this once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="whose token it is: the name they sign in with")
        parser.add_argument(
            "--name", default="", help="what it is for, shown in the list of tokens"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']}.")
        if not user.is_active:
            raise CommandError(
                f"{user.username} can't sign in at present, so a token would not work."
            )
        _, text = ApiToken.make(user=user, name=options["name"][:100])
        self.stdout.write(text)
