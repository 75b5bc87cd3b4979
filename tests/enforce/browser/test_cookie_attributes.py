"""Cookies are confined to the site, to https and to the server."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork.enforce.browser.cookie_attributes import (
    GUARD,
    CookieAttributesReason,
    CookieAttributesSettings,
    CookieException,
    rewrite,
    translate,
)
from ringwork.enforce.guard import remarks
from ringwork.exchange import Header
from tests.enforce.making import arrive, ask, leave, make_route, make_site

SETTINGS = CookieAttributesSettings()
SITE = make_site()
LOOSE = CookieAttributesSettings(
    exceptions=(
        CookieException(name="theme", reason="the page's script switches it", readable_by_script=True),
        CookieException(name="embed", reason="shown inside the partner's page", cross_site=True),
        CookieException(name="shared", reason="one login for two hosts", domain="clinic.example"),
        CookieException(name="area", reason="two applications on one host", path="/area"),
    )
)
CONFINED = b"; Path=/; Secure; HttpOnly; SameSite=Lax"


def written(value: bytes, settings: CookieAttributesSettings = SETTINGS) -> bytes:
    [(name, out)] = leave(GUARD, settings, SITE, ask(), [(b"set-cookie", value)])
    assert name == b"set-cookie"
    return out


def told(raw: bytes, settings: CookieAttributesSettings = SETTINGS) -> tuple[tuple[Header, ...], tuple[bytes, ...]]:
    exchange = ask("GET", "/", (b"cookie", raw))
    assert arrive(GUARD, settings, SITE, exchange) is None
    assert exchange.cookie == raw
    return exchange.replaced, exchange.dropped


@pytest.mark.parametrize(
    ("sent", "out"),
    [
        (b"session=abc", b"__Host-session=abc" + CONFINED),
        (b"session=abc; Path=/notes; Domain=clinic.example; SameSite=None", b"__Host-session=abc" + CONFINED),
        (b"session=abc; secure; HTTPONLY; samesite=lax; PATH=/", b"__Host-session=abc" + CONFINED),
        (b"session=abc; SameSite=Strict", b"__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Strict"),
        (b"session=abc; SameSite=Strict; SameSite=None", b"__Host-session=abc" + CONFINED),
        (b"session=abc; SameSite=Whatever", b"__Host-session=abc" + CONFINED),
        (b"session=abc; Domain", b"__Host-session=abc" + CONFINED),
        (b"__Host-session=abc", b"__Host-session=abc" + CONFINED),
        (b"__Secure-session=abc", b"__Host-__Secure-session=abc" + CONFINED),
        (b"session=", b"__Host-session=" + CONFINED),
        (b' session = "a b, c" ', b'__Host-session="a b, c"' + CONFINED),
        (b"session=a=b==", b"__Host-session=a=b==" + CONFINED),
        (b"session=abc;;; ;", b"__Host-session=abc" + CONFINED),
    ],
)
def test_confines_every_cookie(sent: bytes, out: bytes) -> None:
    """Whatever the application wrote, the cookie leaves with every attribute and no Domain."""
    assert written(sent) == out


def test_keeps_expiry_and_unknown_attributes() -> None:
    """A deletion stays a deletion, and what browsers learn later passes."""
    sent = b"session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Priority=High; Partitioned"
    assert written(sent) == b"__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Priority=High; Partitioned" + CONFINED


def test_keeps_two_cookies_two() -> None:
    """Trap 5: two Set-Cookie headers are two cookies, in their order and among other headers."""
    headers = [(b"vary", b"a"), (b"set-cookie", b"a=1"), (b"vary", b"b"), (b"set-cookie", b"b=2")]
    assert leave(GUARD, SETTINGS, SITE, ask(), headers) == [
        (b"vary", b"a"),
        (b"set-cookie", b"__Host-a=1" + CONFINED),
        (b"vary", b"b"),
        (b"set-cookie", b"__Host-b=2" + CONFINED),
    ]


def test_touches_no_answer_without_cookies() -> None:
    """The same list goes out, uncopied, on every plan."""
    headers = [(b"content-type", b"text/html")]
    assert leave(GUARD, SETTINGS, SITE, ask(), headers) is headers
    assert leave(GUARD, SETTINGS, SITE, ask(), headers, route=make_route()) is headers


@pytest.mark.parametrize(
    "sent",
    [b"", b"=__Host-session=stolen", b"novalue", b"a\x00b=1", b"a=1\r\nSet-Cookie: b=2", b"a b=1", b"a,b=1", b"\xc3\xa4=1", b"a=\x7f"],
)
def test_leaves_a_malformed_cookie_out_and_says_so(sent: bytes) -> None:
    """A nameless cookie could be read as another, and a line end would start a header of its own."""
    exchange = ask()
    assert leave(GUARD, SETTINGS, SITE, exchange, [(b"set-cookie", sent), (b"x-a", b"1")]) == [(b"x-a", b"1")]
    assert [(r.control, r.reason) for r in remarks(exchange)] == [("browser.cookie-attributes", "malformed")]


def test_leaves_an_oversized_cookie_out_and_says_so() -> None:
    """A browser would drop it in silence; the operator learns its name and length, never its value."""
    exchange = ask()
    assert leave(GUARD, SETTINGS, SITE, exchange, [(b"set-cookie", b"basket=" + b"x" * 4096)]) == []
    [remark] = remarks(exchange)
    assert remark.reason == "oversized"
    assert "'basket'" in remark.detail
    assert "xx" not in remark.detail


def test_sends_the_largest_cookie_that_browsers_take() -> None:
    """Name with prefix and value together fill the 4,096 bytes."""
    assert written(b"a=" + b"x" * (4096 - 8)).startswith(b"__Host-a=x")


@pytest.mark.parametrize(
    ("sent", "out"),
    [
        (b"theme=dark", b"theme=dark; Path=/; Secure; SameSite=Lax"),
        (b"theme=dark; SameSite=None", b"theme=dark; Path=/; Secure; SameSite=Lax"),
        (b"embed=1; SameSite=None; Partitioned", b"__Host-embed=1; Partitioned; Path=/; Secure; HttpOnly; SameSite=None"),
        (b"embed=1; SameSite=Strict", b"__Host-embed=1; Path=/; Secure; HttpOnly; SameSite=Strict"),
        (b"embed=1", b"__Host-embed=1" + CONFINED),
        (b"shared=1", b"shared=1; Path=/; Domain=clinic.example; Secure; HttpOnly; SameSite=Lax"),
        (b"area=1; Path=/elsewhere", b"area=1; Path=/area; Secure; HttpOnly; SameSite=Lax"),
        (b"__Host-area=1", b"__Host-area=1" + CONFINED),
        (b"other=1", b"__Host-other=1" + CONFINED),
    ],
)
def test_loosens_only_what_an_exception_names(sent: bytes, out: bytes) -> None:
    """An exception gives up one attribute of one cookie, and nothing else."""
    assert written(sent, LOOSE) == out


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (b"__Host-session=abc", b"session=abc; __Host-session=abc"),
        (b"__Host-a=1; __Host-b=2", b"a=1; __Host-a=1; b=2; __Host-b=2"),
        (b"__Host-a=1;__Host-b=x=y", b"a=1; __Host-a=1; b=x=y; __Host-b=x=y"),
        (b"session=planted; __Host-session=abc", b"session=abc; __Host-session=abc"),
        (b"__Host-session=abc; session=planted", b"session=abc; __Host-session=abc"),
        (b"__Host-a=1; __Host-ringwork-csrf=zzz", b"a=1; __Host-a=1"),
    ],
)
def test_gives_cookies_back_under_their_plain_names(raw: bytes, seen: bytes) -> None:
    """The application keeps its own names, and never sees what a sibling host has planted."""
    assert told(raw) == (((b"cookie", seen),), ())


@pytest.mark.parametrize(
    "raw",
    [
        b"session=planted",
        b"__host-session=planted",
        b"__HOST-session=x",
        b"__Secure-session=x",
        b"__Host-=x",
        b"__Host-session",
        b"",
        b";;",
        b"__Host-ringwork-csrf=z",
    ],
)
def test_takes_the_header_out_when_nothing_is_left(raw: bytes) -> None:
    """Cookies without the prefix, or with another spelling of it, may be anybody's."""
    assert told(raw) == ((), (b"cookie",))


