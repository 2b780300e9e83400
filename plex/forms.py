"""What people enter on the Plex pages and in the admin, checked and put into one shape."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django import forms
from django.contrib.auth.models import User

from plex.connection import SWITCHES
from plex.models import PlexAccount, PlexConfig, PlexConflict, Status
from plex.resolution import Resolved, resolve_conflict
from tracker.models import Episode, TVShow
from tracker.tmdb_parsing import LARGEST_INTEGER

TMDB_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.)?themoviedb\.org/tv/(\d{1,9})(?:[-/?#].*)?", re.ASCII
)


class TokenField(forms.CharField):
    """A Plex token; never drawn with what was entered."""

    def __init__(self, **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(label="Plex token", max_length=200, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        token = super().clean(value)
        if not re.fullmatch(r"[!-~]*", token):
            raise forms.ValidationError("A Plex token has no spaces; copy it again.")
        return token


class ServerAddressField(forms.CharField):
    """The address of a Plex server, with or without its scheme."""

    def __init__(self, **options: Any) -> None:
        hints = {
            "inputmode": "url",
            "placeholder": "http://192.168.1.10:32400",
            "autocomplete": "off",
        }
        widget = forms.TextInput(attrs=hints)
        super().__init__(label="Server address", max_length=500, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return ""
        parts = split_address(text)
        if parts is None or parts.username or parts.password:
            raise forms.ValidationError(
                "Enter the address of your Plex server, such as http://192.168.1.10:32400."
            )
        # Copied from a browser, an address often carries a token behind the question mark.
        return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


class AccessForm(forms.Form):
    """What the API takes unchecked: a token, an address."""

    plex_token = TokenField(required=False)
    plex_server_url = ServerAddressField(required=False)


class TokenForm(forms.Form):
    """A token by hand; `unchecked` keeps it though Plex can't be asked about it now."""

    plex_token = TokenField(error_messages={"required": "Paste a Plex token first."})
    unchecked = forms.BooleanField(required=False, label="Save it unchecked")


class ServerForm(forms.Form):
    """A server's address by hand; empty forgets the server."""

    plex_server_url = ServerAddressField(required=False)
    unchecked = forms.BooleanField(required=False, label="Save it unchecked")


class PlexSettingsForm(forms.ModelForm):
    """The switches of one connection; saved by `save_settings`."""

    class Meta:
        model = PlexConfig
        fields = SWITCHES
        labels = {
            "enabled": "Listen to Plex",
            "scan_watched": "Find what I mark as watched in Plex",
        }
        help_texts = {
            "enabled": "Off: events are refused and not kept.",
            "auto_mark_watched": "An episode finished on Plex is marked watched here.",
            "auto_add_shows": "A show that you watch and don't track yet is added from TMDB. Off: you are asked.",
            "auto_add_library": "A show added to your Plex library is added here; nothing is marked watched.",
            "record_rewatches": "Watching an episode again is recorded as another play. Off: the first date stays.",
            "scan_watched": "Plex tells nobody of marks by hand, so your libraries are looked through every half hour. From now on, not before.",
        }


def split_address(text: str) -> SplitResult | None:
    """The parts of an http address, with or without its scheme; None for anything else."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    usable = parts.scheme in {"http", "https"} and has_host and not re.search(r"\s", text)
    return parts if usable else None


class AccountForm(forms.Form):
    """Whose plays an account's are: anybody's for staff, one's own for everybody else."""

    users = forms.ModelMultipleChoiceField(queryset=User.objects.none(), required=False)
    never = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, account: PlexAccount, by: User) -> None:
        super().__init__(data)
        self.account, self.by = account, by
        people = User.objects.filter(is_active=True)
        field: Any = self.fields["users"]
        field.queryset = people if by.is_staff else people.filter(pk=by.pk)

    def chosen_users(self) -> list[User]:
        """Everybody ticked, and those whom the person asking may not take off."""
        chosen = list(self.cleaned_data["users"])
        if not self.by.is_staff:
            chosen += self.account.users.exclude(pk=self.by.pk)
        return chosen


