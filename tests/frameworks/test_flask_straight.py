"""The short way to a view: the same answers, calls and order as Flask's own, whatever is registered, replaced or inherited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, after_this_request, got_request_exception, request, request_finished, request_started
from werkzeug.exceptions import Gone

import ringwork
from ringwork.errors import OutsideRequest
from ringwork.frameworks import flask_straight
from tests.frameworks.hosts import policy

Ran = list[str]


def plain(app: Flask, ran: Ran) -> None:
    """Nothing but the view."""


def functions_before(app: Flask, ran: Ran) -> None:
    app.before_request(lambda: ran.append("first"))
    app.before_request(lambda: ran.append(f"second {request.endpoint}"))


def one_before_that_answers(app: Flask, ran: Ran) -> None:
    app.before_request(lambda: "answered before" if "name" in (request.view_args or {}) else None)


def one_before_a_blueprint(app: Flask, ran: Ran) -> None:
    part = Blueprint("part", __name__)
    part.before_request(lambda: ran.append("of the part"))
    part.get("/part", endpoint="page")(ringwork.public("a test")(lambda: "part"))
    app.register_blueprint(part)


def preprocessors(app: Flask, ran: Ran) -> None:
    @app.url_value_preprocessor
    def name(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and "name" in values:
            values["name"] = values["name"].upper()


def functions_behind(app: Flask, ran: Ran) -> None:
    @app.after_request
    def after(response: Response) -> Response:
        response.headers["X-After"] = "yes"
        return response

    app.teardown_request(lambda error: ran.append(f"torn down {type(error).__name__}"))


def handlers_of_errors(app: Flask, ran: Ran) -> None:
    app.errorhandler(KeyError)(lambda error: (f"handled {error.args[0]}", 409))
    app.errorhandler(Gone)(lambda error: ("handled gone", 410))


def async_views(app: Flask, ran: Ran) -> None:
    @app.get("/async")
    @ringwork.public("a test")
    async def later() -> str:
        ran.append("awaited")
        return "later"


class OwnDispatch(Flask):
    """An application whose own dispatch does more."""

    def dispatch_request(self) -> Any:
        made = super().dispatch_request()
        return f"dispatched {made}" if isinstance(made, str) else made


class OwnPreprocess(Flask):
    """An application whose own preprocessing answers."""

    def preprocess_request(self) -> Any:
        return "of its own" if request.path == "/name/ada" else super().preprocess_request()


ARRANGED = [
    plain,
    functions_before,
    one_before_that_answers,
    one_before_a_blueprint,
    preprocessors,
    functions_behind,
    handlers_of_errors,
    async_views,
]
ASKED = ["/name/ada", "/name/gone", "/name/key", "/name/later", "/stream", "/closing", "/json", "/part", "/async", "/missing", "/name"]


def build(arrange: Callable[[Flask, Ran], None], kind: type[Flask] = Flask) -> tuple[Flask, Ran]:
    """An application with views of all sorts, and what ran in it."""
    ran, app = Ran(), kind("straight", static_folder=None)
    is_public = ringwork.public("a test")

    @app.get("/name/<name>")
    @is_public
    def named(name: str) -> str:
        ran.append(name)
        if name == "gone":
            raise Gone
        if name == "key":
            raise KeyError(name)
        if name == "later":
            after_this_request(_noting(ran))
        return name

    @app.get("/stream")
    @is_public
    def stream() -> Any:
        def pieces() -> Iterator[str]:
            yield "one"
            ran.append("streamed")
            yield "two"

        return pieces()

    @app.get("/closing")
    @is_public
    def closing() -> Response:
        response = Response("closing")
        response.call_on_close(lambda: ran.append("closed"))
        return response

    app.get("/json", endpoint="json")(is_public(lambda: {"a": [1, 2]}))
    app.get("/name/", endpoint="all")(is_public(lambda: "all names"))
    arrange(app, ran)
    return app, ran


def _noting(ran: Ran) -> Callable[[Response], Response]:
    def noted(response: Response) -> Response:
        ran.append("after this")
        return response

    return noted


def answers(app: Flask, ran: Ran) -> list[Any]:
    """What each page answers, twice, and what ran for it. Bodies of errors are ringwork's own, and left out."""
    client, found = app.test_client(use_cookies=False), list[Any]()
    for path in ASKED * 2:
        with client.get(path, base_url="https://clinic.example") as answer:
            found.append((path, answer.status_code, answer.text if answer.status_code < 400 else "", answer.headers.get("X-After"), [*ran]))
        ran.clear()
    return found


