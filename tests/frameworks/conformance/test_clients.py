"""Clients that leave, stall or send without end: nothing half is done, nobody waits for ever, and the next one is served."""

from __future__ import annotations

import pytest

from tests.frameworks.clients import sockets
from tests.frameworks.conformance.answers import missing_headers
from tests.frameworks.conformance.conftest import kept
from tests.frameworks.conformance.unlike import only, unlike
from tests.frameworks.hosts import ORIGIN, Host

ALICE = {"Cookie": "__Host-user=alice"}
FROM_PAGE = {**ALICE, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.mark.parametrize(
    ("path", "headers"), [("/write", FROM_PAGE), ("/unset", OCTETS)], ids=["while a guard reads", "while the handler reads"]
)
def test_does_nothing_for_a_client_that_leaves_in_its_body(host: Host, path: str, headers: dict[str, str]) -> None:
    """Half a body is no body: no handler acts on it, it is no fault of the application, and the next client is served."""
    host.ask("POST", path, {**headers, "Content-Length": "10"}, pieces=(b'{"a":',), leaves=True)
    assert host.effects.done == []
    assert [event.reason for event in host.events if event.status >= 500] == []
    assert host.ask("POST", path, headers, b'{"a": 1}').text == "written"


def test_stops_a_stream_whose_client_has_left(host: Host) -> None:
    """Against streams that run on for nobody: the application's own generator is closed, and it is no refusal and no fault."""
    reply = host.ask("GET", "/endless", hears=3)
    assert (reply.status, missing_headers(reply), host.effects.done) == (200, [], ["closed"])
    assert host.events == []
    assert host.ask("GET", "/ok").text == "fine"


@unlike("django-wsgi", because="Django reads no body without a length (WSGI)", instead="test_reads_nothing_of_a_body_without_a_length")
@pytest.mark.parametrize("pieces", [(b"a" * 1000, b"a" * 1000), (b"a" * 1000, b"a" * 1001)], ids=["at the limit", "one byte more"])
def test_measures_a_body_that_comes_in_pieces(framework: str, pieces: tuple[bytes, ...]) -> None:
    """No Content-Length says how long it will be; one byte more than the limit is 413, and the handler has done nothing with it."""
    host = kept(framework, "usual")
    host.forget()
    reply = host.ask("POST", "/unset", OCTETS, pieces=pieces)
    assert missing_headers(reply) == []
    if sum(map(len, pieces)) <= 2000:
        assert (reply.status, len(host.effects.done[0])) == (200, 2000)
        return
    assert (reply.status, host.effects.done) == (413, [])
    assert host.told == [("network.request-limits", "large-body")]


@only("django-wsgi")
def test_reads_nothing_of_a_body_without_a_length(host: Host) -> None:
    """The handler is told of an empty body, however long it was."""
    assert host.ask("POST", "/unset", OCTETS, pieces=(b"a" * 5000,)).status == 200
    assert host.effects.done == [""]


def test_does_nothing_over_a_real_socket_for_a_client_that_leaves_in_its_body(framework: str) -> None:
    """The same on a server's own sockets: uvicorn, the standard library's WSGI server, aiohttp's."""
    with sockets.listening() as listener:
        address = f"localhost:{listener.getsockname()[1]}"
        host = Host(framework, origin=f"http://{address}")
        head = f"POST /unset HTTP/1.1\nHost: {address}\nConnection: close\nContent-Type: application/octet-stream\nContent-Length: 10"
        host.turn()
        with sockets.served(host.app, host.interface, listener):
            sockets.say(listener, head, b"half", leaves=True)
            answer = sockets.say(listener, head, b"whole body")  # each of these servers comes to it after the other one
        assert b" 200 " in answer.partition(b"\r\n")[0]
        assert host.effects.done == ["whole body"]
