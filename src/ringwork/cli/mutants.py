"""`ringwork mutants`: run the project's tests in a copy, then again without each line that refuses somebody, and keep what they came to."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ringwork.cli import refusals, terminal
from ringwork.errors import TargetFailed
from ringwork.prove import checking, project
from ringwork.report.visible import visible
from ringwork.survey.flows import Fate, Suite
from ringwork.survey.mutants import record, running

CLEAN, FINDINGS, INCONCLUSIVE = 0, 1, 3
_SHOWN = 20
_TOLD: Mapping[Fate, str] = {
    Fate.SURVIVED: "{} test(s) go through it, and all passed without it",
    Fate.UNREACHED: "no test goes through it",
    Fate.UNKNOWN: "not known",
}


def command(
    tests: Annotated[list[str] | None, typer.Argument(metavar="[TESTS]...", help="For pytest: folders, files or names of tests.")] = None,
    *,
    only: Annotated[list[str] | None, typer.Option(help="Only lines of files that fit, shop/accounts/*; may be repeated.")] = None,
    max_time: Annotated[float, typer.Option(help="Seconds for all of it; another run goes on where this one ended.")] = 600.0,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the tests' environment.")] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, as NO_COLOR does.")] = False,
) -> None:
    """Take each line that refuses somebody out of a copy, one at a time, and run the tests that go through it: one of them has to fail.

    It runs your tests, in a copy of the folder and without your environment. What they came to is kept in .ringwork/mutants.json, which
    `ringwork prove` reads. Exit codes: 0 every line is missed, 1 one is not or a test fails, 2 wrong usage, 3 not all of it could be tried.
    """
    out = Console(highlight=False, emoji=False, markup=False, no_color=True) if no_color else terminal.console()
    try:
        suite = running.run(_asked(tuple(tests or ()), tuple(only or ()), max_time, tuple(env or ()), out))
    except TargetFailed as error:
        raise typer.Exit(refusals.explain(out, error)) from error
    raise typer.Exit(_tell(suite, out))


def _asked(words: Sequence[str], only: Sequence[str], seconds: float, env: Sequence[str], out: Console) -> running.Asked:
    """Raises TargetFailed for what cannot be tried."""
    for name in ("pytest", "coverage"):
        if importlib.util.find_spec(name) is None:
            raise TargetFailed(step="settings", problem=f"{name} is not installed", advice=f"pip install {name}, beside ringwork")
    root = Path.cwd()
    table = project.table(root)
    patterns = tuple(only) or tuple(_texts(table, "sensitive"))
    names = checking.place([Path()], here=root, since="", tests=False).names
    files = tuple(name for name in names if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns))
    if not files:
        advice = "name files as they stand below this folder, with * for any part: --only 'shop/accounts/*'"
        raise TargetFailed(
            step="settings", problem=f"no file fits {', '.join(patterns)}" if patterns else "no Python file here", advice=advice
        )
    out.print(f"· copies {visible(root.name)} to a temporary folder and runs its tests there, without your environment", soft_wrap=True)
    return running.Asked(
        root=root,
        files=files,
        words=tuple(words),
        only=tuple(only),
        extra=dict(_pair(one) for one in env),
        seconds=seconds,
        progress=lambda said, done, of: out.print(f"{done + 1} of {of}  {visible(said)}", soft_wrap=True),
    )


def _texts(table: Mapping[str, Any], name: str) -> list[str]:
    given = table.get(name, [])
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise TargetFailed(
            step="settings", problem="--env is no NAME=VALUE", advice="write for example --env DATABASE_URL=sqlite:///test.db"
        )
    return name, value


def _tell(suite: Suite, out: Console) -> int:
    """Print what the tests came to; the exit code."""
    if suite.why:
        terminal.say(out, f"nothing is known: {visible(suite.why)}", style="bold")
        return INCONCLUSIVE
    terminal.say(out, f"tests: {suite.passed} passed, {len(suite.failed)} failed, {suite.skipped} skipped")
    for name in suite.failed[:_SHOWN]:
        terminal.say(out, f"✗ {visible(name)} fails as it is, so nothing was taken out", indent=2)
    for name in suite.unreasoned[:_SHOWN]:
        terminal.say(out, f"✗ {visible(name)} is skipped without a reason", indent=2)
    fates = Counter(one.fate for one in suite.mutants)
    words = f"{fates[Fate.MISSED]} missed by a test, {fates[Fate.SURVIVED]} survived, {fates[Fate.UNREACHED]} not reached"
    terminal.say(out, f"lines that refuse somebody: {suite.places}; {words}, {fates[Fate.UNKNOWN]} not known")
    left = [one for one in suite.mutants if one.fate is not Fate.MISSED]
    for one in left[:_SHOWN]:
        told = visible(one.why) or _TOLD[one.fate].format(one.tests)
        terminal.say(
            out, f"{'?' if one.fate is Fate.UNKNOWN else '✗'} {visible(one.file)}:{one.line}  {visible(one.said)}: {told}", indent=2
        )
    if len(left) > _SHOWN:
        terminal.say(out, f"... {len(left) - _SHOWN} more in {record.FILE.as_posix()}", indent=2)
    if suite.cut:
        terminal.say(out, f"not all was tried ({len(suite.mutants)} of {suite.places}): {suite.cut}", style="bold")
    if suite.failed or suite.unreasoned or fates[Fate.SURVIVED] or fates[Fate.UNREACHED]:
        return FINDINGS
    return INCONCLUSIVE if suite.cut or fates[Fate.UNKNOWN] else CLEAN
