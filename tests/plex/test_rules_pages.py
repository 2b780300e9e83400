"""The pages of a person's rules: tried, kept, switched, applied to what waits."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from plex.models import (
    Action,
    PlexAccount,
    PlexConflict,
    PlexRule,
    PlexShowMapping,
    PlexWebhookLog,
    Status,
)
from plex.resolution import confirm_mapping
from tests.factories import (
    PASSWORD,
    TrackedShowFactory,
    UserFactory,
    WatchFactory,
    episode_of,
    make_show,
)
from tests.plex.factories import of_episode, scrobble
from tests.tracker.page_queries import count_queries
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db
NEW = "/plex/rules/new/"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def bluey(owner):
    show = make_show("Bluey", {1: 10})
    TrackedShowFactory.create(user=owner, show=show)
    return show


def entered(pattern: str, verdict: str = "ignore", show=None, **fields: str) -> dict[str, str]:
    chosen = {"tvshow": str(show.pk)} if show else {}
    return {"field": "title", "pattern": pattern, "verdict": verdict, **chosen, **fields}


def keep(page: Client, *args, address: str = NEW, **fields: str) -> PlexRule:
    answer = page.post(address, {**entered(*args, **fields), "save": "1"})
    assert answer.status_code == 302, answer.context["form"].errors
    return PlexRule.objects.latest("pk")


def test_no_rule_yet(page):
    assert "No rule yet" in page.get("/plex/rules/").text


def test_a_rule_is_kept_and_listed(page, owner, bluey):
    rule = keep(page, "Dingo*", "always", bluey)

    assert (rule.user, rule.pattern, rule.tvshow, rule.enabled) == (owner, "Dingo*", bluey, True)
    assert "“Dingo*”" in page.get("/plex/rules/").text
    assert "Title “Dingo*” is always Bluey (2020)." in page.get(f"/plex/rules/{rule.pk}/").text


def test_the_list_needs_as_many_queries_for_one_as_for_twenty(page, owner, bluey):
    PlexRule.objects.create(user=owner, pattern="One", verdict="always", tvshow=bluey)
    one = count_queries(page, "/plex/rules/")
    for number in range(20):
        PlexRule.objects.create(user=owner, pattern=f"{number}", verdict="always", tvshow=bluey)

    assert count_queries(page, "/plex/rules/") == one


def test_ignoring_needs_no_show_and_keeps_none(page, bluey):
    assert keep(page, "Dingo", "ignore", bluey).tvshow is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (entered(""), "Say which title, guid or library."),
        (entered("*"), "it would fit every show"),
        (entered("Dingo", "always"), "Search for the show and choose it"),
        (entered("Dingo", field="guid"), "A guid has :// in it"),
        (entered("plex://*/5d9", field="guid"), "at the end only"),
        (entered("plex://show/*", field="guid"), "it would fit every show"),
        (entered("Dingo", "always", tmdb_id="nonsense"), "Enter the number of the show on TMDB"),
        (entered("Dingo", "always", tvshow="999999"), "That show is gone from the tracker"),
        (entered("Dingo", "sometimes"), "sometimes is not one of the available choices"),
    ],
)
def test_what_makes_no_sense_is_explained_beside_its_field(page, fields, said):
    answer = page.post(NEW, {**fields, "save": "1"})

    assert answer.status_code == 422
    assert said in answer.text
    assert not PlexRule.objects.exists()


def test_a_second_rule_about_the_same_is_refused(page, bluey):
    keep(page, "Dingo", "always", bluey)

    answer = page.post(NEW, {**entered("dingo"), "save": "1"})

    assert "You have a rule for this: “Dingo” is always Bluey (2020). Change that." in answer.text
    keep(page, "Dingo", "never", bluey)


def test_a_show_is_named_by_its_number_on_tmdb(page, tmdb):
    tmdb.add_show(82728, "Bluey")

    rule = keep(page, "Dingo", "always", tmdb_id="https://www.themoviedb.org/tv/82728-bluey")

    assert str(rule.tvshow) == "Bluey (2020)"


def test_a_show_that_is_not_here_yet_can_not_be_tried(page, tmdb):
    tmdb.add_show(82728, "Bluey")

    answer = page.post(NEW, {**entered("Dingo", "always", tmdb_id="82728"), "try": "1"})

    assert "not in the tracker yet" in answer.text
    assert not PlexRule.objects.exists()
    assert not tmdb.requests


class TestTry:
    def test_tells_where_plays_would_have_gone(self, page, play, bluey):
        play(of_episode(episode_of(make_show("Dingo", {1: 4}), 1, 2)))
        play(scrobble("Dingo: Uncut", 1, 3))
        play(scrobble("Dingo: Uncut", 1, 11))
        play(scrobble("Nothing Of The Kind", 1, 4))
        before = list(PlexWebhookLog.objects.values()), list(PlexShowMapping.objects.values())

        answer = page.post(NEW, {**entered("Dingo*", "always", bluey), "try": "1"})

        trial = answer.context["trial"]
        assert (trial.looked_at, trial.fitting, trial.total) == (4, 3, 3)
        assert [(change.before, change.after) for change in trial.changes] == [
            (
                Action.CONFLICT_CREATED.label,
                "Bluey (2020), which has no such episode yet: it waits.",
            ),
            (Action.CONFLICT_CREATED.label, "Bluey (2020), S01E03."),
            ("Dingo (2020), S01E02.", "Bluey (2020), S01E02."),
        ]
        assert "3 of your 4 newest events would be different." in answer.text
        after = list(PlexWebhookLog.objects.values()), list(PlexShowMapping.objects.values())
        assert after == before
        assert not PlexRule.objects.exists()

    def test_ignoring(self, page, play, bluey):
        play(of_episode(episode_of(bluey, 1, 1), librarySectionTitle="Kids"))
        play(of_episode(episode_of(bluey, 1, 2)))

        answer = page.post(NEW, {**entered("Kids", field="library"), "try": "1"})

        trial = answer.context["trial"]
        assert [(c.event.plex_episode, c.after) for c in trial.changes] == [(1, "Ignored.")]

    def test_never(self, page, play, bluey):
        play(of_episode(episode_of(bluey, 1, 1)))

        answer = page.post(NEW, {**entered("Bluey", "never", bluey), "try": "1"})

        assert [change.after for change in answer.context["trial"].changes] == [
            "Decided again: it is not Bluey (2020)."
        ]

    def test_what_a_person_said_of_one_plex_show_stays(self, page, play, owner, bluey):
        other = make_show("Dingo", {1: 4})
        play(of_episode(episode_of(other, 1, 2)))
        confirm_mapping(PlexShowMapping.objects.get(), show=other)

        answer = page.post(NEW, {**entered("Dingo", "always", bluey), "try": "1"})

        assert (answer.context["trial"].by_hand, answer.context["trial"].total) == (1, 0)
        assert "you said yourself which show that is" in answer.text

    def test_a_rule_that_is_less_precise_than_another_changes_nothing(self, page, play, bluey):
        keep(page, "Bluey", "always", bluey)
        play(of_episode(episode_of(bluey, 1, 1)))

        answer = page.post(NEW, {**entered("TV Shows", field="library"), "try": "1"})

        assert answer.context["trial"].total == 0

    def test_a_change_of_a_rule_is_compared_with_the_rule_as_it_is(self, page, play):
        rule = keep(page, "TV Shows", field="library")
        play(scrobble("Dingo", 1, 1))

        answer = page.post(
            f"/plex/rules/{rule.pk}/", {**entered("Kids", field="library"), "try": "1"}
        )

        assert [change.after for change in answer.context["trial"].changes] == [
            "Decided again, not ignored."
        ]
        assert PlexRule.objects.get().pattern == "TV Shows"

    def test_other_peoples_events_are_not_looked_at(self, client, play, bluey):
        play(of_episode(episode_of(bluey, 1, 1)))
        client.force_login(UserFactory.create(is_staff=True))

        answer = client.post(NEW, {**entered("Bluey"), "try": "1"})

        assert answer.context["trial"].looked_at == 0

    def test_somebody_elses_plays_through_ones_hook_are_steered_but_not_ignored(
        self, page, play, bluey
    ):
        play(of_episode(episode_of(bluey, 1, 1)))
        PlexAccount.objects.get().users.set([UserFactory.create()])

        ignored = page.post(NEW, {**entered("Bluey"), "try": "1"})
        steered = page.post(NEW, {**entered("Bluey", "never", bluey), "try": "1"})

        assert (ignored.context["trial"].total, steered.context["trial"].total) == (0, 1)


class TestShows:
    """The show of a rule is searched for, with JavaScript and without."""

    def test_those_found_can_be_chosen_and_what_was_entered_stays(self, page, bluey):
        make_show("Another", {1: 1})

        answer = page.post(NEW, {**entered("Dingo*", "always"), "q": "blu", "find": "1"})

        assert answer.status_code == 200
        assert [one.value for one in answer.context["shows"].ours] == [str(bluey.pk)]
        assert 'value="Dingo*"' in answer.text
        assert "Search for the show" not in answer.text, "a search is no mistake"
        assert not PlexRule.objects.exists()

    def test_the_page_lists_no_more_however_many_shows_there_are(self, page, owner):
        TVShow.objects.bulk_create(TVShow(title=f"Bluey {n}") for n in range(300))

        assert not page.get(NEW).context["shows"].ours
        answer = page.get("/plex/rules/shows/?q=bluey")

        assert len(answer.context["shows"].ours) == 8
        assert count_queries(page, "/plex/rules/shows/?q=bluey") < 10

    def test_a_title_that_was_typed_and_not_searched_for_is_searched_for(self, page, bluey):
        answer = page.post(NEW, {**entered("Dingo", "always"), "q": "blu", "save": "1"})

        assert [one.value for one in answer.context["shows"].ours] == [str(bluey.pk)]

    def test_the_chosen_show_stays_in_view_while_another_is_searched_for(self, page, bluey):
        answer = page.get(f"/plex/rules/shows/?q=another&tvshow={bluey.pk}")

        assert f'value="{bluey.pk}" checked' in answer.text
        assert "“Search” asks TMDB too" in answer.text

    def test_one_of_tmdb_is_added_when_the_rule_is_kept(self, page, tmdb):
        tmdb.add_show(82728, "Bluey")
        answer = page.post(NEW, {**entered("Dingo", "always"), "q": "Bluey", "find": "1"})
        assert [one.value for one in answer.context["shows"].on_tmdb] == ["tmdb-82728"]

        page.post(NEW, {**entered("Dingo", "always"), "tvshow": "tmdb-82728", "save": "1"})

        assert PlexRule.objects.get().tvshow == TVShow.objects.get(tmdb_id=82728)

    def test_while_somebody_types_tmdb_is_not_asked(self, page, tmdb):
        page.get("/plex/rules/shows/?q=Bluey")
        assert not tmdb.requests

    def test_a_rule_shows_the_show_that_it_names(self, page, bluey):
        rule = keep(page, "Dingo", "always", bluey)
        assert f'value="{bluey.pk}" checked' in page.get(f"/plex/rules/{rule.pk}/").text


def test_what_is_no_number_is_no_show(page):
    sent = entered("Bluey", "always") | {"tvshow": "²"}
    assert page.post(NEW, sent).status_code == 422


class TestWaiting:
    def test_plays_that_wait_are_recorded(self, page, play, drain, bluey):
        play(scrobble("Dingo", 1, 3))
        play(scrobble("Dingo", 1, 4))
        rule = keep(page, "Dingo", "always", bluey)
        assert (
            "2 plays that wait for an answer are settled"
            in page.get(f"/plex/rules/{rule.pk}/").text
        )

        under_way = page.post(f"/plex/rules/{rule.pk}/apply/", follow=True)

        assert "0 of 2 waiting plays gone over" in under_way.text
        assert 'hx-trigger="every 1s"' in under_way.text
        assert not Watch.objects.exists(), "the worker decides them, not the request"

        drain()
        done = page.get(f"/plex/rules/{rule.pk}/")
        assert "2 recorded" in done.text
        assert 'hx-trigger="every 1s"' not in done.text
        assert Watch.objects.count() == 2
        assert not PlexConflict.objects.open().exists()
        assert not PlexWebhookLog.objects.held().exists()
        assert done.context["waiting"] == 0

    def test_plays_of_what_is_watched_already_are_spoken_of(self, page, play, drain, owner, bluey):
        for number in (3, 4):
            play(scrobble("Dingo", 1, number))
            WatchFactory(user=owner, episode=episode_of(bluey, 1, number))
        rule = keep(page, "Dingo", "always", bluey)

        page.post(f"/plex/rules/{rule.pk}/apply/")
        drain()

        assert "2 watched already, date kept" in page.get(f"/plex/rules/{rule.pk}/").text

    def test_plays_that_wait_are_ignored_and_their_question_closed(self, page, play, drain):
        play(scrobble("Dingo", 1, 3))
        rule = keep(page, "Dingo")

        page.post(f"/plex/rules/{rule.pk}/apply/")
        drain()

        assert "1 ignored" in page.get(f"/plex/rules/{rule.pk}/").text
        assert PlexWebhookLog.objects.get().action_taken == Action.IGNORED_BY_RULE
        assert not PlexConflict.objects.open().exists()

    def test_a_question_stays_while_a_play_waits_that_the_rule_does_not_ignore(
        self, page, play, drain
    ):
        play(scrobble("Dingo", 1, 3, librarySectionTitle="Kids"))
        play(scrobble("Dingo", 1, 4, librarySectionTitle="Grown-ups"))
        rule = keep(page, "Kids", field="library")

        page.post(f"/plex/rules/{rule.pk}/apply/")
        drain()

        assert [log.action_taken for log in PlexWebhookLog.objects.order_by("pk")] == [
            Action.IGNORED_BY_RULE,
            Action.CONFLICT_CREATED,
        ]
        assert PlexConflict.objects.open().count() == 1

    def test_as_many_as_wait_are_gone_over_and_the_page_needs_no_more_queries(self, page, play):
        first = play(scrobble("Dingo", 1, 3))
        other = play(scrobble("Dingo: Uncut", 1, 3))
        rule = keep(page, "Dingo")
        few = count_queries(page, f"/plex/rules/{rule.pk}/")
        columns = PlexWebhookLog.objects.values().get(pk=first.pk)
        copies = [PlexWebhookLog(**{**columns, "id": None}) for _ in range(2500)]
        PlexWebhookLog.objects.bulk_create(copies)

        assert page.get(f"/plex/rules/{rule.pk}/").context["waiting"] == 2501
        assert count_queries(page, f"/plex/rules/{rule.pk}/") == few
        page.post(f"/plex/rules/{rule.pk}/apply/")

        assert PlexWebhookLog.objects.pending().count() == 2501
        assert PlexWebhookLog.objects.held().get() == other
        going = page.get(f"/plex/rules/{rule.pk}/").context["going"]
        assert (going.total, going.left) == (2501, 2501)

    def test_another_time_adds_to_what_is_under_way(self, page, play, post, drain, bluey):
        play(scrobble("Dingo", 1, 3))
        rule = keep(page, "Dingo", "always", bluey)
        page.post(f"/plex/rules/{rule.pk}/apply/")

        again = page.post(f"/plex/rules/{rule.pk}/apply/", follow=True)

        assert "No play waits any more that this rule settles." in again.text
        assert again.context["going"].total == 1

    @pytest.mark.parametrize(
        ("pattern", "settled"),
        [("plex://show/{key}", 2), ("plex://show/*", None), ("plex://show/nothing*", 0)],
    )
    def test_a_guid(self, page, play, pattern, settled):
        log = play(scrobble("Dingo", 1, 3))
        play(scrobble("Dingo", 1, 4))
        play(scrobble("Another", 1, 4))
        key = log.payload["Metadata"]["grandparentGuid"].removeprefix("plex://show/")
        pattern = pattern.format(key=key)
        if settled is None:
            pattern, settled = f"plex://show/{key[:-1]}*", 2
        rule = keep(page, pattern, field="guid")

        assert page.get(f"/plex/rules/{rule.pk}/").context["waiting"] == settled

    def test_a_guid_in_other_words_than_the_message_has(self, page, play):
        play(scrobble("Dingo", 1, 3, guid="com.plexapp.agents.thetvdb://81189/1/3?lang=en"))
        rule = keep(page, "tvdb://81189", field="guid")

        assert page.get(f"/plex/rules/{rule.pk}/").context["waiting"] == 1

    def test_a_more_precise_rule_keeps_its_plays(self, page, play, bluey):
        play(scrobble("Dingo", 1, 3))
        keep(page, "Dingo", "always", bluey)
        wide = keep(page, "Din*")

        assert page.get(f"/plex/rules/{wide.pk}/").context["waiting"] == 0

    def test_a_rule_that_is_off_settles_nothing(self, page, play):
        play(scrobble("Dingo", 1, 3))
        rule = keep(page, "Dingo")
        page.post(f"/plex/rules/{rule.pk}/switch/")

        page.post(f"/plex/rules/{rule.pk}/apply/")

        assert PlexWebhookLog.objects.get().status == Status.HELD


class TestUndone:
    """What a rule named is nobody's again once it does not say so any more."""

    @pytest.mark.parametrize("how", ["switch", "delete", "change"])
    def test_the_plex_show_is_looked_up_anew(self, page, play, bluey, how):
        rule = keep(page, "Dingo", "always", bluey)
        play(scrobble("Dingo", 1, 3))
        play(scrobble("Dingo", 1, 30))
        assert PlexShowMapping.objects.get().tvshow == bluey

        if how == "change":
            keep(page, "Dingos", "always", bluey, address=f"/plex/rules/{rule.pk}/")
        else:
            page.post(f"/plex/rules/{rule.pk}/{how}/")

        mapping = PlexShowMapping.objects.get()
        assert (mapping.tvshow, mapping.rule, mapping.evidence) == (None, None, [])
        assert Watch.objects.count() == 1
        assert play(scrobble("Dingo", 1, 4)).action_taken == Action.CONFLICT_CREATED
        assert PlexWebhookLog.objects.get(plex_episode=30).action_taken == Action.CONFLICT_CREATED

    def test_what_a_person_confirmed_stays(self, page, play, owner, bluey):
        rule = keep(page, "Dingo", "always", bluey)
        play(scrobble("Dingo", 1, 3))
        confirm_mapping(PlexShowMapping.objects.get(), show=bluey)

        page.post(f"/plex/rules/{rule.pk}/delete/")

        assert not PlexRule.objects.exists()
        assert PlexShowMapping.objects.get().tvshow == bluey

    def test_switched_on_again(self, page, play, bluey):
        rule = keep(page, "Dingo", "always", bluey)
        page.post(f"/plex/rules/{rule.pk}/switch/")
        page.post(f"/plex/rules/{rule.pk}/switch/", {"enabled": "on"})

        assert play(scrobble("Dingo", 1, 4)).tvshow == bluey


