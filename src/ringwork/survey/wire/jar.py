"""A browser's cookie rules, so that a forged request carries just the cookies that a victim's browser would send.

Source: RFC 6265bis (draft), 5.6 to 5.8. A cookie without SameSite is sent across sites, as Firefox and Safari still do:
the weakest common browser decides what an attack can reach.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum


class Reach(StrEnum):
    """Where a request comes from, as cookies see it."""

    SAME_SITE = "same-site"
    CROSS_SITE_NAVIGATION = "cross-site-navigation"  # a link or redirect: top level, safe method
    CROSS_SITE = "cross-site"  # anything else from a foreign page


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie as kept. same_site: "strict", "lax", "none" or "" when absent. expires: seconds since 1970, None at the session's end."""

    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    http_only: bool
    same_site: str
    expires: float | None
    raw: str

    def sent(self, *, host: str, path: str, secure: bool, reach: Reach, now: float) -> bool:
        """Whether a browser attaches it to such a request."""
        if self.expires is not None and self.expires <= now:
            return False
        if not (host == self.domain or (not self.host_only and host.endswith("." + self.domain))):
            return False
        if self.secure and not secure:
            return False
        if not (path == self.path or path.startswith(self.path.rstrip("/") + "/")):
            return False
        if reach is Reach.CROSS_SITE:
            return self.same_site in {"", "none"}
        return not (reach is Reach.CROSS_SITE_NAVIGATION and self.same_site == "strict")


class Jar:
    """The cookies of one browser."""

    def __init__(self) -> None:
        self.cookies: dict[tuple[str, str, str], Cookie] = {}
        self.seen: list[str] = []

    def take(self, header: str, *, host: str, path: str, secure: bool) -> Cookie | None:
        """Keep what one Set-Cookie header says, as a browser would; None when it refuses or deletes."""
        self.seen.append(header)
        cookie = parse(header, host=host, path=path)
        if cookie is None or not _accepts(cookie, header, host=host, secure=secure):
            return None
        key = (cookie.name, cookie.domain, cookie.path)
        if cookie.expires is not None and cookie.expires <= time.time():
            self.cookies.pop(key, None)
            return None
        self.cookies[key] = cookie
        return cookie

    def header(self, *, host: str, path: str, secure: bool, reach: Reach = Reach.SAME_SITE) -> str:
        """The Cookie header for such a request, or ""."""
        now = time.time()
        sent = [c for c in self.cookies.values() if c.sent(host=host, path=path, secure=secure, reach=reach, now=now)]
        return "; ".join(f"{c.name}={c.value}" for c in sorted(sent, key=lambda c: -len(c.path)))

    def get(self, name: str) -> Cookie | None:
        """The cookie of that name, prefixes apart."""
        return next((c for c in self.cookies.values() if bare(c.name) == bare(name)), None)

    def copy(self) -> Jar:
        """Another jar with the same cookies."""
        made = Jar()
        made.cookies = dict(self.cookies)
        return made


def bare(name: str) -> str:
    """A cookie's name without the prefixes that browsers know."""
    return name.removeprefix("__Host-").removeprefix("__Secure-")


def parse(header: str, *, host: str, path: str) -> Cookie | None:
    """One Set-Cookie header; None when it has no name."""
    pair, *attributes = header.split(";")
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        return None
    said = _said(attributes)
    domain = said.get("domain", "").lstrip(".").lower()
    reach = said.get("samesite", "").lower()
    asked = said.get("path", "")
    return Cookie(
        name=name.strip(),
        value=value.strip(),
        domain=domain or host,
        host_only=not domain,
        path=asked if asked.startswith("/") else path.rpartition("/")[0] or "/",
        secure="secure" in said,
        http_only="httponly" in said,
        # A word that no browser knows counts as none at all.
        same_site=reach if reach in {"strict", "lax", "none"} else "",
        expires=_expiry(said),
        raw=header,
    )


def _said(attributes: list[str]) -> dict[str, str]:
    """The attributes by lower-case name; the last of two counts."""
    pairs = (attribute.partition("=") for attribute in attributes)
    return {key.strip().lower(): text.strip() for key, _, text in pairs}


def _expiry(said: dict[str, str]) -> float | None:
    # Max-Age before Expires, because browsers prefer it; one that is no number is passed over.
    with contextlib.suppress(KeyError, ValueError, OverflowError):
        return time.time() + int(said["max-age"])
    with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
        return parsedate_to_datetime(said["expires"]).timestamp()
    return None


def _accepts(cookie: Cookie, header: str, *, host: str, secure: bool) -> bool:
    if not (host == cookie.domain or host.endswith("." + cookie.domain)):
        return False
    if cookie.secure and not secure:
        return False
    if cookie.same_site == "none" and not cookie.secure:
        return False
    prefixed = cookie.name.lower()  # browsers compare the prefixes without case
    if prefixed.startswith("__host-"):
        return cookie.secure and cookie.host_only and cookie.path == "/" and "path" in _said(header.split(";")[1:])
    return not prefixed.startswith("__secure-") or cookie.secure
