from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.factories import TrackedShowFactory, make_show
from tracker.encryption import reveal, seal
from tracker.models import Profile, ShowTitle, SiteSettings


@pytest.fixture
def admin(client, owner):
    client.force_login(owner)
    return client


@pytest.mark.parametrize("model", ["tvshow", "trackedshow", "watch", "profile", "sitesettings"])
def test_lists_open(admin, owner, model):
    TrackedShowFactory(user=owner, show=make_show("Dark"))
    SiteSettings.load()
    Profile.objects.create(user=owner)
    assert admin.get(f"/admin/tracker/{model}/").status_code == 200


def test_a_show_saved_is_found_by_its_new_title(admin):
    show = make_show("Dark", {})
    page = admin.get(f"/admin/tracker/tvshow/{show.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: "" if value is None else value for name, value in data.items()}
    lists = dict.fromkeys(("alternative_titles", "origin_countries", "creators", "genres"), "[]")
    seasons = {"seasons-TOTAL_FORMS": 0, "seasons-INITIAL_FORMS": 0}
    answer = admin.post(
        f"/admin/tracker/tvshow/{show.pk}/change/", {**data, **lists, **seasons, "title": "Dusk"}
    )
    assert answer.status_code == 302
    assert "Dusk" in ShowTitle.objects.filter(show=show).values_list("title", flat=True)


def test_a_season_of_many_episodes_can_be_saved(admin):
    season = make_show("One Piece", {1: 200}).seasons.get()
    page = admin.get(f"/admin/tracker/season/{season.pk}/change/")
    (inline,) = page.context["inline_admin_formsets"]
    forms = [page.context["adminform"].form, inline.formset.management_form, *inline.formset.forms]
    fields = {one.add_prefix(name): one[name].value() for one in forms for name in one.fields}
    sent = {name: value for name, value in fields.items() if value not in (None, False)}
    answer = admin.post(page.request["PATH_INFO"], {**sent, "episodes-199-name": "The last"})
    assert answer.status_code == 302
    assert season.episodes.get(episode_number=200).name == "The last"


@pytest.mark.parametrize(
    ("text", "status", "kept"),
    [
        ("", 302, []),
        ('["Lumon"]', 302, ["Lumon"]),
        ("{}", 200, ["Before"]),
        ('["a", 1]', 200, ["Before"]),
        ("[", 200, ["Before"]),
    ],
)
def test_lists_of_a_show_stay_lists_of_texts(admin, text, status, kept):
    show = make_show("Severance", alternative_titles=["Before"])
    page = admin.get(f"/admin/tracker/tvshow/{show.pk}/change/")
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value not in (None, False)}
    seasons = {f"seasons-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    answer = admin.post(page.request["PATH_INFO"], {**sent, **seasons, "alternative_titles": text})
    show.refresh_from_db()
    assert (answer.status_code, show.alternative_titles) == (status, kept)


def test_the_tmdb_key_is_written_and_never_read(admin):
    site = SiteSettings.load()
    seal(site, "tmdb_api_key", "the-old-key")
    site.save()
    path = f"/admin/tracker/sitesettings/{site.pk}/change/"
    page = admin.get(path).content.decode()
    assert "the-old-key" not in page
    assert site.tmdb_api_key not in page
    admin.post(path, {"language": "de-DE", "new_tmdb_api_key": ""})
    site.refresh_from_db()
    assert (site.language, reveal(site, "tmdb_api_key")) == ("de-DE", "the-old-key")
    admin.post(path, {"language": "de-DE", "new_tmdb_api_key": "the-new-key"})
    site.refresh_from_db()
    assert reveal(site, "tmdb_api_key") == "the-new-key"


def test_a_key_that_does_not_open_is_said_so(admin):
    site = SiteSettings.load()
    site.tmdb_api_key = "00000000:AAAA"
    site.save()
    page = admin.get(f"/admin/tracker/sitesettings/{site.pk}/change/").content.decode()
    assert "unreadable" in page


def test_times_are_written_as_on_the_pages(admin):
    show = make_show("Severance", refreshed_at=datetime(2024, 2, 18, 21, 14, tzinfo=UTC))
    assert "18 Feb 2024, 21:14" in admin.get("/admin/tracker/tvshow/").content.decode()
    assert (
        "18 Feb 2024, 21:14"
        in admin.get(f"/admin/tracker/tvshow/{show.pk}/change/").content.decode()
    )
