"""The browser is told what it may not do, on every answer."""

from __future__ import annotations

import pytest

from ringwork.enforce.browser.security_headers import GUARD, SecurityHeadersSettings
from ringwork.exchange import Header
from tests.enforce.making import ORIGIN, PUBLIC, ask, enter, leave, make_route, make_site

SETTINGS = SecurityHeadersSettings()
SITE = make_site(origins=frozenset({ORIGIN.encode(), b"https://portal.example"}))
HTML: Header = (b"content-type", b"text/html; charset=utf-8")


def constants(settings: SecurityHeadersSettings = SETTINGS) -> dict[bytes, bytes]:
    return dict(GUARD.plan(settings, SITE, None).headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
        (b"x-frame-options", b"DENY"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"origin-agent-cluster", b"?1"),
        (b"x-permitted-cross-domain-policies", b"none"),
        (b"permissions-policy", b"browsing-topics=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ],
)
@pytest.mark.parametrize("route", [None, make_route(), make_route(rule=PUBLIC)], ids=["no route", "guarded", "public"])
def test_sends_each_header_once_on_every_plan(name: bytes, value: bytes, route: object) -> None:
    """Answers without a route, 404 and 500 among them, carry what others carry."""
    headers = GUARD.plan(SETTINGS, SITE, route).headers  # type: ignore[arg-type]  # parametrised
    assert [v for n, v in headers if n == name] == [value]


def test_leaves_the_embedder_policy_off_until_it_is_asked_for() -> None:
    """It breaks media of other sites, so it is a choice."""
    assert b"cross-origin-embedder-policy" not in constants()
    assert constants(SecurityHeadersSettings(embedder_policy="require-corp"))[b"cross-origin-embedder-policy"] == b"require-corp"


def test_grants_a_feature_to_own_pages_only() -> None:
    """A clinic that films its own consultations says so, and foreign frames still get nothing."""
    assert b"camera=(self)" in constants(SecurityHeadersSettings(own_features=("camera",)))[b"permissions-policy"]


def test_keeps_only_referrer_policies_that_are_as_strict() -> None:
    """The application may tell less than the policy, never more."""
    kept = GUARD.plan(SETTINGS, SITE, None).keeps
    assert kept is not None
    assert b"no-referrer" in kept[b"referrer-policy"]
    assert b"unsafe-url" not in kept[b"referrer-policy"]
    assert kept.keys() == {b"referrer-policy"}
    stricter = GUARD.plan(SecurityHeadersSettings(referrer_policy="same-origin"), SITE, None).keeps
    assert stricter is not None
    assert b"strict-origin" not in stricter[b"referrer-policy"]


@pytest.mark.parametrize("name", [b"x-xss-protection", b"expect-ct", b"public-key-pins", b"feature-policy", b"x-webkit-csp"])
def test_takes_out_headers_that_harm(name: bytes) -> None:
    """Old headers add risk of their own."""
    assert name in GUARD.plan(SETTINGS, SITE, None).removes


@pytest.mark.parametrize("mode", [b"no-cors", b"cors", b"same-origin", b"websocket"])
@pytest.mark.parametrize("site_word", [b"cross-site", b"same-site", b"something-new"])
def test_refuses_to_be_loaded_into_a_foreign_page(site_word: bytes, mode: bytes) -> None:
    """Private data loaded as script, picture or fetch by another site can be read by side channels."""
    exchange = ask("GET", "/notes", (b"sec-fetch-site", site_word), (b"sec-fetch-mode", mode), (b"sec-fetch-dest", b"script"))
    refusal = enter(GUARD, SETTINGS, SITE, make_route(), exchange)
    assert refusal is not None
    assert (refusal.control, refusal.status, refusal.reason) == ("browser.security-headers", 403, "cross-site-load")


@pytest.mark.parametrize(("method", "dest"), [("GET", b"iframe"), ("GET", b"object"), ("POST", b"document")])
def test_refuses_a_foreign_frame_and_a_foreign_form(method: str, dest: bytes) -> None:
    """Only plain links may lead in from elsewhere."""
    exchange = ask(method, "/notes", (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", dest))
    assert enter(GUARD, SETTINGS, SITE, make_route(), exchange) is not None


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((b"sec-fetch-site", b"same-origin"), (b"sec-fetch-mode", b"no-cors"), (b"sec-fetch-dest", b"script")),
        ((b"sec-fetch-site", b"none"), (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document")),
        ((b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document")),
        ((b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"cors"), (b"origin", b"https://portal.example")),
    ],
    ids=["tool", "own page", "typed address", "link from elsewhere", "trusted origin"],
)
def test_serves_honest_loads(headers: tuple[Header, ...]) -> None:
    """Own pages, typed addresses, links from mails and declared origins go on working."""
    assert enter(GUARD, SETTINGS, SITE, make_route(), ask("GET", "/notes", *headers)) is None


def test_refuses_the_own_origin_that_a_browser_calls_cross_site() -> None:
    """A contradiction is no trust."""
    exchange = ask("GET", "/notes", (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"cors"), (b"origin", ORIGIN.encode()))
    assert enter(GUARD, SETTINGS, SITE, make_route(), exchange) is not None


def test_runs_nothing_on_public_routes() -> None:
    """Public pictures may be shown anywhere, and cost nothing."""
    assert GUARD.plan(SETTINGS, SITE, make_route(rule=PUBLIC)).enter is None
    assert GUARD.plan(SETTINGS, SITE, None).enter is None


@pytest.mark.parametrize(
    ("sent", "settled"),
    [
        (b"text/html", b"text/html; charset=utf-8"),
        (b"Text/CSS;", b"Text/CSS; charset=utf-8"),
        (b"text/plain; format=flowed", b"text/plain; format=flowed; charset=utf-8"),
        (b"text/html; Charset=latin-1", b"text/html; Charset=latin-1"),
        (b"application/json", b"application/json"),
        (b"image/png", b"image/png"),
    ],
)
def test_adds_a_charset_to_text_only(sent: bytes, settled: bytes) -> None:
    """Text in a charset of the browser's guess can turn letters into markup."""
    headers = leave(GUARD, SETTINGS, SITE, ask(), [(b"x-a", b"1"), (b"content-type", sent), (b"x-b", b"2")])
    assert headers == [(b"x-a", b"1"), (b"content-type", settled), (b"x-b", b"2")]


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"7")], [(b"content-type", b""), (b"content-length", b"7")]])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_gives_a_type_to_a_body_without_one(status: int, headers: list[Header]) -> None:
    """A browser must not guess what an answer is."""
    out = leave(GUARD, SETTINGS, SITE, ask(), headers, status=status)
    assert [value for name, value in out if name == b"content-type"] == [b"application/octet-stream"]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (101, []),
        (204, []),
        (304, []),
        (200, [(b"content-length", b"0")]),
        (302, [(b"location", b"/")]),
        (302, [(b"location", b"/"), (b"content-length", b"0")]),
    ],
)
def test_gives_no_type_to_an_answer_without_body(status: int, headers: list[Header]) -> None:
    """Where there is nothing to guess, nothing is added."""
    assert leave(GUARD, SETTINGS, SITE, ask(), headers, status=status) == headers


