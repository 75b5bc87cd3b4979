"""Rules and modes: who may enter, what a form has to prove, and what observe, only and production change."""

from __future__ import annotations

import uuid

import pytest

import ringwork
from ringwork import Principal
from ringwork.errors import UnsupportedApp
from ringwork.events import Outcome
from ringwork.policy.policy import Mode
from tests.frameworks.conformance.unlike import only, remark, unlike
from tests.frameworks.hosts import ORIGIN, Host

SAME_SITE = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
ALICE = {"Cookie": "__Host-user=alice"}
JSON = {"Content-Type": "application/json"}


def test_serves_a_public_route(host: Host) -> None:
    """The honest request passes."""
    answer = host.ask("GET", "/ok")
    assert (answer.status, answer.text) == (200, "fine")
    assert not host.events


@pytest.mark.parametrize("path", ["/bare", "/inner/bare", "/outer/deep/bare"])
def test_refuses_a_route_without_a_rule_before_its_handler_runs(host: Host, path: str) -> None:
    """A route nobody thought of: no answer, and no effect either."""
    answer = host.ask("GET", path, ALICE)
    assert answer.status == 403
    assert host.effects.done == []
    assert [(e.control, e.reason) for e in host.events] == [("access.deny-by-default", "no-rule")]


def test_serves_a_ruled_route_inside_a_group(host: Host) -> None:
    """Prefixes are resolved by the framework's own router."""
    assert host.ask("GET", "/inner/ok").text == "fine"
    assert host.ask("GET", "/outer/deep/who").status == 401
    assert host.ask("GET", "/outer/deep/who", ALICE).text == "alice"


@remark("flask", because="Flask serves coroutine functions where asgiref is installed (`flask[async]`)")
@remark("aiohttp", because="aiohttp takes coroutine functions alone; the plain handler is called inside one")
@pytest.mark.parametrize("path", ["/who", "/waiting"])
def test_asks_for_a_principal_and_tells_sync_and_async_handlers_who_it_is(host: Host, path: str) -> None:
    """401 for nobody, 200 for alice, and the handler learns who it is, in its thread or in its loop."""
    assert host.ask("GET", path).status == 401
    assert host.effects.done == []
    assert host.ask("GET", path, ALICE).text == "alice"


def test_refuses_a_role_that_the_route_does_not_name(host: Host) -> None:
    """A rule on a router or blueprint covers what stands in it."""
    assert host.ask("GET", "/admin", ALICE).status == 403
    assert host.ask("GET", "/admin", {"Cookie": "__Host-user=erin"}).status == 200


@pytest.mark.parametrize("user", ["broken", "odd"])
def test_refuses_when_the_user_loader_fails(host: Host, user: str) -> None:
    """Against a broken loader that lets everybody in: the request is refused, and the operator reads why."""
    answer = host.ask("GET", "/who", {"Cookie": f"__Host-user={user}"})
    assert answer.status == 503
    assert host.effects.done == []
    assert [(e.control, e.reason) for e in host.events] == [("identity.authentication-required", "identify-failed")]


def test_keeps_a_public_route_open_when_the_user_loader_fails(host: Host) -> None:
    """A public page needs no user; the fault is told all the same."""
    assert host.ask("GET", "/ok", {"Cookie": "__Host-user=broken"}).status == 200
    assert [e.outcome for e in host.events] == [Outcome.OBSERVED]


def test_refuses_a_foreign_host_before_anything_else(host: Host) -> None:
    """Traps 6 and 9: the host is compared exactly, before routing."""
    answer = host.ask("GET", "/ok", host="canary.invalid")
    assert answer.status == 421
    assert "canary" not in answer.text
    assert [e.control for e in host.events] == ["network.host-validation"]


def test_gives_a_page_to_a_browser(host: Host) -> None:
    """Accept decides between page and problem document."""
    answer = host.ask("GET", "/missing", {"Accept": "text/html"})
    assert answer.status == 404
    assert answer.all("content-type")[0].startswith("text/html")
    assert answer.all("incident-id")[0] in answer.text


def test_lets_json_through_from_the_sites_own_page(host: Host) -> None:
    """The honest front end needs no extra work."""
    answer = host.ask("POST", "/write", {**ALICE, **SAME_SITE, **JSON}, b'{"a":1}')
    assert (answer.status, host.effects.done) == (200, ['{"a":1}'])


