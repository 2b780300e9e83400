"""The settings of the bare view: the same server, middleware and database, another address."""

from __future__ import annotations

from tracker.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.bare"
