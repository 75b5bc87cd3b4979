"""Findings for a ticket system: one JSON object a line, each with a key that stays, so that a ticket is updated and not made anew.

Against a ticket that is closed because nobody looked: fixed is said only of what a later run tested again, and of what it did not
test there is no line.
"""

from __future__ import annotations

import json
from typing import Any

from ringwork.prove.evidence import Finding, Report, Verdict
from ringwork.report import about, diff, order
from ringwork.report.visible import one_line

VERSION = 1
"""The version mark of a line, `ticket`; it grows when a field changes its meaning or goes."""


def render(report: Report, *, before: Report | None = None, prefix: str = "ringwork") -> str:
    """A line for each finding, gravest first; with `before`, an earlier report, also for those of it that are fixed.

    prefix: begins each key; one of its own for each application keeps those of several apart. ASCII, each line ends in a line feed.
    """
    lines = [_ticket(finding, report, "accepted" if finding.verdict is Verdict.ACCEPTED else "open", prefix) for finding in _sorted(report)]
    if before is not None:
        lines += [_ticket(finding, report, "fixed", prefix) for finding in order.gravest_first(diff.compare(before, report).fixed)]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _sorted(report: Report) -> list[Finding]:
    return [*order.new(report), *order.known(report), *order.accepted(report)]


def _ticket(finding: Finding, report: Report, state: str, prefix: str) -> dict[str, Any]:
    file, line = order.place(finding, report)
    row = about.control(finding.control)
    return {
        "ticket": VERSION,
        "key": f"{prefix}-{finding.id}",
        "id": finding.id,
        "state": state,
        "known": finding.id in report.known,
        "title": one_line(f"{row.title}: {finding.where}", limit=200),
        "severity": finding.severity,
        "owner": finding.owner,
        "control": finding.control,
        "check": finding.check,
        "where": finding.where,
        "file": file,
        "line": line,
        "summary": finding.summary,
        "fix": finding.fix,
        "repeat": f"ringwork replay {finding.id}",
        "standards": dict(row.standards),
        "waiver": {"reason": finding.waiver.reason, "owner": finding.waiver.owner, "until": finding.waiver.until}
        if finding.waiver
        else None,
        "target": report.target,
        "commit": report.commit,
        "seen": report.started_at,
    }
