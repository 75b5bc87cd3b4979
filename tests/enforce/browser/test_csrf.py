"""State changes need proof that the site's own page sent them."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.clock import FixedClock
from ringwork.enforce.browser.csrf import GUARD, CsrfReason, CsrfSettings, issue_token
from ringwork.enforce.guard import Blocking, ReadForm, Refusal, Site
from ringwork.errors import StoreDown
from ringwork.exchange import Exchange, Header
from ringwork.principal import Principal, Via
from ringwork.route import RouteKind
from ringwork.secret import Secret
from ringwork.stores.memory import MemorySpentTokens
from tests.enforce.making import LOOPBACK, ORIGIN, PUBLIC, ask, enter, leave, make_route, make_site, make_user

SETTINGS = CsrfSettings()
ROUTE = make_route("/notes", "GET", "POST", "PUT", "DELETE")
OWN: tuple[Header, ...] = ((b"origin", ORIGIN.encode()), (b"sec-fetch-site", b"same-origin"))
FORM: Header = (b"content-type", b"application/x-www-form-urlencoded")
JSON: Header = (b"content-type", b"application/json")
COOKIE: Header = (b"cookie", b"__Host-session=abc")
ADA = make_user()


class Browser:
    """An honest browser with one user, which fetches a form and sends it."""

    def __init__(self, site: Site, user: Principal | None = ADA) -> None:
        self.site, self.user = site, user
        self.binding = b""

    def fetch(self, action: str = "/notes", *, path: str = "/notes/new") -> str:
        """Load the page with the form; keeps the binding cookie and returns the token."""
        exchange = ask("GET", path, self.cookie(), user=self.user)
        token = issue_token(exchange, SETTINGS, self.site, action)
        for name, value in leave(GUARD, SETTINGS, self.site, exchange, []):
            if name == b"set-cookie":
                self.binding = value.partition(b";")[0]
        return token

    def cookie(self) -> Header:
        return (b"cookie", b"; ".join(filter(None, [b"__Host-session=abc", self.binding])))

    def send(self, token: str | None, *, path: str = "/notes", method: str = "POST", site: Site | None = None) -> str | None:
        """Send the form; the reason of the refusal, or None when it was accepted."""
        exchange = ask(method, path, *OWN, FORM, self.cookie(), user=self.user)
        return reason(exchange, form={} if token is None else {"csrf_token": token}, site=site or self.site)


def decide(exchange: Exchange, *, form: dict[str, str] | None = None, site: Site | None = None, route: Any = ROUTE) -> Refusal | None:
    return enter(GUARD, SETTINGS, site or make_site(), route, exchange, form=form)


def reason(exchange: Exchange, *, form: dict[str, str] | None = None, site: Site | None = None) -> str | None:
    refusal = decide(exchange, form=form, site=site)
    if refusal is None:
        return None
    assert refusal.control == "browser.csrf"
    assert refusal.status in {403, 503}
    return refusal.reason


# What passes without a token


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_lets_safe_methods_pass(method: str) -> None:
    """Reading changes nothing, from wherever it comes."""
    assert reason(ask(method, "/notes", COOKIE, (b"sec-fetch-site", b"cross-site"), user=ADA)) is None


@pytest.mark.parametrize("method", ["post", "LINK", "BREW", ""])
def test_takes_unknown_methods_for_unsafe(method: str) -> None:
    """What is not known to be safe is checked."""
    assert reason(ask(method, "/notes", COOKIE, user=ADA)) == "unproven-origin"


def test_lets_a_bearer_token_pass() -> None:
    """No foreign page can make a browser add it."""
    assert reason(ask("POST", "/notes", FORM, COOKIE, (b"origin", b"https://evil.invalid"), user=make_user(via=Via.BEARER))) is None


def test_holds_a_client_certificate_to_its_origin() -> None:
    """A browser shows a certificate to whoever asks, so a foreign page can ride it."""
    foreign = ask("POST", "/notes", JSON, (b"origin", b"https://evil.invalid"), user=make_user(via=Via.CERTIFICATE))
    assert reason(foreign) == "foreign-origin"
    assert reason(ask("POST", "/notes", JSON, user=make_user(via=Via.CERTIFICATE))) is None


def test_lets_tools_without_cookies_pass() -> None:
    """A webhook carries nothing that a browser attached."""
    assert reason(ask("POST", "/notes", FORM)) is None


def test_checks_nothing_on_an_exempt_route() -> None:
    """An exemption was declared with a reason, and is listed in every report."""
    assert GUARD.plan(SETTINGS, make_site(), make_route(exempt="the webhook is signed")).enter is None
    assert GUARD.plan(SETTINGS, make_site(), None).enter is None


@pytest.mark.parametrize(
    "media", [b"application/json", b"application/json; charset=utf-8", b"Application/JSON", b"application/merge-patch+json"]
)
def test_lets_own_json_pass(media: bytes) -> None:
    """A foreign page cannot send this type without asking first."""
    assert reason(ask("POST", "/notes", *OWN, COOKIE, (b"content-type", media), user=ADA)) is None


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", [(), ((b"content-length", b"0"),)])
def test_lets_an_own_bodiless_request_pass(method: str, headers: tuple[Header, ...]) -> None:
    """Deleting by script from an own page has no body to hold a token."""
    assert reason(ask(method, "/notes", *OWN, COOKIE, *headers, user=ADA)) is None


@pytest.mark.parametrize("evidence", [OWN[:1], OWN[1:], OWN])
def test_takes_either_word_of_the_browser(evidence: tuple[Header, ...]) -> None:
    """Older browsers send Origin alone."""
    assert reason(ask("POST", "/notes", *evidence, COOKIE, JSON, user=ADA)) is None


# What the browser says


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        (((b"origin", b"https://evil.invalid"),), "foreign-origin"),
        (((b"origin", b"null"),), "foreign-origin"),
        (((b"origin", b""),), "foreign-origin"),
        (((b"origin", b"http://clinic.example"),), "foreign-origin"),
        (((b"origin", b"https://clinic.example.evil.invalid"),), "foreign-origin"),
        (((b"origin", b"https://evil.invalid/https://clinic.example"),), "foreign-origin"),
        (((b"origin", b"https://clinic.example:8443"),), "foreign-origin"),
        (((b"origin", b"https://clinic.example/"),), "foreign-origin"),
        (((b"origin", b"HTTPS://CLINIC.EXAMPLE"),), "foreign-origin"),
        (((b"sec-fetch-site", b"cross-site"),), "cross-site"),
        (((b"sec-fetch-site", b"same-site"),), "cross-site"),
        (((b"sec-fetch-site", b"none"),), "cross-site"),
        (((b"sec-fetch-site", b""),), "cross-site"),
        (((b"sec-fetch-site", b"cross-site"), OWN[0]), "cross-site"),
        (((b"sec-fetch-site", b"same-origin"), (b"origin", b"https://evil.invalid")), "foreign-origin"),
        ((OWN[0], OWN[0]), "repeated-header"),
        ((OWN[0], (b"origin", b"https://evil.invalid")), "repeated-header"),
        ((*OWN, OWN[1]), "repeated-header"),
        ((*OWN, JSON), "repeated-header"),
        ((), "unproven-origin"),
        (((b"referer", b"https://clinic.example/"),), "unproven-origin"),
    ],
)
def test_refuses_foreign_and_unproven_pages(headers: tuple[Header, ...], word: str) -> None:
    """Even JSON, even with a session: the browser's own word comes first."""
    assert reason(ask("POST", "/notes", *headers, COOKIE, JSON, user=ADA)) == word


