"""Under which titles a show is found."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from tests.factories import make_show
from tracker.library import index_titles
from tracker.models import ShowTitle

pytestmark = pytest.mark.django_db


def keys(show) -> set[str]:
    return set(show.titles.values_list("key", flat=True))


def test_each_title_has_its_key():
    show = make_show("The Bear", original_title="Der Bär", alternative_titles=["Bear, The"])
    assert "bear" in keys(show)
    assert len(keys(show)) == show.titles.count()


def test_a_title_in_another_script_is_found_in_latin_letters_too():
    show = make_show("Mrs. Sazae", original_title="サザエさん")
    assert "sazaesan" in keys(show)
    assert any(not key.isascii() for key in keys(show))


def test_indexing_again_touches_nothing_that_stayed():
    show = make_show("Severance", alternative_titles=["Ruptura"])
    before = set(show.titles.values_list("pk", flat=True))
    show.alternative_titles = ["Ruptura", "Zerwanie"]
    index_titles(show)
    assert before < set(show.titles.values_list("pk", flat=True))


def test_the_command_writes_all_keys_anew(capsys):
    show = make_show("Severance")
    ShowTitle.objects.all().delete()
    call_command("index_titles")
    assert keys(show) == {"severance"}
    assert "1 shows indexed." in capsys.readouterr().out
