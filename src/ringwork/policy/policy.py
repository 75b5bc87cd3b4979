"""What this application asks of its defences: one frozen value, checked whole at start.

Against controls that do nothing in silence: an unknown key, a dead rule or a weak value is a fault, and all faults are told at once.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.collector import Resting
from ringwork.errors import PolicyInvalid
from ringwork.events import EventSink, log_event
from ringwork.frozen import Frozen
from ringwork.policy import known_by
from ringwork.policy.declare import RuleMark
from ringwork.policy.known_by import KnownBy
from ringwork.principal import Principal
from ringwork.secret import Secret

if TYPE_CHECKING:
    from ringwork.enforce.access import deny_by_default
    from ringwork.enforce.browser import (
        cache_control,
        content_security_policy,
        cookie_attributes,
        cors,
        csrf,
        open_redirect,
        security_headers,
    )
    from ringwork.enforce.data import message_integrity
    from ringwork.enforce.guard import Guard, SpentTokens
    from ringwork.enforce.identity import authentication_required
    from ringwork.enforce.network import host_validation, rate_limiting, request_limits, trusted_proxies
    from ringwork.enforce.observation import security_event_logging
    from ringwork.enforce.output import debug_disabled, error_handling, fail_closed, information_disclosure
    from ringwork.enforce.transport import (
        certificate_lifecycle,
        certificate_verification,
        hsts,
        mutual_tls,
        tls_configuration,
        tls_required,
    )

Identify = Callable[[Any], Principal | None | Awaitable[Principal | None]]
"""From the framework's own request to who is asking; None for nobody. Plain functions run in a pool of threads under ASGI."""


class Mode(StrEnum):
    """What a refusal does."""

    OBSERVE = "observe"  # changes no answer; events say what would have been refused
    ENFORCE = "enforce"
    PRODUCTION = "production"  # as enforce, and a fault stops the start


MODES = frozenset(mode.value for mode in Mode)


class Waiver(Frozen):
    """An accepted violation. control: its id. route: one route's name ("POST /hook"), or "" for all. until: its last day."""

    control: str
    reason: str
    owner: str
    until: datetime.date
    route: str = ""


def _field(default: Any, doc: str, **more: str) -> Any:
    return field(default=default, metadata={"doc": doc, **more})


def _secret_field(default: Any, doc: str) -> Any:
    # Against a password in a log: the address of a store may hold one, so it is not shown with the policy.
    return field(default=default, repr=False, metadata={"doc": doc})


@functools.cache
def _guards() -> Mapping[str, Guard[Any]]:
    """Field of the policy, and the guard whose settings it holds."""
    with Resting():
        from ringwork.policy import guards

        return dict(guards.SETTINGS)


def _settings(name: str) -> Any:
    def default() -> object:
        return _guards()[name].settings()

    return field(default_factory=default)


