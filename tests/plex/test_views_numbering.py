"""The Plex show's page: which order, which seasons, which single episodes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plex.models import (
    PlexConflict,
    PlexCorrection,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
)
from plex.resolution.undoing import undo_correction
from tests.factories import UserFactory, episode_of, make_show
from tests.plex.factories import scrobble
from tests.plex.firefly import add_firefly, mapping_of, watched
from tracker.models import EpisodeOrder, TVShow, Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping(tmdb) -> PlexShowMapping:
    return mapping_of(add_firefly(tmdb, specials=["Here's How It Was"]))


@pytest.fixture
def anime() -> PlexShowMapping:
    return mapping_of(make_show("Anime", {1: 3, 2: 3}))


def page(client, mapping) -> str:
    return client.get(f"/plex/mappings/{mapping.pk}/").content.decode()


def send(client, mapping, path: str, data: dict | None = None, status: int = 200) -> str:
    address = f"/plex/mappings/{mapping.pk}/{path}/"
    response = client.post(address, data or {}, follow=True)
    assert response.status_code == status
    return response.content.decode()


def part(**fields) -> dict:
    """What the form about a season sends: Plex's S01E04 and on are our second season."""
    return {
        "plex_season": 1,
        "first_episode": 4,
        "last_episode": "",
        "season_number": 2,
        "episode_number": 1,
        "tmdb_id": "",
        **fields,
    }


class TestOrder:
    def test_all_that_can_be_chosen_are_listed_with_what_fits(self, signed_in, mapping, play):
        play(scrobble("Firefly", 1, 1, title="Serenity"))
        shown = page(signed_in, mapping)
        assert "TMDB&#x27;s own" in shown
        assert "Counted through all seasons" in shown
        assert "Seasons named by years" in shown
        assert "DVD order" not in shown

        shown = send(signed_in, mapping, "orders/read")

        assert "TMDB has one other order." in shown
        assert "“DVD order” of TMDB (DVD)" in shown
        assert "S01E01 is S01E05 “Serenity”." in shown
        assert "1 episode fits" in shown
        assert "1 speaks against it" in shown

    def test_choosing_one_plays_what_waits(self, signed_in, mapping, play):
        play(scrobble("Firefly", 1, 2, title="", ids=("tmdb://999999",)))
        send(signed_in, mapping, "orders/read")
        PlexWebhookLog.objects.update(payload=scrobble("Firefly", 1, 2, title=""))

        shown = send(signed_in, mapping, "order", {"order": "tmdb:5ad1"})

        assert "Saved. 1 play was recorded for Firefly." in shown
        assert "looked up in the order that you chose" in shown
        assert watched() == ["S01E01"]

    def test_back_to_tmdbs_own(self, signed_in, mapping):
        PlexShowMapping.objects.update(episode_order="years")
        assert "Saved." in send(signed_in, mapping, "order", {"order": ""})
        mapping.refresh_from_db()
        assert mapping.episode_order == ""

    def test_an_order_that_is_gone_is_refused(self, signed_in, mapping):
        shown = send(signed_in, mapping, "order", {"order": "tmdb:gone"})
        assert "This order is gone; choose another one." in shown

    def test_a_proposal_is_shown_and_can_be_declined(self, signed_in, mapping):
        PlexShowMapping.objects.update(proposed_order="years", proposal="3 episodes fit.")
        assert "Plex seems to number this show in another order." in page(signed_in, mapping)

        send(signed_in, mapping, "order", {"order": "years", "decline": "1"})

        mapping.refresh_from_db()
        assert (mapping.episode_order, mapping.declined_orders) == ("", "years")
        assert "seems to number" not in page(signed_in, mapping)

    def test_a_proposal_stands_on_the_cards_of_its_questions(self, signed_in, mapping, play):
        play(scrobble("Firefly", 1, 2, title="", ids=("tmdb://999999",)))
        address = f"/plex/conflicts/{PlexConflict.objects.get().pk}/"
        shown = signed_in.get(address).content.decode()
        assert f"/plex/mappings/{mapping.pk}/#numbering" in shown
        PlexShowMapping.objects.update(proposed_order="years", proposal="3 episodes fit.")
        shown = signed_in.get(address).content.decode()
        assert "3 episodes fit." in shown
        assert 'value="/plex/conflicts/"' in shown

    def test_tmdb_away_is_said(self, signed_in, mapping, tmdb):
        tmdb.down()
        assert "TMDB can&#x27;t be reached" in send(signed_in, mapping, "orders/read")
        assert not EpisodeOrder.objects.exists()


