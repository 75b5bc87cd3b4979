"""Every answer tells the browser what its page may load and run, and what browsers report becomes an event."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ringwork.enforce.browser.content_security_policy import (
    DENY_ALL,
    GUARD,
    ContentSecurityPolicySettings,
    RoutePolicy,
    issue_nonce,
)
from ringwork.enforce.guard import ReadBody, Refusal, Reply, Surroundings, remarks
from ringwork.exchange import Exchange, Header
from tests.enforce.making import ask, leave, make_route, make_site

SITE = make_site()
HTML: list[Header] = [(b"content-length", b"3"), (b"content-type", b"text/html; charset=utf-8")]
PATH = "/.ringwork/csp-reports"
CSP = b"content-security-policy"


def settings(**more: Any) -> ContentSecurityPolicySettings:
    return ContentSecurityPolicySettings(**more)


def policy_of(headers: list[Header]) -> dict[str, str]:
    """The one policy of an answer, by directive."""
    (value,) = [value.decode() for name, value in headers if name == CSP]
    return {name: sources for name, _, sources in (part.strip().partition(" ") for part in value.split(";"))}


def page(own: ContentSecurityPolicySettings, *, nonce: bool = False, route: Any = None, headers: list[Header] = HTML) -> dict[str, str]:
    """The policy that a page gets."""
    exchange = ask()
    if nonce:
        issue_nonce(exchange)
    return policy_of(leave(GUARD, own, SITE, exchange, headers, route=route))


# What pages may do


def test_gives_a_page_a_policy_under_which_nothing_foreign_and_nothing_inline_runs() -> None:
    """Own files load, and all that injected markup tries does not."""
    found = page(settings())
    assert found["default-src"] == found["script-src"] == found["style-src"] == found["form-action"] == "'self'"
    assert found["object-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert found["img-src"] == "'self' data:"


@pytest.mark.parametrize("status", [200, 201, 302, 400, 403, 404, 422, 500, 503])
def test_gives_every_status_a_policy(status: int) -> None:
    """An error page is a page."""
    for headers in (HTML, [], [(b"content-type", b"application/json")]):
        assert policy_of(leave(GUARD, settings(), SITE, ask(), headers, status=status))


def test_leaves_the_policy_of_a_stored_page_alone() -> None:
    """A 304 with a policy would replace that of the stored page, and with it the nonce that its scripts carry."""
    assert leave(GUARD, settings(), SITE, ask(), [(b"etag", b'"1"')], status=304) == [(b"etag", b'"1"')]


@pytest.mark.parametrize("kind", [b"application/json", b"text/plain; charset=utf-8", b"text/csv", b"application/xml", b"image/png", b""])
def test_denies_everything_to_what_is_no_page(kind: bytes) -> None:
    """Data that is opened as a page of its own can do nothing."""
    found = leave(GUARD, settings(), SITE, ask(), [(b"content-type", kind)] if kind else [])
    assert (CSP, DENY_ALL) in found
    assert not [name for name, _ in found if name == b"reporting-endpoints"]


def test_shows_a_picture_with_its_own_styles_and_never_runs_it() -> None:
    """A drawing is a document with script when it is opened by itself."""
    found = page(settings(), headers=[(b"content-type", b"image/svg+xml")])
    assert (found["default-src"], found["style-src"]) == ("'none'", "'unsafe-inline'")
    assert "sandbox" in found


def test_lets_the_browser_show_a_paper_and_nobody_frame_it() -> None:
    """The viewer that a browser builds round a PDF is a document with a plug-in; it is only kept out of frames."""
    found = page(settings(), headers=[(b"content-type", b"application/pdf")])
    assert found == {"base-uri": "'none'", "frame-ancestors": "'none'"}


def test_gives_a_script_the_policy_of_pages() -> None:
    """A worker lives under the policy of its own file's answer; with everything denied it could ask its own site for nothing."""
    assert page(settings(), headers=[(b"content-type", b"text/javascript; charset=utf-8")])["default-src"] == "'self'"