class Policy(Frozen):
    """Everything one application decides. Every field has a safe default; with none at all, only loopback is served.

    The settings of a control stand in the field of its name: csrf=CsrfSettings(...) of ringwork.enforce.browser.csrf, [browser.csrf] in
    ringwork.toml. The page of each control lists them.
    """

    origin: str = _field("", 'canonical origin, scheme and host and port only: "https://clinic.example"; "" serves loopback only')
    hosts: tuple[str, ...] = _field((), "further host names that are served, exact, without wildcard")
    trusted_origins: tuple[str, ...] = _field((), "further exact origins whose pages may send state-changing requests")
    mode: Mode | None = _field(None, "observe, enforce or production; RINGWORK_MODE decides when it is set", unit="word")
    identify: Identify | KnownBy | str | None = _field(None, 'function from request to Principal or None, or "module:function"')
    own_auth: tuple[str, ...] = _field(
        (), 'the application\'s own checks that count as a rule, each "module:name" of a dependency, decorator or before_request function'
    )
    roles: tuple[str, ...] = _field((), "all role names; when given, a rule that names another is a fault")
    rules: Mapping[str, RuleMark] = field(default_factory=dict, metadata={"doc": 'rules by route name, "GET /docs": public("...")'})
    waivers: tuple[Waiver, ...] = _field((), "accepted violations, each with control, reason, owner, until")
    key: Secret[bytes] | None = _field(None, "32 random bytes that sign tokens; RINGWORK_KEY (base64) when None", unit="bytes")
    store: SpentTokens | str = _secret_field(
        "memory",
        'where tokens and rates are kept: "memory" (one process), "sqlite:path" (tokens alone), "rediss://host:6379/0", "env:NAME"',
    )
    identify_seconds: float = _field(5.0, "longest time that identify may take", unit="seconds", source="our choice")
    events: EventSink = _field(log_event, "where refusals and errors are told")
    clock: Clock = _field(SYSTEM_CLOCK, "where the time comes from")
    error_handling: error_handling.ErrorHandlingSettings = _settings("error_handling")
    security_headers: security_headers.SecurityHeadersSettings = _settings("security_headers")
    cookie_attributes: cookie_attributes.CookieAttributesSettings = _settings("cookie_attributes")
    host_validation: host_validation.HostValidationSettings = _settings("host_validation")
    deny_by_default: deny_by_default.DenyByDefaultSettings = _settings("deny_by_default")
    message_integrity: message_integrity.MessageIntegritySettings = _settings("message_integrity")
    csrf: csrf.CsrfSettings = _settings("csrf")
    tls_required: tls_required.TlsRequiredSettings = _settings("tls_required")
    tls_configuration: tls_configuration.TlsConfigurationSettings = _settings("tls_configuration")
    mutual_tls: mutual_tls.MutualTlsSettings = _settings("mutual_tls")
    hsts: hsts.HstsSettings = _settings("hsts")
    trusted_proxies: trusted_proxies.TrustedProxiesSettings = _settings("trusted_proxies")
    request_limits: request_limits.RequestLimitsSettings = _settings("request_limits")
    rate_limiting: rate_limiting.RateLimitingSettings = _settings("rate_limiting")
    content_security_policy: content_security_policy.ContentSecurityPolicySettings = _settings("content_security_policy")
    cors: cors.CorsSettings = _settings("cors")
    cache_control: cache_control.CacheControlSettings = _settings("cache_control")
    open_redirect: open_redirect.OpenRedirectSettings = _settings("open_redirect")
    authentication_required: authentication_required.AuthenticationRequiredSettings = _settings("authentication_required")
    debug_disabled: debug_disabled.DebugDisabledSettings = _settings("debug_disabled")
    information_disclosure: information_disclosure.InformationDisclosureSettings = _settings("information_disclosure")
    security_event_logging: security_event_logging.SecurityEventLoggingSettings = _settings("security_event_logging")
    certificate_verification: certificate_verification.CertificateVerificationSettings = _settings("certificate_verification")
    certificate_lifecycle: certificate_lifecycle.CertificateLifecycleSettings = _settings("certificate_lifecycle")
    fail_closed: fail_closed.FailClosedSettings = _settings("fail_closed")

    def __post_init__(self) -> None:
        if isinstance(self.mode, str) and self.mode in MODES:
            object.__setattr__(self, "mode", Mode(self.mode))
        faults = [*_own_faults(self), *_guard_faults(self)]
        if faults:
            raise PolicyInvalid(faults)


_HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?"