def test_lets_an_exception_in_under_its_plain_name() -> None:
    """A cookie that scripts set is named in an exception, or it does not arrive."""
    raw = b"theme=dark; embed=1; __Host-embed=2; other=3; __Host-theme=light"
    assert told(raw, LOOSE) == (((b"cookie", b"theme=dark; embed=2; __Host-embed=2; __Host-theme=light"),), ())


def test_does_nothing_without_cookies() -> None:
    """A request without a Cookie header is not touched, and matched routes read nothing twice."""
    exchange = ask()
    assert arrive(GUARD, SETTINGS, SITE, exchange) is None
    assert (exchange.replaced, exchange.dropped) == ((), ())
    assert GUARD.plan(SETTINGS, SITE, make_route()).arrive is None


@given(
    st.binary(max_size=300)
    | st.from_regex(rb"[a-z]{1,5}=[^;]{0,20}(; ?(Path|Domain|Secure|SameSite|Max-Age|HttpOnly)(=[^;]{0,9})?){0,6}", fullmatch=True)
)
def test_confines_hostile_cookies_or_leaves_them_out(raw: bytes) -> None:
    """No bytes make it raise, split a header, lose an attribute, or change on a second writing."""
    out = rewrite(raw, {})
    if isinstance(out, CookieAttributesReason):
        return
    assert out.startswith(b"__Host-")
    assert out.endswith((CONFINED, b"; Path=/; Secure; HttpOnly; SameSite=Strict"))
    assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", out)
    names = [part.partition(b"=")[0].strip(b" \t").lower() for part in out.split(b";")[1:]]
    assert [names.count(name) for name in (b"path", b"secure", b"httponly", b"samesite", b"domain")] == [1, 1, 1, 1, 0]
    assert rewrite(out, {}) == out


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from([b"__Host-", b"__Host-ringwork-x", b"__host-", b"a", b"=", b";", b"; ", b" ", b"\t"]), max_size=12).map(
        b"".join
    )
)
def test_finds_the_same_cookies_in_a_short_header_as_in_a_long_one(raw: bytes) -> None:
    """A short header is searched for the prefix, a long one is cut at its semicolons; an odd blank must not tell them apart."""
    long = raw + b";" + b"x" * 5000
    assert translate(raw, frozenset()) == translate(long, frozenset())


