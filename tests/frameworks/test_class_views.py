"""Classes of handlers on every framework: what their attribute, their methods and their ancestors say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from django.http import HttpResponse
from django.urls import path as django_path
from django.utils.decorators import method_decorator
from django.views import View as DjangoView
from flask import Flask
from flask.views import MethodView
from flask.views import View as FlaskView
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route as StarletteRoute
from starlette.routing import WebSocketRoute

import ringwork
from ringwork import Policy, PolicyInvalid, limits, public, requires
from ringwork.policy.policy import Mode
from ringwork.protect import installed
from ringwork.route import Public, Requires, Route, RouteLimits
from ringwork.secret import Secret
from tests.frameworks import django_project
from tests.frameworks.clients import aiohttp, asgi, wsgi
from tests.frameworks.clients.replies import ORIGIN, sending
from tests.frameworks.hosts import policy

ADMIN = Requires(roles=frozenset({"admin"}))
OPEN = Public(reason="to read")


class Kit:
    """How a framework writes a class of handlers. base: its class. answer: a method. build: an application of classes by path."""

    def __init__(self, base: type, client: Any, answer: Callable[[str], Any], build: Callable[[dict[str, type]], Any]) -> None:
        self.base, self.client, self.answer, self.build = base, client, answer, build

    def view(self, *parents: type, name: str = "Notes", **body: Any) -> type:
        """A class of handlers; texts in its body are what its methods answer."""
        made = {key: self.answer(value) if isinstance(value, str) and key != "ringwork_rule" else value for key, value in body.items()}
        return type(name, parents or (self.base,), made)

    def app(self, views: dict[str, type], **more: Any) -> Any:
        """A guarded application of these classes."""
        return ringwork.protect(self.build(views), policy(**more))

    def routes(self, views: dict[str, type]) -> dict[str, Route]:
        """What ringwork knows of its ways in."""
        found = installed(self.app(views))
        assert found is not None
        return {route.name: route for route in found.list_routes()}


def of_flask(views: dict[str, type]) -> Any:
    app = Flask(__name__, static_folder=None)
    for number, (path, kind) in enumerate(views.items()):
        app.add_url_rule(path, view_func=kind.as_view(f"view{number}"))  # type: ignore[attr-defined]
    return app


def of_starlette(views: dict[str, type]) -> Any:
    return Starlette(routes=[StarletteRoute(path, kind) for path, kind in views.items()])


def of_aiohttp(views: dict[str, type]) -> Any:
    app = web.Application()
    app.add_routes([web.view(path, kind) for path, kind in views.items()])
    return app


def of_django(views: dict[str, type]) -> Any:
    return django_project.project([django_path(path[1:], kind.as_view()) for path, kind in views.items()])  # type: ignore[attr-defined]


def flask_method(text: str) -> Any:
    def answer(self: Any) -> str:
        return text

    return answer


def starlette_method(text: str) -> Any:
    async def answer(self: Any, request: Any) -> Any:
        return PlainTextResponse(text)

    return answer


def aiohttp_method(text: str) -> Any:
    async def answer(self: Any) -> Any:
        return web.Response(text=text)

    return answer


def django_method(text: str) -> Any:
    def answer(self: Any, request: Any) -> Any:
        return HttpResponse(text)

    return answer


KITS = {
    "flask": Kit(MethodView, wsgi.Client, flask_method, of_flask),
    "starlette": Kit(HTTPEndpoint, asgi.Client, starlette_method, of_starlette),
    "aiohttp": Kit(web.View, aiohttp.Client, aiohttp_method, of_aiohttp),
    "django": Kit(DjangoView, wsgi.Client, django_method, of_django),
}


@pytest.fixture(params=sorted(KITS), name="kit")
def _kit(request: pytest.FixtureRequest) -> Kit:
    django_project.configure()
    return KITS[request.param]


@pytest.fixture(name="ask")
def _ask(kit: Kit) -> Iterator[Callable[..., Any]]:
    opened: list[Any] = []

    def ask(app: Any, method: str, user: str = "", path: str = "/notes") -> Any:
        if not opened:
            opened.append(kit.client(app))
        headers = [("Origin", ORIGIN), ("Content-Type", "application/json"), *([("Cookie", f"__Host-user={user}")] if user else [])]
        return opened[0].ask(sending(method, path, headers, b"{}" if method == "POST" else None))

    yield ask
    for client in opened:
        client.close()


def test_takes_the_attribute_of_a_class(kit: Kit) -> None:
    """A rule stands once for all methods of a class, beside them."""
    found = kit.routes({"/notes": kit.view(ringwork_rule=requires("admin"), get="read", post="written")})
    assert {route.rule for route in found.values()} == {ADMIN}
    assert {route.rule_source for route in found.values()} == {"class"}


def test_takes_several_marks_of_one_attribute(kit: Kit) -> None:
    """A tuple holds marks of different kinds."""
    found = kit.routes({"/notes": kit.view(ringwork_rule=(requires("admin"), limits("scans", body_bytes=9)), get="read")})
    assert {(route.rule, route.limits) for route in found.values()} == {(ADMIN, RouteLimits(reason="scans", body_bytes=9))}


def test_takes_no_attribute_of_another_view(kit: Kit) -> None:
    """Trap 7: an heir has code of its own, and must not inherit a rule unseen."""
    parent = kit.view(ringwork_rule=public("to read"), get="read")
    found = kit.routes({"/notes": kit.view(parent, get="something else")})
    assert {route.rule for route in found.values()} == {None}


def test_takes_the_attribute_of_a_mixin(kit: Kit) -> None:
    """What is no view itself was written to hand its rule on."""
    mixin = type("AdminsOnly", (), {"ringwork_rule": requires("admin")})
    found = kit.routes({"/notes": kit.view(mixin, kit.base, get="read")})
    assert {route.rule for route in found.values()} == {ADMIN}


def test_refuses_an_attribute_that_is_no_mark(kit: Kit) -> None:
    """A rule that nobody can read would be a rule that nobody asks."""
    with pytest.raises(PolicyInvalid, match=r'Notes.ringwork_rule is no mark; write ringwork_rule = requires\("role"\)'):
        kit.routes({"/notes": kit.view(ringwork_rule="admin", get="read")})


def test_every_marked_method_is_a_route_of_its_own(kit: Kit) -> None:
    """An open way to read opens no other method, and what nobody marked is refused."""
    marked = {"get": public("to read")(kit.answer("read")), "post": requires("admin")(kit.answer("written"))}
    found = kit.routes({"/notes": kit.view(**marked, delete="removed")})
    assert {name: route.rule for name, route in found.items()} == {"GET /notes": OPEN, "POST /notes": ADMIN, "DELETE /notes": None}
    assert not [route for route in found.values() if route.passed_over]


def test_asks_the_rule_of_the_method_that_is_called(kit: Kit, ask: Callable[..., Any]) -> None:
    """The rule of one method decides on that method alone, at each request."""
    marked = {"get": public("to read")(kit.answer("read")), "post": requires("admin")(kit.answer("written"))}
    app = kit.app({"/notes": kit.view(**marked, delete="removed")})
    head = 405 if kit.base is web.View else 200  # aiohttp hands HEAD to no other method
    assert [ask(app, "GET").text, ask(app, "HEAD").status, ask(app, "GET", "erin").text] == ["read", head, "read"]
    assert [ask(app, "POST").status, ask(app, "POST", "alice").status, ask(app, "POST", "erin").text] == [401, 403, "written"]
    assert ask(app, "DELETE", "erin").status == 403, "nobody thought of it"


def listing(kit: Kit, *methods: str) -> dict[str, Any]:
    """What a class says so that it answers to methods of other names; Starlette's knows QUERY by itself."""
    own = {"flask": ("methods", methods), "django": ("http_method_names", [method.lower() for method in methods])}
    name = next(name for name, known in KITS.items() if known is kit)
    return dict([own[name]]) if name in own else {}


