from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.guid import (
    EpisodeIds,
    ParsedGuid,
    ShowIds,
    episode_identity,
    guid_list_numbers,
    guid_text,
    parse_guid,
    parse_guid_list,
    show_identity,
)

SHOW = "5d9c081b170a24001f2a7be4"
UUID = "3f1c9a7e5b2d48608c1e7f90ab34cd56ef781234"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


class TestParseGuid:
    @pytest.mark.parametrize(
        ("text", "kind", "value"),
        [
            (f"plex://show/{SHOW}", "show", f"show/{SHOW}"),
            (f"PLEX://Episode/{SHOW.upper()}", "episode", f"episode/{SHOW}"),
            (f" plex://season/{SHOW} ", "season", f"season/{SHOW}"),
            (f"plex://movie/{SHOW}", "", f"movie/{SHOW}"),
        ],
    )
    def test_reads_plex_guids_which_are_global_and_hold_no_other_id(self, text, kind, value):
        parsed = parse_guid(text)
        assert (parsed.scheme, parsed.kind, parsed.value) == ("plex", kind, value)
        assert parsed.is_global
        assert not parsed.show_ids

    @pytest.mark.parametrize(
        ("text", "kind", "ids", "numbers"),
        [
            (
                "com.plexapp.agents.thetvdb://76156/1/18?lang=en",
                "episode",
                ShowIds(tvdb=76156),
                (1, 18),
            ),
            (
                "com.plexapp.agents.thetvdb://76156/1?lang=de",
                "season",
                ShowIds(tvdb=76156),
                (1, None),
            ),
            (
                "COM.PLEXAPP.AGENTS.THETVDB://76156?lang=de",
                "show",
                ShowIds(tvdb=76156),
                (None, None),
            ),
            (
                "com.plexapp.agents.thetvdb://71256/2019/2019-07-22",
                "episode",
                ShowIds(tvdb=71256),
                (2019, None),
            ),
            (
                "com.plexapp.agents.thetvdb://71256/2019-07-22",
                "episode",
                ShowIds(tvdb=71256),
                (None, None),
            ),
            (
                "com.plexapp.agents.themoviedb://1399/0/3?lang=en",
                "episode",
                ShowIds(tmdb=1399),
                (0, 3),
            ),
            ("com.plexapp.agents.themoviedb://1399", "", ShowIds(tmdb=1399), (None, None)),
            (
                "com.plexapp.agents.imdb://tt0903747/5/14",
                "episode",
                ShowIds(imdb="tt0903747"),
                (5, 14),
            ),
            ("com.plexapp.agents.imdb://TT4731136", "", ShowIds(imdb="tt4731136"), (None, None)),
            (
                "com.plexapp.agents.mcm://MCM_TV_A_73739/1/2",
                "episode",
                ShowIds(tvdb=73739),
                (1, 2),
            ),
            ("tvdb://429874/1/1", "episode", ShowIds(tvdb=429874), (1, 1)),
        ],
    )
    def test_reads_the_shows_id_and_the_numbers(self, text, kind, ids, numbers):
        parsed = parse_guid(text)
        assert parsed.is_global
        assert (parsed.kind, parsed.show_ids) == (kind, ids)
        assert (parsed.season_number, parsed.episode_number) == numbers

    @pytest.mark.parametrize(
        ("mode", "ids", "is_absolute"),
        [
            ("anidb-12345", ShowIds(), False),
            ("anidb4-12345", ShowIds(), False),
            ("tvdb-81797", ShowIds(tvdb=81797), False),
            ("tvdb2-81797", ShowIds(tvdb=81797), False),
            ("tvdb3-81797", ShowIds(tvdb=81797), True),
            ("tvdb4-81797", ShowIds(tvdb=81797), True),
            ("TVDB4-81797-s2e5", ShowIds(tvdb=81797), True),
            ("tvdb6-81797", ShowIds(tvdb=81797), False),
            ("tsdb-37854", ShowIds(tmdb=37854), False),
            ("tmdb-37854", ShowIds(), False),  # TMDB's film part
            ("imdb-tt0388629", ShowIds(imdb="tt0388629"), False),
            ("imdb-388629", ShowIds(imdb="tt0388629"), False),
        ],
    )
    def test_reads_the_modes_of_the_anime_agent(self, mode, ids, is_absolute):
        parsed = parse_guid(f"com.plexapp.agents.hama://{mode}/22/70?lang=en")
        assert (parsed.show_ids, parsed.is_absolute) == (ids, is_absolute)
        assert (parsed.season_number, parsed.episode_number) == (22, 70)
        assert parsed.is_global

    def test_takes_specials_of_the_anime_agent_as_not_absolute(self):
        assert not parse_guid("com.plexapp.agents.hama://tvdb4-81797/0/3").is_absolute

    @pytest.mark.parametrize(
        "text",
        [
            "local://567283",
            "com.plexapp.agents.none://569747/2026/41103?lang=xn",
            "tv.plex.agents.none://20444",
            "tv.plex.agents.custom.metacache.tv://show/tmdb-show-15260",
            "tv.plex.agents.nfo.series://episode/63161",
            "com.plexapp.agents.xbmcnfotv://81189/1/1",  # an id of which nobody knows the source
            "com.plexapp.agents.shoko://12/1/1",
            "com.plexapp.agents.youtube://youtube|UCab|Some/2019/2019-07-22?lang=xn",
            "iva://api.internetvideoarchive.com/2.0/DataService/VideoAssets(123456)",
            "file:///media/a.mkv",
            "tv.plex.xmltv://episode/EP01",
            "com.plexapp.agents.thetvdb://0/1/1",
            "com.plexapp.agents.thetvdb://",
            "com.plexapp.agents.imdb://tt0000000",
            "com.plexapp.agents.hama://tvdb-0/1/1",
            "com.plexapp.agents.hama://other-5/1/1",
            "com.plexapp.agents.thetvdb://99999999999/1/1",
            "plex://show/",
            "tmdb://0",
            "eidr://10.5240/AAAA",
        ],
    )
    def test_takes_no_id_from_guids_that_mean_something_on_one_server_only(self, text):
        parsed = parse_guid(text)
        assert not parsed.is_global
        assert not parsed.show_ids

    def test_reads_the_numbers_of_guids_without_an_id(self):
        parsed = parse_guid("com.plexapp.agents.none://569747/2026/41103?lang=xn")
        assert (parsed.kind, parsed.season_number, parsed.episode_number) == (
            "episode",
            2026,
            41103,
        )

    def test_reads_the_level_of_custom_guids(self):
        assert parse_guid("tv.plex.agents.custom.fankai://episode/a_1-b").kind == "episode"

    def test_never_takes_a_bare_id_for_a_shows(self):
        for text in ("tmdb://65154", "tvdb://4652137", "imdb://tt2301451"):
            assert parse_guid(text).show_ids == ShowIds()

    @pytest.mark.parametrize(
        "value", [None, 5, True, "", "  ", "://", "plex", [], {}, [None], "é://1"]
    )
    def test_gives_an_empty_guid_for_what_is_none(self, value):
        assert parse_guid(value) == ParsedGuid()

    @given(json_values)
    def test_never_raises(self, value):
        assert isinstance(parse_guid(value), ParsedGuid)

    @given(st.text())
    def test_never_raises_for_any_value_of_a_known_scheme(self, value):
        for scheme in ("plex", "tvdb", "com.plexapp.agents.thetvdb", "com.plexapp.agents.hama"):
            assert parse_guid(f"{scheme}://{value}").scheme in {scheme, ""}


