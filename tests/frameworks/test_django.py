"""Django: rules on views, classes, patterns and includes; its own checks; the admin; both kinds of server."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.decorators import login_not_required, login_required, permission_required, user_passes_test
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator
from django.views import View, static
from django.views.decorators.http import require_http_methods
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, Principal, public, requires
from ringwork.errors import UnsupportedApp
from ringwork.events import Event
from ringwork.frameworks import django as adapter
from ringwork.route import Own, Public, Requires
from tests.frameworks.django_project import MIDDLEWARE, ask, configure, project, serve

ORIGIN = "https://clinic.example"
OPEN = public("a test needs an open way in")
ALICE = {"Cookie": "__Host-user=alice"}
ERIN = {"Cookie": "__Host-user=erin"}


def identify(request: Any) -> Principal | None:
    name = request.COOKIES.get("user")
    return Principal(id=name, roles=frozenset({"admin"} if name == "erin" else ())) if name else None


def view(request: Any, **more: Any) -> HttpResponse:
    """A view that nobody marked."""
    return HttpResponse("fine", content_type="text/plain")


def twin() -> Any:
    """A view of its own for a mark."""

    def own(request: Any, **more: Any) -> HttpResponse:
        return view(request, **more)

    return own


def guarded(*patterns: Any, **more: Any) -> Any:
    settings = {"origin": ORIGIN, "identify": identify, "events": lambda event: None, **more.pop("policy", {})}
    return ringwork.protect(project(patterns, **more), Policy(**settings))


def rules(*patterns: Any, **more: Any) -> dict[str, Any]:
    app = guarded(*patterns, **more)
    listed = adapter.list_routes(app, installation=app.__ringwork_installation__)
    return {route.name: (route.rule, route.rule_source) for route in listed}


@pytest.fixture(autouse=True)
def _configured() -> None:
    configure()


def test_refuses_a_view_without_a_rule_before_it_runs() -> None:
    """A view nobody thought of: no answer, and no effect either."""
    done: list[str] = []

    def effect(request: Any) -> HttpResponse:
        done.append("ran")
        return HttpResponse("ran")

    app = guarded(path("bare", effect), path("ok", OPEN(twin())))
    assert ask(app, "GET", "/bare", ALICE).status == 403
    assert done == []
    assert ask(app, "GET", "/ok").text == "fine"


def test_refuses_a_view_that_was_added_later() -> None:
    """Django serves what is appended to a URLconf while it runs; the rule is asked for all the same."""
    app = guarded(path("ok", OPEN(twin())))
    assert ask(app, "GET", "/ok").status == 200
    serve([path("ok", OPEN(twin())), path("late", view), path("late-open", OPEN(twin()))])
    assert ask(app, "GET", "/late").status == 403
    assert ask(app, "GET", "/late-open").status == 200


def test_takes_a_rule_from_the_pattern_and_from_the_include_around_it() -> None:
    """A rule stands where the URL is written: the innermost wins."""
    inner = include(([path("bare", view), OPEN(path("open", view)), path("<int:pk>/", view)], "notes"))
    app = guarded(requires("admin")(path("notes/", inner)))
    assert [ask(app, "GET", url, ALICE).status for url in ("/notes/bare", "/notes/open", "/notes/3/")] == [403, 200, 403]
    assert [ask(app, "GET", url, ERIN).status for url in ("/notes/bare", "/notes/3/")] == [200, 200]


class Declared(View):
    """A class that says its rule in an attribute, and another one for one method."""

    ringwork_rule = requires("admin")

    def get(self, request: Any) -> HttpResponse:
        return HttpResponse("read")

    @public("anyone may write here")
    def post(self, request: Any) -> HttpResponse:
        return HttpResponse("written")


class Heir(Declared):
    """Inherits the code, and must not inherit the rule unseen."""


class AdminsOnly:
    """A mixin: no view itself, so it was written to hand its rule on."""

    ringwork_rule = requires("admin")


class Mixed(AdminsOnly, View):
    def get(self, request: Any) -> HttpResponse:
        return HttpResponse("mixed")


def test_takes_a_rule_from_the_class_its_mixin_and_its_methods() -> None:
    """Trap 7: a view's rule does not pass to its heirs; a mixin's does, and a method's own stands before the class's."""
    found = rules(path("declared", Declared.as_view()), path("heir", Heir.as_view()), path("mixed", Mixed.as_view()))
    assert found["GET /declared"][0] == Requires(roles=frozenset({"admin"}))
    assert found["POST /declared"][0] == Public(reason="anyone may write here")
    assert found["GET /heir"][0] is None
    assert found["GET /mixed"] == (Requires(roles=frozenset({"admin"})), "class")


def test_asks_the_rule_of_the_method_that_is_called() -> None:
    """The open method of a class must not open its others."""
    app = guarded(path("declared", Declared.as_view()))
    assert ask(app, "POST", "/declared").text == "written"
    assert ask(app, "GET", "/declared").status == 401
    assert ask(app, "GET", "/declared", ERIN).text == "read"


def test_refuses_an_attribute_that_is_no_mark() -> None:
    """A rule that nobody can read would be a rule that nobody asks."""

    class Wrong(View):
        ringwork_rule = "admin"

    with pytest.raises(ringwork.PolicyInvalid, match=r'write ringwork_rule = requires\("role"\)'):
        rules(path("wrong", Wrong.as_view()))


def mixed_in() -> tuple[type[View], type[View]]:
    """A class that Django's mixin guards, and one whose own dispatch forgets it; models have to be loaded first."""
    from django.contrib.auth.mixins import LoginRequiredMixin

    class Mine(LoginRequiredMixin, View):
        def get(self, request: Any) -> HttpResponse:
            return HttpResponse("mine")

    class Forgets(LoginRequiredMixin, View):
        def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            return HttpResponse("dispatched past the mixin")

    return Mine, Forgets


