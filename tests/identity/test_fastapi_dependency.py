"""The ready way for an application's own FastAPI dependency, solved by FastAPI itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from fastapi import Body, Cookie, Depends, FastAPI, Header, HTTPException, Request, WebSocket
from fastapi.dependencies.utils import get_dependant
from fastapi.security import APIKeyCookie, HTTPBearer, OAuth2PasswordBearer
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import ringwork
from ringwork import Policy, Principal, current, own_checks, requires
from ringwork.identify import fastapi_dependency
from ringwork.principal import Via

ORIGIN = "https://clinic.example"
SCHEME = OAuth2PasswordBearer(tokenUrl="token")
GOOD = {"Authorization": "Bearer known"}


class Account:
    """A user as an application's database gives it."""

    def __init__(self, number: int, groups: list[str]) -> None:
        self.id, self.groups = number, groups


class Session:
    """A database session that is opened and closed by a dependency with yield."""

    opened = 0
    closed = 0


def database() -> Iterator[Session]:
    Session.opened += 1
    try:
        yield Session()
    finally:
        Session.closed += 1


async def settings() -> AsyncIterator[dict[str, str]]:
    yield {"key": "known"}


def current_account(
    token: Annotated[str, Depends(SCHEME)],
    session: Annotated[Session, Depends(database)],
    given: Annotated[dict[str, str], Depends(settings)],
) -> Account:
    if token == "teapot":
        raise HTTPException(418)
    if token == "shut":
        raise HTTPException(403)
    if token == "broken":
        raise LookupError("the user table is gone")
    if token != given["key"]:
        raise HTTPException(401)
    return Account(7, ["clinician"])


def by_key(value: Annotated[str, Depends(APIKeyCookie(name="key"))]) -> str:
    return value


def by_connection(connection: HTTPConnection) -> str | None:
    return connection.cookies.get("key")


def by_socket(socket: WebSocket, name: Annotated[str | None, Depends(by_connection)]) -> str | None:
    return socket.cookies.get("key") and name


def application(way: Any, **more: Any) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/me")
    @requires("clinician")
    def me() -> dict[str, Any]:
        principal = current().principal
        assert principal is not None
        return {"id": principal.id, "via": principal.via}

    @app.post("/notes")
    @requires()
    def write() -> str:
        return "written"

    @app.websocket("/live")
    @requires()
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    return ringwork.protect(app, Policy(origin=ORIGIN, identify=way, **more))


def browser(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)


WAY = fastapi_dependency(current_account, roles=lambda account: account.groups, via=Via.BEARER)


