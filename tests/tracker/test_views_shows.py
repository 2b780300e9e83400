from __future__ import annotations

import pytest

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.tracker.page_queries import count_queries
from tracker.models import Episode


@pytest.fixture
def shelf(viewer, client):
    """Three shows of the viewer, each different."""
    client.force_login(viewer)
    dark = make_show("Dark", {1: 2}, network="Netflix", genres=["Crime", "Drama"], source="plex")
    money = make_show(
        "La Casa de Papel",
        {1: 4},
        network="Netflix",
        genres=["Crime"],
        alternative_titles=["Money Heist"],
    )
    bluey = make_show("Bluey", {1: 3}, network="ABC", genres=["Kids"])
    TrackedShowFactory(user=viewer, show=dark, status="completed", rating=9)
    TrackedShowFactory(user=viewer, show=money, status="watching")
    TrackedShowFactory(user=viewer, show=bluey, status="watching", rating=10)
    WatchFactory(user=viewer, episode=episode_of(money, 1, 1))
    return {"dark": dark, "money": money, "bluey": bluey}


def titles(client, query: str = "", **headers: str) -> list[str]:
    answer = client.get(f"/shows/{query}", headers=headers)
    return [card.show.title for card in answer.context["cards"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=watching", {"La Casa de Papel", "Bluey"}),
        ("?status=dropped", set()),
        ("?source=plex", {"Dark"}),
        ("?genre=Crime", {"Dark", "La Casa de Papel"}),
        ("?network=ABC", {"Bluey"}),
        ("?genre=Crime&status=watching", {"La Casa de Papel"}),
        ("?q=casa", {"La Casa de Papel"}),
        ("?q=money+heist", {"La Casa de Papel"}),
        ("?q=BLUEY", {"Bluey"}),
        ("?q=%00", None),
        ("?q=" + "x" * 5000, set()),
        ("?status=nonsense", set()),
        ("?order=nonsense&page=nonsense", {"Dark", "La Casa de Papel", "Bluey"}),
    ],
)
def test_filters(client, shelf, query, found):
    shown = titles(client, query)
    if found is not None:
        assert set(shown) == found


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("title", "Bluey"),
        ("rating", "Bluey"),
        ("left", "Bluey"),
        ("added", "Bluey"),
        ("newest", None),
    ],
)
def test_orders(client, shelf, order, first):
    shown = titles(client, f"?order={order}")
    assert len(shown) == 3
    assert first is None or shown[0] == first


def test_while_typing_only_the_results_come(client, shelf):
    answer = client.get("/shows/?q=dark", headers={"HX-Request": "true", "HX-Target": "results"})
    text = answer.content.decode()
    assert text.lstrip().startswith('<section id="results"')
    assert "<html" not in text


def test_no_match_offers_to_look_on_tmdb(client, shelf):
    text = client.get("/shows/?q=severance").content.decode()
    assert "/shows/add/?q=severance" in text


def test_a_search_text_is_shown_as_text(client, shelf):
    text = client.get("/shows/?q=<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in text


def test_many_shows_come_in_pages(client, viewer):
    client.force_login(viewer)
    for number in range(61):
        TrackedShowFactory(user=viewer, show=make_show(f"Show {number:02}", {1: 1}))
    assert len(titles(client)) == 60
    assert len(titles(client, "?page=2")) == 1


def test_one_and_the_same_number_of_queries(client, viewer):
    client.force_login(viewer)
    fill(viewer, 3)
    few = count_queries(client, "/shows/")
    fill(viewer, 27)
    assert count_queries(client, "/shows/") == few
    assert few <= 14


def fill(user, number: int) -> None:
    for _ in range(number):
        show = make_show(f"Show {number}", {1: 3})
        TrackedShowFactory(user=user, show=show)
        WatchFactory(user=user, episode=episode_of(show, 1, 1))


def test_a_show_without_air_dates_is_counted_by_all_its_episodes(client, shelf):
    show = shelf["money"]
    Episode.objects.filter(season__show=show).update(air_date=None)

    for page in ("/shows/", f"/shows/{show.pk}/"):
        shown = client.get(page).content.decode()
        assert "1 of 4" in shown
        assert "no air dates" in shown
        assert "Nothing has aired yet" not in shown
        assert 'class="badge">soon' not in shown
