"""The shape of the code: sizes and names that keep it readable."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# 300 is what a file should stay under; this is where it has to be split. Blank lines don't count.
FILE_LINES = 400
# Without signature and docstring.
FUNCTION_LINES = 40
# Names that say nothing about what is inside.
VAGUE = {"utils", "util", "helpers", "services", "managers", "common", "core", "misc", "signals"}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


@cache
def source_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_too_long():
    lengths = {
        name_of(path): sum(bool(line.strip()) for line in source_of(path).splitlines())
        for path in modules("tracker", "plex")
    }
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_too_long():
    found = {}
    for path in modules("tracker", "plex"):
        for node in ast.walk(ast.parse(source_of(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1 if ast.get_docstring(node) else 0 :]
                lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                if lines > FUNCTION_LINES:
                    found[f"{name_of(path)}: {node.name}"] = lines
    assert found == {}


def test_modules_are_named_after_a_thing_of_the_domain():
    assert [
        name_of(path) for path in modules("tracker", "plex", "tests") if path.stem in VAGUE
    ] == []


def test_nothing_happens_behind_a_signal():
    users = [
        name_of(path)
        for path in modules("tracker", "plex")
        if "django.db.models.signals" in source_of(path) or "django.dispatch" in source_of(path)
    ]
    assert users == []


def test_tests_patch_nothing():
    users = [
        name_of(path)
        for path in modules("tests")
        if path != Path(__file__) and "unittest.mock" in source_of(path)
    ]
    assert users == []


def test_tests_take_nothing_from_other_tests():
    """What several need stands in a module of its own: factories, fixtures, a fake."""
    takers = [
        f"{name_of(path)}: {node.module}"
        for path in modules("tests")
        for node in ast.walk(ast.parse(source_of(path)))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("tests.")
        and (node.module or "").rpartition(".")[2].startswith("test_")
    ]
    assert takers == []
