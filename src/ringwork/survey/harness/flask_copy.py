"""A running copy of a Flask application: probe routes added, served by threads over TLS."""

from __future__ import annotations

import functools
import multiprocessing.heap
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, abort, jsonify, redirect, request
from werkzeug.debug import DebuggedApplication

from ringwork.current import csp_nonce
from ringwork.policy import declare
from ringwork.survey.harness import serving, wsgi_serving

View = Callable[[], Any]
_REASON = "a probe of ringwork, in this copy only"


def add_probes(app: Flask, *, canary: str) -> None:
    """Add the probe routes; static paths win over parameters in Werkzeug, so no catch-all hides them."""
    at = serving.prefix(canary)
    for name, view in _views(canary, at).items():
        marked = view if name == "bare" else declare.public(_REASON)(view)
        below = f"/<path:{serving.BELOW[name]}>" if name in serving.BELOW else ""
        app.add_url_rule(f"{at}/{name}{below}", endpoint=f"ringwork-probe-{name}", view_func=marked, methods=["GET", "POST"])
        if name == "raises":
            # The same below the name of each blueprint that has handlers of its own: they answer by the endpoint's name.
            for scope in [scope for scope, handlers in app.error_handler_spec.items() if scope is not None and any(handlers.values())]:
                app.add_url_rule(f"{at}/{name}/{scope}", endpoint=f"{scope}.ringwork-probe-{name}", view_func=marked)


def _views(canary: str, at: str) -> dict[str, View]:
    def plain() -> Response:
        return Response("plain", mimetype="text/plain")

    def page() -> Response:
        return Response(serving.page_with_nonce(csp_nonce()), mimetype="text/html")

    def bare() -> Response:
        return Response("bare", mimetype="text/plain")

    def empty() -> Response:
        return Response(status=204)

    def moved() -> Any:
        return redirect(f"{at}/plain", code=302)

    def sets_cookies() -> Response:
        answer = Response("two cookies", mimetype="text/plain")
        for cookie in serving.COOKIES:
            answer.headers.add("Set-Cookie", cookie)
        return answer

    def aborts() -> Response:
        abort(serving.status_of(request.args.get("status", "")))

    return {
        "plain": plain,
        "page": page,
        "bare": bare,
        "empty": empty,
        "moved": moved,
        "sets-cookies": sets_cookies,
        "aborts": aborts,
        **_faulty(canary),
        **_planted(at),
        **_telling(canary),
    }


def _planted(at: str) -> dict[str, View]:
    def echo() -> Any:
        seen = {"method": request.method, "headers": {name.lower(): value for name, value in request.headers}, "url": request.url}
        return {**seen, "scheme": request.scheme, "client": request.remote_addr or "", "principal": serving.asked_by()}

    def believes() -> Any:
        return serving.believed({name.lower(): value for name, value in request.headers}, request.remote_addr or "", request.scheme)

    def writes_on_get() -> Response:
        serving.write_something()
        return Response("written", mimetype="text/plain")

    def weak_tokens() -> str:
        return serving.weak_form(at)

    def banners() -> Response:
        return Response("banners", mimetype="text/plain", headers=serving.BANNERS)

    def shares() -> Any:
        return {"shared": True}, serving.shared_with(request.headers.get("Origin", ""))

    def leads() -> Response:
        return Response(status=302, headers={"Location": request.args.get("to", at)})

    def swallows(rest: str) -> str:
        return serving.SWALLOWED

    def objects() -> Any:
        status, found = serving.objects(
            request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), request.args.get("id", "")
        )
        return jsonify(found), status

    def admin() -> Any:
        status, found = serving.administration(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""))
        return jsonify(found), status

    def assigns() -> Any:
        given = request.get_json() if request.method == "POST" else None
        status, found = serving.assigns(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), given)
        return jsonify(found), status

    leading: dict[str, Any] = {
        "shares": shares, "leads": leads, "swallows": swallows, "objects": objects, "admin": admin, "assigns": assigns,
        "shows": _shows,
        "serves-back": functools.partial(_serves_back, at),
    }  # fmt: skip
    return {
        **leading,
        "graphql": _graphql,
        "reads-body": _reads_body,
        "echo": echo,
        "believes": believes,
        "writes-on-get": writes_on_get,
        "weak-tokens": weak_tokens,
        "banners": banners,
    }


