"""What happens to an event: parse -> gather -> decide -> apply."""

from __future__ import annotations

from plex.processing.drain import Lane, process_due, process_rows

__all__ = ["Lane", "process_due", "process_rows"]
