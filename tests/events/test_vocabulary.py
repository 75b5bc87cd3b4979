"""Every reason of every guard has a name of the OWASP Logging Vocabulary, and the table names nothing else."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from enum import StrEnum

import pytest

from ringwork import vocabulary
from ringwork.keys.lifecycle import KeyReason
from ringwork.pipeline import FAULT, ORDER, UNDECIDED
from ringwork.vocabulary import CONTROLS, REASONS, WORDS, word_of
from ringwork.words import Words

OF_THE_PIPELINE = {
    ("access.deny-by-default", UNDECIDED),
    ("access.deny-by-default", FAULT),
    ("access.deny-by-default", "other-handler"),
    ("output.error-handling", "answered"),
}
"""Reasons that stand in no guard's own list: the pipeline and the adapters write them."""

OF_THE_FIELDS = {("data.encryption-at-rest", "revealed"), *(("data.key-management", reason.value) for reason in KeyReason)}
"""Told by sealed fields and by the steps of their keys, which stand on no request's path."""

SHEET = {
    "authn_login_fail", "authn_token_reuse", "authz_admin", "authz_fail", "excess_rate_limit_exceeded", "input_validation_fail",
    "malicious_attack_tool", "malicious_cors", "malicious_extraneous", "sensitive_create", "sensitive_delete", "sensitive_read",
    "sensitive_update", "session_expired", "session_use_after_expire", "sys_crash", "sys_monitor_disabled", "sys_startup",
}  # fmt: skip
"""Names as the cheat sheet has them."""


def reasons() -> Iterator[tuple[str, str]]:
    """(control, reason) for everything that a guard can refuse with."""
    for guard in ORDER:
        layer, _, stem = guard.control.partition(".")
        module = importlib.import_module(f"ringwork.enforce.{layer.replace('-', '_')}.{stem.replace('-', '_')}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, StrEnum | Words) and kind.__module__ == module.__name__ and kind.__name__.endswith("Reason"):
                yield from ((guard.control, member.value) for member in kind)


def test_every_control_with_a_guard_has_a_word_of_its_own() -> None:
    """A new guard is placed in the table before it refuses anything."""
    assert {guard.control for guard in ORDER} == set(CONTROLS)


@pytest.mark.parametrize(("control", "reason"), sorted({*reasons(), *OF_THE_PIPELINE, *OF_THE_FIELDS}))
def test_every_reason_is_told_by_a_word_of_the_vocabulary(control: str, reason: str) -> None:
    """What a guard says comes out under a name that monitoring tools know, with the level of the sheet."""
    word = word_of(control, reason, 403)
    assert word.name in SHEET
    assert word.level in vocabulary.Level


def test_the_table_names_no_reason_that_nobody_gives() -> None:
    """An entry for a reason that was renamed would silently stop to count."""
    dead = sorted(set(REASONS) - {*reasons(), *OF_THE_PIPELINE, *OF_THE_FIELDS})
    assert not dead, dead


def test_the_words_are_those_of_the_sheet() -> None:
    """A made-up name would look like the vocabulary and match no rule that is written for it."""
    assert set(WORDS) <= SHEET
    assert {*CONTROLS.values(), *REASONS.values()} <= set(WORDS)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (401, "authz_fail"),
        (403, "authz_fail"),
        (404, "input_validation_fail"),
        (422, "input_validation_fail"),
        (429, "excess_rate_limit_exceeded"),
        (500, "sys_crash"),
        (503, "sys_crash"),
    ],
)
def test_an_error_that_the_application_answered_is_told_by_its_status(status: int, name: str) -> None:
    """Nobody else knows its cause, and a 403 of a handler is as much a refusal as one of a guard."""
    assert word_of("output.error-handling", "answered", status).name == name


def test_a_control_outside_the_table_is_told_all_the_same() -> None:
    """Against an event that is lost because a table has a gap."""
    assert word_of("access.unheard-of", "odd", 403).name == "sys_crash"