class TestGuidText:
    def test_takes_the_items_guid_out_of_a_list(self):
        listed = [{"id": "tvdb://5"}, {"id": f"plex://episode/{SHOW}"}, {"id": "local://7"}]
        assert guid_text(listed) == f"plex://episode/{SHOW}"

    def test_finds_none_in_a_list_of_outside_ids(self):
        assert guid_text([{"id": "tvdb://5"}, {"id": "imdb://tt2301451"}]) == ""


class TestParseGuidList:
    @pytest.mark.parametrize(
        ("items", "episode_ids", "show_ids"),
        [
            (
                [{"id": "imdb://tt2301451"}, {"id": "tmdb://62161"}, {"id": "tvdb://4639461"}],
                EpisodeIds(tmdb=62161, tvdb=4639461, imdb="tt2301451"),
                ShowIds(),
            ),
            ([{"id": "tmdb://1328862"}], EpisodeIds(tmdb=1328862), ShowIds()),
            (["TVDB://5228295?lang=en"], EpisodeIds(tvdb=5228295), ShowIds()),
            ({"id": "tvdb://5228295"}, EpisodeIds(tvdb=5228295), ShowIds()),
            (
                [{"Scheme": "tvdb", "Host": "5228295", "Path": ""}],
                EpisodeIds(tvdb=5228295),
                ShowIds(),
            ),
            (
                [{"Scheme": "tvdb", "Host": "429874", "Path": "/1/1"}],
                EpisodeIds(),
                ShowIds(tvdb=429874),
            ),
            (
                [{"id": "tvdb://9565927"}, {"id": "tvdb://429874/1/1"}],
                EpisodeIds(tvdb=9565927),
                ShowIds(tvdb=429874),
            ),
            # A bare id that equals the show's is the show's.
            (
                [{"id": "tvdb://429874"}, {"id": "tvdb://429874/1/1"}],
                EpisodeIds(),
                ShowIds(tvdb=429874),
            ),
            # Twice the same is one, two different contradict each other.
            ([{"id": "tmdb://7"}, {"id": "tmdb://7"}], EpisodeIds(tmdb=7), ShowIds()),
            ([{"id": "tmdb://7"}, {"id": "tmdb://8"}], EpisodeIds(), ShowIds()),
            (
                [{"id": "tmdb://0"}, {"id": "tvdb://0"}, {"id": "imdb://tt0000000"}],
                EpisodeIds(),
                ShowIds(),
            ),
            (
                [{"id": "eidr://10.5240/A"}, {"id": "mbid://x"}, {"id": 5}, None, 3, "", {}],
                EpisodeIds(),
                ShowIds(),
            ),
            ([{"id": "tv.plex.agents.none://20444"}], EpisodeIds(), ShowIds()),
            (None, EpisodeIds(), ShowIds()),
            ("nonsense", EpisodeIds(), ShowIds()),
        ],
    )
    def test_tells_episode_ids_and_show_ids_apart(self, items, episode_ids, show_ids):
        assert parse_guid_list(items) == (episode_ids, show_ids)

    def test_gives_ids_that_are_false_when_empty(self):
        episode_ids, show_ids = parse_guid_list([])
        assert not episode_ids
        assert not show_ids
        assert EpisodeIds(imdb="tt2301451")
        assert ShowIds(tmdb=1396)

    def test_never_holds_a_shows_and_an_episodes_ids_equal(self):
        of_an_episode: object = EpisodeIds(tmdb=5)
        assert of_an_episode != ShowIds(tmdb=5)

    @given(json_values)
    def test_never_raises(self, items):
        parse_guid_list(items)
        guid_list_numbers(items)

    @pytest.mark.parametrize(
        ("items", "numbers"),
        [
            ([{"id": "tvdb://9565927"}, {"id": "tvdb://429874/1/2"}], (1, 2)),
            ([{"id": "tvdb://429874/1/2"}, {"id": "tvdb://429874/2/1"}], None),
            ([{"id": "tvdb://429874/1"}], None),
            ([{"id": "tvdb://9565927"}], None),
        ],
    )
    def test_reads_the_numbers_where_they_agree(self, items, numbers):
        assert guid_list_numbers(items) == numbers


