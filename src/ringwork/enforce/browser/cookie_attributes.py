"""Cookies are confined to the site, to https and to the server.

Every cookie goes out as `__Host-name`, Secure, HttpOnly, SameSite, Path=/ and without Domain, and comes back to the application
under its plain name. Against cookies stolen by script, read off the wire, sent along by foreign pages, or planted by a
sibling host. Source: RFC 6265, 4.1 and 5.2; RFC 6265bis, 4.1.3 (prefixes); ASVS 5.0, 3.3.1 to 3.3.5.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import field

from ringwork.enforce.guard import Guard, Hooks, Leave, Refusal, Site, remark
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("browser.cookie-attributes")

PREFIX = b"__Host-"
OWN_PREFIX = b"__Host-ringwork-"
"""Cookies of ringwork itself; the application neither sees nor needs them."""

LIMIT_BYTES = 4096
"""Name and value together; browsers drop longer cookies in silence (RFC 6265bis, 5.6)."""

_BLANKS = b" \t"
_CONTROLS = bytes([*range(9), *range(10, 32), 127])
_NAME_BYTES = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""What a cookie name is made of: RFC 9110, 5.6.2 (token)."""
_OWNED = frozenset({b"secure", b"httponly", b"samesite", b"path", b"domain"})


class CookieException(Frozen):
    """One cookie that has to be looser, by the name that the application gives it."""

    name: str = field(metadata={"doc": "the cookie's name in the application", "unit": "name"})
    reason: str = field(metadata={"doc": "why; printed in every report", "unit": "text"})
    readable_by_script: bool = field(default=False, metadata={"doc": "leave HttpOnly off", "unit": "true or false"})
    cross_site: bool = field(default=False, metadata={"doc": "let the application's SameSite=None stand", "unit": "true or false"})
    domain: str = field(default="", metadata={"doc": "share it with the hosts under this name", "unit": "host name"})
    path: str = field(default="", metadata={"doc": "its path, instead of /", "unit": "path"})

    @property
    def keeps_plain_name(self) -> bool:
        """Whether it is named on the wire as in the application: scripts look for that name, and the prefix forbids Domain and Path."""
        return bool(self.readable_by_script or self.domain or self.path)


class CookieAttributesSettings(Frozen):
    """Which cookies are looser than the rest, and why."""

    exceptions: tuple[CookieException, ...] = field(
        default=(),
        metadata={"doc": "cookies that have to be looser, each with its reason", "unit": "tables", "source": "ASVS 3.3.1 to 3.3.4"},
    )


class CookieAttributesReason(Words):
    """Why a cookie was left out of an answer; the answer itself goes on."""

    MALFORMED = "malformed"
    OVERSIZED = "oversized"


def plan(settings: CookieAttributesSettings, site: Site, route: Route | None) -> Hooks:
    """Names are taken back before routing, so only the plan of no route reads; every answer is written."""
    exceptions = {e.name.encode("ascii"): e for e in settings.exceptions}
    leave = _write(exceptions)
    if route is not None:
        return Hooks(leave=leave, leave_on=_SETS)
    return Hooks(admit=_read(frozenset(name for name, e in exceptions.items() if e.keeps_plain_name)), leave=leave, leave_on=_SETS)


def faults(settings: CookieAttributesSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    names = [e.name for e in settings.exceptions]
    for i, exception in enumerate(settings.exceptions):
        where = f"exceptions[{i}]"
        if not _is_name(exception.name.encode("utf-8", "replace")):
            found.append(f'{where}.name: {exception.name!r} is no cookie name; write the name the application uses, for example "theme"')
        elif exception.name.startswith("__Host-"):
            found.append(f"{where}.name begins with __Host-, which browsers hold to the strict attributes; rename the cookie")
        if names.index(exception.name) != i:
            found.append(f"{where}.name: {exception.name!r} has an exception already; join the two")
        if not exception.reason.strip():
            found.append(f"{where}.reason is empty; say why {exception.name!r} has to be looser")
        if exception.domain and not re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)+", exception.domain):
            found.append(f'{where}.domain: write a lower-case host name such as "shop.example"')
        if exception.path and not re.fullmatch(r"/[!-:<-~]*", exception.path):
            found.append(f'{where}.path must begin with "/" and hold no blank and no semicolon, for example "/shop"')
    return found


_LENGTH = len(PREFIX)
_SETS = frozenset({b"set-cookie"})


def _is_name(name: bytes) -> bool:
    return bool(name) and not name.translate(None, _NAME_BYTES)


def _read(plain: frozenset[bytes]) -> Callable[[Exchange], None]:
    def admit(exchange: Exchange) -> None:
        if exchange.cookie is None:
            return
        cookie = exchange.cookie
        told = _known(cookie, plain) if len(cookie) <= _SHORT else translate(cookie, plain)
        if told:
            exchange.replaced += ((b"cookie", told),)
        else:
            exchange.dropped += (b"cookie",)

    return admit


