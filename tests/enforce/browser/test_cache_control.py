"""Private answers are kept nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringwork.enforce.browser.cache_control import GUARD, CacheableRoute, CacheControlSettings
from ringwork.enforce.guard import Refusal, Surroundings
from ringwork.exchange import Exchange, Header, vary_on
from ringwork.names import ControlId
from ringwork.principal import Via
from ringwork.route import Cacheable, Own, Route, RouteKind, Rule
from tests.enforce.making import PUBLIC, SIGNED_IN, ask, leave, make_route, make_site, make_user

SETTINGS = CacheControlSettings()
SITE = make_site()
OWN_CACHING: list[Header] = [(b"cache-control", b"public, max-age=600"), (b"etag", b'"1"'), (b"expires", b"Thu, 01 Jan 2035 00:00:00 GMT")]
NO_STORE = (b"cache-control", b"no-store")
OPEN = make_route("/", "GET", rule=PUBLIC)
DELETED = b"__Host-session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"


def sent(
    exchange: Exchange, headers: list[Header], *, route: Route | None = OPEN, status: int = 200, settings: CacheControlSettings = SETTINGS
) -> list[Header]:
    """The headers that leave."""
    return leave(GUARD, settings, SITE, exchange, headers, status=status, route=route)


def values(headers: list[Header], name: bytes) -> list[bytes]:
    """Every value of a header."""
    return [value for found, value in headers if found == name]


@pytest.mark.parametrize("status", [200, 302, 304, 403, 404, 500])
@pytest.mark.parametrize("route", [OPEN, make_route()])
def test_keeps_answers_to_a_signed_in_user_out_of_every_cache(status: int, route: Route | None) -> None:
    """Pages, redirects and errors alike, on public routes too: they may tell about the one who asked."""
    out = sent(ask(user=make_user()), list(OWN_CACHING), route=route, status=status)
    assert values(out, b"cache-control") == [b"no-store"]
    assert values(out, b"vary") == [b"Cookie"]
    assert not values(out, b"expires")
    assert values(out, b"etag") == [b'"1"']


@pytest.mark.parametrize("credential", [(b"cookie", b"__Host-session=1"), (b"authorization", b"Bearer x")])
def test_keeps_errors_without_a_route_out_of_every_cache(credential: Header) -> None:
    """Nobody was asked who is there yet, so a cookie stands for somebody: the application's own error page may greet him."""
    for headers in ([], list(OWN_CACHING)):
        assert NO_STORE in sent(ask("GET", "/missing", credential), headers, route=None, status=404)
        assert sent(ask("GET", "/missing"), headers, route=None, status=404) == headers
    assert NO_STORE in sent(ask("GET", "/missing", credential), [], route=None)


def test_leaves_a_file_that_a_layer_serves_by_itself_its_caching() -> None:
    """Layers that serve static files stand before routing; what they state is kept, unless they set a cookie."""
    exchange = ask("GET", "/static/app.css", (b"cookie", b"__Host-session=1"))
    assert sent(exchange, list(OWN_CACHING), route=None) == OWN_CACHING
    assert NO_STORE in sent(exchange, [*OWN_CACHING, (b"set-cookie", b"a=1")], route=None)
    assert NO_STORE in sent(ask(), [(b"set-cookie", b"a=1")], route=None)


def test_takes_out_what_outranks_cache_control() -> None:
    """Content networks read headers of their own before Cache-Control (RFC 9213)."""
    louder: list[Header] = [
        (b"cdn-cache-control", b"max-age=60"),
        (b"surrogate-control", b"max-age=60"),
        (b"x-accel-expires", b"60"),
        (b"pragma", b"cache"),
    ]
    assert sent(ask(user=make_user()), louder) == [NO_STORE, (b"vary", b"Cookie")]


def test_leaves_an_anonymous_public_answer_its_own_caching() -> None:
    """What everybody gets may be kept as the application says."""
    assert sent(ask(), list(OWN_CACHING)) == OWN_CACHING
    assert sent(ask(), [(b"vary", b"Cookie")]) == [(b"vary", b"Cookie")]


def test_trap_30_keeps_an_answer_that_sets_a_cookie_out_of_shared_caches() -> None:
    """Rule: a Set-Cookie in a shared cache signs the next visitor in as somebody else; also on routes that may be kept."""
    cookie = (b"set-cookie", b"__Host-session=1")
    for route in (OPEN, make_route("/logo", "GET", rule=PUBLIC, kind=RouteKind.STATIC), cacheable_route()):
        out = sent(ask(), [*OWN_CACHING, cookie], route=route)
        assert NO_STORE in out
        assert cookie in out
        assert values(out, b"vary") == [b"Cookie"]


