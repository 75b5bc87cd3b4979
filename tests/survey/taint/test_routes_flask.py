"""Routes of Flask and what extends it, read from the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.survey.taint import written

CHECKS = """
    import functools
    from flask import Blueprint, Flask, abort, g, redirect, session

    def login_required(view):
        @functools.wraps(view)
        def wrapped(*args, **kwargs):
            if "user" not in session:
                return redirect("/login")
            return view(*args, **kwargs)
        return wrapped

    def optional_login(view):
        return view

    def members(view):
        def wrapped(*args):
            if g.user is None:
                abort(403)
            return view(*args)
        return wrapped

    app = Flask(__name__)
    """


@pytest.mark.parametrize(
    ("rule", "shown", "is_text"),
    [
        ("/x/<n>", "/x/{n}", True),
        ("/x/<string:n>", "/x/{n}", True),
        ("/x/<path:n>", "/x/{n}", True),
        ("/x/<int:n>", "/x/{n}", False),
        ("/x/<uuid:n>", "/x/{n}", False),
        ("/x/<any(a, b):n>", "/x/{n}", False),
        ("/x/<digits:n>", "/x/{n}", False),
        ("/x/<words:n>", "/x/{n}", True),
    ],
)
def test_a_converter_says_whether_text_arrives(tmp_path: Path, rule: str, shown: str, is_text: bool) -> None:  # a table
    """A number in a path cannot carry an attack; the application's own converters are looked into."""
    source = f"""
        from flask import Flask
        from werkzeug.routing import BaseConverter

        class Digits(BaseConverter):
            regex = r"\\d+"

        class Words(BaseConverter):
            regex = r"[^/]+"

        app = Flask(__name__)
        app.url_map.converters["digits"] = Digits
        app.url_map.converters["words"] = Words

        @app.route("{rule}")
        def one(n): ...
        """
    found = written.handlers(tmp_path, {"main.py": source})
    assert (found[f"GET {shown}"].brought["n"].source, found[f"GET {shown}"].brought["n"].is_text) == ("path", is_text)


def test_a_rule_without_parameters_is_constant(tmp_path: Path) -> None:
    """The path of such a request is no input, whatever else is."""
    found = written.handlers(
        tmp_path, {"main.py": CHECKS + '\n    @app.route("/a")\n    def a(): ...\n    @app.get("/<b>")\n    def b(b): ...\n'}
    )
    assert (found["GET /a"].is_constant, found["GET /{b}"].is_constant) == (True, False)


def test_blueprints_are_joined_as_they_are_registered(tmp_path: Path) -> None:
    """The prefix at the registration replaces the blueprint's own; a blueprint in a blueprint has both."""
    found = written.handlers(
        tmp_path,
        {
            "shop/__init__.py": """
                from flask import Flask
                def create_app():
                    app = Flask(__name__)
                    from shop import notes
                    from shop.users import bp as users
                    app.register_blueprint(notes.bp)
                    app.register_blueprint(users, url_prefix="/people")
                    return app
                """,
            "shop/notes.py": """
                from flask import Blueprint
                bp = Blueprint("notes", __name__, url_prefix="/notes")
                inner = Blueprint("inner", __name__)
                bp.register_blueprint(inner, url_prefix="/inner")
                @bp.route("/", methods=["GET", "POST"])
                def all(): ...
                @inner.delete("/<int:n>")
                def gone(n): ...
                """,
            "shop/users.py": """
                from flask import Blueprint
                bp = Blueprint("u", __name__, url_prefix="/old")
                @bp.get("/me")
                def me(): ...
                """,
        },
    )
    assert sorted(found) == ["DELETE /notes/inner/{n}", "GET /people/me", "GET,POST /notes/"]


def test_an_untyped_application_is_known_by_its_use(tmp_path: Path) -> None:
    """A function that is handed the application, with constants that make the path."""
    source = """
        from flask import request
        BASE = "/api"

        def init(app):
            place = BASE + "/v1"

            @app.route(place + "/search", methods=["POST"])
            def search():
                return request.form["q"]
        """
    found = written.handlers(tmp_path, {"search.py": source})
    assert found["POST /api/v1/search"].function == "search.init.<locals>.search"
    assert found["POST /api/v1/search"].answers == "html"


def test_class_views_and_resources_are_read(tmp_path: Path) -> None:
    """One handler for each method of a class; a resource answers JSON, a view markup."""
    found = written.handlers(
        tmp_path,
        {
            "main.py": """
                from flask import Flask
                from flask.views import MethodView, View
                from flask_restx import Api, Namespace, Resource

                app = Flask(__name__)
                api = Api(app, prefix="/api")
                notes = Namespace("notes")
                api.add_namespace(notes)

                @notes.route("/<int:n>")
                class Note(Resource):
                    def get(self, n): ...
                    def delete(self, n): ...

                class Items(MethodView):
                    def get(self): ...
                    def post(self): ...

                class Old(View):
                    methods = ["POST"]
                    def dispatch_request(self): ...

                app.add_url_rule("/items", view_func=Items.as_view("items"))
                app.add_url_rule("/old", view_func=Old.as_view("old"))
                """
        },
    )
    assert sorted(found) == ["DELETE,GET /api/notes/{n}", "GET,POST /items", "POST /old"]
    assert (found["DELETE,GET /api/notes/{n}"].answers, found["GET,POST /items"].answers) == ("json", "html")
    assert found["GET,POST /items"].instance == "main.Items"


@pytest.mark.parametrize(
    ("decorator", "checks"),
    [("@login_required", ("login_required",)), ("@members", ("members",)), ("@optional_login", ()), ("@functools.cache", ())],
)
def test_a_decorator_that_turns_away_authenticates(tmp_path: Path, decorator: str, checks: tuple[str, ...]) -> None:
    """The name of a check is not enough, and none is needed where the code answers 403."""
    found = written.handlers(tmp_path, {"main.py": CHECKS + f'\n    @app.get("/x")\n    {decorator}\n    def x(): ...\n'})
    assert found["GET /x"].authenticated_by == checks


def test_a_hook_counts_for_its_blueprint_alone(tmp_path: Path) -> None:
    """What runs before the requests of one blueprint guards no other; a hook that only loads the user guards nothing."""
    source = (
        CHECKS
        + """
    inside = Blueprint("inside", __name__)
    app.register_blueprint(inside)

    @app.before_request
    def load_user():
        g.user = session.get("user")

    @inside.before_request
    def only_known():
        if not session.get("user"):
            return redirect("/login")

    @inside.get("/in")
    def within(): ...
    @app.get("/out")
    def without(): ...
    """
    )
    found = written.handlers(tmp_path, {"main.py": source})
    assert (found["GET /in"].authenticated_by, found["GET /out"].authenticated_by) == (("only_known",), ())


def test_tells_what_spares_a_route_from_proof_of_origin(tmp_path: Path) -> None:
    """An exemption is told at its route, the protection at all others."""
    source = CHECKS + (
        "\n    from flask_wtf import CSRFProtect\n    csrf = CSRFProtect(app)\n"
        '    @app.post("/a")\n    @csrf.exempt\n    def a(): ...\n    @app.post("/b")\n    def b(): ...\n'
    )
    found = written.handlers(tmp_path, {"main.py": source})
    assert (found["POST /a"].csrf, found["POST /b"].csrf) == ("exempt: csrf.exempt", "protected: CSRFProtect")
