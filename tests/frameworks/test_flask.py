"""What only Flask has: dispatchers round the application, class views, streams that fail, debug mode."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import create_environ

import ringwork
from ringwork.errors import OutsideRequest
from ringwork.frameworks import flask as adapter
from ringwork.policy.policy import Mode
from tests.frameworks.hosts import policy


def other(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"another application"]


@pytest.mark.parametrize(
    ("rules", "cookie", "status"),
    [
        ({}, "", 403),
        ({"ANY /other": ringwork.public("a test")}, "", 200),
        ({"ANY /other": ringwork.requires("admin")}, "", 401),
        ({"ANY /other": ringwork.requires("admin")}, "__Host-user=alice", 403),
        ({"ANY /other": ringwork.requires("admin")}, "__Host-user=erin", 200),
    ],
)
def test_guards_what_a_dispatcher_serves_beside_the_application(rules: Any, cookie: str, status: int) -> None:
    """A mounted WSGI application never meets Flask's router; one rule stands before all of it."""
    app = Flask(__name__)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/other": other})  # type: ignore[method-assign]
    client = ringwork.protect(app, policy(rules=rules)).test_client(use_cookies=False)
    answer = client.get("/other/page", base_url="https://clinic.example", headers={"Cookie": cookie} if cookie else {})
    assert answer.status_code == status
    assert ("another" in answer.text) is (status == 200)


def test_guards_a_dispatcher_behind_another_layer() -> None:
    """A proxy's layer round the dispatcher must not hide it: refused before the mounted application runs, and open to who may."""
    app, ran = Flask(__name__), list[str]()

    def noted(environ: Any, start_response: Any) -> list[bytes]:
        ran.append("other")
        return other(environ, start_response)

    app.wsgi_app = ProxyFix(DispatcherMiddleware(app.wsgi_app, {"/other": noted}))  # type: ignore[method-assign]
    client = ringwork.protect(app, policy(rules={"ANY /other": ringwork.requires("admin")})).test_client(use_cookies=False)
    assert client.get("/other", base_url="https://clinic.example").status_code == 401
    assert ran == []
    assert client.get("/other", base_url="https://clinic.example", headers={"Cookie": "__Host-user=erin"}).status_code == 200


