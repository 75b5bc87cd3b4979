"""Who is asking, in the frameworks: what a stranger gets at every kind of way in, and which of the application's own checks count."""

# ruff: noqa: B008  # a dependency stands where FastAPI reads it

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Security, WebSocketException
from fastapi.security import APIKeyCookie, HTTPBearer, OAuth2PasswordBearer
from fastapi.staticfiles import StaticFiles
from flask import Blueprint, Flask, abort
from flask import request as flask_request
from flask.views import MethodView
from flask_login import LoginManager, UserMixin, login_required, login_user
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import ringwork
from ringwork import Policy, Principal, public, requires
from ringwork.enforce.identity.authentication_required import AuthenticationRequiredSettings
from ringwork.errors import PolicyInvalid
from ringwork.protect import installed

ORIGIN = "https://clinic.example"
HERE = __name__
PAGE = {"Accept": "text/html"}


def identify(request: Any) -> Principal | None:
    name = request.cookies.get("user")
    return Principal(id=name) if name else None


def policy(**more: Any) -> Policy:
    return Policy(**{"origin": ORIGIN, "identify": identify, **more})


def rule_of(app: Any, name: str) -> str:
    """The rule that a route has at start, in words."""
    found = {route.name: route for route in installed(app).list_routes()}[name]
    return found.rule_source


class Asgi:
    """A client of a FastAPI or Starlette application."""

    def __init__(self, app: Any) -> None:
        self.client = TestClient(app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False)

    def get(self, path: str, headers: dict[str, str] | None = None) -> int:
        return self.client.get(path, headers=headers or {}).status_code


class Wsgi:
    """A client of a Flask application."""

    def __init__(self, app: Flask) -> None:
        self.client, self.bare = app.test_client(), app.test_client(use_cookies=False)

    def get(self, path: str, headers: dict[str, str] | None = None) -> int:
        client = self.bare if headers and "Cookie" in headers else self.client
        with client.get(path, base_url=ORIGIN, headers=headers or {}) as answer:
            return answer.status_code


SIGNED_IN = {"Cookie": "__Host-user=ada"}


# -- named checks, by the module of this test ---------------------------------------------------------------


def current_user(request: Request) -> str:
    """The application's own dependency: a token that it knows."""
    if request.headers.get("authorization") != "Bearer known":
        raise HTTPException(401)
    return "ada"


def socket_user(connection: HTTPConnection) -> str:
    """The application's own dependency of sockets."""
    if connection.headers.get("authorization") != "Bearer known":
        raise WebSocketException(1008)
    return "ada"


def badge_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """The application's own decorator."""

    @functools.wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if flask_request.headers.get("X-Badge") != "known":
            abort(401)
        return view(*args, **kwargs)

    return checked


