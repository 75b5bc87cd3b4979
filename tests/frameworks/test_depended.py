"""Marks as FastAPI's own dependencies: on a route, a router, an application and a parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import ringwork
from ringwork import Policy, PolicyInvalid, cacheable, csrf_exempt, limits, public, rate_limited, requires
from ringwork.frameworks import fastapi as adapter
from ringwork.policy.policy import Mode
from ringwork.protect import installed
from ringwork.route import Cacheable, Public, Rated, Requires, Route, RouteLimits
from ringwork.secret import Secret
from tests.frameworks.hosts import ORIGIN, policy


def bare(**more: Any) -> FastAPI:
    """An application without the routes that describe it."""
    return FastAPI(openapi_url=None, **more)


def handler() -> str:
    return "in"


def routes(app: FastAPI) -> dict[str, Route]:
    """What ringwork knows of the routes of an application that it guards."""
    ringwork.protect(app, policy())
    return {route.name: route for route in adapter.list_routes(app, installation=installed(app))}


def asked(app: FastAPI, path: str, user: str = "") -> int:
    """The status of one honest GET."""
    guarded = app if installed(app) else ringwork.protect(app, policy())
    return TestClient(guarded, base_url=ORIGIN).get(path, headers={"Cookie": f"__Host-user={user}"} if user else {}).status_code


def on_route() -> FastAPI:
    app = bare()
    app.add_api_route("/desk", handler, dependencies=[Depends(requires("admin"))])
    return app


def on_router() -> FastAPI:
    app, router = bare(), APIRouter(dependencies=[Depends(requires("admin"))])
    router.add_api_route("/desk", handler)
    app.include_router(router)
    return app


def on_inclusion() -> FastAPI:
    app, outer, router = bare(), APIRouter(), APIRouter()
    router.add_api_route("/desk", handler)
    outer.include_router(router, dependencies=[Security(requires("admin"))])
    app.include_router(outer)
    return app


def on_application() -> FastAPI:
    app = bare(dependencies=[Depends(requires("admin"))])
    app.add_api_route("/desk", handler)
    return app


def on_parameter() -> FastAPI:
    app = bare()

    def desk(checked: Annotated[None, Depends(requires("admin"))]) -> str:
        return "in" if checked is None else "something came of a mark"

    app.add_api_route("/desk", desk)
    return app


def database(checked: Annotated[None, Depends(requires("admin"))]) -> str:
    return "a session"


def on_dependency() -> FastAPI:
    app = bare()

    def desk(session: Annotated[str, Depends(database)]) -> str:
        return session

    app.add_api_route("/desk", desk)
    return app


PLACES = [on_route, on_router, on_inclusion, on_application, on_parameter, on_dependency]


@pytest.mark.parametrize("build", PLACES)
def test_a_mark_among_dependencies_is_the_route_s_rule(build: Callable[[], FastAPI]) -> None:
    """FastAPI's own way to declare who may enter did nothing: every request was refused, and nobody said why."""
    app = build()
    assert routes(app)["GET /desk"].rule == Requires(roles=frozenset({"admin"}))
    assert [asked(app, "/desk"), asked(app, "/desk", "alice"), asked(app, "/desk", "erin")] == [401, 403, 200]


def test_another_dependency_is_no_rule() -> None:
    """What is no mark says nothing about who may enter."""
    app = bare(dependencies=[Depends(lambda: "a session")])
    app.add_api_route("/desk", handler)
    assert asked(app, "/desk", "erin") == 403


def test_public_among_dependencies_opens_its_route_and_no_other() -> None:
    """A reason stands beside it, as ever."""
    app = bare()
    app.add_api_route("/front", handler, dependencies=[Depends(public("the front page"))])
    app.add_api_route("/desk", handler)
    assert routes(app)["GET /front"].rule == Public(reason="the front page")
    assert [asked(app, "/front"), asked(app, "/desk")] == [200, 403]


def test_asks_a_request_for_nothing_and_calls_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark has no parameter that the API's description could show, and costs no thread where it stands before everything."""
    app = FastAPI(dependencies=[Depends(requires())])

    async def desk() -> str:
        return "in"

    def thread(*what: Any, **more: Any) -> None:
        raise AssertionError("a mark was called in a thread")

    app.add_api_route("/desk", desk)
    described = app.openapi()["paths"]["/desk"]["get"]
    assert "parameters" not in described
    assert set(described["responses"]) == {"200"}
    ringwork.protect(app, policy())
    monkeypatch.setattr("fastapi.dependencies.utils.run_in_threadpool", thread)
    assert asked(app, "/desk", "alice") == 200


