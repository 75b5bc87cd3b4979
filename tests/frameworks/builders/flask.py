"""Ways in, on Flask: views, and groups as blueprints."""

from __future__ import annotations

import itertools
import re
from typing import Any

from flask import Blueprint, Flask, Response, request, session

from tests.frameworks.clients import wsgi
from tests.frameworks.ways import Answer, Asked, Files, Group, Socket, Way, Ways, marked

INTERFACE = "wsgi"
CLIENT = wsgi.Client

NUMBERS = itertools.count()


def build(ways: Ways, *, session: bool = False) -> Flask:
    """An application of these ways, without its own static folder. session: with Flask's sessions in a cookie."""
    app = Flask(__name__, static_folder=None)
    if session:
        app.secret_key = "of this test"
    _fill(app, ways)
    return app


def add(app: Flask, way: Way) -> None:
    """One way more; Flask takes it until the first request."""
    _fill(app, (way,))


def _fill(app: Any, ways: Ways) -> None:
    for way in ways:
        number = next(NUMBERS)
        if isinstance(way, Way):
            app.add_url_rule(_pattern(way.path), f"way{number}", way.marked(_view(way)), methods=list(way.methods))
        elif isinstance(way, Files):
            assets = Blueprint(f"files{number}", __name__, static_folder=str(way.folder), static_url_path=way.path)
            app.register_blueprint(marked(way.rule, assets))
        elif isinstance(way, Group):
            inner = Blueprint(f"group{number}", __name__)
            _fill(inner, way.ways)
            app.register_blueprint(marked(way.rule, inner), url_prefix=way.path or None)
        else:
            assert isinstance(way, Socket)  # Flask has none; docs/frameworks.md says so


def _pattern(path: str) -> str:
    return re.sub(r"\{(\w+)\}", r"<\1>", re.sub(r"\{(\w+):path\}", r"<path:\1>", path))


def _view(way: Way) -> Any:
    if way.waits:

        async def waiting(**parameters: str) -> Response:
            return _response(await way.handler(_asked(way.reads, parameters)))

        return waiting

    def plain(**parameters: str) -> Response:
        return _response(way.handler(_asked(way.reads, parameters)))

    return plain


def _asked(reads: str, parameters: dict[str, str]) -> Asked:
    read: dict[str, Any] = {"body": request.get_data()} if reads == "body" else {"form": request.form.to_dict()} if reads else {}
    return Asked(
        method=request.method,
        query=request.args.to_dict(),
        cookies=request.cookies,
        headers={name.lower(): value for name, value in request.headers.items()},
        parameters=parameters,
        client=request.remote_addr or "",
        scheme=request.scheme,
        host=request.host,
        native=request,
        session=lambda: session,
        **read,
    )


def _response(answer: Answer) -> Response:
    made = Response(answer.body if answer.pieces is None else answer.pieces, answer.status, mimetype=answer.kind)
    for name, value in answer.headers:
        made.headers.add(name, value)
    return made