def test_keeps_the_applications_own_policy_beside() -> None:
    """Several policies only narrow, so a stricter one of the application stays in force."""
    found = leave(GUARD, settings(), SITE, ask(), [*HTML, (CSP, b"default-src 'none'")])
    assert next(value for name, value in found if name == CSP) == b"default-src 'none'"
    assert len([value for name, value in found if name == CSP]) == 2


# The nonce


def test_names_the_nonce_that_the_page_asked_for() -> None:
    """What carries it runs, and each answer has another."""
    seen = set()
    for _ in range(50):
        exchange = ask()
        nonce = issue_nonce(exchange)
        assert issue_nonce(exchange) == nonce
        found = policy_of(leave(GUARD, settings(), SITE, exchange, HTML))
        assert found["script-src"] == f"'self' 'nonce-{nonce}'"
        assert found["style-src"] == f"'self' 'nonce-{nonce}'"
        seen.add(nonce)
    assert len(seen) == 50


def test_makes_a_nonce_of_144_bits() -> None:
    """128 bits are asked for; the text is safe in a header and in an attribute."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", issue_nonce(ask()))


def test_names_no_nonce_that_nobody_asked_for() -> None:
    """A policy without one lets no inline script in at all."""
    assert "nonce" not in page(settings())["script-src"]


@pytest.mark.parametrize("kept", [b"public, max-age=600", b"s-maxage=60", b"PUBLIC"])
def test_keeps_a_page_with_a_nonce_out_of_shared_caches(kept: bytes) -> None:
    """A cache would hand the same nonce to everybody, the attacker included."""
    exchange = ask()
    issue_nonce(exchange)
    found = leave(GUARD, settings(), SITE, exchange, [*HTML, (b"cache-control", kept)])
    assert [value for name, value in found if name == b"cache-control"] == [b"private, no-cache"]


def test_leaves_other_caching_alone() -> None:
    """Without a nonce, or where only the reader's browser stores, nothing is changed."""
    kept = (b"cache-control", b"private, max-age=60")
    exchange = ask()
    issue_nonce(exchange)
    assert kept in leave(GUARD, settings(), SITE, exchange, [*HTML, kept])
    shared = (b"cache-control", b"public")
    assert shared in leave(GUARD, settings(), SITE, ask(), [*HTML, shared])


def test_strictest_scripts_run_by_nonce_alone() -> None:
    """With scripts = "nonce" the place of a file is no reason to run it."""
    strict = settings(scripts="nonce")
    assert page(strict)["script-src"] == "'none'"
    assert re.fullmatch(r"'nonce-[A-Za-z0-9_-]{24}' 'strict-dynamic'", page(strict, nonce=True)["script-src"])


# What the application adds


def test_adds_what_is_declared_and_no_more() -> None:
    """Each source stands in its own directive."""
    found = page(
        settings(
            script_sources=("https://cdn.example/a.js", "sha256-" + "a" * 43 + "="),
            style_sources=("https://cdn.example/a.css",),
            image_sources=("https://pictures.example",),
            font_sources=("https://fonts.example",),
            media_sources=("https://film.example",),
            connect_sources=("wss://live.example",),
            frame_sources=("https://maps.example",),
            form_targets=("https://pay.example",),
            framed_by=("self", "https://portal.example"),
            trusted_types=True,
        )
    )
    assert found["script-src"] == "'self' 'sha256-" + "a" * 43 + "=' https://cdn.example/a.js"
    assert found["style-src"] == "'self' https://cdn.example/a.css"
    assert found["img-src"] == "'self' data: https://pictures.example"
    assert found["font-src"] == "'self' https://fonts.example"
    assert found["media-src"] == "'self' https://film.example"
    assert found["connect-src"] == "'self' wss://live.example"
    assert found["frame-src"] == "'self' https://maps.example"
    assert found["form-action"] == "'self' https://pay.example"
    assert found["frame-ancestors"] == "'self' https://portal.example"
    assert found["require-trusted-types-for"] == "'script'"


def test_inline_styles_come_without_nonce_in_the_style_directive() -> None:
    """A nonce would switch the permission off again, and the page would look broken where it has one."""
    found = page(settings(inline_styles=True), nonce=True)
    assert found["style-src"] == "'self' 'unsafe-inline'"
    assert "unsafe-inline" not in found["script-src"]