def test_the_narrower_of_two_that_both_hold_counts() -> None:
    """Dependencies all hold: whoever is let in by the inner one satisfies the outer one."""
    app, router = bare(dependencies=[Depends(requires())]), APIRouter(dependencies=[Depends(requires("admin", "clerk", recorded=True))])
    router.add_api_route("/desk", handler, dependencies=[Depends(requires("admin"))])
    router.add_api_route("/all", handler)
    app.include_router(router)
    found = routes(app)
    assert found["GET /desk"].rule == Requires(roles=frozenset({"admin"}), recorded=True)
    assert found["GET /all"].rule == Requires(roles=frozenset({"admin", "clerk"}), recorded=True)


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (requires("clerk"), 'requires("clerk") and requires("admin") both stand before it'),
        (public("a page"), 'public("a page") and requires("admin") both stand before it'),
        (ringwork.signed("laboratory"), 'signed("laboratory") and requires("admin") both stand before it'),
        (ringwork.signed_link("a file"), 'signed_link("a file") and requires("admin") both stand before it'),
    ],
)
def test_two_that_contradict_each_other_open_nothing_and_are_named(inner: Any, said: str) -> None:
    """Against a rule that opens what another one closes: neither is taken, and production does not start."""
    for place in ("dependency", "decorator"):
        app = bare(dependencies=[Depends(requires("admin"))])
        if place == "decorator":
            app.add_api_route("/desk", inner(lambda: "in"))
        else:
            app.add_api_route("/desk", handler, dependencies=[Depends(inner)])
        assert asked(app, "/desk", "erin") == 403
        key = Secret(bytes(32))
        with pytest.raises(PolicyInvalid) as fault:
            _settled(Policy(origin=ORIGIN, mode=Mode.PRODUCTION, key=key, identify=lambda request: None), app)
        assert said in str(fault.value)


def _settled(asked: Policy, app: FastAPI) -> None:
    fresh = bare()
    fresh.router.routes.extend(app.router.routes)
    ringwork.protect(fresh, asked)
    found = installed(fresh)
    assert found is not None
    found.settle()


def test_a_mark_on_a_router_still_gives_way_to_a_nearer_one() -> None:
    """The innermost mark wins, as everywhere: only dependencies hold beside each other."""
    app, router = bare(), requires("clerk")(APIRouter())
    router.add_api_route("/desk", handler, dependencies=[Depends(requires("admin"))])
    router.add_api_route("/all", handler)
    app.include_router(router)
    found = routes(app)
    assert found["GET /desk"].rule == Requires(roles=frozenset({"admin"}))
    assert found["GET /all"].rule == Requires(roles=frozenset({"clerk"}))


def test_every_other_mark_counts_among_dependencies_too() -> None:
    """The nearest of each kind, as with decorators."""
    app = bare(dependencies=[Depends(limits("everywhere", body_bytes=10)), Depends(rate_limited("expensive"))])
    marks = [public("a hook"), limits("scans", body_bytes=20), csrf_exempt("signed"), cacheable("the same for all", max_age=5)]
    app.add_api_route("/hook", handler, methods=["POST"], dependencies=[Depends(mark) for mark in marks])
    found = routes(app)["POST /hook"]
    assert found.limits == RouteLimits(reason="scans", body_bytes=20)
    assert found.rated == Rated(name="expensive")
    assert found.csrf_exempt == "signed"
    assert found.cacheable == Cacheable(reason="the same for all", max_age_seconds=5)


def test_a_socket_takes_the_mark_among_its_dependencies() -> None:
    """A handshake is asked for the same rule as a page."""
    app, router = bare(), APIRouter(dependencies=[Depends(requires("admin"))])

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    router.add_api_websocket_route("/live", live)
    app.include_router(router)
    client = TestClient(ringwork.protect(app, policy()), base_url=ORIGIN)
    honest = {"Origin": ORIGIN, "Cookie": "__Host-user=erin"}
    other = {**honest, "Cookie": "__Host-user=alice"}
    with client.websocket_connect("wss://clinic.example/live", headers=honest):
        pass
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("wss://clinic.example/live", headers=other),
    ):
        pass


def test_a_mark_that_is_called_without_a_target_marks_nothing() -> None:
    """As a decorator with one pair of brackets too many it fails at once."""
    with pytest.raises(TypeError):
        requires("admin")()(handler)  # type: ignore[operator]  # the mistake itself
    assert not [name for name in vars(handler) if "ringwork" in name]
    assert "mark of ringwork" in repr(requires()())
