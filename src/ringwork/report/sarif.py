"""A report as SARIF 2.1.0, for code scanning.

Against an upload that is taken and never shown: each result has a file of the repository, at the line of its handler, and a
fingerprint that stays while control, route template and handler stay; no address of the copy stands anywhere as a place.
Source: OASIS Static Analysis Results Interchange Format 2.1.0, sections 3.13 to 3.49.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from ringwork.controls import control as catalogue
from ringwork.prove.evidence import Exchanged, Finding, Report, Tier, Verdict, Waived, WaiverState
from ringwork.report import order
from ringwork.report.signs import VERDICTS
from ringwork.report.visible import one_line, throughout
from ringwork.survey.flows import Step

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: Mapping[str, str] = MappingProxyType({"critical": "error", "high": "error", "medium": "warning", "low": "note"})
SCORES: Mapping[str, str] = MappingProxyType({"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"})
"""Severity to `security-severity`, in the middle of the band in which code scanning shows the same word."""

_TAGS = 20  # code scanning refuses a rule with more
_SENTENCE = 600


def render(report: Report) -> str:
    """The whole log, ASCII, ending in a line feed."""
    return json.dumps(throughout(_log(report)), indent=1) + "\n"


def _log(report: Report) -> dict[str, Any]:
    rules = _rules(report)
    places = {rule["id"]: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "ringwork", "semanticVersion": report.version, "version": report.version, "rules": rules}},
        "automationDetails": {"id": f"ringwork/{report.target}/"},
        "invocations": [_invocation(report)],
        "results": [_result(finding, report, places) for finding in report.findings],
        "properties": {
            **{verdict.value: report.count(verdict) for verdict in VERDICTS},
            "framework": report.framework,
            "guard": report.guarded,
            "commit": report.commit,
            "tree": report.tree,
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(report: Report) -> list[dict[str, Any]]:
    """The controls of which something was tried, as the catalogue tells them; a third party's is told by its id."""
    tried = [result.check.partition("/")[0] for result in report.results if result.evidence is not None]
    return [rule(id_) for id_ in dict.fromkeys([*tried, *(rule_of(one.control, one.severity) for one in report.findings)])]


def rule_of(control: str, severity: str) -> str:
    """The id of a finding's rule: its control's, or "control/severity" where an attacker gains less than by the control's worst.

    Against an alert that is shown graver than it is: code scanning grades a rule, and not a result.
    """
    row = _rows().get(control)
    return control if row is None or severity == row.severity or severity not in SCORES else f"{control}/{severity}"


def _rows() -> dict[str, catalogue.Control]:
    return {str(row.id): row for row in catalogue.load().controls}


def rule(id_: str) -> dict[str, Any]:
    """A rule of a log, by its id as `rule_of` makes it."""
    control, _, graded = id_.partition("/")
    row = _rows().get(control)
    if row is None:
        return {"id": id_, "shortDescription": {"text": id_}}
    severity = graded or row.severity
    codes = [code for key, found in row.standards.items() if key != "cwe" for code in _tags(key, found)]
    tags = ["security", *(f"external/cwe/{code.lower()}" for code in row.standards["cwe"]), *codes]
    standards = catalogue.load().standards
    answers = [f"{standards[key]}: {', '.join(found)}" for key, found in row.standards.items() if found]
    return {
        "id": id_,
        "name": "".join(word.capitalize() for word in re.split(r"[./-]", id_)),
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.threat},
        "help": {
            "text": "\n\n".join([row.threat, row.enforce, *answers, f"More: ringwork explain {row.id}"]),
            "markdown": "\n".join(
                [
                    f"**The attack.** {row.threat}\n",
                    f"**What must hold.** {row.enforce}\n",
                    *(f"- {answer}" for answer in answers),
                    f"\nMore: `ringwork explain {row.id}`",
                ]
            ),
        },
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {"security-severity": SCORES[severity], "precision": "very-high", "tags": tags[:_TAGS]},
    }


def _tags(standard: str, codes: Sequence[str]) -> list[str]:
    return [f"external/{standard.replace('_', '-')}/{code.lower()}" for code in codes]


def _invocation(report: Report) -> dict[str, Any]:
    """What was run and how it ended; what was not verified is told as notifications, so that an empty list is no clean bill."""
    found = {
        "commandLine": report.command,
        "executionSuccessful": report.exit_code in {0, 1},
        "exitCode": report.exit_code,
        "exitCodeDescription": report.exit_reason,
        "toolConfigurationNotifications": [_waiver(waiver, report) for waiver in order.due(report)],
        "toolExecutionNotifications": [{"level": "note", "message": {"text": text}} for text in _unverified(report)],
    }
    begun = _moment(report.started_at)
    if begun is not None:
        found["startTimeUtc"] = _stamp(begun)
        found["endTimeUtc"] = _stamp(begun + datetime.timedelta(seconds=report.seconds))
    return found


