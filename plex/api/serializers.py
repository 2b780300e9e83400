"""The JSON of the Plex integration. No serialiser has a token, a secret, a hash or a payload."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from plex.connection import TokenState, token_state, webhook_url
from plex.forms import AccessForm, ResolveForm
from plex.models import Action, PlexConfig, PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from tracker.api.serializers import ID, ShowReferenceSerializer
from tracker.tmdb_parsing import LARGEST_INTEGER


class ConfigSerializer(serializers.ModelSerializer[PlexConfig]):
    token_state = serializers.SerializerMethodField(
        help_text="Whether a Plex token is kept. The token itself is never sent."
    )
    webhook_url = serializers.SerializerMethodField(
        help_text="The address for Plex, with its secret; shown to its owner only."
    )
    account = serializers.CharField(
        source="account.account_title",
        default=None,
        read_only=True,
        help_text="The Plex account that owns this webhook, once its first event came.",
    )

    class Meta:
        model = PlexConfig
        fields = [
            "token_state",
            "webhook_url",
            "plex_server_url",
            "plex_server_name",
            "plex_server_uuid",
            "enabled",
            "auto_add_shows",
            "auto_add_library",
            "auto_mark_watched",
            "record_rewatches",
            "scan_watched",
            "account",
            "sync_started_date",
            "last_webhook_received",
            "refused_rate_count",
            "refused_size_count",
        ]
        read_only_fields = fields

    def get_token_state(self, config: PlexConfig) -> TokenState:
        return token_state(config)

    def get_webhook_url(self, config: PlexConfig) -> str:
        return webhook_url(config, base_url=self.context["request"].build_absolute_uri("/"))


class ConfigChangeSerializer(serializers.Serializer[PlexConfig]):
    """What may be saved; a field left out stays as it is."""

    plex_token = serializers.CharField(
        required=False,
        max_length=500,
        write_only=True,
        help_text="Needed once; left out, the token that is kept stays.",
    )
    plex_server_url = serializers.CharField(required=False, max_length=500, allow_blank=True)
    enabled = serializers.BooleanField(required=False)
    auto_add_shows = serializers.BooleanField(required=False)
    auto_add_library = serializers.BooleanField(required=False)
    auto_mark_watched = serializers.BooleanField(required=False)
    record_rewatches = serializers.BooleanField(required=False)
    scan_watched = serializers.BooleanField(
        required=False, help_text="Find what is marked as watched by hand in Plex, from now on."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({unknown[0]: "There is no such setting."})
        # The page's own rules for what people type; the switches have been read above.
        typed: dict[str, Any] = {
            name: attrs[name] for name in ("plex_token", "plex_server_url") if name in attrs
        }
        form = AccessForm(typed)
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(e) for e in errors] for name, errors in form.errors.items()}
            )
        return {**attrs, **{name: form.cleaned_data[name] for name in typed}}


class MappingSerializer(serializers.ModelSerializer[PlexShowMapping]):
    tvshow = ShowReferenceSerializer(read_only=True, allow_null=True)
    match_confidence = serializers.FloatField(read_only=True, help_text="0 to 1.")
    ignored = serializers.BooleanField(read_only=True, help_text="You chose to ignore this show.")
    has_conflict = serializers.BooleanField(
        read_only=True, help_text="A question about this show is open."
    )

    class Meta:
        model = PlexShowMapping
        fields = [
            "id",
            "plex_title",
            "plex_year",
            "plex_guid",
            "plex_rating_key",
            "server_uuid",
            "tmdb_id",
            "tvdb_id",
            "imdb_id",
            "tvshow",
            "match_confidence",
            "match_method",
            "evidence",
            "manually_confirmed",
            "sync_enabled",
            "needs_review",
            "ignored",
            "has_conflict",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class MappingChangeSerializer(serializers.Serializer[dict[str, bool]]):
    sync_enabled = serializers.BooleanField(
        required=False, help_text="Off: plays of it are recorded for nobody."
    )
    ignored = serializers.BooleanField(required=False, help_text="Its plays don't count for you.")


class ConflictSerializer(serializers.ModelSerializer[PlexConflict]):
    mapping_id = serializers.IntegerField(read_only=True)
    held_count = serializers.IntegerField(
        read_only=True, help_text="Events that wait for the answer."
    )
    potential_matches = serializers.ListField(
        child=serializers.DictField(),
        read_only=True,
        help_text="The candidates, best first, with score and reasons.",
    )

    class Meta:
        model = PlexConflict
        fields = [
            "id",
            "mapping_id",
            "conflict_type",
            "reason",
            "plex_title",
            "plex_year",
            "plex_guid",
            "plex_rating_key",
            "plex_season",
            "plex_episode",
            "potential_matches",
            "held_count",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class LogSerializer(serializers.ModelSerializer[PlexWebhookLog]):
    sentence = serializers.CharField(
        source="get_action_taken_display", read_only=True, help_text="action_taken for people."
    )
    mapping_id = serializers.IntegerField(read_only=True, allow_null=True)
    conflict_id = serializers.IntegerField(read_only=True, allow_null=True)
    account = serializers.CharField(source="account.account_title", default=None, read_only=True)
    tvshow = ShowReferenceSerializer(read_only=True, allow_null=True)
    action_taken = serializers.ChoiceField(choices=Action.choices, read_only=True, allow_blank=True)
    trace = serializers.JSONField(read_only=True, help_text="How it was decided, step by step.")

    class Meta:
        model = PlexWebhookLog
        fields = [
            "id",
            "source",
            "event_type",
            "status",
            "action_taken",
            "sentence",
            "error_message",
            "plex_title",
            "plex_season",
            "plex_episode",
            "plex_rating_key",
            "server_uuid",
            "account",
            "mapping_id",
            "conflict_id",
            "tvshow",
            "viewed_at",
            "created_at",
            "processed_at",
            "attempts",
            "next_attempt_at",
            "processing_duration_ms",
            "trace",
        ]
        read_only_fields = fields


class LogCountsSerializer(serializers.Serializer[dict[str, int]]):
    """How many events are in each status; no count goes beyond 10,000."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {value: serializers.IntegerField(read_only=True) for value in Status.values}


