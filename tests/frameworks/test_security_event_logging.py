"""What is told in each framework: one event for each refusal, fault, refused start and marked operation, and the alarm."""

from __future__ import annotations

import io
import json
import logging
from importlib import resources
from typing import Any

import jsonschema
import pytest

import ringwork
from ringwork import events
from ringwork.enforce.observation.security_event_logging import SecurityEventLoggingSettings
from ringwork.events import Event, Outcome, as_fields
from ringwork.policy.policy import Mode
from tests.frameworks.hosts import FRAMEWORKS, Host, cookies_of

JUDGE = jsonschema.Draft202012Validator(json.loads(resources.files("ringwork").joinpath("events.schema.json").read_text(encoding="utf-8")))
REQUEST = {"X-Request-ID": "req-7f3a"}
ADMIN = {"Cookie": "__Host-user=erin"}


class Sink:
    """Takes events, and fails while it is full."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_full = False

    def __call__(self, event: Event) -> None:
        if self.is_full:
            raise OSError("no space left")
        self.events.append(event)


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def host(framework: str) -> Host:
    return Host(framework)


def marked(framework: str, sink: Any, **more: Any) -> Host:
    """A host whose sink is `sink` and whose odd route, which carries no mark of its own, is marked recorded=True by the policy."""
    return Host(framework, **{"events": sink, "rules": {"GET /bare": ringwork.requires("admin", recorded=True)}, **more})


@pytest.mark.parametrize(
    ("asked", "control", "name"),
    [
        ({"path": "/ok", "host": "evil.invalid"}, "network.host-validation", "malicious_extraneous"),
        ({"path": "/bare"}, "access.deny-by-default", "authz_fail"),
        ({"path": "/admin", "headers": {**REQUEST, "Cookie": "__Host-user=ada"}}, "access.deny-by-default", "authz_fail"),
        ({"path": "/boom"}, "output.error-handling", "sys_crash"),
        ({"path": "/nowhere"}, "output.error-handling", "input_validation_fail"),
    ],
)
def test_tells_each_refusal_and_fault_once_as_the_schema_says(host: Host, asked: dict[str, Any], control: str, name: str) -> None:
    """One event under the number of the answer, with every documented field, joined to the sender's own request id."""
    answer = host.ask("GET", **{"headers": REQUEST, **asked})
    (event,) = host.events
    fields = as_fields(event)
    JUDGE.validate(fields)
    assert (fields["control"], fields["event"].partition(":")[0]) == (control, name)
    assert (fields["incident"], fields["status"]) == (answer.all("incident-id")[0], answer.status)
    assert (fields["request"], fields["app"]) == ("req-7f3a", "clinic.example")


def test_tells_who_was_refused_and_where(host: Host) -> None:
    """The route's template and the user's id, never the path that was asked for."""
    host.ask("GET", "/admin?token=secret", {"Cookie": "__Host-user=ada"})
    (event,) = host.events
    assert (event.principal, event.route) == ("ada", "GET /admin")
    assert "secret" not in json.dumps(as_fields(event))


def test_tells_nothing_of_what_is_in_order(host: Host) -> None:
    """A log of everything hides what matters."""
    assert host.ask("GET", "/ok", REQUEST).status == 200
    assert host.events == []


@pytest.mark.parametrize("sent", ["two words", "a" * 200, "a&b"])
def test_drops_a_request_id_that_is_none(host: Host, sent: str) -> None:
    """Everybody can fill that header, so only a plain word is taken over."""
    host.ask("GET", "/bare", {"X-Request-ID": sent})
    assert [event.request for event in host.events] == [None]


def test_calls_the_application_and_the_machine_by_the_names_of_the_settings(framework: str) -> None:
    """Where many applications share a log, each event says whose it is."""
    named = SecurityEventLoggingSettings(app="clinic", host="web-1")
    host = Host(framework, security_event_logging=named)
    host.ask("GET", "/bare")
    assert [(event.app, event.host) for event in host.events] == [("clinic", "web-1")]


def test_tells_a_marked_operation_before_its_handler_runs(framework: str) -> None:
    """Who did it is written down before it happens."""
    sink = Sink()
    host = marked(framework, sink)
    assert host.ask("GET", "/bare", {**ADMIN, **REQUEST}).status == 200
    (event,) = sink.events
    JUDGE.validate(as_fields(event))
    assert (event.outcome, event.principal, event.route, event.request) == (Outcome.ALLOWED, "erin", "GET /bare", "req-7f3a")
    assert as_fields(event)["event"] == "authz_admin:erin,GET /bare"


