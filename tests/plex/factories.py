"""Rows and messages of the Plex side."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import datetime
from itertools import count
from typing import Any

import factory
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from plex import connection
from plex.models import (
    PlexAccount,
    PlexConfig,
    PlexConflict,
    PlexShowMapping,
    PlexWebhookLog,
    Status,
)
from tests.factories import UserFactory
from tracker.encryption import reveal
from tracker.models import Episode

SERVER = "3f1c9a7e5b2d48608c1e7f90ab34cd56ef781234"
OWNER_ACCOUNT = 1
rating_keys = count(90_001)


class PlexConfigFactory(DjangoModelFactory[PlexConfig]):
    class Meta:
        model = PlexConfig

    user = factory.SubFactory(UserFactory)


def make_config(user: User, **fields: Any) -> tuple[PlexConfig, str]:
    """A connection with its secret, as the settings page makes it."""
    config = connection.connect(user)
    for name, value in fields.items():
        setattr(config, name, value)
    config.save()
    return config, reveal(config, "webhook_secret")


class PlexAccountFactory(DjangoModelFactory[PlexAccount]):
    class Meta:
        model = PlexAccount

    server_uuid = SERVER
    server_title = "Attic"
    account_id = factory.Sequence(lambda n: str(1000 + n))
    account_title = factory.Sequence("person{}".format)
    account_key = factory.SelfAttribute("account_id")


class PlexShowMappingFactory(DjangoModelFactory[PlexShowMapping]):
    class Meta:
        model = PlexShowMapping

    identity = factory.Sequence("plex://show/{:024x}".format)
    server_uuid = SERVER
    plex_rating_key = factory.LazyFunction(lambda: str(next(rating_keys)))
    plex_guid = factory.SelfAttribute("identity")
    plex_title = factory.Sequence("Plex show {}".format)


class PlexConflictFactory(DjangoModelFactory[PlexConflict]):
    class Meta:
        model = PlexConflict

    mapping = factory.SubFactory(PlexShowMappingFactory)
    plex_title = factory.SelfAttribute("mapping.plex_title")
    conflict_type = PlexConflict.Type.NO_MATCH


class PlexWebhookLogFactory(DjangoModelFactory[PlexWebhookLog]):
    class Meta:
        model = PlexWebhookLog

    config = factory.SubFactory(PlexConfigFactory)
    event_type = "media.scrobble"
    status = Status.SUCCESS
    created_at = factory.LazyFunction(timezone.now)


def scrobble(
    show_title: str = "Severance",
    season_number: int | None = 1,
    episode_number: int | None = 1,
    *,
    viewed_at: datetime | None = None,
    account_id: int | str = OWNER_ACCOUNT,
    account_title: str = "mira",
    is_user: bool = True,
    ids: tuple[str, ...] = (),
    server: str = SERVER,
    **metadata: Any,
) -> dict[str, Any]:
    """A finished episode as Plex's newer agent sends it; the ids are the episode's."""
    slug = show_title.casefold().replace(" ", "")
    show_hex = hashlib.sha256(slug.encode()).hexdigest()[:24]
    return {
        "event": "media.scrobble",
        "user": is_user,
        "owner": True,
        "Account": {"id": account_id, "title": account_title},
        "Server": {"title": "Attic", "uuid": server},
        "Player": {"local": True, "publicAddress": "203.0.113.24", "title": "TV", "uuid": "h1tt"},
        "Metadata": {
            "librarySectionType": "show",
            "librarySectionTitle": "TV Shows",
            "ratingKey": f"{int(show_hex[:6], 16)}{season_number}{episode_number}",
            "parentRatingKey": f"{int(show_hex[:6], 16)}{season_number}",
            "grandparentRatingKey": f"{int(show_hex[:6], 16)}",
            "guid": f"plex://episode/{show_hex[:16]}{season_number or 0:04x}{episode_number or 0:04x}",
            "grandparentGuid": f"plex://show/{show_hex}",
            "type": "episode",
            "title": f"Story {season_number}-{episode_number}",
            "grandparentTitle": show_title,
            "parentIndex": season_number,
            "index": episode_number,
            "viewCount": 1,
            **({"lastViewedAt": int(viewed_at.timestamp())} if viewed_at else {}),
            **({"Guid": [{"id": value} for value in ids]} if ids else {}),
            **metadata,
        },
    }


def of_episode(episode: Episode, **changes: Any) -> dict[str, Any]:
    """The message for an episode of ours, with the date that it aired on."""
    changes.setdefault(
        "originallyAvailableAt", episode.air_date.isoformat() if episode.air_date else None
    )
    return scrobble(
        episode.season.show.title,
        episode.season.season_number,
        episode.episode_number,
        title=episode.name,
        **changes,
    )


def form(payload: dict[str, Any] | str) -> dict[str, Any]:
    """The multipart form that Plex posts: the message, and a picture beside it."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    picture = SimpleUploadedFile("thumb.jpg", b"\xff\xd8\xff\xe0 not a real picture", "image/jpeg")
    return {"payload": text, "thumb": picture}


def changed(payload: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A copy with some fields of its Metadata set, or dropped where they are None."""
    copied = copy.deepcopy(payload)
    copied["Metadata"].update(metadata)
    copied["Metadata"] = {
        key: value for key, value in copied["Metadata"].items() if value is not None
    }
    return copied
