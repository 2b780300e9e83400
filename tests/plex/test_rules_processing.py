"""A rule on the way of an event: before the ladder, after what a person said about that very show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plex.models import (
    Action,
    PlexAccount,
    PlexRule,
    PlexShowMapping,
    PlexWebhookLog,
    Status,
)
from plex.processing.drain import Lane
from plex.processing.gather import gather
from plex.resolution import confirm_mapping
from plex.resolution.rules import apply_rule, save_rule
from tests.factories import UserFactory, episode_of, make_show
from tests.plex.factories import changed, make_config, of_episode, scrobble
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db


def make_rule(user: User, pattern: str, verdict: str, show: TVShow | None = None, **columns: Any):
    return PlexRule.objects.create(
        user=user, pattern=pattern, verdict=verdict, tvshow=show, **columns
    )


@pytest.fixture
def bluey():
    return make_show("Bluey", {1: 10})


class TestAlways:
    def test_names_the_show_that_nothing_else_would(self, play, owner, bluey):
        rule = make_rule(owner, "Bluey on Ice*", "always", bluey)

        log = play(scrobble("Bluey on Ice: Uncut", 1, 3))

        assert (log.status, log.action_taken) == (Status.SUCCESS, Action.MARKED_WATCHED)
        assert Watch.objects.get().episode == episode_of(bluey, 1, 3)
        mapping = PlexShowMapping.objects.get()
        assert (mapping.tvshow, mapping.rule) == (bluey, rule)
        assert mapping.match_confidence == 1
        assert mapping.evidence == ["Your rule: Title “Bluey on Ice*” is always Bluey (2020)."]
        assert not mapping.manually_confirmed
        assert "rule" in [step["step"] for step in log.trace]

    def test_goes_before_ids(self, play, owner, bluey):
        other = make_show("Bluey", {1: 10})
        make_rule(owner, "Bluey", "always", bluey)

        play(
            of_episode(episode_of(other, 1, 2), ids=(f"tmdb://{episode_of(other, 1, 2).tmdb_id}",))
        )

        assert Watch.objects.get().episode == episode_of(bluey, 1, 2)

    def test_later_ids_do_not_question_it(self, play, owner, bluey):
        other = make_show("Dingo", {1: 10})
        make_rule(owner, "Dingo", "always", bluey)
        play(scrobble("Dingo", 1, 1))

        log = play(
            of_episode(episode_of(other, 1, 2), ids=(f"tmdb://{episode_of(other, 1, 2).tmdb_id}",))
        )

        assert log.status == Status.SUCCESS
        assert {watch.episode.season.show for watch in Watch.objects.all()} == {bluey}

    def test_sets_aside_what_was_decided_without_it(self, play, owner, bluey):
        other = make_show("Dingo", {1: 10})
        play(of_episode(episode_of(other, 1, 1)))
        make_rule(owner, "Dingo", "always", bluey)

        log = play(of_episode(episode_of(other, 1, 2)))

        assert log.tvshow == bluey
        assert PlexShowMapping.objects.get().tvshow == bluey
        assert Watch.objects.filter(episode__season__show=other).count() == 1

    def test_yields_to_what_a_person_said_about_this_plex_show(self, play, owner, bluey):
        other = make_show("Dingo", {1: 10})
        play(of_episode(episode_of(other, 1, 1)))
        confirm_mapping(PlexShowMapping.objects.get(), show=other)
        make_rule(owner, "Dingo", "always", bluey)

        log = play(of_episode(episode_of(other, 1, 2)))

        assert log.tvshow == other

    def test_steers_only_what_comes_through_the_owners_hook(self, play, bluey):
        make_rule(UserFactory.create(), "Dingo", "always", bluey)

        log = play(scrobble("Dingo", 1, 1))

        assert log.status == Status.HELD

    def test_leaves_what_another_persons_rule_said(self, play, owner, bluey):
        other = make_show("Dingo", {1: 10})
        make_rule(owner, "Dingo", "always", bluey)
        theirs = make_rule(UserFactory.create(), "Dingo", "always", other)
        play(scrobble("Dingo", 1, 1))
        PlexShowMapping.objects.update(tvshow=other, rule=theirs)

        assert play(scrobble("Dingo", 1, 2)).tvshow == other

    def test_a_library_of_one_show(self, play, owner, bluey):
        make_rule(owner, "Bluey, all cuts", "always", bluey, field="library")

        log = play(changed(scrobble("Whatever", 1, 4), librarySectionTitle="Bluey, all cuts"))

        assert log.tvshow == bluey

    def test_switched_off_says_nothing(self, play, owner, bluey):
        make_rule(owner, "Dingo", "always", bluey, enabled=False)

        assert play(scrobble("Dingo", 1, 1)).status == Status.HELD

    def test_a_new_show_of_the_library_follows_it(self, post, drain, owner, bluey, connected):
        connected[0].auto_add_library = True
        connected[0].save()
        make_rule(owner, "Dingo", "always", bluey)
        sent = scrobble("Dingo", 1, 1)
        sent["event"] = "library.new"

        post(sent)
        drain()

        assert PlexWebhookLog.objects.get().action_taken == Action.LIBRARY_SHOW_ADDED
        assert PlexShowMapping.objects.get().tvshow == bluey


class TestNever:
    def test_an_id_no_longer_proves_it(self, play, owner, bluey):
        make_rule(owner, "Bluey", "never", bluey)
        episode = episode_of(bluey, 1, 2)

        log = play(of_episode(episode, ids=(f"tmdb://{episode.tmdb_id}",)))

        assert (log.status, log.action_taken) == (Status.HELD, Action.CONFLICT_CREATED)
        assert not Watch.objects.exists()
        assert bluey.pk not in {item["tvshow_id"] for item in log.conflict.potential_matches}
        assert "Your rule: it is never Bluey (2020)." in [step["text"] for step in log.trace]

    def test_the_next_candidate_with_proof_is_taken(self, play, owner, bluey):
        other = make_show("Bluey", {1: 10})
        episode = episode_of(bluey, 1, 2)
        assert play(of_episode(episode)).status == Status.HELD  # Both aired on that day.
        make_rule(owner, "Bluey", "never", bluey)

        log = play(of_episode(episode_of(other, 1, 3)))

        assert log.tvshow == other

    def test_takes_back_what_was_decided_without_it(self, play, owner, bluey):
        play(of_episode(episode_of(bluey, 1, 1)))
        make_rule(owner, "Bluey", "never", bluey)

        log = play(of_episode(episode_of(bluey, 1, 2)))

        assert log.status == Status.HELD
        assert PlexShowMapping.objects.get().tvshow is None

    def test_an_id_of_the_show_no_longer_proves_it(self, play, owner):
        show = make_show("Bluey", {1: 10}, tvdb_id=353546)
        make_rule(owner, "tvdb://353546", "never", show, field="guid")
        guid = "com.plexapp.agents.thetvdb://353546"

        log = play(
            changed(
                scrobble("Blueys", 1, 2),
                guid=f"{guid}/1/2?lang=en",
                grandparentGuid=f"{guid}?lang=en",
            )
        )

        assert log.status == Status.HELD


class TestTwoPeople:
    """Each has a hook, and a rule that sets aside what the other's leaves."""

    @pytest.fixture
    def other(self):
        return make_show("Bluey", {1: 10})

    @pytest.fixture
    def mine(self, play, owner, bluey):
        """So far it was the first show, and the owner says that it never is."""
        play(scrobble("Bluey", 1, 1))
        PlexShowMapping.objects.update(tvshow=bluey)
        return make_rule(owner, "Bluey", "never", bluey)

    @pytest.fixture
    def play_theirs(self, post, drain, mine, other):
        """Plays through the hook of somebody who says that it never is the second show."""
        somebody = UserFactory.create()
        _, secret = make_config(somebody)
        PlexAccount.objects.get().users.add(somebody)
        make_rule(somebody, "Bluey", "never", other)

        def send(payload: dict[str, Any]) -> PlexWebhookLog:
            pk = post(payload, secret=secret)["id"]
            drain()
            return PlexWebhookLog.objects.get(pk=pk)

        return send

    def test_disagree_and_a_person_decides(self, play, play_theirs, bluey, other):
        asked = play(of_episode(episode_of(other, 1, 3)))
        waits = play_theirs(of_episode(episode_of(other, 1, 4)))

        assert (asked.status, asked.conflict.conflict_type) == (Status.HELD, "ambiguous")
        suggested = [item["tvshow_id"] for item in asked.conflict.potential_matches]
        assert suggested == [bluey.pk, other.pk]
        assert "Rules of two people disagree" in asked.conflict.reason
        assert PlexShowMapping.objects.get().tvshow is None
        assert (waits.status, waits.conflict) == (Status.HELD, asked.conflict)

    @pytest.mark.usefixtures("mine")
    def test_one_alone_is_followed(self, play, other):
        assert play(of_episode(episode_of(other, 1, 3))).tvshow == other