@pytest.mark.parametrize("verb", ["HEAD", "OPTIONS", "QUERY", "TRACE"])
def test_asks_the_rule_of_a_method_of_any_name(kit: Kit, ask: Callable[..., Any], verb: str) -> None:
    """Against an odd method whose mark nobody looks for, so that the open class answers: it is refused to those whom its mark shuts out."""
    marked = requires("admin")(kit.answer("marked"))
    body = {"post": "written", verb.lower(): marked, **listing(kit, "POST", verb)}
    app = kit.app({"/notes": kit.view(ringwork_rule=public("to read"), **body)})
    nobody, erin = ask(app, verb), ask(app, verb, "erin")
    assert nobody.status in {401, 403, 405}
    assert erin.status in {200, 403, 405}
    assert nobody.text != "marked"
    found = installed(app)
    assert found is not None
    if erin.status == 200:  # the framework answers to it
        assert ADMIN in {route.rule for route in found.list_routes()}
        assert not [route.passed_over for route in found.list_routes() if route.passed_over]


@pytest.mark.parametrize("verb", ["post", "Post", "load_all", "LOAD_ALL"])
def test_answers_no_method_by_an_attribute_that_is_merely_called_so(kit: Kit, verb: str) -> None:
    """Against `post` in small letters, or a helper's name, past the rule of the method: Starlette 1.0 calls whatever has the name."""
    view = kit.view(
        ringwork_rule=public("to read"), get="read", post=requires("admin")(kit.answer("written")), load_all=kit.answer("loaded")
    )
    if kit.base is HTTPEndpoint:
        view.dispatch = dispatch_of_starlette_1_0  # type: ignore[attr-defined]
    client = kit.client(kit.app({"/notes": view}))
    try:
        answer = client.ask(sending(verb, "/notes", [("Origin", ORIGIN), ("Content-Type", "application/json")], None))
    finally:
        client.close()
    assert answer.status in {400, 401, 403, 405}
    assert answer.text not in {"written", "loaded"}