@pytest.mark.parametrize(
    "headers",
    [
        {**JSON, "Origin": "https://evil.invalid", "Sec-Fetch-Site": "cross-site"},
        {**JSON, "Origin": "https://evil.invalid"},
        {**JSON, "Origin": "null"},
        {**JSON, "Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        {**JSON},
        {**SAME_SITE, "Content-Type": "text/plain"},
        {**SAME_SITE, "Content-Type": "application/x-www-form-urlencoded"},
        {**SAME_SITE, "Content-Type": "application/x-www-form-urlencoded", "X-Requested-With": "XMLHttpRequest"},
    ],
)
def test_refuses_a_state_change_that_the_users_page_did_not_send(host: Host, headers: dict[str, str]) -> None:
    """Traps 26 and 27: foreign or missing origin, simple content types; refused before the handler ran."""
    answer = host.ask("POST", "/write", {**ALICE, **headers}, b'{"a":1}')
    assert answer.status == 403
    assert host.effects.done == []
    # Where the browser sends Fetch Metadata, the resource isolation of security-headers stands before the csrf guard.
    assert [e.control for e in host.events] in (["browser.csrf"], ["browser.security-headers"])


def test_takes_a_form_token_once(host: Host) -> None:
    """The page's own form works, and the application still reads the whole body; the same token again does not."""
    page = host.ask("GET", "/form", ALICE)
    token = page.text.split('value="')[1].split('"')[0]
    binding = next(c for c in page.all("set-cookie") if "csrf" in c).split(";")[0]
    sent = {**SAME_SITE, "Cookie": f"{ALICE['Cookie']}; {binding}", "Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrf_token={token}&text=hello".encode()
    assert host.ask("POST", "/write", sent, body).status == 200
    assert host.effects.done == [body.decode()]
    assert host.ask("POST", "/write", sent, body).status == 403
    assert len(host.effects.done) == 1


@pytest.mark.parametrize("number", [7, uuid.UUID(int=7)])
def test_takes_the_number_of_a_user_for_his_id(framework: str, number: object) -> None:
    """An id as a table has it: pages with forms are served, the form is taken, and what is refused is told with the id's text."""
    host = Host(framework, identify=lambda request: Principal(id=number, session=number))  # type: ignore[arg-type]  # as written in haste
    page = host.ask("GET", "/form")
    token = page.text.split('value="')[1].split('"')[0]
    binding = next(c for c in page.all("set-cookie") if "csrf" in c).split(";")[0]
    sent = {**SAME_SITE, "Cookie": binding, "Content-Type": "application/x-www-form-urlencoded"}
    assert host.ask("POST", "/write", sent, f"csrf_token={token}&text=hello".encode()).status == 200
    assert host.ask("GET", "/admin").status == 403
    assert [e.principal for e in host.events] == [str(number)]


def test_observe_changes_no_answer_and_tells_what_it_would_refuse(framework: str) -> None:
    """observe is for looking: the same bytes as without ringwork, and one event for each refusal."""
    host = Host(framework, mode=Mode.OBSERVE)
    answer = host.ask("GET", "/bare", host="localhost")
    assert (answer.status, answer.text) == (200, "nobody thought of me")
    assert not answer.all("x-content-type-options")
    assert {e.control for e in host.events} == {"network.host-validation", "access.deny-by-default"}
    assert {e.outcome for e in host.events} == {Outcome.OBSERVED}


def test_observe_tells_nothing_of_the_pages_own_form_and_all_of_a_strange_one(framework: str) -> None:
    """Its token is tied to no browser, since no cookie was given out; spent twice, or never issued, it is told as ever."""
    host = Host(framework, mode=Mode.OBSERVE)
    token = host.ask("GET", "/form", ALICE).text.split('value="')[1].split('"')[0]
    sent = {**SAME_SITE, **ALICE, "Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrf_token={token}&text=hello".encode()
    assert host.ask("POST", "/write", sent, body).status == 200
    assert not [e for e in host.events if e.control == "browser.csrf"]
    for again in (body, b"csrf_token=none&text=hello"):
        assert host.ask("POST", "/write", sent, again).status == 200
    assert [(e.reason, e.outcome) for e in host.events if e.control == "browser.csrf"] == [
        ("used-token", Outcome.OBSERVED),
        ("garbled-token", Outcome.OBSERVED),
    ]


def test_only_switches_on_what_it_names(framework: str) -> None:
    """The first step of adoption: headers, and nobody is denied."""
    host = Host(framework, only=["browser.security-headers"])
    answer = host.ask("GET", "/bare", host="localhost")
    assert answer.status == 200
    assert answer.all("x-content-type-options") == ["nosniff"]


@unlike(
    "aiohttp",
    because="aiohttp always tells its application that it starts",
    instead="test_production_does_not_start_while_a_route_has_no_rule",
)
def test_production_serves_nothing_while_a_route_has_no_rule(framework: str) -> None:
    """Where nobody told the application that it starts, every request is refused, the second as well as the first."""
    host = Host(framework, mode=Mode.PRODUCTION, key=ringwork.Secret(b"k" * 32))
    for _ in range(3):
        answer = host.ask("GET", "/ok")
        assert answer.status == 503
        assert "GET /bare" not in answer.text
    assert isinstance(host.events[0].error, ringwork.PolicyInvalid)


@only("aiohttp")
def test_production_does_not_start_while_a_route_has_no_rule(framework: str) -> None:
    """The start fails and names the route, so no request is ever served."""
    host = Host(framework, mode=Mode.PRODUCTION, key=ringwork.Secret(b"k" * 32))
    with pytest.raises(ringwork.PolicyInvalid, match="GET /bare"):
        host.ask("GET", "/ok")


@pytest.mark.parametrize(("path", "sent_host", "status"), [("/ok", "evil.example", 421), ("/bare", "clinic.example", 403)])
def test_refuses_cleanly_when_the_event_sink_fails(framework: str, path: str, sent_host: str, status: int) -> None:
    """A full disk must not turn a refusal into the server's own bare page."""

    def full(event: object) -> None:
        raise OSError("no space left")

    host = Host(framework, events=full)
    answer = host.ask("GET", path, host=sent_host)
    assert (answer.status, answer.all("x-content-type-options")) == (status, ["nosniff"])
    assert host.effects.done == []


def test_is_installed_once(host: Host) -> None:
    """Two layers would count and refuse twice."""
    with pytest.raises(UnsupportedApp, match="twice"):
        ringwork.protect(host.app)
