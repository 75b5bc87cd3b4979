"""The run before this one, read before its file is overwritten, so that the HTML report can say what changed.

Against a comparison that nobody asked for and that means nothing: the last report is taken only when it is of the same target,
while one that is named is taken as it is, and the report says where the two are not alike.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ringwork.cli import report as stored
from ringwork.errors import TargetFailed
from ringwork.prove.evidence import Report
from ringwork.report.outputs import Asked


def find(against: Path | None, folder: Path, out: Console) -> Report | None:
    """The report that is named, else the last one of the folder, else None.

    Raises TargetFailed when the named one cannot be read. A last one that cannot be read is told, and is as none.
    """
    if against is not None:
        return stored.read(against)
    last = folder / "report.json"
    if not last.is_file():
        return None
    try:
        return stored.read(last)
    except TargetFailed as error:
        out.print(f"ringwork: {error.problem}; nothing is compared with it", soft_wrap=True)
        return None


def comparable(extra: Asked, report: Report, *, named: bool) -> Asked:
    """What outputs get, without the earlier report where comparing is neither asked for nor makes sense."""
    is_alike = extra.before is not None and extra.before.target == report.target
    return extra if named or is_alike else replace(extra, before=None)