async def dispatch_of_starlette_1_0(self: Any) -> None:
    """What Starlette's class did in 1.0: the attribute of the method's name, whichever it is."""
    request = Request(self.scope, receive=self.receive)
    name = "get" if request.method == "HEAD" and not hasattr(self, "head") else request.method.lower()
    response = await getattr(self, name, self.method_not_allowed)(request)
    await response(self.scope, self.receive, self.send)


def test_a_method_stands_before_its_class(kit: Kit, ask: Callable[..., Any]) -> None:
    """The innermost wins: the class is asked where the method says nothing."""
    app = kit.app({"/notes": kit.view(ringwork_rule=requires("admin"), get=public("to read")(kit.answer("read")), post="written")})
    assert [ask(app, "GET").text, ask(app, "POST", "alice").status, ask(app, "POST", "erin").text] == ["read", 403, "written"]


def test_what_a_class_says_stands_before_a_method_that_it_inherits(kit: Kit, ask: Callable[..., Any]) -> None:
    """Against a method of an ancestor that opens what its heir closes; without a word of the heir the code keeps its rule."""
    parent = kit.view(get=public("to read")(kit.answer("read")))
    closed, same = kit.view(parent, ringwork_rule=requires("admin")), kit.view(parent, name="Same")
    views = {"/notes": closed, "/same": same}
    found = kit.routes(views)
    assert {found["GET /notes"].rule, found["GET /same"].rule} == {ADMIN, OPEN}
    app = kit.app(views)
    assert [ask(app, "GET").status, ask(app, "GET", "erin").text, ask(app, "GET", path="/same").text] == [401, "read", "read"]


def placed(kit: Kit, view: type, mark: Any) -> Any:
    """An application in which a mark stands where the class is registered, in each framework's own way."""
    if kit is KITS["flask"]:
        app = Flask(__name__, static_folder=None)
        app.add_url_rule("/notes", view_func=mark(view.as_view("notes")))  # type: ignore[attr-defined]
        return app
    if kit is KITS["starlette"]:
        return Starlette(routes=[mark(StarletteRoute("/notes", view))])
    if kit is KITS["aiohttp"]:
        site = web.Application()
        mark(site.router.add_resource("/notes")).add_route("*", view)
        return site
    return django_project.project([django_path("notes", mark(view.as_view()))])  # type: ignore[attr-defined]


