from __future__ import annotations

import base64
import contextlib
import socket
import threading

import pytest

from ringwork.survey.wire import connection
from ringwork.survey.wire.client import EVIL, Client
from ringwork.survey.wire.connection import ClosedError, WireError
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
        if seen.path.startswith("/go?"):
            return 302, [("location", seen.path.partition("?")[2])], b""
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


@pytest.mark.parametrize("address", ["192.0.2.1", "0.0.0.0", "10.0.0.1", "2001:db8::1", "::", "shop.example", "localhost", ""])
def test_refuses_any_address_but_loopback(address):
    """No probe is ever sent to somebody else's machine, and no name is looked up."""
    with pytest.raises(ValueError, match=r"loopback only|does not appear"):
        Client(address=(address, 443), server_name="x", ca_pem=None, origin="https://x")


def test_refuses_a_certificate_of_another_name(shop):
    """The copy must be the one that was started."""
    client = Client(address=shop.address, server_name="other.example", ca_pem=shop.authority.certificate_pem, origin=shop.origin)
    with pytest.raises(WireError, match="TLS"):
        client.get("/")


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
    assert (seen.one("origin"), seen.one("referer"), seen.one("sec-fetch-site")) == (shop.origin, f"{shop.origin}/", "same-origin")
    assert seen.one("cookie") == "session=secret-value; old=1"
    assert seen.body == b"day=a+b"


def test_names_no_origin_on_an_honest_read(shop, signed_in):
    """Browsers send Origin with unsafe methods only."""
    signed_in.get("/")
    assert shop.last.all("origin") == []


def test_names_no_own_page_where_another_is_named(shop, signed_in):
    """A forged Origin stands alone: an own Referer beside it would let in what looks at that instead."""
    signed_in.send("POST", "/book", headers=[("origin", EVIL)])
    assert (shop.last.all("origin"), shop.last.all("referer")) == ([EVIL], [])


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


def _scripted(*connections):
    """A plain server: each connection is a list of replies, one for each request; it closes after them. Returns the requests, too."""
    listening = socket.create_server(("127.0.0.1", 0))
    requests = []

    def serve():
        with listening, contextlib.suppress(OSError):
            for replies in connections:
                with listening.accept()[0] as sock:
                    for reply in replies:
                        requests.append(sock.recv(65536))
                        sock.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    return Client(address=listening.getsockname()[:2], server_name="x", ca_pem=None, origin="http://x"), requests


def _broken_server(reply):
    return _scripted([reply])[0]


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000,
    ],
    ids=["nothing", "no HTTP", "cut off", "bad chunk", "no last chunk", "no final answer", "unasked upgrade", "endless header"],
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


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


def test_keeps_its_connection_for_the_next_request():
    """A browser does, too."""
    client, requests = _scripted([OK + b"1.", OK + b"2."])
    assert [client.get("/a").text, client.get("/b").text] == ["1.", "2."]
    assert len(requests) == 2


def test_comes_again_where_a_kept_connection_was_closed():
    """An idle connection that the server gave up is no finding."""
    client, _ = _scripted([OK + b"1."], [OK + b"2."])
    assert [client.get("/a").text, client.send("POST", "/b").text] == ["1.", "2."]