def test_a_route_may_have_a_policy_of_its_own() -> None:
    """It stands in place of the general one, on that route alone."""
    own = settings(routes=(RoutePolicy(route="GET /map", reason="shows a map", image_sources=("https://tiles.example",)),))
    assert "tiles" in page(own, route=make_route("/map", "GET"))["img-src"]
    assert "tiles" not in page(own, route=make_route("/notes", "GET"))["img-src"]
    assert "tiles" not in page(own)["img-src"]


def test_the_swagger_page_gets_its_files_and_the_hash_of_its_own_script() -> None:
    """FastAPI's documentation works without any permission for inline script."""
    own = settings(routes=(RoutePolicy(route="GET /docs", reason="for the developers of our clients", preset="swagger"),))
    route = make_route("/docs", "GET")
    object.__setattr__(route, "inline_scripts", ("sha256-abc",))
    found = page(own, route=route)
    assert found["script-src"] == "'self' 'sha256-abc' https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js"
    assert "unsafe" not in found["script-src"]


def test_observing_pages_blocks_nothing_and_reports() -> None:
    """The first days of a roll-out: pages are only watched, data is denied everything all the same."""
    found = leave(GUARD, settings(report_only=True), SITE, ask(), HTML)
    assert [name for name, _ in found] == [b"content-length", b"content-type", CSP + b"-report-only", b"reporting-endpoints"]
    assert (CSP, DENY_ALL) in leave(GUARD, settings(report_only=True), SITE, ask(), [(b"content-type", b"application/json")])


# Settings


@pytest.mark.parametrize(
    ("field", "source"),
    [
        ("script_sources", "*"),
        ("script_sources", "https:"),
        ("script_sources", "https://*.example.com"),
        ("script_sources", "'unsafe-inline'"),
        ("script_sources", "'unsafe-eval'"),
        ("script_sources", "data:"),
        ("script_sources", "http://cdn.example/a.js"),
        ("script_sources", "https://cdn.jsdelivr.net"),
        ("script_sources", "https://cdn.jsdelivr.net/"),
        ("script_sources", "https://unpkg.com/npm/"),
        ("script_sources", "wss://live.example"),
        ("style_sources", "self"),
        ("image_sources", "https://a.example; script-src *"),
        ("image_sources", "https://a.example, default-src *"),
        ("image_sources", "https://a.example\r\nset-cookie: a=b"),
        ("image_sources", "https://a.example/x?y"),
        ("connect_sources", "https://user@a.example"),
        ("form_targets", "//a.example"),
        ("framed_by", "none"),
    ],
)
def test_refuses_sources_that_open_more_than_they_say(field: str, source: str) -> None:
    """No wildcard, no scheme, no permission for inline script, no second directive and no second header fits a setting."""
    (fault,) = GUARD.faults(settings(**{field: (source,)}))
    assert fault.startswith(f"{field}[0]: ")


@pytest.mark.parametrize(
    ("field", "source"),
    [
        ("script_sources", "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js"),
        ("script_sources", "https://cdn.example"),
        ("script_sources", "http://localhost:5173"),
        ("connect_sources", "ws://localhost:5173"),
        ("framed_by", "self"),
    ],
)
def test_takes_exact_sources(field: str, source: str) -> None:
    """A file, an origin, a development server on this machine."""
    own = RoutePolicy(route="GET /docs", reason="why", **{field: (source,)})
    assert list(GUARD.faults(settings(routes=(own,), **{field: (source,)}))) == []


@pytest.mark.parametrize("path", ["reports", "/a b", "/a;script-src", '/a"', "/a\r\nx: y", "/"])
def test_refuses_a_report_path_that_is_no_plain_path(path: str) -> None:
    """It is written into two headers."""
    assert "report_path" in GUARD.faults(settings(report_path=path))[0]


