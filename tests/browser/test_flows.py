"""What people do with the pages, with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import JAVASCRIPT, watched
from tests.factories import PASSWORD, TrackedShowFactory, episode_of, make_show
from tracker.models import Profile, SiteSettings, TrackedShow, TVShow, Watch
from tracker.models.site import hash_secret


@pytest.fixture
def show(owner: User) -> TVShow:
    show = make_show("Harbour Lights", {1: 3, 2: 3})
    TrackedShowFactory(user=owner, show=show)
    return show


@JAVASCRIPT
def test_the_first_start(visit, transactional_db, scripts):
    SiteSettings.load()
    SiteSettings.objects.update(setup_code_sha256=hash_secret("code"))
    page = visit(java_script_enabled=scripts).goto("/setup/code/")
    page.get_by_label("Name").fill("alex")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page).to_have_url(re.compile("/plex/$"))
    expect(page.locator(".toast")).to_contain_text("Welcome, alex")
    assert User.objects.get().is_superuser


@JAVASCRIPT
def test_signing_in_and_out(visit, owner, scripts):
    page = visit(java_script_enabled=scripts).goto("/history/")
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/history/$"))
    page.locator("summary.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in/$"))


@JAVASCRIPT
def test_adding_a_show(visit, owner, tmdb, scripts):
    tmdb.add_show(60059, "Better Call Saul", seasons={1: 10})
    tmdb.add_search("saul", 60059)
    page = visit(user=owner, java_script_enabled=scripts).goto("/shows/add/")
    page.get_by_label("Title of the show").fill("saul")
    if not scripts:
        page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Watching").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Better Call Saul")
    assert TrackedShow.objects.get().status == "watching"


@JAVASCRIPT
def test_marking_and_undoing_on_the_first_page(visit, owner, show, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto("/")
    page.get_by_role("button", name="Watched Harbour Lights S01E01").click()
    expect(page.locator(".episode-line")).to_contain_text("S01E02")
    assert watched(owner) == ["S01E01"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".episode-line")).to_contain_text("S01E01")
    expect(page.locator(".toast").last).to_contain_text("Undone")
    assert watched(owner) == []


@JAVASCRIPT
def test_a_season_on_the_page_of_its_show(visit, owner, show, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto(f"/shows/{show.pk}/")
    page.get_by_role("button", name="Mark episode 2").click()
    expect(page.locator("#show-progress")).to_contain_text("1 of 6 watched")
    page.get_by_role("link", name="Season 2").click()
    expect(page.get_by_text("Story 2-1")).to_be_visible()
    page.locator("#season-2").get_by_role("button", name="Mark the whole season").click()
    expect(page.locator("#show-progress")).to_contain_text("4 of 6 watched")
    assert watched(owner) == ["S01E02", "S02E01", "S02E02", "S02E03"]
    page.locator("#season-2").get_by_role("button", name="Unmark episode 1").click()
    expect(page.locator("#show-progress")).to_contain_text("3 of 6 watched")


@JAVASCRIPT
def test_up_to_here_on_a_picked_day(visit, owner, show, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto(f"/shows/{show.pk}/?season=2")
    page.get_by_role("link", name="Story 2-2").click()
    page.get_by_label("Watched on").fill("2024-02-24T21:30")
    page.get_by_role("button", name="All up to here").click()
    expect(page.locator(".toast").first).to_contain_text("5 episodes up to S02E02")
    assert len(watched(owner)) == 5
    assert {watch.watched_at.isoformat()[:16] for watch in Watch.objects.all()} == {
        "2024-02-24T21:30"
    }


@JAVASCRIPT
def test_status_rating_and_notes(visit, owner, show, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto(f"/shows/{show.pk}/")
    page.get_by_label("Status").select_option("on_hold")
    page.get_by_label("Rating").select_option("9")
    page.get_by_label("Notes").fill("After winter.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast").first).to_contain_text("Saved")
    tracked = TrackedShow.objects.get()
    assert (tracked.status, tracked.rating, tracked.notes) == ("on_hold", 9, "After winter.")


@JAVASCRIPT
def test_correcting_and_removing_in_the_history(visit, owner, show, scripts):
    Watch.objects.create(
        user=owner, episode=episode_of(show, 1, 1), watched_at="2024-02-24T21:30:00+00:00"
    )
    page = visit(user=owner, java_script_enabled=scripts).goto("/history/")
    page.get_by_role("link", name="Correct the time").click()
    page.get_by_label("Watched on").fill("2024-02-20T20:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("20 February 2024")).to_be_visible()
    page.get_by_role("button", name="Remove Harbour Lights").click()
    expect(page.get_by_text("Nothing watched yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("20 February 2024")).to_be_visible()


@JAVASCRIPT
def test_stop_tracking(visit, owner, show, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto(f"/shows/{show.pk}/")
    page.get_by_role("link", name="Stop tracking").click()
    page.get_by_label("Forget them").check()
    page.get_by_role("button", name="Stop tracking").click()
    expect(page.get_by_text("No shows yet")).to_be_visible()
    assert not TrackedShow.objects.exists()


def test_search_as_you_type(visit, owner, show):
    other = make_show("La Casa de Papel", {1: 1}, alternative_titles=["Money Heist"])
    TrackedShowFactory(user=owner, show=other)
    page = visit(user=owner).goto("/shows/")
    page.keyboard.press("/")
    page.keyboard.type("money")
    expect(page.locator(".poster-title")).to_have_text(["La Casa de Papel"])
    expect(page).to_have_url(re.compile("q=money"))
    page.reload()
    expect(page.locator(".poster-title")).to_have_text(["La Casa de Papel"])


@JAVASCRIPT
def test_filters(visit, owner, show, scripts):
    TrackedShowFactory(user=owner, show=make_show("Orchard"), status="dropped")
    page = visit(user=owner, java_script_enabled=scripts).goto("/shows/")
    page.get_by_text("Dropped 1").click()
    if not scripts:
        page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".poster-title")).to_have_text(["Orchard"])


@JAVASCRIPT
def test_the_theme_is_kept(visit, owner, scripts):
    window = visit(user=owner, color_scheme="light", java_script_enabled=scripts)
    page = window.goto("/")
    page.locator("summary.avatar").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_load_state("networkidle")
    assert Profile.objects.get(user=owner).theme == "dark"
    window.goto("/shows/")
    # Before anything else was painted: it stands in the page itself.
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    if scripts:
        window.context.clear_cookies()
        window.goto("/sign-in/")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_mark_moves_neither_the_page_nor_the_focus(visit, owner, size):
    show = make_show("Harbour Lights", {1: 24, 2: 24})
    TrackedShowFactory(user=owner, show=show)
    page = visit(user=owner, viewport=size).goto(f"/shows/{show.pk}/")
    page.wait_for_load_state("networkidle")
    button = page.get_by_role("button", name="Mark episode 20")
    button.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_be_visible()
    assert abs(page.evaluate("scrollY") - before) < 40
    assert "Unmark episode 20" in page.evaluate("document.activeElement.textContent")


def test_a_pressed_button_shows_that_it_was_taken(visit, owner):
    window = visit(user=owner)
    page = window.goto("/account/")
    # An answer without a page: the browser stays where it is.
    window.context.route("**/account/", lambda route: route.fulfill(status=204))
    save = page.get_by_role("button", name="Save")
    save.click()
    expect(save).to_have_class(re.compile("busy"))


def test_a_failing_server_is_said(visit, owner, show):
    page = visit(user=owner).goto(f"/shows/{show.pk}/")
    show.delete()
    page.get_by_role("button", name="Mark episode 2").click()
    expect(page.locator(".toast")).to_contain_text("did not work")
