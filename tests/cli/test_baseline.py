from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ringwork.report import plain
from tests.report import sample


@pytest.fixture
def last(tmp_path, monkeypatch):
    """Writes what the last run found into the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ringwork").mkdir()

    def _last(report):
        (tmp_path / ".ringwork" / "report.json").write_text(plain.to_json(report))

    _last(sample.foreign())
    return _last


def _entries(tmp_path, name="ringwork-baseline.json"):
    return json.loads((tmp_path / name).read_text())["entries"]


def test_records_the_last_run(last, run, tmp_path):
    """One command after a first run, and only new findings fail from then on."""
    ended = run("baseline", "record", "--reason", "from before")
    assert (ended.code, ended.out) == (0, "ringwork-baseline.json: 7 findings recorded\n")
    assert {entry["reason"] for entry in _entries(tmp_path)} == {"from before"}


def test_does_not_write_over_a_baseline(last, run, tmp_path):
    """Reasons that people wrote down would be lost."""
    run("baseline", "record", "--reason", "from before")
    ended = run("baseline", "record")
    assert (ended.code, "ringwork baseline update" in ended.text) == (2, True)
    assert {entry["reason"] for entry in _entries(tmp_path)} == {"from before"}


def test_updates_with_what_is_new(last, run, tmp_path):
    """What was known keeps its reason, and what the report no longer has stays until it is pruned."""
    shop = sample.foreign()
    last(replace(shop, findings=shop.findings[1:]))
    run("baseline", "record", "--reason", "old")
    last(replace(shop, findings=shop.findings[:2]))
    assert run("baseline", "update", "--reason", "new").out == "ringwork-baseline.json: 1 added, 7 findings now\n"
    assert sorted(entry["reason"] for entry in _entries(tmp_path)) == ["new", *["old"] * 6]


def test_prunes_what_is_gone(last, run, tmp_path):
    """What the application has no more, and nothing that was not looked at."""
    shop = sample.foreign()
    run("baseline", "record")
    unseen, gone, *rest = shop.findings
    last(replace(shop, findings=tuple(rest), routes=tuple(one.where for one in (unseen, *rest))))
    assert run("baseline", "prune").out == "ringwork-baseline.json: 1 taken out, 6 findings left\n"
    assert gone.id not in {entry["id"] for entry in _entries(tmp_path)}


def test_takes_other_places(last, run, tmp_path):
    """A repository of several applications has a file for each."""
    ended = run("baseline", "record", "--report", ".ringwork/report.json", "--file", "shop.json")
    assert (ended.code, len(_entries(tmp_path, "shop.json"))) == (0, 7)


@pytest.mark.parametrize("word", ["update", "prune"])
def test_says_how_to_begin(last, run, word):
    """Without a file there is nothing to change, and the message names the command that makes one."""
    ended = run("baseline", word)
    assert (ended.code, "ringwork baseline record" in ended.text) == (2, True)


def test_says_that_no_run_was_kept(run, tmp_path, monkeypatch):
    """A folder without a report is the likeliest mistake."""
    monkeypatch.chdir(tmp_path)
    ended = run("baseline", "record")
    assert (ended.code, "a report.json that `ringwork prove` wrote" in ended.text) == (2, True)


def test_says_where_it_cannot_write(last, run):
    """A path that is a folder is told, without a traceback."""
    ended = run("baseline", "record", "--file", "nowhere/known.json")
    assert (ended.code, "choose another place with --file" in ended.text) == (2, True)
