"""All guards whose settings a policy holds.

Read when the first policy is made and not when its module is, so that `import ringwork` is light and making one is the call that pays.
"""

from __future__ import annotations

from typing import Any

from ringwork.enforce.access import deny_by_default
from ringwork.enforce.browser import cache_control, content_security_policy, cookie_attributes, cors, csrf, open_redirect, security_headers
from ringwork.enforce.data import message_integrity
from ringwork.enforce.guard import Guard
from ringwork.enforce.identity import authentication_required
from ringwork.enforce.network import host_validation, rate_limiting, request_limits, trusted_proxies
from ringwork.enforce.observation import security_event_logging
from ringwork.enforce.output import debug_disabled, error_handling, fail_closed, information_disclosure
from ringwork.enforce.transport import certificate_lifecycle, certificate_verification, hsts, mutual_tls, tls_configuration, tls_required

SETTINGS: tuple[tuple[str, Guard[Any]], ...] = (
    ("tls_configuration", tls_configuration.GUARD),
    ("security_event_logging", security_event_logging.GUARD),
    ("error_handling", error_handling.GUARD),
    ("fail_closed", fail_closed.GUARD),
    ("security_headers", security_headers.GUARD),
    ("hsts", hsts.GUARD),
    ("cache_control", cache_control.GUARD),
    ("information_disclosure", information_disclosure.GUARD),
    ("cookie_attributes", cookie_attributes.GUARD),
    ("trusted_proxies", trusted_proxies.GUARD),
    ("host_validation", host_validation.GUARD),
    ("tls_required", tls_required.GUARD),
    ("mutual_tls", mutual_tls.GUARD),
    ("rate_limiting", rate_limiting.GUARD),
    ("content_security_policy", content_security_policy.GUARD),
    ("cors", cors.GUARD),
    ("open_redirect", open_redirect.GUARD),
    ("debug_disabled", debug_disabled.GUARD),
    ("authentication_required", authentication_required.GUARD),
    ("deny_by_default", deny_by_default.GUARD),
    ("request_limits", request_limits.GUARD),
    ("message_integrity", message_integrity.GUARD),
    ("csrf", csrf.GUARD),
    ("certificate_lifecycle", certificate_lifecycle.GUARD),
    ("certificate_verification", certificate_verification.GUARD),
)
"""Field of the policy, and the guard whose settings it holds."""
