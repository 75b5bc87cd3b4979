"""The door of the command line: finds the command that was asked for and loads that one only."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import traceback
from collections.abc import Sequence
from typing import NamedTuple

from ringwork import alone
from ringwork.errors import RingworkError

USAGE, INTERNAL, INTERRUPTED = 2, 4, 130
"""Exit codes that the door itself gives; a command gives 0 clean, 1 findings, 3 inconclusive."""

NEEDS_EXTRA = "the command line needs the extra, `pip install 'ringwork[prove]'`"


class Command(NamedTuple):
    """A command's name, and the module whose function `command` it is, or whose `WORDS` are the commands below it."""

    name: str
    module: str


COMMANDS = (
    Command("prove", "ringwork.cli.prove"),
    Command("check", "ringwork.cli.check"),
    Command("mutants", "ringwork.cli.mutants"),
    Command("adopt", "ringwork.cli.adopt"),
    Command("init", "ringwork.cli.init"),
    Command("routes", "ringwork.cli.routes"),
    Command("replay", "ringwork.cli.replay"),
    Command("report", "ringwork.cli.report"),
    Command("baseline", "ringwork.cli.baseline"),
    Command("verify", "ringwork.cli.verify"),
    Command("badge", "ringwork.cli.badge"),
    Command("doctor", "ringwork.cli.doctor"),
    Command("serve", "ringwork.cli.serve"),
    Command("catalogue", "ringwork.cli.catalogue"),
    Command("explain", "ringwork.cli.explain"),
    Command("where", "ringwork.cli.where"),
    Command("inventory", "ringwork.cli.inventory"),
    Command("csp", "ringwork.cli.csp"),
    Command("certs", "ringwork.cli.certs"),
    Command("keys", "ringwork.cli.keys"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` default to those of the process."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        print(importlib.metadata.version("ringwork"))
        return 0
    if arguments is None and words[:1] == ["check"]:
        alone.until_the_end()
    try:
        _run(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else INTERNAL
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.partition(".")[0] == "ringwork":
            return _internal()
        print(f"ringwork: {missing} is not installed: {NEEDS_EXTRA}", file=sys.stderr)
        return USAGE
    except RingworkError as error:
        print(f"ringwork: {error}", file=sys.stderr)
        return USAGE
    except Exception:  # noqa: BLE001 - the last resort of the process: what was not foreseen is our fault, and says so
        return _internal()
    return 0


def _run(words: Sequence[str]) -> None:
    """Hand the words to the command; always leaves by an exception, SystemExit when all went as foreseen."""
    import typer

    from ringwork.cli.group import Group

    app = typer.Typer(
        cls=Group,
        name="ringwork",
        help="Defence in depth for Python web applications: enforced at run time, and proven.",
        epilog="`ringwork --version` prints the version.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # A callback makes typer keep the command's name as a word of the line, even when one command is all it knows.
    app.callback()(_no_options)
    for command in _wanted(words):
        module = importlib.import_module(command.module)
        if hasattr(module, "WORDS"):
            below = typer.Typer(cls=Group, help=module.__doc__, no_args_is_help=True)
            for name, function in module.WORDS:
                below.command(name)(function)
            app.add_typer(below, name=command.name)
        else:
            app.command(command.name)(module.command)
    app(args=list(words), prog_name="ringwork")


def _no_options() -> None:
    """Nothing stands before the command's name."""


def _wanted(words: Sequence[str]) -> tuple[Command, ...]:
    """The command that is named, so that no other is imported; all of them for help and for a mistyped name."""
    first = next((word for word in words if not word.startswith("-")), "")
    return tuple(command for command in COMMANDS if command.name == first) or COMMANDS


def _internal() -> int:
    traceback.print_exc()
    print("ringwork: this is a fault of ringwork itself; please report it with the lines above", file=sys.stderr)
    return INTERNAL