def _waiver(waiver: Waived, report: Report) -> dict[str, Any]:
    path, line = order.of_file(waiver.file, waiver.line, report)
    place = {"physicalLocation": {"artifactLocation": {"uri": quote(path, safe="/")}, "region": {"startLine": line}}}
    level = "error" if waiver.state is WaiverState.EXPIRED else "warning"
    return {"level": level, "message": {"text": _unlinked(order.told(waiver))}, "locations": [place]}


def _unverified(report: Report) -> list[str]:
    """One sentence for each reason, with the names of all checks that it kept from being verified."""
    grouped = dict[str, list[str]]()
    for result in report.results:
        if result.verdict is Verdict.NOT_VERIFIED:
            grouped.setdefault(f"{'held, but ' if result.held else ''}{result.reason}", []).append(result.check)
    return [f"not verified ({len(checks)}), {one_line(reason, limit=_SENTENCE)}: {', '.join(checks)}" for reason, checks in grouped.items()]


def _moment(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    except ValueError:
        return None


def _stamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _result(finding: Finding, report: Report, places: Mapping[str, int]) -> dict[str, Any]:
    id_ = rule_of(finding.control, finding.severity)
    path, line = order.place(finding, report)
    sentences = (one_line(finding.summary, limit=_SENTENCE), f"Fix: {one_line(finding.fix, limit=_SENTENCE)}")
    found = {
        "ruleId": id_,
        "ruleIndex": places[id_],
        "kind": "fail",
        "level": LEVELS.get(finding.severity, "warning"),
        "message": {"text": _unlinked("\n".join((f"{one_line(finding.where, limit=200)}: {sentences[0]}", sentences[1])))},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(path, safe="/")}, "region": {"startLine": line}},
                "logicalLocations": [{"fullyQualifiedName": finding.where, "kind": "resource"}],
            }
        ],
        # Without the first, code scanning would hash the text around the line: the finding would be another one after each edit.
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.id}:1", "ringworkFinding/v1": finding.id},
        "suppressions": _suppressions(finding, report),
        "occurrenceCount": max(finding.instances, 1),
        "properties": _properties(finding),
    }
    if len(finding.observation.steps) > 1:
        found["codeFlows"] = [{"threadFlows": [{"locations": [_step(step, report) for step in finding.observation.steps]}]}]
    if report.baseline:
        found["baselineState"] = "unchanged" if finding.id in report.known else "new"
    return found


def _step(step: Step, report: Report) -> dict[str, Any]:
    """One step on the way of a value, in the order in which it happens."""
    path, line = order.of_file(step.file, step.line, report)
    region = {"startLine": line, "startColumn": step.column + 1}
    place = {"artifactLocation": {"uri": quote(path, safe="/")}, "region": region}
    return {"location": {"physicalLocation": place, "message": {"text": _unlinked(one_line(step.said, limit=200))}}}


def _unlinked(text: str) -> str:
    """Against a link that the target put into a message: plain text is searched for `[words](address)` (SARIF 2.1.0, 3.11.6)."""
    return text.replace("](", "] (")


def _suppressions(finding: Finding, report: Report) -> list[dict[str, Any]]:
    """Why it is accepted; an empty list says that nobody accepted it."""
    if finding.verdict is not Verdict.ACCEPTED:
        return []
    waiver = finding.waiver
    if waiver is None:
        told = next((text for text in report.waivers if text.startswith(finding.control)), "accepted by a waiver of the policy")
        return [{"kind": "external", "status": "accepted", "justification": told}]
    return [
        {
            "kind": "inSource" if waiver.source in {"inline", "mark"} else "external",
            "status": "accepted",
            "justification": f"{waiver.reason} ({waiver.owner}, until {waiver.until})",
        }
    ]


def _properties(finding: Finding) -> dict[str, Any]:
    seen = finding.observation
    return {
        "check": finding.check,
        "severity": finding.severity,
        "route": finding.where,
        "attack": seen.attack,
        "seen": seen.detail,
        "replay": f"ringwork replay {finding.id}",
        **({"tier": seen.tier.value} if seen.tier is not Tier.NONE else {}),
        **({"owner": finding.owner} if finding.owner else {}),
        "exchanges": [_exchange(one) for one in seen.exchanged],
        **({"control": _exchange(seen.control)} if seen.control is not None else {}),
    }


def _exchange(exchanged: Exchanged) -> dict[str, str]:
    """Request and answer as the evidence has them: masked, and cut."""
    return {"as": exchanged.as_user, "request": exchanged.request, "answer": exchanged.answer}
