"""Redirects leave the site only for listed places.

Against a link on the trusted site that forwards its reader, and sometimes a token with him, to an attacker's page. Locations are
read as browsers read them, not as RFC 3986 does. Source: WHATWG URL, 4.4; ASVS 5.0, 3.7.2, 1.2.2; OWASP Unvalidated Redirects
and Forwards Cheat Sheet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from urllib.parse import quote

from ringwork.enforce.guard import Guard, Hooks, Judge, Leave, Refusal, Site
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("browser.open-redirect")

REDIRECTS = frozenset({300, 301, 302, 303, 305, 307, 308})
"""Answers whose Location a browser, or a proxy, may follow; 201 and 304 lead nowhere."""

_CONTROLS_AND_SPACE = bytes(range(33))
_REMOVED = b"\t\n\r"
_AFTER_SLASH = frozenset({b"/", b"\\", b"\t", b"\n", b"\r"})
_SCHEME = rb"([A-Za-z][A-Za-z0-9+.-]*):"
_AUTHORITY_END = rb"[/\\?#]"
_REFRESH = rb"\s*[0-9.]+(?:\s*[;,]|\s)\s*(?:url\s*=\s*)?(?:\"([^\"]*)|'([^']*)|(.*))"
"""Seconds, a separator and where to: HTML, 4.2.5.3 (shared declarative refresh steps)."""
_ORIGIN = r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?"
_LOCAL_ORIGIN = r"http://(localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\])(:[0-9]{1,5})?"


class OpenRedirectSettings(Frozen):
    """Where redirects may lead beside this site."""

    targets: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": 'exact origins that redirects may lead to, such as "https://login.partner.example"',
            "unit": "origins",
            "source": "ASVS 3.7.2",
        },
    )


class OpenRedirectReason(Words):
    """Why an answer was refused."""

    FOREIGN_TARGET = "foreign-target"
    SCHEME = "scheme"
    SPELLING = "spelling"


class Led(Frozen):
    """Where a Location leads. scheme: b"" for the page's own. authority: host and port, lower case, b"" for the page's own."""

    scheme: bytes = b""
    authority: bytes = b""


def plan(settings: OpenRedirectSettings, site: Site, route: Route | None) -> Hooks:
    """Every redirect is judged, those of middleware and router too."""
    own = _own(site)
    upgraded = site.canonical_origin.startswith("https://")
    return Hooks(
        judge=_judge(own, frozenset(origin.encode() for origin in settings.targets), route),
        judge_on=frozenset({b"location", b"refresh"}),
        leave=_upgrade(own) if upgraded else None,
        leave_on=frozenset({b"location"}),
    )


def faults(settings: OpenRedirectSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    for i, origin in enumerate(settings.targets):
        if not re.fullmatch(_ORIGIN, origin) and not re.fullmatch(_LOCAL_ORIGIN, origin):
            host = origin.partition("://")[2].partition("/")[0].lower().lstrip("*.")
            meant = f"https://{host}" if re.fullmatch(_ORIGIN, f"https://{host}") else "https://login.partner.example"
            found.append(f'targets[{i}]: {origin!r} is no exact origin; write https, host and port only, such as "{meant}"')
    return found


def _own(site: Site) -> frozenset[bytes]:
    """Host and port of this site in every spelling that leads here."""
    named = {host.lower() for host in site.hosts}
    if site.canonical_origin:
        named.add(site.canonical_origin.partition("://")[2].encode())
    bare = {_without_default_port(host) for host in named}
    return frozenset(named | bare | {host + port for host in bare if not _has_port(host) for port in (b":443", b":80")})


def _without_default_port(host: bytes) -> bytes:
    return host.removesuffix(b":443").removesuffix(b":80")


def _has_port(host: bytes) -> bool:
    return b":" in host.rpartition(b"]")[2]


def _judge(own: frozenset[bytes], targets: frozenset[bytes], route: Route | None) -> Judge:
    def judge(exchange: Exchange, status: int, headers: list[Header]) -> Refusal | None:
        if status in REDIRECTS:
            for name, value in headers:
                if name.lower() == b"location":
                    # Every Location, because browsers differ in which of two they follow.
                    refusal = _judged(exchange, value)
                    if refusal is not None:
                        return refusal
        for name, value in headers:
            if len(name) == 7 and name.lower() == b"refresh":
                target = re.match(_REFRESH, value, re.IGNORECASE | re.DOTALL)
                refusal = None if target is None else _judged(exchange, target[1] or target[2] or target[3] or b"")
                if refusal is not None:
                    return refusal
        return None

    def _judged(exchange: Exchange, value: bytes) -> Refusal | None:
        if value[:1] == b"/" and value[1:2] not in _AFTER_SLASH:
            return None
        found = leads_to(value)
        if isinstance(found, OpenRedirectReason):
            return _refuse(found, "an address that browsers and servers read differently, or that runs instead of leading somewhere")
        if found.authority in own and value.strip(_CONTROLS_AND_SPACE).translate(None, _REMOVED) != value:
            # Against blanks and controls that a browser takes out, and that hide the scheme from the upgrade to https.
            return _refuse(OpenRedirectReason.SPELLING, "an address of this site with characters that a browser takes out")
        if not found.authority or found.authority in own or (not own and found.authority == (exchange.host or b"").lower()):
            return None
        origin = (found.scheme or b"https") + b"://" + found.authority
        if origin in targets or (found.scheme != b"http" and origin.removesuffix(b":443") in targets):
            return None
        shown = origin[:100].decode("ascii", "replace")
        return _refuse(OpenRedirectReason.FOREIGN_TARGET, f'it would lead to another site; if that is meant, add targets = ["{shown}"]')

    where = "" if route is None else f"{route.name}: "

    def _refuse(reason: OpenRedirectReason, detail: str) -> Refusal:
        return Refusal(control=CONTROL, status=400, reason=reason.value, detail=f"{where}a redirect was stopped: {detail}")

    return judge


def leads_to(location: bytes) -> Led | OpenRedirectReason:
    r"""Where a browser goes from an http(s) page, or why no honest server writes this. location: raw, from anywhere.

    Source: WHATWG URL, 4.4 (basic URL parser). Spellings that it repairs (`https:/host`, `https:\\host`) are refused, because
    what stands before us in the chain may repair them otherwise.
    """
    # Browsers take blanks and controls from both ends, and tabs and line ends from everywhere.
    text = location.strip(_CONTROLS_AND_SPACE).translate(None, _REMOVED)
    scheme, rest = b"", text
    found = re.match(_SCHEME, text)
    if found is not None:
        scheme, rest = found.group(1).lower(), text[found.end() :]
        # Against javascript:, data: and links that open another program.
        if scheme not in (b"http", b"https"):
            return OpenRedirectReason.SCHEME
        if rest[:2] != b"//":
            return OpenRedirectReason.SPELLING
    # Against the backslash, which browsers read as a slash and most libraries as a letter; and against more than two of them.
    slashes = rest[:2].replace(b"\\", b"/")
    if slashes != b"//":
        return Led()
    if rest[:2] != b"//" or rest[2:3] in (b"/", b"\\"):
        return OpenRedirectReason.SPELLING
    authority = re.split(_AUTHORITY_END, rest[2:], maxsplit=1)[0].lower()
    # Against the own name as user information of a foreign host.
    if not authority or b"@" in authority:
        return OpenRedirectReason.SPELLING
    return Led(scheme=scheme, authority=authority)


def _upgrade(own: frozenset[bytes]) -> Leave:
    def leave(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        if status not in REDIRECTS:
            return headers
        for i, (name, value) in enumerate(headers):
            # Against a redirect of the framework, which behind a proxy believes in http and would send cookies and path in clear.
            if name == b"location" and value[:7].lower() == b"http://":
                authority = re.split(_AUTHORITY_END, value[7:], maxsplit=1)[0]
                if authority.lower() in own:
                    rest = value[7 + len(authority) :]
                    return [*headers[:i], (name, b"https://" + authority.removesuffix(b":80") + rest), *headers[i + 1 :]]
        return headers

    return leave


_PATH_SAFE = "/:@!$&'()*+,;=-._~%"
_TAIL_SAFE = _PATH_SAFE + "?"


def safe_path(value: object, default: str = "/") -> str:
    """A path of this site from a next-style parameter, or `default` for anything else.

    value: untrusted, usually text or None. Only a path that begins with exactly one "/" is taken, and written anew: letters
    outside ASCII are percent-encoded. Host, scheme, backslash, control characters and "//" anywhere in the path give `default`.
    Does not say whether the path exists or whether its reader may go there.
    """
    if not isinstance(value, str) or len(value) > 2048 or value[:1] != "/":
        return default
    # Against spellings that a browser, a proxy and a library read differently: nothing is repaired, all of it is left.
    if "\\" in value or not value.isprintable() or any(blank in value for blank in (" ", "\u00a0")):
        return default
    path, question, query = value.partition("#")[0].partition("?")
    if "//" in path:
        return default
    fragment = value.partition("#")[2] if "#" in value else None
    written = quote(path, safe=_PATH_SAFE) + (f"?{quote(query, safe=_TAIL_SAFE + '/')}" if question else "")
    return written if fragment is None else f"{written}#{quote(fragment, safe=_TAIL_SAFE)}"


GUARD: Guard[OpenRedirectSettings] = Guard(control=CONTROL, settings=OpenRedirectSettings, plan=plan, faults=faults)
