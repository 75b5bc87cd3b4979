"""Which findings an output shows first, and where each of them stands in the repository.

Against a link that leads nowhere, or out of the repository: a place is always a file of the tree, never an address, and what has
no file of its own is shown at the project's settings or at the module of its target.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from ringwork.prove.evidence import Finding, Report, Verdict, Waived, WaiverState
from ringwork.report.signs import SEVERITIES
from ringwork.report.visible import one_line, visible

_ELSEWHERE = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:|/|~)")  # a scheme, a drive, or a path from the top of a machine


def is_open(finding: Finding) -> bool:
    """Whether nobody accepted it."""
    return finding.verdict is Verdict.VIOLATED


def is_new(finding: Finding, report: Report) -> bool:
    """Whether it is open, and no baseline knew it."""
    return is_open(finding) and finding.id not in report.known


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, otherwise in their order."""
    return sorted(findings, key=lambda one: SEVERITIES.index(one.severity) if one.severity in SEVERITIES else len(SEVERITIES))


def how_grave(findings: Collection[Finding]) -> str:
    """How many of each severity, the gravest first."""
    graves = {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES}
    other = len(findings) - sum(graves.values())
    return ", ".join(f"{count} {severity}" for severity, count in [*graves.items(), ("other", other)] if count)


def new(report: Report) -> list[Finding]:
    """The open ones that no baseline knew, gravest first."""
    return gravest_first(finding for finding in report.findings if is_new(finding, report))


def known(report: Report) -> list[Finding]:
    """The open ones that a baseline knew, gravest first."""
    return gravest_first(finding for finding in report.findings if is_open(finding) and not is_new(finding, report))


def accepted(report: Report) -> list[Finding]:
    """Those that a waiver covers, gravest first."""
    return gravest_first(finding for finding in report.findings if finding.verdict is Verdict.ACCEPTED)


def due(report: Report) -> list[Waived]:
    """Waivers that need somebody: those past their day, which fail the run, then those that nothing needs any more."""
    return [waiver for state in (WaiverState.EXPIRED, WaiverState.UNUSED) for waiver in report.waived if waiver.state is state]


def told(waiver: Waived) -> str:
    """What is to be done about a waiver that is due, in one line."""
    what = "expired, and fails the run" if waiver.state is WaiverState.EXPIRED else "accepts nothing, and can go"
    route = f" {one_line(waiver.route, limit=200)}" if waiver.route else ""
    return f"the waiver of {one_line(waiver.control)}{route} until {one_line(waiver.until)} ({one_line(waiver.owner, limit=100)}) {what}"


def place(finding: Finding, report: Report) -> tuple[str, int]:
    """Its file, relative to the top of the repository, with slashes; and its line, from 1.

    A finding without a file, or with one that is not in the tree, has the report's anchor.
    """
    return of_file(finding.file, finding.line, report)


def of_file(file: str, line: int, report: Report) -> tuple[str, int]:
    """The same for any file and line of a report."""
    inside = _inside(file)
    if inside:
        return _whole(inside, report), max(line, 1)
    return _whole(_inside(report.anchor) or _module(report.target), report), 1


def _inside(file: str) -> str:
    """The path with slashes, "" where it leads out of the tree."""
    path = visible(file).replace("\\", "/")
    if not path.strip() or _ELSEWHERE.match(path) or ".." in path.split("/"):
        return ""
    return PurePosixPath(path).as_posix()


def _module(target: str) -> str:
    """The file that a target's name means, for a report of a version that had no anchor."""
    name = target.partition(":")[0]
    if re.fullmatch(r"\w+(\.\w+)*", name) and not name.endswith(".py"):
        return f"{name.replace('.', '/')}.py"
    return _inside(name) if name.endswith(".py") and _inside(name) else "pyproject.toml"


def _whole(path: str, report: Report) -> str:
    project = _inside(report.project)
    return f"{project}/{path}" if project else path
