"""What `ringwork check` found, for programs: JSON, SARIF with the path of each value, and annotations of GitHub Actions.

Against a result that is taken for clean because a list is empty: what was not read, and which tools did not run, stands in every form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ringwork.prove.checked import Checked, Found
from ringwork.report import annotations as workflow
from ringwork.report import sarif
from ringwork.report.visible import one_line, throughout

FORMAT = "ringwork-check/1"
_SENTENCE = 600


def as_json(checked: Checked) -> str:
    """Everything, ASCII, ending in a line feed."""
    told = {
        "format": FORMAT,
        "version": checked.version,
        "exit_code": checked.exit_code,
        "exit_reason": checked.exit_reason,
        "files": checked.files,
        "lines": checked.lines,
        "left_out": checked.left_out,
        "findings": [_finding(one) for one in checked.found],
        "not_verified": [{"file": one.file, "line": one.line, "why": one.why} for one in checked.unread],
        "tools": [
            {"tool": one.tool, "version": one.version, "state": one.state.value, "why": one.why, "findings": len(one.flows)}
            for one in checked.tools
        ],
        "suppressions": [
            {"file": one.file, "line": one.line, "form": one.form.value, "rules": list(one.codes), "reason": one.reason, "fault": one.fault}
            for one in checked.suppressed
        ],
        "waiver_faults": list(checked.faults),
        "history": {"commits": checked.past.commits, "not_verified": checked.past.missing} if checked.past is not None else None,
    }
    return json.dumps(throughout(told), indent=1) + "\n"


def _finding(one: Found) -> dict[str, Any]:
    return {
        "id": one.id,
        "check": one.check,
        "kind": one.kind,
        "severity": one.severity,
        "strength": one.strength.value,
        "file": one.file,
        "line": one.line,
        "column": one.column + 1,
        "said": one.said,
        "fix": one.fix,
        "function": one.function,
        "routes": list(one.routes),
        "seen_by": list(one.seen_by),
        "steps": [{"file": step.file, "line": step.line, "column": step.column + 1, "said": step.said} for step in one.steps],
        "accepted": one.accepted,
    }


def as_sarif(checked: Checked) -> str:
    """SARIF 2.1.0, ASCII, ending in a line feed. Weak findings are there too, as kind "review"; accepted ones with their reason."""
    rules = [sarif.rule(id_) for id_ in dict.fromkeys(sarif.rule_of(one.control, one.severity) for one in checked.found)]
    places = {rule["id"]: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "ringwork", "semanticVersion": checked.version, "version": checked.version, "rules": rules}},
        "automationDetails": {"id": "ringwork-check/"},
        "invocations": [
            {
                "executionSuccessful": checked.exit_code in {0, 1},
                "exitCode": checked.exit_code,
                "exitCodeDescription": checked.exit_reason,
                "toolExecutionNotifications": [{"level": "note", "message": {"text": text}} for text in not_verified(checked)],
            }
        ],
        "results": [_result(one, places) for one in checked.found],
    }
    return json.dumps(throughout({"$schema": sarif.SCHEMA, "version": "2.1.0", "runs": [run]}), indent=1) + "\n"


def _result(one: Found, places: Mapping[str, int]) -> dict[str, Any]:
    id_ = sarif.rule_of(one.control, one.severity)
    is_strong = one.strength.value == "strong"
    found = {
        "ruleId": id_,
        "ruleIndex": places[id_],
        "kind": "fail" if is_strong else "review",
        "level": sarif.LEVELS[one.severity] if is_strong else "none",
        "message": {"text": f"{one_line(one.said, limit=_SENTENCE)}\nFix: {one.fix}\nSeen by: {', '.join(one.seen_by)}"},
        "locations": [_location(one.file, one.line, one.column)],
        "partialFingerprints": {"primaryLocationLineHash": f"{one.id}:1", "ringworkFinding/v1": one.id},
        "suppressions": [{"kind": "inSource", "status": "accepted", "justification": one.accepted}] if one.accepted else [],
        "properties": {"check": one.check, "severity": one.severity, "strength": one.strength.value, "routes": list(one.routes)},
    }
    if len(one.steps) > 1:
        steps = [{"location": {**_location(s.file, s.line, s.column), "message": {"text": one_line(s.said, limit=200)}}} for s in one.steps]
        found["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return found


def _location(file: str, line: int, column: int) -> dict[str, Any]:
    region = {"startLine": max(line, 1), "startColumn": column + 1}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(file, safe="/")}, "region": region}}


def as_github(checked: Checked) -> str:
    """One command a line for what is open, gravest first; then what was not verified."""
    levels = {"error": list[str](), "warning": list[str](), "notice": list[str]()}
    for one in checked.open:
        level = workflow.LEVELS[one.severity]
        told = "\n".join([one_line(one.said, limit=_SENTENCE), f"Fix: {one.fix}", f"Seen by: {', '.join(one.seen_by)}"])
        title = f"{one.control} {one.severity}"
        levels[level].append(workflow.command(level, told, file=one.file, line=str(one.line), title=title))
    lines = list[str]()
    for level, some in levels.items():
        most = workflow.SHOWN
        lines += some if len(some) <= most else some[: most - 1]
        if len(some) > most:
            lines.append(workflow.command(level, f"{len(some) - most + 1} more of this level", title="ringwork check"))
    lines += [workflow.command("error", text, title="ringwork waiver") for text in checked.faults[: workflow.SHOWN]]
    said = [f"{len(checked.open)} open findings, {checked.files} files read: {checked.exit_reason}", *not_verified(checked)]
    lines.append(workflow.command("notice", "\n".join(said), title="ringwork check"))
    return "".join(f"{line}\n" for line in lines)


def not_verified(checked: Checked) -> Sequence[str]:
    """One sentence for each reason, with the files that could not be read for it; and each tool that did not run."""
    reasons = dict[str, list[str]]()
    for one in checked.unread:
        reasons.setdefault(one.why, []).append(f"{one.file}:{one.line}" if one.line else one.file)
    told = [f"not verified, {one_line(why, limit=200)}: {', '.join(files[:20])}{_more(files[20:])}" for why, files in reasons.items()]
    told += [f"not verified, earlier commits: {checked.past.missing}"] if checked.past is not None and checked.past.missing else []
    return [*told, *(f"{one.tool} {one.state.value}: {one_line(one.why, limit=200)}" for one in checked.tools if one.why)]


def _more(files: Sequence[str]) -> str:
    return f" and {len(files)} more" if files else ""
