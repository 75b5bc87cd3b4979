"""`ringwork serve TARGET`: serve an application with safe deadlines, limits and TLS."""

from __future__ import annotations

import base64
import importlib
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ringwork.crypto import chance
from ringwork.errors import ExtraMissing, RingworkError, ServerInvalid, TargetFailed, UnsupportedApp
from ringwork.protect import adapter_of, installed
from ringwork.prove import target
from ringwork.servers import choice, listening
from ringwork.servers.choice import Offer
from ringwork.servers.listening import INTERMEDIATE, ServerSettings

_NAMES = ("app", "application", "api", "server", "wsgi", "asgi")
USAGE = 2


def command(
    where: Annotated[str, typer.Argument(metavar="TARGET", help="module:app, path/to/file.py[:app], or a folder such as .")] = ".",
    *,
    host: Annotated[str, typer.Option(help="Address to listen on; without TLS only one of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    unix: Annotated[str, typer.Option(help="A Unix socket in place of host and port.")] = "",
    certificate: Annotated[str, typer.Option(help="Certificate chain in PEM.")] = "",
    key: Annotated[str, typer.Option(help="Its private key in PEM, without a passphrase.")] = "",
    tls: Annotated[str, typer.Option(help="intermediate (TLS 1.2 and 1.3) or modern (1.3 only); else as the policy says.")] = "",
    client_authority: Annotated[str, typer.Option(help="Require client certificates of this authority, in PEM.")] = "",
    client_revoked: Annotated[str, typer.Option(help="List of its revoked certificates (CRL), in PEM.")] = "",
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
    threads: Annotated[int, typer.Option(help="Requests at once in a process, for WSGI.", min=1)] = 8,
    head_seconds: Annotated[float, typer.Option(help="Longest time until a request's head is whole.")] = 10.0,
    request_seconds: Annotated[float, typer.Option(help="Longest time of a request before its process is ended, for WSGI.")] = 60.0,
    stop_seconds: Annotated[float, typer.Option(help="Time for running requests after SIGTERM.")] = 20.0,
    server: Annotated[str, typer.Option(help=f"One of {choice.names()}; without it the usual one for the application.")] = "",
    factory: Annotated[bool, typer.Option("--factory", help="The name is a function that makes the application.")] = False,
    unguarded: Annotated[bool, typer.Option("--unguarded", help="Serve an application that never called protect().")] = False,
) -> None:
    """Serve an application with safe deadlines, limits and TLS."""
    settings = ServerSettings(
        host=host,
        port=port,
        unix=unix,
        certificate=certificate,
        key=key,
        tls=tls or INTERMEDIATE,
        client_authority=client_authority,
        client_revoked=client_revoked,
        workers=workers,
        threads=threads,
        head_seconds=head_seconds,
        request_seconds=request_seconds,
        stop_seconds=stop_seconds,
    )
    try:
        listening.require_sound(settings)
        _share_a_key(settings)
        chosen = target.resolve(where, here=Path.cwd(), factory=factory)
        name, app = _load(chosen)
        _require_guard(app, name, unguarded=unguarded)
        settings = settings if tls else _with_profile(settings, app)
        _require_clients(settings, app)
        _serve(app, name, settings, choice.chosen(server, interface_of(app), settings), is_factory=chosen.factory)
    except KeyboardInterrupt as end:
        raise typer.Exit(0) from end
    except ServerInvalid as error:
        for fault in error.faults:
            print(f"ringwork serve: {fault}", file=sys.stderr)
        raise typer.Exit(USAGE) from error
    except TargetFailed as error:
        print(f"ringwork serve: {error.problem}\n  {error.advice}", file=sys.stderr)
        raise typer.Exit(USAGE) from error


def _share_a_key(settings: ServerSettings) -> None:
    """Against workers that refuse each other's tokens: without a key of the environment, this run makes one for all of them."""
    if settings.workers > 1 and not os.environ.get("RINGWORK_KEY"):
        os.environ["RINGWORK_KEY"] = base64.b64encode(chance.random_bytes(32)).decode()
        print("ringwork serve: RINGWORK_KEY is not set; the workers share one that ends with this run", file=sys.stderr)


def _load(chosen: target.Target) -> tuple[str, Any]:
    """The application, and "module:attribute" under which a worker finds it again. Raises TargetFailed."""
    sys.path[:0] = [str(chosen.root / place) for place in chosen.paths]
    try:
        module = importlib.import_module(chosen.module)
    except ImportError as error:
        advice = "run ringwork from the folder that holds the application, in the environment it is installed in"
        raise TargetFailed(step="import", problem=f"{chosen.module} cannot be imported: {error}", advice=advice) from error
    except RingworkError:
        raise
    except Exception as error:
        traceback.print_exc()
        advice = "the lines above are the application's own; correct them, and try again"
        raise TargetFailed(
            step="import", problem=f"{chosen.module} raised {type(error).__name__} when it was imported", advice=advice
        ) from error
    names = [chosen.attribute] if chosen.attribute else [name for name in _NAMES if _is_application(getattr(module, name, None))]
    if not names or not hasattr(module, names[0]):
        advice = f"name it: ringwork serve {chosen.module}:NAME"
        if hasattr(module, "ROOT_URLCONF"):  # settings of Django: what is served is the handler beside them
            advice = "name the project's handler: ringwork serve project.asgi:application, or project.wsgi:application"
        raise TargetFailed(step="find", problem=f"{chosen.text}: no application is found there", advice=advice)
    found = getattr(module, names[0])
    return f"{chosen.module}:{names[0]}", found() if chosen.factory else found


def _is_application(value: object) -> bool:
    try:
        adapter_of(value)
    except UnsupportedApp:
        return False
    return True


def _require_guard(app: Any, name: str, *, unguarded: bool) -> None:
    """Against a production whose protect() got lost: an application without defences is served only when somebody says so."""
    if not _is_application(app):
        problem = f"{name} is a {type(app).__name__}, no FastAPI, Starlette, Flask or aiohttp application, and no handler of Django"
        raise TargetFailed(step="find", problem=problem, advice="name the application itself, or its factory with --factory")
    if installed(app) is not None:
        return
    if not unguarded:
        advice = "call ringwork.protect(app) after its routes, or serve it as it is with --unguarded"
        raise TargetFailed(step="serve", problem=f"{name} never called protect(), so no defence stands in it", advice=advice)
    print(f"ringwork serve: WARNING: {name} is served without any defence of ringwork (--unguarded)", file=sys.stderr)


def _with_profile(settings: ServerSettings, app: Any) -> ServerSettings:
    """The settings with the TLS that the application's policy asks for."""
    guarded = installed(app)
    return settings if guarded is None else replace(settings, tls=guarded.policy.tls_configuration.tls)


def _require_clients(settings: ServerSettings, app: Any) -> None:
    """Against an internal listener that asks nobody for a certificate: what the policy requires has to come from somewhere."""
    guarded = installed(app)
    if guarded is None:
        return
    asked = guarded.policy.mutual_tls
    if asked.required and not asked.header and not settings.client_authority:
        advice = "transport.mutual-tls requires client certificates, and none is asked for here; add --client-authority ca.pem"
        raise ServerInvalid([f"client_authority: {advice}"])


def interface_of(app: Any) -> str:
    """How a server speaks to an application: asgi, wsgi or aiohttp."""
    return choice.interface_of(adapter_of(app).__name__.rpartition(".")[2], app)


def _serve(app: Any, name: str, settings: ServerSettings, offer: Offer, *, is_factory: bool) -> None:
    by_name = settings.workers > 1 and not offer.forks
    if is_factory and by_name:
        advice = "write a module that calls it, app = create_app(), and name that: ringwork serve module:app"
        raise TargetFailed(
            step="serve", problem="several workers import the application by its name, and a factory has none", advice=advice
        )
    module = _module(offer)
    with listening.bound(settings) as sock:
        address = settings.address if settings.port or settings.unix else f"{settings.address.rpartition(':')[0]}:{sock.getsockname()[1]}"
        print(f"ringwork serve: {address}, {offer.name}, {_summary(settings)}; Ctrl-C ends it", file=sys.stderr, flush=True)
        # Workers that are no forks are new processes, which import the application by its name.
        module.serve(name if by_name else app, settings, sock)


def _module(offer: Offer) -> Any:
    try:
        return importlib.import_module(f"ringwork.servers.{offer.name}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ringwork"):
            raise
        raise ExtraMissing(feature=f"ringwork serve --server {offer.name}", package=error.name or offer.name, extra=offer.extra) from error


def _summary(settings: ServerSettings) -> str:
    spoken = (
        f"TLS {'1.3' if settings.tls == listening.MODERN else '1.2 and 1.3'}" if settings.is_tls else "plain http for this machine only"
    )
    asked = ", client certificates required" if settings.client_authority else ""
    several = f"{settings.workers} worker{'s' if settings.workers != 1 else ''}"
    return f"{spoken}{asked}, {several}, a head within {settings.head_seconds:g} s and {settings.head_bytes} bytes"
