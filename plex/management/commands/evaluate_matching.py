"""Measures the matcher on labelled pairs: `make eval CATALOGUE=… PAIRS=… OUT=…`."""

from __future__ import annotations

import csv
import gzip
import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from plex.evaluation import (
    Catalogue,
    Pair,
    Show,
    calibration_table,
    kind_table,
    rule_table,
    summary,
)

_FILES = {
    "catalogue": "shows as CSV, also gzipped: title, original_title, year",
    "pairs": "labelled pairs as CSV: plex_title, show_year, episode_year, row, kind",
    "out": "where to write one JSON line per pair",
}


class Command(BaseCommand):
    help = "Runs the title matcher over labelled pairs; reads and writes files, not the database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, meaning in _FILES.items():
            default = os.environ.get(name.upper()) or None
            parser.add_argument(f"--{name}", default=default, help=f"{meaning} ({name.upper()})")
        parser.add_argument("--rules", action="store_true", help="measure each rule of the titles")

    def handle(self, *args: object, **options: Any) -> None:
        catalogue, pairs = self._read(options["catalogue"], options["pairs"])
        outcomes = [catalogue.decide(pair) for pair in pairs]
        if options["out"]:
            lines = (json.dumps(outcome.as_json(), ensure_ascii=False) for outcome in outcomes)
            Path(options["out"]).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        tables = [kind_table(outcomes), summary(outcomes), calibration_table(outcomes)]
        if options["rules"]:
            tables.append(rule_table(catalogue.shows, pairs, outcomes))
        self.stdout.write("\n\n".join(tables))

    def _read(self, catalogue: str | None, pairs: str | None) -> tuple[Catalogue, list[Pair]]:
        if not catalogue or not pairs:
            message = "Say where the files are: make eval CATALOGUE=shows.csv.gz PAIRS=pairs.csv"
            raise CommandError(message)
        try:
            shows = [Show.of(row) for row in _rows(catalogue)]
            return Catalogue(shows), [Pair.of(row) for row in _rows(pairs)]
        except OSError as error:
            raise CommandError(f"{error.filename} could not be read: {error.strerror}.") from error
        except (KeyError, ValueError) as error:
            raise CommandError(
                f"A row has not the columns that docs/matching.md names: {error}."
            ) from error


def _rows(path: str) -> Iterator[dict[str, str]]:
    with _open(Path(path)) as lines:
        yield from csv.DictReader(lines)


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")