@pytest.mark.parametrize("kind", [Flask, OwnDispatch, OwnPreprocess])
@pytest.mark.parametrize("arrange", ARRANGED)
def test_answers_and_runs_as_flask_itself_does(arrange: Callable[[Flask, Ran], None], kind: type[Flask]) -> None:
    """Functions before and behind, handlers, streams, coroutines, overridden methods: guarded and bare applications agree."""
    bare, guarded = build(arrange, kind), build(arrange, kind)
    ringwork.protect(guarded[0], policy(events=lambda event: None))
    assert answers(*guarded) == answers(*bare)


@pytest.mark.parametrize("signal", [request_started, request_finished, got_request_exception])
def test_signals_are_sent(signal: Any) -> None:
    """Who listens hears of each request, from the first one after he came."""
    app, _ = build(plain)
    client, heard = ringwork.protect(app, policy(events=lambda event: None)).test_client(), list[str]()
    client.get("/name/key", base_url="https://clinic.example")

    def listen(sender: Flask, **told: Any) -> None:
        heard.append(sender.name)

    with signal.connected_to(listen):
        client.get("/name/key", base_url="https://clinic.example")
    client.get("/name/key", base_url="https://clinic.example")
    assert heard == ["straight"]


@pytest.mark.parametrize("name", ["dispatch_request", "preprocess_request", "ensure_sync"])
def test_a_method_that_is_replaced_in_the_application_later_is_called(name: str) -> None:
    """Tools put their own in the place of an application's methods, after its first request too."""
    app, ran = build(plain)
    client = ringwork.protect(app, policy()).test_client()
    assert client.get("/name/ada", base_url="https://clinic.example").text == "ada"
    before = getattr(app, name)

    def noted(*given: Any) -> Any:
        ran.append(name)
        return before(*given)

    setattr(app, name, noted)
    ran.clear()
    assert client.get("/name/ada", base_url="https://clinic.example").text == "ada"
    assert name in ran


@pytest.mark.parametrize("name", ["full_dispatch_request", "dispatch_request"])
def test_a_method_that_was_replaced_in_the_application_before_is_called(name: str) -> None:
    """Against a check that an application has put round its own dispatch, and that the short way would pass by."""
    app, ran = build(plain)
    before = getattr(app, name)

    def checked() -> Any:
        ran.append(name)
        return app.make_response(("refused", 403)) if request.args.get("as") == "nobody" else before()

    setattr(app, name, checked)
    client = ringwork.protect(app, policy(events=lambda event: None)).test_client()
    assert client.get("/name/ada", base_url="https://clinic.example").text == "ada"
    assert ran[0] == name
    assert client.get("/name/ada?as=nobody", base_url="https://clinic.example").status_code == 403


