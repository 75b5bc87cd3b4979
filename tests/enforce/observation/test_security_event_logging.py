"""What is told, in which words, and what follows when nobody can be told."""

from __future__ import annotations

import pytest

from ringwork.enforce.observation import security_event_logging as logging_of
from ringwork.enforce.observation.security_event_logging import GUARD, SecurityEventLoggingSettings
from ringwork.route import Public, Requires
from tests.enforce.making import make_route, make_site


def test_adds_no_hook_to_any_route() -> None:
    """Telling costs nothing where nothing is refused: the pipeline tells, no hook runs."""
    hooks = GUARD.plan(SecurityEventLoggingSettings(), make_site(), make_route())
    assert (hooks.arrive, hooks.enter, hooks.leave, hooks.judge) == (None, None, None, None)


def test_takes_a_route_for_marked_whose_rule_says_so() -> None:
    """requires(..., recorded=True) marks; nothing else does."""
    assert logging_of.is_marked(make_route(rule=Requires(recorded=True)))
    assert not logging_of.is_marked(make_route(rule=Requires()))
    assert not logging_of.is_marked(make_route(rule=Public(reason="open")))
    assert not logging_of.is_marked(make_route(rule=None))
    assert not logging_of.is_marked(None)


def test_refuses_a_marked_operation_that_nobody_can_be_told_of() -> None:
    """The administrator who works while the log is full would work unseen."""
    assert (logging_of.UNTOLD.control, logging_of.UNTOLD.status, logging_of.UNTOLD.reason) == (GUARD.control, 503, "sink-down")


@pytest.mark.parametrize("name", ["clinic\nforged", "a" * 101, "\x1b[2J", "right\u202eleft"])
def test_refuses_a_name_that_would_garble_every_event(name: str) -> None:
    """A name stands in every record, so a line end in it would forge as many."""
    for settings in (SecurityEventLoggingSettings(app=name), SecurityEventLoggingSettings(host=name)):
        (fault,) = GUARD.faults(settings)
        assert "printable" in fault


def test_takes_ordinary_names() -> None:
    """Names that people give their applications and machines."""
    assert not GUARD.faults(SecurityEventLoggingSettings(app="Clinic of St. Anna", host="web-1.internal"))
