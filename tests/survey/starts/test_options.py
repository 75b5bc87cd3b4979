"""The options that are looked for exist, and take a value or none, as each server's own parser says.

uWSGI and mod_wsgi cannot be had here; their words are taken from their documentation.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from unittest import mock

import pytest
import typer
import uvicorn
from daphne.cli import CommandLineInterface
from granian.cli import cli as granian_command
from gunicorn.config import make_settings
from hypercorn import __main__ as hypercorn_command
from waitress.adjustments import Adjustments

from ringwork.cli import serve
from ringwork.survey.starts import options, start
from ringwork.survey.starts.start import Command


def of_click(command: object) -> dict[str, bool]:
    """Option to whether it takes a value."""
    found = dict[str, bool]()
    for parameter in command.params:  # type: ignore[attr-defined]  # click's, whichever copy of it
        takes = not getattr(parameter, "is_flag", False)
        found |= dict.fromkeys([*parameter.opts, *parameter.secondary_opts], takes)
    return found


def of_argparse(parser: argparse.ArgumentParser) -> dict[str, bool]:
    """The same for the standard library's parser."""
    return {name: action.nargs != 0 for action in parser._actions for name in action.option_strings}


def of_gunicorn() -> dict[str, bool]:
    """gunicorn's settings name their own options."""
    return {name: setting.action not in {"store_true", "store_false"} for setting in make_settings().values() for name in setting.cli or ()}


def of_hypercorn() -> dict[str, bool]:
    """The parser that hypercorn makes when it is started."""
    made = list[argparse.ArgumentParser]()

    class Stop(Exception):
        pass

    def parse(self: argparse.ArgumentParser, *_: object) -> None:
        made.append(self)
        raise Stop

    with mock.patch.object(argparse.ArgumentParser, "parse_args", parse), pytest.raises(Stop):
        hypercorn_command.main([])
    return of_argparse(made[0])


def of_waitress() -> dict[str, bool]:
    """waitress makes its options from its settings: underscores for dashes, and `no-` before what can be switched off."""
    found = {"--call": False}
    for name, cast in Adjustments._params:
        option = name.replace("_", "-")
        is_flag = cast.__name__ == "asbool"
        found |= {f"--{option}": not is_flag, f"--no-{option}": not is_flag}
    return found


def of_ringwork() -> dict[str, bool]:
    """Our own."""
    alone = typer.Typer()
    alone.command()(serve.command)
    return of_click(typer.main.get_command(alone))


PARSERS: Mapping[str, object] = {
    start.UVICORN: lambda: of_click(uvicorn.main),
    start.HYPERCORN: of_hypercorn,
    start.GRANIAN: lambda: of_click(granian_command),
    start.GUNICORN: of_gunicorn,
    start.WAITRESS: of_waitress,
    start.DAPHNE: lambda: of_argparse(CommandLineInterface().parser),
    start.RINGWORK: of_ringwork,
}


@pytest.mark.parametrize("server", list(PARSERS))
def test_looks_for_options_that_the_server_has(server: str) -> None:
    """An option that does not exist would be looked for in vain, and its server called safe or unsafe for nothing."""
    known = PARSERS[server]()  # type: ignore[operator]  # a function
    looked_for = options.NAMES[server].items()
    wrong = {option: word for option, word in looked_for if option not in known or known[option] == word.endswith(options.FLAG)}
    assert not wrong, wrong


@pytest.mark.parametrize(
    "words",
    [
        ("gosu", "app", "gunicorn", "x:app"),
        ("sudo", "-u", "app", "/srv/bin/gunicorn", "x:app"),
        ("env", "A=b", "gunicorn", "x:app"),
        ("A=b", "exec", "gunicorn", "x:app"),
        ("poetry", "run", "gunicorn", "x:app"),
        ("python3.12", "-m", "gunicorn", "x:app"),
        ("sh", "-c", "python manage.py migrate && exec gunicorn x:app"),
        ("tini", "--", "gunicorn", "x:app"),
        ("newrelic-admin", "run-program", "gunicorn", "x:app"),
    ],
)
def test_sees_through_what_only_prepares_a_start(words: tuple[str, ...]) -> None:
    """Whoever starts it for whom: it is the same server."""
    found = options.of_command(Command(words=words, file="Procfile", line=1))
    assert found is not None
    assert found.server == start.GUNICORN


@pytest.mark.parametrize("words", [(), ("true",), ("python", "-m"), ("celery", "-A", "x"), ("sh", "-c", "'unbalanced"), ("flask", "db")])
def test_takes_no_other_program_for_a_server(words: tuple[str, ...]) -> None:
    """What is no server is told nothing."""
    assert options.of_command(Command(words=words, file="Procfile", line=1)) is None
