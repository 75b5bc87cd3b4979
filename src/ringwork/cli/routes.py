"""`ringwork routes TARGET`: every way into an application, and the rule that stands before it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ringwork.cli import prove, terminal
from ringwork.errors import TargetFailed
from ringwork.prove import run, settings, target
from ringwork.prove.process import Copy
from ringwork.survey.facts import AppFacts, RouteFacts

NO_RULE = "NO RULE"


def command(
    where: Annotated[str, typer.Argument(metavar="TARGET", help="module:app, path/to/file.py[:app], or a folder such as .")] = ".",
    *,
    factory: Annotated[bool, typer.Option("--factory", help="The name is a function that makes the application.")] = False,
    factory_args: Annotated[list[str] | None, typer.Option(help="An argument for the factory; may be repeated.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the copy's environment; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Only the public routes, as a list to approve: ringwork-public.txt.")] = False,
) -> None:
    """List every way into an application: methods, path, rule, handler. Nothing is served and no request is sent."""
    out = terminal.console()
    try:
        found = facts_of(where, factory=factory, arguments=tuple(factory_args or ()), env=env or [])
    except TargetFailed as error:
        raise typer.Exit(prove.explain(out, error)) from error
    if public:
        print("\n".join(approval(found.routes)))
    elif as_json:
        print(json.dumps([dataclasses.asdict(route) for route in found.routes], indent=1))
    else:
        _table(found, out)


def facts_of(where: str, *, factory: bool, arguments: tuple[str, ...], env: list[str]) -> AppFacts:
    """The facts about a target, from a copy that is imported and ended. Raises TargetFailed."""
    chosen = target.resolve(where, here=Path.cwd(), factory=factory, arguments=arguments)
    extra = dict(settings.of_project(chosen).get("env", {}))
    for text in env:
        extra.update(settings.assignment(text, "--env"))
    copy = Copy(chosen, extra=extra)
    try:
        found = copy.begin().facts
    finally:
        copy.close()
    run.require_routes(found)
    return found


def _table(found: AppFacts, out: Console) -> None:
    rows = [(methods(route), route.path, rule(route), *_rates(found, route), place(route)) for route in found.routes]
    terminal.show_rows(out, ("Methods", "Path", "Rule", *(("Rates",) if found.guard else ()), "Handler"), rows)
    without = sum(not route.rule for route in found.routes)
    guard = f"ringwork, {found.guard.mode}" if found.guard else "no ringwork guard"
    terminal.say(out, f"{len(rows)} routes, {without} without a rule ({guard})")


def _rates(found: AppFacts, route: RouteFacts) -> tuple[str, ...]:
    """The class by whose rates a route's requests are counted, where ringwork counts them."""
    return (found.guard.rates.get(route.name, ""),) if found.guard else ()


def approval(routes: Iterable[RouteFacts]) -> list[str]:
    """The lines of a list of approved public routes: name, and the reason for whoever reads it."""
    opened = sorted((route for route in routes if route.rule == "public"), key=lambda route: (route.path, route.name))
    return [f"{route.name}  # {route.reason}" for route in opened]


def methods(route: RouteFacts) -> str:
    """What the route answers to."""
    if route.kind == "websocket":
        return "WEBSOCKET"
    return ",".join(m for m in route.methods if m not in {"HEAD", "OPTIONS"}) or "ANY"


def rule(route: RouteFacts) -> str:
    """The rule in words; what looks like an application's own check is named as a guess."""
    if route.rule == "public":
        return f"public: {route.reason}"
    if route.rule == "requires":
        return f"requires {', '.join(route.roles) or 'any signed-in user'}"
    if route.rule == "own":
        return route.rule_source
    if route.rule == "signed":
        once = ", once" if route.once and not route.sender else ""
        return f"signed by {route.sender}" if route.sender else f"a signed link for {route.purpose}{once}"
    if route.passed_over:
        return f"{NO_RULE}: {route.passed_over}"
    return f"{NO_RULE} (own check? {', '.join(route.guarded_by)})" if route.guarded_by else NO_RULE


def place(route: RouteFacts) -> str:
    """File and line of the handler, else its name."""
    return f"{route.file}:{route.line}" if route.file and not Path(route.file).is_absolute() else route.handler
