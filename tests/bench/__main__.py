"""`python -m tests.bench [NAME …]`: measure, and compare with what was promised."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.__main__ import find_postgresql
from tests.bench.figures import Figure, number, table
from tests.bench.places import Place, new_place

SMALL_PAST = 1_000
SHOWS = 100
MANY_SHOWS = 20_000
DRAIN_EVENTS = 2_000
# Growth that this allows for is noise; what really grows with the numbers grows by far more.
FLAT = 1.3
# The first person of the second half, for whom nothing was recorded before.
FIRST_PERSON = 51

ACCEPT_RATIO = 1.3
ACCEPT_THROUGHPUT = 0.85
DRAINED = {"SQLite": 800, "PostgreSQL": 2000}
LATENCY_MS = {"SQLite": 60, "PostgreSQL": 20}
MATCHING_MS = 60
WEB_MB, WORKER_MB = 120, 100
LIBRARY_SHOWS, LIBRARY_EVENTS = 500, 15_000
PAGE_MS, PAGE_KB = 100, 100


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

    def place(self, *, past: int, shows: int = SHOWS) -> Place:
        key = past, shows
        if key not in self.places:
            say(f"{self.database}: filling {past:,} events, {shows:,} shows …")
            name = f"{past}_{shows}"
            place, self.secrets[key] = self.stack.enter_context(new_place(self.database, name))
            place.run("fill", past=past, shows=shows)
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
        answer = place.run("accept", secret=secret, pairs=300, rounds=run.rounds)
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
        product, bare = map(max, zip(*answer["per_second"], strict=True))
        yield run.figure(
            f"accept: share of its throughput, 16 senders, {past:,} rows",
            statistics.median(shares),
            "times",
            bound=ACCEPT_THROUGHPUT,
            at_least=True,
            spread=(min(shares), max(shares)),
            note=f"one process; {product:.0f}/s to {bare:.0f}/s",
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
    place = run.place(past=SMALL_PAST, shows=MANY_SHOWS)
    answer = place.run("matching", titles=200)
    yield run.figure(
        f"matching: candidates and decision, {answer['shows']:,} shows",
        answer["median"],
        "ms",
        bound=MATCHING_MS,
        note=f"200 titles; p95 {answer['p95']:.0f} ms, the first {answer['first']:.0f} ms",
    )


def memory(run: Run) -> Iterator[Figure]:
    place = run.place(past=SMALL_PAST)
    secret = run.secret("memory", past=SMALL_PAST)
    answer = place.run("memory", secret=secret, events=300)
    note = f"after events and {answer['pages']} kinds of pages"
    yield run.figure("memory: web process", answer["web"], "MB", bound=WEB_MB, note=note)
    yield run.figure("memory: worker", answer["worker"], "MB", bound=WORKER_MB)


def pages(run: Run) -> Iterator[Figure]:
    place = run.place(past=LIBRARY_EVENTS, shows=LIBRARY_SHOWS)
    answer = place.run("pages", rounds=5 * run.rounds)
    # SQLite works inside the process: its time of the processor is what a page takes on a machine
    # that does nothing else, whatever the others do here.
    unit = "processor" if run.database == "SQLite" else "milliseconds"
    for name, page in answer["pages"].items():
        note = f"{page['milliseconds']:.0f} ms by the clock, {page['bytes'] / 1000:.0f} kB"
        yield run.figure(f"pages: {name}", page[unit], "ms", bound=PAGE_MS, note=note)
    largest = max(answer["pages"].items(), key=lambda item: item[1]["bytes"])
    yield run.figure(
        "pages: the largest, without pictures",
        largest[1]["bytes"] / 1000,
        "kB",
        bound=PAGE_KB,
        note=f"{largest[0]}; {answer['shows']} shows, {answer['episodes']:,} episodes, "
        f"{answer['watches']:,} watches",
    )


BENCHMARKS: dict[str, Callable[[Run], Iterator[Figure]]] = {
    "accept": accept,
    "drain": drain,
    "latency": latency,
    "matching": matching,
    "memory": memory,
    "pages": pages,
}


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
            run = Run(database=database, past=past, rounds=options.rounds, stack=stack)
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
    sys.stdout.write(f"{table(figures)}\n\nIn {time.monotonic() - began:.0f} seconds.\n")
    if failed:
        sys.stdout.write(f"Not measured, as a step failed: {', '.join(failed)}.\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
