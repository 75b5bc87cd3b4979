from __future__ import annotations

import re
from dataclasses import replace

from ringwork.prove.evidence import Report
from ringwork.report import annotations
from tests.report import sample

COMMAND = re.compile(r"^::(error|warning|notice)( [a-z]+=[^:,]*(?:,[a-z]+=[^:,]*)*)?::([^\r\n]*)$")


def _read(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """The commands as the runner reads them: level, properties, message."""
    found = []
    for line in annotations.render(report).splitlines():
        matched = COMMAND.fullmatch(line)
        assert matched is not None, line
        level, told, message = matched.groups()
        pairs = dict(pair.split("=", 1) for pair in (told or "").strip().split(",") if pair)
        found.append((level, {name: _back(value) for name, value in pairs.items()}, _back(message)))
    return found


def _back(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_a_finding_is_an_annotation_at_its_handler() -> None:
    """The level is the severity's, and the message says what to do."""
    level, told, message = _read(sample.foreign())[0]
    assert level == "error"
    assert told == {"file": "shop/orders.py", "line": "41", "title": "access.deny-by-default critical: GET /orders/{order_id}"}
    assert "ringwork replay 000000000001" in message


def test_text_of_the_target_cannot_begin_a_command() -> None:
    """A route, a file or an answer with line ends, colons, commas and percent signs stays inside its own command."""
    report = sample.foreign()
    evil = "GET /a,line=1::x\r\n::add-mask::secret %0A::error::100%"
    first = replace(report.findings[0], where=evil, summary=evil, file="shop/a,b:c%.py", fix=evil)
    level, told, message = _read(replace(report, findings=(first,)))[0]
    assert (level, told["file"], told["line"]) == ("error", "shop/a,b:c%.py", "41")
    assert told["title"].endswith("GET /a,line=1::x ::add-mask::secret %0A::error::100%")
    assert "100%" in message


def test_escapes_as_the_runner_unescapes() -> None:
    """% first, in data and in properties; the colon and the comma in properties alone."""
    assert annotations.command("error", "50%\r\na:b,c", title="50%:a,b") == "::error title=50%25%3Aa%2Cb::50%25%0D%0Aa:b,c"
    assert annotations.command("notice", "x", title="") == "::notice::x"


def test_with_a_baseline_only_the_new_finding_is_annotated() -> None:
    """The change that brings a finding is not hidden among those that were there."""
    report = sample.foreign()
    known = replace(report, baseline="b.json", known=tuple(f.id for f in report.findings if f.where != "POST /profile"))
    titles = [told.get("title", "") for _, told, _ in _read(known) if "file" in told]
    assert titles == ["browser.csrf high: POST /profile"]


def test_what_github_would_not_show_is_counted() -> None:
    """GitHub drops what is beyond ten of a level without a word."""
    report = sample.foreign()
    many = tuple(replace(report.findings[0], id=f"{number:012x}") for number in range(30))
    read = [found for found in _read(replace(report, findings=many)) if found[0] == "error"]
    assert len(read) == annotations.SHOWN
    assert read[-1][2] == "22 more of this level stand in the report"


def test_a_run_that_proves_nothing_is_an_error() -> None:
    """No annotation at all would look like a clean run."""
    assert ("error", {"title": "ringwork: the run proves nothing"}, "interrupted; the report is partial") in _read(sample.partial())


def test_the_five_counts_stand_side_by_side() -> None:
    """The last line says how much was not verified."""
    *_, (level, _, message) = _read(sample.clean())
    assert level == "notice"
    assert re.fullmatch(r"\d+ proven, \d+ violated, \d+ not verified, \d+ not applicable, \d+ accepted; held \d+ of .*", message)


def test_waivers_that_are_due_are_annotated() -> None:
    """One past its day is an error at its comment; one that accepts nothing is told at the settings."""
    read = [(level, told["file"], told["line"]) for level, told, _ in _read(sample.late()) if "file" in told]
    assert read == [("error", "shop/sync.py", "12"), ("notice", "ringwork.toml", "1")]
