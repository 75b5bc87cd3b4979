"""Guarded clients of three libraries verify whom they speak to, and have no switch that verifies less."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from ringwork.errors import PeerUnverified
from ringwork.outbound import aiohttp as guarded_aiohttp
from ringwork.outbound import httpx2 as guarded_httpx2
from ringwork.outbound import requests as guarded_requests
from ringwork.outbound.context import Trust
from ringwork.survey.wire.forge import Leaf
from tests.outbound.peers import Peers

Get = Callable[..., int]
REFUSED = (PeerUnverified, aiohttp.ClientOSError)
"""aiohttp hands on what rises in its connector as an error of its own."""


def by_requests(url: str, trust: Trust, **call: object) -> int:
    with guarded_requests.session(trust) as session:
        return session.get(url, **call).status_code


def by_httpx2(url: str, trust: Trust, **options: object) -> int:
    with guarded_httpx2.client(trust, **options) as client:
        return client.get(url).status_code


def by_async_httpx2(url: str, trust: Trust, **options: object) -> int:
    async def ask() -> int:
        async with guarded_httpx2.async_client(trust, **options) as client:
            return (await client.get(url)).status_code

    return asyncio.run(ask())


def by_aiohttp(url: str, trust: Trust, **call: object) -> int:
    async def ask() -> int:
        async with guarded_aiohttp.session(trust) as session, session.get(url, **call) as answer:
            return answer.status

    return asyncio.run(ask())


ALL = pytest.mark.parametrize("get", [by_requests, by_httpx2, by_async_httpx2, by_aiohttp])


@pytest.fixture
def peers(tmp_path: Path) -> Peers:
    """An authority with servers."""
    return Peers(tmp_path)


@ALL
def test_speaks_to_a_peer_that_it_can_verify(get: Get, peers: Peers) -> None:
    """The honest partner of a private authority is reached, by its name."""
    with peers.serving() as url:
        assert get(url, Trust(authority=peers.trusted)) == 200


@ALL
@pytest.mark.parametrize("kind", [Leaf.SELF_SIGNED, Leaf.EXPIRED, Leaf.OTHER_NAME, Leaf.FOREIGN])
def test_refuses_whoever_poses_as_the_peer(get: Get, kind: Leaf, peers: Peers) -> None:
    """The library's own error rises, so that the application's handling of it works."""
    with peers.serving(kind) as url, pytest.raises(Exception, match=r"(?i)certificate"):
        get(url, Trust(authority=peers.trusted))


@ALL
def test_refuses_a_peer_whose_certificate_was_taken_back(get: Get, peers: Peers) -> None:
    """The list of a private authority is obeyed where it is named."""
    with peers.serving() as url:
        assert get(url, Trust(authority=peers.trusted)) == 200
        with pytest.raises(Exception, match="revoked"):
            get(url, Trust(authority=peers.trusted, revoked=str(peers.folder / "revoked.pem")))


@ALL
def test_trusts_public_authorities_unless_one_is_named(get: Get, peers: Peers) -> None:
    """A private authority is no public one; naming it leaves the others out."""
    with peers.serving() as url, pytest.raises(Exception, match=r"(?i)certificate"):
        get(url, Trust())


@pytest.mark.parametrize(
    ("get", "given"),
    [
        (by_requests, {"verify": False}),
        (by_requests, {"verify": "/tmp/other.pem"}),
        (by_requests, {"cert": "/tmp/other.pem"}),
        (by_httpx2, {"verify": False}),
        (by_httpx2, {"cert": "/tmp/other.pem"}),
        (by_httpx2, {"transport": object()}),
        (by_async_httpx2, {"verify": False}),
        (by_aiohttp, {"ssl": False}),
    ],
)
def test_has_no_switch_that_verifies_less(get: Get, given: dict[str, object], peers: Peers) -> None:
    """Neither on the client nor in a single call."""
    with peers.serving() as url, pytest.raises(REFUSED, match="switches verification off or elsewhere"):
        get(url, Trust(authority=peers.trusted), **given)


def test_refuses_a_session_that_was_switched_off_afterwards(peers: Peers) -> None:
    """session.verify = False is the way that most people know."""
    with peers.serving() as url, guarded_requests.session(Trust(authority=peers.trusted)) as session:
        session.verify = False
        with pytest.raises(PeerUnverified):
            session.get(url)


@ALL
def test_sends_nothing_in_clear_to_another_machine(get: Get, peers: Peers) -> None:
    """A mistyped address must not carry a token across the network."""
    with pytest.raises(REFUSED, match="not encrypted"):
        get("http://partner.example/", Trust(authority=peers.trusted))


@ALL
def test_follows_no_redirect_into_the_clear(get: Get, peers: Peers) -> None:
    """A partner that was taken over sends its clients elsewhere."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://partner.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    more = {"follow_redirects": True} if get in {by_httpx2, by_async_httpx2} else {}
    with peers.serving(answer=moved) as url, pytest.raises(REFUSED, match="not encrypted"):
        get(url, Trust(authority=peers.trusted), **more)


@ALL
def test_speaks_plainly_to_this_machine(get: Get, peers: Peers) -> None:
    """There is no path on which somebody could stand."""
    with peers.serving(plain=True) as url:
        assert get(url, Trust(authority=peers.trusted)) == 200


def test_keeps_the_hooks_of_the_caller(peers: Peers) -> None:
    """What the application has hung into its client goes on working, after the check."""
    seen: list[str] = []
    with (
        peers.serving() as url,
        guarded_httpx2.client(
            Trust(authority=peers.trusted), event_hooks={"request": [lambda request: seen.append(request.url.host)]}
        ) as client,
    ):
        client.get(url)
    assert seen == ["localhost"]


def test_takes_no_connector_of_the_callers_own() -> None:
    """It would bring a context that nobody has looked at."""

    async def make() -> None:
        guarded_aiohttp.session(connector=object())

    with pytest.raises(PeerUnverified):
        asyncio.run(make())
