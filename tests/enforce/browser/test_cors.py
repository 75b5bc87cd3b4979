"""Other sites may read answers only where this is exactly configured."""

from __future__ import annotations

import pytest

from ringwork.enforce.browser.cors import GUARD, OWNED, CorsSettings, PublicRoute, SharedRoute
from ringwork.enforce.guard import Refusal, Reply, Surroundings
from ringwork.exchange import Exchange, Header
from ringwork.route import Route
from tests.enforce.making import ORIGIN, PUBLIC, arrive, ask, enter, leave, make_route, make_site

APP = b"https://app.example"
OFF = CorsSettings()
ON = CorsSettings(origins=(APP.decode(),), methods=("GET", "PUT"), headers=("Content-Type", "X-CSRF-Token"))
SITE = make_site(origins=frozenset({ORIGIN.encode(), APP}))
API = make_route("/api/items", "GET", "PUT")
LOOK_ALIKES = [
    b"https://evil.invalid",
    b"null",
    b"",
    b"*",
    b"http://app.example",
    b"https://app.example.evil.invalid",
    b"https://evilapp.example",
    b"https://xapp.example",
    b"https://sub.app.example",
    b"https://app.example:443",
    b"https://app.example:8443",
    b"https://APP.example",
    b"https://app.example/",
    b"https://app.example.",
    b"https://app.exampl",
    b"https://appxexample",
    b"https://app.example https://evil.invalid",
    b"https://app.example,https://evil.invalid",
]


def preflight(origin: bytes = APP, method: bytes = b"PUT", *headers: Header, path: str = "/api/items") -> Exchange:
    """What a browser asks before a request that no form could send."""
    return ask("OPTIONS", path, (b"origin", origin), (b"access-control-request-method", method), *headers)


def sent(exchange: Exchange, settings: CorsSettings, *, route: Route | None = API, status: int = 200) -> list[Header]:
    """The headers that leave."""
    return leave(GUARD, settings, SITE, exchange, [(b"vary", b"Accept")], status=status, route=route)


def asked_by(origin: bytes | None) -> Exchange:
    """A plain GET of a page of this origin."""
    return ask("GET", "/api/items", *([] if origin is None else [(b"origin", origin)]))


@pytest.mark.parametrize("route", [None, API, make_route("/open", "GET", rule=PUBLIC)])
def test_sends_nothing_by_default_and_takes_out_what_the_application_sends(route: Route | None) -> None:
    """Off is off: no header of the application opens an answer either."""
    hooks = GUARD.plan(OFF, SITE, route)
    assert hooks.removes == OWNED
    assert hooks.leave is None
    assert hooks.enter is None


@pytest.mark.parametrize("origin", [APP, *LOOK_ALIKES])
def test_refuses_every_preflight_by_default(origin: bytes) -> None:
    """Nobody is listed, so nobody may ask."""
    refusal = arrive(GUARD, OFF, SITE, preflight(origin))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.reason) == (403, "foreign-origin")


def test_answers_the_preflight_of_a_listed_origin() -> None:
    """204, with what was configured and nothing that was merely asked for."""
    exchange = preflight(APP, b"PUT", (b"access-control-request-headers", b"Content-Type, x-csrf-token, accept"))
    answer = arrive(GUARD, ON, SITE, exchange)
    assert answer == Reply(status=204)
    out = dict(sent(exchange, ON, route=None, status=204))
    assert out == {
        b"vary": b"Accept, Origin",
        b"access-control-allow-origin": APP,
        b"access-control-allow-methods": b"GET, PUT",
        b"access-control-allow-headers": b"content-type, x-csrf-token",
        b"access-control-max-age": b"600",
    }


@pytest.mark.parametrize("origin", LOOK_ALIKES)
def test_trap_9_compares_whole_origins(origin: bytes) -> None:
    """Rule: no prefix, suffix, port, letter case or pattern; neither the preflight nor the answer takes a look-alike."""
    assert isinstance(arrive(GUARD, ON, SITE, preflight(origin)), Refusal)
    assert sent(asked_by(origin), ON) == [(b"vary", b"Accept, Origin")]


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (preflight(APP, b"DELETE"), "method"),
        (preflight(APP, b"put"), "method"),
        (preflight(APP, b"PUT", (b"access-control-request-headers", b"content-type,x-admin")), "header"),
        (preflight(APP, b"PUT", (b"access-control-request-headers", b"*")), "header"),
        (preflight(APP, b"PUT", (b"origin", APP)), "repeated-header"),
        (preflight(APP, b"PUT", (b"access-control-request-method", b"GET")), "repeated-header"),
        (preflight(APP, b"PUT", (b"access-control-request-private-network", b"true")), "private-network"),
    ],
)
def test_refuses_a_preflight_for_more_than_was_configured(exchange: Exchange, reason: str) -> None:
    """A listed origin gets what is listed, not what it asks for."""
    refusal = arrive(GUARD, ON, SITE, exchange)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason


