#!/usr/bin/env python
"""Django's command line: `python manage.py help` lists the commands."""

from __future__ import annotations

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 - reads the settings
    except (ImproperlyConfigured, OSError, ValueError) as error:
        sys.exit(f"A setting is wrong: {error}. All are described in docs/configuration.md.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
