from __future__ import annotations

import json
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plex.guid import EpisodeIds, ShowIds
from plex.payload import (
    MAX_DEPTH,
    EventSummary,
    NewShow,
    NotAPlayback,
    PayloadError,
    Playback,
    parse_payload,
    played_at,
    read_json,
    summarise,
    trim,
)
from tests.plex.payloads import NAMES, load, raw

HOME = "3f1c9a7e5b2d48608c1e7f90ab34cd56ef781234"
LATER = datetime(2025, 10, 9, 8, 53, 22, tzinfo=UTC)  # two seconds after `lastViewedAt`

# Keys that Plex uses, so that the random messages get past the first checks.
known_keys = st.sampled_from(
    [
        *("event", "user", "owner", "Account", "Server", "Player", "Metadata", "id", "title"),
        *("uuid", "type", "guid", "Guid", "grandparentGuid", "grandparentTitle", "ratingKey"),
        *("grandparentRatingKey", "index", "parentIndex", "year", "lastViewedAt", "duration"),
        *("originallyAvailableAt", "live", "extraType", "subtype", "viewCount", "parentGuid"),
    ]
)
known_texts = st.sampled_from(
    [
        *("media.scrobble", "library.new", "episode", "show", "season", "2019-07-22", "1"),
        *("plex://episode/5d9c1308ffd9ef001e9c3f5b", "tvdb://429874/1/1", "A / B", "Lost (2004)"),
        *("com.plexapp.agents.hama://tvdb4-81797/20/1000", "9999-99-99", "0", "-1"),
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | known_texts,
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(known_keys | st.text(max_size=5), children, max_size=8)
    ),
    max_leaves=30,
)
json_objects = st.dictionaries(known_keys | st.text(max_size=5), json_values, max_size=10)
scrobbles = st.builds(
    lambda metadata, more: {
        "event": "media.scrobble",
        "Server": {"uuid": HOME},
        **more,
        "Metadata": {"type": "episode", **metadata},
    },
    json_objects,
    st.dictionaries(st.sampled_from(["user", "owner", "Account", "Player"]), json_values),
)


def playback(name: str) -> Playback:
    parsed = parse_payload(load(name))
    assert isinstance(parsed, Playback)
    return parsed


def with_metadata(**changes: object) -> dict[str, object]:
    payload = load("normal")
    payload["Metadata"].update(changes)
    return payload


