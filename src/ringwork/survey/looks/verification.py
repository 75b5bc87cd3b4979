"""Certificates that nobody checks: what the standard library asks for is replaced, or an option of whatever client says so.

Against a line that was meant for one host of one day, and opens every connection of every library to whoever stands between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, calls, last, text_of, written
from ringwork.survey.taint import ir

_MAKERS = frozenset({"ssl._create_default_https_context", "ssl.create_default_context"})
_UNCHECKED = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})
_SWITCH = "PYTHONHTTPSVERIFY"
_NOT_ASKED = frozenset({"CERT_NONE", "NONE", "none", "False"})
_OPTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "cert_reqs": _NOT_ASKED,
        "ssl_cert_reqs": _NOT_ASKED | {"None"},
        "verify_certs": frozenset({"False"}),
        "validate_certs": frozenset({"False"}),
        "verify_ssl": frozenset({"False"}),
        "ssl_verify": frozenset({"False"}),
        "tlsAllowInvalidCertificates": frozenset({"True"}),
        "tlsInsecure": frozenset({"True"}),
        "tls_insecure": frozenset({"True"}),
    }
)
"""Options that mean this and nothing else, of clients for databases, queues, searches and the web, with what switches the check off."""
_SENDING = frozenset({
    "get", "post", "put", "patch", "delete", "head", "options", "request", "send", "stream", "Session", "Client", "AsyncClient", "client",
    "resource",
})  # fmt: skip
"""What takes `verify=False` for a connection; a token's signature is verified by other names."""


def look(seen: Seen) -> Iterator[Flow]:
    """What replaces the contexts of the standard library in one module, or switches their checks off by the environment."""
    for statement, scope in seen.of(ir.Assign):
        for target in statement.targets:
            if seen.name(target) in _MAKERS and _is_unchecked(seen, statement.value):
                yield _told(seen, statement.at, scope, seen.name(target))
            elif isinstance(target, ir.Item) and text_of(target.key) == _SWITCH and text_of(statement.value) == "0":
                yield _told(seen, statement.at, scope, _SWITCH)
    for call, scope in seen.of(ir.Call):
        if written(call.function) == "setattr" and len(call.arguments) == 3:
            name = f"{seen.name(call.arguments[0])}.{text_of(call.arguments[1])}"
            if name in _MAKERS and _is_unchecked(seen, call.arguments[2]):
                yield _told(seen, call.at, scope, name)
        for name, value in call.keywords:
            if _is_off(name, value) or (name == "verify" and _said(value) == "False" and last(call.function) in _SENDING):
                yield _switched(seen, call.at, scope, name)
    for mapping, scope in seen.of(ir.Mapping):
        for key, value in mapping.items:
            if (name := text_of(key) or "") and _is_off(name, value):
                yield _switched(seen, value.at, scope, name)


def _is_off(name: str, value: ir.Expression) -> bool:
    """Whether an option of this name says with this value that no certificate is checked."""
    return _said(value) in _OPTIONS.get(name, ())


def _said(value: ir.Expression) -> str:
    return str(value.value) if isinstance(value, ir.Constant) else last(value) if isinstance(value, ir.Attribute | ir.Name) else ""


def _switched(seen: Seen, at: int, scope: Scope, name: str) -> Flow:
    detail = f"The other side's certificate is not checked; leave {name} alone, and name an authority of your own where one is needed."
    return seen.flow("tls-unverified", at, strength=STRONG, sink=name, detail=detail, scope=scope, said=f"{name} is switched off")


def _is_unchecked(seen: Seen, value: ir.Expression) -> bool:
    if isinstance(value, ir.Lambda):
        return any(seen.name(call.function) in _UNCHECKED for call in calls(value.body))
    return seen.name(value) in _UNCHECKED


def _told(seen: Seen, at: int, scope: Scope, name: str) -> Flow:
    detail = "No certificate is checked any more in the whole process; give the one call that needs another authority a context."
    return seen.flow("tls-unverified", at, strength=STRONG, sink=name, detail=detail, scope=scope, said=f"{name} is replaced")
