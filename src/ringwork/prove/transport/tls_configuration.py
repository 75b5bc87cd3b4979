"""Whether a handshake of old times still leads anywhere.

Against an attacker on the path who makes both sides speak what he can break: each old version and each weak suite is offered by
a hello written byte by byte, so that the server's refusal is its own; a fallback, compression and a new negotiation are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import saw
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire import hello, renegotiation
from ringwork.survey.wire.connection import Place, WireError
from ringwork.survey.wire.hello import FALLBACK, NAMES, SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, Said

CONTROL = "transport.tls-configuration"
WHERE = "TLS of `ringwork serve`"
_UNSEEN = "no ringwork guards this application, so what will speak TLS for it is not seen from here"
_UNLOCK = "protect(app), and serve it with ringwork serve"

STRONG = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8)
"""Fresh keys, authenticated, no CBC. Source: Mozilla, Server Side TLS 6.0, intermediate."""

WEAK: Mapping[str, tuple[int, ...]] = {
    "suites without encryption": (0xC006, 0xC010, 0x003B, 0x0002, 0x0001),
    "suites without a certificate": (0xC018, 0xC019, 0x006C, 0x00A6, 0x0034, 0x0018),
    "export suites": (0x0003, 0x0008, 0x000E, 0x0014, 0x0062, 0x0064),
    "suites with RC4": (0xC007, 0xC011, 0x0005, 0x0004),
    "suites with DES or 3DES": (0xC008, 0xC012, 0x0016, 0x000A, 0x0009),
    "suites without fresh keys (static RSA)": (0x009D, 0x009C, 0xC09D, 0x003D, 0x003C, 0x0035, 0x002F),
    "suites with CBC and SHA-1": (0xC00A, 0xC009, 0xC014, 0xC013, 0x0039, 0x0033),
    "suites with CBC and SHA-2": (0xC024, 0xC023, 0xC028, 0xC027, 0x006B, 0x0067),
}
"""Each offered together, and nothing else. Source: RFC 9325, 4.1 and 4.2; RFC 7465; IANA, TLS Cipher Suites."""

_ANY = (*STRONG, *(suite for suites in WEAK.values() for suite in suites))


def version_matrix(stage: Stage) -> Evidence:
    """Begin a handshake with each version by itself, and one with all that are current."""
    check = CheckId(f"{CONTROL}/version-matrix")
    if stage.facts.guard is None:
        return Evidence(check=check, not_verified=_UNSEEN, unlock=_UNLOCK)
    place = stage.served.client().place
    try:
        control = _honest(place)
    except WireError as error:
        return Evidence(check=check, not_verified=f"an ordinary client gets no session, so a refusal says nothing: {error}")
    seen = [_offered(place, f"handshake with {NAMES[version]}", version, _ANY, control) for version in (SSL_3, TLS_1_0, TLS_1_1)]
    newest = control.answer.startswith("TLSv1.3")
    told = f"both were offered, and the server chose {control.answer}"
    seen.append(
        saw(Outcome.HELD if newest else Outcome.BROKEN, "1.2 where 1.3 is offered", WHERE, told, answers=[control], control=control)
    )
    if _profile(stage.facts) == "modern":
        seen.append(_offered(place, "handshake with TLS 1.2 (modern)", TLS_1_2, STRONG, control))
    return Evidence(check=check, observations=tuple(seen))


def weak_suites(stage: Stage) -> Evidence:
    """Offer each family of weak suites by itself, then list what is accepted among the strong ones."""
    check = CheckId(f"{CONTROL}/weak-suites")
    if stage.facts.guard is None:
        return Evidence(check=check, not_verified=_UNSEEN, unlock=_UNLOCK)
    place = stage.served.client().place
    try:
        control = _honest(place)
        accepted = list(_accepted(place))
    except WireError as error:
        return Evidence(check=check, not_verified=f"an ordinary client gets no session, so a refusal says nothing: {error}")
    seen = [_offered(place, f"handshake with {family}", TLS_1_2, suites, control) for family, suites in WEAK.items()]
    told = f"accepted with TLS 1.2: {', '.join(f'0x{suite:04X}' for suite in accepted) or 'nothing, 1.3 alone is spoken'}"
    seen.append(saw(Outcome.HELD, "what is accepted at all", WHERE, f"{told}; each with fresh keys and authenticated", control=control))
    return Evidence(check=check, observations=tuple(seen))


def downgrade_and_renegotiation(stage: Stage) -> Evidence:
    """Fall back as if 1.3 had failed, ask for compression, and ask a session to be negotiated anew."""
    check = CheckId(f"{CONTROL}/downgrade-and-renegotiation")
    if stage.facts.guard is None:
        return Evidence(check=check, not_verified=_UNSEEN, unlock=_UNLOCK)
    place = stage.served.client().place
    try:
        control = _honest(place)
    except WireError as error:
        return Evidence(check=check, not_verified=f"an ordinary client gets no session, so a refusal says nothing: {error}")
    seen = [_offered(place, "fallback to TLS 1.2", TLS_1_2, (*STRONG, FALLBACK), control), _compressed(place, control)]
    return Evidence(check=check, observations=(*seen, _renegotiated(place, control)))


def _profile(facts: AppFacts) -> str:
    own: Mapping[str, Any] = facts.guard.settings.get("tls_configuration") or {} if facts.guard is not None else {}
    return str(own.get("tls", ""))


def _honest(place: Place) -> Exchanged:
    version, suite = hello.agreed(place)
    return Exchanged(request="a verifying client of today, TLS 1.2 and 1.3 offered", answer=f"{version}, {suite}")


def _told(version: int, suites: tuple[int, ...], said: Said, *, more: str = "") -> Exchanged:
    offered = " ".join(f"{suite:04X}" for suite in suites)
    return Exchanged(request=f"ClientHello: {NAMES[version]}, suites {offered}{more}", answer=said.words)


def _offered(place: Place, attack: str, version: int, suites: tuple[int, ...], control: Exchanged) -> Observation:
    try:
        said = hello.say_hello(place, version, suites)
    except WireError as error:
        return saw(Outcome.UNTRIED, attack, WHERE, str(error), control=control)
    outcome = Outcome.BROKEN if said.accepted else Outcome.HELD
    return saw(outcome, attack, WHERE, said.words, answers=[_told(version, suites, said)], control=control)


def _accepted(place: Place) -> Iterator[int]:
    """The strong suites that are agreed on with TLS 1.2, in the order in which the server takes them."""
    left: tuple[int, ...] = STRONG
    while left:
        said = hello.say_hello(place, TLS_1_2, left)
        if not said.accepted or said.suite not in left:
            return
        yield said.suite
        left = tuple(suite for suite in left if suite != said.suite)


def _compressed(place: Place, control: Exchanged) -> Observation:
    attack = "compression before encryption"
    try:
        said = hello.say_hello(place, TLS_1_2, STRONG, compressions=(1, 0))
    except WireError as error:
        return saw(Outcome.UNTRIED, attack, WHERE, str(error), control=control)
    outcome = Outcome.BROKEN if said.accepted and said.compression else Outcome.HELD
    answers = [_told(TLS_1_2, STRONG, said, more=", compression DEFLATE or none")]
    return saw(outcome, attack, WHERE, said.words, answers=answers, control=control)


def _renegotiated(place: Place, control: Exchanged) -> Observation:
    attack = "a client asks to negotiate anew"
    try:
        anew, words = renegotiation.ask(place)
    except ImportError:
        return saw(Outcome.UNTRIED, attack, WHERE, "pyOpenSSL is not installed: pip install 'ringwork[prove]'", control=control)
    except WireError as error:
        return saw(Outcome.UNTRIED, attack, WHERE, str(error), control=control)
    told = Exchanged(request="a session of TLS 1.2, and in it another ClientHello", answer=words)
    return saw(Outcome.BROKEN if anew else Outcome.HELD, attack, WHERE, words, answers=[told], control=control)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/version-matrix"), kind=Kind.LIVE, run=version_matrix),
    Check(id=CheckId(f"{CONTROL}/weak-suites"), kind=Kind.LIVE, run=weak_suites),
    Check(id=CheckId(f"{CONTROL}/downgrade-and-renegotiation"), kind=Kind.LIVE, run=downgrade_and_renegotiation),
)
