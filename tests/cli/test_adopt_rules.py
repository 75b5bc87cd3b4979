"""`ringwork adopt`: the call inside of a factory that other modules and suites call, and the line that gives each page its rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

MAKING = """from flask import Flask


def create_app(config=None):
    app = Flask(__name__)

    @app.get("/help")
    def help_page():
        return "help"

    with app.app_context():
        app.config["READY"] = True
        return app
"""
SERVED = "from {package} import create_app\n\napp = create_app()\n"


@pytest.fixture
def adopt(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Write files, run it on a target, and read its JSON."""
    monkeypatch.chdir(tmp_path)

    def _adopt(target: str, files: Mapping[str, str]) -> dict[str, Any]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        ended = run("adopt", target, "--json")
        assert ended.code == 0, ended.text + ended.err
        found: dict[str, Any] = json.loads(ended.out)
        return found

    return _adopt


def _calls(found: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    return [(line["file"], line["at"], line["text"]) for line in found["lines"] if "protect(" in line["text"]]


@pytest.mark.parametrize(
    ("files", "served", "place"),
    [
        ({"desk1/__init__.py": MAKING}, SERVED.format(package="desk1"), "desk1/__init__.py"),
        (
            {"desk2/__init__.py": "from .making import create_app\n", "desk2/making.py": MAKING},
            "import desk2\n\napp = desk2.create_app()\n",
            "desk2/making.py",
        ),
        (
            {"desk3.py": MAKING},
            "from werkzeug.middleware.proxy_fix import ProxyFix\nimport desk3 as desk\n\nmade = desk.create_app()\napp = ProxyFix(made)\n",
            "desk3.py",
        ),
    ],
)
def test_puts_the_call_into_the_factory_that_another_module_calls(
    adopt: Callable[..., dict[str, Any]], files: Mapping[str, str], served: str, place: str
) -> None:
    """Behind the factory's call only the server's application would be guarded, and the suite's would not."""
    found = adopt("wsgi:app", {**files, "wsgi.py": served})
    assert _calls(found) == [(place, 12, "        protect(app)")]
    assert "create_app()" in next(line["reason"] for line in found["lines"] if "protect(app)" in line["text"])


def test_says_what_the_suite_would_miss_where_a_factory_cannot_be_read(adopt: Callable[..., dict[str, Any]]) -> None:
    """Two ways out of a function are no single place; the call stands behind the factory's, and a person hears what that leaves out."""
    two_ways = MAKING.replace("        return app\n", "        if config:\n            return app\n        else:\n            return app\n")
    found = adopt("served:app", {"twoways.py": two_ways, "served.py": SERVED.format(package="twoways")})
    assert _calls(found) == [("served.py", 0, "protect(app)")]
    assert [remark for remark in found["remarks"] if remark.startswith("create_app() makes the application, and tests that call it")]


def test_takes_no_function_for_a_factory_that_only_gives_a_name(adopt: Callable[..., dict[str, Any]]) -> None:
    """`Flask(name_of())` is made where it stands."""
    text = 'from flask import Flask\n\ndef name_of():\n    return "shop"\n\napp = Flask(name_of())\napp.get("/a")(lambda: "")\n'
    assert _calls(adopt("named:app", {"named.py": text})) == [("named.py", 0, "protect(app)")]


PAGES = '''"""Pages."""
from flask import Flask
from flask.views import MethodView

app = Flask(__name__)


@app.get("/rates")
@app.get("/prices")
def rates():
    return "rates"


class Notes(MethodView):
    """Notes."""

    def get(self):
        return "notes"


app.add_url_rule("/notes", view_func=Notes.as_view("notes"))
app.add_url_rule("/version", "version", lambda: "1")
'''


def _pasted(text: str, lines: list[dict[str, Any]], which: str) -> str:
    """The file with the lines in their places, from the last upward."""
    written = text.splitlines()
    for line in sorted(lines, key=lambda one: -one["at"]):
        said = line[which] or line["text"]
        if line["replaces"]:
            written[line["at"] - 1] = written[line["at"] - 1].replace(line["replaces"], said)
        else:
            written.insert(line["at"], said)
    return "\n".join(written) + "\n"


@pytest.mark.parametrize(("which", "rule"), [("text", "requires"), ("opens", "public")])
def test_prints_the_line_that_gives_each_page_its_rule(
    run: Callable[..., Any], adopt: Callable[..., dict[str, Any]], tmp_path: Path, which: str, rule: str
) -> None:
    """Above a function, in a class, by its name in the settings: pasted where they say, each page has the rule, and nothing is left."""
    found = adopt("pages:app", {"pages.py": PAGES})
    rules = found["rules"]
    assert [(line["file"], sorted(line["routes"])) for line in rules if line["routes"]] == [
        ("pages.py", ["GET /prices", "GET /rates"]),
        ("pages.py", ["GET /notes"]),
        ("ringwork.toml", ["GET /version"]),
    ]
    in_file = [line for line in rules if line["file"] == "pages.py"]
    text = _pasted(PAGES, in_file, which) + "from ringwork import protect\nprotect(app)\n"
    (tmp_path / "pages.py").write_text(text, encoding="utf-8")
    settings = "\n".join(line[which] for line in rules if line["file"] == "ringwork.toml")
    (tmp_path / "ringwork.toml").write_text(f"rules = [{settings}]\n", encoding="utf-8")
    told = {route["path"]: route["rule"] for route in json.loads(run("routes", "pages:app", "--json").out) if route["kind"] == "http"}
    assert told == dict.fromkeys(("/rates", "/prices", "/notes", "/version"), rule)
    assert adopt("pages:app", {})["rules"] == []


def test_prints_a_rule_for_a_person_with_both_ways(run: Callable[..., Any], adopt: Callable[..., dict[str, Any]]) -> None:
    """Who may ask is a person's to say, so both lines are shown, each on a line of its own."""
    adopt("pages:app", {"pages.py": PAGES})
    said = run("adopt", "pages:app").text
    assert "pages.py, after line 3\n  from ringwork import public, requires" in said
    assert '@requires()\n  or\n  @public("' in said
    assert "ringwork.toml, among its rules  GET /version\n" in said


BOTH = """import os
from django.conf import settings
settings.configure(ROOT_URLCONF="sited", SECRET_KEY="k" * 50, ALLOWED_HOSTS=["*"], INSTALLED_APPS=[])
from django.core.wsgi import get_wsgi_application
from django.urls import include, path
from django.views.generic import TemplateView

inner = [path("<int:pk>/more/", TemplateView.as_view(template_name="a.html"), name="ä")]
urlpatterns = [path("about/", TemplateView.as_view(template_name="a.html")), path("x/", include(inner))]
application = get_wsgi_application()
"""


def test_puts_a_rule_around_the_path_of_a_view_of_django(adopt: Callable[..., dict[str, Any]]) -> None:
    """A view of the framework's own is written nowhere in the project, but its path is; what else stands in the line stays."""
    found = adopt("sited:application", {"sited.py": BOTH})
    changed = {line["routes"][0]: (line["at"], line["text"]) for line in found["rules"] if line["routes"]}
    assert changed == {
        "GET /about/": (9, 'requires()(path("about/", TemplateView.as_view(template_name="a.html")))'),
        "GET /x/{pk}/more/": (8, 'requires()(path("<int:pk>/more/", TemplateView.as_view(template_name="a.html"), name="ä"))'),
    }


OWN_CHECK = """from functools import wraps
from flask import Flask, abort, session

app = Flask(__name__)


def {name}(view):
    @wraps(view)
    def wrapped(*args, **kwargs):
        if session.get("role") != "agent":
            abort(403)
        return view(*args, **kwargs)
    return wrapped


@app.get("/desk")
@{name}
def desk():
    return "desk"
"""


@pytest.mark.parametrize(
    ("name", "is_one"), [("agent_required", True), ("require_agent", True), ("authors_only", True), ("user_agent_auth", False)]
)
def test_takes_a_decorator_for_a_check_that_is_named_after_who_may(adopt: Callable[..., dict[str, Any]], name: str, is_one: bool) -> None:
    """An agent may be a person; a user agent is none, and a name that asks for nobody is no check."""
    found = adopt(f"checked_{name}:app", {f"checked_{name}.py": OWN_CHECK.format(name=name)})
    assert any(name in line["text"] for line in found["lines"] if line["text"].startswith("own_auth")) is is_one
    assert bool(found["rules"]) is not is_one