def test_passes_over_a_repetition_of_other_headers() -> None:
    """Two Host lines are for another guard."""
    assert reason(ask("POST", "/notes", *OWN, COOKIE, JSON, (b"host", b"clinic.example"), user=ADA)) is None


def test_refuses_a_foreign_login() -> None:
    """Login CSRF: nobody is signed in yet, and the attacker's own account would be."""
    assert reason(ask("POST", "/notes", (b"origin", b"https://evil.invalid"), FORM)) == "foreign-origin"
    assert reason(ask("POST", "/notes", (b"sec-fetch-site", b"cross-site"), FORM)) == "cross-site"


def test_asks_no_token_of_an_own_page_that_attaches_nothing() -> None:
    """A script of the own origin that fetches a bearer token by a form: no cookie and no login could be ridden."""
    assert reason(ask("POST", "/token", *OWN, FORM), form={}) is None
    assert reason(ask("POST", "/token", *OWN, FORM, COOKIE), form={}) == "missing-token"
    assert reason(ask("POST", "/token", *OWN, FORM, (b"authorization", b"Basic YTpi")), form={}) == "missing-token"
    assert reason(ask("POST", "/token", *OWN, FORM, user=ADA), form={}) == "missing-token"


def test_asks_no_token_of_an_own_script_that_sends_nothing() -> None:
    """fetch() without a body names no type, which no form leaves out; its origin was proven."""
    assert reason(ask("POST", "/notes", *OWN, COOKIE, (b"content-length", b"0"), user=ADA)) is None
    assert (
        reason(ask("POST", "/notes", (b"origin", b"https://evil.invalid"), COOKIE, (b"content-length", b"0"), user=ADA)) == "foreign-origin"
    )


