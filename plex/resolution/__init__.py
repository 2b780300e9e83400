"""A person decides which show or episode it is. Page, API and admin call these functions.

Each takes the lock of the Plex show's mapping, as processing does: no event is ever attached to a
conflict that is being resolved. The events that waited are replayed before the call returns.
"""

from __future__ import annotations

from plex.resolution.accounts import assign_account, replay_account
from plex.resolution.answers import ChangedMeanwhileError, ResolutionError, Resolved
from plex.resolution.conflicts import resolve_conflict
from plex.resolution.corrections import correct_mapping, look_at_correction, strays
from plex.resolution.episodes import correct_episode, look_at_episode
from plex.resolution.ignoring import ignore_show, stop_ignoring
from plex.resolution.shows import confirm_mapping, resume_sync, settle_show, stop_sync
from plex.resolution.undoing import can_undo, undo_correction

__all__ = [
    "ChangedMeanwhileError",
    "ResolutionError",
    "Resolved",
    "assign_account",
    "can_undo",
    "confirm_mapping",
    "correct_episode",
    "correct_mapping",
    "ignore_show",
    "look_at_correction",
    "look_at_episode",
    "replay_account",
    "resolve_conflict",
    "resume_sync",
    "settle_show",
    "stop_ignoring",
    "stop_sync",
    "strays",
    "undo_correction",
]