def test_trap_30_keeps_an_answer_out_whose_session_was_looked_into() -> None:
    """Rule: frameworks tell by Vary that the session was read; with a cookie in the request there may have been something in it."""
    touched = [*OWN_CACHING, (b"vary", b"Accept, Cookie")]
    out = sent(ask("GET", "/", (b"cookie", b"__Host-session=1")), touched)
    assert NO_STORE in out
    assert values(out, b"vary") == [b"Accept, Cookie"]


def test_trap_28_keeps_what_a_get_hands_out_to_a_bearer_out_of_caches() -> None:
    """Rule: an answer to credentials of any kind is not stored, also where nobody told who they belong to."""
    assert NO_STORE in sent(ask("GET", "/", (b"authorization", b"Bearer x")), list(OWN_CACHING))


def test_keeps_a_route_private_whose_check_is_the_applications_own() -> None:
    """Without `identify` nobody is known, and the answer is private all the same."""
    assert NO_STORE in sent(ask(), list(OWN_CACHING), route=make_route(rule=Own(by="login_required")))


@pytest.mark.parametrize("kind", [RouteKind.STATIC, RouteKind.HTTP])
def test_leaves_public_files_their_caching(kind: RouteKind) -> None:
    """A style sheet is the same for everybody, signed in or not."""
    handler = make_route().handler
    route = Route(kind=kind, path="/static/{name}", methods=frozenset({"GET"}), handler=handler, rule=PUBLIC, sends_files=True)
    assert sent(ask(user=make_user()), list(OWN_CACHING), route=route) == OWN_CACHING


def test_keeps_files_out_that_only_some_may_read() -> None:
    """A folder behind a rule is private, whatever kind of route it is."""
    assert NO_STORE in sent(ask(user=make_user()), list(OWN_CACHING), route=make_route("/scans", "GET", kind=RouteKind.STATIC))


def cacheable_route(*, private: bool = True, seconds: int = 60) -> Route:
    """A route that may be kept."""
    mark = Cacheable(reason="the same for all", max_age_seconds=seconds, private=private)
    handler = make_route().handler
    return Route(kind=RouteKind.HTTP, path="/logo", methods=frozenset({"GET"}), handler=handler, rule=PUBLIC, cacheable=mark)


@pytest.mark.parametrize(
    ("private", "seconds", "caching", "vary"),
    [
        (True, 60, b"private, max-age=60", [b"Cookie, Authorization"]),
        (True, 0, b"private, no-cache", [b"Cookie, Authorization"]),
        (False, 60, b"public, max-age=60", []),
        (False, 0, b"public, no-cache", []),
    ],
)
def test_keeps_what_a_route_declares(private: bool, seconds: int, caching: bytes, vary: list[bytes]) -> None:
    """The mark says how long, and whether by the browser only."""
    out = sent(ask(user=make_user()), list(OWN_CACHING), route=cacheable_route(private=private, seconds=seconds))
    assert values(out, b"cache-control") == [caching]
    assert values(out, b"vary") == vary


def test_takes_the_declaration_from_the_settings_too() -> None:
    """Routes that cannot be marked are named in the policy."""
    settings = CacheControlSettings(cacheable=(CacheableRoute(route="GET /", reason="the same for all", max_age_seconds=5),))
    assert (b"cache-control", b"private, max-age=5") in sent(ask(user=make_user()), [], settings=settings)
    assert NO_STORE in sent(ask(user=make_user()), [], settings=settings, route=make_route("/other", "GET"))


def test_keeps_an_error_of_a_declared_route_out() -> None:
    """The declaration is about what the route is for, not about its failures."""
    assert NO_STORE in sent(ask(user=make_user()), [], route=cacheable_route(), status=404)


def signed_out(
    cookies: bytes, *lines: bytes, path: str = "/account", status: int = 303, replaced: bool = False, via: Via = Via.COOKIE
) -> bool:
    """Whether an answer with these Set-Cookie lines clears the browser."""
    exchange = ask("POST", path, (b"cookie", cookies), user=make_user(via=via))
    if replaced:
        exchange.replaced = ((b"host", b"x"), (b"cookie", b"session=1; __Host-session=1"))
    out = sent(exchange, [(b"set-cookie", line) for line in lines], route=make_route(path, "POST"), status=status)
    return values(out, b"clear-site-data") == [b'"cache","cookies","storage"']


def test_clears_the_browser_when_the_login_cookie_goes() -> None:
    """Against the next user of the machine who goes back in the history."""
    assert signed_out(b"__Host-session=1; __Host-ringwork-csrf=abc", DELETED)
    assert signed_out(b"_ga=1; __Host-session=1", DELETED, replaced=True)
    assert signed_out(b"session=1", b"session=null; expires=Thu, 01 Jan 1970 00:00:00 GMT")