def test_trap_39_reaches_into_a_private_network_only_when_told() -> None:
    """Rule: denied by default; where it is allowed, by a setting of its own."""
    asked = (b"access-control-request-private-network", b"true")
    exchange = preflight(APP, b"PUT", asked)
    allowed = CorsSettings(origins=ON.origins, methods=ON.methods, private_network=True)
    assert arrive(GUARD, allowed, SITE, exchange) == Reply(status=204)
    assert (b"access-control-allow-private-network", b"true") in sent(exchange, allowed, route=None)
    other = preflight()
    assert arrive(GUARD, allowed, SITE, other) == Reply(status=204)
    assert b"access-control-allow-private-network" not in dict(sent(other, allowed, route=None))


@pytest.mark.parametrize(
    "exchange",
    [
        ask("OPTIONS", "/api/items"),
        ask("OPTIONS", "/api/items", (b"origin", APP)),
        ask("OPTIONS", "/api/items", (b"access-control-request-method", b"PUT")),
        ask("GET", "/api/items", (b"origin", APP), (b"access-control-request-method", b"PUT")),
        preflight(ORIGIN.encode()),
    ],
)
def test_leaves_what_is_no_preflight_to_the_application(exchange: Exchange) -> None:
    """A plain OPTIONS is the application's to answer."""
    assert arrive(GUARD, ON, SITE, exchange) is None


def test_tells_a_listed_origin_that_it_may_read() -> None:
    """The honest front end works, its errors too."""
    for status in (200, 404, 500):
        assert (b"access-control-allow-origin", APP) in sent(asked_by(APP), ON, status=status)
    assert (b"access-control-allow-origin", APP) in sent(asked_by(APP), ON, route=None, status=404)


def test_says_that_the_answer_depends_on_origin_even_where_none_came() -> None:
    """Against a shared cache that keeps the first answer for all origins."""
    assert sent(asked_by(None), ON) == [(b"vary", b"Accept, Origin")]


def test_allows_cookies_and_headers_where_they_are_configured() -> None:
    """Both are settings of their own."""
    settings = CorsSettings(origins=ON.origins, credentials=True, expose=("X-Total",))
    out = dict(sent(asked_by(APP), settings))
    assert out[b"access-control-allow-credentials"] == b"true"
    assert out[b"access-control-expose-headers"] == b"x-total"
    assert b"access-control-allow-credentials" not in dict(sent(asked_by(APP), ON))


def test_leaves_a_websocket_handshake_alone() -> None:
    """CORS does not govern WebSockets; their origin is the csrf guard's to check."""
    assert sent(asked_by(APP), ON, status=101) == [(b"vary", b"Accept")]


OTHER = b"https://items.example"
BY_ROUTE = CorsSettings(
    origins=(APP.decode(),),
    methods=("GET", "PUT"),
    headers=(),
    routes=(SharedRoute(route="GET,PUT /api/items", origins=(OTHER.decode(),)), SharedRoute(route="ANY /api/closed", origins=())),
)


def test_trap_39_holds_each_route_to_its_own_origins() -> None:
    """Rule: per-route exact origins; those of one route read no other."""
    elsewhere = make_route("/api/people", "GET", "PUT")
    assert (b"access-control-allow-origin", OTHER) in sent(asked_by(OTHER), BY_ROUTE)
    assert b"access-control-allow-origin" not in dict(sent(asked_by(APP), BY_ROUTE))
    assert b"access-control-allow-origin" not in dict(sent(asked_by(OTHER), BY_ROUTE, route=elsewhere))
    assert b"access-control-allow-origin" not in dict(sent(asked_by(OTHER), BY_ROUTE, route=None))
    assert GUARD.plan(BY_ROUTE, SITE, make_route("/api/closed", "GET")).leave is None


