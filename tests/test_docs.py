"""The documentation keeps up with the code."""

from __future__ import annotations

import ast
import http.server
import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator

import plex.matching
from plex.models.webhook_log import Action

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


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(
        r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert newest
    assert project["version"] == newest[1] == settings.VERSION


# Where Django looks for them: their names say what they are.
CONVENTIONAL = {
    "admin",
    "api",
    "apps",
    "context_processors",
    "forms",
    "management",
    "migrations",
    "model_admins",
    "models",
    "templatetags",
    "urls",
    "views",
    "wsgi",
}


@pytest.mark.parametrize("app", ["tracker", "plex"])
def test_every_module_stands_on_the_map(app):
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = text.partition(f"### {app}\n")[2].partition("### ")[0].partition("## The way")[0]
    named = {name.rstrip("/") for name in re.findall(r"`([\w/]+)`", table)}
    modules = {path.stem for path in (ROOT / app).iterdir() if path.stem[:1] not in "_."}
    assert modules - named - CONVENTIONAL == set()


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


# What needs nothing to be done.
FINE = {
    Action.MARKED_WATCHED,
    Action.RECORDED_REWATCH,
    Action.AUTO_ADDED_SHOW,
    Action.LIBRARY_SHOW_ADDED,
    Action.SHOW_ALREADY_EXISTS,
}


def test_whatever_an_event_says_has_its_advice():
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    said = set(re.findall(r"^\| ([A-Z].*?\.) \|", text, re.MULTILINE))
    assert said == {str(action.label) for action in Action if action not in FINE}


def test_every_command_of_ours_and_every_make_target_is_listed():
    text = (DOCS / "installation.md").read_text(encoding="utf-8")
    commands = {name for name, app in get_commands().items() if app in {"tracker", "plex"}}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE)) - {"help"}
    assert {name for name in commands - {"demo"} if f"`manage.py {name}" not in text} == set()
    assert {name for name in targets if f"`make {name}`" not in text} == set()


def words_of_the_pages() -> str:
    """All that the pages can say, tags and icons left out."""
    templates = [path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")]
    code = [
        node.value
        for app in ("tracker", "plex")
        for path in (ROOT / app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return "\n".join([re.sub(r"<[^>]*>|{%[^%]*%}", "\n", text) for text in templates] + code)


def test_every_page_button_and_switch_that_is_named_exists():
    words = words_of_the_pages()
    named = {
        part
        for page in ("README.md", "docs/plex.md", "docs/troubleshooting.md", "docs/operations.md")
        for text in re.findall(r"\*\*([^*]+)\*\*", (ROOT / page).read_text(encoding="utf-8"))
        # A sentence's beginning is no name; and Plex has its own settings.
        if not text.endswith((".", ":")) and not text.startswith("Settings >")
        for part in text.split(" > ")
    }
    assert {"Connect Plex", "Register with Plex", "Activity"} <= named
    # The name of a column stands in the code with a small letter.
    missing = {
        name for name in named if name not in words and name[0].lower() + name[1:] not in words
    }
    assert missing <= {"conflict", "one", "rule"}


def test_every_address_of_ours_that_is_named_exists():
    named = {
        path
        for page in PAGES
        for path in re.findall(r"`(?:GET )?(/[a-z][\w/.-]*)`", page.read_text(encoding="utf-8"))
        if not path.startswith(("/etc/", "/mnt/", "/opt/"))
    }
    assert {"/healthz", "/metrics", "/api/docs"} <= named
    assert {path for path in named if not is_ours(path)} <= {
        "/api/",  # All calls together,
        "/data",  # the container's folder,
        "/find",  # TMDB's.
    }


def is_ours(path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    # The last pattern under api/ says that there is no such call.
    return match.func.__name__ != "not_found"


def compose() -> dict[str, Any]:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


def test_the_container_passes_on_settings_that_exist_with_their_defaults():
    passed = compose()["tracker"]["environment"]
    documented = settings_documented()
    assert set(passed) - set(documented) == set()
    for name, value in passed.items():
        match = re.fullmatch(rf"\$\{{{name}:-(.*)\}}", value)
        assert match, name
        assert match[1] in documented[name]


def test_what_the_container_reads_is_documented():
    text = (DOCS / "installation.md").read_text(encoding="utf-8")
    table = text.partition("| in `.env` |")[2].partition("\n\n")[0]
    read = set(re.findall(r"\$\{(\w+)", json.dumps(compose())))
    assert set(re.findall(r"`([A-Z_]+)`", table)) | {"POSTGRES_PASSWORD"} == read


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_containers_health_is_that_of_healthz(status, code):
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Host"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            """Nothing."""

    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    command = re.search(r"HEALTHCHECK .*?CMD (\[.*\])", text)
    assert command
    _, *arguments = json.loads(command[1])
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(
            [sys.executable, *arguments],
            env={"PORT": str(server.server_port)},
            capture_output=True,
            check=False,
        )
        server.shutdown()
    assert (done.returncode, asked) == (code, [("/healthz", "localhost")])