def test_tells_the_refusal_of_a_marked_operation_and_not_the_operation(framework: str) -> None:
    """What was refused did not begin."""
    sink = Sink()
    host = marked(framework, sink)
    assert host.ask("GET", "/bare", {"Cookie": "__Host-user=ada"}).status == 403
    assert [(event.outcome, event.reason) for event in sink.events] == [(Outcome.DENIED, "wrong-role")]


def test_refuses_a_marked_operation_while_the_sink_fails(framework: str) -> None:
    """An administrator's work that nobody can be told of does not begin; what is not marked goes on, and all goes on afterwards."""
    sink = Sink()
    host = marked(framework, sink)
    sink.is_full = True
    assert host.ask("GET", "/bare", ADMIN).status == 503
    assert host.effects.done == []
    assert host.ask("GET", "/admin", ADMIN).status == 200
    sink.is_full = False
    assert host.ask("GET", "/bare", ADMIN).status == 200
    assert host.effects.done == ["bare"]


def test_observe_lets_a_marked_operation_begin_all_the_same(framework: str) -> None:
    """observe changes no answer; the alarm rings."""
    sink = Sink()
    host = marked(framework, sink, mode=Mode.OBSERVE)
    sink.is_full = True
    assert host.ask("GET", "/bare", ADMIN).status == 200


def test_rings_the_alarm_with_the_event_that_the_sink_lost(framework: str, caplog: pytest.LogCaptureFixture) -> None:
    """The refusal goes out, and its event stands in a critical record under the same number."""
    sink = Sink()
    sink.is_full = True
    host = marked(framework, sink)
    answer = host.ask("GET", "/ok", host="evil.invalid")
    assert answer.status == 421
    (alarm,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert (alarm.name, answer.all("incident-id")[0] in alarm.getMessage()) == ("ringwork", True)


def test_tells_a_refused_start_once(framework: str) -> None:
    """A start that production refuses is an event, and each request that meets it has one of its own."""
    host = Host(framework, mode=Mode.PRODUCTION, key=ringwork.Secret(b"k" * 32))
    if framework == "aiohttp":  # it starts its application by itself, and that start fails
        with pytest.raises(ringwork.PolicyInvalid):
            host.ask("GET", "/ok")
    for _ in range(2):
        assert host.ask("GET", "/ok").status == 503
    starts = [event for event in host.events if event.reason == "start-refused"]
    assert [as_fields(event)["event"] for event in starts] == ["sys_startup:start-refused"]
    assert isinstance(starts[0].error, ringwork.PolicyInvalid)
    JUDGE.validate(as_fields(starts[0]))


def test_only_keeps_telling_what_it_switches_on(framework: str) -> None:
    """The first step of adoption is the one at which the operator has to see what happens."""
    host = Host(framework, only=["network.host-validation"])
    assert host.ask("GET", "/ok", host="evil.invalid").status == 421
    assert [event.control for event in host.events] == ["network.host-validation"]


def test_trap_35_a_request_forges_no_log_line(framework: str) -> None:
    """Rule 35: whatever stands in the path, the user's name or a fault, a record is one line and each further one is indented."""
    forged = "\nWARNING ringwork.security: forged\u202e\x1b[2J"

    def identify(request: Any) -> Any:
        if cookies_of(request).get("user") == "raises":
            raise LookupError(f"no such user{forged}")
        return ringwork.Principal(id=f"ada{forged}")

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    host = Host(framework, identify=identify, events=events.log_event)
    events.LOGGER.addHandler(handler)
    try:
        for path, user in (("/no%0aWARNING%20ringwork.security:%20forged", "x"), ("/admin", "x"), ("/admin", "raises")):
            host.ask("GET", path, {"Cookie": f"__Host-user={user}", "X-Request-ID": "a%0ab"})
    finally:
        events.LOGGER.removeHandler(handler)
    lines = stream.getvalue().rstrip("\n").split("\n")
    records = [line for line in lines if not line.startswith("    ")]
    assert len(records) == 3
    for line in records:
        JUDGE.validate(json.loads(line.partition(": ")[2]))
    assert all(line.isprintable() for line in lines)
