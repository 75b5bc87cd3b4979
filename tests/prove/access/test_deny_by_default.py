"""The proof of access.deny-by-default: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove.access import deny_by_default
from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.survey.facts import RouteFacts
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("access.deny-by-default")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, so a pass means something."""
    showing.falls(framework, check)


def _route(method: str, path: str) -> RouteFacts:
    return RouteFacts(kind="http", path=path, methods=(method,), handler="shop.handler")


@pytest.mark.parametrize(
    ("path", "answering"), [("/parcels/move", ["POST /parcels/move", "DELETE /parcels/{id}"]), ("/notes", ["POST /notes"])]
)
def test_counts_the_methods_of_every_template_that_takes_a_path(path: str, answering: list[str]) -> None:
    """DELETE /parcels/move is the honest DELETE of /parcels/{id}, and no method that was smuggled past a list."""
    routes = (_route("POST", "/parcels/move"), _route("DELETE", "/parcels/{id}"), _route("POST", "/notes"))
    stage: Any = SimpleNamespace(facts=SimpleNamespace(routes=routes))
    mine = [route for route in routes if route.path == path]
    assert [route.name for route in deny_by_default.answering(stage, mine, path)] == answering


FORMS = """
from flask import Flask, request
app = Flask(__name__)
kept = []
FORM = "<form method=post><input name=word><button>Go</button></form>"
@app.route("/gate", methods=["GET", "POST"])
def gate():
    return FORM
@app.route("/box", methods=["GET", "POST"])
def box():
    if request.method == "POST":
        kept.append(request.form.get("word"))
    return FORM
@app.route("/closed", methods=["GET", "POST"])
def closed():
    return "<p>Administration is switched off.</p>"
@app.post("/people")
def join():
    kept.append((request.form["name"], request.form["password"]))
    return "welcome"
@app.post("/people/<person>/password")
def change(person):
    kept.append((person, request.form["name"], request.form["password"]))
    return "changed"
@app.post("/hooks")
def hook():
    kept.append((request.form["name"], request.form["secret"]))
    return "kept"
@app.route("/search", methods=["GET", "POST"])
def search():
    return FORM + ("<form></form>" if request.method == "GET" else "<form></form>Anna: asthma")
@app.post("/admin/people")
def employ():
    kept.append((request.form["name"], request.form["password"]))
    return "welcome"
@app.route("/spend", methods=["GET", "POST"])
def spend():
    return FORM if request.method == "GET" else "<h1>spent</h1>"
"""


def test_a_form_that_is_shown_again_is_no_deed() -> None:
    """A page that lets in by a word looks like that; where something changes, or another page answers, anybody did it."""
    with unguarded.serving(FORMS) as stage:
        seen = {o.where: o.outcome for o in deny_by_default.policy_coverage(stage).observations}
    assert seen == {
        "GET,POST /gate": Outcome.UNTRIED,
        "GET,POST /closed": Outcome.UNTRIED,
        "GET,POST /box": Outcome.BROKEN,
        "GET,POST /spend": Outcome.BROKEN,
        "POST /people/{person}/password": Outcome.BROKEN,
        "POST /hooks": Outcome.BROKEN,
        "GET,POST /search": Outcome.BROKEN,
        "POST /admin/people": Outcome.BROKEN,  # whoever signs up at /people chooses a password, and that is no way past anybody
    }


METHODS = """
from flask import Flask, request
app = Flask(__name__)
PAGE = "<html><h1>This link is too old</h1><form method=post><input name=word></form></html>"
@app.get("/")
def home():
    return "<html><h1>Home</h1></html>"
def link():
    return PAGE if request.method == "GET" or IS_SAME else "<html><h1>Accounts</h1><p>anna, ben, carl</p></html>"
app.add_url_rule("/link", view_func=link, methods=["GET", "POST"])
inner = app.wsgi_app
def outer(environ, start_response):
    if environ["REQUEST_METHOD"] == "TRACE" and environ["PATH_INFO"] == "/link":
        with app.request_context(environ):
            return app.make_response(link())(environ, start_response)
    return inner(environ, start_response)
app.wsgi_app = outer
"""


