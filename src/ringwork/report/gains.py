"""What a step would bring that a run proposes: the checks that could be made after it, by their controls.

Against a list of chores without a reason, which nobody does: each says what it is good for.
"""

from __future__ import annotations

from ringwork.prove.evidence import Report
from ringwork.report.visible import counted

_NAMED = 2


def of(report: Report, unlock: str) -> str:
    """In a few words, how many checks, and of which controls; "" where a report does not say."""
    checks = report.gains.get(unlock, ())
    if not checks:
        return ""
    controls = list(dict.fromkeys(check.partition("/")[0] for check in checks))
    more = f" and {len(controls) - _NAMED} more" if len(controls) > _NAMED else ""
    return f"{counted(len(checks), 'more check')}: {', '.join(controls[:_NAMED])}{more}"