class TestBegun:
    def test_from_an_event(self, page, play, bluey):
        log = play(of_episode(episode_of(bluey, 1, 1), librarySectionTitle="Kids"))
        address = f"{NEW}?event={log.pk}"
        assert address in page.get(reverse("plex:event-detail", args=[log.pk])).text

        answer = page.get(address)

        assert answer.context["form"]["pattern"].value() == "Bluey"
        assert answer.context["form"]["tvshow"].value() == bluey.pk
        assert [one["value"] for one in answer.context["seen"]] == [
            "Bluey", log.payload["Metadata"]["grandparentGuid"], "Kids",
        ]  # fmt: skip
        library = page.get(NEW + answer.context["seen"][2]["address"])
        assert library.context["form"]["pattern"].value() == "Kids"

    def test_from_a_question(self, page, play):
        log = play(scrobble("Dingo", 1, 1))
        address = f"{NEW}?conflict={log.conflict_id}"
        assert address in page.get("/plex/conflicts/").text

        assert page.get(address).context["form"]["pattern"].value() == "Dingo"

    def test_from_nothing_that_is_there(self, page):
        assert page.get(f"{NEW}?event=99").status_code == 404
        assert page.get(f"{NEW}?event=x&field=nonsense").status_code == 200


def test_another_persons_rule_is_not_there(page, client, bluey):
    rule = keep(page, "Dingo", "always", bluey)
    client.force_login(UserFactory.create(is_staff=True))

    assert client.get(f"/plex/rules/{rule.pk}/").status_code == 404
    for step in ("switch", "delete", "apply"):
        assert client.post(f"/plex/rules/{rule.pk}/{step}/").status_code == 404
    assert "Dingo" not in client.get("/plex/rules/").text


def test_a_server_is_asked_for_where_there_are_several(page, play, owner):
    play(scrobble("Dingo", 1, 1))
    assert "server_uuid" not in page.get(NEW).context["form"].fields
    play(scrobble("Dingo", 1, 2, server="another"))

    rule = keep(page, "Kids", field="library", server_uuid="another")
    other = keep(page, "Kids title", server_uuid="another")

    assert (rule.server_uuid, other.server_uuid) == ("another", "")


def test_the_admin_lists_and_deletes_them(client, owner, play, bluey):
    rule = PlexRule.objects.create(user=owner, pattern="Dingo", verdict="always", tvshow=bluey)
    play(scrobble("Dingo", 1, 3))
    staff = UserFactory.create(is_staff=True, is_superuser=True, password=PASSWORD)
    client.force_login(staff)
    assert "Dingo" in client.get("/admin/plex/plexrule/").text

    client.post(f"/admin/plex/plexrule/{rule.pk}/delete/", {"post": "yes"})

    assert not PlexRule.objects.exists()
    assert PlexShowMapping.objects.get().tvshow is None