def test_tells_every_other_fault_of_the_settings() -> None:
    """All at once, each with what to write instead."""
    wrong = settings(scripts="all", routes=(RoutePolicy(route="docs", reason=" ", preset="redoc"),))
    places = [fault.partition(":")[0] for fault in GUARD.faults(wrong)]
    assert places == ["scripts", "routes[0].route", "routes[0].reason", "routes[0].preset"]
    useless = settings(scripts="nonce", script_sources=("https://cdn.example/a.js",))
    assert "does nothing" in GUARD.faults(useless)[0]
    blank = settings(routes=(RoutePolicy(route="GET /docs", reason="why", preset="swagger", scripts="nonce"),))
    assert "lets none of the files" in GUARD.faults(blank)[0]


def test_tells_at_start_of_a_policy_for_a_route_that_does_not_exist() -> None:
    """It would loosen, or protect, nothing."""
    own = settings(routes=(RoutePolicy(route="GET /docs", reason="why"),))
    around = Surroundings(framework="flask")
    assert "names no route" in GUARD.at_start(own, SITE, around, [make_route("/notes", "GET")])[0]
    assert GUARD.at_start(own, SITE, around, [make_route("/docs", "GET")]) == []


# Reports of browsers


def report(**more: Any) -> bytes:
    told = {
        "document-uri": "https://clinic.example/patients/17?token=canary",
        "blocked-uri": "https://evil.invalid/x.js?canary",
        "effective-directive": "script-src-elem",
    }
    return json.dumps({"csp-report": {**told, **more}}).encode()


class Intake:
    """One application's intake, asked again and again."""

    def __init__(self, **more: Any) -> None:
        self.site = make_site()
        self.arrive: Any = GUARD.plan(settings(**more), self.site, None).arrive

    def post(self, body: bytes, kind: bytes = b"application/csp-report", length: bytes | None = None) -> tuple[Any, Exchange]:
        exchange = ask("POST", PATH, (b"content-type", kind), (b"content-length", length or str(len(body)).encode()))
        found = self.arrive(exchange)
        if found is None or isinstance(found, Refusal | Reply):
            return found, exchange
        try:
            asked = found.send(None)
            assert asked == ReadBody(limit_bytes=16384)
            found.send(body if len(body) <= asked.limit_bytes else None)
        except StopIteration as end:
            return end.value, exchange
        raise AssertionError("the intake asked twice")


def test_a_report_becomes_one_event() -> None:
    """The operator learns what was blocked and where, without query and without the number of the patient."""
    found, exchange = Intake().post(report())
    assert (found.status, found.body) == (204, b"")
    (told,) = remarks(exchange)
    assert (told.control, told.reason) == ("browser.content-security-policy", "violation-reported")
    assert told.detail == "directive=script-src-elem blocked=https://evil.invalid/x.js page=/patients/* disposition=enforce"


def test_takes_the_new_kind_of_report_too() -> None:
    """Several in one, those of other kinds passed over."""
    told = {
        "documentURL": "https://clinic.example/",
        "blockedURL": "inline",
        "effectiveDirective": "style-src-attr",
        "disposition": "report",
    }
    body = json.dumps([{"type": "csp-violation", "url": "x", "body": told}, {"type": "deprecation", "body": {}}]).encode()
    found, exchange = Intake().post(body, b"application/reports+json")
    assert isinstance(found, Reply)
    assert [what.detail for what in remarks(exchange)] == ["directive=style-src-attr blocked=inline page=/ disposition=report"]


def test_counts_a_repeated_report_instead_of_telling_it_again() -> None:
    """A page that thousands load must not fill the log; when it comes once more after a while, the number is told."""
    intake = Intake()
    assert len(remarks(intake.post(report())[1])) == 1
    for _ in range(9):
        assert remarks(intake.post(report())[1]) == ()
    intake.site.clock.advance(601)
    (told,) = remarks(intake.post(report())[1])
    assert told.detail.endswith(" seen=10")


def test_a_flood_of_ever_new_reports_fills_neither_memory_nor_log() -> None:
    """Anybody can post reports; of invented ones only so many kinds are told in a while."""
    intake = Intake()
    told = [remarks(intake.post(report(**{"blocked-uri": f"https://h{n}.invalid/"}))[1]) for n in range(300)]
    assert sum(map(len, told)) == 200