class TestReadJson:
    def test_reads_what_plex_sends(self):
        assert read_json(raw("cjk_titles"))["Metadata"]["title"] == "即使如此"

    def test_reads_text_and_a_byte_order_mark(self):
        assert read_json('{"event": "x"}') == {"event": "x"}
        assert read_json(b'\xef\xbb\xbf{"event": "x"}') == {"event": "x"}

    def test_replaces_invalid_utf_8(self):
        assert read_json(b'{"event": "\xff"}') == {"event": "\ufffd"}

    @pytest.mark.parametrize(
        "body",
        [
            b'{"a\\u0000b": "c\\u0000d\\ud800e"}',
            b'{"a\x00b": "c\x00de"}',
            '{"ab\ud800": "cde"}',
        ],
    )
    def test_strips_what_a_database_refuses(self, body):
        assert read_json(body) == {"ab": "cde"}

    def test_keeps_escaped_emoji(self):
        assert read_json(b'{"title": "\\ud83d\\udc1f"}') == {"title": "🐟"}

    def test_strips_within_lists_and_keeps_other_values(self):
        assert read_json(b'{"a": ["\\u0000x", 1, null, {"b": true}]}') == {
            "a": ["x", 1, None, {"b": True}]
        }

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            (b"", "The payload is empty."),
            (b" \n", "The payload is empty."),
            (b'{"event": "media.scr', "The payload ends in the middle: it was cut on its way."),
            (b'{"event": 1,', "The payload ends in the middle: it was cut on its way."),
            (b"event=media.scrobble", "The payload is not JSON."),
            (b"null", "The payload is JSON, but not an object."),
            (b"[]", "The payload is JSON, but not an object."),
            (b'"x"', "The payload is JSON, but not an object."),
            (b"3", "The payload is JSON, but not an object."),
            (b'{"a": NaN}', "The payload holds a value that is no number (NaN or Infinity)."),
            (b'{"a": -Infinity}', "The payload holds a value that is no number (NaN or Infinity)."),
            (b'{"a": 1e999}', "The payload holds a number that is too large."),
            (b'{"a": ' + b"9" * 5000 + b"}", "The payload holds a number that is too large."),
            (b'{"a": 9223372036854775808}', "The payload holds a number that is too large."),
            (b'{"a": -9223372036854775809}', "The payload holds a number that is too large."),
            (
                b'{"a":' * 100_000,
                "The payload is nested more than 64 levels deep.",
            ),
            (
                b'{"a":' * 65 + b"1" + b"}" * 65,
                "The payload is nested more than 64 levels deep.",
            ),
            (
                b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
                "The payload is nested more than 64 levels deep.",
            ),
        ],
    )
    def test_refuses_in_one_sentence(self, body, sentence):
        with pytest.raises(PayloadError) as refused:
            read_json(body)
        assert str(refused.value) == sentence

    def test_reads_down_to_the_limit(self):
        assert read_json(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)
        assert read_json(b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}")

    def test_does_not_take_many_brackets_for_deep_ones(self):
        assert len(read_json(b'{"a": [' + b"{}," * 500 + b"{}]}")["a"]) == 501

    def test_reads_the_largest_numbers(self):
        assert read_json(b'{"a": 9223372036854775807, "b": -9223372036854775808}') == {
            "a": 2**63 - 1,
            "b": -(2**63),
        }

    @given(st.binary() | st.text())
    def test_gives_an_object_or_a_sentence(self, body):
        try:
            payload = read_json(body)
        except PayloadError:
            return
        assert isinstance(payload, dict)

    @given(json_objects)
    def test_gives_what_every_database_stores(self, payload):
        try:
            clean = read_json(json.dumps(payload))
        except PayloadError:
            return
        stored = json.dumps(clean, ensure_ascii=False, allow_nan=False)
        stored.encode("utf-8")
        assert "\x00" not in stored
        assert "\\u0000" not in json.dumps(clean)


class TestTrim:
    @pytest.mark.parametrize("name", NAMES)
    def test_changes_nothing_for_the_parser(self, name):
        assert parse_payload(trim(load(name))) == parse_payload(load(name))
        assert summarise(trim(load(name))) == summarise(load(name))

    @given(scrobbles)
    @example(with_metadata(grandparentGuid=["com.plexapp.agents.hama://tvdb-8"]))
    @example(with_metadata(parentGuid=[{"id": "plex://season/1"}], type="season"))
    def test_changes_nothing_for_the_parser_in_any_scrobble(self, payload):
        trimmed, parsed = parse_payload(trim(payload)), parse_payload(payload)
        assert isinstance(parsed, NotAPlayback) == isinstance(trimmed, NotAPlayback)
        assert isinstance(parsed, NotAPlayback) or trimmed == parsed

    @pytest.mark.parametrize("name", NAMES)
    def test_drops_bulk_and_private_data(self, name):
        kept = json.dumps(trim(load(name)))
        for word in (
            *("203.0.113.24", "2001:db8", "192.0.2.15", "ublicAddress", "avatar", "thumb", '"art"'),
            *("summary", "Role", "Image", "Director", "UltraBlurColors", '"Rating"', "Media"),
        ):
            assert word not in kept

    def test_keeps_what_explains_an_event(self):
        payload = load("normal")
        kept = trim(payload)
        assert kept["Account"] == {"id": 1, "title": "mira"}
        assert kept["Server"] == payload["Server"]
        assert kept["Player"] == {"title": "Living Room TV"}
        for key in ("title", "grandparentTitle", "index", "parentIndex", "year", "viewCount"):
            assert kept["Metadata"][key] == payload["Metadata"][key]
        assert kept["Metadata"]["Guid"] == payload["Metadata"]["Guid"]

    def test_leaves_its_argument_alone(self):
        payload = load("normal")
        trim(payload)
        assert payload == load("normal")

    def test_keeps_the_marks_of_other_senders_but_not_their_secrets(self):
        kept = trim({"NotificationType": "PlaybackStop", "ip_address": "192.0.2.1", "api_key": "k"})
        assert kept == {"NotificationType": "PlaybackStop"}

    def test_never_drops_the_event(self):
        assert trim({f"x{n}": n for n in range(90)} | {"event": "media.play"})["event"]

    def test_cuts_endless_texts(self):
        assert (
            len(json.dumps(trim(with_metadata(title="x" * 10**6, Guid=["y" * 5000] * 999))))
            < 200_000
        )

    @given(json_objects)
    def test_never_raises(self, payload):
        assert isinstance(trim(payload), dict)


