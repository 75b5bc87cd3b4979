"""The proof of identity.authentication-required: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import judge, run
from ringwork.prove.check import Check
from ringwork.prove.evidence import CheckResult, Outcome, Report, Verdict
from ringwork.prove.identity import authentication_required as proof
from ringwork.prove.progress import Progress
from ringwork.prove.settings import Settings, of_project
from ringwork.prove.target import resolve
from ringwork.survey.facts import AppFacts, GuardFacts, RouteFacts
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing

CONTROL = "identity.authentication-required"
CHECKS = clinics.checks_of(CONTROL)


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


def test_names_the_route_that_opens_without_the_guard_alone() -> None:
    """With the rules on roles left in, signing out is what any stranger can ask for."""
    check = next(check for check in CHECKS if check.id.endswith("anonymous-sweep"))
    evidence = clinics.run("fastapi", check, (CONTROL,))
    assert "POST /logout" in {o.where for o in judge.broken(evidence)}


# -- applications that authenticate by themselves -------------------------------------------------------------

OWN = """
from typing import Annotated
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
import ringwork
from ringwork import Policy, public
SCHEME = OAuth2PasswordBearer(tokenUrl="token")

def current_user(token: Annotated[str, Depends(SCHEME)]) -> str:
    if token != "the-token-of-ada-and-nobody-else" and CHECKS:
        raise HTTPException(401)
    return token

app = FastAPI(openapi_url=None)

@app.get("/")
@public("the front page")
def home() -> dict[str, str]:
    return {"hello": "whoever you are"}

@app.get("/orders")
def orders(user: Annotated[str, Depends(current_user)]) -> dict[str, str]:
    return {"orders": "tea and biscuits", "leave at": "the back door"}

@app.post("/orders")
def order(user: Annotated[str, Depends(current_user)]) -> dict[str, str]:
    return {"ordered": "tea and biscuits"}

ringwork.protect(app, Policy())
"""
USERS = '[[prove.users]]\nname = "ada"\ntoken = "the-token-of-ada-and-nobody-else"\n'


@functools.cache
def _proved(source: str) -> Report:
    """The proof of an application in a folder of its own, with Ada's token declared."""
    with tempfile.TemporaryDirectory(prefix="own-") as name:
        folder = Path(name).resolve()
        (folder / "shop.py").write_text(source, encoding="utf-8")
        (folder / "ringwork.toml").write_text(USERS, encoding="utf-8")
        target = resolve("shop:app", here=folder)
        settings = Settings(**{**of_project(target), "select": (CONTROL,), "quick": True})
        return run.prove(target, settings, Progress())


def _result(report: Report, name: str) -> CheckResult:
    return next(result for result in report.results if result.check == f"{CONTROL}/{name}")


def test_asks_at_the_application_s_own_check_without_a_login() -> None:
    """Where ringwork lets requests in to the application's own check, strangers are seen to get nowhere."""
    evidence = _result(_proved(OWN.replace("CHECKS", "True")), "anonymous-sweep").evidence
    assert evidence is not None
    assert {o.where: o.outcome for o in evidence.observations} == {"GET /orders": Outcome.HELD, "POST /orders": Outcome.HELD}


def test_finds_a_check_that_takes_any_value_for_a_token() -> None:
    """Trap 3: a check that is recognised and verifies nothing counts as a rule; the proof says that it holds nobody."""
    report = _proved(OWN.replace("CHECKS", "len(token) > 9_999"))
    assert _result(report, "anonymous-sweep").verdict is Verdict.VIOLATED
    found = {finding.where: finding.summary for finding in report.findings}
    assert "Bearer x" in found["GET /orders"]
    assert "Bearer x" in found["POST /orders"]


def test_finds_a_route_whose_guard_was_forgotten_without_ringwork() -> None:
    """In an application that never heard of ringwork, what looks guarded is asked; a check in vain is named."""
    bare = (
        OWN.replace("CHECKS", "len(token) > 9_999")
        .replace("ringwork.protect(app, Policy())", "")
        .replace('@public("the front page")\n', "")
    )
    assert (
        _result(_proved(bare.replace("import ringwork\nfrom ringwork import Policy, public\n", "")), "anonymous-sweep").verdict
        is Verdict.VIOLATED
    )


# -- the list of approved public routes -----------------------------------------------------------------------


def _listed(routes: Sequence[RouteFacts], approved: tuple[str, ...] | None, *, controls: tuple[str, ...] | None = (CONTROL,)) -> Any:
    guard = None if controls is None else GuardFacts(mode="enforce", controls=controls, origin="", hosts=(), identify="")
    facts = AppFacts(
        target="shop:app", framework="fastapi", framework_version="0", root="", routes=tuple(routes), guard=guard, approved_public=approved
    )
    return proof.public_list(SimpleNamespace(facts=facts))  # type: ignore[arg-type]  # this check looks at facts alone


HOME = RouteFacts(
    kind="http", path="/", methods=("GET",), handler="shop.home", rule="public", reason="the front page", file="shop.py", line=3
)
EXPORT = dataclasses.replace(HOME, path="/export", reason="for a moment", line=9)
ORDERS = dataclasses.replace(HOME, path="/orders", rule="requires", reason="")


def test_holds_where_every_public_route_is_approved() -> None:
    """An approved route that is public no more does no harm."""
    assert judge.held(_listed([HOME, ORDERS], ("GET /", "GET /gone")))


