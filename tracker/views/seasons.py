"""What the show page says about seasons and episodes, read for one user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from tracker.models import Episode, Season, TVShow, Watch
from tracker.progress import ShowProgress
from tracker.queries import ShowState

# Keeps the page small for daily shows, whose seasons have hundreds of episodes.
EPISODES_PER_PAGE = 60


@dataclass(frozen=True, kw_only=True)
class EpisodeRow:
    episode: Episode
    plays: Sequence[Watch]
    has_aired: bool

    @property
    def watch(self) -> Watch | None:
        """The first play, which is when the episode was watched."""
        return self.plays[0] if self.plays else None


@dataclass(frozen=True, kw_only=True)
class EpisodePage:
    """The part of a season's episodes that is shown."""

    rows: Sequence[EpisodeRow]
    number: int
    pages: Sequence[tuple[int, int, int]]


@dataclass(frozen=True, kw_only=True)
class SeasonSection:
    """A season with its progress; `page` is None while it is closed."""

    season: Season
    progress: ShowProgress
    page: EpisodePage | None = None


def season_sections(
    show: TVShow, user: User, state: ShowState, *, opened: int | None, page: int = 1
) -> list[SeasonSection]:
    """Every season of a show, regular ones first and the specials last, one of them opened."""
    sections = [
        SeasonSection(
            season=season,
            progress=state.seasons.get(season.season_number, ShowProgress()),
            page=read_page(season, user, page) if season.season_number == opened else None,
        )
        for season in show.seasons.order_by("season_number")
    ]
    return sorted(sections, key=lambda section: section.season.is_specials)


def read_page(season: Season, user: User, number: int) -> EpisodePage:
    """A page of a season's episodes with the user's plays of them."""
    numbers = list(
        Episode.objects.filter(season=season)
        .order_by("episode_number")
        .values_list("episode_number", flat=True)
    )
    starts = range(0, max(len(numbers), 1), EPISODES_PER_PAGE)
    number = min(max(number, 1), len(starts))
    first = (number - 1) * EPISODES_PER_PAGE
    shown = numbers[first : first + EPISODES_PER_PAGE]
    today = timezone.localdate()
    episodes = Episode.objects.filter(season=season, episode_number__in=shown).order_by(
        "episode_number"
    )
    plays = plays_of(episodes, user)
    for episode in episodes:
        episode.season = season
    return EpisodePage(
        rows=[
            EpisodeRow(episode=episode, plays=plays[episode.pk], has_aired=episode.has_aired(today))
            for episode in episodes
        ],
        number=number,
        pages=[
            (index, numbers[start], numbers[min(start + EPISODES_PER_PAGE, len(numbers)) - 1])
            for index, start in enumerate(starts, start=1)
        ]
        if len(starts) > 1
        else [],
    )


def plays_of(episodes: Iterable[Episode], user: User) -> defaultdict[int, list[Watch]]:
    """The user's standing plays per episode, first one first."""
    plays: defaultdict[int, list[Watch]] = defaultdict(list)
    for watch in Watch.objects.standing().filter(user=user, episode__in=episodes).order_by("play"):
        plays[watch.episode_id].append(watch)
    return plays


def page_of(season: Season, episode_number: int) -> int:
    """The page of its season on which an episode stands."""
    before = Episode.objects.filter(season=season, episode_number__lt=episode_number)
    return before.count() // EPISODES_PER_PAGE + 1
