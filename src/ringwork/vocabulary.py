"""The names of security events: every reason of every guard in the words of the OWASP Logging Vocabulary, one written table.

Against a log that each tool has to learn anew: rules of a SIEM that know the vocabulary know these events.
Source: OWASP Logging Vocabulary Cheat Sheet (names, levels and arguments).
"""

from __future__ import annotations

from collections.abc import Mapping

from ringwork.frozen import Frozen
from ringwork.words import Words


class Level(Words):
    """How grave the vocabulary takes an event to be."""

    INFO = "INFO"
    WARN = "WARN"
    CRITICAL = "CRITICAL"


class Word(Frozen):
    """One name of the vocabulary. told: the fields of the event that stand behind the name, in this order."""

    name: str
    level: Level
    told: tuple[str, ...] = ()


WORDS: Mapping[str, Word] = {
    word.name: word
    for word in (
        Word(name="authn_login_fail", level=Level.WARN, told=("principal",)),
        Word(name="authn_token_reuse", level=Level.CRITICAL, told=("principal", "reason")),
        Word(name="authz_admin", level=Level.WARN, told=("principal", "route")),
        Word(name="authz_fail", level=Level.CRITICAL, told=("principal", "route")),
        Word(name="excess_rate_limit_exceeded", level=Level.WARN, told=("principal", "reason")),
        Word(name="input_validation_fail", level=Level.WARN, told=("reason", "principal")),
        Word(name="malicious_attack_tool", level=Level.CRITICAL, told=("client", "reason")),
        Word(name="malicious_cors", level=Level.CRITICAL, told=("client", "reason")),
        Word(name="malicious_extraneous", level=Level.CRITICAL, told=("client", "reason")),
        Word(name="sensitive_create", level=Level.WARN, told=("principal", "detail")),
        Word(name="sensitive_delete", level=Level.WARN, told=("principal", "detail")),
        Word(name="sensitive_read", level=Level.WARN, told=("principal", "detail")),
        Word(name="sensitive_update", level=Level.WARN, told=("principal", "detail")),
        Word(name="session_expired", level=Level.INFO, told=("principal",)),
        Word(name="session_use_after_expire", level=Level.CRITICAL, told=("principal",)),
        Word(name="sys_crash", level=Level.WARN, told=("reason",)),
        Word(name="sys_monitor_disabled", level=Level.WARN, told=("principal", "reason")),
        Word(name="sys_startup", level=Level.WARN, told=("reason",)),
    )
}
"""The words in use. Two more than the sheet's own arguments would need the raw request, which no record of ours carries."""

CONTROLS: Mapping[str, str] = {
    "access.deny-by-default": "authz_fail",
    "browser.cache-control": "malicious_extraneous",
    "browser.content-security-policy": "input_validation_fail",
    "browser.cookie-attributes": "input_validation_fail",
    "browser.cors": "malicious_cors",
    "browser.csrf": "malicious_cors",
    "browser.open-redirect": "malicious_extraneous",
    "browser.security-headers": "sys_monitor_disabled",
    "data.message-integrity": "authz_fail",
    "identity.authentication-required": "authz_fail",
    "network.host-validation": "malicious_extraneous",
    "network.rate-limiting": "excess_rate_limit_exceeded",
    "network.request-limits": "input_validation_fail",
    "network.trusted-proxies": "malicious_extraneous",
    "observation.security-event-logging": "sys_monitor_disabled",
    "output.debug-disabled": "malicious_attack_tool",
    "output.error-handling": "sys_crash",
    "output.fail-closed": "sys_crash",
    "output.information-disclosure": "malicious_attack_tool",
    "transport.certificate-lifecycle": "sys_monitor_disabled",
    "transport.certificate-verification": "sys_monitor_disabled",
    "transport.hsts": "sys_monitor_disabled",
    "transport.mutual-tls": "authz_fail",
    "transport.tls-configuration": "sys_monitor_disabled",
    "transport.tls-required": "input_validation_fail",
}
"""What a reason of each control means where REASONS does not say otherwise."""

REASONS: Mapping[tuple[str, str], str] = {
    ("access.deny-by-default", "identify-failed"): "sys_crash",
    ("browser.cors", "repeated-header"): "malicious_extraneous",
    ("browser.csrf", "expired-token"): "session_expired",
    ("browser.csrf", "garbled-token"): "input_validation_fail",
    ("browser.csrf", "missing-token"): "input_validation_fail",
    ("browser.csrf", "repeated-header"): "malicious_extraneous",
    ("browser.csrf", "store-down"): "sys_crash",
    ("browser.csrf", "unreadable-form"): "input_validation_fail",
    ("browser.csrf", "used-token"): "authn_token_reuse",
    ("data.encryption-at-rest", "revealed"): "sensitive_read",
    ("data.key-management", "key-activated"): "sensitive_update",
    ("data.key-management", "key-destroyed"): "sensitive_delete",
    ("data.key-management", "key-published"): "sensitive_create",
    ("data.key-management", "key-restored"): "sensitive_update",
    ("data.key-management", "key-retired"): "sensitive_update",
    ("data.key-management", "keys-rewrapped"): "sensitive_update",
    ("data.key-management", "values-resealed"): "sensitive_update",
    ("data.message-integrity", "expired-link"): "session_expired",
    ("data.message-integrity", "garbled-signature"): "input_validation_fail",
    ("data.message-integrity", "large-message"): "input_validation_fail",
    ("data.message-integrity", "no-key"): "sys_crash",
    ("data.message-integrity", "outside-window"): "input_validation_fail",
    ("data.message-integrity", "replayed"): "authn_token_reuse",
    ("data.message-integrity", "store-down"): "sys_crash",
    ("network.host-validation", "not-configured"): "sys_startup",
    ("network.rate-limiting", "store-down"): "sys_crash",
    ("network.request-limits", "crowded"): "excess_rate_limit_exceeded",
    ("network.request-limits", "garbled-length"): "malicious_extraneous",
    ("network.request-limits", "late-answer"): "sys_crash",
    ("observation.security-event-logging", "operation"): "authz_admin",
    ("observation.security-event-logging", "start-refused"): "sys_startup",
    ("transport.mutual-tls", "malformed"): "input_validation_fail",
    ("transport.tls-required", "proxy-unknown"): "sys_startup",
}
"""Reasons that mean something else than the rest of their control."""

_ANSWERED = ("output.error-handling", "answered")
_OF_STATUS: Mapping[int, str] = {401: "authz_fail", 403: "authz_fail", 429: "excess_rate_limit_exceeded"}


def word_of(control: str, reason: str, status: int) -> Word:
    """The vocabulary's word for what happened.

    status: what the client was told; it decides only for errors that the application answered by itself, whose cause nobody
    else knows. A control that stands in no table is told as `sys_crash`; a test holds that none does.
    """
    if (control, reason) == _ANSWERED and status < 500:
        return WORDS[_OF_STATUS.get(status, "input_validation_fail")]
    return WORDS[REASONS.get((control, reason)) or CONTROLS.get(control, "sys_crash")]
