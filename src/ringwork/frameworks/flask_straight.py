"""Flask's way from a decision to the view, without the stations at which nobody waits.

Flask asks at each request for signals, for functions before the view and for the request itself, several times through proxies. Where
none is registered and none of the methods below is anybody else's, the view is called at once, with what the gate has in its hand; every
other request goes Flask's own way. tests/frameworks/test_flask_straight.py holds both ways to the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request_started
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
}  # fmt: skip
"""The methods that are spared, each by the names in its code, in their order, as they were when this was written."""

_SENDING = ("__call__", "get_wsgi_response", "get_app_iter", "iter_encoded", "close")


class Straight:
    """Whether a request may go straight to its view, asked at each of them: a function before it may be registered at any time."""

    __slots__ = ("app", "view", "_own", "_size", "_is_usual", "_ready", "_whole")

    def __init__(self, app: Flask, view: View) -> None:
        """view: what `app.dispatch_request` is, so that whatever somebody puts in its place is met."""
        self.app, self.view, self._own = app, view, vars(app)
        self._size, self._is_usual = 0, False
        self._ready: dict[int, View] = {}  # functions that Flask calls as they are; kept, so that their identity stays taken
        self._whole: dict[type, bool] = {}

    def view_of(self, asked: Request) -> View | None:
        """The view of a request that a rule has matched, None where Flask has to find it in its own way."""
        app, own = self.app, self._own
        if (
            app.before_request_funcs
            or app.url_value_preprocessors
            or request_started.receivers
            or own.get("dispatch_request") is not self.view
        ):
            return None
        if asked.routing_exception is not None:
            return None
        # Against a method that somebody puts into the application later: it is one name more in there.
        if not self._is_usual if len(own) == self._size else not self._look():
            return None
        view = app.view_functions[asked.url_rule.endpoint]  # type: ignore[union-attr]  # a rule has matched
        return view if id(view) in self._ready or self._is_ready(view) else None

    def _look(self) -> bool:
        kind, own = type(self.app), self._own
        self._is_usual = all(_is_as_read(kind, name) and (name not in own or name in _PLACED) for name in _AS_READ)
        self._size = len(own)
        return self._is_usual

    def _is_ready(self, view: View) -> bool:
        """Whether Flask calls a view as it is; what it makes of a coroutine function it makes anew each time."""
        is_ready = self.app.ensure_sync(view) is view
        if is_ready:
            self._ready[id(view)] = view
        return is_ready

    def is_whole(self, response: Response) -> bool:
        """Whether nothing of the application runs any more once the head is out: its body is there, and nobody waits for its end."""
        body: Any = response.response
        if type(body) is not list or len(body) != 1 or type(body[0]) is not bytes or getattr(response, "_on_close", True):
            return False
        kind = type(response)
        found = self._whole.get(kind)
        if found is None:
            found = self._whole[kind] = all(getattr(kind, name) is getattr(WrittenResponse, name) for name in _SENDING)
        return found


_PLACED = frozenset({"full_dispatch_request", "dispatch_request"})
"""What ringwork itself puts into the application."""


def _is_as_read(kind: type[Flask], name: str) -> bool:
    """Whether a method is Flask's own, and says what it said. Against a Flask that does more on the way: then nothing is spared."""
    method: Any = getattr(kind, name)
    return method is getattr(Flask, name) and getattr(method, "__code__", None) is not None and method.__code__.co_names == _AS_READ[name]


def is_served_bare(app: Flask) -> bool:
    """Whether nothing stands between ringwork's outer layer and Flask: `wsgi_app` is its own, and nobody's layer is round it."""
    return type(app).wsgi_app is Flask.wsgi_app and "wsgi_app" not in vars(app)
