"""The last run's report and a finding of it, for commands that are given the id that reports print."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from ringwork.errors import ReportUnreadable, TargetFailed
from ringwork.prove.evidence import Finding, Report
from ringwork.report import plain

_ID = re.compile(r"[0-9a-f]{12}")
_SHOWN = 8
"""Ids that a message lists; of more, those near what was written."""


RUN_FIRST = "run `ringwork prove TARGET` first, in this folder or with the same --output-dir"


def is_id(word: str) -> bool:
    """Whether a word is the id of a finding, and no name of a control."""
    return _ID.fullmatch(word) is not None


def report(path: Path, *, advice: str = RUN_FIRST) -> Report:
    """A stored report. Raises TargetFailed, with `advice`, where there is none or it cannot be read."""
    try:
        return plain.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TargetFailed(step="report", problem=f"there is no readable report at {path}", advice=advice) from error
    except ReportUnreadable as error:
        raise TargetFailed(step="report", problem=f"the report at {path} cannot be read: {error}", advice=advice) from error


def finding(kept: Report, id_: str) -> Finding:
    """The finding with this id, or with what was folded into it. Raises TargetFailed that names near ones."""
    known = {one: found for found in kept.findings for one in found.ids}
    if id_ not in known:
        shown = [*known] if len(known) <= _SHOWN else difflib.get_close_matches(id_, known, n=3)
        where = f"it holds {len(known)}, by their ids in report.html beside it"
        advice = (f"{where}: {', '.join(shown)}" if shown else where) if known else "it holds none; run `ringwork prove TARGET` again"
        # Against an id of an earlier run, over which this one was written: that it is not there does not say why.
        left = "; what an earlier run found is gone, or this run did not ask for it" if is_id(id_) else ""
        run = f"the last run ({kept.started_at[:16].replace('T', ' ')} UTC, {kept.command})"
        raise TargetFailed(step="report", problem=f"{run} holds no finding {id_}{left}", advice=advice)
    return known[id_]
