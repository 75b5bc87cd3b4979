"""Certificates are valid, strong, named and renewed in time; those of a developer's machine stay there.

Against certificates that run out unseen, weak or stray ones, and keys that others can read: they break trust, and teach people to
switch verification off. The checker below is asked by the guard at start, by `ringwork serve`, and by `ringwork certs check`.
Source: ASVS 5.0, 12.2.2 and 12.1.4; NIST SP 800-52r2, 3.2; CA/Browser Forum Baseline Requirements, 6.1.5 and 7.1.3.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from ringwork.clock import as_utc
from ringwork.enforce.guard import NO_HOOKS, Guard, Hooks, Site, Surroundings
from ringwork.errors import CertificateUnusable, ExtraMissing
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.secret import Secret
from ringwork.words import Words

if TYPE_CHECKING:
    from ringwork.crypto.certificates import Certificate

CONTROL = ControlId("transport.certificate-lifecycle")
DAY = 86_400.0

_LOG = logging.getLogger("ringwork")


class CertificateFiles(Frozen):
    """One certificate that this application is served with, wherever TLS ends."""

    certificate: str = field(metadata={"doc": "its chain in PEM, the leaf first", "unit": "path"})
    key: str = field(default="", metadata={"doc": 'its private key in PEM; "" where another account holds it', "unit": "path"})
    group_reason: str = field(default="", metadata={"doc": "why the group of the key file may read it"})


class CertificateLifecycleSettings(Frozen):
    """Which certificates are looked at when the application starts, and how long before their end somebody is told."""

    files: tuple[CertificateFiles, ...] = field(
        default=(), metadata={"doc": "what is looked at beside the files of `ringwork serve`", "unit": "tables with certificate and key"}
    )
    warn_days: int = field(default=30, metadata={"doc": "a warning is logged from then on, at each start", "unit": "days before its end"})
    alert_days: int = field(default=7, metadata={"doc": "an error is logged from then on", "unit": "days before its end"})


class Level(Words):
    """How grave something about a certificate is."""

    UNUSABLE = "unusable"  # no client that verifies takes it, or its key is not secret any more
    DEVELOPMENT = "development"  # fine on a developer's machine, and nowhere else
    ALERT = "alert"
    WARNING = "warning"


class Concern(Frozen):
    """One thing about a certificate, in words, with what to do."""

    level: Level
    text: str


def plan(settings: CertificateLifecycleSettings, site: Site, route: Route | None) -> Hooks:
    """Nothing is left to decide on a request: the handshake is over by then."""
    return NO_HOOKS


def faults(settings: CertificateLifecycleSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = [f"files[{i}]: names no certificate; write its path" for i, one in enumerate(settings.files) if not one.certificate]
    if not 0 < settings.alert_days <= settings.warn_days <= 365:
        found.append("warn_days, alert_days: write whole days, at most 365, and an alert no earlier than the warning: 30 and 7")
    return found


def at_start(settings: CertificateLifecycleSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """What must not be served. What only ends soon is logged: a start that is refused early would itself be the outage."""
    host = site.canonical_origin.partition("://")[2].rpartition("@")[2]
    host = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    found = []
    for one in settings.files:
        for concern in concerns(one, settings=settings, now=site.clock.now(), host=host):
            if concern.level is Level.UNUSABLE or (concern.level is Level.DEVELOPMENT and site.production):
                found.append(concern.text)
            elif concern.level is not Level.DEVELOPMENT:
                tell(concern)
    return found


def tell(concern: Concern) -> None:
    """Tell the operator of a certificate that ends soon: an error where it is near, which alarms watch for."""
    _LOG.log(logging.ERROR if concern.level is Level.ALERT else logging.WARNING, "%s: %s", CONTROL, concern.text)


def concerns(
    files: CertificateFiles, *, settings: CertificateLifecycleSettings | None = None, now: float, host: str = ""
) -> Sequence[Concern]:
    """Everything about a certificate and its key, gravest first; empty when all is well.

    now: seconds since 1970 UTC. host: the name that clients ask for, "" for any. Reads both files; never quotes the key.
    Does not ask whether an authority is trusted, nor whether the certificate was revoked.
    """
    from ringwork.crypto import certificates

    try:
        pem = Path(files.certificate).read_bytes()
        chain = certificates.read_chain(pem)
        broken = certificates.breaks(pem)
    except OSError as error:
        return [_unusable(f"{files.certificate} cannot be read ({error.strerror}); name the file of the chain in PEM")]
    except (CertificateUnusable, ExtraMissing) as error:
        return [_unusable(f"{files.certificate}: {error}")]
    found = [*_of_chain(files.certificate, chain, broken), *_of_key(files, pem), *_of_name(files.certificate, chain[0], host)]
    found += _of_time(files.certificate, chain, settings or CertificateLifecycleSettings(), now)
    return sorted(found, key=lambda concern: list(Level).index(concern.level))


def _unusable(text: str) -> Concern:
    return Concern(level=Level.UNUSABLE, text=text)


def _of_chain(path: str, chain: Sequence[Certificate], broken: str) -> Iterator[Concern]:
    if broken:
        yield _unusable(f"{path}: {broken}; write the leaf first, then each issuer in turn")
    for number, one in enumerate(chain, start=1):
        # Against keys that can be computed, and signatures that fit another certificate too. A root's own signature is asked by nobody.
        if not one.strong and not (one.self_signed and one.authority):
            yield _unusable(
                f"{path}: certificate {number} is weak ({one.key}, signed over {one.signed_over}); "
                "issue it anew with EC P-256 or RSA 2048 and SHA-256"
            )
    # Against a certificate whose authority is one developer's: whoever holds that key is every site to those who trust it.
    development = next((one.development for one in chain if one.development), "")
    if development:
        text = f"{path}: {development}, and is refused in production; let an authority that your clients trust issue one"
        yield Concern(level=Level.DEVELOPMENT, text=text)


def _of_key(files: CertificateFiles, pem: bytes) -> Iterator[Concern]:
    if not files.key:
        return
    from ringwork.crypto import certificates

    try:
        state = os.stat(files.key)  # noqa: PTH116  # follows links, as whoever loads it does
        key = Secret(Path(files.key).read_bytes())
    except OSError as error:
        yield _unusable(f"{files.key} cannot be read ({error.strerror}); name the key's file, readable by this account")
        return
    # Against everybody else on the machine, who could be this site from then on.
    others = stat.S_IRWXO | (0 if files.group_reason.strip() else stat.S_IRWXG)
    if state.st_mode & others:
        yield _unusable(f"{files.key} can be read by others than its account; write: chmod 600 {files.key}, and have a new key issued")
    if state.st_uid not in {0, os.geteuid()}:
        yield _unusable(f"{files.key} belongs to another account; write: chown to the account that serves")
    try:
        if not certificates.key_fits(pem, key):
            yield _unusable(f"{files.key} is not the key of {files.certificate}; name the pair that was issued together")
    except CertificateUnusable as error:
        yield _unusable(f"{files.key}: {error}")


def _of_name(path: str, leaf: Certificate, host: str) -> Iterator[Concern]:
    if host and not leaf.is_for(host):
        told = ", ".join(leaf.names[:5]) or "no name at all"
        yield _unusable(f"{path} is for {told}, and not for {host}, which is the origin's; issue one that names it")


def _of_time(path: str, chain: Sequence[Certificate], settings: CertificateLifecycleSettings, now: float) -> Iterator[Concern]:
    # The first that ends takes the whole chain with it.
    ends, begins = min(one.not_after for one in chain), max(one.not_before for one in chain)
    end = f"{as_utc(ends):%Y-%m-%d %H:%M} UTC"
    if now < begins:
        yield _unusable(f"{path} begins to be valid on {as_utc(begins):%Y-%m-%d}; check this machine's clock, or wait")
    elif now >= ends:
        yield _unusable(f"{path} ran out on {end}; renew it")
    elif ends - now < settings.alert_days * DAY:
        yield Concern(level=Level.ALERT, text=f"{path} ends on {end}, in {_days(ends - now)}; renew it now")
    elif ends - now < settings.warn_days * DAY:
        yield Concern(level=Level.WARNING, text=f"{path} ends on {end}, in {_days(ends - now)}; renew it")


def _days(seconds: float) -> str:
    days = int(seconds // DAY)
    return f"{days} days" if days > 1 else f"{int(seconds // 3600)} hours"


GUARD: Guard[CertificateLifecycleSettings] = Guard(
    control=CONTROL, settings=CertificateLifecycleSettings, plan=plan, faults=faults, at_start=at_start
)
