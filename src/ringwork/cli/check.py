"""`ringwork check [PATH...]`: read the source, and say what reaches where it should not. Nothing is imported, started or asked."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import refusals, terminal
from ringwork.errors import TargetFailed
from ringwork.prove import checking, mended
from ringwork.prove.checked import Checked
from ringwork.report import checked as forms
from ringwork.report import checked_terminal
from ringwork.report.visible import visible

_FORMS: Mapping[str, Callable[[Checked], str]] = MappingProxyType(
    {"json": forms.as_json, "sarif": forms.as_sarif, "github": forms.as_github}
)


def command(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", help="A project's folder (.), or files of one.")] = None,
    *,
    form: Annotated[str, typer.Option("--format", help="terminal, json, sarif or github; printed.")] = "terminal",
    select: Annotated[list[str] | None, typer.Option(help="Only these layers, controls or checks, by commas; may be repeated.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Not these layers, controls or checks, by commas; may be repeated.")] = None,
    fail_on: Annotated[str, typer.Option(help="The least severity that fails: critical, high, medium, low.")] = "low",
    weak: Annotated[bool, typer.Option("--all", help="Also what is weak: one tool's word, or a path with an unknown step.")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only files that differ from the last commit.")] = False,
    since: Annotated[str, typer.Option(metavar="REV", help="Only files that differ from this revision of git.")] = "",
    tools: Annotated[bool, typer.Option("--tools/--no-tools", help="Also ask bandit, ruff, mypy, deptry, grimp and semgrep.")] = True,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe to mend, then check.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print what --fix would change, and nothing else; 1 if there is anything.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Also secrets that earlier commits added; reads every commit.")] = False,
    tests: Annotated[bool, typer.Option("--tests", help="Also files of tests.")] = False,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, max=64, help="Processes that read; of use on large projects.")] = 1,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Read again only what changed since the last time.")] = True,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Everything, however long.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, as NO_COLOR does.")] = False,
) -> None:
    """Read the source of a project, and say what was found, with the path of each value, and what could not be read.

    Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage, 3 nothing was read, 4 a fault of ringwork.
    """
    out = Console(highlight=False, emoji=False, markup=False, no_color=True) if no_color else terminal.console()
    try:
        _require_form(form)
        options = checking.Options(
            select=refusals.names(select) or (),
            ignore=refusals.names(ignore) or (),
            fail_on=fail_on,
            is_weak=weak,
            tools=tools,
            tests=tests,
            jobs=jobs,
            is_kept=cache,
            history=history,
        )
        asked = checking.place(paths or [], here=Path.cwd(), since=since or ("HEAD" if changed else ""), tests=tests)
        if diff:
            raise typer.Exit(_diff(asked, options, out))
        if fix:
            _fix(asked, options)
        seen = checking.check(asked, options, today=_today())
    except TargetFailed as error:
        raise typer.Exit(refusals.explain(out, error)) from error
    if form == "terminal":
        checked_terminal.render(seen, out, verbose=verbose)
    else:
        print(_FORMS[form](seen), end="", file=out.file)  # not by the console, which folds
    raise typer.Exit(seen.exit_code)


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _diff(asked: checking.Place, options: checking.Options, out: Console) -> int:
    """Print a patch to standard output, and what is left to a person to standard error; the exit code."""
    changed = list(mended.mend(asked, options, today=_today()))
    for one in changed:
        print(visible(one.diff), end="", file=out.file)
    _tell_left(changed, terminal.console(stderr=True))
    return 1 if any(one.fixes for one in changed) else 0


def _fix(asked: checking.Place, options: checking.Options) -> None:
    """Mend, and say what was mended; to standard error, since what is found may go to a program."""
    changed, err = list(mended.mend(asked, options, today=_today())), terminal.console(stderr=True)
    mended.write(asked, changed)
    for one in changed:
        for fix in one.fixes:
            terminal.say(err, f"mended {one.name}:{fix.line}: {visible(fix.said)}")
    _tell_left(changed, err)


def _tell_left(changed: list[mended.Changed], err: Console) -> None:
    for one in changed:
        for left in one.left:
            terminal.say(err, f"left to you {one.name}:{left.line}: {left.why}")


def _require_form(form: str) -> None:
    if form not in {"terminal", *_FORMS}:
        advice = f"write one of: terminal, {', '.join(_FORMS)}"
        raise TargetFailed(step="settings", problem=f"--format {form} is unknown", advice=advice)
