"""`ringwork check [PATH...]`: read the source, and say what reaches where it should not. Nothing is imported, started or asked."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import prove, terminal
from ringwork.errors import TargetFailed
from ringwork.prove import checking
from ringwork.prove.checked import Checked
from ringwork.report import checked as forms
from ringwork.report import checked_terminal

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
    tools: Annotated[bool, typer.Option("--tools/--no-tools", help="Also ask bandit, ruff, mypy, deptry, grimp and semgrep.")] = True,
    tests: Annotated[bool, typer.Option("--tests", help="Also files of tests.")] = False,
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
            select=prove.names(select) or (), ignore=prove.names(ignore) or (), fail_on=fail_on, is_weak=weak, tools=tools, tests=tests
        )
        asked = checking.place(paths or [], here=Path.cwd(), changed=changed, tests=tests)
        seen = checking.check(asked, options, today=datetime.datetime.now(datetime.UTC).date())
    except TargetFailed as error:
        raise typer.Exit(prove.explain(out, error)) from error
    if form == "terminal":
        checked_terminal.render(seen, out, verbose=verbose)
    else:
        print(_FORMS[form](seen), end="", file=out.file)  # not by the console, which folds
    raise typer.Exit(seen.exit_code)


def _require_form(form: str) -> None:
    if form not in {"terminal", *_FORMS}:
        advice = f"write one of: terminal, {', '.join(_FORMS)}"
        raise TargetFailed(step="settings", problem=f"--format {form} is unknown", advice=advice)
