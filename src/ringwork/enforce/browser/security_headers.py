"""The browser is told, on every answer, not to guess types, leak addresses, share windows or lend resources to other sites.

Against sniffed scripts, leaked addresses, opened windows that reach back, frames, and private answers loaded into a foreign
page. Source: OWASP HTTP Headers Cheat Sheet; ASVS 5.0, 3.4.4, 3.4.5, 3.4.8, 3.5.8; W3C Fetch Metadata Request Headers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field

from ringwork.enforce.guard import Decision, Enter, Guard, Hooks, Refusal, Site
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Public, Route
from ringwork.words import Words

CONTROL = ControlId("browser.security-headers")

REFERRER_POLICIES: dict[str, frozenset[bytes]] = {
    "strict-origin-when-cross-origin": frozenset({b"strict-origin-when-cross-origin", b"strict-origin", b"same-origin", b"no-referrer"}),
    "strict-origin": frozenset({b"strict-origin", b"no-referrer"}),
    "same-origin": frozenset({b"same-origin", b"no-referrer"}),
    "no-referrer": frozenset({b"no-referrer"}),
}
"""Policies that may be set, and the values of the application that are at least as strict and therefore stay."""

EMBEDDER_POLICIES = frozenset({"", "require-corp", "credentialless"})

REMOVES = frozenset(
    {
        # Against headers that old browsers turn into holes of their own; those that tell versions go with output.information-disclosure.
        b"expect-ct",
        b"feature-policy",
        b"public-key-pins",
        b"public-key-pins-report-only",
        b"x-content-security-policy",
        b"x-webkit-csp",
        b"x-xss-protection",
    }
)

_FEATURE = r"[a-z][a-z-]{0,63}"


class SecurityHeadersSettings(Frozen):
    """What may be tuned; the other headers have one right value."""

    referrer_policy: str = field(
        default="strict-origin-when-cross-origin",
        metadata={
            "doc": "how much of an address links tell: this, strict-origin, same-origin or no-referrer",
            "unit": "word",
            "source": "ASVS 3.4.5; OWASP HTTP Headers",
        },
    )
    denied_features: tuple[str, ...] = field(
        default=("browsing-topics", "camera", "geolocation", "microphone", "payment", "usb"),
        metadata={"doc": "browser features that no page may use", "unit": "names", "source": "OWASP HTTP Headers; list our choice"},
    )
    own_features: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "denied features that this site's own pages may use all the same", "unit": "names", "source": "our choice"},
    )
    embedder_policy: str = field(
        default="",
        metadata={
            "doc": 'Cross-Origin-Embedder-Policy: "" for none, require-corp or credentialless; breaks media of other sites',
            "unit": "word",
            "source": "OWASP HTTP Headers; off by our choice",
        },
    )


class SecurityHeadersReason(Words):
    """Why a request was refused."""

    CROSS_SITE_LOAD = "cross-site-load"


def plan(settings: SecurityHeadersSettings, site: Site, route: Route | None) -> Hooks:
    """Constant headers for every answer; routes that are not public also refuse to be loaded into foreign pages."""
    guarded = route is not None and not isinstance(route.rule, Public)
    return Hooks(
        headers=_constants(settings),
        keeps={b"referrer-policy": REFERRER_POLICIES[settings.referrer_policy]},
        removes=REMOVES,
        enter=_refuse_foreign_loads(site) if guarded else None,
        leave=_settle_type,
        is_steady=True,
    )


def faults(settings: SecurityHeadersSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    if settings.referrer_policy not in REFERRER_POLICIES:
        found.append(f"referrer_policy: {settings.referrer_policy!r} is unknown or too weak; write one of {', '.join(REFERRER_POLICIES)}")
    if settings.embedder_policy not in EMBEDDER_POLICIES:
        found.append(f'embedder_policy: {settings.embedder_policy!r} is unknown; write "", "require-corp" or "credentialless"')
    for name in ("denied_features", "own_features"):
        for i, feature in enumerate(getattr(settings, name)):
            if not re.fullmatch(_FEATURE, feature):
                found.append(f'{name}[{i}]: {feature!r} is no feature name; write one such as "geolocation"')
    needless = sorted(set(settings.own_features) - set(settings.denied_features))
    return found + [
        f"own_features: {feature!r} is not among denied_features, so it needs no exception; take it out" for feature in needless
    ]


def _constants(settings: SecurityHeadersSettings) -> tuple[Header, ...]:
    features = (f"{name}={'(self)' if name in settings.own_features else '()'}" for name in settings.denied_features)
    pairs = [
        # Against a text or picture that the browser decides to run as a script.
        (b"x-content-type-options", "nosniff"),
        # Against addresses, which may hold ids, told to every linked site.
        (b"referrer-policy", settings.referrer_policy),
        # Against clickjacking, in browsers that do not read frame-ancestors.
        (b"x-frame-options", "DENY"),
        # Against an opened or opening window that reaches into this one.
        (b"cross-origin-opener-policy", "same-origin"),
        # Against a private answer loaded as picture or script by a foreign page, and read by side channel.
        (b"cross-origin-resource-policy", "same-origin"),
        # Against injected script that asks for camera, place or payment.
        (b"permissions-policy", ", ".join(features)),
        # Against sharing a process with sibling hosts of the same site.
        (b"origin-agent-cluster", "?1"),
        # Against policy files that let old plug-ins read across sites.
        (b"x-permitted-cross-domain-policies", "none"),
        (b"cross-origin-embedder-policy", settings.embedder_policy),
    ]
    return tuple((name, value.encode("ascii")) for name, value in pairs if value)


def _refuse_foreign_loads(site: Site) -> Enter:
    trusted = site.origins - {site.canonical_origin.encode()}
    refusal = Refusal(
        control=CONTROL,
        status=403,
        reason=SecurityHeadersReason.CROSS_SITE_LOAD.value,
        detail="another site's page tried to load this route; if that page is yours, add its origin to trusted_origins",
    )

    def enter(exchange: Exchange) -> Decision:
        if exchange.fetch_site in (None, b"same-origin", b"none"):
            return None
        if exchange.fetch_mode == b"navigate" and exchange.fetch_dest == b"document" and exchange.method in ("GET", "HEAD"):
            return None
        # Against private data as script, picture or fetch of a foreign page; an unknown word counts as foreign.
        return None if exchange.origin in trusted else refusal

    return enter


_T = frozenset(b"tT")


def _settle_type(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
    """Text says its charset; an answer that may have a body says some type."""
    stated = dict(headers).get(b"content-type")
    if stated and stated[0] not in _T:
        return headers
    for i, (name, value) in enumerate(headers):
        if name == b"content-type" and value:
            if value[:5].lower() != b"text/" or b"charset=" in value.lower():
                return headers
            # Against text read in a charset of the attacker's choice, which turns letters into markup.
            return [*headers[:i], (name, value.rstrip(b"; ") + b"; charset=utf-8"), *headers[i + 1 :]]
    if _has_no_body(status, headers):
        return headers
    # Against a browser's guess where the application said nothing.
    return [*(pair for pair in headers if pair[0] != b"content-type"), (b"content-type", b"application/octet-stream")]


def _has_no_body(status: int, headers: list[Header]) -> bool:
    if status < 200 or status in (204, 304):
        return True
    names = dict(headers)
    return names.get(b"content-length") == b"0" or (300 <= status < 400 and b"location" in names and b"content-length" not in names)


GUARD: Guard[SecurityHeadersSettings] = Guard(control=CONTROL, settings=SecurityHeadersSettings, plan=plan, faults=faults)