class TestSummarise:
    def test_reads_the_columns_of_an_episode(self):
        assert summarise(load("normal")) == EventSummary(
            event="media.scrobble",
            account_id="1",
            account_title="mira",
            is_user=True,
            is_owner=True,
            server_uuid=HOME,
            server_title="Attic",
            show_rating_key="18400",
            show_title="Breaking Bad",
            season_number=5,
            episode_number=14,
            item_key="plex://episode/5d9c1308ffd9ef001e9c3f5b",
            is_scrobble=True,
        )

    @pytest.mark.parametrize(
        ("name", "columns"),
        [
            ("local_guid_plex_parents", {"item_key": "567283"}),
            ("guid_list", {"item_key": "4512"}),
            (
                "legacy_thetvdb_mismatch",
                {"item_key": "com.plexapp.agents.thetvdb://76156/1/18", "episode_number": 1},
            ),
            ("no_agent_date_show", {"season_number": 2026, "episode_number": 41103}),
            ("wrong_types", {"account_id": "1", "account_title": "4711", "is_user": True}),
            ("wrong_types", {"is_owner": False, "show_rating_key": "5499", "season_number": 1}),
            ("movie", {"show_title": "Interstellar", "show_rating_key": "", "item_key": "19000"}),
            ("library_new_show", {"show_title": "Bluey", "show_rating_key": "88100"}),
            ("library_new_show", {"season_number": None, "episode_number": None}),
            ("library_new_season", {"show_rating_key": "88100", "season_number": 3}),
            ("admin_backup_without_metadata", {"item_key": "", "show_title": ""}),
            ("other_user", {"is_user": False, "is_owner": True, "account_id": "19084402"}),
            ("account_without_id", {"account_id": "", "account_title": "mira"}),
            ("tautulli", {"is_user": False, "account_id": ""}),
        ],
    )
    def test_reads_what_is_there(self, name, columns):
        summary = summarise(load(name))
        assert {key: getattr(summary, key) for key in columns} == columns

    @given(json_objects)
    def test_fits_its_columns(self, payload):
        limits = {"event": 64, "account_id": 64, "show_title": 500}
        summary = summarise(payload)
        for field in dataclass_fields(summary):
            value = getattr(summary, field.name)
            if isinstance(value, str):
                assert len(value) <= limits.get(field.name, 255)
                assert "\x00" not in value
                value.encode("utf-8")
        for number in (summary.season_number, summary.episode_number):
            assert number is None or 0 <= number < 2**31

    def test_cuts_texts_to_fit(self):
        payload = with_metadata(grandparentTitle="x" * 900, grandparentRatingKey="9" * 900)
        payload["event"] = "e" * 900
        summary = summarise(payload)
        assert [len(t) for t in (summary.event, summary.show_title, summary.show_rating_key)] == [
            *(64, 500, 255)
        ]