@pytest.mark.parametrize("path", ["/logout", "/api/sign-out", "/auth/LogOff"])
def test_clears_the_browser_at_a_route_named_like_a_logout(path: str) -> None:
    """There one cookie that goes is enough, whatever else the browser carries."""
    assert signed_out(b"theme=dark; __Host-session=1", DELETED, path=path)
    assert not signed_out(b"theme=dark; __Host-session=1", b"other=; Max-Age=0", path=path)


@pytest.mark.parametrize(
    ("cookies", "lines"),
    [
        (b"__Host-session=1; __Host-flash=hello", [b"__Host-flash=; Max-Age=0"]),
        (b"__Host-session=1", [b"__Host-session=2; Max-Age=3600"]),
        (b"__Host-session=1", [DELETED, b"__Host-session=2; Path=/"]),
        (b"__Host-session=1", [b"__Host-session=2; Expires=Thu, 01 Jan 2035 00:00:00 GMT"]),
        (b"__Host-session=1", [b"__Host-session=2; Expires=never"]),
        (b"__Host-session=1", [b"__Host-session=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]),
        (b"__Host-session=1", [b"__Host-other=; Max-Age=0"]),
    ],
)
def test_keeps_the_browser_as_it_is_while_the_login_lasts(cookies: bytes, lines: list[bytes]) -> None:
    """A flash message that was shown, a renewed session: clearing would sign the user out in the middle of his work."""
    assert not signed_out(cookies, *lines)


def test_clears_nothing_on_a_failed_logout_or_for_a_bearer() -> None:
    """A refused logout signs nobody out, and a token does not live in a cookie."""
    assert not signed_out(b"__Host-session=1", DELETED, status=403)
    assert not signed_out(b"__Host-session=1", DELETED, via=Via.BEARER)
    assert not values(sent(ask(), [(b"set-cookie", DELETED)]), b"clear-site-data")


def test_clears_at_a_declared_logout_without_any_cookie() -> None:
    """A route may be named whose logout happens on the server alone; the application's own Clear-Site-Data gives way."""
    settings = CacheControlSettings(logout_routes=("POST /leave",))
    exchange = ask("POST", "/leave", user=make_user(via=Via.BEARER))
    out = sent(exchange, [(b"clear-site-data", b'"cache"')], route=make_route("/leave", "POST"), settings=settings)
    assert values(out, b"clear-site-data") == [b'"cache","cookies","storage"']


def open_ended(template: str, rule: Rule | None = SIGNED_IN) -> Route:
    """A route whose last parameter takes slashes too, where its template says so."""
    return replace(make_route(template, "GET", rule=rule), swallows=template.endswith(":path}"))


def test_clears_what_is_configured() -> None:
    """Cookies go for the whole registrable domain, which a neighbour may mind; nothing is sent for nothing."""
    exchange = ask("POST", "/logout", (b"cookie", b"session=1"), user=make_user())
    for clears, out in ((("cache", "storage"), [b'"cache","storage"']), ((), [])):
        settings = CacheControlSettings(clears=clears)
        gone = sent(exchange, [(b"set-cookie", DELETED)], route=make_route("/logout", "POST"), settings=settings)
        assert values(gone, b"clear-site-data") == out
    (fault,) = GUARD.faults(CacheControlSettings(clears=("history",)))
    assert fault.startswith("clears[0]")


def test_lets_no_shared_cache_keep_what_only_some_may_read() -> None:
    """A declaration that goes too far is told, and holds for the browser alone meanwhile."""
    private = replace(cacheable_route(private=False), rule=SIGNED_IN)
    assert (b"cache-control", b"private, max-age=60") in sent(ask(user=make_user()), [], route=private)
    (told,) = GUARD.at_start(SETTINGS, SITE, Surroundings(framework="flask"), [private, cacheable_route(private=False), OPEN])
    assert "GET /logo is not public" in told


def judged(
    path: str,
    template: str,
    *,
    kind: bytes = b"text/html; charset=utf-8",
    status: int = 200,
    known: bool = True,
    route: Route | None = None,
) -> Refusal | None:
    """What the guard says to an answer under this path."""
    judge = GUARD.plan(SETTINGS, SITE, route or open_ended(template)).judge
    assert judge is not None
    return judge(ask("GET", path, user=make_user() if known else None), status, [(b"Content-Type", kind)])


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/account/x.css", "/account{rest:path}"),
        ("/account/a/b/logo.PNG", "/account/{rest:path}"),
        ("/account/x.js", "/account/{rest:path}"),
        ("/notes/7;x.css", "/notes/{note}"),
    ],
)
def test_refuses_a_private_page_under_the_name_of_a_file(path: str, template: str) -> None:
    """Against web cache deception: a cache that goes by the name would keep the page for everybody."""
    refusal = judged(path, template)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (404, "static-suffix")
    assert judged(path, template, kind=b"application/json") is not None