@method_decorator(login_required, name="dispatch")
class Decorated(View):
    def get(self, request: Any) -> HttpResponse:
        return HttpResponse("mine")


def test_recognises_checks_of_django_and_nothing_that_merely_looks_like_one() -> None:
    """An own check is a rule; a test that lets everybody in, or a dispatch that forgets its parent, is none."""
    mine, forgets = mixed_in()
    found = rules(
        path("a", login_required(twin())),
        path("b", permission_required("notes.view_note")(twin())),
        path("c", user_passes_test(lambda user: True)(twin())),
        path("d", mine.as_view()),
        path("e", forgets.as_view()),
        path("f", Decorated.as_view()),
        path("g", login_not_required(twin())),
        path("h", require_http_methods(["POST"])(login_required(twin()))),
    )
    assert {name: rule for name, (rule, _) in found.items()} == {
        "GET /a": Own(by="login_required"),
        "GET /b": Own(by="permission_required"),
        "GET /c": None,
        "GET /d": Own(by="LoginRequiredMixin"),
        "ANY /e": None,
        "GET /f": Own(by="login_required"),
        "GET /g": Public(reason="its author marked it login_not_required"),
        "POST /h": Own(by="login_required"),
    }


def test_recognises_the_middleware_that_asks_every_view_for_a_login() -> None:
    """LoginRequiredMiddleware is the rule of every view that its author did not take out."""
    own = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    with override_settings(MIDDLEWARE=[*MIDDLEWARE, own]):
        found = rules(path("a", twin()), path("b", login_not_required(twin())), middleware=[*MIDDLEWARE, own])
    assert found["GET /a"][0] == Own(by="LoginRequiredMiddleware")
    assert isinstance(found["GET /b"][0], Public)


def test_gives_the_whole_admin_a_rule() -> None:
    """Every page of the admin is held by its own check, and its login page is open; none is left without a rule."""
    from django.contrib import admin

    found = rules(path("admin/", admin.site.urls))
    assert len(found) > 10
    assert {name for name, (rule, _) in found.items() if rule is None} == set()
    assert {name for name, (rule, _) in found.items() if isinstance(rule, Public)} == {"GET,POST /admin/login/"}


def test_serves_the_login_page_of_the_admin_and_sends_strangers_there() -> None:
    """The admin works behind the guard: its own words to strangers, its own files by its own tags."""
    from django.contrib import admin

    app = guarded(path("admin/", admin.site.urls))
    assert ask(app, "GET", "/admin/auth/user/").all("location") == ["/admin/login/?next=/admin/auth/user/"]
    page = ask(app, "GET", "/admin/login/")
    assert page.status == 200
    assert "csrfmiddlewaretoken" in page.text


def test_lists_paths_with_parameters_in_braces() -> None:
    """Rules name routes by their template, whichever way the URLconf writes them."""
    found = rules(
        path("a/<int:pk>/<slug:name>", view),
        re_path(r"^b/(?P<year>[0-9]{4})/(\w+)/$", view),
        re_path(r"^c/file\.txt$", view),
        path("d/", include([re_path(r"^(?P<rest>.*)$", view)])),
    )
    assert set(found) == {"GET /a/{pk}/{name}", "GET /b/{year}/{var}/", "GET /c/file.txt", "GET /d/{rest}"}


