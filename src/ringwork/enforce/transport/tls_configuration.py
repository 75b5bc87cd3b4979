"""Current TLS versions and suites only, no downgrade: what every server of `ringwork serve` speaks.

Against an active attacker who forces an obsolete version or a weak suite, and then reads or alters the session. The defence
stands where sockets are opened, in `servers/tls.py`, and nothing loosens it.
Source: Mozilla, Server Side TLS 6.0; NIST SP 800-52r2, 3.1 to 3.3; RFC 9325; ASVS 5.0, 12.1.1, 12.1.2 and 11.6.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from ringwork.enforce.guard import NO_HOOKS, Guard, Hooks, Site
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route

CONTROL = ControlId("transport.tls-configuration")

MODERN, INTERMEDIATE = "modern", "intermediate"
PROFILES: Mapping[str, int] = {MODERN: 0x0304, INTERMEDIATE: 0x0303}
"""Mozilla's names, and the oldest version that each still speaks, as `ssl.TLSVersion` numbers it."""

# Against sessions that are read later with a stolen key, and against CBC and its oracles: fresh keys and authenticated ciphers only.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

GROUPS, CURVE = "?X25519MLKEM768:X25519:prime256v1:secp384r1", "prime256v1"
"""What keys are agreed on with. Source: Mozilla, Server Side TLS 6.0; every client of TLS 1.3 has P-256: RFC 8446, 9.1."""


class TlsConfigurationSettings(Frozen):
    """Which clients can still connect."""

    tls: str = field(
        default=INTERMEDIATE,
        metadata={
            "doc": "what `ringwork serve` speaks unless --tls says otherwise: intermediate (TLS 1.2 and 1.3) or modern (1.3 only)",
            "unit": "word",
            "source": "Mozilla, Server Side TLS 6.0",
        },
    )


def plan(settings: TlsConfigurationSettings, site: Site, route: Route | None) -> Hooks:
    """Nothing is left to decide on a request: what does not speak so never becomes one."""
    return NO_HOOKS


def faults(settings: TlsConfigurationSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    return profile_faults(settings.tls)


def profile_faults(tls: object) -> list[str]:
    """What is wrong with the name of a profile."""
    # Against a third way that is weaker than both: there is no switch for an older version, a weaker cipher or renegotiation.
    return [] if tls in PROFILES else [f"tls: {str(tls)[:20]!r} is unknown; write {MODERN} or {INTERMEDIATE}"]


GUARD: Guard[TlsConfigurationSettings] = Guard(control=CONTROL, settings=TlsConfigurationSettings, plan=plan, faults=faults)
