"""The command line laid over the project's settings, and every word in them held against what is known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import owning, register
from ringwork.prove.course import rows
from ringwork.prove.settings import Settings, require_profile, require_severity

LISTED = "write a layer, a control or a check; `ringwork catalogue` lists them"


def laid_over(project: Mapping[str, Any], **asked: Any) -> Settings:
    """The project's fields of Settings with those of the command line over them; None leaves the project's.

    Raises TargetFailed for a word that is not known, with what to write instead.
    """
    settings = Settings(**{**project, **{name: value for name, value in asked.items() if value is not None}})
    require_severity(settings.fail_on)
    require_profile(settings.profile)
    _require_checks((*settings.select, *settings.ignore))
    wrong = owning.faults(settings.owners, {part for id_ in rows() for part in (id_, id_.partition(".")[0])} | _names())
    if wrong:
        raise TargetFailed(step="settings", problem=f"prove.{wrong[0]}", advice=owning.ADVICE)
    return settings


def _names() -> set[str]:
    """Every layer, control and check that has a proof."""
    return {part for check in register.checks() for part in (check.id, register.control_of(check), check.id.partition(".")[0])}


def _require_checks(words: Sequence[str]) -> None:
    names = _names()
    for word in words:
        if word not in names:
            near = [name for name in sorted(names) if name.endswith(f".{word}")] or difflib.get_close_matches(word, sorted(names), n=1)
            advice = f"did you mean {near[0]}?" if near else LISTED
            raise TargetFailed(step="settings", problem=f"{word} is no control or check that has a proof", advice=advice)
