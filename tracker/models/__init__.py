"""The catalogue (shows, seasons, episodes) and what each user does with it."""

from __future__ import annotations

from tracker.models.catalogue import Episode, Season, ShowTitle, TVShow
from tracker.models.orders import EpisodeOrder, OrderedEpisode
from tracker.models.site import ApiToken, Profile, SiteSettings
from tracker.models.tracking import TrackedShow, Watch

__all__ = [
    "ApiToken",
    "Episode",
    "EpisodeOrder",
    "OrderedEpisode",
    "Profile",
    "Season",
    "ShowTitle",
    "SiteSettings",
    "TVShow",
    "TrackedShow",
    "Watch",
]
