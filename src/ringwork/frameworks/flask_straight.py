"""Flask's way from a decision to the view, without the stations at which nobody waits.

Flask asks at each request for signals, for functions before the view and for the request itself, several times through proxies. Where
none is registered and none of the methods below is anybody else's, the view is called at once, with what the gate has in its hand; every
other request goes Flask's own way. tests/frameworks/test_flask_straight.py holds both ways to the same answers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request_finished, request_started
from flask.ctx import RequestContext
from flask.wrappers import Request
from werkzeug.wrappers import Response as WrittenResponse

View = Callable[..., Any]

_AS_READ = {
    "full_dispatch_request": (
        "_got_first_request", "request_started", "send", "ensure_sync", "preprocess_request", "dispatch_request", "Exception",
        "handle_user_exception", "finalize_request",
    ),
    "preprocess_request": (
        "reversed", "request", "blueprints", "url_value_preprocessors", "endpoint", "view_args", "before_request_funcs", "ensure_sync",
    ),
    "dispatch_request": (
        "request_ctx", "request", "routing_exception", "raise_routing_exception", "url_rule", "getattr", "method",
        "make_default_options_response", "view_args", "ensure_sync", "view_functions", "endpoint",
    ),
    "ensure_sync": ("iscoroutinefunction", "async_to_sync"),
    "finalize_request": (
        "make_response", "process_response", "request_finished", "send", "ensure_sync", "Exception", "logger", "exception",
    ),
    "process_response": (
        "request_ctx", "_get_current_object", "_after_request_functions", "ensure_sync", "chain", "request", "blueprints",
        "after_request_funcs", "reversed", "session_interface", "is_null_session", "_session", "save_session",
    ),
}  # fmt: skip
"""The methods that are spared, each by the names in its code, in their order, as they were when this was written."""

_SENDING = ("__call__", "get_wsgi_response", "get_app_iter", "iter_encoded", "close")


class Straight:
    """Whether a request may go straight to its view, asked at each of them: a function before it may be registered at any time."""

    __slots__ = ("app", "view", "_own", "_usual", "_unusual", "_methods", "_was_replaced", "_ready", "_whole")

    def __init__(self, app: Flask, view: View) -> None:
        """view: what `app.dispatch_request` is to be, so that whatever somebody puts in its place is met."""
        self.app, self.view, self._own = app, view, vars(app)
        self._usual = self._unusual = -1
        self._methods: tuple[Any, ...] = _methods_of(Flask)
        # Against a method that somebody put into the application before ringwork did: it is what the gate hands on to.
        self._was_replaced = any(self._own.get(name, view) != view for name in _PLACED)
        self._ready: dict[int, View] = {}  # functions that Flask calls as they are; kept, so that their identity stays taken
        self._whole: set[type] = set()

    def view_of(self, asked: Request) -> View | None:
        """The view of a request that a rule has matched, None where Flask has to find it in its own way."""
        app, own = self.app, self._own
        if app.before_request_funcs or app.url_value_preprocessors or request_started.receivers:
            return None
        if own.get("dispatch_request") is not self.view or asked.routing_exception is not None:
            return None
        kind = type(app)
        full, before, dispatch, sync, finish, process = self._methods
        # Against a method that somebody puts into the application later: it is one name more in there, or another one in its class.
        if (
            len(own) != self._usual
            or kind.preprocess_request is not before
            or kind.dispatch_request is not dispatch
            or kind.finalize_request is not finish
            or kind.process_response is not process
            or kind.ensure_sync is not sync
            or kind.full_dispatch_request is not full
        ) and not self._is_usual(len(own)):
            return None
        view = app.view_functions.get(asked.url_rule.endpoint)  # type: ignore[union-attr]  # a rule has matched
        return view if id(view) in self._ready or self._is_ready(view) else None

    def finished(self, made: Any, context: RequestContext) -> Response:
        """What Flask's `finalize_request` makes of what a view returned."""
        app = self.app
        response = app.make_response(made)
        if app.after_request_funcs or request_finished.receivers or context._after_request_functions:  # noqa: SLF001  # as Flask asks
            return app.finalize_request(response)
        kept, session = app.session_interface, context._session  # noqa: SLF001  # likewise
        if not kept.is_null_session(session):
            kept.save_session(app, session, response)  # type: ignore[arg-type]  # one that is no null session
        return response

    def _is_usual(self, size: int) -> bool:
        """Whether the methods are Flask's own, looked at once for each number of names in the application and each state of its class."""
        kind, own = type(self.app), self._own
        methods = _methods_of(kind)
        if size != self._unusual or not all(map(operator.is_, methods, self._methods)):
            self._methods = methods
            is_usual = not self._was_replaced and all(_is_as_read(kind, name) and (name not in own or name in _PLACED) for name in _AS_READ)
            self._usual, self._unusual = (size, -1) if is_usual else (-1, size)
        return size == self._usual

    def _is_ready(self, view: View | None) -> bool:
        """Whether Flask calls a view as it is; what it makes of a coroutine function it makes anew each time."""
        if view is None:
            return False  # a rule without a view: Flask says so where its handlers of errors hear it
        is_ready = self.app.ensure_sync(view) is view
        if is_ready:
            self._ready[id(view)] = view
        return is_ready

    def is_whole(self, response: Response) -> bool:
        """Whether nothing of the application runs any more once the head is out: its body is there, and nobody waits for its end."""
        kind = type(response)
        if kind not in self._whole and not self._is_plain(kind):
            return False
        body: Any = response.response
        return type(body) is list and len(body) == 1 and type(body[0]) is bytes and not response._on_close  # noqa: SLF001

    def _is_plain(self, kind: type[Response]) -> bool:
        """Whether responses of a kind go out as werkzeug's own do, and say what they wait for where they did."""
        is_plain = all(getattr(kind, name) is getattr(WrittenResponse, name) for name in _SENDING)
        is_plain = is_plain and WrittenResponse.close.__code__.co_names == ("hasattr", "response", "close", "_on_close")
        if is_plain:
            self._whole.add(kind)
        return is_plain


_PLACED = frozenset({"full_dispatch_request", "dispatch_request"})
"""What ringwork itself puts into the application."""


def _methods_of(kind: type[Flask]) -> tuple[Any, ...]:
    return tuple(getattr(kind, name) for name in _AS_READ)


def _is_as_read(kind: type[Flask], name: str) -> bool:
    """Whether a method is Flask's own, and says what it said. Against a Flask that does more on the way: then nothing is spared."""
    method: Any = getattr(kind, name)
    return method is getattr(Flask, name) and getattr(method, "__code__", None) is not None and method.__code__.co_names == _AS_READ[name]


def is_served_bare(app: Flask) -> bool:
    """Whether nothing stands between ringwork's outer layer and Flask: `wsgi_app` is its own, and nobody's layer is round it."""
    return type(app).wsgi_app is Flask.wsgi_app and "wsgi_app" not in vars(app)