@pytest.mark.parametrize("is_same", [True, False])
def test_the_page_that_everybody_reads_is_no_prize_of_another_method(is_same: bool) -> None:
    """Django's page of a link that is too old comes for every method; another page than GET's is what a method was smuggled past for."""
    with unguarded.serving(METHODS.replace("IS_SAME", str(is_same))) as stage:
        found = [o for o in deny_by_default.unlisted_method(stage).observations if o.where == "GET,POST /link" and "list" in o.attack]
    assert [o.outcome for o in found] == [Outcome.HELD if is_same else Outcome.BROKEN]
    assert ("TRACE 200 (the page that GET shows)" in found[0].detail) is is_same


GUARDED = """
from flask import Flask
from ringwork import protect, public
app = Flask(__name__)
@app.get("/")
@public("the front page")
def home():
    return "home"
@app.get("/forgotten")
def forgotten():
    return "forgotten"
protect(app)
"""


def test_a_refused_route_without_a_rule_is_less_grave_than_one_that_answers() -> None:
    """Nobody gains by what is refused; where anybody is answered, it is as grave as the control."""
    with unguarded.serving(GUARDED) as stage:
        seen = [o for o in deny_by_default.policy_coverage(stage).observations if o.outcome is Outcome.BROKEN]
    assert {o.where: o.severity for o in seen} == {"GET /forgotten": "low", "GET /static/{filename}": "low"}
    with unguarded.serving(FORMS) as stage:
        open_ = [o for o in deny_by_default.policy_coverage(stage).observations if o.outcome is Outcome.BROKEN]
    assert {o.where: o.severity for o in open_ if o.severity} == {"GET,POST /spend": "high", "GET,POST /search": "high"}


LINKS = """
from flask import Flask
app = Flask(__name__)
@app.get("/accounts/email/<signed_payload>")
def by_link(signed_payload):
    return "this link is over"
@app.get("/accounts/list")
def accounts():
    return "anna, ben"
@app.get("/admin/designs/<design_id>")
def design(design_id):
    return "a drawing"
@app.get("/admin/tokens/<token_id>")
def token(token_id):
    return "a token"
"""


def test_a_link_that_was_sent_to_somebody_is_no_private_page() -> None:
    """Whoever has it was given it; a page of accounts that anybody opens is one, and so is one that is asked by a token's number."""
    with unguarded.serving(LINKS) as stage:
        seen = {o.where: o.outcome for o in deny_by_default.policy_coverage(stage).observations}
    private = ("GET /accounts/list", "GET /admin/designs/{design_id}", "GET /admin/tokens/{token_id}")
    assert seen == {"GET /accounts/email/{signed_payload}": Outcome.UNCLEAR, **dict.fromkeys(private, Outcome.BROKEN)}


COUNTING = """
from flask import Flask, request
app = Flask(__name__)
visits, kept = [], ["one"]
@app.get("/letters")
def letters():
    visits.append(request.path)
    return "none"
@app.get("/letters/of")
def gone():
    visits.append(request.path)
    if request.headers.get("X-HTTP-Method-Override") == "DELETE":
        kept.append("gone")
    return "none"
"""


def test_what_a_plain_visit_changes_is_no_effect_of_an_override() -> None:
    """A page that notes its visit is changed by every request; what only the override changes is its effect."""
    with unguarded.serving(COUNTING) as stage:
        seen = [o for o in deny_by_default.unlisted_method(stage).observations if o.outcome is Outcome.BROKEN]
    assert [(o.where, o.detail.rpartition(" changed ")[2].endswith(".kept")) for o in seen] == [("GET /letters/of", True)]
