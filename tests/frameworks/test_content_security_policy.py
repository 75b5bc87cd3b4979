"""The policy of pages in each framework: in templates, on errors and streams, and what browsers report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask, render_template_string
from flask import request as flask_request
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.templating import Jinja2Templates
from starlette.testclient import TestClient

import ringwork
from ringwork import public
from ringwork.crypto.integrity import integrity_of
from ringwork.enforce.browser.content_security_policy import ContentSecurityPolicySettings, RoutePolicy
from ringwork.policy import files
from tests.frameworks.hosts import BUILDERS, Effects, Host

PATH = "/.ringwork/csp-reports"
CSP = "content-security-policy"
ECHO = "x-echo"
TEMPLATE = '<script nonce="{{ request.state.csp_nonce }}"></script>'


def starlette_app(effects: Effects) -> Starlette:
    """Pages by Starlette's own templates, a page that repeats its request, a stream and an error page of the application."""
    templates = Jinja2Templates(env=Environment(loader=DictLoader({"page.html": TEMPLATE}), autoescape=True))

    async def page(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    async def echo(request: Request) -> Response:
        return HTMLResponse("<p>", headers={ECHO: request.query_params["said"]})

    async def stream(request: Request) -> Response:
        nonce = ringwork.current().csp_nonce
        return StreamingResponse(iter([f'<script nonce="{nonce}">', "</script>"]), media_type="text/html")

    async def data(request: Request) -> Response:
        return Response("{}", media_type="application/json")

    async def missing(request: Request, error: Exception) -> Response:
        return templates.TemplateResponse(request, "page.html", status_code=404)

    routes = {"/page": page, "/echo": echo, "/stream": stream, "/data": data}
    return Starlette(
        routes=[Route(path, public("a test")(handler)) for path, handler in routes.items()], exception_handlers={HTTPException: missing}
    )


def flask_app(effects: Effects) -> Flask:
    """The same by Flask's templates."""
    app = Flask(__name__)

    @app.get("/page")
    @public("a test")
    def page() -> str:
        return render_template_string('<script nonce="{{ csp_nonce }}"></script><style nonce="{{ csp_nonce() }}"></style>')

    @app.get("/echo")
    @public("a test")
    def echo() -> Any:
        return "<p>", 200, {ECHO: flask_request.args["said"]}

    @app.get("/stream")
    @public("a test")
    def stream() -> Any:
        nonce = ringwork.current().csp_nonce
        return iter([f'<script nonce="{nonce}">', "</script>"])

    @app.get("/data")
    @public("a test")
    def data() -> Any:
        return {}

    @app.errorhandler(404)
    def missing(error: Exception) -> Any:
        return page(), 404

    return app


APPS: dict[str, Callable[[Effects], Any]] = {"starlette": starlette_app, "flask": flask_app}


@pytest.fixture(params=APPS)
def host(request: pytest.FixtureRequest) -> Host:
    return Host(request.param, APPS[request.param])


def nonce_of(policy: str) -> str:
    """The nonce that a policy names, "" for none."""
    found = re.search(r"'nonce-([^']+)'", policy)
    return found[1] if found else ""


@pytest.mark.parametrize("path", ["/page", "/stream", "/nothing-here"])
def test_the_nonce_of_the_template_is_the_nonce_of_the_policy(host: Host, path: str) -> None:
    """In the framework's own templates, in a stream, and on the application's error page; each time another."""
    seen = set()
    for _ in range(3):
        reply = host.ask("GET", path, {"accept": "text/html"})
        (policy,) = reply.all(CSP)
        assert set(re.findall(r'nonce="([^"]+)"', reply.text)) == {nonce_of(policy)}
        seen.add(nonce_of(policy))
    assert len(seen) == 3
    assert "" not in seen


def test_a_page_that_asks_for_no_nonce_gets_none(host: Host) -> None:
    """Nothing inline runs there at all."""
    (policy,) = host.ask("GET", "/echo?said=x").all(CSP)
    assert nonce_of(policy) == ""


def test_data_is_denied_everything(host: Host) -> None:
    """JSON that is opened as a page can do nothing."""
    assert host.ask("GET", "/data").all(CSP) == ["default-src 'none'; frame-ancestors 'none'"]


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/ok", 200), ("GET", "/boom", 500), ("GET", "/moved", 302), ("GET", "/who", 401), ("GET", "/bare", 403), ("GET", "/none", 404),
     ("DELETE", "/ok", 405), ("GET", "/form", 200)],
)  # fmt: skip
def test_trap_33_every_answer_of_every_status_carries_a_policy(name: str, method: str, path: str, status: int) -> None:
    """Rule: headers are written at the start of every answer, whatever made it, refusals and faults too."""
    reply = Host(name, BUILDERS[name]).ask(method, path, {"accept": "text/html"})
    assert reply.status == status
    assert len(reply.all(CSP)) == 1


@pytest.mark.parametrize("said", ["x%0d%0acontent-security-policy:%20default-src%20*", "x;%20script-src%20*", "https://evil.invalid"])
def test_trap_33_nothing_of_the_request_reaches_the_policy(host: Host, said: str) -> None:
    """Rule: the policy's text comes from checked settings and from chance alone, never from input."""
    sent = {"referer": "https://evil.invalid/", "origin": "https://evil.invalid", "x-nonce": "evil", "accept": "text/html"}
    plain = host.ask("GET", "/echo?said=x").all(CSP)
    assert host.ask("GET", f"/echo?said={said}", sent).all(CSP)[:1] == plain
    told = "".join(value for _, value in host.ask("GET", f"/page?said={said}", sent).headers)
    assert "evil" not in told


