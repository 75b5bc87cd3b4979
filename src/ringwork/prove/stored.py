"""A report as a file, so that findings can be replayed and compared later."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove.evidence import Report

FILE = "report.json"
VERSION = 1


def write(report: Report, path: Path) -> None:
    """Write the whole report as JSON (version 1)."""
    path.write_text(json.dumps({"v": VERSION, **dataclasses.asdict(report)}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """The report as JSON values. Raises TargetFailed when there is none, or it is of another version."""
    advice = "run `ringwork prove TARGET` first, in this folder or with the same --output-dir"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TargetFailed(step="report", problem=f"there is no readable report at {path}", advice=advice) from error
    if not isinstance(found, dict) or found.get("v") != VERSION:
        raise TargetFailed(step="report", problem=f"the report at {path} is of another version", advice=advice)
    return found
