"""The proofs, by a written tuple; third parties may add checks of their own by entry point, never guards."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from ringwork.prove.access import deny_by_default
from ringwork.prove.browser import cookie_attributes, csrf, security_headers
from ringwork.prove.check import Check
from ringwork.prove.network import host_validation
from ringwork.prove.output import error_handling

GROUP = "ringwork.checks"

PROOFS: tuple[tuple[Check, ...], ...] = (
    deny_by_default.CHECKS,
    csrf.CHECKS,
    host_validation.CHECKS,
    error_handling.CHECKS,
    cookie_attributes.CHECKS,
    security_headers.CHECKS,
)
"""The gravest control first, so that the worst finding is known soonest."""


def checks() -> tuple[Check, ...]:
    """All checks: ringwork's own, then those of installed packages (entry point group `ringwork.checks`, each a tuple of Check)."""
    return (*(check for proof in PROOFS for check in proof), *_foreign())


def _foreign() -> Iterator[Check]:
    for entry in importlib.metadata.entry_points(group=GROUP):
        yield from entry.load()


def control_of(check: Check) -> str:
    """The control that a check belongs to: its id up to the slash."""
    return check.id.partition("/")[0]