def test_names_a_public_route_that_nobody_approved() -> None:
    """The mark alone opens a route; the list is where a second pair of eyes sees it."""
    found = judge.broken(_listed([HOME, EXPORT], ("GET /",)))
    assert [(o.where, o.file, o.line) for o in found] == [("GET /export", "shop.py", 9)]


def test_compares_names_whole() -> None:
    """An approved GET approves no POST, and no path that merely begins alike."""
    post = dataclasses.replace(EXPORT, methods=("POST",))
    deeper = dataclasses.replace(EXPORT, path="/export/all")
    assert {o.where for o in judge.broken(_listed([post, deeper], ("GET /export",)))} == {"POST /export", "GET /export/all"}


def test_names_every_route_as_open_where_nothing_asks() -> None:
    """With the guard out, a route that asks for a user is public in effect."""
    assert {o.where for o in judge.broken(_listed([HOME, ORDERS], ("GET /",), controls=("browser.csrf",)))} == {"GET /orders"}


def test_says_how_to_write_the_list_where_there_is_none() -> None:
    """Not verified, with the line to run."""
    evidence = _listed([HOME], None)
    assert "ringwork routes shop:app --public > ringwork-public.txt" in evidence.unlock
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED


def test_does_not_guess_what_an_application_without_rules_means_to_be_public() -> None:
    """Only declared rules can be compared."""
    assert judge.first_verdict(_listed([HOME], ("GET /",), controls=None)) is Verdict.NOT_VERIFIED


@pytest.mark.parametrize("path", ["/admin", "/a", "/orders/7/lines"])
def test_writes_a_path_otherwise_and_never_as_it_is(path: str) -> None:
    """Each spelling differs from the path, and all begin like a request target."""
    made = proof.spellings(path)
    assert path not in made
    assert len(made) == len(set(made))
    assert all(spelling.startswith(("/", "\\", "%")) for spelling in made)


LOOKUP = """
from typing import Annotated
from fastapi import Depends, FastAPI, Request

def get_current_user(request: Request) -> str | None:
    return "ada" if request.headers.get("authorization") == "Bearer the-token-of-ada-and-nobody-else" else None

app = FastAPI(openapi_url=None)

@app.get("/shop")
def shop(user: Annotated[str | None, Depends(get_current_user)]) -> dict[str, str]:
    return {"offers": "tea and biscuits for everybody", "you": user or "a stranger"}
"""


def test_accuses_no_page_that_merely_looks_up_who_is_there() -> None:
    """Without any rule a dependency's name is a guess; what serves everybody alike is left to the project, not called a hole."""
    report = _proved(LOOKUP)
    assert not report.findings
    assert _result(report, "anonymous-sweep").verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(("path", "let_in"), [("/admin/logout/", False), ("/orders/7", True)])
def test_takes_no_way_out_for_a_page_that_a_stranger_got(path: str, let_in: bool) -> None:
    """Whoever is not signed in is led to the same front page by a logout; at any other route the same redirect is the same service."""
    answer = Answer(status=302, reason="", http_version="1.1", headers=[(b"location", b"/done/")], body=b"", request=b"", answer=b"")
    assert proof.is_let_in(answer, answer, path) is let_in


def _page(status: int, text: str) -> Answer:
    return Answer(status=status, reason="", http_version="1.1", headers=[], body=text.encode(), request=b"", answer=b"")


def _led(to: str, text: str) -> Answer:
    """A redirect as Flask writes it, with its words in the body."""
    body = f"<h1>Redirecting...</h1><p>You should be redirected automatically to the target URL: <a>{to}</a>. If not, click it.</p>{text}"
    return Answer(
        status=302, reason="", http_version="1.1", headers=[(b"location", to.encode())], body=body.encode(), request=b"", answer=b""
    )


def test_the_words_of_a_redirect_are_nobody_s_data() -> None:
    """Who is signed in is led on to his order and a stranger to the login; a private page in the body of that redirect is a page shown."""
    assert not proof.is_let_in(_led("/login?next=/orders", ""), _led("/orders/7", ""))
    assert proof.is_let_in(_led("/orders/7", ""), _led("/orders/7", ""))
    private = "<p>seed potatoes for plot 9</p><p>to the back door</p>"
    assert proof.is_let_in(_led("/login", private), _page(200, private))


@pytest.mark.parametrize("refused", [401, 403, 404])
def test_the_frame_of_a_refusal_is_not_what_a_private_page_told(refused: int) -> None:
    """A refusal may come with the menu and the name of the place, as DRF's does; only what it leaves out was private."""
    frame = "<nav>Allotments of the town</nav><h1>Order list</h1>"
    user = SimpleNamespace(page=lambda path: _page(200, f"{frame}<p>seed potatoes for plot 9</p>"))
    stranger = SimpleNamespace(page=lambda path: _page(refused, f"{frame}<p>please sign in first</p>"))
    stage = SimpleNamespace(fill=lambda route, client: "/orders")
    cast: Any = SimpleNamespace(stage=stage, allowed=lambda route: [("ada", user)], nobody=lambda: stranger)
    route: Any = SimpleNamespace(rule="")
    found = proof._private_page(cast, route, "")
    assert found is not None
    assert found[3] == {"seed potatoes for plot 9"}
    cast.nobody = lambda: user  # whom everybody is shown alike: nothing there is private
    assert proof._private_page(cast, route, "") is None
