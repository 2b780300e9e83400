"""The JSON of the tracker."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from tracker.forms import FIRST_YEAR
from tracker.models import Episode, Season, TrackedShow, TVShow, Watch
from tracker.tmdb_parsing import LARGEST_INTEGER


class ID(serializers.IntegerField):
    """An id in a request, small enough for every database."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_INTEGER, **kwargs)


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong."""

    detail = serializers.CharField(help_text="One sentence: what is wrong and what to do.")
    errors = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="The same by field."
    )


class ShowReferenceSerializer(serializers.ModelSerializer[TVShow]):
    """A show, named."""

    year = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = TVShow
        fields = ["id", "title", "year", "tmdb_id"]
        read_only_fields = fields


class ProgressSerializer(serializers.Serializer[Any]):
    """How many episodes; specials count for nothing."""

    watched = serializers.IntegerField()
    aired = serializers.IntegerField()
    total = serializers.IntegerField()


class TrackingSerializer(serializers.ModelSerializer[TrackedShow]):
    """What you keep about a show."""

    class Meta:
        model = TrackedShow
        fields = ["status", "rating", "notes", "started_on", "finished_on"]
        read_only_fields = fields


class ShowSerializer(serializers.ModelSerializer[TVShow]):
    year = serializers.IntegerField(read_only=True, allow_null=True)
    genres = serializers.ListField(child=serializers.CharField(), read_only=True)
    origin_countries = serializers.ListField(child=serializers.CharField(), read_only=True)
    creators = serializers.ListField(child=serializers.CharField(), read_only=True)
    tracking = TrackingSerializer(read_only=True)
    progress = ProgressSerializer(read_only=True)
    last_watched_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = TVShow
        fields = [
            "id",
            "tmdb_id",
            "tvdb_id",
            "imdb_id",
            "title",
            "original_title",
            "year",
            "first_air_date",
            "last_air_date",
            "production_status",
            "network",
            "genres",
            "origin_countries",
            "creators",
            "overview",
            "poster_path",
            "backdrop_path",
            "tracking",
            "progress",
            "last_watched_at",
        ]
        read_only_fields = fields


class EpisodeSerializer(serializers.ModelSerializer[Episode]):
    watched_at = serializers.SerializerMethodField()
    play_count = serializers.SerializerMethodField()

    class Meta:
        model = Episode
        fields = [
            "id",
            "episode_number",
            "name",
            "air_date",
            "runtime",
            "tmdb_id",
            "watched_at",
            "play_count",
        ]
        read_only_fields = fields

    def get_watched_at(self, episode: Episode) -> datetime | None:
        plays = own_plays(episode)
        return plays[0].watched_at if plays else None

    def get_play_count(self, episode: Episode) -> int:
        return len(own_plays(episode))


def own_plays(episode: Episode) -> list[Watch]:
    """The caller's standing plays, the first one first, as the view prefetched them."""
    plays: list[Watch] = episode.own_plays  # type: ignore[attr-defined]
    return plays


class SeasonSerializer(serializers.ModelSerializer[Season]):
    progress = ProgressSerializer(read_only=True)
    episodes = EpisodeSerializer(many=True, read_only=True)

    class Meta:
        model = Season
        fields = ["season_number", "name", "poster_path", "progress", "episodes"]
        read_only_fields = fields


class NextEpisodeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="episode_id")
    season_number = serializers.IntegerField()
    episode_number = serializers.IntegerField()
    air_date = serializers.DateField(allow_null=True)


class ShowDetailSerializer(ShowSerializer):
    next_episode = NextEpisodeSerializer(read_only=True, allow_null=True)
    seasons = SeasonSerializer(source="own_seasons", many=True, read_only=True)

    class Meta(ShowSerializer.Meta):
        fields = [*ShowSerializer.Meta.fields, "next_episode", "seasons"]
        read_only_fields = fields


class AddShowSerializer(serializers.Serializer[Any]):
    tmdb_id = ID(help_text="The show's number on TMDB.")
    status = serializers.ChoiceField(
        choices=TrackedShow.Status.choices, default=TrackedShow.Status.PLAN_TO_WATCH
    )


class TrackingChangeSerializer(serializers.ModelSerializer[TrackedShow]):
    """What may be changed; a field left out stays as it is."""

    class Meta:
        model = TrackedShow
        fields = ["status", "rating", "notes", "started_on", "finished_on"]
        extra_kwargs = {"notes": {"max_length": 10_000}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({unknown[0]: "This can't be changed."})
        return attrs

    def update(self, instance: TrackedShow, validated_data: dict[str, Any]) -> TrackedShow:
        """Nothing else is written: a play may change the status meanwhile."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*validated_data, "updated_at"])
        return instance


class WatchedAtSerializer(serializers.Serializer[Any]):
    watched_at = serializers.DateTimeField(required=False, help_text="Now, unless given.")

    def validate_watched_at(self, watched_at: datetime) -> datetime:
        if watched_at.year < FIRST_YEAR:
            raise serializers.ValidationError(f"This lies before {FIRST_YEAR}.")
        if watched_at > timezone.now():
            raise serializers.ValidationError("This lies in the future.")
        return watched_at


class WatchSerializer(serializers.ModelSerializer[Watch]):
    show = ShowReferenceSerializer(source="episode.season.show", read_only=True)
    season_number = serializers.IntegerField(source="episode.season.season_number", read_only=True)
    episode_number = serializers.IntegerField(source="episode.episode_number", read_only=True)
    episode_name = serializers.CharField(source="episode.name", read_only=True)

    class Meta:
        model = Watch
        fields = [
            "id",
            "show",
            "season_number",
            "episode_number",
            "episode_name",
            "watched_at",
            "play",
            "source",
        ]
        read_only_fields = fields


class UpNextShowSerializer(serializers.ModelSerializer[TVShow]):
    """Only the columns that `queries.up_next` reads."""

    year = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = TVShow
        fields = ["id", "title", "year", "poster_path"]
        read_only_fields = fields


class UpNextEpisodeSerializer(serializers.ModelSerializer[Episode]):
    season_number = serializers.IntegerField(source="season.season_number", read_only=True)

    class Meta:
        model = Episode
        fields = ["id", "season_number", "episode_number", "name", "air_date", "runtime"]
        read_only_fields = fields


class UpNextSerializer(serializers.Serializer[Any]):
    show = UpNextShowSerializer()
    episode = UpNextEpisodeSerializer()
    progress = ProgressSerializer()
    last_watched_at = serializers.DateTimeField(allow_null=True)
