"""The event's format: complete, printable, one record each, and kept when the sink fails."""

from __future__ import annotations

import io
import json
import logging
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork import events
from ringwork.clock import FixedClock
from ringwork.enforce.guard import Refusal
from ringwork.errors import RingworkError
from ringwork.events import Alarm, Event, Outcome, as_fields, as_line, log_event, request_id
from ringwork.exchange import Exchange
from ringwork.names import ControlId, IncidentId
from ringwork.principal import Principal
from ringwork.telling import Teller

SCHEMA = json.loads(resources.files("ringwork").joinpath("events.schema.json").read_text(encoding="utf-8"))
JUDGE = jsonschema.Draft202012Validator(SCHEMA)


def make_event(**changed: Any) -> Event:
    fields: dict[str, Any] = {
        "control": ControlId("access.deny-by-default"),
        "reason": "wrong-role",
        "outcome": Outcome.DENIED,
        "status": 403,
        "method": "GET",
        "route": "GET /admin/users",
        "peer": "127.0.0.1",
        "client": "203.0.113.9",
        "principal": "ada",
        "incident": IncidentId("0123456789abcdef"),
        "at": 1_800_000_000.0,
        "app": "clinic.example",
        "host": "web-1",
    }
    return Event(**{**fields, **changed})


def test_a_refusal_is_told_with_each_value_under_its_own_name() -> None:
    """Against a log in which peer and client, or route and method, have changed places: the event is filled by place."""
    told: list[Event] = []
    exchange = Exchange(kind="http", method="POST", path="/admin/users?secret", scheme="https", peer="127.0.0.1")
    exchange.read([(b"x-request-id", b"trace-7")])
    exchange.client, exchange.principal = "203.0.113.9", Principal(id="ada")
    fault = ValueError("of the user loader")
    teller = Teller(told.append, FixedClock(1_800_000_000.0), app="clinic.example", host="web-1")
    refusal = Refusal(control=ControlId("access.deny-by-default"), status=403, reason="wrong-role", detail="needs admin")
    assert teller.tell(exchange, refusal, Outcome.DENIED, fault)
    assert told == [
        make_event(method="POST", route="POST (no route)", incident=exchange.incident, request="trace-7", detail="needs admin", error=fault)
    ]


def test_the_schema_is_a_schema() -> None:
    """A schema with a slip in it would let anything pass."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_an_event_is_what_the_schema_says() -> None:
    """Name with arguments, level, UTC time to the millisecond, and who, where, what."""
    fields = as_fields(make_event())
    JUDGE.validate(fields)
    assert (fields["event"], fields["level"]) == ("authz_fail:ada,GET /admin/users", "CRITICAL")
    assert (fields["at"], fields["v"]) == ("2027-01-15T08:00:00.000+00:00", 2)
    assert (fields["client"], fields["peer"]) == ("203.0.113.9", "127.0.0.1")


def test_the_schema_names_every_field_and_no_other() -> None:
    """A field that the schema does not know would be a format that nobody wrote down."""
    assert set(as_fields(make_event())) == set(SCHEMA["properties"]) == set(SCHEMA["required"])


@pytest.mark.parametrize("field", sorted(SCHEMA["required"]))
def test_the_schema_refuses_an_event_without_a_field(field: str) -> None:
    """The schema can fail, so that its pass means something."""
    fields = as_fields(make_event())
    del fields[field]
    assert not JUDGE.is_valid(fields)


HOSTILE = st.text(
    st.one_of(st.sampled_from('\r\n\t\x00\x1b\x7f\x85\u2028\u2029\u202e\u2066\u200f,:"{}\\é漢'), st.characters(codec="utf-8")), max_size=40
)


@given(method=HOSTILE, route=HOSTILE, client=HOSTILE, principal=st.none() | HOSTILE, detail=HOSTILE, app=HOSTILE)
def test_whatever_a_request_holds_the_event_stays_one_printable_record(**hostile: Any) -> None:
    """Text of the sender can neither end the record, nor add a field to it, nor turn it round on the screen."""
    event = make_event(**hostile)
    fields = as_fields(event)
    JUDGE.validate(fields)
    line = as_line(event)
    assert len(line.splitlines()) == 1
    assert json.loads(line) == fields


def test_trap_35_a_request_cannot_forge_a_log_line() -> None:
    """Rule 35: control characters are encoded at the sink, and fields are structured, so a path, name or fault forges no line."""
    forged = '\nWARNING ringwork.security: {"v": 2, "event": "authz_fail:nobody"}\r\x1b[2K\u202e'
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    events.LOGGER.addHandler(handler)
    try:
        log_event(make_event(principal=f"ada{forged}", route=f"GET /{forged}", detail=forged))
        log_event(make_event(outcome=Outcome.ERROR, status=500, error=LookupError(f"no user{forged}")))
    finally:
        events.LOGGER.removeHandler(handler)
    lines = stream.getvalue().split("\n")
    records = [line for line in lines if line and not line.startswith("    ")]
    assert [line.partition(" ")[0] for line in records] == ["WARNING", "ERROR"]
    for line in records:
        JUDGE.validate(json.loads(line.partition(": ")[2]))
    assert all(line.isprintable() for line in lines)
    assert any("LookupError: no user" in line for line in lines)


def test_a_comma_in_an_argument_does_not_make_two_of_it() -> None:
    """The vocabulary parts its arguments by commas; a user who calls himself "ada,root" stays one."""
    assert as_fields(make_event(principal="ada,root"))["event"] == "authz_fail:ada%2Croot,GET /admin/users"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"0f9c-77", "0f9c-77"),
        (None, None),
        (b"", None),
        (b"a" * 129, None),
        (b"one two", None),
        (b"one\r\ntwo", None),
        (b'"}', None),
        (b"a, b", None),
    ],
)
def test_takes_a_request_id_only_when_it_is_one(raw: bytes | None, kept: str | None) -> None:
    """The sender chooses it, so anything but a plain word is dropped, a repeated one too."""
    assert request_id(raw) == kept


class _Caught(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def alarms() -> Any:
    """The records of the alarm's own logger."""
    caught = _Caught()
    events.ALARM_LOGGER.addHandler(caught)
    yield caught.records
    events.ALARM_LOGGER.removeHandler(caught)