def test_trap_33_a_setting_cannot_smuggle_a_second_directive_or_header() -> None:
    """Rule: what stands in the settings is validated before any of it is written."""
    for text in ("https://a.example; script-src *", "https://a.example\r\nx: y", "https://a.example, default-src *", "'unsafe-inline'"):
        with pytest.raises(ringwork.PolicyInvalid, match=r"image_sources\[0\]"):
            ringwork.Policy(content_security_policy=ContentSecurityPolicySettings(image_sources=(text,)))


# Reports


def report(blocked: str = "inline") -> bytes:
    told = {"document-uri": "https://clinic.example/patients/17", "effective-directive": "script-src-elem", "blocked-uri": blocked}
    return json.dumps({"csp-report": told}).encode()


def post(host: Host, body: bytes, kind: str = "application/csp-report") -> Any:
    return host.ask("POST", PATH, {"content-type": kind, "sec-fetch-site": "same-origin", "sec-fetch-dest": "report"}, body)


def test_a_report_of_a_browser_becomes_one_event(host: Host) -> None:
    """Without login and without token, since browsers send neither; repeated ones are counted."""
    assert [post(host, report()).status for _ in range(5)] == [204] * 5
    (event,) = host.events
    assert (event.control, event.reason) == ("browser.content-security-policy", "violation-reported")
    assert event.detail == "directive=script-src-elem blocked=inline page=/patients/* disposition=enforce"


def test_a_report_cannot_forge_a_line_or_bring_markup_into_the_log(host: Host) -> None:
    """Every part of it is a known word, a cleaned address, or left out."""
    post(host, report('https://x.invalid/"><script>1</script>\r\n{"v":2,"control":"forged"}'))
    (event,) = host.events
    assert "script>" not in event.detail
    assert "forged" not in event.detail
    assert event.detail.isprintable()


@pytest.mark.parametrize("size", [16_500, 1024 * 1024])
def test_a_large_report_is_refused(host: Host, size: int) -> None:
    """16 KiB hold every honest one."""
    reply = post(host, report("A" * size))
    assert reply.status == 413
    assert [event.reason for event in host.events] == ["report-too-large"]


def test_a_report_in_pieces_is_measured_as_it_comes(host: Host) -> None:
    """No Content-Length says how long it will be."""
    if host.name == "flask":
        assert host.ask("POST", PATH, {"content-type": "application/csp-report", "transfer-encoding": "chunked"}, b"").status == 400
        return
    client = TestClient(host.app, base_url="https://clinic.example")
    pieces = iter([b"A" * 10_000] * 3)
    assert client.post(PATH, headers={"content-type": "application/csp-report"}, content=pieces).status_code == 413


def test_observing_takes_no_report_and_writes_no_policy() -> None:
    """Observe changes no answer."""
    for name, build in APPS.items():
        observing = Host(name, build, mode="observe")
        assert observing.ask("GET", "/page").all(CSP) == []
        assert post(observing, report()).status in {404, 405}


# FastAPI's documentation pages


def documented(**own: Any) -> TestClient:
    app = FastAPI(title="The shop")
    rules = dict.fromkeys(
        ("GET /docs", "GET /redoc", "GET /docs/oauth2-redirect", "GET /openapi.json"), public("our interface is no secret")
    )
    ringwork.protect(app, ringwork.Policy(origin="https://clinic.example", rules=rules, **own))
    return TestClient(app, base_url="https://clinic.example")


def test_the_swagger_page_works_after_one_declared_route() -> None:
    """Its own inline script by hash, its two files by whole address, and no 'unsafe-inline' for script."""
    own = RoutePolicy(route="GET /docs", reason="for the developers of our clients", preset="swagger")
    reply = documented(content_security_policy=ContentSecurityPolicySettings(routes=(own,))).get("/docs")
    policy = reply.headers[CSP]
    scripts = re.search(r"script-src ([^;]+)", policy)
    assert scripts is not None
    assert re.findall(r'<script src="([^"]+)"', reply.text) == [scripts[1].split()[-1]]
    assert re.findall(r'<link type="text/css" rel="stylesheet" href="([^"]+)"', reply.text)[0] in policy
    (inline,) = re.findall(r"<script>(.*?)</script>", reply.text, re.DOTALL)
    assert f"'{integrity_of(inline.encode(), algorithm='sha256')}'" in scripts[1]
    assert "unsafe" not in scripts[1]


def test_the_swagger_page_is_blank_where_nobody_declared_it() -> None:
    """Scripts of another site run only where somebody said so."""
    assert "jsdelivr" not in documented().get("/docs").headers[CSP]


def test_a_settings_file_can_declare_the_swagger_page(tmp_path: Path) -> None:
    """Three lines of TOML."""
    (tmp_path / "ringwork.toml").write_text(
        '[[browser.content-security-policy.routes]]\nroute = "GET /docs"\nreason = "for our clients"\npreset = "swagger"\n',
        encoding="utf-8",
    )
    (own,) = files.load(tmp_path / "ringwork.toml").content_security_policy.routes
    assert (own.route, own.preset) == ("GET /docs", "swagger")


def test_a_template_printed_outside_a_request_has_an_empty_nonce() -> None:
    """A mail made from the same layout must not fail, and an empty nonce lets nothing in."""
    text = Environment(autoescape=True).from_string("[{{ csp_nonce }}]").render(csp_nonce=ringwork.csp_nonce)
    assert text == "[]"
