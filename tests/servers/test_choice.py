"""Which server is taken for which application, and what each refuses."""

from __future__ import annotations

import importlib

import pytest
from starlette.applications import Starlette

from ringwork.cli.serve import interface_of
from ringwork.errors import ServerInvalid
from ringwork.servers import choice
from ringwork.servers.listening import ServerSettings
from tests.servers import apps

PLAIN = ServerSettings()


@pytest.mark.parametrize(("interface", "name"), [("asgi", "uvicorn"), ("wsgi", "gunicorn"), ("aiohttp", "aiohttp")])
def test_takes_the_usual_server_where_none_is_named(interface: str, name: str) -> None:
    """A start needs no choice."""
    assert choice.chosen("", interface, PLAIN).name == name


@pytest.mark.parametrize("name", ["uvicorn", "hypercorn", "granian"])
def test_takes_the_server_that_is_named(name: str) -> None:
    """Every server of ASGI can be had."""
    assert choice.chosen(name, "asgi", PLAIN).name == name


def faults(name: str, interface: str, settings: ServerSettings = PLAIN) -> tuple[str, ...]:
    """What is refused."""
    with pytest.raises(ServerInvalid) as caught:
        choice.chosen(name, interface, settings)
    return caught.value.faults


@pytest.mark.parametrize(
    ("name", "interface", "instead"), [("uvicorn", "wsgi", "gunicorn"), ("granian", "wsgi", "gunicorn"), ("gunicorn", "aiohttp", "aiohttp")]
)
def test_refuses_a_server_of_another_interface(name: str, interface: str, instead: str) -> None:
    """With the one to write instead."""
    (fault,) = faults(name, interface)
    assert f"write {instead}" in fault


def test_tells_a_name_that_is_no_server() -> None:
    """A misspelt name starts nothing else in its place."""
    (fault,) = faults("unicorn", "asgi")
    assert "write uvicorn or hypercorn or granian" in fault


def test_refuses_granian_where_a_client_certificate_is_asked_for() -> None:
    """The application would take the certificate's owner for nobody."""
    (fault,) = faults("granian", "asgi", ServerSettings(certificate="chain.pem", key="key.pem", client_authority="clients.pem"))
    assert fault.startswith("client_authority:")


def test_refuses_a_head_that_granian_cannot_make_so_small() -> None:
    """A limit that is not kept is refused."""
    (fault,) = faults("granian", "asgi", ServerSettings(head_bytes=4096))
    assert "8192" in fault


def test_refuses_several_workers_where_there_is_one_process() -> None:
    """aiohttp's runner is one; a number that is not heard would be a false safety."""
    (fault,) = faults("aiohttp", "aiohttp", ServerSettings(workers=2))
    assert fault.startswith("workers:")


@pytest.mark.parametrize(
    ("app", "interface"), [(apps.unguarded, "asgi"), (Starlette(), "asgi"), (apps.wsgi, "wsgi"), (apps.aiohttp, "aiohttp")]
)
def test_knows_how_an_application_is_spoken_to(app: object, interface: str) -> None:
    """By its own kind, so that nobody has to say it."""
    assert interface_of(app) == interface


@pytest.mark.parametrize(("module", "name", "interface"), [("asgi", "ASGIHandler", "asgi"), ("wsgi", "WSGIHandler", "wsgi")])
def test_knows_both_handlers_of_django(module: str, name: str, interface: str) -> None:
    """Django has one of each."""
    handler = getattr(importlib.import_module(f"django.core.handlers.{module}"), name)
    assert interface_of(handler.__new__(handler)) == interface