def test_refuses_it_for_a_rule_of_the_applications_own() -> None:
    """Nobody is known there, and the page is private all the same."""
    own = open_ended("/account/{rest:path}", Own(by="login_required"))
    assert judged("/account/a/x.css", "", known=False, route=own) is not None


@pytest.mark.parametrize(
    ("path", "template", "kind"),
    [
        ("/files/2026/scan.png", "/files/{rest:path}", b"image/png"),
        ("/files/2026/site.css", "/files/{rest:path}", b"text/css"),
        ("/packages/three.js", "/packages/{name}", b"text/html"),
        ("/account/settings/mail", "/account/{rest:path}", b"text/html"),
        ("/account/a/report.html", "/account/{rest:path}", b"text/html"),
    ],
)
def test_never_hurts_a_download_or_a_page_that_was_looked_up(path: str, template: str, kind: bytes) -> None:
    """A file that is what its name says passes, and so does a name that fills one segment."""
    assert judged(path, template, kind=kind) is None


def test_looks_at_private_successes_only() -> None:
    """What is no page of anybody's cannot be stolen from a cache."""
    assert judged("/account/a/x.css", "/account/{rest:path}", status=404) is None
    public = open_ended("/wiki/{rest:path}", PUBLIC)
    assert judged("/wiki/a/x.css", "", route=public, known=False) is None
    judge = GUARD.plan(SETTINGS, SITE, open_ended("/account/{rest:path}")).judge
    assert judge is not None
    assert judge(ask("GET", "/account/a/x.css", user=make_user()), 200, []) is None


@pytest.mark.parametrize("route", [make_route("/notes", "GET"), cacheable_route(), make_route("/wiki/{rest:path}", "GET"), None])
def test_asks_nothing_of_other_routes(route: Route | None) -> None:
    """Closed paths, declared ones and named ones cost nothing."""
    settings = CacheControlSettings(named_like_files=("GET /wiki/{rest:path}",))
    assert GUARD.plan(settings, SITE, route).judge is None


def test_tells_what_is_wrong_with_the_settings() -> None:
    """Each fault says where, and what to write instead."""
    bad = CacheControlSettings(
        cacheable=(CacheableRoute(route="GET /", reason=" "), CacheableRoute(route="GET /", reason="x", max_age_seconds=-1))
    )
    assert [fault.partition(":")[0].partition(" ")[0] for fault in GUARD.faults(bad)] == [
        "cacheable[0].reason",
        "cacheable[1].max_age_seconds",
    ]
    assert not GUARD.faults(SETTINGS)


def test_tells_names_of_routes_that_are_none() -> None:
    """A setting that means nothing would be a control that does nothing in silence."""
    settings = CacheControlSettings(
        cacheable=(CacheableRoute(route="GET /gone", reason="x"),), logout_routes=("POST /",), named_like_files=("GET /",)
    )
    told = GUARD.at_start(settings, SITE, Surroundings(framework="flask"), [OPEN])
    assert [line.partition(":")[0] for line in told] == ["cacheable[0].route", "logout_routes[0]"]


@pytest.mark.parametrize(
    ("headers", "names", "vary"),
    [
        ([], b"Cookie", [b"Cookie"]),
        ([b"Accept"], b"Cookie", [b"Accept, Cookie"]),
        ([b"Accept", b"Origin"], b"Cookie", [b"Accept, Cookie", b"Origin"]),
        ([b"cookie"], b"Cookie", [b"cookie"]),
        ([b"Cookie"], b"Cookie, Authorization", [b"Cookie, Authorization"]),
        ([b"*"], b"Cookie", [b"*"]),
        ([b""], b"Cookie", [b"Cookie"]),
    ],
)
def test_adds_to_what_an_answer_varies_by(headers: list[bytes], names: bytes, vary: list[bytes]) -> None:
    """Trap 5: Vary is merged, never replaced."""
    out = vary_on([(b"x", b"1"), *((b"vary", value) for value in headers)], names)
    assert values(out, b"vary") == vary
    assert values(out, b"x") == [b"1"]


@pytest.mark.parametrize("noted", ["browser.content-security-policy", "browser.csrf"])
def test_keeps_a_page_with_a_nonce_or_a_token_out_although_it_is_declared(noted: str) -> None:
    """The declaration speaks of the page, not of what an inner guard put into it for one reader."""
    route = replace(make_route("/news", rule=PUBLIC), cacheable=Cacheable(reason="news", max_age_seconds=600, private=False))
    exchange = ask()
    exchange.note(ControlId(noted), "for one reader")
    private: Header = (b"cache-control", b"private, no-cache")
    assert leave(GUARD, CacheControlSettings(), make_site(), exchange, [private], route=route) == [private]