def test_knows_who_the_dependency_says() -> None:
    """Sub-dependencies, schemes and dependencies with yield are solved as on a route."""
    answer = browser(application(WAY)).get("/me", headers=GOOD)
    assert answer.json() == {"id": "7", "via": "bearer"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic Og=="}, {"Authorization": "Bearer shut"}])
def test_takes_the_two_words_for_nobody_as_nobody(headers: dict[str, str]) -> None:
    """HTTPException 401 and 403 mean that nobody is signed in."""
    assert browser(application(WAY)).get("/me", headers=headers).status_code == 401


@pytest.mark.parametrize("token", ["broken", "teapot"])
def test_refuses_when_the_dependency_fails(token: str) -> None:
    """Any other exception is a fault, which refuses the request."""
    assert browser(application(WAY)).get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 503


def test_closes_what_the_dependency_opened() -> None:
    """A session of the database does not stay open behind the answer."""
    Session.opened = Session.closed = 0
    client = browser(application(WAY))
    client.get("/me", headers=GOOD)
    client.get("/me", headers={"Authorization": "Bearer x"})
    client.get("/me", headers={"Authorization": "Bearer broken"})
    assert (Session.opened, Session.closed) == (3, 3)


@pytest.mark.parametrize("overridden", [current_account, SCHEME])
def test_respects_overrides(overridden: Any) -> None:
    """What an application's tests put in place of a dependency, itself or a part of it, is asked here as well."""
    app = application(WAY)
    app.dependency_overrides[overridden] = lambda: Account(8, ["clinician"]) if overridden is current_account else "known"
    assert browser(app).get("/me").json()["id"] == ("8" if overridden is current_account else "7")


def test_takes_input_that_does_not_fit_for_nobody() -> None:
    """A missing cookie or a header of the wrong kind is FastAPI's 422 on a route, and nobody here."""

    def by_cookie(key: Annotated[str, Cookie()], number: Annotated[int, Header()]) -> str:
        return key

    app = browser(application(fastapi_dependency(by_cookie, roles=lambda user: "clinician")))
    assert app.get("/me").status_code == 401
    assert app.get("/me", headers={"Cookie": "__Host-key=ada", "Number": "x"}).status_code == 401
    assert app.get("/me", headers={"Cookie": "__Host-key=ada", "Number": "1"}).json() == {"id": "ada", "via": "cookie"}


def test_asks_for_proof_of_origin_of_what_a_browser_attaches() -> None:
    """By default a dependency is taken to read a cookie, so a foreign page cannot ride it."""
    client = browser(application(fastapi_dependency(by_key)))
    sent = {"Cookie": "__Host-key=ada", "Origin": "https://evil.invalid"}
    assert client.post("/notes", headers=sent, json={}).status_code == 403
    assert client.post("/notes", headers={**sent, "Origin": ORIGIN}, json={}).status_code == 200


def test_asks_no_bearer_for_proof_of_origin() -> None:
    """A token is never attached by a browser alone."""
    assert browser(application(WAY)).post("/notes", headers=GOOD, json={}).status_code == 200


def test_knows_who_opens_a_socket() -> None:
    """A handshake is a GET, so a dependency that asks for a Request works there too."""

    def by_request(request: Request) -> str | None:
        return request.cookies.get("key")

    client = browser(application(fastapi_dependency(by_request)))
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("wss://clinic.example/live", headers={"Origin": ORIGIN}):
        pass
    with client.websocket_connect("wss://clinic.example/live", headers={"Origin": ORIGIN, "Cookie": "__Host-key=ada"}):
        pass


def test_lets_a_dependency_of_sockets_see_the_socket() -> None:
    """One that asks for a WebSocket gets the handshake, and can neither read nor answer."""
    client = browser(application(fastapi_dependency(by_socket)))
    with client.websocket_connect("wss://clinic.example/live", headers={"Origin": ORIGIN, "Cookie": "__Host-key=ada"}):
        pass


async def whole_body(request: Request) -> str:
    """Reads what is not there yet."""
    return (await request.body()).decode()


def test_refuses_when_the_dependency_reads_the_body_by_itself() -> None:
    """The body is measured and checked behind identification; who reads it before is refused, not given an empty one."""
    client = browser(application(fastapi_dependency(whole_body)))
    assert client.post("/notes", headers={"Origin": ORIGIN}, json={"user": "ada"}).status_code == 503


def test_says_at_once_that_a_dependency_must_not_read_the_body() -> None:
    """Where the signature shows it, the mistake is told when the policy is written."""

    def by_body(user: Annotated[str, Body()]) -> str:
        return user

    with pytest.raises(ValueError, match="reads the body"):
        fastapi_dependency(by_body)


@pytest.mark.parametrize("found", [True, object(), {}, {"id": ""}, ""])
def test_names_nobody_by_an_answer_without_an_id(found: Any) -> None:
    """A dependency that only says yes names nobody, which is a fault and no principal."""
    assert browser(application(fastapi_dependency(lambda: found))).post("/notes", json={}).status_code == 503


def test_takes_a_function_from_user_to_principal() -> None:
    """For whatever the default cannot read."""
    way = fastapi_dependency(current_account, lambda account: Principal(id=f"n{account.id}", roles=frozenset({"clinician"})))
    assert browser(application(way)).get("/me", headers=GOOD).json() == {"id": "n7", "via": "cookie"}


def test_takes_a_principal_as_it_is() -> None:
    """An application that knows ringwork's own words needs no translation."""
    way = fastapi_dependency(lambda: Principal(id="ada", roles=frozenset({"clinician"}), via=Via.CERTIFICATE))
    assert browser(application(way)).get("/me").json() == {"id": "ada", "via": "certificate"}


def test_knows_nobody_without_a_bearer() -> None:
    """A scheme that answers 403 in older versions and 401 in newer ones means nobody in both."""

    def by_bearer(given: Annotated[Any, Depends(HTTPBearer())]) -> str:
        return str(given.credentials)

    client = browser(application(fastapi_dependency(by_bearer, roles=lambda user: "clinician", via=Via.BEARER)))
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=GOOD).json()["id"] == "known"


def counts_requests(token: Annotated[str, Depends(SCHEME)]) -> None:
    """Refuses nobody for who they are."""
    if len(token) > 9_000:
        raise HTTPException(429)


def knows_tokens(token: Annotated[str, Depends(SCHEME)]) -> None:
    """Refuses for both reasons."""
    if len(token) > 9_000:
        raise HTTPException(429)
    if token != "known":
        raise HTTPException(401)


@pytest.mark.parametrize(("call", "name"), [(counts_requests, ""), (knows_tokens, "knows_tokens")])
def test_takes_no_limit_of_requests_for_a_check_of_who_asks(call: Any, name: str) -> None:
    """Against a route that counts as guarded because something before it says "too many"."""

    def handler(found: object) -> object:
        return found

    handler.__annotations__["found"] = Annotated[Any, Depends(call)]
    [child] = get_dependant(path="/", call=handler).dependencies
    assert own_checks.known_as(child) == name
