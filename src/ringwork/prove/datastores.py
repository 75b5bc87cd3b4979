"""Addresses of databases, caches, brokers and mail, and whether each asks for a verified connection.

Against a driver whose default encrypts without looking at whom, or not at all. Sources: libpq, 34.19; redis-py; PyMongo; PyMySQL;
RFC 2368 names no default, so a mail address says nothing by itself.
"""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ADDRESS = re.compile(
    r"\b((?:postgres(?:ql)?|mysql|mariadb|mssql|redis|rediss|valkey|valkeys|amqp|amqps|mongodb|ldap|ldaps|smtp|smtps|memcached|nats)"
    r"(?:\+[a-z0-9]+)?://[^\s\"'<>`\\]+)"
)
_HIDDEN = re.compile(r"[${}<>%]|^(?:host|hostname|your[.-]?host|example)$", re.IGNORECASE)
_OFF = frozenset({"none", "cert_none", "optional", "cert_optional", "0", "false", "no", "verify_none"})
_ON = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An address without its password. held: whether it is verified; None where that cannot be known from here."""

    shown: str
    held: bool | None
    detail: str


def judge(address: str) -> Judged | None:
    """What an address asks for; None for one that leads to this machine alone."""
    scheme, _, rest = address.partition("://")
    scheme = scheme.lower().partition("+")[0] if not scheme.lower().startswith("mongodb+srv") else "mongodb+srv"
    place, _, query = rest.partition("?")
    host = place.rpartition("@")[2].partition("/")[0]
    name = _host(host)
    shown = f"{scheme}://{name or host[:60]}"
    # Against a secret in the report: neither user nor password nor path is shown.
    if _HIDDEN.search(host):
        return Judged(shown=scheme, held=None, detail="the address is put together elsewhere, or kept in a secret store")
    if _is_local(name):
        return None
    options = {key.lower(): value.lower() for key, value in urllib.parse.parse_qsl(query, keep_blank_values=True)}
    fault = _FAULTS[scheme](options) if scheme in _FAULTS else ""
    return Judged(shown=shown, held=not fault, detail=fault or "encrypted, and the peer is verified")


def _host(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].lower()


def _is_local(name: str) -> bool:
    if name in {"", "localhost"} or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _postgres(options: Mapping[str, str]) -> str:
    mode = options.get("sslmode") or options.get("ssl") or "prefer"
    if mode == "verify-full":
        return ""
    told = {"verify-ca": "any host with a certificate of the authority is believed", "require": "encrypted, and nobody is verified"}
    return f"sslmode={mode}: {told.get(mode, 'in clear where the server, or somebody in the path, says so')}; write sslmode=verify-full"


def _mysql(options: Mapping[str, str]) -> str:
    mode = options.get("ssl_mode") or options.get("ssl-mode") or options.get("sslmode") or ""
    if mode.replace("-", "_") == "verify_identity" or (options.get("ssl_ca") and options.get("ssl_check_hostname", "") in _ON):
        return ""
    return "nobody is verified; write ssl_ca=... with ssl_check_hostname=true, or ssl_mode=VERIFY_IDENTITY"


def _redis(options: Mapping[str, str]) -> str:
    if options.get("ssl_cert_reqs", "required") in _OFF or options.get("ssl_check_hostname", "true") in _OFF:
        return "encrypted, and nobody is verified; take ssl_cert_reqs and ssl_check_hostname out"
    return ""


def _mongodb(options: Mapping[str, str]) -> str:
    if any(options.get(name, "") in _ON for name in ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")):
        return "encrypted, and nobody is verified; take tlsInsecure and its like out"
    return "" if options.get("tls", options.get("ssl", "")) in _ON else "in clear; write tls=true"


def _mongodb_srv(options: Mapping[str, str]) -> str:
    return _mongodb({"tls": "true", **options})


def _amqps(options: Mapping[str, str]) -> str:
    off = options.get("verify", "") in _OFF or options.get("cert_reqs", "") in _OFF or options.get("ssl_cert_reqs", "") in _OFF
    return "encrypted, and nobody is verified; take verify out" if off else ""


def _mssql(options: Mapping[str, str]) -> str:
    is_on = options.get("encrypt", "") in {*_ON, "strict", "mandatory"} and options.get("trustservercertificate", "no") in _OFF
    return "" if is_on else "nobody is verified; write Encrypt=yes&TrustServerCertificate=no"


def _clear(instead: str) -> str:
    return f"in clear; write {instead}"


_FAULTS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "postgres": _postgres,
    "postgresql": _postgres,
    "mysql": _mysql,
    "mariadb": _mysql,
    "mssql": _mssql,
    "redis": lambda _: _clear("rediss://"),
    "valkey": lambda _: _clear("valkeys://"),
    "rediss": _redis,
    "valkeys": _redis,
    "amqp": lambda _: _clear("amqps://"),
    "amqps": _amqps,
    "mongodb": _mongodb,
    "mongodb+srv": _mongodb_srv,
    "ldap": lambda _: _clear("ldaps://"),
    "smtp": lambda _: _clear("smtps://, or starttls with a context of your own"),
    "memcached": lambda _: _clear("an address of this machine, or a cache that speaks TLS"),
    "nats": lambda _: _clear("tls://"),
}
