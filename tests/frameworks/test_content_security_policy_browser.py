"""The policy in a real browser: what the page brings runs, what was slipped in does not."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from selenium import webdriver

import ringwork
from ringwork import Policy, public
from ringwork.enforce.browser.content_security_policy import ContentSecurityPolicySettings, RoutePolicy

OPEN = public("a test")
SLIPPED_IN = """
<script>document.title = 'taken'</script>
<img src="data:," onerror="document.title = 'taken'">
<script src="data:text/javascript,document.title='taken'"></script>
<script nonce="">document.title = 'taken'</script>
<base href="https://evil.invalid/">
<a href="javascript:document.title='taken'" id="link">link</a>
"""
OWN = "<script src='/own.js'></script><script nonce='{nonce}'>document.documentElement.dataset.nonce = 'ran'</script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium with chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in ("--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as started:
        yield started


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/page")
    @OPEN
    def page() -> Response:
        return HTMLResponse(OWN.format(nonce=ringwork.current().csp_nonce) + SLIPPED_IN)

    @app.get("/own.js")
    @OPEN
    def own() -> Response:
        return Response("document.documentElement.dataset.own = 'ran'", media_type="text/javascript")

    @app.get("/framing")
    @OPEN
    def framing() -> Response:
        return HTMLResponse("<iframe src='/page'></iframe>")

    return app


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A guarded application on loopback."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        place = f"http://localhost:{listening.getsockname()[1]}"
        docs = RoutePolicy(route="GET /docs", reason="a test", preset="swagger")
        rules = {"GET /docs": OPEN, "GET /openapi.json": OPEN}
        own = ContentSecurityPolicySettings(routes=(docs,))
        app = ringwork.protect(application(), Policy(origin=place, rules=rules, content_security_policy=own))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield place
        server.should_exit = server.force_exit = True
        thread.join(5)


def complaints(browser: webdriver.Chrome) -> list[str]:
    """What the policy blocked, as the browser tells its developer."""
    return [entry["message"] for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]]


@pytest.mark.real
def test_a_browser_runs_what_the_page_brings_and_nothing_that_was_slipped_in(browser: webdriver.Chrome, origin: str) -> None:
    """Own file and nonce run; inline script, handler, data: address, empty nonce, base and javascript: link do not."""
    browser.get(f"{origin}/page")
    browser.execute_script("document.getElementById('link').click()")
    ran = browser.execute_script("return [document.documentElement.dataset.own, document.documentElement.dataset.nonce]")
    assert ran == ["ran", "ran"]
    assert browser.title != "taken"
    assert browser.execute_script("return document.baseURI") == f"{origin}/page"
    assert len(complaints(browser)) >= 5


@pytest.mark.real
def test_a_browser_shows_no_page_in_a_frame(browser: webdriver.Chrome, origin: str) -> None:
    """Not even in one of the same site, unless that is declared."""
    browser.get(f"{origin}/framing")
    browser.switch_to.frame(0)
    assert browser.execute_script("return document.documentElement.dataset.own || ''") == ""
    browser.switch_to.default_content()


@pytest.mark.real
def test_a_browser_runs_the_own_script_of_the_swagger_page(browser: webdriver.Chrome, origin: str) -> None:
    """Its hash is let in: the script runs, and here it only misses Swagger, which no test loads from another site."""
    browser.get_log("browser")
    browser.get(f"{origin}/docs")
    told = [entry["message"] for entry in browser.get_log("browser")]
    assert any("SwaggerUIBundle is not defined" in message for message in told) or browser.execute_script(
        "return 'SwaggerUIBundle' in window"
    )
    assert not [message for message in told if "inline script" in message]