@pytest.mark.parametrize("site_word", [b"same-site", b"cross-site"])
def test_lets_a_trusted_origin_in(site_word: bytes) -> None:
    """A second origin of the same owner, named in the policy, may send, with the rest of the checks."""
    site = make_site(origins=frozenset({ORIGIN.encode(), b"https://portal.example"}))
    headers = ((b"origin", b"https://portal.example"), (b"sec-fetch-site", site_word))
    assert reason(ask("POST", "/notes", *headers, COOKIE, JSON, user=ADA), site=site) is None
    assert reason(ask("POST", "/notes", *headers, COOKIE, FORM, user=ADA), form={}, site=site) == "missing-token"


@pytest.mark.parametrize("origin", [b"http://localhost:8000", b"https://localhost:8000"])
def test_takes_the_loopback_host_as_own_while_nothing_is_configured(origin: bytes) -> None:
    """A newcomer's forms work on loopback, and other ports are other sites."""
    site = make_site(**LOOPBACK)
    assert reason(ask("POST", "/notes", (b"origin", origin), COOKIE, JSON, host=b"localhost:8000", user=ADA), site=site) is None
    assert reason(ask("POST", "/notes", (b"origin", origin), COOKIE, JSON, host=b"localhost:9000", user=ADA), site=site) == "foreign-origin"
    assert reason(ask("POST", "/notes", (b"origin", origin), COOKIE, JSON, host=None, user=ADA), site=site) == "foreign-origin"


@pytest.mark.parametrize(
    "media",
    [
        b"text/plain",
        b"application/octet-stream",
        b"text/json",
        b"application/x-json",
        b"text/plain; application/json",
        b"application/jsonx",
        b"image/svg+json",
        b"application/x-www-form-urlencoded, application/x+json",
        b"application/x-www-form-urlencoded application/x+json",
    ],
)
def test_trap_26_asks_for_a_token_with_every_type_but_json(media: bytes) -> None:
    """Trap 26: JSON sent as text by a form needs no asking first, so its type does not count as JSON."""
    assert reason(ask("POST", "/notes", *OWN, COOKIE, (b"content-type", media), user=ADA)) == "missing-token"


@pytest.mark.parametrize(
    ("method", "headers"), [("POST", ()), ("POST", ((b"content-length", b"2"),)), ("PUT", ((b"content-length", b"5"),)), ("LINK", ())]
)
def test_asks_for_a_token_without_a_type(method: str, headers: tuple[Header, ...]) -> None:
    """No type is what a foreign page can send too."""
    assert reason(ask(method, "/notes", *OWN, COOKIE, *headers, user=ADA)) == "missing-token"


# The token


def test_accepts_the_token_of_the_own_form() -> None:
    """The honest user's form goes through, on a public route as well."""
    browser = Browser(make_site())
    assert browser.send(browser.fetch()) is None
    exchange = ask("POST", "/notes", *OWN, FORM, browser.cookie(), user=ADA)
    assert enter(GUARD, SETTINGS, browser.site, make_route(rule=PUBLIC), exchange, form={"csrf_token": browser.fetch()}) is None


def test_accepts_the_token_beside_one_of_flask_wtf() -> None:
    """Two fields of one name are one to each reader, so that beside another's the token has a name of its own; a wrong one is no better."""
    browser = Browser(make_site())

    def sent(token: str) -> str | None:
        exchange = ask("POST", "/notes", *OWN, FORM, browser.cookie(), user=ADA)
        return reason(exchange, form={"csrf_token": "IjY1.awrA.Ar-G", "ringwork_csrf_token": token}, site=browser.site)

    token = browser.fetch()
    assert sent(token) is None
    assert sent(token) == "used-token"
    assert sent("IjY1.awrA.Ar-G") == "garbled-token"
    assert sent("") == "garbled-token"


def test_accepts_the_token_in_the_header() -> None:
    """Scripts of own pages send it there, and no form is read."""
    browser = Browser(make_site())
    token = browser.fetch()
    exchange = ask("POST", "/notes", *OWN, (b"content-type", b"image/png"), (b"x-csrf-token", token.encode()), browser.cookie(), user=ADA)
    assert reason(exchange, site=browser.site) is None


