"""`ringwork doctor [TARGET]`: what this machine offers, and how far a target comes, step by step."""

from __future__ import annotations

import importlib.metadata
import platform
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from ringwork.cli import prove, terminal
from ringwork.errors import TargetFailed
from ringwork.prove import run, settings, target
from ringwork.prove import users as find_users
from ringwork.prove.launch import Launcher
from ringwork.survey.taint import bindings, model

T = TypeVar("T")

_PACKAGES = (
    "ringwork",
    "fastapi",
    "starlette",
    "flask",
    "django",
    "aiohttp",
    "werkzeug",
    "uvicorn",
    "pydantic",
    "sqlalchemy",
    "cryptography",
    "h11",
    "websockets",
)


def command(
    where: Annotated[
        str, typer.Argument(metavar="[TARGET]", help="module:app, path/to/file.py[:app], or a folder; none looks at the machine only.")
    ] = "",
    *,
    factory: Annotated[bool, typer.Option("--factory", help="The name is a function that makes the application.")] = False,
    factory_args: Annotated[list[str] | None, typer.Option(help="An argument for the factory; may be repeated.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the copy's environment; may be repeated.")] = None,
    users: Annotated[str, typer.Option(metavar="MODULE:FUNCTION", help="A function that makes users in the copy and returns them.")] = "",
    models: Annotated[
        bool, typer.Option("--models", help="Look every line of the models of libraries up in those installed here, which are imported.")
    ] = False,
) -> None:
    """Say what this machine offers, and how far a target comes: found, copied, imported, started, signed in."""
    out = terminal.console()
    if models:
        raise typer.Exit(_models(out))
    terminal.show_rows(out, ("What", "Found"), [*_versions(), *_machine(), *_outside()])
    if where:
        raise typer.Exit(_steps(out, where, factory=factory, arguments=tuple(factory_args or ()), env=env or [], users=users))


def _versions() -> list[tuple[str, str]]:
    found = [("python", platform.python_version())]
    for name in _PACKAGES:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            found.append((name, "not installed"))
    return [*found, ("openssl", ssl.OPENSSL_VERSION)]


def _outside() -> list[tuple[str, str]]:
    """Libraries whose installed version the models are not written for; source that uses them is read all the same."""
    return [(f"model of {found.name}", found.why) for found in bindings.outside(model.load())]


def _models(out: Console) -> int:
    known = model.load()
    unbound = bindings.binding(known)
    terminal.show_rows(
        out,
        ("Model", "Name", "Why it fits nothing"),
        [(found.model, found.name, found.why) for found in unbound],
        folding=("Why it fits nothing",),
    )
    here = [library for library in known.libraries if bindings.is_installed(library)]
    lines = sum(len(library.lines) for library in here)
    terminal.say(out, f"{lines} lines of {len(here)} models looked up, {len(unbound)} fit nothing")
    terminal.say(out, f"{len(known.libraries) - len(here)} models are of libraries that are not installed here")
    return run.INCONCLUSIVE if unbound else run.CLEAN


def _machine() -> list[tuple[str, str]]:
    return [("loopback port", _port()), ("127.0.0.2 as a source", "yes" if _has_second_address() else "no: all checks share 127.0.0.1")]


def _port() -> str:
    try:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return "an ephemeral one can be opened"
    except OSError as error:
        return f"none can be opened ({error.strerror})"


def _has_second_address() -> bool:
    try:
        with socket.socket() as sock:
            sock.bind(("127.0.0.2", 0))
            return True
    except OSError:
        return False


def _steps(out: Console, where: str, *, factory: bool, arguments: tuple[str, ...], env: list[str], users: str) -> int:
    try:
        chosen = _step(out, "find", lambda: target.resolve(where, here=Path.cwd(), factory=factory, arguments=arguments))
        given = settings.of_project(chosen)
        extra = dict(given.pop("env", {}))
        for text in env:
            extra.update(settings.assignment(text, "--env"))
        asked = settings.Settings(**{**given, **({"users_from": users} if users else {}), "env": extra})
        launcher = _step(out, "copy", lambda: Launcher(chosen, extra=extra))
    except TargetFailed as error:
        return prove.explain(out, error)
    try:
        return _live_steps(out, launcher, asked)
    except TargetFailed as error:
        return prove.explain(out, error)
    finally:
        launcher.close()


def _live_steps(out: Console, launcher: Launcher, asked: settings.Settings) -> int:
    loaded = _step(out, "import", lambda: launcher.load(asked.users_from, anybody=asked.declares_nobody))
    run.require_routes(loaded.facts)
    terminal.say(out, f"{loaded.facts.framework} {loaded.facts.framework_version}, {len(loaded.facts.routes)} routes", indent=4)
    terminal.say(out, f"kept from the network and other files by {loaded.confinement}", indent=4)
    for sentence in (*loaded.refused, *(f"the server start {name} was passed over" for name in loaded.started)):
        terminal.say(out, sentence, indent=4)
    if not loaded.private:
        terminal.say(out, f"every copy is imported anew: {loaded.unforkable or 'this machine allows no private mounts'}", indent=4)
    _step(out, "start", launcher.warm_up)
    entrances = _step(out, "sign in", lambda: find_users.find(loaded.facts, asked, launcher))
    terminal.say(out, ", ".join(user.name for user in entrances.users) or "nobody", indent=4)
    if entrances.problem:
        terminal.say(out, f"{entrances.problem}\n{entrances.unlock}", indent=4)
        return run.INCONCLUSIVE
    terminal.say(out, "ready: ringwork prove " + launcher.target.text)
    return run.CLEAN


def _step(out: Console, name: str, call: Callable[[], T]) -> T:
    began = time.monotonic()
    found = call()
    terminal.say(out, f"{name}: done in {time.monotonic() - began:.1f} s", indent=2)
    return found
