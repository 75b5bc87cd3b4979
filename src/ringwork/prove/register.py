"""The proofs, by a written tuple; third parties may add checks of their own by entry point, never guards."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from ringwork.prove.access import deny_by_default
from ringwork.prove.browser import cache_control, content_security_policy, cookie_attributes, cors, csrf, open_redirect, security_headers
from ringwork.prove.check import Check
from ringwork.prove.data import (
    approved_cryptography,
    constant_time_comparison,
    encryption_at_rest,
    key_management,
    message_integrity,
    secure_randomness,
)
from ringwork.prove.identity import authentication_required
from ringwork.prove.infrastructure import application_server
from ringwork.prove.network import host_validation, rate_limiting, request_limits, trusted_proxies
from ringwork.prove.observation import security_event_logging
from ringwork.prove.output import debug_disabled, error_handling, fail_closed, information_disclosure
from ringwork.prove.transport import certificate_lifecycle, certificate_verification, hsts, mutual_tls, tls_configuration, tls_required

GROUP = "ringwork.checks"

PROOFS: tuple[tuple[Check, ...], ...] = (
    authentication_required.CHECKS,
    deny_by_default.CHECKS,
    csrf.CHECKS,
    message_integrity.CHECKS,
    host_validation.CHECKS,
    encryption_at_rest.CHECKS,
    key_management.CHECKS,
    error_handling.CHECKS,
    debug_disabled.CHECKS,
    cors.CHECKS,
    tls_required.CHECKS,
    certificate_verification.CHECKS,
    tls_configuration.CHECKS,
    mutual_tls.CHECKS,
    application_server.CHECKS,
    cookie_attributes.CHECKS,
    content_security_policy.CHECKS,
    fail_closed.CHECKS,
    open_redirect.CHECKS,
    trusted_proxies.CHECKS,
    rate_limiting.CHECKS,
    request_limits.CHECKS,
    cache_control.CHECKS,
    information_disclosure.CHECKS,
    security_headers.CHECKS,
    hsts.CHECKS,
    security_event_logging.CHECKS,
    certificate_lifecycle.CHECKS,
    approved_cryptography.CHECKS,
    secure_randomness.CHECKS,
    constant_time_comparison.CHECKS,
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
