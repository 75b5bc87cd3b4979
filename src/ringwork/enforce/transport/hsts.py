"""Browsers are told to use https only.

Against the first plain request of a browser, which somebody on the path answers in the site's place and keeps in clear.
Source: RFC 6797; ASVS 5.0, 3.4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from ringwork.enforce.guard import Guard, Hooks, Site
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route

CONTROL = ControlId("transport.hsts")
NAME = b"strict-transport-security"
YEAR = 31_536_000


class HstsSettings(Frozen):
    """How long browsers remember, and for which names."""

    max_age: int = field(
        default=2 * YEAR,
        metadata={"doc": "how long a browser asks over https only", "unit": "seconds", "source": "OWASP HSTS Cheat Sheet; ASVS 3.4.1"},
    )
    include_subdomains: bool = field(default=True, metadata={"doc": "every name below the site's own too", "source": "ASVS 3.4.1, level 2"})
    preload: bool = field(default=False, metadata={"doc": "asks to be built into browsers; hard to take back, so decide it for the domain"})
    reason: str = field(default="", metadata={"doc": "why max_age is below a year, or subdomains are left out"})


class AtLeast(frozenset[bytes]):
    """Every value of the header that is at least as strict as the policy's own: asked for by `in`, never listed."""

    __slots__ = ("settings",)

    settings: HstsSettings

    @classmethod
    def of(cls, settings: HstsSettings) -> AtLeast:
        """The values at least as strict as these settings."""
        made = cls()
        made.settings = settings
        return made

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, bytes):
            return False
        directives = [piece.partition(b"=") for piece in value.lower().replace(b" ", b"").split(b";")]
        ages = [given.strip(b'"') for name, _, given in directives if name == b"max-age"]
        words = {name for name, _, _ in directives}
        # Against a second max-age, of which browsers take the first and readers the last.
        return (
            len(ages) == 1
            and len(ages[0]) <= 12
            and ages[0].isdigit()
            and int(ages[0]) >= self.settings.max_age
            and (b"includesubdomains" in words or not self.settings.include_subdomains)
            and (b"preload" in words or not self.settings.preload)
        )


def plan(settings: HstsSettings, site: Site, route: Route | None) -> Hooks:
    """The same for all routes. While no https origin is configured the header is taken out: it would lock localhost for years."""
    if not site.canonical_origin.startswith("https://"):
        return Hooks(removes=frozenset({NAME}))
    # Against a header that teaches nothing: over plain http browsers must ignore it, and somebody on the path could have written it.
    return Hooks(secure_headers=((NAME, value_of(settings)),), keeps={NAME: AtLeast.of(settings)})


def value_of(settings: HstsSettings) -> bytes:
    """The header's value."""
    words = ["includeSubDomains"] * settings.include_subdomains + ["preload"] * settings.preload
    return "; ".join([f"max-age={settings.max_age}", *words]).encode("ascii")


def faults(settings: HstsSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    if isinstance(settings.max_age, bool) or not isinstance(settings.max_age, int) or settings.max_age < 0:
        return [f"max_age: {settings.max_age!r} is no number of seconds; write {2 * YEAR}"]
    found = []
    weak = settings.max_age < YEAR or not settings.include_subdomains
    if weak and not settings.reason.strip():
        found.append(f'max_age below {YEAR} (a year), or include_subdomains = false, needs a reason; write reason = "..."')
    if settings.preload and (settings.max_age < YEAR or not settings.include_subdomains):
        found.append(f"preload needs max_age = {YEAR} or more and include_subdomains = true, or browsers refuse the domain")
    return found


GUARD: Guard[HstsSettings] = Guard(control=CONTROL, settings=HstsSettings, plan=plan, faults=faults)