@given(st.binary(max_size=300))
def test_reads_hostile_cookie_headers(raw: bytes) -> None:
    """No bytes make it raise, and every piece it tells stood behind a prefix on the wire."""
    for piece in filter(None, translate(raw, frozenset()).split(b"; ")):
        assert (piece if piece.startswith(b"__Host-") else b"__Host-" + piece) in raw


@given(st.lists(st.from_regex(r"[a-z]{1,8}=[A-Za-z0-9]{0,9}", fullmatch=True), unique_by=lambda pair: pair.split("=")[0], max_size=5))
def test_brings_back_what_it_sent(pairs: list[str]) -> None:
    """A browser that stores what was sent and returns it gives the application its own cookies."""
    sent = leave(GUARD, SETTINGS, SITE, ask(), [(b"set-cookie", pair.encode()) for pair in pairs])
    returned = translate(b"; ".join(value.partition(b";")[0] for _, value in sent), frozenset())
    assert [piece for piece in returned.split(b"; ") if piece and not piece.startswith(b"__Host-")] == [pair.encode() for pair in pairs]


@pytest.mark.parametrize(
    ("exception", "word"),
    [
        (CookieException(name="", reason="x"), "name"),
        (CookieException(name="a b", reason="x"), "name"),
        (CookieException(name="größe", reason="x"), "name"),
        (CookieException(name="__Host-a", reason="x"), "__Host-"),
        (CookieException(name="a", reason="  "), "reason"),
        (CookieException(name="a", reason="x", domain="example"), "domain"),
        (CookieException(name="a", reason="x", domain="a.example; Path=/x"), "domain"),
        (CookieException(name="a", reason="x", path="area"), "path"),
        (CookieException(name="a", reason="x", path="/a; Secure"), "path"),
    ],
)
def test_finds_fault_with_an_odd_exception(exception: CookieException, word: str) -> None:
    """An exception says one cookie, one reason, and values that fit into a header."""
    [fault] = GUARD.faults(CookieAttributesSettings(exceptions=(exception,)))
    assert word in fault


def test_finds_fault_with_two_exceptions_for_one_cookie() -> None:
    """The second would be dead."""
    twice = CookieException(name="a", reason="x")
    assert len(GUARD.faults(CookieAttributesSettings(exceptions=(twice, twice)))) == 1


def test_finds_no_fault_with_honest_settings() -> None:
    """The defaults and the exceptions of these tests are accepted."""
    assert not GUARD.faults(SETTINGS)
    assert not GUARD.faults(LOOSE)