class LogPageSerializer(serializers.Serializer[dict[str, Any]]):
    counts = LogCountsSerializer(read_only=True)
    counted = serializers.IntegerField(
        read_only=True,
        help_text=(
            "Among how many of the newest events success, ignored and duplicate were counted (at most "
            "2,000). Pending, held and failed are counted wherever they stand."
        ),
    )
    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = LogSerializer(many=True, read_only=True)


class ConfirmSerializer(serializers.Serializer[dict[str, Any]]):
    tvshow_id = ID(help_text="The show of this tracker that the Plex show is.")
    plan = serializers.CharField(
        required=False, max_length=64, help_text="Of the preview: do this and nothing else."
    )


class ResolveSerializer(serializers.Serializer[dict[str, Any]]):
    action = serializers.ChoiceField(choices=ResolveForm.ACTIONS)
    tvshow_id = ID(required=False, allow_null=True, help_text="For select: a show of this tracker.")
    tmdb_id = ID(required=False, allow_null=True, help_text="For create_new: the show's TMDB id.")
    episode_id = ID(
        required=False,
        allow_null=True,
        help_text="For select, where the question is which episode.",
    )
    season_number = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=LARGEST_INTEGER
    )
    episode_number = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=LARGEST_INTEGER,
        help_text="With season_number instead of episode_id.",
    )


class ResolvedSerializer(serializers.Serializer[Any]):
    """What a decision brought about."""

    detail = serializers.CharField(source="sentence", help_text="One sentence for people.")
    tvshow = ShowReferenceSerializer(source="show", allow_null=True)
    replayed = serializers.IntegerField(help_text="Held events that were put back.")
    recorded = serializers.IntegerField(help_text="Plays that were recorded.")
    still_open = serializers.IntegerField(help_text="Events that still wait.")
    correction_id = serializers.IntegerField(
        source="correction.pk",
        default=None,
        allow_null=True,
        help_text="What to undo, where an earlier answer was changed.",
    )


class DayActivitySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    total = serializers.IntegerField()
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Events of the day by status."
    )


class StatsSerializer(serializers.Serializer[Any]):
    success_rate = serializers.FloatField(
        allow_null=True, help_text="0 to 1: the plays of 24 hours that were recorded."
    )
    average_duration_ms = serializers.FloatField(allow_null=True, help_text="Of 24 hours.")
    p95_duration_ms = serializers.FloatField(allow_null=True, help_text="Of 24 hours.")
    events_24h = serializers.IntegerField()
    open_conflicts = serializers.IntegerField()
    held = serializers.IntegerField(help_text="Events that wait for a decision or an episode.")
    activity = DayActivitySerializer(many=True, help_text="The last 30 days, oldest first.")
