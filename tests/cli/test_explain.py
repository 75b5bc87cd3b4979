"""`ringwork explain CONTROL`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ringwork.controls import address, control
from ringwork.prove.evidence import Tier
from ringwork.report import by_hand, plain, status
from ringwork.survey.flows import Step
from tests.report import sample


@pytest.mark.parametrize("row", control.load().controls, ids=lambda row: row.id)
def test_tells_all_that_a_row_says(run, row: control.Control) -> None:
    """The attack, what stops it, every check and every neighbour of each control is printed."""
    ended = run("explain", row.id)
    assert ended.code == 0
    neighbours = [*row.backed_by, *(item.control for item in row.entails)]
    for words in (row.title, row.threat, row.enforce, *(check.attack for check in row.checks), *row.frameworks.values(), *neighbours):
        assert words in ended.out


def test_tells_what_falls_with_a_control(run, monkeypatch) -> None:
    """An entailment is printed with its reason."""
    catalogue = control.load()
    row = catalogue.find("browser.csrf")
    falls = control.Entailment(control=catalogue.controls[0].id, reason="a reason to be read")
    changed = control.replace(row, entails=(falls,))
    monkeypatch.setattr(control, "load", lambda: control.replace(catalogue, controls=(changed, *catalogue.controls)))
    assert f"{falls.control}: a reason to be read" in run("explain", "browser.csrf").out


def test_finds_a_control_by_alias(run) -> None:
    """People look for a control under other names."""
    assert run("explain", "anti-forgery-token").out.startswith("browser.csrf: ")


def test_an_unknown_control_is_a_usage_error_with_near_misses(run) -> None:
    """A slip of the finger is answered with what was meant."""
    ended = run("explain", "browser.crsf")
    assert ended.code == 2
    assert "browser.csrf" in ended.err


def test_a_word_near_to_nothing_points_to_the_list(run) -> None:
    """Where no name is near, the reader is told where the names are."""
    ended = run("explain", "qqqqqqqq")
    assert ended.code == 2
    assert "ringwork catalogue" in ended.err


def test_says_that_a_control_can_have_no_guard(run) -> None:
    """Nobody waits for a guard that cannot come."""
    assert "no guard in a running application can enforce it" in run("explain", "supply-chain.sbom").out


def test_json_holds_the_control(run) -> None:
    """Programs get the row with its status."""
    document = json.loads(run("explain", "csrf", "--json").out)
    assert document["format"] == "ringwork.catalogue/1"
    assert document["control"]["id"] == "browser.csrf"
    assert document["control"]["status"]


@pytest.mark.parametrize("width", [40, 80, 140])
def test_folds_to_the_width_of_the_terminal(run, width: int) -> None:
    """No line is wider than the terminal."""
    assert max(map(len, run("explain", "csrf", terminal=width).text.splitlines())) <= width


@pytest.mark.parametrize("row", [row for row in control.load().controls if row.guarded], ids=lambda row: row.id)
def test_promises_only_guards_that_there_are(run, row: control.Control) -> None:
    """Only what there is stops anything; of a guard that nobody has built the row says what it would do."""
    has_guard = address.GUARD in status.standing_of(row, status.trees()).present
    heads = run("explain", row.id).out.splitlines()
    assert ("What stops it" in heads) is has_guard
    assert ("What would stop it (ringwork has no guard for it yet)" in heads) is not has_guard


@pytest.fixture
def reported(tmp_path, monkeypatch):
    """The report of a run on a stranger's shop, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ringwork").mkdir()

    def _reported(report):
        (tmp_path / ".ringwork" / "report.json").write_text(plain.to_json(report), encoding="utf-8")
        return report

    return _reported


def test_tells_a_finding_to_whoever_mends_it(run, reported) -> None:
    """What was done, both sides of it, why it matters, how to mend it in this framework, and how to try again, in this order."""
    report = reported(sample.foreign())
    finding = next(one for one in report.findings if one.control == "browser.csrf")
    ended = run("explain", finding.id)
    assert ended.code == 0
    row = control.load().find("browser.csrf")
    wanted = [
        *(finding.id, row.title, finding.severity, finding.where, "What was done", finding.observation.attack),
        *("The request, as bob", "origin: https://evil.invalid", "The answer", "303 see other"),
        *("Why it matters", row.threat, "How to mend it in Flask", "By hand: " + by_hand.text("browser.csrf", "flask")),
        *("How to try again", f"ringwork replay {finding.id}", "ringwork explain browser.csrf"),
    ]
    at = -1
    for words in wanted:
        at = ended.out.lower().index(words.lower(), at + 1)


def test_tells_the_way_of_what_was_only_read(run, reported) -> None:
    """No request was sent, so none is shown; the steps are."""
    report = sample.foreign()
    steps = (Step(file="shop/orders.py", line=4, column=1, said="the query parameter q comes in"),)
    seen = replace(report.findings[0].observation, exchanged=(), tier=Tier.UNCONFIRMED, steps=steps, routes=("GET /orders",))
    reported(replace(report, findings=(replace(report.findings[0], observation=seen),)))
    out = run("explain", report.findings[0].id).out
    assert "What was read" in out
    assert "shop/orders.py:4  the query parameter q comes in" in out
    assert "It happens on GET /orders." in out
    assert "The request" not in out
    assert "reads the source again" in out


def test_a_target_cannot_steer_the_terminal_by_its_answer(run, reported) -> None:
    """Escape sequences of an answer are spelled out."""
    report = sample.foreign()
    one = report.findings[0]
    bad = replace(one.observation.exchanged[0], answer="HTTP/1.1 200 OK\r\n\r\n\x1b[2J[red]gone[/red]\u202e")
    reported(replace(report, findings=(replace(one, observation=replace(one.observation, exchanged=(bad,))),)))
    out = run("explain", one.id).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2J[red]gone[/red]\\u202e" in out


def test_an_id_that_the_report_does_not_hold_is_a_usage_error(run, reported, tmp_path) -> None:
    """A mistyped id is answered with those that there are; without a report, with how to make one."""
    report = reported(sample.foreign())
    ended = run("explain", "f" * 12)
    assert ended.code == 2
    assert report.findings[0].id in ended.text
    (tmp_path / ".ringwork" / "report.json").unlink()
    missing = run("explain", report.findings[0].id)
    assert missing.code == 2
    assert "run `ringwork prove TARGET` first" in missing.text
