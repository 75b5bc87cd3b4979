from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ringwork.report import plain
from tests.report import sample


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Two reports in the current folder, a finding apart."""
    monkeypatch.chdir(tmp_path)
    shop = sample.foreign()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "report.json").write_text(plain.to_json(shop))
    (tmp_path / "old.json").write_text(plain.to_json(replace(shop, findings=shop.findings[1:])))
    return shop.findings[0]


def test_ends_with_one_where_something_is_new(stored, run):
    """A pipeline can stand on the exit code, and a person reads which one it is."""
    ended = run("report", "diff", "old.json", "new")
    assert ended.code == 1
    assert f"{stored.id}  critical  {stored.check}  {stored.where}" in ended.text


def test_tells_the_difference_in_markdown(stored, run):
    """The comment at a change is the standard output, and the exit code stays what it is."""
    ended = run("report", "diff", "old.json", "new", "--format", "markdown", terminal=40)
    assert (ended.code, ended.out.startswith("## ")) == (1, True)
    assert f"ringwork replay {stored.id}" in ended.out


def test_refuses_a_form_of_difference_that_is_unknown(stored, run):
    """A mistyped form is told before anything is printed."""
    ended = run("report", "diff", "old.json", "new", "--format", "html")
    assert (ended.code, "write one of: terminal, markdown" in ended.err) == (2, True)


def test_ends_with_nothing_where_nothing_is_new(stored, run):
    """A finding less is no fault."""
    assert run("report", "diff", "new", "old.json").code == 0
    assert run("report", "diff", "new", "new").code == 0


@pytest.mark.parametrize("name", ["absent.json", "new"])
def test_says_where_no_report_is(stored, run, tmp_path, name):
    """A wrong path, or a damaged file, is told with what to give instead."""
    (tmp_path / "new" / "report.json").write_text("{}")
    ended = run("report", "diff", "old.json", name)
    assert ended.code == 2
    assert "give a report.json that `ringwork prove` wrote" in ended.err


def test_refuses_a_severity_that_is_not_known(stored, run):
    """A mistyped severity must not pass for one that lets everything through."""
    ended = run("report", "diff", "old.json", "new", "--fail-on", "hgih")
    assert (ended.code, "write one of: critical, high, medium, low" in ended.err) == (2, True)


def test_without_a_word_says_which_there_are(run):
    """`ringwork report` alone shows its commands."""
    ended = run("report")
    assert "diff" in ended.out + ended.err


def test_makes_any_output_of_a_stored_report(stored, run, tmp_path):
    """A pipeline that kept report.json needs no second run for another form."""
    ended = run("report", "render", "new", "--format", "sarif,junit", "--format", "markdown", "--output-dir", "out")
    assert ended.code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["junit.xml", "report.sarif", "summary.md"]
    assert json.loads((tmp_path / "out" / "report.sarif").read_text())["runs"][0]["results"][0]["partialFingerprints"]


def test_prints_annotations_as_they_are(stored, run):
    """A command is one line from its first column, however narrow the terminal is."""
    ended = run("report", "render", "new", "--format", "github", terminal=40)
    assert ended.out.startswith("::error file=shop/orders.py,line=41,title=access.deny-by-default")


@pytest.mark.parametrize(("word", "said"), [("sarf", "did you mean sarif?"), ("docx", "write one of: html, json, sarif")])
def test_names_a_format_that_is_unknown(stored, run, word, said):
    """A mistyped form is told before anything is written."""
    ended = run("report", "render", "new", "--format", word)
    assert ended.code == 2
    assert said in ended.err


def test_says_where_an_output_cannot_be_written(stored, run, tmp_path):
    """A pipeline that wrote nothing does not pass."""
    (tmp_path / "taken").write_text("a file")
    ended = run("report", "render", "new", "--format", "sarif", "--output-dir", "taken")
    assert ended.code == 2
    assert "could not be written to taken" in ended.out


def test_prints_the_schema(run):
    """The description of report.json is there without a network."""
    assert json.loads(run("report", "schema").out)["$id"] == f"urn:ringwork:report:{plain.SCHEMA}"


def test_prints_tickets_line_by_line(stored, run):
    """A pipe into a ticket system gets JSON lines, and with an earlier report also what is fixed."""
    lines = [json.loads(line) for line in run("report", "tickets", "new", "--prefix", "shop").out.splitlines()]
    assert lines[0]["key"] == f"shop-{stored.id}"
    assert run("report", "tickets", "old.json", "--before", "new").code == 0
    assert run("report", "tickets", "nowhere").code == 2
