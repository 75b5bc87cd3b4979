"""How OSCAL wants things said: identifiers, names, properties and times, and which controls of a report were reviewed.

Against a value that an importer refuses: names keep to OSCAL's token, values are one line and never empty.
"""

from __future__ import annotations

import datetime
import re
import uuid
from typing import Any

from ringwork.prove.evidence import CheckResult, Report, Verdict
from ringwork.report.visible import one_line

VERSION = "1.1.2"
NAMESPACE = "urn:ringwork:oscal"
"""Of our own property names; OSCAL's own mean what OSCAL says."""

CATALOG, PROFILE, PLAN, RESULTS = "catalog.json", "profile.json", "assessment-plan.json", "assessment-results.json"

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_SEPARATOR = "\0"


def id_of(*parts: str) -> str:
    """A UUID of version 5, the same for the same parts."""
    return str(uuid.uuid5(_SPACE, _SEPARATOR.join(parts)))


def token(text: str) -> str:
    """A name as OSCAL takes it: a letter or an underscore, then letters, digits, dots, hyphens and underscores."""
    named = re.sub(r"[^A-Za-z0-9._-]", "_", text)
    return named if re.match(r"[A-Za-z_]", named) else f"_{named}"


def props(**values: str) -> list[dict[str, str]]:
    """Properties of our own; values in one line, empty ones left out. Underscores of the names stand for hyphens."""
    lines = {name.replace("_", "-"): one_line(value, limit=400) for name, value in values.items()}
    return [{"name": name, "ns": NAMESPACE, "value": line} for name, line in lines.items() if line]


def run_of(report: Report) -> str:
    """What tells one run from another, for the identifiers of what it saw."""
    return _SEPARATOR.join((report.target, report.started_at, report.commit, str(report.seconds), report.command))


def begun_at(report: Report) -> datetime.datetime:
    """When it began, with a zone; without a readable time, 1970."""
    try:
        begun = datetime.datetime.fromisoformat(report.started_at)
    except ValueError:
        begun = datetime.datetime.fromtimestamp(0, datetime.UTC)
    return begun if begun.tzinfo is not None else begun.replace(tzinfo=datetime.UTC)


def metadata(report: Report, title: str) -> dict[str, Any]:
    """Of one file."""
    return {
        "title": f"{title}: {one_line(report.target, limit=200)}",
        "last-modified": (begun_at(report) + datetime.timedelta(seconds=report.seconds)).isoformat(),
        "version": one_line(report.version) or "0",
        "oscal-version": VERSION,
    }


def controls(report: Report) -> list[str]:
    """The controls of a report, in its order."""
    return list(dict.fromkeys(result.check.partition("/")[0] for result in report.results))


def reviewed(report: Report) -> dict[str, list[CheckResult]]:
    """The controls of which at least one check was made and applies, with all their checks."""
    by_control = {id_: [r for r in report.results if r.check.partition("/")[0] == id_] for id_ in controls(report)}
    return {id_: found for id_, found in by_control.items() if any(was_made(one) and applies(one) for one in found)}


def was_made(result: CheckResult) -> bool:
    """Whether anything was sent or looked at."""
    return result.evidence is not None or result.verdict is not Verdict.NOT_VERIFIED


def applies(result: CheckResult) -> bool:
    """Whether the application has what the check is about."""
    return result.verdict is not Verdict.NOT_APPLICABLE
