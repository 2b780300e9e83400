"""The JSON of the tracker."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tracker.models import TVShow

# The largest that PositiveIntegerField holds on every database.
MAX_ID = 2**31 - 1


class ID(serializers.IntegerField):
    """An id in a request, small enough for every database."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong."""

    detail = serializers.CharField(help_text="One sentence: what is wrong and what to do.")
    errors = serializers.DictField(required=False, help_text="The same by field.")


class ShowReferenceSerializer(serializers.ModelSerializer[TVShow]):
    """A show, named."""

    year = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = TVShow
        fields = ["id", "title", "year", "tmdb_id"]
        read_only_fields = fields
