"""Certificates that nobody checks: what the standard library asks for is replaced, or an option of whatever client says so.

Against a line that was meant for one host of one day, and opens every connection of every library to whoever stands between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, calls, last, text_of, written
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
_MAKING = frozenset({"Session", "Client", "AsyncClient", "client", "resource"})
_LIBRARIES = frozenset({"boto3", "botocore", "cloudscraper", "curl_cffi", "grequests", "httpx", "hvac", "niquests", "requests"})
_CLIENTS = re.compile(
    r"(?:client|session|connection|agent|transport|(?:^|_)(?:https?|api|request(?:er|or)?|conn))s?(?:_?v?\d+)?_?$", re.IGNORECASE
)
"""What a client is called: the last word of the name says what a thing is. Against `http_cache` and `session_store`, which are none."""
_SCHEME = re.compile(r"(?:https?|wss?)://", re.IGNORECASE)
_ADDRESSES = re.compile(r"ur[li]s?(?:$|_)|endpoint|address|link|href|host|webhook|prepared|^req(?:uest)?$", re.IGNORECASE)
"""What an address is called."""
_VERSIONS = frozenset({
    *(f"ssl.PROTOCOL_{version}" for version in ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1")),
    *(f"OpenSSL.SSL.{version}_METHOD" for version in ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1")),
})  # fmt: skip
"""Versions of TLS that nobody should speak any more."""


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
            if _is_off(name, value):
                yield _switched(seen, call.at, scope, name)
            elif name == "verify" and _said(value) == "False" and last(call.function) in _SENDING:
                yield _switched(seen, call.at, scope, name, strength=STRONG if _is_client(seen, call) else WEAK)
    yield from _old(seen)
    for mapping, scope in seen.of(ir.Mapping):
        for key, value in mapping.items:
            if (name := text_of(key) or "") and _is_off(name, value):
                yield _switched(seen, value.at, scope, name)


def _is_off(name: str, value: ir.Expression) -> bool:
    """Whether an option of this name says with this value that no certificate is checked."""
    return _said(value) in _OPTIONS.get(name, ())


def _said(value: ir.Expression) -> str:
    return str(value.value) if isinstance(value, ir.Constant) else last(value) if isinstance(value, ir.Attribute | ir.Name) else ""


def _is_client(seen: Seen, call: ir.Call) -> bool:
    """Whether what is called is a client of a network: a library's, one that is called so, or one that is given an address."""
    of = call.function.of if isinstance(call.function, ir.Attribute) else None
    home = seen.name(call.function).partition(".")[0]
    if home in _LIBRARIES or (last(call.function) in _MAKING and seen.imports(home) and not seen.project.names_like(home)):
        return True
    if of is not None and last(call.function) not in _MAKING and _CLIENTS.search(last(of)):
        return True
    given = [*call.arguments[:2], *(value for name, value in call.keywords if name in {"url", "request"})]
    return any(_is_address(one) for one in given)


def _is_address(given: ir.Expression) -> bool:
    """Whether an argument is an address, or is called so; a request that was prepared has one."""
    first = given.parts[0] if isinstance(given, ir.Text) and given.parts else given.left if isinstance(given, ir.Binary) else given
    return bool(_SCHEME.match(text_of(first) or "")) or bool(
        _ADDRESSES.search(last(first.value if isinstance(first, ir.Format) else first))
    )


def _old(seen: Seen) -> Iterator[Flow]:
    """Old versions of TLS that a function takes where it is told none."""
    for parameter, scope in seen.of(ir.Parameter):
        if parameter.default is not None and seen.name(parameter.default) in _VERSIONS:
            name = seen.name(parameter.default)
            detail = f"{name} is what this function takes where it is told nothing else; leave the version to ssl.create_default_context()."
            yield seen.flow(
                "tls-version", parameter.default.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="an old version"
            )


def _switched(seen: Seen, at: int, scope: Scope, name: str, *, strength: Strength = STRONG) -> Flow:
    detail = f"The other side's certificate is not checked; leave {name} alone, and name an authority of your own where one is needed."
    return seen.flow("tls-unverified", at, strength=strength, sink=name, detail=detail, scope=scope, said=f"{name} is switched off")


def _is_unchecked(seen: Seen, value: ir.Expression) -> bool:
    if isinstance(value, ir.Lambda):
        return any(seen.name(call.function) in _UNCHECKED for call in calls(value.body))
    return seen.name(value) in _UNCHECKED


def _told(seen: Seen, at: int, scope: Scope, name: str) -> Flow:
    detail = "No certificate is checked any more in the whole process; give the one call that needs another authority a context."
    return seen.flow("tls-unverified", at, strength=STRONG, sink=name, detail=detail, scope=scope, said=f"{name} is replaced")
