"""`python -m tests.fuzz`: odd requests to the webhook until something breaks, on a database of its own;
then new examples for the property tests, which try the same ones each time within the suite."""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import tests.settings  # noqa: F401 - the environment of the tests, before Django reads it

LONGEST_SECONDS = 5.0
MOST_MB = 300


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--bodies", type=int, default=10_000, metavar="N", help="how many (10000)")
    parser.add_argument(
        "--seed", type=int, default=Random().randrange(10**6), help="for the same ones again"
    )
    parser.add_argument(
        "--drained",
        type=int,
        default=100,
        metavar="N",
        help="of 500, how many are processed too (100)",
    )
    parser.add_argument("--only", choices=("webhook", "properties"), help="one of the two")
    return parser.parse_args()


def prepare() -> str:
    """An empty database with one person in it; returns the webhook's address."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.test.utils import setup_databases  # noqa: PLC0415

    import tracker.bounded_retry  # noqa: PLC0415
    from tests.factories import UserFactory  # noqa: PLC0415
    from tests.plex.factories import make_config  # noqa: PLC0415

    setup_databases(verbosity=0, interactive=False)
    logging.disable(logging.WARNING)
    settings.PLEX_WEBHOOK_RATE = "1000000/m"
    tracker.bounded_retry.BACKOFF_SECONDS = 0.001
    return f"/api/plex/webhook?secret={make_config(UserFactory.create())[1]}"


def find_properties() -> list[str]:
    """The test files that let Hypothesis make their examples."""
    files = sorted(Path(__file__).parents[1].rglob("test_*.py"))
    return [str(file) for file in files if "\nfrom hypothesis import" in file.read_text("utf-8")]


def explore() -> int:
    """2,000 new examples for each property; pytest prints what broke one, and how to repeat it."""
    pytest = [sys.executable, "-m", "pytest", "-q", "--hypothesis-profile", "exploring"]
    # Of these files only what makes examples: the rest is the suite's.
    command = [*pytest, "-m", "hypothesis", *find_properties()]
    return subprocess.run(command, check=False).returncode


def try_webhook(arguments: argparse.Namespace) -> int:
    address = prepare()
    from tests.fuzz.webhook import Fuzz  # noqa: PLC0415

    started = time.monotonic()
    fuzz = Fuzz(address=address, seed=arguments.seed, drained=arguments.drained)
    outcome = fuzz.run(arguments.bodies)
    slowest, kind = outcome.slowest
    if slowest > LONGEST_SECONDS:
        outcome.problems.append(f"a request took {slowest:.1f} s of work ({kind})")
    if outcome.grown_mb > MOST_MB:
        outcome.problems.append(f"the process grew by {outcome.grown_mb:.0f} MB")
    answers = ", ".join(
        f"{count:,} times {status}" for status, count in sorted(outcome.statuses.items())
    )
    sys.stdout.write(
        f"{arguments.bodies:,} odd requests (seed {arguments.seed}) in {time.monotonic() - started:.0f} s: {answers}.\n"
        f"Good events between them: {outcome.good:,}, all stored unless said below.\n"
        f"Slowest answer {slowest * 1000:.0f} ms of work ({kind}); memory grew by {outcome.grown_mb:.0f} MB.\n"
    )
    sys.stdout.writelines(f"WRONG: {problem}\n" for problem in outcome.problems[:50])
    return 1 if outcome.problems else 0


def main() -> int:
    arguments = read_arguments()
    codes = [0]
    if arguments.only != "properties":
        codes.append(try_webhook(arguments))
    if arguments.only != "webhook":
        codes.append(explore())
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
