"""The evaluation: files in, decisions and tables out, no database."""

from __future__ import annotations

import gzip
import json

import pytest
from django.core.management import CommandError, call_command

CATALOGUE = """\
title,original_title,year,tmdb_id,tvdb_id,imdb_id
Dark,,2017,70523,,
The Office,,2005,,,
The Office,,2001,,,
Somali and the Forest Spirit,ソマリと森の神様,2020,,,
Vikings: Valhalla,,2022,,,
"""
PAIRS = """\
plex_title,show_year,episode_year,row,kind
DARK,2017,,1,case_only
The Office,,2006,2,episode_year
ソマリと森の神様,2020,,4,non_latin
Vikings,2013,,none,neg_franchise
Kastlevania,,,none,neg_random
The Office (2005),,,2,year_suffix
Dark,2017,,none,neg_twin
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "pairs.csv").write_text(PAIRS, "utf-8")
    (tmp_path / "shows.csv").write_text(CATALOGUE, "utf-8")
    with gzip.open(tmp_path / "shows.csv.gz", "wt", encoding="utf-8") as packed:
        packed.write(CATALOGUE)
    return tmp_path


def evaluate(files, *options, catalogue="shows.csv"):
    out = files / "out.jsonl"
    call_command(
        "evaluate_matching",
        *options,
        catalogue=str(files / catalogue),
        pairs=str(files / "pairs.csv"),
        out=str(out),
    )
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("catalogue", ["shows.csv", "shows.csv.gz"])
def test_one_line_for_each_pair(files, catalogue):
    lines = evaluate(files, catalogue=catalogue)
    assert [line["row"] for line in lines] == [1, None, 4, None, None, 2, 1]
    assert lines[0]["confidence"] == 0.92
    assert lines[0]["suggestions"][0] == [1, 0.92]
    assert {row for row, _ in lines[1]["suggestions"][:2]} == {2, 3}
    assert lines[3]["suggestions"][0][0] == 5
    assert lines[3]["confidence"] < 0.5


def test_tables_by_kind_and_score(files, capsys):
    evaluate(files)
    printed = capsys.readouterr().out
    assert [line.split() for line in printed.splitlines() if line.startswith("neg_twin")] == [
        ["neg_twin", "1", "0", "1", "0", "0"]
    ]
    assert "mapped by itself, right: 75.0%" in printed
    assert "mapped by itself, WRONG: 0, and 1 twins" in printed
    assert "true show among five: 100.0%" in printed
    assert "best score" in printed


def test_measures_each_rule(files, capsys):
    evaluate(files, "--rules")
    printed = capsys.readouterr().out
    assert "\narticles " in printed
    assert "\nampersand " in printed
    assert evaluate(files)[0]["row"] == 1


def test_files_may_be_named_by_the_environment(files, monkeypatch, capsys):
    monkeypatch.setenv("CATALOGUE", str(files / "shows.csv"))
    monkeypatch.setenv("PAIRS", str(files / "pairs.csv"))
    monkeypatch.delenv("OUT", raising=False)
    call_command("evaluate_matching")
    assert "true show first" in capsys.readouterr().out


@pytest.mark.parametrize("variable", ["CATALOGUE", "PAIRS"])
def test_says_which_file_is_missing(files, monkeypatch, variable):
    monkeypatch.setenv("CATALOGUE", str(files / "shows.csv"))
    monkeypatch.setenv("PAIRS", str(files / "pairs.csv"))
    monkeypatch.setenv(variable, str(files / "nowhere.csv"))
    with pytest.raises(CommandError, match=r"nowhere\.csv could not be read"):
        call_command("evaluate_matching")
    monkeypatch.delenv(variable)
    with pytest.raises(CommandError, match="Say where the files are"):
        call_command("evaluate_matching")


def test_says_what_is_wrong_with_a_row(files):
    (files / "pairs.csv").write_text("title,row\nDark,1\n", "utf-8")
    with pytest.raises(CommandError, match="plex_title"):
        evaluate(files)