def rule_where_placed(kit: Kit, view: type, mark: Any) -> Any:
    found = installed(ringwork.protect(placed(kit, view, mark), policy()))
    assert found is not None
    return next(route.rule for route in found.list_routes() if route.name == "GET /notes")


def test_an_inherited_method_does_not_open_what_is_closed_where_its_class_is_registered(kit: Kit) -> None:
    """Of the two the narrower counts, whichever it is; a method of the class itself is nearer than both."""
    opened, shut = kit.view(get=public("to read")(kit.answer("read"))), kit.view(get=requires("admin")(kit.answer("read")))
    assert rule_where_placed(kit, kit.view(opened), requires("admin")) == ADMIN
    assert rule_where_placed(kit, kit.view(shut), public("to read")) == ADMIN
    assert rule_where_placed(kit, kit.view(opened), public("to read")) == OPEN
    assert rule_where_placed(kit, opened, requires("admin")) == OPEN


def test_an_inherited_method_does_not_open_what_flask_s_decorators_close() -> None:
    """They mark the function that as_view() makes, and are the heir's own word."""
    kit = KITS["flask"]
    heir = kit.view(kit.view(get=public("to read")(kit.answer("read"))), decorators=[requires("admin")])
    assert kit.routes({"/notes": heir})["GET /notes"].rule == ADMIN


def test_an_heir_s_own_method_has_no_rule_of_its_ancestor_s(kit: Kit) -> None:
    """The mark stands on the code that was marked, not on its name."""
    parent = kit.view(get=public("to read")(kit.answer("read")))
    found = kit.routes({"/notes": kit.view(parent, get="something else")})
    assert {route.rule for route in found.values()} == {None}


def test_names_a_mark_that_nobody_reads(kit: Kit) -> None:
    """Against a class that looks guarded: a mark on a method that answers no request by itself is told, and stops production."""
    helper = requires("admin")(kit.answer("inner"))
    views = {"/notes": kit.view(ringwork_rule=public("to read"), get="read", load=helper)}
    told = "Notes.load carries a mark that is not read"
    assert all(told in route.passed_over for route in kit.routes(views).values())
    asked = Policy(origin=ORIGIN, mode=Mode.PRODUCTION, key=Secret(bytes(32)), identify=lambda request: None)
    found = installed(ringwork.protect(kit.build(views), asked))
    assert found is not None
    with pytest.raises(PolicyInvalid) as fault:
        found.settle()
    assert str(fault.value).count(told) == 1


