"""Outbound connections are encrypted and the peer is verified, whichever library makes them.

Against anyone in the path who poses as the database, the identity provider or a partner: one `verify=False` that was meant for an
afternoon is enough. Each client of the standard library's `ssl` (urllib, requests, httpx, aiohttp, websockets, smtplib, redis) makes
its handshake through two methods of `SSLContext`; there `outbound/watching.py` refuses a context that would take any certificate.
Source: ASVS 5.0, 12.3.2 and 12.3.4; CWE-295, CWE-297; RFC 9525.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from ringwork.enforce.guard import NO_HOOKS, Guard, Hooks, Site, Surroundings
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("transport.certificate-verification")

_STORES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class PeerException(Frozen):
    """A peer whose certificate is not verified."""

    host: str = field(metadata={"doc": "its exact name or address, as the client asks for it"})
    reason: str = field(metadata={"doc": "why, and what protects the connection instead"})


class CertificateVerificationSettings(Frozen):
    """Who may be spoken to unverified, and which clients the application has."""

    exceptions: tuple[PeerException, ...] = field(
        default=(), metadata={"doc": "peers that may be spoken to without verification", "unit": "tables with host and reason"}
    )
    clients: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "the application's functions that make a client; the prover lets each meet rogue servers",
            "unit": '"module:function"',
        },
    )


class CertificateVerificationReason(Words):
    """Why a connection was refused."""

    UNVERIFIED_PEER = "unverified-peer"


def plan(settings: CertificateVerificationSettings, site: Site, route: Route | None) -> Hooks:
    """Nothing is decided on what comes in: this is about what goes out."""
    return NO_HOOKS


def faults(settings: CertificateVerificationSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    for i, one in enumerate(settings.exceptions):
        if not one.host or any(letter in one.host for letter in "*/ ") or "://" in one.host:
            found.append(f'exceptions[{i}]: {one.host[:40]!r} is no exact host; write for example "printer.shop.internal"')
        if not one.reason.strip():
            found.append(f"exceptions[{i}]: needs a reason; say what protects the connection instead")
    found += [
        f'clients[{i}]: {name[:40]!r} names no function; write "package.module:function"'
        for i, name in enumerate(settings.clients)
        if not all(part and part.replace(".", "_").isidentifier() for part in name.split(":")) or name.count(":") != 1
    ]
    return found


def at_start(settings: CertificateVerificationSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """What switches verification off for every client at once, or writes down what they say."""
    found = []
    # Against the one line that circulates as a remedy: from then on nothing that uses the default verifies anybody.
    ssl = sys.modules.get("ssl")  # where nobody has loaded it, nobody has replaced anything in it
    if ssl is not None and getattr(ssl, "_create_default_https_context", None) is getattr(ssl, "_create_unverified_context", ssl):
        found.append("ssl._create_default_https_context was replaced by an unverified one; take that line out")
    # Against a file from which everybody who reads it decrypts what was said.
    if os.environ.get("SSLKEYLOGFILE"):
        found.append("SSLKEYLOGFILE is set: the keys of every connection are written to a file; unset it here")
    for name in _STORES:
        if os.environ.get(name) and not Path(os.environ[name]).exists():
            found.append(f"{name} names a file that is not there, so clients trust nobody or fall back; correct it, or unset it")
    return found


GUARD: Guard[CertificateVerificationSettings] = Guard(
    control=CONTROL, settings=CertificateVerificationSettings, plan=plan, faults=faults, at_start=at_start
)
