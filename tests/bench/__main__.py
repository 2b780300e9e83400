"""`python -m tests.bench [NAME …]`: measure, and compare with what was promised."""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.__main__ import find_postgresql
from tests.bench.figures import Figure, number, table
from tests.bench.messages import SHOW_EPISODES
from tests.bench.places import Place, new_place

# The workers of one round share so many plays of so many people.
SHARING_PEOPLE, SHARING_EVENTS = 3, 1_300

SMALL_PAST = 1_000
SHOWS = 100
MANY_SHOWS = 20_000
# All of TMDB's, about; without episodes.
CATALOGUE_SHOWS = 200_000
DRAIN_EVENTS = 2_000
# Growth that this allows for is noise; what really grows with the numbers grows by far more.
FLAT = 1.3
# The first person of the second half, for whom nothing was recorded before.
FIRST_PERSON = 51

ACCEPT_RATIO = 1.3
ACCEPT_THROUGHPUT = 0.85
DRAINED = {"SQLite": 800, "PostgreSQL": 2000}
LATENCY_MS = {"SQLite": 60, "PostgreSQL": 20}
MATCHING_MS, CATALOGUE_MS = 30, 100
WEB_MB, WORKER_MB = 120, 100
LIBRARY_SHOWS, LIBRARY_EVENTS = 500, 15_000
PAGE_MS, PAGE_KB = 100, 100
SCALE_MS = 150
FEW_PLAYS, MANY_PLAYS, IMPORT_MB = 5_000, 50_000, 150


@dataclass(kw_only=True)
class Run:
    """What is measured on one database, and the places made for it, each at its first use."""

    database: str
    past: int
    rounds: int
    stack: contextlib.ExitStack
    places: dict[tuple[int, int], Place] = field(default_factory=dict)
    secrets: dict[tuple[int, int], dict[str, str]] = field(default_factory=dict)
    person: int = FIRST_PERSON
    full: bool = False

    def place(self, *, past: int, shows: int = SHOWS) -> Place:
        key = past, shows
        if key not in self.places:
            say(f"{self.database}: filling {past:,} events, {shows:,} shows …")
            name = f"{past}_{shows}"
            place, self.secrets[key] = self.stack.enter_context(new_place(self.database, name))
            place.run("fill", past=past, shows=shows, episodes=shows <= MANY_SHOWS)
            self.places[key] = place
        return self.places[key]

    def secret(self, benchmark: str, *, past: int, shows: int = SHOWS) -> str:
        return self.secrets[past, shows][benchmark]

    def next_person(self) -> int:
        self.person += 1
        return self.person - 1

    def figure(self, name: str, value: float, unit: str, **more: object) -> Figure:
        return Figure(name=name, database=self.database, value=value, unit=unit, **more)  # type: ignore[arg-type]


def accept(run: Run) -> Iterator[Figure]:
    for past in (0, run.past):
        place = run.place(past=past)
        secret = run.secret("accept", past=past)
        answer = place.run(
            "accept", secret=secret, pairs=300, rounds=run.rounds, cache_url=cache_url()
        )
        ratios = [product / bare for product, bare in answer["milliseconds"]]
        product, bare = map(statistics.median, zip(*answer["milliseconds"], strict=True))
        yield run.figure(
            f"accept: median to the bare view's, {past:,} rows",
            statistics.median(ratios),
            "times",
            bound=ACCEPT_RATIO,
            spread=(min(ratios), max(ratios)),
            note=f"{product:.2f} ms to {bare:.2f} ms",
        )
        shares = [product / bare for product, bare in answer["per_second"]]
        product, bare = map(statistics.median, zip(*answer["per_second"], strict=True))
        yield run.figure(
            f"accept: share of its throughput, 16 senders, two processes, {past:,} rows",
            statistics.median(shares),
            "times",
            bound=ACCEPT_THROUGHPUT,
            at_least=True,
            spread=(min(shares), max(shares)),
            note=f"{product:.0f}/s to {bare:.0f}/s",
        )


