"""`python -m tests.faults`: the faults, on each database, and a report of what they did."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.__main__ import find_postgresql
from tests.faults.sizes import FULL, SIZES

DATABASE = "test_full_tracker_faults"
COLUMNS = ("scenario", "database", "events", "kills", "result")
Line = dict[str, object]


def run(database: str, url: str, options: argparse.Namespace) -> tuple[int, list[Line]]:
    """The scenarios on one database: pytest's exit code, and what they told."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "fault", "tests"]
    if options.only:
        command += ["-k", options.only]
    chosen = {"FAULTS_SIZE": FULL if options.full else "small"}
    for name in ("events", "kills"):
        if (value := getattr(options, name)) is not None:
            chosen[f"FAULTS_{name.upper()}"] = str(value)
    with tempfile.TemporaryDirectory(prefix="full-tracker-faults-") as folder:
        report = Path(folder, "report")
        report.touch()
        environment = {
            **os.environ,
            **chosen,
            "TEST_DATABASE_URL": url,
            "TEST_DATABASE_NAME": DATABASE,
            "FAULTS_REPORT": str(report),
        }
        sys.stdout.write(f"\n== {database} ==\n")
        sys.stdout.flush()
        code = subprocess.run(command, env=environment, check=False).returncode
        told = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    return code, [{**line, "database": database} for line in told]


def table(lines: Sequence[Line]) -> str:
    rows = [list(COLUMNS), *([str(line[name]) for name in COLUMNS] for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    text = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([text[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *text[1:]])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make faults ARGS=…", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help="as within the test suite (default)")
    full = SIZES[FULL]
    size.add_argument(
        "--full",
        action="store_true",
        help=f"{full.events:,} events, {full.kills} kills, outages of {full.outage.days} days",
    )
    parser.add_argument("--events", type=int, help="of the scenario with the kills")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--only", metavar="WORD", help="the scenarios with this word in their name")
    parser.add_argument("--database", choices=("SQLite", "PostgreSQL"), help="only this one")
    options = parser.parse_args(arguments)
    urls = {"SQLite": ""}
    if options.database != "SQLite" and (url := find_postgresql()):
        urls["PostgreSQL"] = url
    if options.database:
        urls = {name: url for name, url in urls.items() if name == options.database}
    began = time.monotonic()
    codes, lines = [1] if not urls else [0], []
    for database, url in urls.items():
        code, told = run(database, url, options)
        codes.append(code)
        lines += told
    sys.stdout.write(f"\n{table(lines)}\n\nIn {time.monotonic() - began:.0f} seconds.\n")
    sys.stdout.write("All held.\n" if max(codes) == 0 else "SOMETHING DID NOT HOLD: see above.\n")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
