"""Everything that is installed with Full Tracker may be passed on with it, and is listed."""

from __future__ import annotations

import pytest

from tests.licences import PAGE, ROOT, is_compatible, licence_of, locked, page


def test_the_page_is_that_of_the_locked_packages():
    assert PAGE.read_text(encoding="utf-8") == page(), "Run `make licences`."


@pytest.mark.parametrize("package", locked())
def test_each_locked_package_may_be_used_beside_mit_code(package):
    assert is_compatible(licence_of(package))


def test_what_comes_inside_files_is_there():
    assert (ROOT / "static/fonts/LICENSE.txt").read_text(encoding="utf-8").startswith("Copyright")
    assert (ROOT / "static/tmdb.svg").is_file()
    assert (ROOT / "LICENSE").is_file()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("", False),
    ],
)
def test_which_licences_are_compatible(expression, expected):
    assert is_compatible(expression) is expected