def test_hands_the_body_of_a_checked_form_to_the_view() -> None:
    """The token is read from the form; the view reads fields and body once more, and the token is spent."""

    def write(request: Any) -> HttpResponse:
        return HttpResponse(f"{request.POST['note']} {len(request.body)}")

    app = guarded(path("form", OPEN(lambda request: HttpResponse(ringwork.csrf_field("/write")))), path("write", requires()(write)))
    form = ask(app, "GET", "/form", ALICE)
    found = re.search(r'value="([^"]+)"', form.text)
    assert found is not None
    sent = urlencode({"note": "hello", "csrf_token": found[1]}).encode()
    binding = form.all("set-cookie")[0].partition(";")[0]
    headers = {"Cookie": f"__Host-user=alice; {binding}", "Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    assert ask(app, "POST", "/write", headers, sent).text == f"hello {len(sent)}"
    assert ask(app, "POST", "/write", headers, sent).status == 403


def test_records_a_fault_of_a_view_once_with_its_type() -> None:
    """Django answers faults itself; the operator learns which, under the number that the client gets."""
    events: list[Event] = []

    def boom(request: Any) -> HttpResponse:
        raise RuntimeError("the canary of the fault")

    app = guarded(path("boom", OPEN(boom)), policy={"events": events.append})
    answer = ask(app, "GET", "/boom")
    assert answer.status == 500
    assert "canary" not in answer.text
    assert [(event.control, event.reason) for event in events] == [("output.error-handling", "exception")]


def test_guards_the_asgi_handler_with_sync_and_async_views() -> None:
    """The same decisions in the loop of an ASGI server."""

    async def waits(request: Any) -> HttpResponse:
        return HttpResponse(f"waited for {ringwork.current().principal.id}")  # type: ignore[union-attr]  # a rule stands before it

    app = guarded(path("waits", requires()(waits)), path("sync", OPEN(twin())), path("bare", view), is_asgi=True)
    with TestClient(app, base_url=ORIGIN) as client:
        assert client.get("/waits").status_code == 401
        assert client.get("/waits", headers=ALICE).text == "waited for alice"
        assert client.get("/sync").text == "fine"
        assert client.get("/bare").status_code == 403
        assert client.get("/missing").headers["x-content-type-options"] == "nosniff"


def test_refuses_a_method_that_a_rule_of_the_policy_does_not_name() -> None:
    """CWE-650: a function answers to every method, and a rule was written for those that its code asks for."""
    app = guarded(path("read", view), policy={"rules": {"GET /read": OPEN}})
    assert ask(app, "GET", "/read").status == 200
    assert ask(app, "DELETE", "/read", {"Origin": ORIGIN}).status == 403
    whole = guarded(path("read", view), policy={"rules": {"ANY /read": OPEN}})
    assert ask(whole, "DELETE", "/read", {"Origin": ORIGIN}).status == 200


def test_refuses_what_is_no_handler() -> None:
    """A handler that nobody knows answers in another way; wrapping it would guard nothing."""
    made = BaseHandler()
    made.load_middleware()
    with pytest.raises(UnsupportedApp, match="WSGI or ASGI handler"):
        ringwork.protect(made, Policy())


def test_sees_that_a_view_of_the_project_hands_out_files() -> None:
    """Against a file that was left in the folder: its names are held to the same as Django's own view is."""

    def file(request: Any, name: str) -> Any:
        return static.serve(request, name, document_root=".")

    def page(request: Any, name: str) -> HttpResponse:
        return HttpResponse(name)

    app = guarded(path("files/<path:name>", OPEN(require_http_methods(["GET"])(file))), path("pages/<path:name>", OPEN(page)))
    listed = adapter.list_routes(app, installation=app.__ringwork_installation__)
    assert {route.path: route.sends_files for route in listed} == {"/files/{name}": True, "/pages/{name}": False}


def test_guards_what_the_test_client_of_django_asks() -> None:
    """A project's own suite meets the same rules, and needs neither a host nor a token for it."""
    patterns = path("ok", OPEN(twin())), path("bare", view), path("write", requires()(lambda r: HttpResponse(r.POST["note"])))
    client = Client(raise_request_exception=False)
    client.handler = project(patterns, handler=client.handler)
    ringwork.protect(client.handler, Policy(origin=ORIGIN, identify=identify))
    assert client.get("/bare").status_code == 403
    answer = client.get("/ok")
    assert (answer.status_code, answer.content) == (200, b"fine")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.post("/write", {"note": "hello"}).status_code == 401
    client.cookies["user"] = "alice"
    assert client.post("/write", {"note": "hello"}).content == b"hello"


def test_asks_a_test_client_for_proof_where_it_wants_to_be_asked() -> None:
    """enforce_csrf_checks=True is Django's own word for a client that is treated as any browser."""
    patterns = (path("write", OPEN(twin())),)
    client = Client(enforce_csrf_checks=True)
    client.handler = project(patterns, handler=client.handler)
    ringwork.protect(client.handler, Policy(origin=ORIGIN, identify=identify))
    client.cookies["user"] = "alice"
    assert client.post("/write", {"note": "hello"}).status_code == 403


def test_guards_what_the_async_test_client_of_django_asks() -> None:
    """The same in a suite of async tests."""
    client = AsyncClient()
    client.handler = project((path("ok", OPEN(twin())), path("bare", view)), handler=client.handler)
    ringwork.protect(client.handler, Policy(origin=ORIGIN, identify=identify))

    async def asked() -> list[int]:
        return [(await client.get(url)).status_code for url in ("/ok", "/bare", "/missing")]

    assert asyncio.run(asked()) == [200, 403, 404]
