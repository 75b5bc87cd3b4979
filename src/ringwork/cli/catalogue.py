"""`ringwork catalogue`: the controls, what each is for, and how far it is built."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

import typer

from ringwork.cli import terminal
from ringwork.controls import control as controls
from ringwork.controls import standards
from ringwork.report import status

STANDARDS: Mapping[str, tuple[str, ...]] = {
    "asvs": ("asvs",),
    "owasp": ("owasp_2025", "owasp_2021", "api_2023", "llm_2025", "proactive_2024"),
    "cwe": (standards.CWE,),
    "wstg": ("wstg",),
}
"""What may follow --standard, and the standards of the catalogue that it shows."""


def command(
    layer: Annotated[str, typer.Option(help="Only this layer, for example browser.")] = "",
    profile: Annotated[str, typer.Option(help="Only what this profile asks for: baseline, standard (with baseline) or high (all).")] = "",
    owner: Annotated[str, typer.Option(help="Only what a developer, platform or organisation can act on.")] = "",
    standard: Annotated[str, typer.Option(help="By requirement of asvs, owasp, cwe or wstg: which controls answer it.")] = "",
    state: Annotated[
        str,
        typer.Option(
            "--status", help="Only complete, partial, no-guard-yet, read-no-guard-yet, attacked-no-guard-yet or not-started ones."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Everything about the chosen controls, as JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="The page docs/status.md, of all controls.")] = False,
) -> None:
    """List the controls and how far each is built."""
    catalogue, where = controls.load(), status.trees()
    require_known("--layer", layer, catalogue.layers)
    require_known("--profile", profile, catalogue.profiles)
    require_known("--owner", owner, catalogue.owners)
    require_known("--standard", standard, STANDARDS)
    state = _word(state)
    require_known("--status", state, [_word(one) for one in status.Status])
    if as_markdown and (as_json or any((layer, profile, owner, standard, state))):
        raise typer.BadParameter("write it without any other option, the page is of all controls", param_hint="--markdown")
    if as_markdown:
        typer.echo(status.markdown(catalogue, where), nl=False)
        return
    found = status.standings(catalogue, where)
    chosen = [
        row
        for row in (catalogue.of_profile(profile) if profile else catalogue.controls)
        if layer in ("", row.layer) and owner in ("", row.owner) and state in ("", _word(found[row.id].status))
    ]
    if as_json:
        show_json(chosen, found)
    elif standard:
        show_by_requirement(catalogue, chosen, found, standard)
    else:
        show_list(chosen, found, where)


def _word(state: str) -> str:
    """A status as one word of the command line."""
    return state.replace(",", "").replace(" ", "-")


def require_known(option: str, value: str, known: Collection[str]) -> None:
    """Refuse a value that is not known, with those that are; no value is fine."""
    if value and value not in known:
        raise typer.BadParameter(f"{value!r} is none of {', '.join(known)}", param_hint=option)


def show_json(chosen: Sequence[controls.Control], found: Mapping[str, status.Standing]) -> None:
    """Everything about the chosen controls, for programs."""
    document = {"format": status.FORMAT, "controls": [status.as_document(row, found[row.id]) for row in chosen]}
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def show_list(chosen: Sequence[controls.Control], found: Mapping[str, status.Standing], where: status.Trees) -> None:
    """One line a control, and the count of what is shown."""
    out = terminal.console()
    terminal.show_rows(
        out,
        ("Control", "Title", "Profile", "Severity", "Owner", "Status"),
        [(row.id, row.title, row.profile, row.severity, row.owner, found[row.id].phrase) for row in chosen],
        folding=("Title", "Status"),
    )
    if out.is_terminal:
        complete = sum(found[row.id].status is status.Status.COMPLETE for row in chosen)
        terminal.say(out, f"{len(chosen)} controls, {complete} complete. More about one: ringwork explain CONTROL")
        if where.repository is None:
            terminal.say(out, "Tests, breached clinics and pages are no part of an installed package; they were not looked at.")


def show_by_requirement(
    catalogue: controls.Catalogue, chosen: Sequence[controls.Control], found: Mapping[str, status.Standing], standard: str
) -> None:
    """One line a requirement with the controls that answer it and their status; then the requirements that none answers."""
    answers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in chosen:
        for name in STANDARDS[standard]:
            for code in row.standards[name]:
                answers[name, code].append(f"{row.id} ({found[row.id].status})")
    lines = [
        (name, code, ", ".join(answers[name, code]))
        for name in STANDARDS[standard]
        for _, code in sorted((key for key in answers if key[0] == name), key=lambda key: standards.code_order(key[1]))
    ]
    out = terminal.console()
    terminal.show_rows(out, ("Standard", "Requirement", "Controls"), lines, folding=("Controls",))
    if not out.is_terminal:
        return
    for name in STANDARDS[standard]:
        terminal.say(out, f"{name}: {catalogue.standards[name]}")
    for reason, codes in catalogue.not_mapped.items():
        if reason.partition("_")[0] == standard and len(chosen) == len(catalogue.controls):
            terminal.say(out, f"Answered by no control ({reason.replace('_', ' ')}): {', '.join(codes)}")
