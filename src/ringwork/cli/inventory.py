"""`ringwork inventory`: which algorithms a project's code uses, where, whether they may still be, and what runs beneath."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ringwork.cli import terminal
from ringwork.crypto import algorithms
from ringwork.survey.algorithms import Use, uses

FORMAT = "ringwork.inventory/1"
"""The version mark of what --json writes; its keys are append-only."""

APPROVED, WEAK, UNKNOWN = "approved", "weak", "to be judged by a person"
_QUANTUM = {
    algorithms.Quantum.HOLDS: "holds against quantum computers",
    algorithms.Quantum.BROKEN: "falls to quantum computers",
    algorithms.Quantum.RESISTS: "made against quantum computers",
}


def command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The project's folder.", exists=True, file_okay=False)] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="The inventory as JSON, to be kept with the project.")] = False,
    compare: Annotated[
        Path | None,
        typer.Option(help="An inventory that was kept: ends with 1 where the code is no longer so.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """List every use of cryptography in the source: algorithm, standing, places."""
    found = document(uses(folder.resolve()))
    if compare is not None:
        _compare(found, compare)
    elif as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _show(found)


def document(found: Sequence[Use]) -> dict[str, Any]:
    """The inventory: one entry an algorithm with all its places, and the libraries of this machine."""
    by_name: dict[str, list[Use]] = {}
    for use in found:
        by_name.setdefault(use.algorithm, []).append(use)
    return {
        "format": FORMAT,
        "libraries": {"python": platform.python_version(), "openssl": ssl.OPENSSL_VERSION, **_installed()},
        "algorithms": [_entry(name, by_name[name]) for name in sorted(by_name)],
    }


def _installed() -> Mapping[str, str]:
    names = ("cryptography", "argon2-cffi", "PyJWT", "joserfc", "pycryptodome", "bcrypt", "PyNaCl")
    found = {}
    for name in names:
        try:
            found[name.lower()] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _entry(name: str, places: Sequence[Use]) -> dict[str, Any]:
    known = algorithms.find(name)
    return {
        "algorithm": name,
        "standing": UNKNOWN if known is None else APPROVED if known.approved else WEAK,
        "use": known.use if known else "",
        "why": known.why if known else "",
        "instead": known.instead if known else "",
        "quantum": known.quantum.value if known and known.approved else "",
        "places": [{"file": one.file, "line": one.line, "call": one.call} for one in places],
    }


def _show(found: Mapping[str, Any]) -> None:
    out = terminal.console()
    rows = []
    for entry in found["algorithms"]:
        places = entry["places"]
        first = f"{places[0]['file']}:{places[0]['line']}" + (f" and {len(places) - 1} more" if len(places) > 1 else "")
        told = f"{entry['why']}; take {entry['instead']}" if entry["instead"] else _QUANTUM.get(entry["quantum"], "")
        rows.append((entry["algorithm"], entry["standing"], first, told))
    terminal.show_rows(out, ("Algorithm", "Standing", "Where", "Remark"), rows, folding=("Remark", "Where"))
    if out.is_terminal:
        terminal.say(out, ", ".join(f"{name} {version}" for name, version in found["libraries"].items()))
        if not rows:
            terminal.say(out, "No use of cryptography was found in this folder's Python files, tests apart.")
        terminal.say(out, "Keys are listed by `ringwork keys status`. --json writes what --compare holds the code against.")


def _compare(found: Mapping[str, Any], kept: Path) -> None:
    """Say what came and what went, by algorithm and file; lines move and do not count."""
    before = None
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        stored = json.loads(kept.read_text(encoding="utf-8"))
        before = _pairs(stored) if stored["format"] == FORMAT else None
    if before is None:
        raise typer.BadParameter(f"{kept.name} is no inventory of this version; write it with --json", param_hint="--compare")
    now = _pairs(found)
    came, went = sorted(now - before), sorted(before - now)
    for algorithm, file in came:
        typer.echo(f"came\t{algorithm}\t{file}")
    for algorithm, file in went:
        typer.echo(f"went\t{algorithm}\t{file}")
    if came or went:
        raise typer.Exit(1)


def _pairs(one: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(str(entry["algorithm"]), str(place["file"])) for entry in one["algorithms"] for place in entry["places"]}
