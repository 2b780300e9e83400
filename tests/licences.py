"""`python -m tests.licences`: writes docs/licences.md from what the locked packages say of themselves."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / ".ci" / "requirements.txt"
PAGE = ROOT / "docs" / "licences.md"

# Licences under which a package may be used and passed on beside MIT code, each by its SPDX name.
COMPATIBLE = {
    *("MIT", "MIT-0", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0"),
    # Of these only changes to the package itself have to be passed on: we make none.
    *("MPL-2.0", "LGPL-3.0-only", "LGPL-3.0-or-later"),
}
# Packages that say it in words only, or are installed on other systems than this.
SAID = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "django-csp": "BSD-3-Clause",
    "django-ratelimit": "Apache-2.0",
    "drf-spectacular-sidecar": "BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
    "uritemplate": "BSD-3-Clause OR Apache-2.0",
}
# What comes inside files rather than as a package: (what, where, licence).
FILES = [
    ("Inter, a typeface", "`static/fonts/`", "OFL-1.1, beside it in `LICENSE.txt`"),
    ("htmx", "inside django-htmx", "0BSD"),
    ("Swagger UI", "inside drf-spectacular-sidecar", "Apache-2.0"),
    ("Redoc, which no page uses", "inside drf-spectacular-sidecar", "MIT"),
    ("TMDB's logo", "`static/tmdb.svg`", "TMDB's; shown as its terms ask of those who use its API"),
]
HEAD = """# Licences

Full Tracker itself is under the MIT licence (`LICENSE`). This page lists what is installed with it, from `.ci/requirements.txt`; `make licences` writes it.
None of these packages is changed or copied into the source.
"""


def locked() -> list[str]:
    """The packages that are installed to run Full Tracker."""
    return sorted(re.findall(r"^([\w.-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def licence_of(package: str) -> str:
    """Its licence as an SPDX expression. Raises `LookupError` where nobody said it yet."""
    if package in SAID:
        return SAID[package]
    try:
        about = metadata(package)
    except PackageNotFoundError:
        raise LookupError(f"{package} is not installed here: enter its licence in SAID.") from None
    fields = [about[name] for name in ("License-Expression", "License") if name in about]
    said = fields[0].strip() if fields else ""
    if not said or not is_compatible(said):
        raise LookupError(
            f"{package} says {said[:60]!r}: look at its licence, and enter it in SAID."
        )
    return said


def is_compatible(expression: str) -> bool:
    """Whether one of several alternatives, with all of its parts, is among the compatible ones."""
    alternatives = re.split(r"\s+OR\s+", expression.strip("() "))
    return any(
        set(re.split(r"\s+AND\s+", each.strip("() "))) <= COMPATIBLE for each in alternatives
    )


def page() -> str:
    lines = [HEAD, "| package | licence |", "|---|---|"]
    lines += [
        f"| [{name}](https://pypi.org/project/{name}/) | {licence_of(name)} |" for name in locked()
    ]
    lines += ["", "| what else | where | licence |", "|---|---|---|"]
    lines += [f"| {what} | {where} | {licence} |" for what, where, licence in FILES]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