class TestMoving:
    """Plays that only their number named, before anybody knew of the order."""

    @pytest.fixture
    def numbered(self, signed_in, mapping, play) -> PlexShowMapping:
        play(scrobble("Firefly", 1, 1, title=""))
        play(scrobble("Firefly", 1, 2, title=""))
        play(scrobble("Firefly", 1, 5, title="Serenity"))
        send(signed_in, mapping, "orders/read")
        send(signed_in, mapping, "order", {"order": "tmdb:5ad1"})
        return mapping

    def test_is_offered_with_what_goes_where(self, signed_in, numbered):
        shown = page(signed_in, numbered)
        assert "2 plays that only their number named are other episodes by this order." in shown
        assert "S01E01 “The Train Job”" in shown
        assert watched() == ["S01E01", "S01E02", "S01E05"]

    def test_moves_them_with_their_dates_and_can_be_undone(self, signed_in, numbered):
        dates = dict(PlexViewing.objects.values_list("plex_episode", "watch__watched_at"))

        shown = send(signed_in, numbered, "order/move")

        assert "Moved. 2 plays were moved to Firefly." in shown
        now = PlexViewing.objects.order_by("plex_episode").select_related("watch__episode__season")
        places = {v.plex_episode: v.watch.episode.code for v in now}
        # The first of them and the one that its title named are one episode now.
        assert places == {1: "S01E05", 2: "S01E01", 5: "S01E05"}
        assert next(v for v in now if v.plex_episode == 2).watch.watched_at == dates[2]
        assert "only their number named" not in page(signed_in, numbered)

        undo_correction(PlexCorrection.objects.get(), user=User.objects.get(username="owner"))

        assert watched() == ["S01E01", "S01E02", "S01E05"]
        numbered.refresh_from_db()
        assert numbered.episode_order == "tmdb:5ad1"

    def test_an_undo_leaves_what_was_decided_since(self, signed_in, numbered):
        send(signed_in, numbered, "order/move")
        send(signed_in, numbered, "seasons", part(season_number=1))
        assert "Another order:" in page(signed_in, numbered)

        undo_correction(PlexCorrection.objects.get(), user=User.objects.get(username="owner"))

        assert watched() == ["S01E01", "S01E02", "S01E05"]
        assert numbered.season_mappings.count() == 1

    def test_goes_back_with_the_order(self, signed_in, numbered):
        send(signed_in, numbered, "order/move")
        send(signed_in, numbered, "order", {"order": ""})
        send(signed_in, numbered, "order/move")
        viewings = PlexViewing.objects.filter(evidence="number").order_by("plex_episode")
        assert [v.watch.episode.code for v in viewings] == ["S01E01", "S01E02"]

    def test_leaves_other_peoples_plays_alone(self, client, numbered):
        somebody = UserFactory()
        PlexViewing.objects.filter(plex_episode=2).update(user=somebody)
        client.force_login(somebody)
        assert "1 play that only its number named is another" in page(client, numbered)

    def test_any_number_of_plays_is_counted_by_the_database(self, signed_in, numbered):
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                page(signed_in, numbered)
            return len(queries)

        few = count()
        one = PlexViewing.objects.select_related("watch").get(plex_episode=2)
        watches = Watch.objects.bulk_create(
            Watch(
                user=one.user, episode=one.watch.episode, play=play, source="plex",
                watched_at=one.viewed_at - timedelta(days=play),
            )
            for play in range(2, 302)
        )  # fmt: skip
        PlexViewing.objects.bulk_create(
            PlexViewing(
                user=one.user, watch=watch, mapping=one.mapping, item_key=one.item_key,
                plex_season=1, plex_episode=2, evidence="number", viewed_at=watch.watched_at,
            )
            for watch in watches
        )  # fmt: skip

        assert "302 plays that only their number named" in page(signed_in, numbered)
        assert "(301 plays)" in page(signed_in, numbered)
        assert count() == few

        assert "302 plays were moved to Firefly." in send(signed_in, numbered, "order/move")

    def test_says_when_there_is_nothing_to_move(self, signed_in, mapping):
        assert "No play stands elsewhere" in send(signed_in, mapping, "order/move")


