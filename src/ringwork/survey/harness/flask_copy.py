"""A running copy of a Flask application: probe routes added, served by Werkzeug's threads over TLS."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, abort, redirect, request
from werkzeug.serving import WSGIRequestHandler, make_server

from ringwork.policy import declare
from ringwork.survey.harness import serving

View = Callable[[], Any]
_REASON = "a probe of ringwork, in this copy only"


def add_probes(app: Flask, *, canary: str) -> None:
    """Add the probe routes; static paths win over parameters in Werkzeug, so no catch-all hides them."""
    at = serving.prefix(canary)
    for name, view in _views(canary, at).items():
        marked = view if name == "bare" else declare.public(_REASON)(view)
        app.add_url_rule(f"{at}/{name}", endpoint=f"ringwork-probe-{name}", view_func=marked, methods=["GET", "POST"])


def _views(canary: str, at: str) -> dict[str, View]:
    def plain() -> Response:
        return Response("plain", mimetype="text/plain")

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
        "bare": bare,
        "empty": empty,
        "moved": moved,
        "sets-cookies": sets_cookies,
        "aborts": aborts,
        **_faulty(canary),
        **_planted(at),
    }


def _planted(at: str) -> dict[str, View]:
    def echo() -> Any:
        return {"method": request.method, "headers": {name.lower(): value for name, value in request.headers}, "url": request.url}

    def writes_on_get() -> Response:
        serving.write_something()
        return Response("written", mimetype="text/plain")

    def weak_tokens() -> str:
        return serving.weak_form(at)

    return {"echo": echo, "writes-on-get": writes_on_get, "weak-tokens": weak_tokens}


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


class _Handler(WSGIRequestHandler):
    """Speaks HTTP/1.1, names no version and writes no access log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body leave in two pieces, and the second would wait 40 ms

    def version_string(self) -> str:
        return "copy"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


def serve(app: Flask, listening: serving.Listening) -> None:
    """Serve until the process ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(listening.certificate, listening.key)
    host, port = listening.sock.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, request_handler=_Handler, ssl_context=context, fd=listening.sock.fileno())
    listening.ready()
    server.serve_forever()