def test_gives_a_type_to_a_redirect_with_a_body() -> None:
    """A redirect may carry a page as well."""
    out = leave(GUARD, SETTINGS, SITE, ask(), [(b"location", b"/"), (b"content-length", b"9")], status=302)
    assert (b"content-type", b"application/octet-stream") in out


def test_keeps_repeated_headers_apart() -> None:
    """Trap 5: a middleware that folds repeated headers loses cookies."""
    sent = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"vary", b"Accept"), (b"vary", b"Cookie"), (b"content-type", b"text/html")]
    out = leave(GUARD, SETTINGS, SITE, ask(), sent)
    assert out[:4] == sent[:4]


@pytest.mark.parametrize(
    "settings",
    [
        SecurityHeadersSettings(referrer_policy="unsafe-url"),
        SecurityHeadersSettings(embedder_policy="unsafe-none"),
        SecurityHeadersSettings(denied_features=("camera=(self), x",)),
        SecurityHeadersSettings(own_features=("fullscreen",)),
        SecurityHeadersSettings(own_features=("Camera",), denied_features=("Camera",)),
    ],
)
def test_finds_fault_with_weak_or_odd_settings(settings: SecurityHeadersSettings) -> None:
    """A weaker value is a fault, not a choice."""
    assert GUARD.faults(settings)


def test_finds_no_fault_with_the_defaults() -> None:
    """The default is the safe choice and works."""
    assert not GUARD.faults(SETTINGS)
    assert HTML in leave(GUARD, SETTINGS, SITE, ask(), [HTML])
