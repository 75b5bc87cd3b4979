"""What a project says of the secrets in its history: which were rotated, when and by whom.

Against a history that nobody can mend and everybody learns to overlook: a secret that was rotated is told as that, every other one is a
violation. `rotated = [...]` of `[tool.ringwork.prove]` is the record.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.survey.flows import Rotated

_FIELDS = ("secret", "day", "by")
_ID = re.compile(r"[0-9a-f]{12}")
_ADVICE = 'write rotated = [{secret = "0123456789ab", day = "2026-11-20", by = "anna"}], with the 12 characters that the finding shows'


def of_table(table: Mapping[str, Any]) -> tuple[Rotated, ...]:
    """The records of a `prove` table. Raises TargetFailed for one that is not whole."""
    rows = table.get("rotated", [])
    if not isinstance(rows, list):
        raise TargetFailed(step="settings", problem="prove.rotated is no list", advice=_ADVICE)
    return tuple(_record(row, f"prove.rotated[{place}]") for place, row in enumerate(rows))


def _record(row: Any, where: str) -> Rotated:
    if not isinstance(row, Mapping) or set(row) != set(_FIELDS) or not all(isinstance(row[name], str) and row[name] for name in _FIELDS):
        raise TargetFailed(step="settings", problem=f"{where} has to have secret, day and by, as text", advice=_ADVICE)
    if not _ID.fullmatch(row["secret"]):
        raise TargetFailed(step="settings", problem=f"{where}.secret is no id of a finding; never write the secret itself", advice=_ADVICE)
    try:
        datetime.date.fromisoformat(row["day"])
    except ValueError as error:
        raise TargetFailed(step="settings", problem=f"{where}.day is no date", advice=_ADVICE) from error
    return Rotated(secret=row["secret"], day=row["day"], by=row["by"])
