"""Which order Plex seems to use, from what was played; accepting, declining."""

from __future__ import annotations

import pytest
from django.utils import timezone

from plex.models import Job, PlexConflict, PlexShowMapping, PlexViewing, PlexWebhookLog
from plex.numbering.proposals import JOB, propose, propose_orders
from plex.resolution import ResolutionError
from plex.resolution.numbering import choose_order, decline_order
from tests.factories import WatchFactory, episode_of, make_show
from tests.plex.factories import scrobble
from tests.plex.firefly import TITLES, add_firefly, mapping_of, watched
from tracker.models import EpisodeOrder, TVShow, Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def firefly(tmdb) -> TVShow:
    return add_firefly(tmdb)


@pytest.fixture
def mapping(firefly) -> PlexShowMapping:
    Job.objects.create(name=JOB)
    return mapping_of(firefly)


@pytest.fixture
def on_dvd(play):
    """Play an episode by its number on DVD, as Plex sends it, with its title."""

    def on_dvd(*numbers: int) -> None:
        for number in numbers:
            title = ["Serenity", *TITLES][number - 1]
            play(scrobble("Firefly", 1, number, title=title))

    return on_dvd


def proposed(mapping: PlexShowMapping) -> str:
    mapping.refresh_from_db()
    return mapping.proposed_order


def test_an_order_is_proposed_after_three_episodes(mapping, on_dvd, tmdb):
    on_dvd(1, 2)
    propose_orders()
    assert proposed(mapping) == ""
    assert not EpisodeOrder.objects.exists()  # Nothing was asked yet.

    on_dvd(3)
    propose_orders()

    assert proposed(mapping) == "tmdb:5ad1"
    assert mapping.proposal == (
        "3 episodes that Plex sent (S01E01, S01E02, S01E03) are those of this order, not of "
        "TMDB's numbers: “DVD order” of TMDB (DVD)."
    )
    assert mapping.version == 0  # It is only a proposal.


def test_nothing_is_looked_at_twice(mapping, on_dvd):
    on_dvd(1, 2, 3)
    propose_orders()
    PlexShowMapping.objects.update(proposed_order="", proposal="")
    propose_orders()
    assert proposed(mapping) == ""


def test_a_play_that_the_order_has_elsewhere_speaks_against_it(mapping, on_dvd, play):
    on_dvd(1, 2, 3)
    play(scrobble("Firefly", 1, 4, title="Jaynestown"))
    propose_orders()
    assert proposed(mapping) == ""


def test_bare_numbers_prove_nothing(mapping, firefly):
    for number in (1, 2, 3):
        watch = WatchFactory(episode=episode_of(firefly, 1, number))
        PlexViewing.objects.create(
            user=watch.user,
            watch=watch,
            mapping=mapping,
            plex_season=1,
            plex_episode=number + 1,
            evidence="number",
            viewed_at=timezone.now(),
        )
    propose_orders()
    assert proposed(mapping) == ""


def test_removed_plays_prove_nothing(mapping, on_dvd):
    on_dvd(1, 2, 3)
    Watch.objects.update(removed_at=timezone.now())
    propose_orders()
    assert proposed(mapping) == ""


def test_questions_count_by_what_title_and_date_point_to(mapping, on_dvd, play):
    on_dvd(1, 2)
    log = play(scrobble("Firefly", 1, 3, title="", originallyAvailableAt="2020-01-13"))
    assert log.conflict.conflict_type == "episode"
    propose_orders()
    assert proposed(mapping) == "tmdb:5ad1"


def test_what_the_agent_counts_itself_needs_no_order(firefly, mapping, on_dvd):
    on_dvd(1, 2, 3)
    PlexShowMapping.objects.update(identity="com.plexapp.agents.hama://tvdb4-1/1/1")
    mapping.refresh_from_db()
    assert propose(mapping) is None


def test_tmdb_away_breaks_nothing_and_is_asked_again(mapping, on_dvd, tmdb):
    on_dvd(1, 2, 3)
    tmdb.down()
    assert "TMDB" in (propose_orders() or "")
    assert proposed(mapping) == ""
    tmdb.up()
    assert propose_orders() is None
    assert proposed(mapping) == "tmdb:5ad1"


def test_without_a_key_the_orders_that_need_no_tmdb_are_tried(settings, play):
    settings.TMDB_API_KEY = ""
    Job.objects.create(name=JOB)
    mapping = mapping_of(make_show("Anime", {1: 3, 2: 3}))
    for number in (4, 5, 6):
        play(scrobble("Anime", 1, number, title=f"Story 2-{number - 3}"))
    assert propose_orders() is None
    assert proposed(mapping) == "absolute"
    assert "counted through all seasons" in mapping.proposal


def test_accepting_settles_questions_and_plays_what_waits(mapping, on_dvd, play):
    on_dvd(1, 2, 3)
    waiting = play(scrobble("Firefly", 1, 4, title="", originallyAvailableAt="2020-01-20"))
    propose_orders()
    other = play(scrobble("Firefly", 1, 5, title="", originallyAvailableAt="2020-01-13"))
    mapping.refresh_from_db()

    resolved = choose_order(mapping, key=mapping.proposed_order)

    assert (resolved.replayed, resolved.recorded, resolved.still_open) == (2, 1, 1)
    assert watched() == ["S01E05", "S01E01", "S01E02", "S01E03"]
    states = dict(PlexConflict.objects.values_list("plex_episode", "resolved"))
    assert states == {4: True, 5: False}
    mapping.refresh_from_db()
    assert (mapping.episode_order, mapping.proposed_order, mapping.version) == ("tmdb:5ad1", "", 1)
    for log, status in ((waiting, "success"), (other, "held")):
        assert PlexWebhookLog.objects.get(pk=log.pk).status == status


def test_a_declined_order_is_not_proposed_again(mapping, on_dvd):
    on_dvd(1, 2, 3)
    propose_orders()
    mapping.refresh_from_db()

    decline_order(mapping)
    on_dvd(4)
    propose_orders()

    assert proposed(mapping) == ""
    assert mapping.declined_orders == "tmdb:5ad1"


def test_an_order_of_another_show_can_not_be_chosen(mapping):
    with pytest.raises(ResolutionError, match="order is gone"):
        choose_order(mapping, key="tmdb:nothing")


def test_a_choice_is_never_proposed_over(mapping, on_dvd):
    on_dvd(1, 2, 3)
    choose_order(mapping, key="years")
    propose_orders()
    assert proposed(mapping) == ""