class TestIgnore:
    def test_a_library(self, play, owner):
        show = make_show("Bluey", {1: 10})
        make_rule(owner, "Kids", "ignore", field="library")

        ignored = play(of_episode(episode_of(show, 1, 1), librarySectionTitle="Kids"))
        kept = play(of_episode(episode_of(show, 1, 2)))

        assert (ignored.status, ignored.action_taken) == (Status.IGNORED, Action.IGNORED_BY_RULE)
        assert ignored.trace[-1]["text"] == "Your rule: Library “Kids” is ignored."
        assert kept.status == Status.SUCCESS
        assert Watch.objects.get().episode == episode_of(show, 1, 2)

    def test_for_the_person_alone(self, play, owner, bluey):
        play(of_episode(episode_of(bluey, 1, 1)))
        partner = UserFactory.create()
        PlexAccount.objects.get().users.add(partner)
        make_rule(owner, "Bluey", "ignore")

        log = play(of_episode(episode_of(bluey, 1, 2)))

        assert log.status == Status.SUCCESS
        assert Watch.objects.get(episode=episode_of(bluey, 1, 2)).user == partner

    def test_also_through_somebody_elses_hook(self, play, owner, bluey):
        play(of_episode(episode_of(bluey, 1, 1)))
        partner = UserFactory.create()
        PlexAccount.objects.get().users.set([partner])
        make_rule(partner, "Bluey", "ignore")

        assert play(of_episode(episode_of(bluey, 1, 2))).action_taken == Action.IGNORED_BY_RULE

    def test_holds_for_a_show_that_a_person_confirmed(self, play, owner, bluey):
        play(of_episode(episode_of(bluey, 1, 1)))
        confirm_mapping(PlexShowMapping.objects.get(), show=bluey)
        make_rule(owner, "TV Shows", "ignore", field="library")

        assert play(of_episode(episode_of(bluey, 1, 2))).action_taken == Action.IGNORED_BY_RULE

    def test_a_new_show_is_not_added(self, post, drain, owner, connected):
        connected[0].auto_add_library = True
        connected[0].save()
        make_rule(owner, "Kids", "ignore", field="library")
        sent = changed(scrobble("Dingo", 1, 1), librarySectionTitle="Kids")
        sent["event"] = "library.new"

        post(sent)
        drain()

        assert PlexWebhookLog.objects.get().action_taken == Action.IGNORED_BY_RULE


