"""Sample shows, a sample history and sample Plex events, for `make demo`."""

from __future__ import annotations
