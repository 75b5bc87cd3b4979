"""A report as workflow commands of GitHub Actions: an annotation at the handler of each finding.

Against text of the target that becomes a command of its own: every command is one line, and what would end a property or a line is
written as a code. Source: GitHub Actions, "Workflow commands", and the runner's own escaping of data and properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ringwork.prove.evidence import Finding, Report, Verdict, Waived, WaiverState
from ringwork.report import order
from ringwork.report.signs import VERDICTS, told_exit
from ringwork.report.visible import one_line

LEVELS: Mapping[str, str] = MappingProxyType({"critical": "error", "high": "error", "medium": "warning", "low": "notice"})
SHOWN = 9
"""Of one level. GitHub shows ten for a step; the tenth is for what is said of the run. What is left out is counted in one line."""

_SENTENCE = 400


def render(report: Report) -> str:
    """One command a line, gravest first, each ending in a line feed; of a run with a baseline only what the baseline does not know."""
    found = order.new(report)
    lines = []
    for level in ("error", "warning", "notice"):
        of_it = [finding for finding in found if LEVELS.get(finding.severity, "warning") == level]
        shown = of_it[: SHOWN - 1] if len(of_it) > SHOWN else of_it
        lines += [_finding(finding, report, level) for finding in shown]
        if len(of_it) > len(shown):
            lines.append(command(level, f"{len(of_it) - len(shown)} more of this level stand in the report", title="ringwork"))
    lines += [_waiver(waiver, report) for waiver in order.due(report)[:SHOWN]]
    if report.exit_code not in {0, 1}:
        lines.append(command("error", told_exit(report.exit_code, report.exit_reason), title="ringwork: the run proves nothing"))
    return "".join(f"{line}\n" for line in [*lines, _counts(report)])


def command(level: str, message: str, **properties: str) -> str:
    """`::error file=...,line=...::message`; values are any text, and empty ones are left out."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{level}{' ' + told if told else ''}::{_data(message)}"


def _data(text: str) -> str:
    # % first, because the others are written with it.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _finding(finding: Finding, report: Report, level: str) -> str:
    path, line = order.place(finding, report)
    title = f"{finding.control} {finding.severity}: {one_line(finding.where, limit=120)}"
    told = [
        one_line(finding.summary, limit=_SENTENCE),
        f"Fix: {one_line(finding.fix, limit=_SENTENCE)}",
        f"Again: ringwork replay {finding.id}",
    ]
    return command(level, "\n".join(told), file=path, line=str(line), title=title)


def _waiver(waiver: Waived, report: Report) -> str:
    """At its comment, or at the settings; the run fails by one that expired, so its line is an error."""
    path, line = order.of_file(waiver.file, waiver.line, report)
    level = "error" if waiver.state is WaiverState.EXPIRED else "notice"
    return command(level, order.told(waiver), file=path, line=str(line), title=f"{one_line(waiver.control)} waiver {waiver.state}")


def _counts(report: Report) -> str:
    counts = ", ".join(f"{report.count(verdict)} {verdict}" for verdict in VERDICTS)
    held = sum(result.held for result in report.results if result.verdict is Verdict.NOT_VERIFIED)
    return command("notice", f"{counts}; held {held} of the not verified ones", title=f"ringwork {one_line(report.target, limit=120)}")
