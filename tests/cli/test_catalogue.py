"""`ringwork catalogue`."""

from __future__ import annotations

import json

import pytest

from ringwork.controls import control
from ringwork.report import status

ALL = [row.id for row in control.load().controls]


def ids_in(out: str) -> list[str]:
    return [line.split("\t")[0] for line in out.splitlines()]


def test_lists_every_control_once_in_a_pipe(run) -> None:
    """One tab-separated line a control, for grep and cut."""
    ended = run("catalogue")
    assert ended.code == 0
    assert ids_in(ended.out) == ALL
    assert {line.count("\t") for line in ended.out.splitlines()} == {5}


def test_a_pipe_gets_no_colour_and_no_folded_line(run) -> None:
    """A narrow window does not cut what goes to a file, and colour codes stay out of it."""
    ended = run("catalogue", "--layer", "access", colour=True)
    assert "\x1b" not in ended.out
    assert len(ended.out.splitlines()) == len([id_ for id_ in ALL if id_.startswith("access.")])


@pytest.mark.parametrize(
    ("option", "value", "holds"),
    [
        ("--layer", "supply-chain", lambda row: row.layer == "supply-chain"),
        ("--profile", "baseline", lambda row: row.profile == "baseline"),
        ("--profile", "standard", lambda row: row.profile in {"baseline", "standard"}),
        ("--owner", "platform", lambda row: row.owner == "platform"),
    ],
)
def test_a_filter_keeps_what_it_names(run, option: str, value: str, holds) -> None:
    """Each filter keeps its controls and drops the others; a profile holds the smaller ones."""
    assert ids_in(run("catalogue", option, value).out) == [row.id for row in control.load().controls if holds(row)]


@pytest.mark.parametrize("state", list(status.Status))
def test_filters_by_status(run, state: status.Status) -> None:
    """The status may be written as one word."""
    found = status.standings(control.load(), status.trees())
    expected = [id_ for id_ in ALL if found[id_].status is state]
    assert ids_in(run("catalogue", "--status", state.replace(",", "").replace(" ", "-")).out) == expected
    assert ids_in(run("catalogue", "--status", state).out) == expected


def test_filters_join(run) -> None:
    """Two filters keep what both keep."""
    both = ids_in(run("catalogue", "--layer", "process", "--profile", "baseline").out)
    assert both == ["process.risk-acceptance"]


@pytest.mark.parametrize(
    ("option", "word"),
    [("--layer", "brwser"), ("--profile", "low"), ("--owner", "me"), ("--standard", "iso"), ("--status", "done")],
)
def test_an_unknown_value_is_a_usage_error(run, option: str, word: str) -> None:
    """A mistyped filter is not an empty list that looks like an answer."""
    ended = run("catalogue", option, word)
    assert ended.code == 2
    assert option in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    ("standard", "line"),
    [
        ("asvs", ("asvs", "3.5.1", "browser.csrf")),
        ("owasp", ("api_2023", "API7", "network.ssrf")),
        ("cwe", ("cwe", "CWE-352", "browser.csrf")),
        ("wstg", ("wstg", "WSTG-SESS-05", "browser.csrf")),
    ],
)
def test_lists_a_standard_by_requirement(run, standard: str, line: tuple[str, str, str]) -> None:
    """A reviewer finds a requirement and the controls that answer it."""
    name, code, answer = line
    found = [row.split("\t") for row in run("catalogue", "--standard", standard).out.splitlines()]
    answers = [row[2] for row in found if row[:2] == [name, code]]
    assert len(answers) == 1
    assert answer in answers[0]


def test_lists_requirements_that_no_control_answers(run) -> None:
    """A gap is said, and not left for the reader to find."""
    assert "Answered by no control" in run("catalogue", "--standard", "wstg", terminal=100).text


def test_json_holds_the_chosen_controls(run) -> None:
    """Programs get the same choice, with a version mark."""
    document = json.loads(run("catalogue", "--layer", "output", "--json").out)
    assert document["format"] == "ringwork.catalogue/1"
    assert [row["id"] for row in document["controls"]] == [id_ for id_ in ALL if id_.startswith("output.")]


def test_markdown_is_the_status_page(run) -> None:
    """The page of the documentation comes from this command."""
    assert run("catalogue", "--markdown").out == status.markdown(control.load(), status.trees())


def test_markdown_refuses_a_filter(run) -> None:
    """A status page with controls left out would be a wrong one."""
    assert run("catalogue", "--markdown", "--layer", "browser").code == 2


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_a_terminal_of_any_width_shows_every_id_whole(run, width: int) -> None:
    """Nothing is cut off, and no line is wider than the terminal."""
    text = run("catalogue", terminal=width).text
    words = text.split()
    assert [id_ for id_ in ALL if id_ not in words] == []
    assert max(map(len, text.splitlines())) <= width


def test_a_terminal_gets_colour_unless_it_is_refused(run) -> None:
    """NO_COLOR is obeyed; colour only repeats a word."""
    assert "\x1b[31m" in run("catalogue", "--layer", "network", terminal=160, colour=True).out
    assert "\x1b[31m" not in run("catalogue", "--layer", "network", terminal=160).out


def test_an_installed_package_says_what_was_not_looked_at(run, monkeypatch, tmp_path) -> None:
    """Complete without the repository means less, and the list says so."""
    monkeypatch.setattr(status, "trees", lambda: status.Trees(package=tmp_path, repository=None))
    assert "not looked at" in run("catalogue", "--layer", "browser", terminal=200).text
    assert "not looked at" not in run("catalogue", "--layer", "browser").out
