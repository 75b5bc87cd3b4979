"""The plan of a target, made in a process of its own: `python -m ringwork.suite.listing`, asked on its input, answers on its output.

Against a listing that touches the tests' own process: the target is imported in a copy, and the proofs are loaded here, not there.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import course, options, register, run, settings, target
from ringwork.prove.check import Check
from ringwork.prove.process import Copy
from ringwork.suite import plan
from ringwork.suite.asked import Asked, asked_of, target_options

USAGE = frozenset({"target", "settings"})
"""Steps that fail by what was written, not by what the target does."""


def listed(asked: Asked) -> dict[str, Any]:
    """The plan as JSON values. Raises TargetFailed. Nothing is served, and no request is sent."""
    given = target_options(asked.options)
    resolved = target.resolve(asked.target, here=Path(asked.here), factory=given.factory, arguments=tuple(given.factory_args))
    project = settings.of_project(resolved)
    checks = chosen_checks(asked, project)
    extra = dict(project.get("env", {}))
    if given.env_file:
        extra.update(settings.env_file(Path(asked.here, given.env_file)))
    for text in given.env:
        extra.update(settings.assignment(text, "--env"))
    copy = Copy(resolved, extra=extra)
    try:
        facts = copy.begin().facts
    finally:
        copy.close()
    run.require_routes(facts)
    claims = [dataclasses.asdict(claim) for claim in plan.claims(checks, facts.routes)]
    return {"root": str(resolved.root), "anchor": _anchor(resolved), "claims": claims}


def _anchor(chosen: target.Target) -> str:
    """The file of the target's module, to which what has no place of its own is pinned."""
    places = (chosen.root.joinpath(path, *chosen.module.split(".")) for path in chosen.paths)
    files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py"))
    return str(next((file for file in files if file.is_file()), chosen.root))


def chosen_checks(asked: Asked, project: Mapping[str, Any]) -> list[Check]:
    """The checks that such a run makes. project: its own settings, below those of `asked`. Raises TargetFailed for an unknown name."""
    given = {name: project[name] for name in ("select", "ignore", "profile", "deep") if name in project}
    laid = {"select": asked.select, "ignore": asked.ignore, "profile": asked.profile, "deep": asked.deep}
    wanted = settings.Settings(**{**given, **{name: value for name, value in laid.items() if value}})
    if wanted.profile not in settings.PROFILES:
        raise TargetFailed(
            step="settings",
            problem=f"--ringwork-profile {wanted.profile} is unknown",
            advice=f"write one of: {', '.join(settings.PROFILES)}",
        )
    checks = register.checks()
    known = {name for check in checks for name in _names(check)}
    for name in (*wanted.select, *wanted.ignore):
        if name not in known:
            raise TargetFailed(step="settings", problem=f"{name} is no control or check that has a proof", advice=options.LISTED)
    return [check for check in checks if course.is_chosen(check, wanted)]


def _names(check: Check) -> tuple[str, str, str]:
    control = register.control_of(check)
    return check.id, control, control.partition(".")[0]


def main() -> int:
    """Answer one question."""
    try:
        answer: dict[str, Any] = listed(asked_of(json.load(sys.stdin)))
    except TargetFailed as error:
        answer = {"step": error.step, "problem": error.problem, "advice": error.advice, "usage": error.step in USAGE}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