def test_sends_nothing_twice_that_was_answered_brokenly():
    """A booking whose answer breaks off was made all the same."""
    client, requests = _scripted([OK + b"1.", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"], [OK + b"2."])
    client.get("/a")
    with pytest.raises(WireError):
        client.send("POST", "/book")
    assert [request.partition(b" HTTP")[0] for request in requests] == [b"GET /a", b"POST /book"]


def test_takes_no_second_answer_for_the_next_request():
    """Against an answer that smuggles another one behind it."""
    client, _ = _scripted([OK + b"1." + OK + b"no"], [OK + b"2."])
    assert [client.get("/a").text, client.get("/b").text] == ["1.", "2."]


def test_comes_anew_after_connection_close():
    """The answer said that no other one follows."""
    client, _ = _scripted([b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n1."], [OK + b"2."])
    assert [client.get("/a").text, client.get("/b").text] == ["1.", "2."]


def test_tells_that_nobody_answered():
    """A server that hangs up at once is told apart from one that talks nonsense."""
    with pytest.raises(ClosedError, match="without an answer"):
        _broken_server(b"").get("/")


def test_refuses_an_answer_that_is_too_large(monkeypatch):
    """Against an application that fills the memory of the run."""
    monkeypatch.setattr(connection, "LIMIT_BYTES", 1000)
    with pytest.raises(WireError, match="larger than 1000"):
        _broken_server(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000).get("/")
    assert len(_broken_server(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000).get("/").body) == 1000


def test_waits_for_no_answer_that_drips_for_ever(monkeypatch):
    """The time is for the whole answer, however lively its pieces are."""
    monkeypatch.setattr(connection, "TIMEOUT_SECONDS", 0.2)
    near, far = socket.socketpair()
    is_over = threading.Event()

    def drip():
        with contextlib.suppress(OSError):
            while not is_over.wait(0.01):
                far.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    with near, far:
        with pytest.raises(WireError, match="no whole answer"):
            connection.read_answer(near, method="GET")
        is_over.set()
        thread.join(5)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n"),
    ],
)
def test_waits_for_no_body_where_none_comes(method, head):
    """HEAD, 204 and 304 end with their head, and the connection lives on."""
    client, _ = _scripted([head, OK + b"2."])
    assert (client.send(method, "/").body, client.get("/").text) == (b"", "2.")


def test_puts_chunks_together_after_early_hints():
    """The body is what the application wrote; the raw answer is what came."""
    raw = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3;x=y\r\ntwo\r\n0\r\n\r\n"
    answer = _broken_server(raw).get("/")
    assert (answer.status, answer.body, answer.answer) == (200, b"onetwo", raw)


def test_tells_a_copy_that_is_gone():
    """Nobody listens there any more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()[:2]
    with pytest.raises(WireError, match="no connection"):
        Client(address=address, server_name="x", ca_pem=None, origin="http://x").get("/")


@pytest.mark.parametrize(
    ("location", "target"),
    [("b", "/b"), ("../b", "/b"), ("?a=1", "/go?a=1"), ("/b?c=/d#e", "/b?c=/d"), ("//[", ""), ("//other.example/", ""), ("", "")],
)
def test_resolves_a_redirect_against_its_page(shop, location, target):
    """Relative addresses count from the page; a foreign one, and one that is no address, lead nowhere."""
    client = shop.client()
    assert client.led_to(client.get(f"/go?{location}")) == target


@pytest.mark.parametrize("name", ["host", "content-length", "transfer-encoding"])
def test_sends_a_given_framing_header_once(name):
    """An attack on lengths and hosts is sent as it was meant."""
    client, requests = _scripted([OK + b"1."])
    client.send("POST", "/", headers=[(name, "7")], body=b"x")
    head = requests[0].partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"\r\n" + name.encode() + b":") == 1
    assert (b"\r\ncontent-length: 1" in head) is (name == "host")


def test_lets_given_headers_win_over_those_of_a_form_and_a_foreign_page(shop, signed_in):
    """One content type, one Origin: two would test another thing."""
    signed_in.post_json("/a", {}, headers=[("Content-Type", "text/plain")])
    assert shop.last.all("content-type") == ["text/plain"]
    signed_in.cross_site("POST", "/a", content_type="text/plain", headers=[("origin", "null"), ("accept", "x/y")])
    assert (shop.last.all("origin"), shop.last.all("accept")) == (["null"], ["x/y"])


def test_names_no_referer_from_a_sandboxed_frame(shop, signed_in):
    """Its Origin is the word null, and no page stands behind it."""
    signed_in.cross_site("POST", "/a", initiator="null", body=b"x")
    assert (shop.last.all("origin"), shop.last.all("referer")) == (["null"], [])


def test_attaches_every_cookie_where_same_site_is_taken_to_fail(shop, signed_in):
    """obey_samesite False is the older browser, with the foreign page's other headers."""
    signed_in.cross_site("POST", "/a", body=b"x", obey_samesite=False)
    assert shop.last.one("cookie") == "session=secret-value; old=1"
    assert shop.last.one("sec-fetch-site") == "cross-site"


def test_leaves_a_browser_s_headers_out_for_a_plain_tool(shop, signed_in):
    """What curl sends with a copied session."""
    signed_in.send("POST", "/a", same_origin=False)
    assert (shop.last.all("origin"), shop.last.all("sec-fetch-site")) == ([], [])
    signed_in.send("POST", "/a", cookies=False)
    assert shop.last.all("cookie") == []


def test_speaks_another_host_when_told_to(shop):
    """A forged Host goes to the same machine."""
    shop.client().get("/", host="evil.invalid")
    assert shop.last.all("host") == ["evil.invalid"]


def test_begins_a_stranger_without_anything_of_the_user(shop, signed_in):
    """No cookie and no token goes over."""
    signed_in.bearer = "token"
    signed_in.stranger().get("/")
    assert (shop.last.all("cookie"), shop.last.all("authorization")) == ([], [])
    signed_in.fork().get("/")
    assert shop.last.one("authorization") == "Bearer token"


def test_keeps_no_secret_in_the_replay_of_what_was_sent(shop, signed_in):
    """The report can be handed on."""
    signed_in.bearer = "bearer-value"
    answer = signed_in.post_form("/book", {"csrf_token": "page-token", "password": "hunter2000", "day": "monday"})
    raw = base64.b64decode(answer.replay())
    assert not any(secret in raw for secret in (b"secret-value", b"bearer-value", b"page-token", b"hunter2000"))
    assert b"day=monday" in raw
    assert signed_in.masked(answer) == answer.as_text()
