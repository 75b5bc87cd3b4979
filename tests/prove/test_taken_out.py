"""What an application takes out of a defence that it has: routes out of its check against forgeries, blueprints out of its error pages."""

from __future__ import annotations

import pytest

from ringwork.prove import judge
from ringwork.prove.browser import csrf
from ringwork.prove.evidence import Evidence, Outcome, Verdict
from ringwork.prove.output import error_handling
from tests.prove import unguarded
from tests.prove.test_found_in_small_shops import STRICT

FLASK = STRICT.replace("CSRFProtect(app)", "csrf = CSRFProtect(app)\nfrom flask import Blueprint\nimport hmac") + (
    """
def me():
    return session.get("name") or abort(401)
@csrf.exempt
@app.post("/name")
def rename():
    people[request.form["name"]] = people[me()]
    return redirect("/mine")
@csrf.exempt
@app.post("/paid")
def paid():
    if not hmac.compare_digest(request.headers.get("X-Signature", ""), app.secret_key):
        abort(403)
    return "noted"
@csrf.exempt
@app.post("/greet")
def greet():
    return "hello"
parts = Blueprint("parts", __name__)
@parts.post("/parts")
def part():
    return me()
app.register_blueprint(parts)
csrf.exempt(parts)
"""
)
DJANGO = """
from django.conf import settings
settings.configure(
    SECRET_KEY="probe-" + "k" * 60, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite3"}},
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware"],
)
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
@EXEMPT
@login_required
@require_POST
def rename(request):
    return HttpResponse("renamed")
@csrf_exempt
@require_POST
def paid(request):
    return HttpResponse("noted" if request.headers.get("X-Signature") == settings.SECRET_KEY else "no")
@method_decorator(EXEMPT, name="dispatch")
class Plan(View):
    def post(self, request):
        request.user.plan = "gold"
        return HttpResponse("changed")
urlpatterns = [path("name", rename), path("paid", paid), path("plan", Plan.as_view())]
"""


def outcomes(evidence: Evidence, attack: str) -> dict[str, Outcome]:
    return {o.where: o.outcome for o in evidence.observations if o.attack.startswith(attack)}


def test_flask_views_that_are_taken_out_of_the_check_are_told_by_how_they_know_who_asks() -> None:
    """By a session's cookie, alone or with their blueprint: a fault; by a signature: none; by nothing that is seen: a question."""
    with unguarded.serving(FLASK) as stage:
        evidence = csrf.exemptions(stage)
    assert outcomes(evidence, "exempt route") == {
        "POST /name": Outcome.BROKEN,
        "POST /parts": Outcome.BROKEN,
        "POST /paid": Outcome.HELD,
        "POST /greet": Outcome.UNCLEAR,
    }
    assert "CSRFProtect.exempt of the blueprint parts" in next(o.detail for o in evidence.observations if o.where == "POST /parts")


@pytest.mark.parametrize("exempt", ["csrf_exempt", "(lambda view: view)"])
def test_django_views_that_are_taken_out_of_the_check_are_told(exempt: str) -> None:
    """A function and a class that a session lets in; the webhook stays out of it, and is no fault in either case."""
    with unguarded.serving(DJANGO.replace("EXEMPT", exempt)) as stage:
        evidence = csrf.exemptions(stage)
    told = {"POST /name": Outcome.BROKEN, "POST /plan": Outcome.BROKEN} if exempt == "csrf_exempt" else {}
    found = {where.replace("GET,", ""): outcome for where, outcome in outcomes(evidence, "exempt route").items()}
    assert found == {"POST /paid": Outcome.HELD, **told}
    assert judge.first_verdict(evidence) is (Verdict.VIOLATED if told else Verdict.PROVEN)


HANDLING = """
from flask import Blueprint, Flask
app = Flask(__name__)
parts, plain = Blueprint("parts", __name__), Blueprint("plain", __name__)
@parts.errorhandler(Exception)
def told(error):
    return "sorry: " + SAID, 500
@parts.get("/parts")
@plain.get("/plain")
def listed():
    return "parts"
app.register_blueprint(parts)
app.register_blueprint(plain)
"""


@pytest.mark.parametrize("said", ["str(error)", "'look at the log'"])
def test_a_handler_of_one_blueprint_is_asked_too(said: str) -> None:
    """The application's own page is plain; what one blueprint tells of a fault stands on its pages alone."""
    with unguarded.serving(HANDLING.replace("SAID", said)) as stage:
        evidence = error_handling.provoked_errors(stage)
    outcome = Outcome.BROKEN if said == "str(error)" else Outcome.HELD
    assert outcomes(evidence, "unexpected fault of a blueprint") == {"any handler of the blueprint parts that raises": outcome}
    assert set(outcomes(evidence, "unexpected fault, as").values()) == {Outcome.HELD}
