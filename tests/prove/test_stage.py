from __future__ import annotations

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import launch, settings, target, users
from ringwork.prove.check import Fault, ProbeRoute
from ringwork.prove.stage import LiveStage, next_source

SHOP = """
import secrets
from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel
from ringwork import Policy, Principal, protect, public, requires
app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
PEOPLE = {"anna": ("pw-anna-4711", "clerk"), "olaf": ("pw-olaf-4711", "owner")}
KEYS = {}
ITEMS = {"k7": "kettle"}
class Credentials(BaseModel):
    username: str
    password: str
def identify(request):
    name = KEYS.get(request.cookies.get("key"))
    return Principal(id=name, roles=frozenset({PEOPLE[name][1]})) if name else None
@app.post("/login")
@public("the door")
def login(given: Credentials):
    if PEOPLE.get(given.username, ("",))[0] != given.password:
        return JSONResponse({}, status_code=401)
    answer = JSONResponse({"ok": True})
    key = secrets.token_hex(8)
    KEYS[key] = given.username
    answer.set_cookie("key", key)
    return answer
@app.get("/items")
@requires("clerk", "owner")
def items():
    return [{"id": key, "name": name} for key, name in ITEMS.items()]
@app.get("/items/{item_id}")
@requires("clerk", "owner")
def item(item_id: str):
    return {"id": item_id, "name": ITEMS[item_id]}
@app.get("/pages")
@requires("owner")
def pages():
    return HTMLResponse('<a href="/things/teapot">x</a><form method="post" action="/rename">'
        '<input name="csrf_token" type="hidden" value="t1"><select name="kind"><option value="">-</option>'
        '<option value="good">g</option></select></form>')
@app.get("/things/{name}")
@requires("owner")
def thing(name: str):
    return name
@app.post("/rename")
@requires("owner")
def rename(kind: str = Form()):
    return kind
protect(app, Policy(origin="https://shop.example", identify=identify))
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A stage on a guarded shop with two declared users."""
    root = tmp_path_factory.mktemp("shop")
    (root / "shop.py").write_text(SHOP)
    (root / "ringwork.toml").write_text(
        "".join(
            f'[[prove.users]]\nname = "{n}"\nroles = ["{r}"]\npassword = "pw-{n}-4711"\n' for n, r in (("olaf", "owner"), ("anna", "clerk"))
        )
    )
    chosen = target.resolve("shop.py", here=root)
    asked = settings.Settings(**settings.of_project(chosen))
    launcher = launch.Launcher(chosen, extra={})
    facts = launcher.load().facts
    launcher.warm_up()
    yield LiveStage(launcher, facts, users.find(facts, asked, launcher))
    launcher.close()


def _route(stage, name):
    return next(route for route in stage.facts.routes if route.name == name)


def test_puts_the_least_powerful_user_first(stage):
    """A check that takes the first user takes the one with the fewest rights."""
    assert [user.name for user in stage.users] == ["anna", "olaf"]


def test_speaks_the_policys_canonical_host(stage):
    """The copy is asked for by its own name, on a port of loopback."""
    assert stage.served.origin == f"https://shop.example:{stage.served.running.address[1]}"
    assert stage.served.client().get("/items").status == 401


def test_signs_a_declared_user_in(stage):
    """A signed-in browser gets what the user may see."""
    assert stage.served.login(stage.users[0]).get("/items").status == 200


def test_finds_an_identifier_in_the_applications_own_answers(stage):
    """A path's parameter is filled from the list that names it."""
    assert stage.fill(_route(stage, "GET /items/{item_id}")) == "/items/k7"


def test_follows_a_link_that_fits_the_template(stage):
    """A page's own link is the best value for a path."""
    assert stage.fill(_route(stage, "GET /things/{name}")) == "/things/teapot"


def test_makes_a_body_from_the_applications_own_form(stage):
    """Choices come from the page; the token is not part of the body."""
    assert stage.body(_route(stage, "POST /rename")) == ("application/x-www-form-urlencoded", b"kind=good")


def test_finds_the_token_of_a_form(stage):
    """Name and value of the hidden field, as the page shows it to this browser."""
    assert stage.token("/rename", stage.guide(_route(stage, "POST /rename"))) == ("csrf_token", "t1")


def test_puts_the_copy_back_to_its_start(stage):
    """After a reset nobody is signed in and every store is as before."""
    stage.fresh()
    before = stage.served.state()
    client = stage.served.login(stage.users[0])
    assert stage.served.state() != before
    stage.served.reset()
    assert stage.served.state() == before
    assert client.get("/items").status == 401


def test_plants_a_fault_in_a_copy_of_its_own(stage):
    """A broken user loader refuses everybody, there only."""
    with stage.serve(fault=Fault.IDENTIFY_RAISES) as broken:
        assert broken.client().get("/items").status >= 400
    assert stage.served.login(stage.users[0]).get("/items").status == 200


def test_starts_as_production_would_and_refuses_a_route_without_a_rule(stage):
    """The probe route without a rule stops production."""
    with pytest.raises(TargetFailed, match="no rule"), stage.serve(production=True):
        pass


def test_starts_in_production_without_probe_routes(stage):
    """The same application without the bare route starts."""
    with stage.serve(probes=False, production=True) as served:
        assert served.client().get("/items").status == 401


def test_offers_no_probe_path_where_there_are_no_probes(stage):
    """A path that leads nowhere would make a 404 look like a refusal."""
    with stage.serve(probes=False) as served, pytest.raises(TargetFailed, match="no probe routes"):
        served.probe_path(ProbeRoute.PLAIN)


@pytest.mark.parametrize(
    ("which", "status"),
    [
        ("plain", 200),
        ("empty", 204),
        ("moved", 302),
        ("raises", 500),
        ("raises-html", 500),
        ("traceback", 500),
        ("bare", 403),
        ("sets-cookies", 200),
    ],
)
def test_answers_each_probe_route_as_its_name_says(stage, which, status):
    """The classes of answers that checks provoke."""
    assert stage.served.client().get(stage.served.probe_path(ProbeRoute(which))).status == status


def test_gives_each_group_an_address_of_its_own():
    """Limits that count by address do not join checks."""
    assert next_source() != next_source()
