"""Private answers in real applications: sessions, logins, logouts and pages that swallow whatever follows."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask import Response as FlaskResponse
from flask import redirect as flask_redirect
from flask import request as flask_request
from flask import session as flask_session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ringwork import cacheable, public, requires
from tests.frameworks.hosts import Effects, Host, Reply

ALICE = {"Cookie": "__Host-user=alice"}
SAME_SITE = {"Origin": "https://clinic.example", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
CACHING = {"Cache-Control": "public, max-age=600", "ETag": '"1"'}


def starlette_app(effects: Effects) -> Starlette:
    """Pages with and without anything private, on Starlette."""

    async def page(request: Request) -> Response:
        return HTMLResponse("<p>hello", headers=CACHING)

    async def cart(request: Request) -> Response:
        if request.query_params.get("put"):
            request.session["cart"] = request.query_params["put"]
        return PlainTextResponse(request.session.get("cart", "empty"), headers=CACHING)

    async def logout(request: Request) -> Response:
        answer = RedirectResponse("/page", 303)
        answer.delete_cookie("user")
        return answer

    async def flash(request: Request) -> Response:
        answer = PlainTextResponse("saved")
        answer.delete_cookie("flash")
        return answer

    async def drop(request: Request) -> Response:
        return PlainTextResponse("a,b", media_type="text/csv")

    return Starlette(
        routes=[
            Route("/page", public("the same for all")(page)),
            Route("/logo", public("the same for all")(cacheable("a picture of the house", max_age=60)(_twin(page)))),
            Route("/mine", requires()(_twin(page))),
            Route("/cart", public("the visitor's own")(cart)),
            Route("/goodbye", requires()(logout), methods=["POST"]),
            Route("/flash", requires()(flash)),
            Route("/account/{rest:path}", requires()(_twin(page))),
            Route("/files/{name:path}", requires()(drop)),
        ],
        middleware=[Middleware(SessionMiddleware, secret_key="of this test")],
    )


def _twin(handler: Any) -> Any:
    async def twin(request: Request) -> Response:
        answer: Response = await handler(request)
        return answer

    return twin


def _twin_view(view: Any) -> Any:
    def twin(**parameters: str) -> Any:
        return view(**parameters)

    return twin


def flask_app(effects: Effects) -> Flask:
    """The same on Flask."""
    app = Flask(__name__)
    app.secret_key = "of this test"

    def page(rest: str = "") -> Any:
        return FlaskResponse("<p>hello", headers=CACHING, mimetype="text/html")

    @app.get("/cart")
    @public("the visitor's own")
    def cart() -> Any:
        if flask_request.args.get("put"):
            flask_session["cart"] = flask_request.args["put"]
        return FlaskResponse(flask_session.get("cart", "empty"), headers=CACHING)

    @app.post("/goodbye")
    @requires()
    def logout() -> Any:
        answer = flask_redirect("/page", 303)
        answer.delete_cookie("user")
        return answer

    @app.get("/flash")
    @requires()
    def flash() -> Any:
        answer = FlaskResponse("saved")
        answer.delete_cookie("flash")
        return answer

    @app.get("/files/<path:name>")
    @requires()
    def drop(name: str) -> Any:
        return FlaskResponse("a,b", mimetype="text/csv")

    app.add_url_rule("/page", "page", public("the same for all")(_twin_view(page)))
    logo = cacheable("a picture of the house", max_age=60)(public("the same for all")(_twin_view(page)))
    app.add_url_rule("/logo", "logo", logo)
    app.add_url_rule("/mine", "mine", requires()(_twin_view(page)))
    app.add_url_rule("/account/<path:rest>", "account", requires()(_twin_view(page)))
    return app


BUILDERS: dict[str, Any] = {"starlette": starlette_app, "flask": flask_app}


@pytest.fixture(params=sorted(BUILDERS))
def host(request: pytest.FixtureRequest) -> Host:
    return Host(request.param, BUILDERS[request.param])


def caching(answer: Reply) -> tuple[list[str], bool]:
    """The whole Cache-Control, and whether the answer varies by cookie."""
    return answer.all("cache-control"), "cookie" in ", ".join(answer.all("vary")).lower()


@pytest.mark.parametrize("path", ["/page", "/mine", "/missing"])
def test_keeps_what_a_signed_in_user_gets_out_of_every_cache(host: Host, path: str) -> None:
    """Trap 28 and 30: pages of all kinds, also those that anybody may see."""
    answer = host.ask("GET", path, ALICE)
    assert answer.all("cache-control") == ["no-store"]
    if path != "/missing":
        assert caching(answer) == (["no-store"], True)


def test_keeps_the_redirect_of_a_signed_in_user_out(host: Host) -> None:
    """A redirect may carry what only he may know."""
    assert caching(host.ask("POST", "/goodbye", {**ALICE, **SAME_SITE}, b"{}")) == (["no-store"], True)


def test_leaves_anonymous_pages_their_caching(host: Host) -> None:
    """What everybody gets may be kept as the application says."""
    answer = host.ask("GET", "/page")
    assert answer.all("cache-control") == ["public, max-age=600"]
    assert answer.all("etag") == ['"1"']


def test_keeps_what_a_route_declares(host: Host) -> None:
    """The mark of the route is found by both adapters."""
    assert host.ask("GET", "/logo", ALICE).all("cache-control") == ["private, max-age=60"]


def test_trap_30_a_session_that_was_touched_is_not_shared(host: Host) -> None:
    """Rule: a session that is written or read with a cookie means no-store and Vary: Cookie; nobody is signed in here."""
    written = host.ask("GET", "/cart?put=tea")
    assert caching(written) == (["no-store"], True)
    cookie = written.all("set-cookie")[0].partition(";")[0]
    read = host.ask("GET", "/cart", {"Cookie": cookie})
    assert (read.text, *caching(read)) == ("tea", ["no-store"], True)


def test_trap_28_a_token_on_a_get_is_not_stored(host: Host) -> None:
    """Rule: what credentials of any kind get is not stored, though nobody knows whose they are."""
    assert host.ask("GET", "/page", {"Authorization": "Bearer something"}).all("cache-control") == ["no-store"]


def test_clears_the_browser_at_logout(host: Host) -> None:
    """Known by the login cookie that goes, whatever the route is called."""
    answer = host.ask("POST", "/goodbye", {**ALICE, **SAME_SITE}, b"{}")
    assert (answer.status, answer.all("clear-site-data")) == (303, ['"cache","cookies","storage"'])


def test_keeps_a_user_signed_in_when_a_flash_message_goes(host: Host) -> None:
    """A cookie that is deleted is not always the login's."""
    answer = host.ask("GET", "/flash", {"Cookie": "__Host-user=alice; __Host-flash=saved"})
    assert (answer.status, answer.all("clear-site-data")) == (200, [])


@pytest.mark.parametrize("path", ["/account/x.css", "/account/logo.png", "/account%2Fx.js"])
def test_refuses_a_private_page_under_the_name_of_a_file(host: Host, path: str) -> None:
    """Web cache deception: the page behind an open-ended path is not handed out under another kind's name."""
    assert host.ask("GET", path, ALICE).status == 404
    assert host.ask("GET", "/account/mail", ALICE).status == 200
    assert ("browser.cache-control", "static-suffix") in [(e.control, e.reason) for e in host.events]


def test_serves_a_download_under_its_own_name(host: Host) -> None:
    """A file that is what its name says is no deception."""
    answer = host.ask("GET", "/files/2026/list.csv", ALICE)
    assert (answer.status, answer.text) == (200, "a,b")
    assert answer.all("cache-control") == ["no-store"]


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"reason": "a picture", "max_age": -1}, {"reason": "a picture", "max_age": 31_536_001}])
def test_asks_for_a_reason_and_a_lifetime_of_at_most_a_year(wrong: dict[str, Any]) -> None:
    """An exception that nobody can explain is a mistake."""
    with pytest.raises(ValueError, match="cacheable"):
        cacheable(**wrong)
