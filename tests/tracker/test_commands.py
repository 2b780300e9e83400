from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import UserFactory
from tracker.encryption import load_keys, new_key, reveal, seal
from tracker.key_rotation import reseal
from tracker.models import ApiToken, Profile, SiteSettings, TVShow
from tracker.models.site import hash_secret

pytestmark = pytest.mark.django_db


def call(*args: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def key_file(settings, tmp_path):
    settings.ENCRYPTION_KEY = ""
    settings.ENCRYPTION_KEY_PATH = tmp_path / "encryption_key"
    settings.ENCRYPTION_KEY_PATH.write_text(new_key() + "\n")
    return settings.ENCRYPTION_KEY_PATH


@pytest.fixture
def profile(viewer):
    """Two sealed values: the site's TMDB key and this profile's calendar secret."""
    site = SiteSettings.load()
    seal(site, "tmdb_api_key", "the site's key")
    site.save()
    profile = Profile(user=viewer)
    seal(profile, "ical_secret", "the calendar's secret")
    profile.save()
    return profile


class TestRotateEncryptionKey:
    def test_seals_everything_with_a_new_key(self, key_file, profile):
        (old,) = load_keys()
        out, err = call("rotate_encryption_key")
        assert "Sealed anew: 2 values." in out
        assert err == ""
        new, kept = load_keys()
        assert kept == old
        profile.refresh_from_db()
        assert profile.ical_secret.startswith(f"{new.key_id}:")
        assert reveal(profile, "ical_secret") == "the calendar's secret"
        assert reveal(SiteSettings.load(), "tmdb_api_key") == "the site's key"

    def test_keeps_the_file_private_and_leaves_no_draft(self, key_file, profile):
        call("rotate_encryption_key")
        assert key_file.stat().st_mode & 0o777 == 0o600
        assert [p.name for p in key_file.parent.iterdir() if "encryption_key." in p.name] == []

    def test_drops_old_keys_only_when_told(self, key_file, profile):
        call("rotate_encryption_key")
        call("rotate_encryption_key")
        assert len(load_keys()) == 3
        first = load_keys()[0]
        out, _ = call("rotate_encryption_key", "--drop-old")
        assert "Sealed anew: 0 values." in out
        assert "Old keys removed: 2." in out
        assert load_keys() == (first,)
        assert reveal(SiteSettings.load(), "tmdb_api_key") == "the site's key"

    def test_leaves_what_it_cannot_open_and_says_where(self, key_file, profile):
        Profile.objects.update(ical_secret="00000000:AAAA")
        with pytest.raises(CommandError, match="1 values could not be opened"):
            call("rotate_encryption_key")
        profile.refresh_from_db()
        assert profile.ical_secret == "00000000:AAAA"
        assert reveal(SiteSettings.load(), "tmdb_api_key") == "the site's key"

    def test_names_the_place_of_what_it_cannot_open(self, key_file, profile):
        Profile.objects.update(ical_secret="00000000:AAAA")
        err = io.StringIO()
        with pytest.raises(CommandError):
            call_command("rotate_encryption_key", stdout=io.StringIO(), stderr=err)
        assert f"tracker_profile.ical_secret:{profile.pk}" in err.getvalue()

    def test_keeps_a_key_that_still_seals_something(self, key_file, profile):
        """A damaged value of an old key may be repaired from a backup."""
        old = load_keys()[0]
        Profile.objects.update(ical_secret=f"{old.key_id}:AAAA")
        with pytest.raises(CommandError):
            call("rotate_encryption_key")
        with pytest.raises(CommandError):
            call("rotate_encryption_key", "--drop-old")
        assert old in load_keys()

    def test_loses_nothing_that_is_saved_meanwhile(self, key_file, profile):
        stale = Profile.objects.get()
        seal(profile, "ical_secret", "a newer secret")
        profile.save()
        key_file.write_text(f"{new_key()},{key_file.read_text()}")
        assert reseal(stale, "ical_secret", key_id=load_keys()[0].key_id)
        profile.refresh_from_db()
        assert reveal(profile, "ical_secret") == "a newer secret"

    def test_seals_with_the_first_key_of_the_environment_and_says_so(self, settings, profile):
        old = settings.ENCRYPTION_KEY
        settings.ENCRYPTION_KEY = f"{new_key()},{old}"
        out, _ = call("rotate_encryption_key")
        assert "The keys come from ENCRYPTION_KEY" in out
        assert "Sealed anew: 2 values." in out
        settings.ENCRYPTION_KEY = settings.ENCRYPTION_KEY.partition(",")[0]
        assert reveal(SiteSettings.load(), "tmdb_api_key") == "the site's key"

    def test_needs_a_key(self, key_file):
        key_file.unlink()
        with pytest.raises(CommandError, match="There is no encryption key"):
            call("rotate_encryption_key")


class TestApiToken:
    def test_prints_a_token_that_is_kept_as_a_hash(self, viewer):
        out, _ = call("api_token", "viewer", "--name", "phone")
        token = ApiToken.objects.get()
        assert (token.user, token.name) == (viewer, "phone")
        assert token.token_sha256 == hash_secret(out.strip())

    def test_refuses_a_name_that_nobody_has(self):
        with pytest.raises(CommandError, match="no user nobody"):
            call("api_token", "nobody")

    def test_refuses_somebody_who_is_switched_off(self):
        UserFactory.create(username="gone", is_active=False)
        with pytest.raises(CommandError, match="would not work"):
            call("api_token", "gone")


class TestRefreshShows:
    def test_reads_what_is_due_again(self, tmdb, make_show):
        due = make_show("Old name", tmdb_id=1)
        fresh = make_show("Fresh", tmdb_id=2, refreshed_at=timezone.now())
        tmdb.add_show(1, "New name")
        out, _ = call("refresh_shows")
        assert "Refreshed 1 shows; 0 failed." in out
        due.refresh_from_db()
        fresh.refresh_from_db()
        assert (due.title, fresh.title) == ("New name", "Fresh")

    def test_goes_on_after_a_show_that_tmdb_has_no_longer(self, tmdb, make_show):
        make_show("Removed", tmdb_id=1)
        make_show("There", tmdb_id=2)
        tmdb.add_show(2, "There")
        out, err = call("refresh_shows")
        assert "Refreshed 1 shows; 1 failed." in out
        assert "Removed (2020): TMDB does not have this" in err
        assert "Refreshed 0 shows; 0 failed." in call("refresh_shows")[0]

    def test_goes_on_after_a_show_whose_answer_is_broken(self, tmdb, make_show):
        broken = make_show("Broken", tmdb_id=1)
        make_show("There", tmdb_id=2)
        tmdb.add_show(1, "Broken")["seasons"] = "none"
        tmdb.add_show(2, "There")
        assert "Refreshed 1 shows; 1 failed." in call("refresh_shows")[0]
        broken.refresh_from_db()
        assert broken.refreshed_at is None

    def test_all_takes_those_that_are_not_due_too(self, tmdb, make_show):
        make_show("Fresh", tmdb_id=2, refreshed_at=timezone.now() - timedelta(hours=1))
        tmdb.add_show(2, "Fresh")
        assert "Refreshed 1 shows" in call("refresh_shows", "--all", "--limit", "5")[0]

    def test_stops_when_the_key_is_refused(self, tmdb, settings, make_show):
        make_show("One", tmdb_id=1)
        make_show("Two", tmdb_id=2)
        settings.TMDB_API_KEY = "wrong"
        with pytest.raises(CommandError, match="TMDB refuses the key"):
            call("refresh_shows")
        assert len(tmdb.requests) == 1
        assert not TVShow.objects.exclude(refreshed_at=None).exists()

    def test_stops_when_tmdb_is_away(self, tmdb, make_show):
        for number in range(1, 6):
            make_show(f"Show {number}", tmdb_id=number)
        tmdb.down()
        with pytest.raises(CommandError, match="can't be reached"):
            call("refresh_shows")
        assert len(tmdb.requests) == 9
