from __future__ import annotations

import socket
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute

from ringwork.survey.wire.client import Client


async def _greets(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.send_bytes(b"\x00\x01")
    await websocket.close(1011, "done")


async def _denies(websocket):
    await websocket.send_denial_response(PlainTextResponse("no such room", status_code=404, headers={"incident-id": "7"}))


async def _picky(websocket):
    if websocket.headers.get("origin") != "http://shop.example":
        await websocket.close(1008)
        return
    await websocket.accept()
    await websocket.send_text(websocket.cookies.get("key", "nobody"))


@pytest.fixture(scope="module")
def client():
    handlers = {"/greets": _greets, "/denies": _denies, "/picky": _picky}
    app = Starlette(routes=[WebSocketRoute(path, handler) for path, handler in handlers.items()])
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield Client(address=listening.getsockname()[:2], server_name="shop.example", ca_pem=None, origin="http://shop.example")
    server.should_exit = server.force_exit = True
    thread.join(5)


def test_reads_the_messages_and_the_close_code(client):
    """What comes within the time is told, text as text and bytes as bytes."""
    answer = client.socket("/greets")
    assert (answer.status, answer.accepted, answer.messages, answer.close_code) == (101, True, ["hello", b"\x00\x01"], 1011)


def test_opens_as_an_own_page_with_its_cookies(client):
    """The honest handshake carries Origin and cookies."""
    client.jar.take("key=anna; Path=/", host="shop.example", path="/", secure=False)
    assert client.socket("/picky", listen_seconds=0.3).messages == ["anna"]
    assert client.socket("/picky", listen_seconds=0.3, cookies=False).messages == ["nobody"]


def test_tells_a_refused_handshake_from_an_open_socket(client):
    """A foreign page is turned away with a status."""
    answer = client.socket("/picky", origin="https://evil.invalid")
    assert (answer.status, answer.accepted, answer.messages) == (403, False, [])


def test_masks_the_session_in_what_it_shows(client):
    """Evidence of a handshake gives no login away."""
    client.jar.take("key=secretvalue; Path=/", host="shop.example", path="/", secure=False)
    request, _ = client.socket("/greets", listen_seconds=0.1).as_text()
    assert "secretvalue" not in request


def test_reads_the_body_of_a_refusal(client):
    """What an application tells a stranger is judged like any other answer."""
    answer = client.socket("/denies")
    assert (answer.status, answer.accepted, answer.body, answer.close_code) == (404, False, b"no such room", 0)
    assert answer.header("Incident-Id") == ["7"]


def test_tells_an_open_socket_without_a_close_code(client):
    """A socket that stays open has none."""
    answer = client.socket("/picky", listen_seconds=0.1)
    assert (answer.accepted, answer.close_code) == (True, 0)