def test_says_of_a_route_without_a_rule_that_a_mark_was_seen(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever marked something reads why it did not count, instead of how to mark."""
    views = {"/notes": kit.view(get="read", load=requires("admin")(kit.answer("inner")))}
    found = installed(kit.app(views))
    assert found is not None
    found.settle()
    assert "has no rule and is refused; Notes.load carries a mark that is not read" in caplog.text


def test_flask_s_dispatch_is_read_for_all_methods() -> None:
    """A plain View answers everything by one method; a MethodView's own stand inside it."""

    class Page(FlaskView):
        methods = ["GET", "POST"]  # noqa: RUF012  # as Flask's own documentation writes it

        @requires("admin")
        def dispatch_request(self) -> str:
            return "page"

    assert {name: route.rule for name, route in KITS["flask"].routes({"/page": Page}).items()} == {"GET,POST /page": ADMIN}


def test_flask_s_list_of_decorators_is_read() -> None:
    """`decorators` marks the function that as_view() makes."""
    kit = KITS["flask"]
    assert kit.routes({"/notes": kit.view(decorators=[requires("admin")], get="read")})["GET /notes"].rule == ADMIN


def test_django_s_dispatch_is_read_for_all_methods() -> None:
    """As method_decorator marks it; one that is inherited stands behind what the class says."""
    kit = KITS["django"]
    django_project.configure()
    parent = method_decorator(public("to read"), name="dispatch")(kit.view(get="read"))
    heir = kit.view(parent, name="Heir", ringwork_rule=requires("admin"))
    found = kit.routes({"/notes": parent, "/heir": heir})
    assert [found["GET /notes"].rule, found["GET /heir"].rule] == [OPEN, ADMIN]


def test_a_class_of_sockets_says_its_rule_in_its_attribute() -> None:
    """Its methods answer no request alone, so a mark on one of them is told."""

    class Live(WebSocketEndpoint):
        ringwork_rule = requires("admin")

        @public("to greet")
        async def on_connect(self, websocket: Any) -> None:
            await websocket.accept()

    app = ringwork.protect(Starlette(routes=[WebSocketRoute("/live", Live)]), policy())
    found = installed(app)
    assert found is not None
    (route,) = found.list_routes()
    assert route.rule == ADMIN
    assert "Live.on_connect carries a mark" in route.passed_over.replace(f"{Live.__qualname__}", "Live")


def rest(*patterns: Any) -> dict[str, Route]:
    """The routes of a Django project, as ringwork knows them."""
    found = installed(ringwork.protect(django_project.project(patterns), policy()))
    assert found is not None
    return {route.name: route for route in found.list_routes()}


def test_reads_what_stands_inside_and_outside_of_api_view() -> None:
    """Django REST framework makes a class of the function: what its author wrote below the decorator counts as well."""
    django_project.configure()
    from rest_framework.decorators import api_view

    def inside(request: Any) -> Any:
        return None

    def outside(request: Any) -> Any:
        return None

    found = rest(
        django_path("inside", api_view(["GET"])(requires("admin")(inside))),
        django_path("outside", requires("admin")(api_view(["GET"])(outside))),
        django_path("none", api_view(["GET"])(lambda request: None)),
    )
    assert [found[f"GET /{name}"].rule for name in ("inside", "outside", "none")] == [ADMIN, ADMIN, None]
    assert found["GET /inside"].handler.name.endswith("inside"), "its line is that of the function"


def test_each_action_of_a_view_set_is_asked_for_its_own_rule() -> None:
    """Actions answer where a router puts them; what none of them is, is told."""
    django_project.configure()
    from django.urls import include
    from rest_framework.decorators import action
    from rest_framework.routers import SimpleRouter
    from rest_framework.viewsets import ViewSet

    class Notes(ViewSet):
        @public("to read")
        def list(self, request: Any) -> Any:
            return None

        def create(self, request: Any) -> Any:
            return None

        @action(detail=True)
        @requires("admin")
        def history(self, request: Any, pk: str) -> Any:
            return None

    class Helped(Notes):
        @requires("admin")
        def load(self) -> None:
            """No action."""

    router = SimpleRouter()
    router.register("notes", Notes, basename="notes")
    router.register("helped", Helped, basename="helped")
    found = rest(django_path("", include(router.urls)))
    assert [found[name].rule for name in ("GET /notes/", "POST /notes/", "GET /notes/{pk}/history/")] == [OPEN, None, ADMIN]
    assert not [route for name, route in found.items() if "/notes/" in name and route.passed_over]
    assert "Helped.load carries a mark that is not read" in found["GET /helped/"].passed_over


def test_says_that_a_mark_is_no_check_of_another_library() -> None:
    """Written where Django REST framework and django-ninja look for checks of their own, a mark is named with its right place."""
    django_project.configure()
    from ninja import NinjaAPI
    from rest_framework.views import APIView

    class Desk(APIView):
        permission_classes = [requires("admin")]  # noqa: RUF012  # as its documentation writes it

        def get(self, request: Any) -> Any:
            return None

    api: Any = NinjaAPI(urls_namespace="marks", docs_url=None, openapi_url=None)

    @api.get("/notes", auth=requires("admin"))
    def notes(request: Any) -> Any:
        return []

    found = rest(django_path("desk", Desk.as_view()), django_path("api/", api.urls))
    assert found["GET /desk"].rule is None
    assert "Desk.permission_classes names a mark, which is no permission class" in found["GET /desk"].passed_over
    assert found["GET /api/notes"].rule is None
    assert "notes names a mark, which is no check of django-ninja; write it above" in found["GET /api/notes"].passed_over
