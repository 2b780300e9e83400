"""A rule as a person enters it, checked."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User

from plex.forms import TmdbIdField
from plex.models import PlexAccount, PlexRule
from plex.rules.ruling import ANY, GUID, IGNORE, LIBRARY, is_too_wide
from plex.rules.shows import TMDB_CHOICE
from tracker.library import add_show
from tracker.models import TVShow
from tracker.tmdb import connect


class RuleForm(forms.ModelForm):
    """Use `rule`, not `save`: who stores rules also undoes what one said before."""

    tmdb_id = TmdbIdField(
        required=False,
        max_length=300,
        label="Or its number or address on TMDB",
        widget=forms.TextInput(
            attrs={"placeholder": "2316, or https://www.themoviedb.org/tv/2316"}
        ),
    )

    class Meta:
        model = PlexRule
        fields = ("field", "pattern", "server_uuid", "verdict", "tvshow")
        labels = {
            "field": "A rule about a",
            "pattern": "That is called",
            "server_uuid": "On which server",
            "verdict": "Means that it",
            "tvshow": "Which show",
        }
        error_messages = {
            "pattern": {"required": "Say which title, guid or library."},
            "tvshow": {"invalid_choice": "That show is gone from the tracker; choose another one."},
        }
        widgets: ClassVar[dict[str, Any]] = {"tvshow": forms.HiddenInput}

    def __init__(self, data: Any = None, *, user: User, **options: Any) -> None:
        options.setdefault("instance", PlexRule(user=user))
        super().__init__(with_tmdb_choice(data), **options)
        self.fields["pattern"].help_text = (
            "In a title capitals, accents and signs do not matter; a year or a country after it "
            "does. * stands for anything in a title, and at the end of a guid."
        )
        self.limit_servers(user)

    def limit_servers(self, user: User) -> None:
        seen = PlexAccount.objects.visible_to(user).exclude(server_uuid="")
        names = dict(seen.order_by("pk").values_list("server_uuid", "server_title"))
        chosen = self.instance.server_uuid
        servers = [(uuid, title or uuid) for uuid, title in names.items()]
        if chosen and chosen not in names:
            servers.append((chosen, chosen))
        if len(servers) > 1 or chosen:
            self.fields["server_uuid"] = forms.ChoiceField(
                choices=[("", "Any server"), *servers],
                required=False,
                label="On which server",
                help_text="For a library.",
            )
        else:
            del self.fields["server_uuid"]

    def clean_pattern(self) -> str:
        return " ".join(self.cleaned_data["pattern"].split())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        self.check_pattern(data["field"], data["pattern"])
        if data["field"] != LIBRARY:
            data["server_uuid"] = ""
        if data["verdict"] == IGNORE:
            data["tvshow"] = data["tmdb_id"] = None
        elif not data.get("tvshow") and not data.get("tmdb_id"):
            self.add_error(
                "tvshow", "Search for the show and choose it, or enter its number on TMDB."
            )
        if data.get("tmdb_id"):
            data["tvshow"] = TVShow.objects.filter(tmdb_id=data["tmdb_id"]).first()
        self.check_others(data)
        return data

    def check_pattern(self, field: str, pattern: str) -> None:
        if is_too_wide(field, pattern):
            self.add_error("pattern", "Say more than that: it would fit every show.")
        elif field == GUID and "://" not in pattern:
            self.add_error(
                "pattern",
                "A guid has :// in it, such as plex://show/5d9c086c…; copy it from an event's page.",
            )
        elif field == GUID and ANY in pattern[:-1]:
            self.add_error("pattern", "In a guid * can stand at the end only.")

    def check_others(self, data: dict[str, Any]) -> None:
        """Two rules that decide about the same thing would contradict each other."""
        if data["verdict"] == PlexRule.Verdict.NEVER or self.errors:
            return
        same = PlexRule.objects.filter(
            user=self.instance.user_id,
            field=data["field"],
            pattern__iexact=data["pattern"],
            server_uuid=data.get("server_uuid", ""),
        ).exclude(verdict=PlexRule.Verdict.NEVER)
        other = same.exclude(pk=self.instance.pk).select_related("tvshow").first()
        if other is not None:
            self.add_error("pattern", f"You have a rule for this: {other.sentence}. Change that.")

    def _post_clean(self) -> None:
        """The model's own checks come later: the show may still have to be read from TMDB."""
        if not self.errors:
            for name in ("field", "pattern", "verdict", "tvshow"):
                setattr(self.instance, name, self.cleaned_data[name])
            self.instance.server_uuid = self.cleaned_data.get("server_uuid", "")

    @property
    def is_show_new(self) -> bool:
        """Whether the show is known by its number only, and is added when the rule is saved."""
        return bool(self.cleaned_data.get("tmdb_id")) and self.instance.tvshow is None

    def rule(self) -> PlexRule:
        """The rule to store, its show added from TMDB where that is named. Raises `TmdbError`."""
        if self.is_show_new:
            self.instance.tvshow = add_show(tmdb_id=self.cleaned_data["tmdb_id"], tmdb=connect())
        rule: PlexRule = self.instance
        return rule


def with_tmdb_choice(data: Any) -> Any:
    """What was sent, where a show found on TMDB was chosen as if its number had been entered."""
    chosen = str((data or {}).get("tvshow", ""))
    if not chosen.startswith(TMDB_CHOICE):
        return data
    return {**data.dict(), "tvshow": "", "tmdb_id": chosen.removeprefix(TMDB_CHOICE)}
