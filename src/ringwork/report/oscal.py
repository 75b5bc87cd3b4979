"""A report as OSCAL assessment results, with the catalogue, the profile and the plan that importers ask for beside them.

Against results that an importer refuses, or reads as more than they are: the four files name each other, every name and value keeps to
OSCAL's own types, a control of which nothing was tried is not among those reviewed, and one that was not verified is not satisfied.
Source: NIST OSCAL 1.1.2, assessment layer. Identifiers are UUIDs of version 5: the same report gives the same files.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ringwork.prove.evidence import CheckResult, Finding, Outcome, Report, Verdict
from ringwork.report import about, order, plain
from ringwork.report import oscal_asked as asked
from ringwork.report import oscal_words as words
from ringwork.report.visible import one_line, throughout

_LOOKS = frozenset({"static", "deps", "config", "routes", "infra", "process"})
_SHOWN = 12  # attacks that stand in an observation; the report that it names has all of them


def render(report: Report) -> Mapping[str, str]:
    """Name of each file, all in one folder below that of report.json, to its text, ASCII, ending in a line feed."""
    digest = hashlib.sha256(plain.to_json(report).encode("ascii")).hexdigest()
    makers = {words.CATALOG: asked.catalog, words.PROFILE: asked.profile, words.PLAN: asked.plan, words.RESULTS: _results}
    documents = {name: make(report, digest) for name, make in makers.items()}
    return {name: json.dumps(throughout(document), indent=1) + "\n" for name, document in documents.items()}


def _results(report: Report, digest: str) -> dict[str, Any]:
    reviewed = words.reviewed(report)
    made = [result for results in reviewed.values() for result in results if words.was_made(result)]
    begun = words.begun_at(report)
    counts = {words.token(verdict.replace(" ", "_")): str(report.count(verdict)) for verdict in Verdict}
    lists = {
        "observations": [_observation(result, report) for result in made],
        "risks": [_risk(finding, report) for finding in report.findings],
        "findings": [_finding(id_, results, report) for id_, results in reviewed.items()],
    }
    result = {
        "uuid": words.id_of(words.run_of(report), "result"),
        "title": f"ringwork prove {one_line(report.target, limit=200)}",
        "description": one_line(report.exit_reason) or "no reason given",
        "start": begun.isoformat(),
        "end": (begun + datetime.timedelta(seconds=report.seconds)).isoformat(),
        "props": words.props(
            exit_code=str(report.exit_code), commit=report.commit, tree=report.tree, guard=report.guarded, command=report.command, **counts
        ),
        "local-definitions": {"components": [_target(report), _tool(report)]},
        "reviewed-controls": asked.selection(report),
        **{name: found for name, found in lists.items() if found},
    }
    return {
        "assessment-results": {
            "uuid": words.id_of(digest, "results"),
            "metadata": words.metadata(report, "Results of a run"),
            "import-ap": {"href": words.PLAN},
            "results": [result],
        }
    }


def _component(id_: str, title: str, description: str, version: str) -> dict[str, Any]:
    head = {"uuid": id_, "type": "software", "title": title, "description": description, "status": {"state": "operational"}}
    return {**head, **({"props": props} if (props := words.props(version=version)) else {})}


def _target(report: Report) -> dict[str, Any]:
    said = f"A copy of the application on {one_line(report.framework) or 'an unknown framework'}, served on loopback."
    return _component(words.id_of(report.target, "target"), one_line(report.target, limit=200) or "-", said, report.commit)


def _tool(report: Report) -> dict[str, Any]:
    return _component(words.id_of("tool"), "ringwork", "The prover that attacked the copy.", report.version)


def _origin() -> dict[str, Any]:
    return {"actors": [{"type": "tool", "actor-uuid": words.id_of("tool")}]}


def _observation(result: CheckResult, report: Report) -> dict[str, Any]:
    seen = result.evidence.observations if result.evidence is not None else ()
    # What broke through first: a reader who stops early has read what matters.
    ordered = sorted(seen, key=lambda one: one.outcome is not Outcome.BROKEN)
    lines = [
        f"{one.outcome}: {one_line(one.attack)} at {one_line(one.where)}: {one_line(one.detail, limit=300)}" for one in ordered[:_SHOWN]
    ]
    more = [f"{len(seen) - _SHOWN} more stand in report.json."] if len(seen) > _SHOWN else []
    return {
        "uuid": _observed(result, report),
        "title": one_line(result.check),
        "description": "\n\n".join([one_line(result.reason, limit=1000) or "no reason given", *lines, *more]),
        "props": words.props(
            check=result.check, kind=result.kind, verdict=result.verdict, held="yes" if result.held else "", seen_to_fail=result.sensitivity
        ),
        "methods": ["EXAMINE" if result.kind in _LOOKS else "TEST"],
        "origins": [_origin()],
        "subjects": [{"subject-uuid": words.id_of(report.target, "target"), "type": "component"}],
        "relevant-evidence": [{"href": "../report.json", "description": "Every request and answer, with its replay command."}],
        "collected": words.begun_at(report).isoformat(),
    }


def _observed(result: CheckResult, report: Report) -> str:
    return words.id_of(words.run_of(report), "observation", result.check)


def _finding(id_: str, results: Sequence[CheckResult], report: Report) -> dict[str, Any]:
    verdict = report.controls.get(id_, Verdict.NOT_VERIFIED)
    state, why = {
        Verdict.PROVEN: ("satisfied", "pass"),
        Verdict.VIOLATED: ("not-satisfied", "fail"),
        Verdict.ACCEPTED: ("not-satisfied", "other"),
        Verdict.NOT_VERIFIED: ("not-satisfied", "other"),
        Verdict.NOT_APPLICABLE: ("not-satisfied", "other"),
    }[verdict]
    left = [f"{result.check} ({one_line(result.reason, limit=200)})" for result in results if result.verdict is Verdict.NOT_VERIFIED]
    remarks = {"remarks": f"Not verified, and no pass: {'; '.join(left)}."} if left else {}
    risks = [{"risk-uuid": _risked(finding, report)} for finding in report.findings if finding.control == id_]
    return {
        "uuid": words.id_of(words.run_of(report), "finding", id_),
        "title": f"{about.control(id_).title}: {verdict}",
        "description": "\n\n".join(f"{result.check}: {result.verdict}" for result in results),
        "props": words.props(verdict=verdict),
        "origins": [_origin()],
        "target": {"type": "statement-id", "target-id": f"{words.token(id_)}_smt", "status": {"state": state, "reason": why}},
        "related-observations": [{"observation-uuid": _observed(result, report)} for result in results if words.was_made(result)],
        **({"related-risks": risks} if risks else {}),
        **remarks,
    }


def _risk(finding: Finding, report: Report) -> dict[str, Any]:
    path, line = order.place(finding, report)
    accepted, waiver = not order.is_open(finding), finding.waiver
    said = one_line(finding.summary, limit=1000) or "-"
    observed = [_observed(result, report) for result in report.results if result.check == finding.check and words.was_made(result)]
    return {
        "uuid": _risked(finding, report),
        "title": f"{finding.control} at {one_line(finding.where, limit=200)}",
        "description": f"{said}\n\nAgain: ringwork replay {finding.id}",
        "statement": about.control(finding.control).threat or said,
        "props": words.props(
            finding=finding.id,
            file=f"{path}:{line}",
            owner=finding.owner,
            baseline=("known" if finding.id in report.known else "new") if report.baseline else "",
            waiver=waiver.reason if waiver is not None else "",
        ),
        "status": "deviation-approved" if accepted else "open",
        "origins": [_origin()],
        "characterizations": [
            {
                "origin": _origin(),
                "facets": [{"name": "severity", "system": words.NAMESPACE, "value": one_line(finding.severity) or "unknown"}],
            }
        ],
        **_deadline(waiver.until if accepted and waiver is not None else ""),
        "remediations": [
            {
                "uuid": words.id_of(report.target, "fix", finding.id),
                "lifecycle": "recommendation",
                "title": "Fix",
                "description": one_line(finding.fix, limit=1000) or "-",
            }
        ],
        **({"related-observations": [{"observation-uuid": one} for one in observed]} if observed else {}),
    }


def _risked(finding: Finding, report: Report) -> str:
    """The same in every run, so that an importer follows one risk and does not open another each night."""
    return words.id_of(report.target, "risk", finding.id)


def _deadline(until: str) -> Mapping[str, str]:
    try:
        return {"deadline": f"{datetime.date.fromisoformat(until).isoformat()}T23:59:59Z"}
    except ValueError:
        return {}