@pytest.mark.parametrize("media", [b"application/x-www-form-urlencoded; charset=utf-8", b"Multipart/Form-Data; boundary=x"])
def test_reads_forms_up_to_the_limit(media: bytes) -> None:
    """The framework's parser reads the form; a larger one is refused unread."""
    exchange = ask("POST", "/notes", *OWN, COOKIE, (b"content-type", media), user=ADA)
    step = GUARD.plan(CsrfSettings(form_limit_bytes=2048), make_site(), ROUTE).enter
    assert step is not None
    asking: Any = step(exchange)
    assert next(asking) == ReadForm(limit_bytes=2048)
    with pytest.raises(StopIteration) as stopped:
        asking.send(None)
    assert stopped.value.value.reason == "unreadable-form"


def test_refuses_a_form_without_a_token() -> None:
    """A page that forgot the field, or a foreign one that cannot know it."""
    browser = Browser(make_site())
    assert browser.send(None) == "missing-token"
    assert browser.send("") == "missing-token"


@pytest.mark.parametrize("token", ["x", "1.", "2.9.a.b.c", "....", "ä", "1" * 10_000, "\ud800"])
def test_refuses_garbage(token: str) -> None:
    """Anything that is no token of this site."""
    assert Browser(make_site()).send(token) == "garbled-token"


def test_refuses_a_token_twice() -> None:
    """A spent token is worth nothing to whoever finds it in a log."""
    browser = Browser(make_site())
    token = browser.fetch()
    assert [browser.send(token), browser.send(token)] == [None, "used-token"]


def test_refuses_an_expired_token() -> None:
    """A form left open over night is loaded again."""
    clock = FixedClock()
    browser = Browser(make_site(clock=clock))
    token = browser.fetch()
    clock.advance(SETTINGS.lifetime_seconds - 1)
    assert browser.send(token) is None
    token = browser.fetch()
    clock.advance(SETTINGS.lifetime_seconds)
    assert browser.send(token) == "expired-token"


def test_refuses_another_user_s_token() -> None:
    """An attacker's own token, planted in the victim's form, does not serve."""
    browser = Browser(make_site())
    token = browser.fetch()
    browser.user = make_user("eve")
    assert browser.send(token) == "other-user"
    browser.user = ADA
    assert browser.send(token) is None


def test_refuses_a_token_from_before_the_login() -> None:
    """Nobody's tokens die when somebody signs in, and the other way round."""
    browser = Browser(make_site(), user=None)
    token = browser.fetch()
    browser.user = ADA
    assert browser.send(token) == "other-user"
    token = browser.fetch()
    browser.user = None
    assert browser.send(token) == "other-user"


def test_trap_27_refuses_a_token_of_another_session() -> None:
    """A new login of the same user makes the old tokens worthless."""
    browser = Browser(make_site())
    token = browser.fetch()
    browser.user = make_user(session="s2")
    assert browser.send(token) == "other-session"
    browser.user = make_user(session=None)
    assert browser.send(token) == "other-session"


def test_trap_27_refuses_a_token_of_another_browser() -> None:
    """Trap 27: a token that leaked from a cache is worth nothing without the cookie of the browser it was made for."""
    browser, thief = Browser(make_site()), Browser(make_site())
    thief.site = browser.site
    token = browser.fetch()
    assert thief.send(token) == "other-browser"
    thief.fetch()
    assert thief.send(token) == "other-browser"
    assert browser.send(token) is None


@pytest.mark.parametrize("cookie", [b"__Host-ringwork-csrf=short", b"__Host-ringwork-csrf="])
def test_refuses_a_planted_binding(cookie: bytes) -> None:
    """Trap 27: a cookie that is not ours, or comes twice, binds nothing."""
    browser = Browser(make_site())
    token = browser.fetch()
    held = browser.binding
    for sent in ([cookie, held], [held, cookie], [held, held]):
        browser.binding = b"; ".join(sent)
        assert browser.send(token) == "other-browser"
    browser.binding = held
    assert browser.send(token) is None


def test_refuses_a_token_of_another_form() -> None:
    """A token from the search form does not delete an account."""
    browser = Browser(make_site())
    assert browser.send(browser.fetch("/search")) == "other-form"