def _own_faults(policy: Policy) -> list[str]:
    faults = [*_origin_faults("origin", policy.origin)] if policy.origin else []
    for i, origin in enumerate(policy.trusted_origins):
        faults += _origin_faults(f"trusted_origins[{i}]", origin)
    for i, host in enumerate(policy.hosts):
        if not re.fullmatch(_HOST, host):
            faults.append(f'hosts[{i}]: {host!r} is no exact lower-case host name; write it out, for example "www.shop.example"')
    if policy.hosts and not policy.origin:
        faults.append('hosts is set and origin is not; add origin = "https://..." so that links and cookies have one canonical place')
    if policy.mode is not None and not isinstance(policy.mode, Mode):
        faults.append(f'mode: {policy.mode!r} is unknown; write "observe", "enforce" or "production"')
    if policy.key is not None and len(policy.key) < 32:
        faults.append(f"key: {len(policy.key)} bytes are too few; give at least 32 random bytes")
    if isinstance(policy.identify, KnownBy):
        faults += known_by.faults(policy.identify)
    if not policy.identify_seconds > 0:
        faults.append("identify_seconds must be above zero, for example 5.0")
    return faults + _rule_faults(policy) + _service_faults(policy) + _waiver_faults(policy)


def _origin_faults(where: str, origin: str) -> list[str]:
    scheme, _, rest = origin.partition("://")
    if scheme not in {"https", "http"} or not rest:
        return [f'{where}: {origin!r} is no origin; write scheme, host and port only, for example "https://shop.example"']
    if not re.fullmatch(_HOST, rest):
        host = rest.partition("/")[0].lower()
        meant = f"{scheme}://{host}" if re.fullmatch(_HOST, host) else "https://shop.example"
        return [f'{where}: {origin!r} has a path, capital letters or a wildcard; write scheme, host and port only, for example "{meant}"']
    if scheme == "http" and not is_loopback_name(rest):
        return [f"{where}: plain http is only for loopback; write https://{rest}"]
    return []


def is_loopback_name(host: str) -> bool:
    """Whether `host` (with or without port) can only be this machine: localhost, *.localhost, 127.0.0.0/8 or [::1]."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") and ":" in host else host
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _rule_faults(policy: Policy) -> list[str]:
    faults = []
    for name, mark in policy.rules.items():
        if not isinstance(mark, RuleMark):
            faults.append(f'rules[{name!r}]: give requires(...) or public("reason"), not {type(mark).__name__}')
        methods, _, path = name.partition(" ")
        if not path.startswith("/") or not methods.replace(",", "").isupper():
            faults.append(f'rules[{name!r}]: name the route as METHOD /path, for example "GET /docs" or "ANY /static"')
    return faults


def _service_faults(policy: Policy) -> list[str]:
    if not isinstance(policy.mutual_tls, _guards()["mutual_tls"].settings):
        return []  # told with the other guards' settings
    faults = []
    if policy.mutual_tls.header and not policy.trusted_proxies.proxies:
        faults.append(
            'transport.mutual-tls: header is read from trusted proxies alone; add network.trusted-proxies = {proxies = ["10.0.0.7"]}'
        )
    for service in policy.mutual_tls.services if policy.roles else ():
        strange = sorted({*service.roles} - {*policy.roles})
        if strange:
            faults.append(f"transport.mutual-tls: {service.name} has {', '.join(strange)}, which `roles` does not list")
    return faults


def _waiver_faults(policy: Policy) -> list[str]:
    faults = []
    for i, waiver in enumerate(policy.waivers):
        missing = [name for name in ("control", "reason", "owner") if not str(getattr(waiver, name)).strip()]
        if missing:
            faults.append(
                f"waivers[{i}]: {', '.join(missing)} missing; a waiver says which control, why, who answers for it, and until when"
            )
        if not isinstance(waiver.until, datetime.date):
            faults.append(f"waivers[{i}].until: write a date such as 2027-01-31")
    return faults


def _guard_faults(policy: Policy) -> list[str]:
    faults: list[str] = []
    for name, guard in _guards().items():
        settings = getattr(policy, name)
        if not isinstance(settings, guard.settings):
            faults.append(f"{name}: give {guard.settings.__name__}(...), not {type(settings).__name__}")
            continue
        faults += [fault if fault.startswith(guard.control) else f"{guard.control}: {fault}" for fault in guard.faults(settings)]
    return faults