def test_rules_are_read_once_for_a_batch(post, owner, bluey, connected):
    make_rule(owner, "Kids", "ignore", field="library")
    for number in range(1, 9):
        viewed_at = timezone.now() - timedelta(hours=number)
        post(of_episode(episode_of(bluey, 1, number), viewed_at=viewed_at))
    rows = list(PlexWebhookLog.objects.all())

    with CaptureQueriesContext(connection) as queries:
        events = gather(rows, now=timezone.now())

    assert sum("plex_rules" in query["sql"] for query in queries) == 1
    PlexShowMapping.objects.update(tvshow=bluey)
    events = gather(rows, now=timezone.now())
    lane = Lane(network=False)
    lane.decider.indexes.of([bluey], now=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        planned, others = lane.plan_known(events, now=timezone.now())
    assert (len(planned), others, len(queries)) == (8, [], 0)


def test_the_quick_way_follows_a_rule(post, drain, owner, bluey):
    other = make_show("Dingo", {1: 10})
    make_rule(owner, "Dingo", "always", bluey)
    for number in range(1, 6):
        post(of_episode(episode_of(other, 1, number)))

    drain()

    assert set(PlexWebhookLog.objects.values_list("status", "tvshow")) == {
        (Status.SUCCESS, bluey.pk)
    }


def test_two_rules_that_contradict_each_other_are_refused(owner, bluey):
    make_rule(owner, "Dingo", "always", bluey)

    with pytest.raises(IntegrityError):
        make_rule(owner, "Dingo", "ignore")


def test_a_rule_answers_a_show_that_an_id_contradicts(play, owner, drain):
    old, other = make_show("Old Show", {1: 9}), make_show("Other Show", {1: 9})
    play(of_episode(episode_of(old, 1, 1)))
    stray = f"tmdb://{episode_of(other, 1, 2).tmdb_id}"
    log = play(of_episode(episode_of(old, 1, 2), ids=(stray,), originallyAvailableAt=None))
    assert log.status == Status.HELD
    rule = PlexRule(user=owner, field="title", pattern="Old Show", verdict="always", tvshow=old)
    assert apply_rule(save_rule(rule)) == 1
    drain()
    log.refresh_from_db()
    assert log.status == Status.SUCCESS