@pytest.mark.parametrize(
    ("body", "kind", "length", "status", "reason"),
    [
        (b"{}", b"text/plain", None, 415, "report-type"),
        (b"{}", b"application/json", None, 415, "report-type"),
        (b"{}", b"", None, 415, "report-type"),
        (b"{}", b"application/csp-report", b"16385", 413, "report-too-large"),
        (b"{}", b"application/csp-report", b"9" * 5000, 413, "report-too-large"),
        (b"{}", b"application/csp-report", b"-1", 413, "report-too-large"),
        (b" " * 16385, b"application/csp-report", b"5", 413, "report-too-large"),
        (b"", b"application/csp-report", b"0", 400, "report-malformed"),
        (b"[]", b"application/csp-report", None, 400, "report-malformed"),
        (b'{"csp-report": 1}', b"application/csp-report", None, 400, "report-malformed"),
        (b"[" * 16384, b"application/csp-report", None, 400, "report-malformed"),
        (b"[1]", b"application/reports+json", None, 400, "report-malformed"),
        (b"\xff", b"application/reports+json", None, 400, "report-malformed"),
    ],
)
def test_refuses_what_is_no_report(body: bytes, kind: bytes, length: bytes | None, status: int, reason: str) -> None:
    """Size, type and shape are looked at before anything is kept."""
    found, exchange = Intake().post(body, kind, length)
    assert (found.status, found.reason) == (status, reason)
    assert remarks(exchange) == ()


def test_takes_reports_by_post_alone() -> None:
    """A link or a picture of a foreign page tells us nothing."""
    found = GUARD.plan(settings(), SITE, None).arrive(ask("GET", PATH))  # type: ignore[misc]  # there is one
    assert (found.status, found.headers) == (405, ((b"allow", b"POST"),))  # type: ignore[union-attr]


def test_lets_every_other_path_pass() -> None:
    """Only the reports' own path is answered here, and only before routing."""
    plan = GUARD.plan(settings(), SITE, None)
    assert plan.arrive is not None
    assert plan.arrive(ask("POST", PATH + "/")) is None
    assert GUARD.plan(settings(), SITE, make_route()).arrive is None


def test_without_a_report_path_nothing_is_taken_and_nothing_named() -> None:
    """Who wants no reports gets none."""
    assert GUARD.plan(settings(report_path=""), SITE, None).arrive is None
    found = leave(GUARD, settings(report_path=""), SITE, ask(), HTML)
    assert b"report" not in b"".join(name + value for name, value in found)


def test_names_the_place_for_reports_in_old_and_new_words() -> None:
    """Browsers that know report-to, and those that know report-uri alone."""
    found = leave(GUARD, settings(), SITE, ask(), HTML)
    assert (b"reporting-endpoints", f'ringwork-csp="{PATH}"'.encode()) in found
    assert policy_of(found)["report-uri"] == PATH
    assert policy_of(found)["report-to"] == "ringwork-csp"


@pytest.mark.parametrize(
    "stated",
    [
        [],
        [(b"cache-control", b"max-age=600")],
        [(b"expires", b"Thu, 01 Dec 2050 16:00:00 GMT")],
        [(b"last-modified", b"Thu, 01 Dec 2022 16:00:00 GMT")],
        [(b"cache-control", b"private"), (b"cdn-cache-control", b"max-age=600")],
        [(b"cache-control", b"public"), (b"surrogate-control", b"max-age=600")],
    ],
)
def test_keeps_a_page_with_a_nonce_out_of_every_shared_cache(stated: list[Header]) -> None:
    """A cache that keeps what does not say "public" too would hand one nonce to everybody, the attacker included."""
    exchange = ask()
    issue_nonce(exchange)
    found = leave(GUARD, settings(), SITE, exchange, [*HTML, *stated])
    assert next(value for name, value in found if name == b"cache-control").startswith(b"private")
    assert not {name for name, _ in found} & {b"expires", b"cdn-cache-control", b"surrogate-control"}