def drain(run: Run) -> Iterator[Figure]:
    """Small, large, many shows take turns, so that what else the machine does meets all of them."""
    settings = {
        "small": (SMALL_PAST, SHOWS, SHOWS, DRAIN_EVENTS),
        "past": (run.past, SHOWS, SHOWS, DRAIN_EVENTS),
        "shows": (SMALL_PAST, MANY_SHOWS, SHOWS, DRAIN_EVENTS),
        "spread": (SMALL_PAST, MANY_SHOWS, MANY_SHOWS, DRAIN_EVENTS // 4),
    }
    for past, shows, *_ in settings.values():
        run.place(past=past, shows=shows)
    rates: dict[str, list[float]] = {name: [] for name in settings}
    for _ in range(run.rounds):
        for name, (past, shows, played, events) in settings.items():
            say(f"{run.database}: draining, {past:,} events, {played:,} of {shows:,} shows …")
            place = run.place(past=past, shows=shows)
            answer = place.run("drain", person=run.next_person(), events=events, shows=played)
            rates[name].append(answer["per_second"])
    yield run.figure(
        "drain: one worker, 100 shows",
        statistics.median(rates["small"]),
        "events/s",
        bound=DRAINED[run.database],
        at_least=True,
        spread=(min(rates["small"]), max(rates["small"])),
        note=f"{DRAIN_EVENTS:,} events a round",
    )
    for name, text, bound in (
        ("past", f"drain: cost of an event, {run.past:,} rows to 1,000", FLAT),
        ("shows", f"drain: cost of an event, {MANY_SHOWS:,} shows to 100", FLAT),
        ("spread", "drain: the same, each event of another show", None),
    ):
        ratios = [small / other for small, other in zip(rates["small"], rates[name], strict=True)]
        yield run.figure(
            text,
            statistics.median(ratios),
            "times",
            bound=bound,
            spread=(min(ratios), max(ratios)),
            note=f"{statistics.median(rates[name]):.0f} events/s",
        )


def workers(run: Run) -> Iterator[Figure]:
    """One, two and four workers take turns; then one and two web processes."""
    if run.database == "SQLite":
        return  # One writer at a time: a second worker waits for the first.
    place = run.place(past=SMALL_PAST)
    rates: dict[int, list[float]] = {1: [], 2: [], 4: []}
    shares: dict[int, str] = {}
    for _ in range(run.rounds):
        for count, found in rates.items():
            first_person = run.next_person()
            run.person += SHARING_PEOPLE - 1
            answer = place.run(
                "share",
                first_person=first_person,
                workers=count,
                events=SHARING_PEOPLE * SHARING_EVENTS,
                shows=SHOWS,
            )
            found.append(answer["per_second"])
            shares[count] = " + ".join(map(str, answer["shares"]))
    for count, found in rates.items():
        ratios = [rate / alone for rate, alone in zip(found, rates[1], strict=True)]
        yield run.figure(
            f"workers: {count}, to one",
            statistics.median(ratios),
            "times",
            spread=(min(ratios), max(ratios)),
            note=f"{statistics.median(found):.0f} events/s; the last time {shares[count]}",
        )
    yield from web_processes(run)


def cache_url() -> str:
    """The Redis that several web processes share."""
    return os.environ.get("TEST_CACHE_URL", "redis://127.0.0.1:6379/15")


def web_processes(run: Run) -> Iterator[Figure]:
    secret = run.secret("accept", past=SMALL_PAST)
    place = run.place(past=SMALL_PAST)
    ratios = []
    for _ in range(run.rounds):
        one, two = (
            place.run("share_accept", secret=secret, processes=count, cache_url=cache_url())
            for count in (1, 2)
        )
        ratios.append(two["per_second"] / one["per_second"])
    yield run.figure(
        "workers: two web processes, to one",
        statistics.median(ratios),
        "times",
        spread=(min(ratios), max(ratios)),
        note=f"16 senders; {two['per_second']:.0f} events/s",
    )


def latency(run: Run) -> Iterator[Figure]:
    place = run.place(past=SMALL_PAST)
    secret = run.secret("latency", past=SMALL_PAST)
    times = place.run("latency", secret=secret, events=60)["milliseconds"]
    yield run.figure(
        "latency: answer to recorded, median",
        statistics.median(times),
        "ms",
        bound=LATENCY_MS[run.database],
        spread=(times[0], times[-1]),
        note=f"60 events; p95 {times[len(times) * 95 // 100]:.0f} ms",
    )


def matching(run: Run) -> Iterator[Figure]:
    sizes = [(SMALL_PAST, MANY_SHOWS, MATCHING_MS)]
    if run.database == "PostgreSQL":
        sizes.append((0, CATALOGUE_SHOWS, CATALOGUE_MS))
    for past, shows, bound in sizes:
        answer = run.place(past=past, shows=shows).run("matching", titles=200)
        yield run.figure(
            f"matching: candidates and decision, {answer['shows']:,} shows",
            answer["median"],
            "ms",
            bound=bound,
            note=f"200 titles; p95 {answer['p95']:.0f} ms, the first {answer['first']:.0f} ms; "
            f"{answer['clock']:.0f} ms by the clock",
        )


def memory(run: Run) -> Iterator[Figure]:
    place = run.place(past=SMALL_PAST)
    secret = run.secret("memory", past=SMALL_PAST)
    answer = place.run("memory", secret=secret, events=300)
    note = f"after events and {answer['pages']} kinds of pages"
    yield run.figure("memory: web process", answer["web"], "MB", bound=WEB_MB, note=note)
    yield run.figure("memory: worker", answer["worker"], "MB", bound=WORKER_MB)


def importing(run: Run) -> Iterator[Figure]:
    rows = MANY_PLAYS if run.full else FEW_PLAYS
    place = run.place(past=0, shows=rows // SHOW_EPISODES)
    secret = run.secret("memory", past=0, shows=rows // SHOW_EPISODES)
    answer = place.run("importing", secret=secret, rows=rows)
    note = f"{answer['at_rest']:.0f} MB at rest; at most {answer['most_due']:,} events waited"
    name = f"import of {rows:,} plays"
    yield run.figure(f"{name}: worker, peak", answer["peak"], "MB", bound=IMPORT_MB, note=note)
    note = f"{answer['import_seconds']:.0f} s, and {answer['look_seconds']:.0f} s to look"
    yield run.figure(name, rows / answer["import_seconds"], "plays/s", note=note)
    meanwhile = {**answer["pages"], "webhook": answer["accepted"], "recorded": answer["recorded"]}
    for what, times in meanwhile.items():
        note = f"p95 {times['p95']:.0f} ms, at most {times['most']:.0f} ms, {times['count']} times"
        yield run.figure(f"{name}: {what} meanwhile", times["median"], "ms", note=note)


def pages(run: Run) -> Iterator[Figure]:
    place = run.place(past=LIBRARY_EVENTS, shows=LIBRARY_SHOWS)
    answer = place.run("pages", rounds=5 * run.rounds)
    for name, page in answer["pages"].items():
        note = f"{page['milliseconds']:.0f} ms by the clock, {page['bytes'] / 1000:.0f} kB"
        yield run.figure(f"pages: {name}", page["processor"], "ms", bound=PAGE_MS, note=note)
    largest = max(answer["pages"].items(), key=lambda item: item[1]["bytes"])
    yield run.figure(
        "pages: the largest, without pictures",
        largest[1]["bytes"] / 1000,
        "kB",
        bound=PAGE_KB,
        note=f"{largest[0]}; {answer['shows']} shows, {answer['episodes']:,} episodes, "
        f"{answer['watches']:,} watches",
    )


def scale(run: Run) -> Iterator[Figure]:
    """The same library among many rows, shows and episodes of others: what that costs each page."""
    places = [
        run.place(past=LIBRARY_EVENTS, shows=LIBRARY_SHOWS),
        run.place(past=run.past, shows=MANY_SHOWS),
    ]
    few, many = (place.run("pages", rounds=5 * run.rounds)["pages"] for place in places)
    for name, page in many.items():
        small = few[name]["processor"]
        yield run.figure(
            f"scale: {name}, {run.past:,} rows and {MANY_SHOWS:,} shows",
            page["processor"],
            "ms",
            bound=SCALE_MS,
            note=f"{page['processor'] / small:.2f} times the {small:.0f} ms of "
            f"{LIBRARY_EVENTS:,} rows and {LIBRARY_SHOWS} shows; "
            f"{page['milliseconds']:.0f} ms by the clock",
        )
    growth = {name: page["processor"] / few[name]["processor"] for name, page in many.items()}
    grown = sorted((name for name in growth if growth[name] > FLAT), key=lambda name: -growth[name])
    yield run.figure(
        f"scale: pages and lists that take more than {FLAT} times as long",
        len(grown),
        f"of {len(growth)}",
        note=", ".join(f"{name} {growth[name]:.1f}" for name in grown),
    )


BENCHMARKS: dict[str, Callable[[Run], Iterator[Figure]]] = {
    "accept": accept,
    "drain": drain,
    "importing": importing,
    "workers": workers,
    "latency": latency,
    "matching": matching,
    "memory": memory,
    "pages": pages,
    "scale": scale,
}


def additions_a_second() -> float:
    """What a loop of Python does here: milliseconds and events a second of two machines compare by it."""
    best = 0.0
    for _ in range(5):
        began, total = time.process_time(), 0
        for value in range(1_000_000):
            total += value
        best = max(best, 1_000_000 / (time.process_time() - began))
    return best


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--full", action="store_true", help="1,000,000 old events, not 100,000")
    parser.add_argument("--past", type=int, default=100_000, help="how many old events")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("SQLite", "PostgreSQL"), help="only this one")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark named {', '.join(sorted(unknown))}")
    databases = [options.database] if options.database else ["SQLite", "PostgreSQL"]
    if "PostgreSQL" in databases and find_postgresql() is None:
        databases.remove("PostgreSQL")
    began = time.monotonic()
    figures: list[Figure] = []
    failed: list[str] = []
    for database in databases:
        with contextlib.ExitStack() as stack:
            past = 1_000_000 if options.full else options.past
            run = Run(
                database=database,
                past=past,
                rounds=options.rounds,
                stack=stack,
                full=options.full,
            )
            for name in options.names or BENCHMARKS:
                say(f"{database}: {name} …")
                try:
                    for figure in BENCHMARKS[name](run):
                        figures.append(figure)
                        say(
                            f"  {figure.name}: {number(figure.value)} {figure.unit} {figure.verdict}"
                        )
                except subprocess.CalledProcessError:
                    failed.append(f"{name} on {database}")
    sys.stdout.write(f"{table(figures)}\n\nIn {time.monotonic() - began:.0f} seconds, ")
    speed = additions_a_second() / 1_000_000
    sys.stdout.write(f"on a machine that adds {speed:.0f} million numbers a second in Python.\n")
    if failed:
        sys.stdout.write(f"Not measured, as a step failed: {', '.join(failed)}.\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