class TestPlayback:
    def test_reads_everything_of_a_normal_scrobble(self):
        play = playback("normal")
        assert (play.event, play.account_id, play.account_title) == ("media.scrobble", "1", "mira")
        assert (play.is_user, play.is_owner) == (True, True)
        assert (play.server_uuid, play.server_title) == (HOME, "Attic")
        assert (play.rating_key, play.title) == ("18451", "Ozymandias")
        assert (play.season_number, play.episode_number) == (5, 14)
        assert play.episode_ids == EpisodeIds(tmdb=62161, tvdb=4639461, imdb="tt2301451")
        assert play.air_date == date(2013, 9, 15)
        assert (play.duration_seconds, play.view_count) == (2820, 1)
        assert play.last_viewed_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
        assert play.library_section == "TV Shows"
        assert play.show.title == "Breaking Bad"
        assert play.show.identity == play.show.guid == "plex://show/5d9c081b170a24001f2a7be4"
        assert play.show.rating_key == "18400"

    @pytest.mark.parametrize(
        "name", ["normal", "tmdb_only", "colliding_tmdb_id", "imdb_and_tvdb", "reserialised_go"]
    )
    def test_never_takes_an_episodes_ids_for_the_shows(self, name):
        play = playback(name)
        assert play.episode_ids
        assert play.show.ids == ShowIds()

    @pytest.mark.parametrize(
        ("name", "year", "episode_year"),
        [
            ("episode_year", None, 2019),
            ("year_in_title", 2017, 2017),
            ("local_guid_plex_parents", None, 2024),  # from the air date
            ("hama_tvdb", None, None),
        ],
    )
    def test_never_takes_an_episodes_year_for_the_shows(self, name, year, episode_year):
        play = playback(name)
        assert (play.show.year, play.episode_year) == (year, episode_year)

    @pytest.mark.parametrize(
        ("name", "identity", "ids"),
        [
            ("legacy_thetvdb", "com.plexapp.agents.thetvdb://383203", ShowIds(tvdb=383203)),
            ("legacy_thetvdb_mismatch", "com.plexapp.agents.thetvdb://76156", ShowIds(tvdb=76156)),
            ("legacy_themoviedb", "com.plexapp.agents.themoviedb://1399", ShowIds(tmdb=1399)),
            ("hama_tvdb", "com.plexapp.agents.hama://tvdb-81797", ShowIds(tvdb=81797)),
            ("hama_absolute", "com.plexapp.agents.hama://tvdb4-81797", ShowIds(tvdb=81797)),
            ("hama_anidb", "com.plexapp.agents.hama://anidb-12345", ShowIds()),
            ("mixed_guid_levels", f"server:{HOME}:6399", ShowIds(tvdb=429874)),
            ("guid_list", f"server:{HOME}:4400", ShowIds()),
            ("no_agent_date_show", f"server:{HOME}:569747", ShowIds()),
            ("local_guid_plex_parents", "plex://show/5d9c088a7e9a3c0020c5a4c4", ShowIds()),
        ],
    )
    def test_tells_which_show_it_is(self, name, identity, ids):
        assert (playback(name).show.identity, playback(name).show.ids) == (identity, ids)

    @pytest.mark.parametrize(
        ("name", "numbers", "guid_numbers", "is_absolute"),
        [
            ("legacy_thetvdb_mismatch", (1, 1), (1, 18), False),
            ("hama_absolute", (20, 1000), (20, 1000), True),
            ("hama_tvdb", (22, 70), (22, 70), False),
            ("mixed_guid_levels", (1, 1), (1, 1), False),
            ("year_season", (2011, 8), (None, None), False),
            ("special", (0, 3), (None, None), False),
            ("skip_parent", (5, 14), (None, None), False),
        ],
    )
    def test_reads_both_numberings(self, name, numbers, guid_numbers, is_absolute):
        play = playback(name)
        assert (play.season_number, play.episode_number) == numbers
        assert (play.guid_season_number, play.guid_episode_number) == guid_numbers
        assert play.is_absolute is is_absolute

    def test_leaves_out_show_ids_that_contradict_each_other(self):
        payload = load("mixed_guid_levels")
        payload["Metadata"]["grandparentGuid"] = "com.plexapp.agents.thetvdb://76156"
        parsed = parse_payload(payload)
        assert isinstance(parsed, Playback)
        assert parsed.show.ids == ShowIds()

    def test_reads_fields_of_wrong_types(self):
        play = playback("wrong_types")
        assert (play.rating_key, play.season_number, play.episode_number) == ("5501", 1, 1)
        assert (play.is_user, play.is_owner) == (True, False)
        assert (play.view_count, play.duration_seconds, play.episode_year) == (1, 2580, 2018)
        assert play.last_viewed_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
        assert play.episode_ids == EpisodeIds(tmdb=1607364)

    def test_reads_go_shapes(self):
        play = playback("reserialised_go")
        assert play.episode_ids == EpisodeIds(tvdb=5228295)
        assert play.air_date == date(1994, 9, 3)
        assert play.last_viewed_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)

    def test_reads_outside_ids_in_guid_where_it_is_a_list(self):
        play = playback("guid_list")
        assert play.episode_ids == EpisodeIds(tmdb=4867143, tvdb=10180041, imdb="tt30250641")
        assert (play.guid, play.item_key) == ("", "4512")

    def test_does_without_what_is_missing(self):
        play = playback("without_duration")
        assert (play.duration_seconds, play.view_count, play.last_viewed_at) == (None, None, None)
        assert playback("account_without_id").account_id == ""
        assert playback("empty_server_title").server_title == ""

    def test_keeps_titles_of_any_script(self):
        assert playback("cjk_titles").title == "即使如此"
        assert playback("cjk_titles").original_title == "それでも。"
        assert playback("imdb_only").title == '"Monster Slayer"'

    @pytest.mark.parametrize(
        ("title", "parts"),
        [
            ("A / B", ("A", "B")),
            ("One / Two / Three", ("One", "Two", "Three")),
            ("Either/Or", ()),
            ("Half / ", ()),
            ("Plain", ()),
            ("1 / 2 / 3 / 4 / 5", ()),
        ],
    )
    def test_sees_titles_that_join_two_episodes(self, title, parts):
        parsed = parse_payload(with_metadata(title=title))
        assert isinstance(parsed, Playback)
        assert parsed.joined_titles == parts

    @pytest.mark.parametrize(
        "value",
        [10**18, -5, 0, 1760000000000, 1.5, True, "soon", "", None, [1], "2025-10-09T08:53:20"],
    )
    def test_takes_no_impossible_time(self, value):
        parsed = parse_payload(with_metadata(lastViewedAt=value))
        assert isinstance(parsed, Playback)
        assert parsed.last_viewed_at is None

    @pytest.mark.parametrize("value", ["2013-13-45", "soon", 20130915, None, "", "0000-00-00"])
    def test_takes_no_impossible_date(self, value):
        parsed = parse_payload(with_metadata(originallyAvailableAt=value, year=None))
        assert isinstance(parsed, Playback)
        assert (parsed.air_date, parsed.episode_year) == (None, None)

    def test_reads_the_level_from_the_guid_where_the_type_is_missing(self):
        payload = load("normal")
        del payload["Metadata"]["type"]
        assert parse_payload(payload) == playback("normal")