class TmdbIdField(forms.CharField):
    """A TMDB id, alone or in the address of the show's page. Cleans to a number, or None."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = TMDB_ADDRESS.fullmatch(text)
        digits = found[1] if found else text
        if not re.fullmatch(r"[0-9]{1,10}", digits) or not 0 < int(digits) <= LARGEST_INTEGER:
            raise forms.ValidationError(
                "Enter the number of the show on TMDB, or the address of its page there."
            )
        return int(digits)


class ShowFields(forms.Form):
    """How a show is named: one of ours, or one on TMDB by its id."""

    tvshow_id = forms.ModelChoiceField(
        queryset=TVShow.objects.all(),
        required=False,
        error_messages={
            "invalid_choice": "That show is gone from the tracker; choose another one."
        },
    )
    tmdb_id = TmdbIdField(required=False, max_length=300)


class ChooseShowForm(ShowFields):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("tvshow_id") and not data.get("tmdb_id"):
            raise forms.ValidationError("Choose a show, or enter its number on TMDB.")
        return data


class ResolveForm(ShowFields):
    """The answer to a conflict, as the card's buttons send it."""

    ACTIONS = [
        ("select", "Choose"),
        ("create_new", "Add from TMDB"),
        ("add_from_plex", "Add as Plex has it"),
        ("ignore", "Ignore"),
    ]

    field_order = ["action"]  # Its error is told before those of the shows.

    action = forms.ChoiceField(choices=ACTIONS, error_messages={"required": "Choose an answer."})
    episode_id = forms.ModelChoiceField(
        queryset=Episode.objects.select_related("season"),
        required=False,
        error_messages={"invalid_choice": "That episode is gone; choose another one."},
    )
    season_number = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_INTEGER)
    episode_number = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_INTEGER)

    def __init__(self, data: Any, *, conflict: PlexConflict) -> None:
        super().__init__(data)
        self.conflict = conflict

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        if data["action"] == "create_new" and not data.get("tmdb_id"):
            raise forms.ValidationError(
                "Enter the number of the show on TMDB, or the address of its page."
            )
        if data["action"] == "select":
            self.clean_selection(data)
        return data

    def clean_selection(self, data: dict[str, Any]) -> None:
        if self.conflict.conflict_type != PlexConflict.Type.EPISODE:
            if not data.get("tvshow_id"):
                raise forms.ValidationError("Choose one of the shows.")
            return
        data["episode_id"] = data.get("episode_id") or self.episode_by_number(data)
        if data["episode_id"] is None:
            raise forms.ValidationError(
                "Choose one of the episodes, or enter one that the show has."
            )

    def episode_by_number(self, data: dict[str, Any]) -> Episode | None:
        if data.get("season_number") is None or data.get("episode_number") is None:
            return None
        return Episode.objects.filter(
            season__show=self.conflict.mapping.tvshow_id,
            season__season_number=data["season_number"],
            episode_number=data["episode_number"],
        ).first()

    def save(self, *, user: User) -> Resolved:
        """Resolve the conflict. Raises `ResolutionError` with a sentence for the person."""
        data = self.cleaned_data
        return resolve_conflict(
            self.conflict,
            user=user,
            action=data["action"],
            show=data["tvshow_id"],
            tmdb_id=data["tmdb_id"],
            episode=data["episode_id"],
        )


class ActivityFilterForm(forms.Form):
    """What the activity page shows. What makes no sense is left out rather than refused."""

    status = forms.ChoiceField(required=False, choices=[("", "Any outcome"), *Status.choices])
    account = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    show = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Any show"}),
    )

    def __init__(self, data: Any, *, accounts: Iterable[PlexAccount]) -> None:
        super().__init__(data)
        choices = [(account.pk, str(account)) for account in accounts]
        field: Any = self.fields["account"]
        field.choices = [("", "Any account"), *choices]


def first_error(form: forms.Form) -> str:
    """The first thing that is wrong, as one sentence."""
    return next((str(errors[0]) for errors in form.errors.values()), "")
