"""`ringwork prove TARGET`: attack a copy of an application and say what held."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import earlier, narration, refusals, terminal, writing
from ringwork.errors import TargetFailed
from ringwork.prove import options, run, settings, target
from ringwork.prove.evidence import Report
from ringwork.report import outputs
from ringwork.report import terminal as summary
from ringwork.report.visible import visible

explain, names = refusals.explain, refusals.names
_NOT_STARTED = frozenset({"import", "factory", "start"})


def command(
    where: Annotated[str, typer.Argument(metavar="TARGET", help="module:app, path/to/file.py[:app], or a folder such as .")] = ".",
    *,
    factory: Annotated[bool, typer.Option("--factory", help="The name is a function that makes the application.")] = False,
    factory_args: Annotated[list[str] | None, typer.Option(help="An argument for the factory; may be repeated.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the copy's scrubbed environment; may be repeated.")] = None,
    env_file: Annotated[Path | None, typer.Option(help="A file of NAME=VALUE lines for the copy's environment.")] = None,
    select: Annotated[list[str] | None, typer.Option(help="Only these layers, controls or checks, by commas; may be repeated.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Not these layers, controls or checks, by commas; may be repeated.")] = None,
    fail_on: Annotated[str | None, typer.Option(help="The least severity that fails: critical, high, medium, low (default).")] = None,
    quick: Annotated[bool | None, typer.Option("--quick/--no-quick", help="Attack once, take no guard out: proves nothing.")] = None,
    deep: Annotated[bool | None, typer.Option("--deep/--no-deep", help="Timing checks too, and every layer behind each attack.")] = None,
    profile: Annotated[str | None, typer.Option(help="Controls up to: baseline, standard, high (default).")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Findings of this file do not fail the run; see `ringwork baseline`.")] = None,
    since: Annotated[str, typer.Option(metavar="REV", help="Only routes that changed since this revision of git; proves nothing.")] = "",
    against: Annotated[Path | None, typer.Option(help="report.html tells what changed since this report.json (the last run's).")] = None,
    output_dir: Annotated[Path, typer.Option(help="Where report.html, report.json and the others go.")] = Path(".ringwork"),
    formats: Annotated[list[str] | None, typer.Option("--format", help=writing.FORMATS_HELP)] = None,
    sign: Annotated[Path | None, typer.Option(metavar="KEY.pem", help=writing.SIGN_HELP)] = None,
    max_time: Annotated[float | None, typer.Option(help="Start no further check after this many seconds (300).", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Makes choices repeatable.")] = 0,
    users: Annotated[str, typer.Option(metavar="MODULE:FUNCTION", help="A function that makes users in the copy and returns them.")] = "",
    coverage_floor: Annotated[float | None, typer.Option(help="Share of routes that must be reached, 0 to 1.", min=0, max=1)] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, as NO_COLOR does.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only the summary.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Also what was copied, refused and passed over.")] = False,
) -> None:
    """Attack a copy of an application on loopback, and say what held, what fell and what was not tried.

    Options stand above `tool.ringwork.prove` in the project's pyproject.toml.
    """
    out = _console(no_color=no_color)
    try:
        forms = writing.chosen(formats or (), signed=sign is not None)
        extra = replace(writing.asked(sign), before=earlier.find(against, output_dir, out))
        chosen = target.resolve(where, here=Path.cwd(), factory=factory, arguments=tuple(factory_args or ()))
        given = settings.of_project(chosen)
        asked = options.laid_over(
            given,
            select=names(select),
            ignore=names(ignore),
            fail_on=fail_on,
            quick=quick,
            deep=deep,
            profile=profile,
            max_time=max_time,
            baseline=str(baseline) if baseline is not None else None,
            since=since,
            seed=seed,
            env=environment(given.get("env", {}), env_file, env or []),
            command=_command(),
            users_from=users or None,
            coverage_floor=coverage_floor,
        )
        with writing.commands_stopped(forms, out), narration.Narration(out, quiet=quiet, verbose=verbose) as progress:
            report = run.prove(chosen, asked, progress)
    except TargetFailed as error:
        raise typer.Exit(_not_proven(out, error)) from error
    _show(report, out, output_dir, forms, earlier.comparable(extra, report, named=against is not None), verbose=verbose)
    raise typer.Exit(report.exit_code)


def _not_proven(out: Console, error: TargetFailed) -> int:
    code = explain(out, error)
    if error.step in _NOT_STARTED:
        terminal.say(out, "nothing was attacked; `ringwork check` reads its source without starting it", indent=2)
    return code


def _console(*, no_color: bool) -> Console:
    return Console(highlight=False, emoji=False, markup=False, no_color=True) if no_color else terminal.console()


def _command() -> str:
    """The command as given, to be repeated; values of the environment may be secrets and are left out."""
    words = [re.sub(r"^(--env=)?([A-Za-z_]\w*)=.*", r"\1\2=***", word, flags=re.DOTALL) for word in sys.argv[1:]]
    return shlex.join(["ringwork", *words])


def environment(project: dict[str, str], file: Path | None, given: list[str]) -> dict[str, str]:
    """The copy's own variables: the project's, then the file's, then those of the command line. Raises TargetFailed."""
    found = dict(project)
    if file is not None:
        found.update(settings.env_file(file))
    for text in given:
        found.update(settings.assignment(text, "--env"))
    return found


def _show(report: Report, out: Console, folder: Path, forms: Sequence[outputs.Output], extra: outputs.Asked, *, verbose: bool) -> None:
    with writing.commands_stopped(forms, out):
        if verbose:
            for sentence in report.touched:
                terminal.say(out, visible(sentence), indent=2)
        written = writing.write(report, forms, folder, out, extra)
        summary.render(report, out, verbose=verbose, written=written)
    writing.print_commands(report, forms, out, extra)