@pytest.mark.parametrize("name", ["dispatch_request", "preprocess_request", "finalize_request", "process_response", "ensure_sync"])
def test_a_method_that_is_replaced_in_the_class_later_is_called(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools put their own in the place of Flask's methods, after an application's first request too; taken out they are gone."""
    app, ran = build(plain)
    client = ringwork.protect(app, policy(events=lambda event: None)).test_client()
    before = getattr(Flask, name)

    def noted(self: Flask, *given: Any) -> Any:
        ran.append(name)
        return before(self, *given)

    for is_noted in (False, True, False, True):
        ran.clear()
        with monkeypatch.context() as patched:
            if is_noted:
                patched.setattr(Flask, name, noted)
            assert client.get("/name/ada", base_url="https://clinic.example").text == "ada"
        assert (name in ran) is is_noted


def test_a_rule_without_a_view_is_a_fault_that_handlers_of_errors_hear() -> None:
    """As of Flask itself: what is raised on the way to a view goes to the handler of its kind."""
    app = Flask("straight")
    app.add_url_rule("/later", endpoint="later")
    app.errorhandler(KeyError)(lambda error: "none yet")
    client = ringwork.protect(app, policy(rules={"GET /later": ringwork.public("a test")}, events=lambda event: None)).test_client()
    assert client.get("/later", base_url="https://clinic.example").text == "none yet"


def test_a_function_before_that_comes_late_runs() -> None:
    """An application that registers one after its first request has it run, and can refuse by it."""
    app, ran = build(plain)
    client = ringwork.protect(app, policy()).test_client()
    client.get("/name/ada", base_url="https://clinic.example")
    app.before_request_funcs.setdefault(None, []).append(lambda: ("refused", 403))
    ran.clear()
    assert client.get("/name/ada", base_url="https://clinic.example").status_code == 403
    assert ran == []


def test_the_short_way_is_taken_only_where_flask_reads_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Flask whose methods say something else is left to itself; the one that is installed is known."""
    asked: Any = type("Asked", (), {"routing_exception": None, "url_rule": type("Rule", (), {"endpoint": "named"})})
    app, _ = build(plain)
    assert flask_straight.Straight(app, app.dispatch_request).view_of(asked) is None  # a bound method is made anew each time
    app.dispatch_request = view = app.dispatch_request  # type: ignore[method-assign]
    assert flask_straight.Straight(app, view).view_of(asked) is app.view_functions["named"]

    def preprocess_request(self: Flask) -> Any:
        return self.open_instance_resource("more")

    monkeypatch.setattr(Flask, "preprocess_request", preprocess_request)
    assert flask_straight.Straight(app, view).view_of(asked) is None


def test_what_runs_at_the_end_of_an_answer_still_knows_its_request() -> None:
    """A function that the view left to be called at the close finds who asked; behind the answer nobody is found."""
    app, known = Flask("straight"), list[Any]()

    @app.get("/closing")
    @ringwork.requires()
    def closing() -> Response:
        response = Response("closing")
        response.call_on_close(lambda: known.append(ringwork.current().principal))
        return response

    @app.get("/plain")
    @ringwork.requires()
    def plain_page() -> str:
        return "plain"

    client = ringwork.protect(app, policy()).test_client(use_cookies=False)
    for path in ("/closing", "/plain"):
        with client.get(path, base_url="https://clinic.example", headers={"Cookie": "__Host-user=alice"}) as answer:
            assert answer.status_code == 200
        with pytest.raises(OutsideRequest):
            ringwork.current()
    assert [principal.id for principal in known] == ["alice"]


def test_nobody_is_left_behind_by_a_refusal_or_by_what_ends_a_worker() -> None:
    """Against the user of one request who is found by what the same thread does next."""
    app = Flask("straight")

    @app.get("/ends")
    @ringwork.requires()
    def ends() -> str:
        raise SystemExit(3)

    @app.get("/plain")
    @ringwork.requires("admin")
    def plain_page() -> str:
        return "plain"

    client = ringwork.protect(app, policy(events=lambda event: None)).test_client(use_cookies=False)
    alice = {"Cookie": "__Host-user=alice"}
    with client.get("/plain", base_url="https://clinic.example", headers=alice) as answer:
        assert answer.status_code == 403
    with pytest.raises(OutsideRequest):
        ringwork.current()
    with pytest.raises(SystemExit):
        client.get("/ends", base_url="https://clinic.example", headers=alice)
    with pytest.raises(OutsideRequest):
        ringwork.current()