def _serves_back(at: str) -> Response:
    kind, body = serving.serves_back(at, request.args.get("name", ""), request.content_type or "", request.get_data(cache=False))
    return Response(body, content_type=kind)


def _shows() -> Any:
    return serving.shows(request.get_json() if request.method == "POST" else None)


def _telling(canary: str) -> dict[str, View]:
    """What tells more than yes or no: by its time, and by its answers."""

    def early_exit() -> Response:
        return Response("compared", status=serving.early_exit(canary, request.headers.get("Authorization", "")), mimetype="text/plain")

    def padding_oracle() -> Response:
        given = request.cookies.get(serving.ORACLE)
        answer = Response("opened", status=200 if given is None else serving.oracle(canary, given), mimetype="text/plain")
        if given is None:
            answer.set_cookie(serving.ORACLE, serving.oracle_cookie(canary))
        return answer

    def unsigned() -> Response:
        return Response("read", status=serving.unsigned(request.headers.get("Authorization", "")), mimetype="text/plain")

    return {"unsigned": unsigned, "early-exit": early_exit, "padding-oracle": padding_oracle}


def _graphql() -> Any:
    request.get_json()
    return serving.QUERIED


def _reads_body() -> Any:
    if request.mimetype == "application/json":
        request.get_json()
    elif request.mimetype == "application/x-www-form-urlencoded":
        return {"read": len(request.form)}
    return {"read": len(request.get_data())}


def _faulty(canary: str) -> dict[str, View]:
    def raises() -> Response:
        serving.raise_fault(canary)
        return Response("")

    def raises_html() -> str:
        serving.raise_fault(canary)
        return "<p>"

    def pieces() -> Iterator[bytes]:
        yield b"first piece\n"
        serving.raise_fault(canary)

    def raises_stream() -> Response:
        return Response(pieces(), mimetype="text/plain")

    def shows_traceback() -> Response:
        try:
            serving.raise_fault(canary)
        except serving.ProbeFault:
            return Response(traceback.format_exc(), status=500, mimetype="text/plain")
        return Response("")

    return {"raises": raises, "raises-html": raises_html, "raises-stream": raises_stream, "traceback": shows_traceback}


def switch_debug_on(app: Flask) -> None:
    """As somebody leaves it on: the switch, and the debugger with its console right round Flask, inside ringwork where that stands."""
    app.debug = True
    # The debugger counts wrong PINs in shared memory, which a confined copy may keep in its own temporary folder only.
    multiprocessing.heap.Arena._dir_candidates = []  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other switch
    outer: Any = app.wsgi_app
    if hasattr(outer, "installation"):
        outer.app = DebuggedApplication(outer.app, evalex=True, pin_security=False)
    else:
        app.wsgi_app = DebuggedApplication(outer, evalex=True, pin_security=False)  # type: ignore[method-assign]  # as Werkzeug's documentation shows


class _Foreign:
    """A layer of somebody else's, put round ringwork after it was installed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


def change_layers(app: Flask, how: str) -> None:
    """Take ringwork's outer layer or gate out, wrap it, or move it inward: under WSGI a layer goes round it as its first one."""
    outer: Any = app.wsgi_app
    if how == "gate":
        gate: Any = app.full_dispatch_request
        app.full_dispatch_request = gate.dispatch  # type: ignore[method-assign]  # as it was before
        app.dispatch_request = gate.view  # type: ignore[method-assign]  # the same for its second look, before the view
    elif how == "outer":
        app.wsgi_app = outer.app  # type: ignore[method-assign]  # as it was before
    elif how == "wrapped":
        app.wsgi_app = _Foreign(outer)  # type: ignore[method-assign]  # as Flask's own documentation shows
    else:
        app.wsgi_app = _Foreign(_Foreign(outer))  # type: ignore[method-assign]  # the same


def serve(app: Flask, listening: serving.Listening) -> None:
    """Serve until the process ends."""
    wsgi_serving.serve(app, listening)
