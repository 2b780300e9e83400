"""The documentation keeps up with the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands
from drf_spectacular.generators import SchemaGenerator

import plex.matching

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
READERS = {"env", "env_list", "env_bool"}
METHODS = ("get", "post", "put", "patch", "delete")


def settings_read() -> dict[str, str | None]:
    """Each environment variable that the code reads, with its default where it is a text."""
    found: dict[str, str | None] = {}
    for path in [*(ROOT / "tracker").rglob("*.py"), *(ROOT / "plex").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in READERS and node.args:
                name, *rest = [
                    arg.value if isinstance(arg, ast.Constant) else None for arg in node.args
                ]
                if isinstance(name, str):
                    found[name] = str(rest[0]) if rest and rest[0] is not None else found.get(name)
    return found


def settings_documented() -> dict[str, str]:
    """Each variable of the configuration page with its default, but those of the tests."""
    text = (DOCS / "configuration.md").read_text(encoding="utf-8").partition("## For the tests")[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", text, re.MULTILINE))


def test_every_setting_is_documented_and_no_other():
    assert sorted(settings_documented()) == sorted(settings_read())


def test_every_default_is_documented():
    documented = settings_documented()
    wrong = {
        name: (default, documented[name])
        for name, default in settings_read().items()
        if default and f"`{default}`" not in documented[name]
    }
    assert wrong == {}


def test_every_api_call_is_documented():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    documented = {
        f"{method} {without_names(path)}"
        for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/api/[^`?\s]*)", text)
    }
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    calls = {
        f"{method.upper()} {without_names(path)}"
        for path, operations in paths.items()
        for method in operations
        if method in METHODS
    }
    assert calls
    assert calls - documented == set()


def without_names(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")


def test_every_threshold_of_the_matching_is_documented():
    text = (DOCS / "matching.md").read_text(encoding="utf-8")
    thresholds = {
        name: value
        for name, value in vars(plex.matching).items()
        if name.isupper() and isinstance(value, int | float) and not isinstance(value, bool)
    }
    assert thresholds
    missing = {
        name: value
        for name, value in thresholds.items()
        if not re.search(rf"(?<![\d.]){re.escape(written(value))}(?![\d.]\d)", text)
    }
    assert missing == {}


def written(value: float) -> str:
    """A share as the page writes it: with two places at least."""
    return f"{value:.2f}" if value == round(value, 2) and value % 1 else str(value)


def test_every_command_that_is_named_exists():
    commands = set(get_commands())
    named = {
        name
        for page in PAGES
        for name in re.findall(r"manage\.py ([a-z]\w*)", page.read_text(encoding="utf-8"))
    }
    assert named - commands == set()


def test_every_make_target_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(
            r"(?:`|\$ (?:\w+=\S+ )*|bin/)make ([a-z]+)", page.read_text(encoding="utf-8")
        )
    }
    assert {"run", "demo", "test"} <= named
    assert named - targets == set()


def links() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                yield str(page.relative_to(ROOT)), target


@pytest.mark.parametrize(("page", "target"), sorted(set(links())))
def test_a_link_leads_somewhere(page, target):
    name, _, anchor = target.partition("#")
    file = (ROOT / page).parent / name if name else ROOT / page
    assert file.exists()
    if anchor:
        assert anchor in {
            anchor_of(line) for line in re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
        }


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