def badge_of(colour: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The same with an argument."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if flask_request.headers.get("X-Badge") != colour:
                abort(401)
            return view(*args, **kwargs)

        return checked

    return decorate


def require_badge() -> None:
    """The application's own function before requests."""
    if flask_request.headers.get("X-Badge") != "known":
        abort(401)


def login_required_lookalike(view: Callable[..., Any]) -> Callable[..., Any]:
    """It looks like authentication and checks nothing."""

    @functools.wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return checked


# -- traps --------------------------------------------------------------------------------------------------


def fastapi_with_rule() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/notes")
    @requires()
    def notes() -> str:
        return "private"

    return app


def flask_with_rule() -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.get("/notes")
    @requires()
    def notes() -> str:
        return "private"

    return app


@pytest.mark.parametrize("make", [fastapi_with_rule, flask_with_rule])
def test_trap_03_does_not_start_in_production_without_a_verifier(make: Callable[[], Any]) -> None:
    """Trap 3: a rule that asks for a user while nothing can verify one stops production; it never accepts whatever comes."""
    app = ringwork.protect(make(), Policy(origin=ORIGIN, mode="production", key=ringwork.Secret(b"k" * 32)))
    with pytest.raises(PolicyInvalid, match="`identify` is not set"):
        installed(app).settle()


@pytest.mark.parametrize(("make", "client"), [(fastapi_with_rule, Asgi), (flask_with_rule, Wsgi)])
@pytest.mark.parametrize("credential", ["Bearer x", "Basic Og==", "Bearer", ""])
def test_trap_03_accepts_no_header_that_nothing_verifies(
    make: Callable[[], Any], client: Any, credential: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Trap 3: in enforce the start is warned about, and every credential is nobody's."""
    with caplog.at_level(logging.WARNING, "ringwork"):
        assert client(ringwork.protect(make(), Policy(origin=ORIGIN))).get("/notes", {"Authorization": credential}) == 401
    assert "`identify` is not set" in caplog.text


def test_trap_01_refuses_what_a_deep_mount_hides() -> None:
    """Trap 1: below any depth of mounts a route without a rule is refused, and one with a rule asks; unresolved is never open."""

    async def private(request: Request) -> Response:
        return PlainTextResponse("private")

    async def bare(request: Request) -> Response:
        return PlainTextResponse("bare")

    inner: Any = Starlette(routes=[Route("/private", requires()(private)), Route("/bare", bare)])
    for depth in range(6):
        inner = Starlette(routes=[Mount(f"/m{depth}", inner)])
    at = "/m5/m4/m3/m2/m1/m0"
    client = Asgi(ringwork.protect(inner, policy()))
    assert client.get(f"{at}/private") == 401
    assert client.get(f"{at}/private", SIGNED_IN) == 200
    assert client.get(f"{at}/bare", SIGNED_IN) == 403


def test_trap_07_does_not_inherit_a_rule_in_starlette() -> None:
    """Trap 7: a rule stands on the route's own object; a handler class that inherits from a marked one has none and is refused."""

    @public("the parent is open")
    class Parent(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("parent")

    class Child(Parent):
        pass

    client = Asgi(ringwork.protect(Starlette(routes=[Route("/parent", Parent), Route("/child", Child)]), policy()))
    assert (client.get("/parent"), client.get("/child"), client.get("/child", SIGNED_IN)) == (200, 403, 403)


def test_trap_07_does_not_inherit_a_rule_in_flask() -> None:
    """Trap 7: the same with Flask's view classes, whose inherited methods carry no rule of the parent's."""

    @public("the parent is open")
    class Parent(MethodView):
        def get(self) -> str:
            return "parent"

    class Child(Parent):
        pass

    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/parent", view_func=Parent.as_view("parent"))
    app.add_url_rule("/child", view_func=Child.as_view("child"))
    client = Wsgi(ringwork.protect(app, policy()))
    assert (client.get("/parent"), client.get("/child"), client.get("/child", SIGNED_IN)) == (200, 403, 403)


def test_trap_08_asks_at_mounts_and_static_files_in_starlette(tmp_path: Path) -> None:
    """Trap 8: mounts and static files meet the same check as routes; they have no way round it."""
    (tmp_path / "secret.txt").write_text("private", encoding="utf-8")

    async def foreign(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("private")(scope, receive, send)

    app = Starlette(
        routes=[
            Mount("/files", requires()(StaticFiles(directory=tmp_path))),
            Mount("/bare", StaticFiles(directory=tmp_path)),
            Mount("/foreign", requires()(foreign)),
        ]
    )
    client = Asgi(ringwork.protect(app, policy()))
    assert [client.get(path) for path in ("/files/secret.txt", "/bare/secret.txt", "/foreign/x")] == [401, 403, 401]
    assert [client.get(path, SIGNED_IN) for path in ("/files/secret.txt", "/bare/secret.txt", "/foreign/x")] == [200, 403, 200]


def test_trap_08_asks_at_static_files_and_mounts_in_flask(tmp_path: Path) -> None:
    """Trap 8: Flask's own static route and an application that a dispatcher serves beside it meet the same check."""
    (tmp_path / "secret.txt").write_text("private", encoding="utf-8")

    def foreign(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"private"]

    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/files")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/foreign": requires()(foreign)})  # type: ignore[method-assign]
    client = Wsgi(ringwork.protect(app, policy(rules={"GET /files/{filename}": requires()})))
    assert [client.get(path) for path in ("/files/secret.txt", "/foreign/x")] == [401, 401]
    assert [client.get(path, SIGNED_IN) for path in ("/files/secret.txt", "/foreign/x")] == [200, 200]


@pytest.mark.parametrize(
    "path", ["/notes%0a", "/notes%0a.css", "/notes%0d%0a", "/%0anotes", "//notes", "/notes;x=1", "/notes%00", "/x/..%2fnotes"]
)
@pytest.mark.parametrize(("make", "client"), [(fastapi_with_rule, Asgi), (flask_with_rule, Wsgi)])
def test_trap_08_shows_nothing_under_a_path_that_is_written_otherwise(make: Callable[[], Any], client: Any, path: str) -> None:
    """Trap 8: line ends and other spellings of a path reach no handler without the check; no pattern of ours looks at a path."""
    assert client(ringwork.protect(make(), policy())).get(path) in {308, 307, 401, 403, 404}


# -- sockets ------------------------------------------------------------------------------------------------


def test_asks_at_a_socket_as_at_a_route() -> None:
    """A WebSocket is a way in like any other."""
    app = FastAPI(openapi_url=None)

    @app.websocket("/live")
    @requires()
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    client = TestClient(ringwork.protect(app, policy()), base_url=ORIGIN)
    own = {"Origin": ORIGIN}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("wss://clinic.example/live", headers=own):
        pass
    with client.websocket_connect("wss://clinic.example/live", headers={**own, **SIGNED_IN}):
        pass


# -- the application's own checks: FastAPI --------------------------------------------------------------------

SCHEME = OAuth2PasswordBearer(tokenUrl="token")
LENIENT = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)


def user_of_token(token: Annotated[str, Depends(SCHEME)]) -> str:
    if token != "known":
        raise HTTPException(401)
    return "ada"


def maybe_user(token: Annotated[str | None, Depends(LENIENT)]) -> str | None:
    return token


def active_user(user: Annotated[str, Depends(user_of_token)]) -> str:
    return user


def get_current_user() -> str:
    return "whoever"


def fastapi_with_own_checks() -> FastAPI:
    app = FastAPI(openapi_url=None)
    inner = APIRouter(prefix="/inner", dependencies=[Depends(user_of_token)])
    plain = APIRouter()

    def answer() -> str:
        return "private"

    app.get("/scheme-inside")(lambda user=Depends(user_of_token): "private")
    app.get("/deeper")(lambda user=Depends(active_user): "private")
    app.get("/security")(lambda user=Security(user_of_token, scopes=["read"]): "private")
    app.get("/named")(lambda user=Depends(current_user): "private")
    app.get("/scheme-alone")(lambda token=Depends(SCHEME): "private")
    app.get("/key-alone")(lambda key=Depends(APIKeyCookie(name="key")): "private")
    app.get("/bearer-alone", dependencies=[Depends(HTTPBearer())])(answer)
    app.get("/lenient")(lambda user=Depends(maybe_user): "private")
    app.get("/looks-like-it")(lambda user=Depends(get_current_user): "private")
    app.get("/marked")(public("the mark wins")(lambda user=Depends(user_of_token): "open"))
    inner.get("/router")(answer)
    plain.get("/included")(answer)
    app.include_router(inner)
    app.include_router(plain, prefix="/late", dependencies=[Depends(user_of_token)])
    return app


OWN_ROUTES = ["/scheme-inside", "/deeper", "/security", "/inner/router", "/late/included"]
GUESSES = ["/scheme-alone", "/key-alone", "/bearer-alone", "/lenient", "/looks-like-it"]


@pytest.mark.parametrize("path", [*OWN_ROUTES, "/named"])
def test_counts_a_dependency_that_verifies_as_the_route_s_rule(path: str) -> None:
    """Nobody declares access twice: with no `identify` the application's own check decides."""
    client = Asgi(ringwork.protect(fastapi_with_own_checks(), Policy(origin=ORIGIN, own_auth=(f"{HERE}:current_user",))))
    asked = [client.get(path, {"Authorization": value}) for value in ("", "Bearer x", "Bearer known")]
    assert asked == [401, 401, 200]


@pytest.mark.parametrize("path", [*OWN_ROUTES, "/named"])
def test_asks_for_a_principal_too_where_identify_knows_one(path: str) -> None:
    """With `identify` ringwork refuses by itself, whatever the application's own check would say."""
    client = Asgi(ringwork.protect(fastapi_with_own_checks(), policy(own_auth=(f"{HERE}:current_user",))))
    assert client.get(path, {"Authorization": "Bearer known"}) == 401
    assert client.get(path, {"Authorization": "Bearer known", **SIGNED_IN}) == 200
    assert client.get(path, {"Authorization": "Bearer x", **SIGNED_IN}) == 401


@pytest.mark.parametrize("path", GUESSES)
def test_counts_no_guess_as_a_rule(path: str) -> None:
    """Traps 3 and 4: a scheme alone takes any value, a lenient one takes none, and a name is only a name; all are refused."""
    client = Asgi(ringwork.protect(fastapi_with_own_checks(), policy()))
    assert client.get(path, {"Authorization": "Bearer known", **SIGNED_IN, "X-Key": "x"}) == 403


def test_lets_a_mark_win_over_a_recognised_check() -> None:
    """What somebody declared is the rule; the application's own check still runs."""
    app = ringwork.protect(fastapi_with_own_checks(), policy())
    assert rule_of(app, "GET /marked") == "handler"
    assert Asgi(app).get("/marked") == 401
    assert Asgi(app).get("/marked", {"Authorization": "Bearer known"}) == 200


def test_says_at_start_what_it_leaves_to_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the one line of the start knows that these routes stand on their own check alone."""
    installed(ringwork.protect(flask_with_own_checks(), Policy(origin=ORIGIN))).settle()
    assert "3 left to the application's own check" in capsys.readouterr().err
    installed(ringwork.protect(flask_with_own_checks(), policy())).settle()
    assert "own check" not in capsys.readouterr().err


def test_names_the_check_as_the_source_of_the_rule() -> None:
    """Reports say whose check stands there."""
    app = ringwork.protect(fastapi_with_own_checks(), policy(own_auth=(f"{HERE}:current_user",)))
    assert rule_of(app, "GET /named") == f"own check {HERE}:current_user"
    assert rule_of(app, "GET /inner/router") == "own check user_of_token"


def test_counts_a_named_dependency_of_a_socket_as_its_rule() -> None:
    """A socket is a way in like any other, and its own check decides there as well."""
    app = FastAPI(openapi_url=None)

    @app.websocket("/live")
    async def live(socket: WebSocket, user: Annotated[str, Depends(socket_user)]) -> None:
        await socket.accept()
        await socket.close()

    client = TestClient(ringwork.protect(app, Policy(origin=ORIGIN, own_auth=(f"{HERE}:socket_user",))), base_url=ORIGIN)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("wss://clinic.example/live", headers={"Origin": ORIGIN}):
        pass
    with client.websocket_connect("wss://clinic.example/live", headers={"Origin": ORIGIN, "Authorization": "Bearer known"}):
        pass


def test_leaves_a_plain_mount_of_an_application_with_dependencies_refused() -> None:
    """Dependencies of an application do not run before what it mounts, so they are no rule there."""
    app = FastAPI(openapi_url=None, dependencies=[Depends(user_of_token)])

    async def inside(request: Request) -> Response:
        return PlainTextResponse("private")

    @app.get("/own")
    def own() -> str:
        return "private"

    app.mount("/inner", Starlette(routes=[Route("/x", inside)]))
    client = Asgi(ringwork.protect(app, Policy(origin=ORIGIN)))
    assert client.get("/own", {"Authorization": "Bearer known"}) == 200
    assert client.get("/inner/x", {"Authorization": "Bearer known"}) == 403


@pytest.mark.parametrize("token", ["known", "x", ""])
def test_lets_no_stranger_change_anything_behind_an_own_check(token: str) -> None:
    """Somebody whom `identify` does not know is refused before the application's check, which might let him through."""
    done = list[str]()
    app = FastAPI(openapi_url=None)

    @app.post("/notes", status_code=303)
    def write(user: Annotated[str, Depends(user_of_token)]) -> None:
        done.append(user)

    client = TestClient(ringwork.protect(app, policy()), base_url=ORIGIN, follow_redirects=False)
    assert client.post("/notes", headers={"Authorization": f"Bearer {token}"}, json={}).status_code == 401
    assert done == []


def test_keeps_the_words_of_the_application_s_own_refusal() -> None:
    """Clients know its challenge, so who only reads is refused by the application itself."""
    client = TestClient(ringwork.protect(fastapi_with_own_checks(), policy()), base_url=ORIGIN)
    assert client.get("/scheme-inside").headers["www-authenticate"] == "Bearer"


def test_asks_for_proof_of_origin_behind_an_own_check() -> None:
    """Who is asking is unknown here, so a change with a cookie from a foreign page is refused before the application's check."""
    app = FastAPI(openapi_url=None)

    @app.post("/notes")
    def write(user: Annotated[str, Depends(user_of_token)]) -> str:
        return "written"

    client = TestClient(ringwork.protect(app, Policy(origin=ORIGIN)), base_url=ORIGIN)
    forged = {"Authorization": "Bearer known", "Cookie": "session=1", "Origin": "https://evil.invalid"}
    assert client.post("/notes", headers=forged, json={}).status_code == 403
    assert client.post("/notes", headers={**forged, "Origin": ORIGIN}, json={}).status_code == 200


# -- the application's own checks: Flask ----------------------------------------------------------------------


def flask_with_own_checks() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.secret_key = "k" * 32
    manager = LoginManager(app)

    class User(UserMixin):
        id = "ada"

    manager.user_loader(lambda user_id: User())

    def view(name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        def handler() -> str:
            return "private"

        app.add_url_rule(f"/{name}", endpoint=name, view_func=make(handler))

    view("library", login_required)
    view("named", badge_required)
    view("factory", badge_of("blue"))
    view("below-another", lambda handler: login_required_lookalike(login_required(handler)))
    view("looks-like-it", login_required_lookalike)

    @app.post("/in")
    @public("where one signs in")
    def sign_in() -> str:
        login_user(User())
        return "in"

    class Classy(MethodView):
        decorators = [login_required]  # noqa: RUF012  # as Flask's own documentation writes it

        def get(self) -> str:
            return "private"

    app.add_url_rule("/classy", view_func=Classy.as_view("classy"))
    shut = Blueprint("shut", __name__, url_prefix="/shut")
    shut.before_request(require_badge)
    shut.add_url_rule("/inside", view_func=lambda: "private", endpoint="inside")
    app.register_blueprint(shut)
    return app


NAMED = (f"{HERE}:badge_required", f"{HERE}.badge_of", f"{HERE}:require_badge")


@pytest.mark.parametrize(("path", "badge"), [("/named", "known"), ("/factory", "blue"), ("/shut/inside", "known")])
def test_counts_what_the_policy_names_as_the_view_s_rule(path: str, badge: str) -> None:
    """A decorator, one with arguments, and a function before requests: named, they count, and they decide."""
    client = Wsgi(ringwork.protect(flask_with_own_checks(), Policy(origin=ORIGIN, own_auth=NAMED)))
    assert (client.get(path), client.get(path, {"X-Badge": badge})) == (401, 200)


@pytest.mark.parametrize("path", ["/library", "/classy", "/below-another"])
def test_counts_flask_login_s_decorator_as_the_view_s_rule(path: str) -> None:
    """Known by its code, on functions and classes, below other decorators too."""
    client = Wsgi(ringwork.protect(flask_with_own_checks(), Policy(origin=ORIGIN)))
    assert client.get(path) == 401
    assert client.client.post("/in", base_url=ORIGIN, headers={"Origin": ORIGIN}, json={}).status_code == 200
    assert client.get(path) == 200


@pytest.mark.parametrize("path", ["/looks-like-it", "/named", "/factory", "/shut/inside"])
def test_counts_no_lookalike_and_nothing_unnamed(path: str) -> None:
    """A decorator that is called like authentication is a hint for reports, no rule."""
    client = Wsgi(ringwork.protect(flask_with_own_checks(), policy()))
    assert client.get(path, {"X-Badge": "known", **SIGNED_IN}) == 403


def test_counts_no_decorator_that_is_switched_off() -> None:
    """LOGIN_DISABLED turns Flask-Login's decorator into nothing; then it is no rule either."""
    app = flask_with_own_checks()
    app.config["LOGIN_DISABLED"] = True
    assert Wsgi(ringwork.protect(app, policy())).get("/library", SIGNED_IN) == 403


@pytest.mark.parametrize("make", [fastapi_with_own_checks, flask_with_own_checks])
def test_says_at_start_which_named_check_stands_before_nothing(make: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> None:
    """A name that guards nothing is a mistake: the check was renamed, or is used nowhere."""
    app = ringwork.protect(make(), Policy(origin=ORIGIN, own_auth=(f"{HERE}:identify",)))
    with caplog.at_level(logging.WARNING, "ringwork"):
        installed(app).settle()
    assert f"own_auth names {HERE}:identify, which stands before no route" in caplog.text


@pytest.mark.parametrize("name", ["no.such.module:check", f"{HERE}:no_such_check", "nothing"])
def test_does_not_start_with_a_check_that_is_not_there(name: str) -> None:
    """A name that leads nowhere would leave its routes without a rule, and nobody would know why."""
    app = ringwork.protect(fastapi_with_rule(), policy(own_auth=(name,)))
    with pytest.raises(PolicyInvalid, match="own_auth"):
        installed(app).settle()


# -- answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "client"), [(fastapi_with_rule, Asgi), (flask_with_rule, Wsgi)])
def test_sends_a_page_load_to_the_login(make: Callable[[], Any], client: Any) -> None:
    """With login_path set, a person sees the login page and a script sees 401."""
    login = AuthenticationRequiredSettings(login_path="/login")
    asked = client(ringwork.protect(make(), policy(authentication_required=login)))
    assert (asked.get("/notes", PAGE), asked.get("/notes", {"Accept": "application/json"})) == (303, 401)
