"""What people enter about the numbers of a Plex show."""

from __future__ import annotations

from typing import Any

from django import forms

from plex.forms import TmdbIdField
from plex.models import PlexShowMapping
from plex.resolution.numbering import SeasonPart
from tracker.library import add_show
from tracker.models import TVShow
from tracker.tmdb import connect

LARGEST_NUMBER = 100_000


def number_field(
    label: str, *, required: bool = True, least: int = 0, otherwise: str = ""
) -> forms.IntegerField:
    """`otherwise` is what an empty field means."""
    return forms.IntegerField(
        label=label,
        required=required,
        min_value=least,
        max_value=LARGEST_NUMBER,
        widget=forms.NumberInput(attrs={"class": "input", "placeholder": otherwise}),
        error_messages={"required": f"Enter a number for “{label}”."},
    )


class SeasonPartForm(forms.Form):
    """A season of Plex, or a part of one, and the episode of ours that it begins with."""

    plex_season = number_field("Plex season")
    first_episode = number_field("From episode", required=False, least=1, otherwise="the first")
    last_episode = number_field("To episode", required=False, least=1, otherwise="the last")
    season_number = number_field("Is season")
    episode_number = number_field("Beginning with episode", required=False, least=1, otherwise="1")
    tmdb_id = TmdbIdField(
        label="Of another show on TMDB",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "input", "placeholder": "Number or address"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first_episode"), data.get("last_episode")
        if first and last and last < first:
            raise forms.ValidationError("The last episode comes before the first one.")
        return data

    def part(self, mapping: PlexShowMapping) -> SeasonPart:
        """What was entered. Adds the show from TMDB where we lack it, and may raise `TmdbError`."""
        data = self.cleaned_data
        assert mapping.tvshow is not None  # noqa: S101 - the form is shown for mapped shows only
        show: TVShow = mapping.tvshow
        if data["tmdb_id"]:
            show = add_show(tmdb_id=data["tmdb_id"], tmdb=connect())
        return SeasonPart(
            plex_season=data["plex_season"],
            first_episode=data["first_episode"],
            last_episode=data["last_episode"],
            show=show,
            season_number=data["season_number"],
            episode_number=data["episode_number"] or 1,
        )