class TestSeasons:
    def test_shows_first_what_it_would_mean(self, signed_in, anime):
        shown = send(signed_in, anime, "seasons", part(preview="1"))
        assert "That would mean" in shown
        assert "S02E01 “Story 2-1”" in shown
        assert "S01E06" in shown
        assert "S02E03 “Story 2-3”" in shown
        assert not anime.season_mappings.exists()

    def test_saves_a_part_and_plays_what_waits(self, signed_in, anime, play):
        log = play(scrobble("Anime", 1, 5, title=""))
        assert log.status == "held"

        shown = send(signed_in, anime, "seasons", part())

        assert "Saved. 1 play was recorded for Anime." in shown
        assert watched() == ["S02E02"]
        row = anime.season_mappings.get()
        assert (row.first_episode, row.last_episode, row.offset) == (4, None, -3)
        assert (row.anchor, row.anchor_number) == (episode_of(anime.tvshow, 2, 1), 4)
        assert "Plex season 1</span>, episodes 4 to the last" in shown

    def test_the_same_part_again_changes_it(self, signed_in, anime):
        send(signed_in, anime, "seasons", part())
        send(signed_in, anime, "seasons", part(episode_number=2, last_episode=9))
        row = anime.season_mappings.get()
        assert (row.offset, row.last_episode) == (-2, 9)

    def test_begins_with_the_first_episode_if_nothing_is_said(self, signed_in, anime):
        send(signed_in, anime, "seasons", part(episode_number=""))
        assert anime.season_mappings.get().anchor == episode_of(anime.tvshow, 2, 1)

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"first_episode": 7, "last_episode": ""}, "Another row speaks about some"),
            ({"first_episode": ""}, "Another row speaks about some"),
            ({"plex_season": ""}, "Enter a number for “Plex season”."),
            ({"last_episode": 2}, "The last episode comes before the first one."),
            ({"season_number": 9}, "Anime (2020) has no S09E01"),
            ({"tmdb_id": "nonsense"}, "Enter the number of the show on TMDB"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, signed_in, anime, fields, sentence):
        send(signed_in, anime, "seasons", part())
        assert sentence in send(signed_in, anime, "seasons", part(**fields), status=422)
        assert anime.season_mappings.count() == 1

    def test_parts_beside_each_other(self, signed_in, anime):
        send(signed_in, anime, "seasons", part(first_episode=1, last_episode=3, season_number=1))
        send(signed_in, anime, "seasons", part())
        assert anime.season_mappings.count() == 2

    def test_another_show_comes_from_tmdb_if_need_be(self, signed_in, anime, tmdb, play):
        tmdb.add_show(77, "Anime Beyond", seasons={1: ["Far"]})
        shown = send(
            *(signed_in, anime, "seasons"),
            part(plex_season=3, first_episode="", season_number=1, tmdb_id=77),
        )
        assert "Anime Beyond" in shown
        play(scrobble("Anime", 3, 1, title=""))
        assert watched() == ["S01E01"]
        assert anime.season_mappings.get().tvshow.title == "Anime Beyond"

    def test_can_be_removed(self, signed_in, anime):
        send(signed_in, anime, "seasons", part())
        row = anime.season_mappings.get()
        assert "Removed." in send(signed_in, anime, f"seasons/{row.pk}/remove")
        assert not anime.season_mappings.exists()


class TestAnswers:
    def test_are_listed_and_can_be_removed(self, signed_in, mapping):
        answer = mapping.episode_mappings.create(
            item_key="x",
            plex_season=1,
            plex_episode=9,
            episode=episode_of(mapping.tvshow, 1, 5),
        )
        shown = page(signed_in, mapping)
        assert "S01E09 on Plex" in shown
        assert "S01E05 Serenity" in shown

        assert "Forgotten." in send(signed_in, mapping, f"answers/{answer.pk}/remove")

        assert not mapping.episode_mappings.exists()


class TestWho:
    @pytest.mark.parametrize("path", ["order", "orders/read", "seasons", "answers/1/remove"])
    def test_strangers_change_nothing(self, client, anime, path):
        client.force_login(UserFactory())
        assert client.post(f"/plex/mappings/{anime.pk}/{path}/").status_code == 404

    def test_a_plex_show_without_a_show_has_no_numbers(self, signed_in):
        unmapped = PlexShowMapping.objects.create(identity="plex://show/1", plex_title="Nobody's")
        assert "How Plex numbers" not in page(signed_in, unmapped)
        assert signed_in.post(f"/plex/mappings/{unmapped.pk}/order/").status_code == 404


def test_the_page_takes_the_same_queries_however_much_it_shows(signed_in, anime):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(signed_in, anime)
        return len(queries)

    few = part_of(anime, 1) and count()
    for number in range(2, 8):
        part_of(anime, number)
    assert count() == few


def part_of(mapping: PlexShowMapping, number: int) -> object:
    show = TVShow.objects.get(plex_mappings=mapping)
    anchor = episode_of(show, 1, 1)
    mapping.episode_mappings.create(
        item_key=str(number), plex_season=9, plex_episode=number, episode=anchor
    )
    row = EpisodeOrder.objects.create(show=show, tmdb_id=str(number), name="Some", kind=3)
    row.episodes.create(season_number=1, episode_number=1, episode=anchor)
    return mapping.season_mappings.create(
        plex_season=number,
        tvshow=show,
        season_number=1,
        anchor=anchor,
        anchor_number=1,
    )