def test_refuses_a_token_of_another_site() -> None:
    """A token made under another key is no token."""
    browser = Browser(make_site())
    token = browser.fetch()
    assert browser.send(token, site=make_site(key=Secret(b"x" * 32))) == "garbled-token"


def test_makes_tokens_that_differ() -> None:
    """Two forms of one page, in two tabs, each have their own and both can be sent."""
    browser = Browser(make_site())
    first = browser.fetch()
    second = browser.fetch()
    assert first != second
    assert [browser.send(second), browser.send(first)] == [None, None]


class Slow:
    """A store behind a disk."""

    blocking = True

    def __init__(self, inner: MemorySpentTokens | None) -> None:
        self.inner = inner

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        if self.inner is None:
            raise StoreDown("the disk is gone")
        return self.inner.claim(token_id, now=now, until=until)


def test_claims_through_the_pool_where_the_store_blocks() -> None:
    """An event loop is never held up by a disk."""
    browser = Browser(make_site(spent=Slow(MemorySpentTokens())))
    token = browser.fetch()
    exchange = ask("POST", "/notes", *OWN, (b"x-csrf-token", token.encode()), browser.cookie(), user=ADA)
    step = GUARD.plan(SETTINGS, browser.site, ROUTE).enter
    assert step is not None
    asking: Any = step(exchange)
    assert isinstance(next(asking), Blocking)
    assert [browser.send(token), browser.send(token)] == [None, "used-token"]


def test_refuses_while_the_store_is_down() -> None:
    """An attacker who pushes the store over gains no second use."""
    browser = Browser(make_site(spent=Slow(None)))
    token = browser.fetch()
    refusal = decide(ask("POST", "/notes", *OWN, FORM, browser.cookie(), user=ADA), form={"csrf_token": token}, site=browser.site)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (503, "store-down")


# Giving tokens out


@pytest.mark.parametrize(
    "action",
    [
        "/notes",
        "/notes?next=1#top",
        "/%6eotes",
        "https://clinic.example/notes",
        "http://clinic.example/notes",
        "https://CLINIC.example/notes",
    ],
)
def test_issues_for_any_spelling_of_the_own_path(action: str) -> None:
    """Templates write paths, queries and whole addresses; the token holds for the path."""
    browser = Browser(make_site())
    assert browser.send(browser.fetch(action)) is None


def test_issues_for_the_page_itself() -> None:
    """A form without action is sent to its own page."""
    browser = Browser(make_site())
    assert browser.send(browser.fetch("", path="/notes")) is None


def test_issues_for_a_path_with_foreign_letters() -> None:
    """The path is compared as the router reads it."""
    browser = Browser(make_site())
    assert browser.send(browser.fetch("/n%C3%B6tes"), path="/nötes") is None


@pytest.mark.parametrize(
    "action",
    [
        "https://evil.invalid/notes",
        "//evil.invalid/notes",
        "javascript:alert(1)",
        "\\\\evil.invalid/x",
        "/\\evil.invalid",
        "notes",
        "?a=1",
        "ftp://clinic.example/x",
    ],
)
def test_issues_nothing_for_another_site(action: str) -> None:
    """A form that leads elsewhere would tell the token there."""
    with pytest.raises(ValueError, match="csrf_token: the action"):
        Browser(make_site()).fetch(action)


def test_issues_for_the_canonical_address_under_another_host() -> None:
    """Behind a second name, links may still be canonical; without any host only paths are."""
    site = make_site(**LOOPBACK)
    with pytest.raises(ValueError, match="no address of this site"):
        issue_token(ask(host=None), SETTINGS, site, "https://clinic.example/notes")
    assert issue_token(ask(host=b"www.clinic.example"), SETTINGS, make_site(), "https://clinic.example/notes").startswith("1.")


def test_sets_the_binding_cookie_once_and_confined() -> None:
    """It lasts for the browser's session, and no script and no sibling host can touch it."""
    browser = Browser(make_site())
    exchange = ask("GET", "/notes/new")
    first = issue_token(exchange, SETTINGS, browser.site, "/notes")
    assert issue_token(exchange, SETTINGS, browser.site, "/notes") != first
    cookies = [value for name, value in leave(GUARD, SETTINGS, browser.site, exchange, []) if name == b"set-cookie"]
    assert len(cookies) == 1
    value, _, attributes = cookies[0].partition(b"; ")
    assert len(value) == len(b"__Host-ringwork-csrf=") + 43
    assert attributes == b"Path=/; Secure; HttpOnly; SameSite=Lax"