def test_trap_39_holds_each_route_to_its_own_origins_after_the_preflight() -> None:
    """Rule: preflights are answered before the route is known, so what they promised elsewhere is taken back on the route."""
    elsewhere = make_route("/api/people", "GET", "PUT", "POST")
    exchange = preflight(OTHER)
    assert arrive(GUARD, BY_ROUTE, SITE, exchange) == Reply(status=204)
    out = dict(sent(exchange, BY_ROUTE, route=None))
    assert out[b"access-control-allow-origin"] == OTHER
    assert b"access-control-allow-headers" not in out
    for method, kind in (("PUT", b"text/plain"), ("POST", b"application/json")):
        refusal = enter(GUARD, BY_ROUTE, SITE, elsewhere, ask(method, "/api/people", (b"origin", OTHER), (b"content-type", kind)))
        assert refusal is not None
        assert refusal.reason == "other-route"
        assert enter(GUARD, BY_ROUTE, SITE, elsewhere, ask(method, "/api/people", (b"origin", APP), (b"content-type", kind))) is None
    for simple in (ask("GET", "/api/people", (b"origin", OTHER)), ask("POST", "/", (b"origin", OTHER), (b"content-type", b"text/plain"))):
        assert enter(GUARD, BY_ROUTE, SITE, elsewhere, simple) is None
    assert enter(GUARD, BY_ROUTE, SITE, elsewhere, ask("GET", "/", (b"origin", OTHER), kind="websocket")) is None


def test_never_holds_the_sites_own_pages_to_a_list() -> None:
    """The own origin may be listed somewhere; its own requests need no sharing anywhere."""
    settings = CorsSettings(origins=(ORIGIN,), routes=(SharedRoute(route="GET,PUT /api/items", origins=(APP.decode(),)),))
    own = ask("PUT", "/api/items", (b"origin", ORIGIN.encode()), (b"content-type", b"application/json"))
    assert enter(GUARD, settings, SITE, API, own) is None


OPEN_DATA = CorsSettings(credentials=True, public_routes=(PublicRoute(route="GET /prices", reason="printed in the shop window"),))
PRICES = make_route("/prices", "GET", rule=PUBLIC)


@pytest.mark.parametrize("origin", [None, APP, b"https://evil.invalid"])
def test_trap_39_a_wildcard_never_meets_credentials(origin: bytes | None) -> None:
    """Rule: impossible to express; a declared public route says "*" and nothing of credentials, whatever the other settings say."""
    out = dict(sent(asked_by(origin), OPEN_DATA, route=PRICES))
    assert out == {b"vary": b"Accept", b"access-control-allow-origin": b"*"}


def test_gives_no_wildcard_to_a_route_that_is_not_public() -> None:
    """Without a public rule the declaration does nothing, and is told at start."""
    private = make_route("/prices", "GET")
    assert sent(asked_by(APP), OPEN_DATA, route=private) == [(b"vary", b"Accept")]
    (told,) = GUARD.at_start(OPEN_DATA, SITE, Surroundings(framework="flask"), [private])
    assert "is not public" in told


@pytest.mark.parametrize(
    ("origin", "meant"),
    [
        ("*", "public_routes"),
        ("null", "serve your page from an origin"),
        ("https://*.app.example", "https://app.example"),
        ("https://app.example/", "https://app.example"),
        ("https://App.example", "https://app.example"),
        ("https://app\\.example", "https://app.example"),
        (".*", "https://app.example"),
        ("http://app.example", "write https://app.example"),
        ("", "https://app.example"),
    ],
)
def test_trap_9_tells_what_to_write_instead_of_a_pattern(origin: str, meant: str) -> None:
    """Rule: exact, parsed comparison only; wildcards, null and patterns are faults that say what to write."""
    (fault,) = GUARD.faults(CorsSettings(origins=(origin,)))
    assert fault.startswith("origins[0]")
    assert meant in fault
    (fault,) = GUARD.faults(CorsSettings(routes=(SharedRoute(route="GET /", origins=(origin,)),)))
    assert fault.startswith("routes[0].origins[0]")


