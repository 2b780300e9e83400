"""The forms of the tracker's pages."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.auth.forms import BaseUserCreationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.utils import timezone

from tracker.encryption import seal
from tracker.models import ApiToken, Profile, SiteSettings, TrackedShow, Watch
from tracker.tmdb import Tmdb, TmdbError, TmdbKeyRefusedError

STEP_OF_A_MINUTE = "%Y-%m-%dT%H:%M"
# Nobody watched anything before; and a year typed as 25 is the year 25.
FIRST_YEAR = 1900


SAFE_ENOUGH = "Eight characters or more, and nothing that is easily guessed."


class NewPersonForm(BaseUserCreationForm):
    """A name and a password, twice."""

    class Meta(BaseUserCreationForm.Meta):
        model = User
        fields: ClassVar[tuple[str, ...]] = ("username",)
        labels = {"username": "Name"}
        help_texts = {"username": "Letters, digits and @ . + - _"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = "Password"
        self.fields["password1"].help_text = SAFE_ENOUGH
        self.fields["password2"].label = "The same password again"
        self.fields["password2"].help_text = ""


class PersonForm(NewPersonForm):
    """Somebody whom an admin adds."""

    class Meta(NewPersonForm.Meta):
        fields: ClassVar[tuple[str, ...]] = ("username", "is_staff")
        labels = {
            "username": "Name",
            "is_staff": "May manage people, the TMDB key and the admin pages",
        }
        help_texts = {"username": NewPersonForm.Meta.help_texts["username"], "is_staff": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The list of people stands above it: a page that begins in its form hides them on a phone.
        self.fields["username"].widget.attrs.pop("autofocus", None)

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        # Without every permission the admin pages would be empty for somebody who may manage them.
        self.instance.is_superuser = self.cleaned_data["is_staff"]
        user: User = super().save(commit=commit)
        return user


class NewPasswordForm(PasswordChangeForm):
    """The old password, and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = SAFE_ENOUGH
        self.fields["new_password2"].label = "The same password again"
        self.fields["new_password2"].help_text = ""


class DetailsForm(forms.ModelForm):
    """What a user keeps about a show."""

    rating = forms.TypedChoiceField(
        choices=[("", "Not rated"), *((str(n), f"{n} of 10") for n in range(10, 0, -1))],
        coerce=int,
        empty_value=None,
        required=False,
    )

    class Meta:
        model = TrackedShow
        fields = ["status", "rating", "notes"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page says which status it showed: only another choice is one.
        self.fields["status"].show_hidden_initial = True

    def save(self, commit: bool = True) -> TrackedShow:  # noqa: FBT001, FBT002 - Django's signature
        """What was watched since the page was opened may have changed the status and its days."""
        columns = [name for name in self.fields if name != "status" or name in self.changed_data]
        tracked: TrackedShow = self.instance
        tracked.save(update_fields=[*columns, "updated_at"])
        return tracked


class WatchedAtForm(forms.Form):
    """When something was watched, in the user's own time zone; never in the future."""

    watched_at = forms.DateTimeField(
        label="Watched on",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=STEP_OF_A_MINUTE),
        input_formats=[STEP_OF_A_MINUTE, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        error_messages={"invalid": "Enter a day and a time, as in 2026-02-24 21:30."},
    )

    def clean_watched_at(self) -> datetime:
        value: datetime = self.cleaned_data["watched_at"]
        if value.year < FIRST_YEAR:
            raise forms.ValidationError(f"Enter a year from {FIRST_YEAR} on.")
        if value > timezone.now() + timedelta(minutes=1):
            raise forms.ValidationError("That is in the future. Pick a time that has passed.")
        return value


class TmdbKeyForm(forms.Form):
    """The TMDB key of the installation, tried out before it is kept."""

    tmdb_api_key = forms.CharField(
        label="TMDB key",
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_tmdb_api_key(self) -> str:
        key: str = self.cleaned_data["tmdb_api_key"].strip()
        try:
            Tmdb(api_key=key, base_url=settings.TMDB_API_URL).check()
        except TmdbKeyRefusedError as error:
            raise forms.ValidationError("TMDB refuses this key: copy it once more.") from error
        except TmdbError as error:
            raise forms.ValidationError(str(error)) from error
        return key

    def save(self) -> None:
        site = SiteSettings.load()
        seal(site, "tmdb_api_key", self.cleaned_data["tmdb_api_key"])
        site.save(update_fields=["tmdb_api_key"])


@cache
def time_zones() -> list[tuple[str, str]]:
    """Every zone with a place in its name, after the choice of the server's own."""
    names = sorted(
        name for name in zoneinfo.available_timezones() if "/" in name and "Etc/" not in name
    )
    server = f"The server's ({settings.TIME_ZONE})"
    return [("", server), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(required=False, choices=time_zones)

    class Meta:
        model = Profile
        fields = ["time_zone", "theme"]
        widgets = {"theme": forms.RadioSelect}


class TokenForm(forms.ModelForm):
    class Meta:
        model = ApiToken
        fields = ["name"]
        labels = {"name": "What for"}


class HistoryFilterForm(forms.Form):
    """The filters of the history; anything unknown is as good as nothing chosen."""

    show = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    source = forms.ChoiceField(required=False, choices=[("", "All sources"), *Watch.Source.choices])
