"""`ringwork adopt TARGET`: the exact lines that an existing application needs to run in enforce, with the reason for each."""

from __future__ import annotations

import dataclasses
import json
from itertools import groupby
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from ringwork.cli import prove, routes, terminal
from ringwork.errors import TargetFailed
from ringwork.policy import files
from ringwork.prove import adoption, adoption_code, target
from ringwork.prove.adoption import Line
from ringwork.prove.adoption_rules import RuleLine
from ringwork.survey import suites, templates


def command(
    where: Annotated[str, typer.Argument(metavar="TARGET", help="module:app, path/to/file.py[:app], or a folder such as .")] = ".",
    *,
    origin: Annotated[str, typer.Option(help='Canonical origin, as browsers show it: "https://shop.example".')] = "",
    proxy: Annotated[list[str] | None, typer.Option(help="Address from which a proxy of yours speaks; may be repeated.")] = None,
    factory: Annotated[bool, typer.Option("--factory", help="The name is a function that makes the application.")] = False,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the copy's environment; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Print the lines to add. Nothing is written, served or asked; the application is imported once, in a copy."""
    out = terminal.console()
    known = adoption.Known(origin=origin, proxies=tuple(proxy or ()))
    try:
        chosen = target.resolve(where, here=Path.cwd(), factory=factory)
        found = routes.facts_of(where, factory=factory, arguments=(), env=env or [])
    except TargetFailed as error:
        raise typer.Exit(prove.explain(out, error)) from error
    root = Path(found.root)
    home, beside = target.home(chosen)
    spots = templates.spots(root, home=home)
    spoken = origin or ("http://localhost" if found.framework == "flask" else "https://testserver")
    why = "a browser says where a form came from; so must its stand-in"
    tests = [
        Line(file=one.file, at=one.line, text=one.text, replaces=one.replaces, reason=why)
        for one in suites.clients(root, origin=spoken, home=home)
    ]
    module, variable = _file(chosen), chosen.attribute.partition(".")[0]
    lines = adoption.lines(found, spots, tests, known, module=module, variable=variable)
    remarks = [
        *(adoption.around(found, module, variable) if found.guard is None else ()),
        *adoption.remarks(found, spots, known),
        *_strangers(root, home, known),
        *_left_out(root, home, beside),
    ]
    rules = adoption.rules(found)
    if as_json:
        printed = {name: [dataclasses.asdict(one) for one in some] for name, some in (("lines", lines), ("rules", rules))}
        print(json.dumps({**printed, "remarks": remarks}, indent=1))
        return
    if found.guard is not None:
        missing = "what is still missing:" if lines or remarks or rules else "nothing is missing; `ringwork prove` shows what holds."
        terminal.say(out, f"protect() is called already; {missing}")
    if lines:
        _print(lines, out, root)
    if not origin and not (found.guard is not None and (found.guard.origin or not lines)):
        terminal.say(
            out, 'Yours to decide: the origin; until it is named only this machine is served. Ask again with --origin "https://your.host".'
        )
    for remark in remarks:
        terminal.say(out, f"Yours to decide: {remark}.")
    _print_rules(rules, out)


def _left_out(root: Path, home: Path, beside: list[str]) -> list[str]:
    """That not the whole project was looked at, where other applications lie in it."""
    if home == root:
        return []
    others = f"{beside[0]} and {len(beside) - 1} more" if len(beside) > 1 else beside[0]
    is_are = "is another application" if len(beside) == 1 else "are other applications"
    own = home.relative_to(root).as_posix()
    return [f"templates outside of {own}/, and tests that import nothing of it, were not looked at: {others} {is_are} of this repository"]


def _strangers(root: Path, home: Path, known: adoption.Known) -> list[str]:
    named = urlsplit(known.origin).hostname or ""
    served = frozenset({named} if named else {"localhost", "127.0.0.1", "testserver"})
    wanted = known.origin or "http://localhost"
    return [
        f'{file}:{line} asks the host "{host}", which is not served (421); write base_url="{wanted}"'
        for file, line, host in suites.strangers(root, served=served, home=home)
    ]


def _file(chosen: target.Target) -> str:
    """The file of the target's module, from the project's folder: a module, or a package's own."""
    stem = chosen.module.replace(".", "/")
    named = [(Path(place) / f"{stem}{end}").as_posix() for place in ("", *chosen.paths) for end in (".py", "/__init__.py")]
    return next((name for name in named if (chosen.root / name).is_file()), f"{stem}.py")


def _print(lines: list[Line], out: Console, root: Path) -> None:
    """Files in turn; what can be pasted stands on lines of its own, with its reason as a comment or below it."""
    kept = _kept(root)
    for (file, at), group in groupby(lines, key=lambda line: (line.file, 0 if line.replaces else line.at)):
        some = list(group)
        terminal.say(out, f"\n{file}{'' if some[0].replaces else _place(at, file, is_there=(root / file).is_file())}")
        for line in some:
            if line.replaces:
                _print_change(line, out, root)
            else:
                key = line.text.partition(" = ")[0]
                joins = f"; joins the {key} that stands there" if file == adoption.SETTINGS and key in kept else ""
                terminal.say(out, f"  {line.text}  # {line.reason}{joins}")
    count = f"{len(lines)} change{'s' if len(lines) > 1 else ''}"
    terminal.say(out, f"\n{count}. Run with RINGWORK_MODE=observe first: nothing is refused, and the log says what would be.")


def _print_rules(lines: list[RuleLine], out: Console) -> None:
    """Each place with the line that asks for a login, and the one that opens the same for everybody."""
    routes = sum(len(line.routes) for line in lines)
    if not routes:
        return
    are = "1 route is" if routes == 1 else f"{routes} routes are"
    terminal.say(
        out,
        f"\nYours to decide: {are} refused (403) until you give a rule: nothing before the handler checks who asks. "
        "For each, one of the two lines: @requires() for whoever is signed in, @public(...) for everybody. "
        "Line numbers are those of the files as they are now, so begin at the end of a file.",
    )
    for line in lines:
        named = f"  {', '.join(line.routes)}" if line.routes else ""
        if line.replaces:
            terminal.say(
                out, f"\n{line.file}{named}\n  line {line.at}, only its {line.replaces}, becomes\n    {line.text}\n    or {line.opens}"
            )
        else:
            place = f", after line {line.at}" if line.at else ", among its rules"
            terminal.say(out, f"\n{line.file}{place}{named}\n  {line.text}" + (f"\n  or\n  {line.opens}" if line.opens else ""))


def _kept(root: Path) -> frozenset[str]:
    """What the project's settings say already. Against a key that stands in a file twice, which TOML refuses."""
    found = files.find(root)
    return frozenset() if found is None else frozenset(files.read(found))


def _place(at: int, file: str, *, is_there: bool) -> str:
    if file == adoption_code.PLACE:
        return " in code, among its arguments"
    if at:
        return f", after line {at}"
    if file != adoption.SETTINGS:
        return ", at its end"
    # Against lines that TOML gives to the last table of the file.
    return ", above its first line that begins with [" if is_there else " (new, or [tool.ringwork] of pyproject.toml)"


def _print_change(line: Line, out: Console, root: Path) -> None:
    """A whole line, or the part of one that changes: what else stands in the line must not go with it."""
    there = (root / line.file).read_text(encoding="utf-8", errors="replace").splitlines()[line.at - 1 : line.at]
    is_whole = [one.strip() for one in there] == [line.replaces.strip()]
    terminal.say(out, f"  line {line.at}, {'all of it' if is_whole else f'only its {line.replaces}'}, becomes  ({line.reason})")
    terminal.say(out, f"    {line.text}")
