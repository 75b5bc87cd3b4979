"""What a guard's own fault comes to, and which layers stop a start."""

from __future__ import annotations

import pytest

from ringwork.enforce.guard import Surroundings
from ringwork.enforce.output.fail_closed import GUARD, FailClosedSettings, refusal_for
from tests.enforce.making import make_route, make_site

WRAPPED = "tracing.Middleware stands outside ringwork's outer layer; call protect() after it"


def test_adds_no_hook_to_any_route() -> None:
    """Failing closed costs nothing while nothing fails."""
    hooks = GUARD.plan(FailClosedSettings(), make_site(), make_route())
    assert (hooks.arrive, hooks.enter, hooks.leave, hooks.judge) == (None, None, None, None)


def test_refuses_for_a_guard_that_raised_and_shows_no_text_of_the_fault() -> None:
    """What an exception says may hold a secret: its kind is enough for the record, the traceback is in the log."""
    refusal = refusal_for(LookupError("password=swordfish"))
    assert (refusal.control, refusal.status, refusal.reason) == ("output.fail-closed", 503, "guard-failed")
    assert "LookupError" in refusal.detail
    assert "swordfish" not in refusal.detail


def test_tells_a_store_that_hangs_from_a_guard_that_raises() -> None:
    """The operator looks in another place for the one than for the other."""
    refusal = refusal_for(TimeoutError())
    assert (refusal.status, refusal.reason) == (503, "guard-hung")


@pytest.mark.parametrize("seconds", [0.0, -1.0, 61.0, float("nan"), float("inf")])
def test_refuses_a_deadline_that_is_none(seconds: float) -> None:
    """A guard that may wait for ever fails open for whoever waits."""
    (fault,) = GUARD.faults(FailClosedSettings(guard_seconds=seconds))
    assert "guard_seconds" in fault


@pytest.mark.parametrize("name", ["Middleware", "tracing Middleware", "", ".", "*"])
def test_refuses_a_name_outside_that_could_mean_anything(name: str) -> None:
    """A wildcard or a bare word would let any layer stand outside."""
    (fault,) = GUARD.faults(FailClosedSettings(allowed_outside=(name,)))
    assert "allowed_outside[0]" in fault


def test_takes_the_defaults_and_a_dotted_name() -> None:
    """What people write when they mean it."""
    assert not GUARD.faults(FailClosedSettings())
    assert not GUARD.faults(FailClosedSettings(guard_seconds=60.0, allowed_outside=("tracing.asgi.Middleware",)))


def test_hands_on_what_the_adapter_found_of_the_layers() -> None:
    """Each fault is told at the start, and stops it in production."""
    around = Surroundings(framework="flask", layers=(WRAPPED,))
    assert GUARD.at_start(FailClosedSettings(), make_site(), around, []) == [WRAPPED]
    assert GUARD.at_start(FailClosedSettings(), make_site(), Surroundings(framework="flask"), []) == []


def test_lets_a_layer_stand_outside_that_the_settings_name() -> None:
    """Tracing has to see the whole request; whoever allows it says so by name, and only that one passes."""
    around = Surroundings(framework="flask", layers=(WRAPPED, "ringwork's gate is gone; something else dispatches"))
    allowed = FailClosedSettings(allowed_outside=("tracing.Middleware",))
    assert GUARD.at_start(allowed, make_site(), around, []) == ["ringwork's gate is gone; something else dispatches"]