@pytest.mark.parametrize("origin", ["https://app.example", "https://app.example:8443", "http://localhost:3000", "http://127.0.0.1:5173"])
def test_takes_exact_origins(origin: str) -> None:
    """An origin of the internet on https, or one of this machine."""
    assert not GUARD.faults(CorsSettings(origins=(origin,)))


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (CorsSettings(methods=("*",)), "methods[0]"),
        (CorsSettings(methods=("get",)), "methods[0]"),
        (CorsSettings(headers=("*",)), "headers[0]"),
        (CorsSettings(expose=("a b",)), "expose[0]"),
        (CorsSettings(max_age_seconds=86_401), "max_age_seconds"),
        (CorsSettings(public_routes=(PublicRoute(route="GET /", reason=""),)), "public_routes[0].reason"),
        (
            CorsSettings(public_routes=(PublicRoute(route="GET /", reason="x"),), routes=(SharedRoute(route="GET /", origins=()),)),
            "public_routes[0]",
        ),
    ],
)
def test_tells_what_is_wrong_with_the_settings(settings: CorsSettings, where: str) -> None:
    """Each fault says where, and what to write instead."""
    (fault,) = GUARD.faults(settings)
    assert fault.startswith(where)


def told(settings: CorsSettings, *routes: Route, **layers: object) -> list[str]:
    """What is said at start."""
    site = make_site()
    return list(GUARD.at_start(settings, site, Surroundings(framework="starlette", settings=layers), routes))


def test_sharing_is_no_trust_and_says_where_trust_is_declared() -> None:
    """An origin that reaches what is not public has to stand in trusted_origins too; else its requests are refused elsewhere."""
    for settings in (ON, CorsSettings(routes=(SharedRoute(route="GET,PUT /api/items", origins=(APP.decode(),)),))):
        (line,) = told(settings, API)
        assert 'add trusted_origins = ["https://app.example"]' in line
    (line,) = told(CorsSettings(origins=ON.origins, credentials=True), PRICES)
    assert "trusted_origins" in line


def test_needs_no_trust_for_public_routes_without_cookies() -> None:
    """What anybody may ask for needs no trust."""
    assert not told(ON, PRICES)
    closed = CorsSettings(origins=ON.origins, routes=(SharedRoute(route="GET,PUT /api/items", origins=()),))
    assert not told(closed, PRICES, API)
    assert not GUARD.at_start(ON, SITE, Surroundings(framework="flask"), [API])


def test_tells_names_of_routes_that_are_none() -> None:
    """A setting that means nothing would be a control that does nothing in silence."""
    settings = CorsSettings(routes=(SharedRoute(route="GET /gone", origins=()),), public_routes=(PublicRoute(route="GET /x", reason="x"),))
    assert [line.partition(":")[0] for line in told(settings, API)] == ["routes[0].route", "public_routes[0].route"]


def test_translates_the_frameworks_settings_into_its_own() -> None:
    """Nobody has to read our manual to move over: the line to write stands in the message."""
    options = {
        "allow_origins": ["https://app.example"],
        "allow_methods": ["GET", "PUT"],
        "allow_headers": ["X-A"],
        "allow_credentials": True,
    }
    (line,) = told(OFF, CORSMiddleware=options)
    assert line.startswith("CORSMiddleware: ringwork answers CORS itself")
    assert 'origins = ["https://app.example"], methods = ["GET", "PUT"], headers = ["x-a"], credentials = true' in line


def test_says_nothing_of_a_layer_that_shares_no_more_than_the_policy() -> None:
    """Its headers are taken out, and ours say the same; an application may keep it for other servers."""
    site = make_site(origins=frozenset({ORIGIN.encode(), APP}))
    for options in ({"allow_origins": ("https://app.example",), "allow_credentials": True}, {"allow_origins": []}):
        assert not GUARD.at_start(ON, site, Surroundings(framework="starlette", settings={"CORSMiddleware": options}), [API])


def test_trap_39_tells_a_wildcard_with_credentials_at_start() -> None:
    """Rule: the framework would reflect any origin; both layers are read, and production does not start."""
    found = told(OFF, CORSMiddleware={"allow_origins": "*", "allow_credentials": True, "allow_methods": ["*"], "allow_headers": ["*"]})
    assert any("which is any page" in line for line in found)
    assert any("public_routes" in line for line in found)
    found = told(OFF, CORSMiddleware={"allow_origin_regex": r"https://.*\.app\.example", "allow_credentials": True})
    assert any("pattern" in line for line in found)
    flask_cors = {"resource": "/*", "origins": ["*"], "supports_credentials": True, "methods": ["GET"], "allow_headers": ["*"]}
    found = told(OFF, **{"flask-cors": [flask_cors]})
    assert any(line.startswith("flask-cors /*") and "which is any page" in line for line in found)