def test_the_alarm_keeps_the_event_that_the_sink_lost(alarms: list[logging.LogRecord]) -> None:
    """A failing sink is told as critical, and what it should have taken stands beside it."""
    Alarm(FixedClock()).ring(make_event(), OSError("no space left"))
    (record,) = alarms
    assert (record.levelno, record.name) == (logging.CRITICAL, "ringwork")
    assert as_line(make_event()) in record.getMessage()


def test_the_alarm_is_bounded_and_counts_what_it_left_out(alarms: list[logging.LogRecord]) -> None:
    """A flood of refusals must not become a flood of alarms; the next window says how many were lost."""
    clock = FixedClock()
    alarm = Alarm(clock)
    for _ in range(events.ALARMS_PER_WINDOW + 7):
        alarm.ring(make_event(), OSError())
    assert len(alarms) == events.ALARMS_PER_WINDOW
    clock.advance(events.ALARM_WINDOW_SECONDS)
    alarm.ring(make_event(), OSError())
    assert len(alarms) == events.ALARMS_PER_WINDOW + 1
    assert "7 more events were lost" in alarms[-1].getMessage()


def test_the_alarm_falls_back_to_standard_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where logging itself is broken, the event still stands somewhere, and nothing is raised."""

    def broken(*args: object, **kwargs: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(events.ALARM_LOGGER, "critical", broken)
    Alarm(FixedClock()).ring(make_event(), OSError())
    assert "authz_fail:ada" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({}, logging.WARNING),
        ({"outcome": Outcome.OBSERVED}, logging.WARNING),
        ({"outcome": Outcome.ERROR, "status": 404}, logging.INFO),
        ({"outcome": Outcome.ALLOWED, "status": 0}, logging.INFO),
        ({"status": 503}, logging.ERROR),
    ],
)
def test_the_default_sink_logs_by_who_has_to_act(changed: dict[str, Any], level: int) -> None:
    """Refusals are warnings, faults are errors, the rest is for reading."""
    caught = _Caught()
    before = events.LOGGER.level
    events.LOGGER.addHandler(caught)
    events.LOGGER.setLevel(logging.INFO)
    try:
        log_event(make_event(**changed))
    finally:
        events.LOGGER.removeHandler(caught)
        events.LOGGER.setLevel(before)
    assert [record.levelno for record in caught.records] == [level]


def test_a_marked_operation_is_never_dropped_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the level of the log leaves it out the sink fails, so that the operation is refused and the alarm rings."""
    monkeypatch.setattr(events.LOGGER, "level", logging.WARNING)
    events.LOGGER.manager._clear_cache()  # type: ignore[attr-defined]  # what setLevel does as well
    try:
        with pytest.raises(RingworkError, match="marked operation"):
            log_event(make_event(outcome=Outcome.ALLOWED, status=0))
        log_event(make_event(outcome=Outcome.ERROR, status=404))  # an ordinary record may be left out
    finally:
        monkeypatch.undo()
        events.LOGGER.manager._clear_cache()  # type: ignore[attr-defined]  # the same
