"""What switches the verification of a peer off, as it stands in source: read, never run.

Against the line that was meant for an afternoon. What is computed elsewhere cannot be judged here, and is said to be so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

CLIENTS = frozenset({
    "aiohttp", "aioredis", "aiosmtplib", "asyncpg", "boto3", "elasticsearch", "grpc", "http.client", "httpx", "httpx2", "ldap3", "pika",
    "paramiko", "pymongo", "redis", "requests", "smtplib", "ssl", "urllib.request", "urllib3", "websocket", "websockets",
})  # fmt: skip
"""Libraries by which an application speaks to others."""

WORDS = (
    "verif",
    "CERT_NONE",
    "check_hostname",
    "cert_reqs",
    "ssl",
    "starttls",
    "disable_warnings",
    "AutoAddPolicy",
    "WarningPolicy",
    "tls",
    "validate_certs",
)
"""A file without any of these need not be parsed."""

_FALSE = frozenset({
    "verify", "verify_ssl", "ssl_verify", "ssl", "check_hostname", "ssl_check_hostname", "verify_certs", "validate_certs", "validate_cert",
    "tls_verify", "ssl_verify_cert", "ssl_verify_identity", "verify_hostname", "ssl_assert_hostname", "assert_hostname",
})  # fmt: skip
"""Arguments and attributes that switch it off by False."""

_TRUE = frozenset(
    {
        "tlsallowinvalidcertificates",
        "tlsallowinvalidhostnames",
        "tlsinsecure",
        "trust_server_certificate",
        "insecure",
        "insecure_skip_verify",
    }
)
_REQUIREMENTS = frozenset({"cert_reqs", "ssl_cert_reqs", "verify_mode"})
_HELPERS = frozenset({"_create_unverified_context", "_create_stdlib_context"})
_HOST_KEYS = frozenset({"AutoAddPolicy", "WarningPolicy"})
_NO_TLS = frozenset({"connect", "create_connection", "open_connection", "create_pool", "Redis", "StrictRedis"})
"""Calls whose ssl=False says no TLS at all, which the look at addresses judges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One place. known: False where the value is computed elsewhere."""

    line: int
    what: str
    known: bool = True


def find(text: str) -> list[Switch]:
    """The places in a module, in order. Raises SyntaxError, ValueError for what is no Python."""
    found = list[Switch]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            found += _in_call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                found += _assigned(target, node.value)
        elif isinstance(node, ast.Attribute) and node.attr in _HELPERS:
            found.append(Switch(line=node.lineno, what=f"{node.attr} makes a context that takes any certificate"))
        elif isinstance(node, ast.Attribute | ast.Name) and _name(node) in _HOST_KEYS:
            found.append(Switch(line=node.lineno, what=f"{_name(node)} takes the key of any host"))
    return sorted({(one.line, one.what): one for one in found}.values(), key=lambda one: one.line)


def imports(text: str) -> set[str]:
    """The client libraries that a module imports."""
    found = set[str]()
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {name for name in names for name in (name, name.partition(".")[0]) if name in CLIENTS}
    return found


def _in_call(call: ast.Call) -> Iterator[Switch]:
    called = _name(call.func)
    for keyword in call.keywords:
        if keyword.arg is not None and not (keyword.arg == "ssl" and called in _NO_TLS):
            yield from _valued(keyword.arg, keyword.value, call.lineno)
    if called == "starttls" and not any(k.arg in {"context", "tls_context", None} for k in call.keywords) and not call.args:
        yield Switch(line=call.lineno, what="starttls() without a context verifies nobody; give context=ssl.create_default_context()")
    if called == "disable_warnings":
        yield Switch(line=call.lineno, what="disable_warnings() silences what tells of unverified connections")


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[Switch]:
    if isinstance(target, ast.Attribute):
        if target.attr == "_create_default_https_context":
            yield Switch(line=target.lineno, what="the default context of every client is replaced")
        else:
            yield from _valued(target.attr, value, target.lineno, attribute=True)


def _valued(name: str, value: ast.expr, line: int, *, attribute: bool = False) -> Iterator[Switch]:
    lower = name.lower()
    constant = value.value if isinstance(value, ast.Constant) else ...
    if lower in _FALSE and constant is False:
        yield Switch(line=line, what=f"{name}=False")
    elif lower in _TRUE and constant is True:
        yield Switch(line=line, what=f"{name}=True")
    elif lower in _REQUIREMENTS:
        if _name(value) in {"CERT_NONE", "CERT_OPTIONAL"} or constant in (None, "none", "optional", "CERT_NONE", "CERT_OPTIONAL", 0):
            yield Switch(line=line, what=f"{name} asks for no certificate")
    elif lower == "verify" and not attribute and isinstance(value, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.IfExp):
        said = ast.unparse(value)
        if not any(word in said.lower() for word in ("context", "ctx", "certifi", "bundle", "ca", "pem")):
            yield Switch(line=line, what=f"verify={said[:60]} is computed, and its value was not loaded", known=False)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
