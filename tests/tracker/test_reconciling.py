from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tracker.reconciling import OurEpisode, reconcile_episodes
from tracker.tmdb import EpisodeData, SeasonData

DAY, OTHER_DAY = date(2020, 1, 6), date(2020, 1, 13)


def ours(pk, place, tmdb_id=None, *, name="", air_date=None, watched=False):
    return OurEpisode(
        pk=pk, place=place, tmdb_id=tmdb_id, name=name, air_date=air_date, has_watches=watched
    )


def season(number, *episodes):
    return SeasonData(season_number=number, episodes=tuple(episodes))


def theirs(number, tmdb_id=None, *, name="", air_date=None):
    return EpisodeData(episode_number=number, tmdb_id=tmdb_id, name=name, air_date=air_date)


def test_follows_the_id_to_another_place():
    episode = theirs(3, 77)
    plan = reconcile_episodes([ours(1, (1, 1), 77)], [season(2, episode)])
    assert plan.kept == {1: ((2, 3), episode)}
    assert (plan.new, plan.gone, plan.moved_aside) == ([], [], {})


def test_two_that_change_places_are_both_kept():
    rows = [ours(1, (1, 1), 71), ours(2, (1, 2), 72)]
    plan = reconcile_episodes(rows, [season(1, theirs(1, 72), theirs(2, 71))])
    assert {pk: place for pk, (place, _) in plan.kept.items()} == {1: (1, 2), 2: (1, 1)}


def test_matches_by_number_where_an_id_is_missing():
    for ours_id, their_id in ((None, 5), (5, None), (None, None)):
        plan = reconcile_episodes([ours(1, (1, 1), ours_id)], [season(1, theirs(1, their_id))])
        assert list(plan.kept) == [1]


def test_an_entry_made_anew_is_known_by_name_or_date():
    rows = [ours(1, (1, 1), 5, name="Pilot"), ours(2, (1, 2), 6, air_date=DAY)]
    anew = [theirs(1, 15, name="PILOT", air_date=DAY), theirs(2, 16, name="Two", air_date=DAY)]
    assert list(reconcile_episodes(rows, [season(1, *anew)]).kept) == [1, 2]


def test_another_episode_in_the_place_takes_no_watches_over():
    row = ours(1, (1, 1), 5, name="Pilot", air_date=DAY, watched=True)
    other = theirs(1, 15, name="New first", air_date=OTHER_DAY)
    plan = reconcile_episodes([row], [season(1, other, theirs(2, 16))])
    assert plan.kept == {}
    assert plan.moved_aside == {1: (1, 3)}
    assert [place for place, _ in plan.new] == [(1, 1), (1, 2)]


def test_lets_go_only_what_nobody_watched():
    rows = [ours(1, (1, 1), 5, watched=True), ours(2, (1, 2), 6)]
    plan = reconcile_episodes(rows, [])
    assert (plan.gone, plan.moved_aside, plan.kept) == ([2], {}, {})


def test_believes_an_id_and_a_place_only_once():
    plan = reconcile_episodes([], [season(1, theirs(1, 5), theirs(2, 5), theirs(1, 6))])
    assert [(place, episode.tmdb_id) for place, episode in plan.new] == [
        ((1, 1), 5),
        ((1, 2), None),
    ]


places = st.tuples(st.integers(0, 2), st.integers(1, 4))
ids = st.none() | st.integers(1, 8)
names = st.sampled_from(["", "A", "B"])
dates = st.sampled_from([None, DAY, OTHER_DAY])


@st.composite
def our_rows(draw):
    chosen = draw(st.lists(places, unique=True, max_size=8))
    taken: set[int] = set()
    rows = []
    for pk, place in enumerate(chosen, start=1):
        tmdb_id = draw(ids)
        tmdb_id = None if tmdb_id in taken else tmdb_id
        taken.add(tmdb_id or 0)
        rows.append(
            ours(
                pk,
                place,
                tmdb_id,
                name=draw(names),
                air_date=draw(dates),
                watched=draw(st.booleans()),
            )
        )
    return rows


their_seasons = st.lists(
    st.builds(
        lambda number, episodes: season(number, *episodes),
        st.integers(0, 2),
        st.lists(st.builds(theirs, st.integers(1, 4), ids, name=names, air_date=dates), max_size=5),
    ),
    max_size=4,
)


@given(our_rows(), their_seasons)
def test_every_outcome_can_be_written_and_keeps_every_watch(rows, seasons):
    plan = reconcile_episodes(rows, seasons)
    by_pk = {row.pk: row for row in rows}
    assert not any(by_pk[pk].has_watches for pk in plan.gone)
    assert not set(plan.gone) & (plan.kept.keys() | plan.moved_aside.keys())
    # Every place that TMDB names is filled once, and no two rows end in one place.
    final = {pk: place for pk, (place, _) in plan.kept.items()} | plan.moved_aside
    standing = {row.pk: final.get(row.pk, row.place) for row in rows if row.pk not in plan.gone}
    ends = [*standing.values(), *(place for place, _ in plan.new)]
    assert len(ends) == len(set(ends))
    wanted = {(s.season_number, e.episode_number) for s in seasons for e in s.episodes}
    assert wanted <= set(ends)
    # No id ends up twice.
    data = {pk: episode.tmdb_id for pk, (_, episode) in plan.kept.items()}
    kept_ids = [data.get(pk, by_pk[pk].tmdb_id) for pk in standing]
    all_ids = [i for i in [*kept_ids, *(e.tmdb_id for _, e in plan.new)] if i is not None]
    assert len(all_ids) == len(set(all_ids))
    # An id that both have decides.
    for row in rows:
        if row.tmdb_id is not None and row.tmdb_id in data.values():
            assert data.get(row.pk) == row.tmdb_id


def test_told_what_is_the_same_nothing_else_is_compared():
    rows = [
        ours(1, (1, 1), watched=True),
        ours(2, (1, 2), name="Two", watched=True),
        ours(3, (1, 3), name="Three"),
    ]
    data = [season(1, theirs(1, 71), theirs(2, 72, name="Three"), theirs(3, 73))]
    plan = reconcile_episodes(rows, data, same={1: (1, 2)})
    assert {pk: place for pk, (place, _) in plan.kept.items()} == {1: (1, 2)}
    assert [place for place, _ in plan.new] == [(1, 1), (1, 3)]
    assert plan.moved_aside == {2: (1, 4)}
    assert plan.gone == [3]


def test_a_watched_episode_that_is_none_of_theirs_makes_room():
    rows = [ours(1, (1, 1), watched=True)]
    plan = reconcile_episodes(rows, [season(1, theirs(1, 71), theirs(2, 72))], same={})
    assert plan.moved_aside == {1: (1, 3)}
    assert len(plan.new) == 2