def translate(raw: bytes, plain: frozenset[bytes]) -> bytes:
    """The Cookie header as the application sees it.

    raw: untrusted, as on the wire. plain: names that are served without prefix. A prefixed cookie is told under both names,
    plain first, because an application may have prefixed its cookies itself. All others are left out.
    """
    if plain or len(raw) > _SHORT:
        return _translate(raw, plain)
    told: list[bytes] = []
    at = raw.find(PREFIX)
    while at >= 0:
        end = raw.find(b";", at)
        piece = raw[at:end] if end >= 0 else raw[at:]
        # Inside a value the prefix means nothing: a name begins behind a semicolon and blanks.
        before = at
        while before and raw[before - 1] in _BLANKS:
            before -= 1
        if (not before or raw[before - 1] == _SEMICOLON) and piece.find(b"=") > _LENGTH and not piece.startswith(OWN_PREFIX):
            piece = piece.rstrip(_BLANKS)
            told += (piece[_LENGTH:], piece)
        at = raw.find(PREFIX, end) if end >= 0 else -1
    return b"; ".join(told)


_SEMICOLON, _SHORT = ord(";"), 4096
# A browser sends the same header with each of its requests. Whoever sends others only has them looked at anew.
_known = functools.lru_cache(maxsize=512)(translate)


def _translate(raw: bytes, plain: frozenset[bytes]) -> bytes:
    told = []
    for piece in raw.split(b";"):
        piece = piece.strip(_BLANKS)  # noqa: PLW2901  # the same piece without its blanks
        name, equals, _ = piece.partition(b"=")
        if name[:_LENGTH] == PREFIX:
            if equals and len(name) > _LENGTH and not piece.startswith(OWN_PREFIX):
                if name[_LENGTH:] not in plain:
                    told.append(piece[_LENGTH:])
                told.append(piece)
        # Against a sibling host that plants a cookie: without the prefix anybody under the same domain may have set it.
        elif plain and equals and name in plain:
            told.append(piece)
    return b"; ".join(told)


def _write(exceptions: dict[bytes, CookieException]) -> Leave:
    def leave(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        return _rewrite_all(exchange, headers, exceptions)

    return leave


def _rewrite_all(exchange: Exchange, headers: list[Header], exceptions: dict[bytes, CookieException]) -> list[Header]:
    out = []
    for name, value in headers:
        if name != b"set-cookie":
            out.append((name, value))
            continue
        written = rewrite(value, exceptions)
        if isinstance(written, bytes):
            out.append((name, written))
        else:
            shown = value.partition(b"=")[0][:64].decode("ascii", "replace")
            detail = f"the cookie {shown!r} of {len(value)} bytes was left out of the answer"
            remark(exchange, Refusal(control=CONTROL, status=0, reason=written.value, detail=detail))
    return out


def rewrite(raw: bytes, exceptions: dict[bytes, CookieException]) -> bytes | CookieAttributesReason:
    """One Set-Cookie value with every attribute in place, or why it cannot be sent.

    raw: what the application wrote, any bytes. Expiry and unknown attributes stay; Secure, HttpOnly, SameSite, Path and
    Domain are written anew. Writing twice changes nothing more.
    """
    pair, *attributes = raw.split(b";")
    name, equals, value = pair.partition(b"=")
    name, value = name.strip(_BLANKS), value.strip(_BLANKS)
    # Against a nameless cookie, which a browser could read as another, prefixed one; and against headers split by line ends.
    if not equals or not _is_name(name) or len(raw.translate(None, _CONTROLS)) != len(raw):
        return CookieAttributesReason.MALFORMED
    exception = exceptions.get(name) or exceptions.get(name.removeprefix(PREFIX))
    if not name.startswith(PREFIX) and not (exception and exception.keeps_plain_name):
        name = PREFIX + name
    if len(name) + len(value) > LIMIT_BYTES:
        return CookieAttributesReason.OVERSIZED
    kept, same_site = _other_attributes(attributes)
    return b"; ".join([name + b"=" + value, *kept, *_confined(exception, same_site, prefixed=name.startswith(PREFIX))])


def _other_attributes(attributes: list[bytes]) -> tuple[list[bytes], bytes]:
    """What stays as the application wrote it, and the SameSite word it asked for, lower case; the last one counts, as in browsers."""
    kept, same_site = [], b""
    for attribute in [attribute.strip(_BLANKS) for attribute in attributes]:
        name, _, value = attribute.partition(b"=")
        name = name.strip(_BLANKS).lower()
        if name == b"samesite":
            same_site = value.strip(_BLANKS).lower()
        elif name and name not in _OWNED:
            kept.append(attribute)
    return kept, same_site


def _confined(exception: CookieException | None, same_site: bytes, *, prefixed: bool) -> list[bytes]:
    path, domain, script, cross_site = b"/", b"", False, False
    if exception is not None:
        script, cross_site = exception.readable_by_script, exception.cross_site
        if not prefixed:
            path, domain = exception.path.encode() or b"/", exception.domain.encode()
    word = b"Strict" if same_site == b"strict" else b"None" if cross_site and same_site == b"none" else b"Lax"
    return [
        b"Path=" + path,
        *([b"Domain=" + domain] if domain else []),
        # Against reading on the wire.
        b"Secure",
        # Against script that reads the session.
        *([] if script else [b"HttpOnly"]),
        # Against foreign pages that ride it.
        b"SameSite=" + word,
    ]


GUARD: Guard[CookieAttributesSettings] = Guard(control=CONTROL, settings=CookieAttributesSettings, plan=plan, faults=faults)
