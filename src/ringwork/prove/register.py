"""The proofs, by a written tuple; third parties may add checks of their own by entry point, never guards."""

from __future__ import annotations

import functools
import importlib.metadata

from ringwork.prove.access import (
    attribute_based_access,
    deny_by_default,
    endpoint_inventory,
    function_level_authorization,
    mass_assignment,
    object_level_authorization,
)
from ringwork.prove.browser import (
    cache_control,
    client_side_data,
    content_security_policy,
    cookie_attributes,
    cors,
    csrf,
    open_redirect,
    security_headers,
)
from ringwork.prove.check import Check
from ringwork.prove.data import (
    approved_cryptography,
    constant_time_comparison,
    encryption_at_rest,
    immutable_state,
    key_management,
    message_integrity,
    object_storage_access,
    personal_data_protection,
    secure_randomness,
)
from ringwork.prove.identity import (
    authentication_required,
    delegated_tokens,
    jwt_validation,
    password_storage,
    service_authentication,
    token_lifecycle,
    user_enumeration,
)
from ringwork.prove.infrastructure import application_server
from ringwork.prove.input import (
    code_injection,
    command_injection,
    file_upload,
    header_injection,
    llm_input,
    path_traversal,
    query_injection,
    sql_injection,
    template_injection,
    unsafe_deserialization,
    upstream_apis,
    xml_external_entities,
)
from ringwork.prove.network import host_validation, rate_limiting, request_limits, ssrf, trusted_proxies
from ringwork.prove.observation import log_sanitization, security_event_logging
from ringwork.prove.output import (
    debug_disabled,
    error_handling,
    fail_closed,
    html_sanitization,
    information_disclosure,
    llm_output,
    safe_downloads,
    xss,
)
from ringwork.prove.source import hardcoded_secrets, memory_safety, security_tests, static_analysis, type_checking
from ringwork.prove.supply_chain import unused_dependencies
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
    sql_injection.CHECKS,
    command_injection.CHECKS,
    code_injection.CHECKS,
    unsafe_deserialization.CHECKS,
    template_injection.CHECKS,
    path_traversal.CHECKS,
    ssrf.CHECKS,
    xss.CHECKS,
    query_injection.CHECKS,
    xml_external_entities.CHECKS,
    jwt_validation.CHECKS,
    hardcoded_secrets.CHECKS,
    password_storage.CHECKS,
    file_upload.CHECKS,
    object_level_authorization.CHECKS,
    function_level_authorization.CHECKS,
    mass_assignment.CHECKS,
    user_enumeration.CHECKS,
    service_authentication.CHECKS,
    delegated_tokens.CHECKS,
    llm_output.CHECKS,
    html_sanitization.CHECKS,
    object_storage_access.CHECKS,
    header_injection.CHECKS,
    llm_input.CHECKS,
    log_sanitization.CHECKS,
    safe_downloads.CHECKS,
    client_side_data.CHECKS,
    immutable_state.CHECKS,
    endpoint_inventory.CHECKS,
    token_lifecycle.CHECKS,
    personal_data_protection.CHECKS,
    upstream_apis.CHECKS,
    attribute_based_access.CHECKS,
    memory_safety.CHECKS,
    static_analysis.CHECKS,
    security_tests.CHECKS,
    type_checking.CHECKS,
    unused_dependencies.CHECKS,
)
"""The gravest control first, so that the worst finding is known soonest."""


def checks() -> tuple[Check, ...]:
    """All checks: ringwork's own, then those of installed packages (entry point group `ringwork.checks`, each a tuple of Check)."""
    return (*(check for proof in PROOFS for check in proof), *_foreign())


@functools.cache
def _foreign() -> tuple[Check, ...]:
    """Asked for once a process: a run asks at every step which checks there are, and each look reads what every package says of itself."""
    return tuple(check for entry in importlib.metadata.entry_points(group=GROUP) for check in entry.load())


def control_of(check: Check) -> str:
    """The control that a check belongs to: its id up to the slash."""
    return check.id.partition("/")[0]