class TestNewShow:
    @pytest.mark.parametrize(
        ("name", "year", "original_title", "ids"),
        [
            ("library_new_show", 2018, "Bluey", ShowIds(tmdb=82728, tvdb=353546, imdb="tt7678620")),
            ("library_new_season", 2018, "", ShowIds()),
            ("library_new_episode", None, "", ShowIds()),
        ],
    )
    def test_reads_the_show_at_each_level(self, name, year, original_title, ids):
        parsed = parse_payload(load(name))
        assert isinstance(parsed, NewShow)
        assert parsed.event == "library.new"
        assert parsed.show.identity == "plex://show/5d9c09190aaccd001f8eff01"
        assert (parsed.show.title, parsed.show.rating_key) == ("Bluey", "88100")
        assert (parsed.show.year, parsed.show.original_title) == (year, original_title)
        assert parsed.show.ids == ids

    def test_is_no_failure_without_a_show(self):
        payload = load("library_new_show")
        payload["Metadata"] = {"type": "episode"}
        parsed = parse_payload(payload)
        assert isinstance(parsed, NotAPlayback)
        assert (parsed.action, parsed.is_failure) == ("invalid_payload", False)


class TestNotAPlayback:
    @pytest.mark.parametrize(
        ("name", "action", "word"),
        [
            ("play", "event_not_scrobble", "started"),
            ("pause", "event_not_scrobble", "paused"),
            ("resume", "event_not_scrobble", "went on"),
            ("stop", "event_not_scrobble", "stopped"),
            ("rate_string", "event_not_scrobble", "rated"),
            ("playback_started", "event_not_scrobble", "somebody"),
            ("device_new", "event_not_scrobble", "device"),
            ("library_on_deck", "event_not_scrobble", "on deck"),
            ("admin_backup_without_metadata", "event_not_scrobble", "database"),
            ("movie", "not_an_episode", "film"),
            ("dvr_movie", "not_an_episode", "film"),
            ("personal_video", "not_an_episode", "film"),
            ("music", "not_an_episode", "music"),
            ("photo", "not_an_episode", "photo"),
            ("trailer", "not_an_episode", "trailer"),
            ("live_tv", "not_an_episode", "live TV"),
            ("vod", "not_an_episode", "streaming service"),
            ("tautulli", "not_plex", "Tautulli"),
            ("tautulli_without_server", "not_plex", "no server"),
            ("jellyfin", "not_plex", "Jellyfin"),
        ],
    )
    def test_is_ignored_with_a_reason(self, name, action, word):
        parsed = parse_payload(load(name))
        assert isinstance(parsed, NotAPlayback)
        assert (parsed.action, parsed.is_failure) == (action, False)
        assert word in parsed.reason
        assert parsed.reason.endswith(".")

    @pytest.mark.parametrize("name", ["scrobble_without_metadata", "no_show_at_all"])
    def test_is_a_failure_where_a_play_can_not_be_read(self, name):
        parsed = parse_payload(load(name))
        assert isinstance(parsed, NotAPlayback)
        assert (parsed.action, parsed.is_failure) == ("invalid_payload", True)

    @pytest.mark.parametrize(
        ("changes", "action"),
        [
            ({"event": "media.unheard.of"}, "event_not_scrobble"),
            ({"event": "library.refresh"}, "event_not_scrobble"),
            ({"event": "tautulli.watched"}, "not_plex"),
            ({"event": None}, "not_plex"),
            ({"event": ""}, "not_plex"),
            ({"Server": None}, "not_plex"),
            ({"Server": {}}, "not_plex"),
            ({"user": "mira"}, "not_plex"),
            ({"Account": {"id": "6f0c2e5a-1b7d-4c3e-9a8f-5d4c3b2a1908"}}, "not_plex"),
            ({"Metadata": "nothing"}, "invalid_payload"),
            ({"Metadata": []}, "invalid_payload"),
            ({"Metadata": {}}, "invalid_payload"),
        ],
    )
    def test_sorts_by_what_is_wrong(self, changes, action):
        parsed = parse_payload(load("normal") | changes)
        assert isinstance(parsed, NotAPlayback)
        assert parsed.action == action

    @pytest.mark.parametrize(
        "changes",
        [
            {"extraType": 1},
            {"extraType": "5"},
            {"subtype": "trailer"},
            {"subtype": "behindTheScenes"},
            {"live": "1"},
            {"live": True},
            {"librarySectionType": "livetv"},
            {"guid": "tv.plex.xmltv://episode/EP012345670042"},
            {"type": "season"},
            {"type": "show"},
            {"type": "something"},
        ],
    )
    def test_counts_episodes_only(self, changes):
        parsed = parse_payload(with_metadata(**changes))
        assert isinstance(parsed, NotAPlayback)
        assert (parsed.action, parsed.is_failure) == ("not_an_episode", False)

    @pytest.mark.parametrize("changes", [{"live": "0"}, {"oneShot": "1"}, {"type": "Episode"}])
    def test_counts_recordings(self, changes):
        assert isinstance(parse_payload(with_metadata(**changes)), Playback)

    def test_fails_without_a_type_that_anything_tells(self):
        parsed = parse_payload(with_metadata(type=None, guid="local://5"))
        assert isinstance(parsed, NotAPlayback)
        assert (parsed.action, parsed.is_failure) == ("invalid_payload", True)


class TestParsePayload:
    @given(json_objects | scrobbles)
    def test_never_raises(self, payload):
        assert isinstance(parse_payload(payload), Playback | NewShow | NotAPlayback)

    @given(scrobbles)
    def test_gives_a_playback_only_with_an_identity(self, payload):
        parsed = parse_payload(payload)
        if isinstance(parsed, Playback):
            assert 0 < len(parsed.show.identity) <= 255


class TestPlayedAt:
    @pytest.mark.parametrize(
        ("received_at", "is_plausible"),
        [
            (LATER, True),
            (LATER - timedelta(seconds=2), True),
            (LATER - timedelta(seconds=30), False),  # the server's clock is ahead
            (LATER - timedelta(hours=5), False),
            (LATER + timedelta(hours=23), True),
            (LATER + timedelta(hours=25), False),
        ],
    )
    def test_trusts_plex_within_a_day(self, received_at, is_plausible):
        play = playback("normal")
        expected = play.last_viewed_at if is_plausible else received_at
        assert played_at(play, received_at=received_at) == expected

    def test_is_the_time_of_receipt_where_plex_gives_none(self):
        assert played_at(playback("without_duration"), received_at=LATER) == LATER
