from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ringwork.errors import ReportUnreadable
from ringwork.prove.evidence import Report
from ringwork.report import plain
from tests.report import sample

REPORTS = {"clean": sample.clean(), "foreign": sample.foreign(), "partial": sample.partial(), "hostile": sample.hostile()}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_report_comes_back_as_it_went(report: Report) -> None:
    """Nothing is lost, and every value has its own type again: verdicts, tuples, numbers."""
    assert plain.from_json(plain.to_json(report)) == report


def test_a_lone_half_of_a_character_survives() -> None:
    """A target's answer may hold bytes that are no text; the report can be written to a file all the same."""
    report = replace(sample.clean(), commit="\udc80")
    written = plain.to_json(report).encode("utf-8")
    assert plain.from_json(written.decode()) == report


def test_the_version_stands_first() -> None:
    """What leaves the process carries a version mark, where a reader meets it before all else."""
    assert next(iter(json.loads(plain.to_json(sample.clean())))) == "schema"


@pytest.mark.parametrize("version", [0, 4, "1", None, True, 1.0, 1.5])
def test_refuses_another_version_and_names_it(version: object) -> None:
    """A report of another version may mean something else by the same words."""
    document = {**json.loads(plain.to_json(sample.clean())), "schema": version}
    said = f"report: schema: this is version {json.dumps(version)}, and versions 1, 2 and 3 are what can be read"
    with pytest.raises(ReportUnreadable, match=said) as refused:
        plain.from_json(json.dumps(document))
    assert refused.value.where == "schema"


NEWER = ("known", "baseline", "gone", "waived", "since", "routes", "left_out", "tree", "project", "anchor")


def test_reads_a_report_of_version_1() -> None:
    """What was stored before owners and baselines were is read with these left empty, so it can still be compared."""
    document = {**json.loads(plain.to_json(sample.foreign())), "schema": 1}
    for name in NEWER:
        del document[name]
    for finding in document["findings"]:
        del finding["owner"], finding["waiver"]
    assert plain.from_json(json.dumps(document)) == sample.foreign()


def _without_reading(value: Any) -> Any:
    """The same document as version 2 wrote it: no observation has a fix, a tier or steps."""
    if isinstance(value, list):
        return [_without_reading(one) for one in value]
    if not isinstance(value, dict):
        return value
    newer = {"tier", "steps", "fix"} if "outcome" in value else set()
    return {name: _without_reading(one) for name, one in value.items() if name not in newer}


def test_reads_a_report_of_version_2() -> None:
    """What was stored before source was read has no steps and tiers, and says the same."""
    document = {**_without_reading(json.loads(plain.to_json(sample.foreign()))), "schema": 2}
    assert plain.from_json(json.dumps(document)) == sample.foreign()


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "[" * 100_000, '{"target": "app"}'])
def test_refuses_what_is_no_report(text: str) -> None:
    """A damaged file is told as one, not as a fault of the program."""
    with pytest.raises(ReportUnreadable):
        plain.from_json(text)


@pytest.mark.parametrize(
    ("path", "value", "where", "problem"),
    [
        (("seed",), "41", "seed", "expected a whole number"),
        (("seed",), True, "seed", "expected a whole number"),
        (("seconds",), "fast", "seconds", "expected a number"),
        (("partial",), 0, "partial", "expected true or false"),
        (("target",), None, "target", "expected text"),
        (("results",), {}, "results", "expected a list"),
        (("controls",), [], "controls", "expected an object"),
        (("coverage",), 3, "coverage", "expected an object"),
        (("results", 0, "verdict"), "passed", "results[0].verdict", "expected one of: proven, violated"),
        (("controls", "browser.csrf"), "fine", "controls.browser.csrf", "expected one of: proven"),
        (("coverage", "skipped", "GET /x/{id}"), 404, "coverage.skipped.GET /x/{id}", "expected text"),
        (("colour",), "green", "colour", "this field is unknown"),
    ],
)
def test_names_the_place_of_a_fault(path: tuple[str | int, ...], value: object, where: str, problem: str) -> None:
    """An altered report is refused at the altered field."""
    document = json.loads(plain.to_json(sample.clean()))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ReportUnreadable) as refused:
        plain.from_json(json.dumps(document))
    assert (refused.value.where, refused.value.problem[: len(problem)]) == (where, problem)


def test_names_a_field_that_is_missing() -> None:
    """A verdict that was cut out is not taken for a pass."""
    document = json.loads(plain.to_json(sample.clean()))
    del document["results"][1]["verdict"]
    with pytest.raises(ReportUnreadable, match=r"results\[1\]\.verdict: this field is missing"):
        plain.from_json(json.dumps(document))


def test_masked_secrets_stay_masked() -> None:
    """The marks that stand for a cookie and a token are written as they are, there and back."""
    text = plain.to_json(sample.clean())
    back = plain.from_json(text)
    seen = [o.control.request for r in back.results if r.evidence is not None for o in r.evidence.observations if o.control is not None]
    assert seen
    assert all("__Host-session={{cookie}}" in request and "csrf_token={{csrf}}" in request for request in seen)
    assert "{{cookie}}" in text


def test_a_whole_number_of_seconds_is_a_number() -> None:
    """JSON does not tell 31 from 31.0, and both are durations."""
    document = {**json.loads(plain.to_json(sample.clean())), "seconds": 31}
    assert plain.from_json(json.dumps(document)).seconds == 31.0
