from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ringwork.names import CheckId
from ringwork.prove.evidence import Report, Verdict, Waived, WaiverState
from ringwork.report import oscal
from tests.report import sample

EVERY = {
    "clean": sample.clean(),
    "foreign": sample.foreign(),
    "partial": sample.partial(),
    "hostile": sample.hostile(),
    "late": sample.late(),
}
FILES = ("catalog.json", "profile.json", "assessment-plan.json", "assessment-results.json")
TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def _read(report: Report) -> dict[str, Any]:
    """Each document by its file's name, without its root."""
    return {name: next(iter(json.loads(text).values())) for name, text in oscal.render(report).items()}


def _result(report: Report) -> dict[str, Any]:
    (only,) = _read(report)["assessment-results.json"]["results"]
    return dict(only)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _waived() -> Report:
    report = sample.foreign()
    waiver = Waived(
        control="access.deny-by-default",
        route="GET /status",
        reason="on the wall",
        owner="web",
        until="2027-03-01",
        source="policy",
        state=WaiverState.USED,
    )
    return replace(report, findings=(*report.findings[:-1], replace(report.findings[-1], waiver=waiver)))


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_the_four_files_name_each_other(report: Report) -> None:
    """Importers refuse results alone: they ask for the plan, the profile and the catalogue."""
    read = _read(report)
    assert tuple(read) == FILES
    assert read["assessment-results.json"]["import-ap"]["href"] == "assessment-plan.json"
    assert read["profile.json"]["imports"][0]["href"] == "catalog.json"
    system = read["assessment-plan.json"]["import-ssp"]["href"]
    assert system == f"#{read['assessment-plan.json']['back-matter']['resources'][0]['uuid']}"


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_names_and_values_keep_to_the_types_of_oscal(report: Report) -> None:
    """A name with a blank, an empty value or one of two lines makes the whole file invalid."""
    for document in _read(report).values():
        for one in _objects(document):
            assert UUID.fullmatch(one.get("uuid", "00000000-0000-5000-8000-000000000000")), one
            if "ns" in one:
                assert TOKEN.fullmatch(one["name"]), one
                assert one["value"] == " ".join(one["value"].split()) != "", one
            for name in ("id", "control-id", "target-id"):
                assert TOKEN.fullmatch(one.get(name, "_")), one


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_every_reference_leads_somewhere(report: Report) -> None:
    """Findings name observations and risks of the same file, and statements of the catalogue."""
    read, result = _read(report), _result(report)
    uuids = [one["uuid"] for one in _objects(result) if "uuid" in one]
    assert len(uuids) == len(set(uuids))
    ids = {one["id"] for one in _objects(read["catalog.json"]) if "id" in one}
    for one in _objects(result):
        for name in ("observation-uuid", "risk-uuid", "subject-uuid", "actor-uuid"):
            assert one.get(name, uuids[0]) in uuids
        for name in ("control-id", "target-id"):
            assert name not in one or one[name] in ids
    picked = read["profile.json"]["imports"][0]["include-controls"][0]["with-ids"]
    assert set(picked) <= ids


def test_the_same_report_gives_the_same_files() -> None:
    """Whoever keeps them sees what changed; another run has documents of its own, and the same risks."""
    report = sample.foreign()
    later = replace(report, started_at="2026-11-24T21:04:05+00:00")
    assert oscal.render(report) == oscal.render(report)
    assert _read(report)["assessment-results.json"]["uuid"] != _read(later)["assessment-results.json"]["uuid"]
    assert [risk["uuid"] for risk in _result(report)["risks"]] == [risk["uuid"] for risk in _result(later)["risks"]]


def test_only_what_was_proven_is_satisfied() -> None:
    """A control that held but was not verified is not satisfied, and says why."""
    report = sample.clean()
    found = {one["target"]["target-id"].removesuffix("_smt"): one for one in _result(report)["findings"]}
    for control, one in found.items():
        is_proven = report.controls[control] is Verdict.PROVEN
        assert one["target"]["status"]["state"] == ("satisfied" if is_proven else "not-satisfied"), control
    assert any("Not verified, and no pass: " in one.get("remarks", "") for one in found.values())


def test_what_nobody_tried_is_not_among_what_was_reviewed() -> None:
    """It is excluded by name, in the plan as in the results, and has no finding that could be read as one."""
    report = sample.clean()
    selection = _result(report)["reviewed-controls"]["control-selections"][0]
    assert {one["control-id"] for one in selection["include-controls"]} == set(sample.PROVED)
    assert "process.risk-acceptance" in {one["control-id"] for one in selection["exclude-controls"]}
    assert _read(report)["assessment-plan.json"]["reviewed-controls"] == _result(report)["reviewed-controls"]
    assert "findings" not in _result(sample.partial())


def test_each_open_finding_is_a_risk() -> None:
    """With its fix as a recommendation, and its place in the repository."""
    report = sample.foreign()
    risks = _result(report)["risks"]
    assert [risk["status"] for risk in risks] == ["open"] * 7 + ["deviation-approved"]
    (fix,) = risks[0]["remediations"]
    assert (fix["lifecycle"], fix["description"]) == ("recommendation", report.findings[0].fix)
    assert {"name": "file", "ns": "urn:ringwork:oscal", "value": "shop/orders.py:41"} in risks[0]["props"]


def test_an_accepted_risk_has_the_waivers_date() -> None:
    """After it the deviation is no longer approved."""
    risk = _result(_waived())["risks"][-1]
    assert risk["deadline"] == "2027-03-01T23:59:59Z"
    assert any(prop["name"] == "waiver" for prop in risk["props"])


def test_an_observation_says_what_was_seen() -> None:
    """Each check that was made is one, looked at or attacked; what broke through stands first."""
    report = sample.foreign()
    found = {one["title"]: one for one in _result(report)["observations"]}
    assert found["browser.csrf/token-matrix"]["methods"] == ["TEST"]
    assert "broken: form post from another site" in found["browser.csrf/token-matrix"]["description"]
    assert {one["methods"][0] for one in found.values()} == {"TEST", "EXAMINE"}


def test_times_have_a_zone() -> None:
    """A time without one is no time for OSCAL; an unreadable one is 1970, which nobody takes for today."""
    naive = _result(replace(sample.clean(), started_at="2026-11-23T21:04:05"))
    assert datetime.datetime.fromisoformat(naive["start"]).tzinfo is not None
    assert _result(replace(sample.clean(), started_at="yesterday"))["start"].startswith("1970-01-01T00:00:00+00:00")


def test_a_third_partys_control_has_a_place_in_the_catalogue() -> None:
    """Whatever its id is made of."""
    report = sample.clean()
    odd = replace(report.results[0], check=CheckId("1 shop|x/rounding"), evidence=next(r.evidence for r in report.results if r.evidence))
    read = _read(replace(report, results=(odd,), controls={"1 shop|x": Verdict.PROVEN}))
    (group,) = read["catalog.json"]["groups"]
    assert group["controls"][0]["id"] == "_1_shop_x"