def identity(**given_texts: str) -> str:
    texts = {
        "server_uuid": UUID,
        "show_guid": "",
        "episode_guid": "",
        "show_rating_key": "",
        "show_title": "",
    }
    return show_identity(**(texts | given_texts))


class TestShowIdentity:
    @pytest.mark.parametrize(
        ("texts", "expected"),
        [
            ({"show_guid": f"plex://show/{SHOW}"}, f"plex://show/{SHOW}"),
            ({"show_guid": f"PLEX://show/{SHOW.upper()}?lang=en"}, f"plex://show/{SHOW}"),
            (
                {"show_guid": "com.plexapp.agents.thetvdb://76156?lang=de"},
                "com.plexapp.agents.thetvdb://76156",
            ),
            (
                {"episode_guid": "com.plexapp.agents.thetvdb://76156/1/18?lang=en"},
                "com.plexapp.agents.thetvdb://76156",
            ),
            (
                {
                    "show_guid": f"plex://show/{SHOW}",
                    "episode_guid": "com.plexapp.agents.thetvdb://76156/1/18",
                },
                f"plex://show/{SHOW}",
            ),
            (
                {"episode_guid": "com.plexapp.agents.hama://tvdb4-81797/20/1000"},
                "com.plexapp.agents.hama://tvdb4-81797",
            ),
            (
                {"show_guid": "com.plexapp.agents.hama://tvdb-81797"},
                "com.plexapp.agents.hama://tvdb-81797",
            ),
            (
                {"show_guid": "local://5", "show_rating_key": "4400"},
                f"server:{UUID}:4400",
            ),
            # A guid of the wrong level names no show.
            (
                {"show_guid": f"plex://season/{SHOW}", "show_rating_key": "4400"},
                f"server:{UUID}:4400",
            ),
            (
                {"episode_guid": f"plex://episode/{SHOW}", "show_rating_key": "4400"},
                f"server:{UUID}:4400",
            ),
            # Without numbers behind it this may be a film, or the show: not said.
            (
                {"episode_guid": "com.plexapp.agents.themoviedb://603", "show_rating_key": "9"},
                f"server:{UUID}:9",
            ),
            ({"show_title": "  The  Office "}, f"server:{UUID}:title:the office"),
            ({"server_uuid": "", "show_guid": f"plex://show/{SHOW}"}, f"plex://show/{SHOW}"),
            ({"server_uuid": "", "show_rating_key": "4400", "show_title": "The Office"}, ""),
            ({"server_uuid": UUID}, ""),
            ({"server_uuid": "", "show_title": ""}, ""),
        ],
    )
    def test_names_a_show(self, texts, expected):
        assert identity(**texts) == expected

    def test_tells_a_key_from_a_title_that_looks_like_one(self):
        assert identity(show_rating_key="title:x") != identity(show_title="x")
        assert identity(server_uuid="a:b", show_rating_key="c") != identity(
            server_uuid="a", show_rating_key="b:c"
        )

    def test_tells_the_same_key_on_two_servers_apart(self):
        assert identity(show_rating_key="1") != identity(server_uuid="b", show_rating_key="1")

    def test_fits_its_column_and_stays_unique(self):
        one, other = identity(show_title="a" * 900), identity(show_title="a" * 901)
        assert len(one) == len(other) == 255
        assert one != other

    @given(st.text(), st.text(), st.text(), st.text(), st.text())
    def test_never_raises_and_always_fits(self, server, show, episode, key, title):
        name = show_identity(
            server_uuid=server,
            show_guid=show,
            episode_guid=episode,
            show_rating_key=key,
            show_title=title,
        )
        assert len(name) <= 255


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"plex://episode/{SHOW.upper()}", f"plex://episode/{SHOW}"),
        (
            "com.plexapp.agents.thetvdb://76156/1/18?lang=en",
            "com.plexapp.agents.thetvdb://76156/1/18",
        ),
        # The show's guid on an episode would make all its episodes one.
        ("com.plexapp.agents.thetvdb://76156", ""),
        (f"plex://show/{SHOW}", ""),
        ("tvdb://9565927", ""),
        ("local://567283", ""),
        ("com.plexapp.agents.none://569747/2026/41103", ""),
    ],
)
def test_names_an_episode_only_by_a_global_guid_of_its_own(text, expected):
    assert episode_identity(parse_guid(text)) == expected
