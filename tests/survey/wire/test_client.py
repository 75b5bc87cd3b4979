from __future__ import annotations

import socket
import threading

import pytest

from ringwork.survey.wire.client import EVIL, Client
from ringwork.survey.wire.connection import WireError
from ringwork.survey.wire.forge import make_authority
from tests.survey.wire import serving


@pytest.fixture(scope="module")
def shop():
    """A server that sets a cookie on /login and echoes the rest."""

    def answer(seen):
        if seen.path == "/login":
            return 200, [("set-cookie", "session=secret-value; Path=/; Secure; SameSite=Lax"), ("set-cookie", "old=1; Path=/")], b"in"
        if seen.path == "/moved":
            return 303, [("location", "/login")], b""
        if seen.path == "/away":
            return 302, [("location", "https://other.example/x")], b""
        return serving.echo(seen)

    with serving.shop(answer) as running:
        yield running


@pytest.fixture
def signed_in(shop):
    client = shop.client()
    client.get("/login")
    return client


def test_speaks_the_canonical_host_on_loopback(shop):
    """The name stands in Host, and the socket never leaves the machine."""
    assert shop.client().get("/a").status == 200
    assert shop.last.all("host") == [shop.origin.removeprefix("https://")]


def test_refuses_any_address_but_loopback():
    """No probe is ever sent to somebody else's machine."""
    with pytest.raises(ValueError, match="loopback only"):
        Client(address=("192.0.2.1", 443), server_name="x", ca_pem=None, origin="https://x")


def test_trusts_only_the_authority_of_the_run(shop):
    """A certificate of another authority is refused."""
    other = make_authority()
    client = Client(address=shop.address, server_name=serving.NAME, ca_pem=other.certificate_pem, origin=shop.origin)
    with pytest.raises(WireError, match="TLS"):
        client.get("/")


def test_sends_its_cookies_and_its_own_origin_from_an_own_page(shop, signed_in):
    """An honest post carries what a browser adds by itself."""
    signed_in.post_form("/book", {"day": "a b"})
    seen = shop.last
    assert (seen.one("origin"), seen.one("sec-fetch-site")) == (shop.origin, "same-origin")
    assert seen.one("cookie") == "session=secret-value; old=1"
    assert seen.body == b"day=a+b"


def test_names_no_origin_on_an_honest_read(shop, signed_in):
    """Browsers send Origin with unsafe methods only."""
    signed_in.get("/")
    assert shop.last.all("origin") == []


def test_posts_from_another_site_with_the_cookies_that_same_site_lets_go(shop, signed_in):
    """Lax stays at home; the cookie without the word goes along."""
    signed_in.cross_site("POST", "/book", content_type="text/plain", body=b"x")
    seen = shop.last
    assert seen.one("cookie") == "old=1"
    assert (seen.one("origin"), seen.one("sec-fetch-site"), seen.one("content-type")) == (EVIL, "cross-site", "text/plain")


def test_follows_a_foreign_link_with_lax_cookies(shop, signed_in):
    """A top-level read carries them, and no Origin."""
    signed_in.cross_site("GET", "/")
    assert shop.last.one("cookie") == "session=secret-value; old=1"
    assert shop.last.all("origin") == []


def test_loads_a_foreign_script_without_lax_cookies(shop, signed_in):
    """A load within a page is no navigation."""
    signed_in.cross_site("GET", "/", mode="no-cors")
    assert shop.last.one("cookie") == "old=1"


def test_posts_from_a_sibling_host_with_lax_cookies(shop, signed_in):
    """SameSite does not keep a sibling out."""
    signed_in.same_site("POST", "/book", body=b"x")
    seen = shop.last
    assert seen.one("cookie") == "session=secret-value; old=1"
    assert (seen.one("origin"), seen.one("sec-fetch-site")) == (f"https://evil.{serving.NAME}", "same-site")


def test_leaves_fetch_metadata_out_for_an_older_browser(shop, signed_in):
    """Then only Origin tells where a request comes from."""
    signed_in.cross_site("POST", "/book", body=b"x", fetch_metadata=False)
    assert [name for name, _ in shop.last.headers if name.lower().startswith("sec-fetch")] == []
    assert shop.last.one("origin") == EVIL


def test_gives_no_bearer_token_to_a_foreign_page(shop):
    """A foreign page cannot make a browser add one."""
    client = shop.client()
    client.bearer = "token"
    client.cross_site("POST", "/book", body=b"x")
    assert shop.last.all("authorization") == []
    client.get("/")
    assert shop.last.one("authorization") == "Bearer token"


def test_sends_raw_bytes_as_they_are(shop):
    """Two Host lines reach the server as two."""
    shop.client().raw(b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")
    assert shop.last.all("host") == ["a", "b"]


def test_lets_given_headers_win_over_its_own(shop, signed_in):
    """A forged Origin stands alone."""
    signed_in.send("POST", "/book", headers=[("origin", "null"), ("accept", "x/y")])
    assert (shop.last.all("origin"), shop.last.all("accept")) == (["null"], ["x/y"])


def test_follows_redirects_on_the_same_host_only(shop):
    """A way out is not taken."""
    client = shop.client()
    assert client.follow(client.get("/moved")).text == "in"
    assert client.follow(client.get("/away")).status == 302


def test_keeps_jars_of_forks_apart(shop, signed_in):
    """Another window starts with the same cookies and goes its own way."""
    fork = signed_in.fork()
    fork.jar.cookies.clear()
    fork.get("/")
    assert shop.last.all("cookie") == []
    signed_in.get("/")
    assert shop.last.one("cookie")


def test_masks_secrets_in_what_it_shows(shop, signed_in):
    """Evidence quotes the exchange without the session."""
    answer = signed_in.post_form("/book", {"password": "hunter2000", "day": "monday"})
    request, _ = answer.as_text()
    assert "secret-value" not in request
    assert "hunter2000" not in request
    assert "day=monday" in request


def _broken_server(reply):
    """A plain server that answers one connection with the given bytes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listening, listening.accept()[0] as sock:
            sock.recv(65536)
            sock.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    return Client(address=listening.getsockname()[:2], server_name="x", ca_pem=None, origin="http://x")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["nothing", "no HTTP", "cut off", "bad chunk"],
)
def test_says_what_is_wrong_with_a_broken_answer(reply):
    """A server that breaks off is told, and never waited for."""
    with pytest.raises(WireError):
        _broken_server(reply).raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_reads_an_answer_that_ends_with_its_connection():
    """No length, no chunks: the end of the connection is the end of the body."""
    client = _broken_server(b"HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\n\r\nwhole")
    answer = client.raw(b"GET / HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.reason, answer.text, answer.media_type) == (500, "Oops", "whole", "text/plain")