def test_does_not_set_the_cookie_again() -> None:
    """A browser that has one keeps it, so that its other tabs stay good."""
    browser = Browser(make_site())
    token = browser.fetch()
    held = browser.binding
    browser.fetch()
    assert browser.binding == held
    assert browser.send(token) is None


def test_trap_27_keeps_a_page_with_a_token_out_of_caches() -> None:
    """Traps 27 and 28: a cached page would hand one person's token to the next."""
    exchange = ask("GET", "/notes/new")
    issue_token(exchange, SETTINGS, make_site(), "/notes")
    headers = leave(GUARD, SETTINGS, make_site(), exchange, [(b"cache-control", b"public, max-age=600"), (b"vary", b"Accept")])
    assert [value for name, value in headers if name == b"cache-control"] == [b"no-store"]
    assert (b"vary", b"Cookie") in headers
    again = leave(GUARD, SETTINGS, make_site(), exchange, [(b"vary", b"Accept, cookie")])
    assert [value for name, value in again if name == b"vary"] == [b"Accept, cookie"]


def test_gives_no_token_and_no_cookie_unasked() -> None:
    """Trap 28: a safe request gets no secret unless a template asked for it."""
    headers = [(b"content-type", b"text/html")]
    assert leave(GUARD, SETTINGS, make_site(), ask(), headers) is headers
    noted = ask()
    noted.note("another.control", 1)
    assert leave(GUARD, SETTINGS, make_site(), noted, headers) is headers


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([(b"origin", b"https://clinic.example")], None),
        ([(b"origin", b"https://evil.example")], "foreign-origin"),
        ([(b"origin", b"null")], "foreign-origin"),
        ([(b"origin", b"https://clinic.example.")], "foreign-origin"),
        ([(b"origin", b"https://CLINIC.example")], "foreign-origin"),
        ([(b"origin", b"https://clinic.example:444")], "foreign-origin"),
        ([(b"origin", b"https://clinic.example"), (b"origin", b"https://evil.example")], "repeated-header"),
        ([(b"origin", b"https://clinic.example"), (b"sec-fetch-site", b"cross-site")], "cross-site"),
        ([], "unproven-origin"),
    ],
)
def test_asks_a_handshake_with_a_cookie_where_it_comes_from(headers: list[tuple[bytes, bytes]], reason: str | None) -> None:
    """Against a foreign page that opens a socket in the user's name: a handshake is a GET, and no preflight asks."""
    socket = make_route("/live", kind=RouteKind.WEBSOCKET)
    found = decide(ask("GET", "/live", COOKIE, *headers, kind="websocket", user=ADA), route=socket)
    assert (found and found.reason) == reason


def test_lets_a_handshake_pass_that_no_browser_made() -> None:
    """A device with a bearer token, and one without any cookie, has no page behind it."""
    socket = make_route("/live", kind=RouteKind.WEBSOCKET)
    assert decide(ask("GET", "/live", kind="websocket"), route=socket) is None
    assert decide(ask("GET", "/live", COOKIE, kind="websocket", user=make_user(via=Via.BEARER)), route=socket) is None


@pytest.mark.parametrize(
    "settings",
    [
        CsrfSettings(lifetime_seconds=59),
        CsrfSettings(lifetime_seconds=86_401),
        CsrfSettings(form_limit_bytes=1023),
        CsrfSettings(form_limit_bytes=1 << 27),
    ],
)
def test_finds_fault_with_numbers_out_of_range(settings: CsrfSettings) -> None:
    """A token for ever, or a form without end, is a fault."""
    assert len(GUARD.faults(settings)) == 1


def test_finds_no_fault_with_the_defaults() -> None:
    """And each reason of a token has its word here."""
    assert not GUARD.faults(SETTINGS)
    assert {"garbled-token", "expired-token", "other-user", "other-session", "other-browser", "other-form"} <= set(CsrfReason)


@pytest.mark.parametrize("name", [b"cdn-cache-control", b"surrogate-control", b"expires"])
def test_takes_out_what_would_let_a_shared_cache_keep_a_page_with_a_token(name: bytes) -> None:
    """Content networks believe their own header more than no-store."""
    site, exchange = make_site(), ask()
    issue_token(exchange, CsrfSettings(), site, "/notes")
    found = leave(GUARD, CsrfSettings(), site, exchange, [(name, b"max-age=600")], route=make_route())
    assert name not in dict(found)
    assert (b"cache-control", b"no-store") in found