def test_takes_back_an_answer_when_the_end_of_the_request_fails() -> None:
    """A teardown that raises comes after start_response and before the first byte; the server's bare page must not follow."""
    app, events = Flask(__name__), list[Any]()
    app.add_url_rule("/ok", "ok", ringwork.public("open")(lambda: "fine"))

    @app.teardown_request
    def fail(error: BaseException | None) -> None:
        raise RuntimeError("hidden")

    started: list[tuple[str, dict[str, str]]] = []

    def start_response(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        assert bool(exc_info) is bool(started), "a second start is allowed with exc_info only (PEP 3333)"
        started.append((line, dict(headers)))

    ringwork.protect(app, policy(events=events.append))
    body = b"".join(app.wsgi_app(create_environ("/ok", "https://clinic.example"), start_response))
    line, headers = started[-1]
    assert line.startswith("500 ")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b"hidden" not in body
    assert [event.incident for event in events] == [headers["Incident-Id"]]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_takes_a_form_that_the_parser_refuses_for_no_form(content_type: str) -> None:
    """A body past the framework's own limit is refused by the guard, and must not become a 500."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 100
    app.add_url_rule("/w", "w", ringwork.public("open")(lambda: "written"), methods=["POST"])
    client = ringwork.protect(app, policy()).test_client(use_cookies=False)
    headers = {"Origin": "https://clinic.example", "Content-Type": content_type, "Cookie": "__Host-session=1"}
    sent = client.post("/w", base_url="https://clinic.example", headers=headers, data=b"a=" + b"b" * 200)
    assert sent.status_code == 403


def test_leaves_nobody_behind_in_the_thread() -> None:
    """The next request of the same thread, and code between two, must not find the user of the last one."""
    app = Flask(__name__)
    app.add_url_rule("/who", "who", ringwork.requires()(lambda: "in"))
    client = ringwork.protect(app, policy()).test_client(use_cookies=False)
    for headers in ({"Cookie": "__Host-user=alice"}, {}, {"Host": "evil.example"}):
        client.get("/who", base_url="https://clinic.example", headers=headers).get_data()
        with pytest.raises(OutsideRequest):
            ringwork.current()


def test_lists_what_a_dispatcher_serves() -> None:
    """What cannot be seen into is at least named."""
    app = Flask(__name__)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/other": other})  # type: ignore[method-assign]
    assert "/other" in {route.path for route in adapter.list_routes(app)}


def test_reads_the_rule_of_a_class_view_from_the_class() -> None:
    """MethodViews carry their rule on the class; a subclass without its own is refused."""

    @ringwork.public("open")
    class Open(MethodView):
        def get(self) -> str:
            return "open"

    class Inherited(Open):
        pass

    app = Flask(__name__)
    app.add_url_rule("/open", view_func=Open.as_view("open"))
    app.add_url_rule("/inherited", view_func=Inherited.as_view("inherited"))
    client = ringwork.protect(app, policy()).test_client()
    assert client.get("/open", base_url="https://clinic.example").text == "open"
    assert client.get("/inherited", base_url="https://clinic.example").status_code == 403


def test_shows_no_debugger_in_debug_mode() -> None:
    """Debug mode lets exceptions rise to the server's debugger; here they end as a clean page and one record."""
    app, events = Flask(__name__), list[Any]()
    app.debug = True

    @app.get("/boom")
    @ringwork.public("a fault")
    def boom() -> str:
        raise RuntimeError("hidden")

    guarded = ringwork.protect(app, policy(events=events.append, mode=Mode.ENFORCE))
    answer = guarded.test_client().get("/boom", base_url="https://clinic.example")
    assert answer.status_code == 500
    assert "hidden" not in answer.text
    assert [event.incident for event in events] == [answer.headers["Incident-Id"]]


def test_records_an_exception_once_and_not_by_flask_too(caplog: pytest.LogCaptureFixture) -> None:
    """Two records of one error would be counted as two."""
    app = Flask(__name__)

    @app.get("/boom")
    @ringwork.public("a fault")
    def boom() -> str:
        raise RuntimeError("hidden")

    with caplog.at_level(logging.INFO):
        ringwork.protect(app, policy()).test_client().get("/boom", base_url="https://clinic.example")
    assert [record.name for record in caplog.records if record.exc_info] == ["ringwork.security"]


def test_records_a_stream_that_fails_on_the_way() -> None:
    """The answer has begun and cannot be mended; the operator learns of it all the same."""
    app, events = Flask(__name__), list[Any]()

    @app.get("/stream")
    @ringwork.public("a stream")
    def stream() -> Response:
        def pieces() -> Iterator[bytes]:
            yield b"first"
            raise RuntimeError("hidden")

        return Response(pieces(), mimetype="text/plain")

    client = ringwork.protect(app, policy(events=events.append)).test_client()
    with pytest.raises(RuntimeError):
        client.get("/stream", base_url="https://clinic.example", buffered=True)
    assert [event.reason for event in events] == ["exception"]


def test_joins_the_path_as_the_framework_reads_it() -> None:
    """A token for a path with other letters than ASCII is bound to the same path that comes back."""
    app = Flask(__name__)
    app.add_url_rule("/küche", "kitchen", ringwork.public("open")(lambda: ringwork.current().csrf_token("/küche")))
    app.add_url_rule("/küche", "cook", ringwork.public("open")(lambda: "cooked"), methods=["POST"])
    client = ringwork.protect(app, policy()).test_client()
    token = client.get("/küche", base_url="https://clinic.example").text
    answer = client.post(
        "/küche", base_url="https://clinic.example", data={"csrf_token": token}, headers={"Origin": "https://clinic.example"}
    )
    assert answer.text == "cooked"


def test_refuses_to_tell_of_a_request_where_there_is_none() -> None:
    """A helper used outside a request says so, instead of answering for another request."""
    app = ringwork.protect(Flask(__name__), policy())
    app.test_client().get("/missing", base_url="https://clinic.example").close()
    with pytest.raises(OutsideRequest, match="inside a request"):
        ringwork.current()
