"""Whether a handshake of old times still leads anywhere.

Against an attacker on the path who makes both sides speak what he can break: each old version and each weak suite is offered by
a hello written byte by byte, so that the server's refusal is its own; a fallback, compression and a new negotiation are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ringwork.names import CheckId
from ringwork.prove import shipped
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.reading import check as check_source
from ringwork.prove.witness import saw
from ringwork.survey.facts import AppFacts
from ringwork.survey.starts import reading, start
from ringwork.survey.starts.start import Option, Start
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


# -- server-settings --------------------------------------------------------------------------------------------

_OLD = re.compile(r"(?i)(?:PROTOCOL_)?(?:SSLv[23]|TLSv1(?:[._]?[01])?|tls1\.[01]|[134])")
"""Old versions as servers spell them; bare numbers are those of Python's ssl module."""
_PLUS = re.compile(r"(?i)[+ ]?(?:SSLv[23]|TLSv1(?:\.1)?)|all")
_WEAK_WORDS = frozenset({
    "ALL", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT", "TLSV1", "SSLV3", "LOW", "MEDIUM", "EXPORT", "EXP", "NULL", "ENULL", "ANULL", "RC4",
    "DES", "3DES", "MD5", "SHA", "SHA1", "CBC", "KRSA", "RSA", "AES", "AES128", "AES256", "CAMELLIA", "SEED", "IDEA", "ADH", "AECDH",
})  # fmt: skip
"""Words of an OpenSSL list that stand for suites without fresh keys, without a certificate, or with a broken cipher."""
_WEAK_NAMES = re.compile(r"(?i)(?:^|[-_])(?:RC4|3?DES|NULL|EXP\w*|MD5|SHA|CBC)(?:$|[-_])")
_LEVEL = re.compile(r"@SECLEVEL=[01]$")


def server_settings(stage: Stage) -> Evidence:
    """Read what the project's files tell its servers about TLS."""
    check, root = CheckId(f"{CONTROL}/server-settings"), Path(stage.facts.root)
    found = [
        one for one in reading.starts(root, shipped.files(root)) if one.server == start.RINGWORK or one.told("certificate") is not None
    ]
    if not found:
        reason = (
            "no file of the project starts a server that speaks TLS, so it ends elsewhere, and what is spoken there is not seen from here"
        )
        return Evidence(check=check, not_verified=reason, unlock="a Dockerfile, unit file or Procfile that starts `ringwork serve`")
    return Evidence(check=check, observations=tuple(_configured(one) for one in found))


def _configured(begun: Start) -> Observation:
    version, ciphers = begun.told("tls_version"), begun.told("ciphers")
    fault, option = "", version
    if begun.server != start.RINGWORK:
        fault = _old_version(begun, version)
        if not fault and ciphers is not None:
            fault, option = _weak_cipher(ciphers), ciphers
    told = fault or ("ringwork serve makes it" if begun.server == start.RINGWORK else "it names no old version and no weak cipher")
    return Observation(
        attack="TLS as a file configures it",
        where=begun.server,
        outcome=Outcome.BROKEN if fault else Outcome.HELD,
        detail=told,
        file=option.file if option is not None else begun.file,
        line=option.line if option is not None else begun.line,
        read=1,
    )


def _old_version(begun: Start, version: Option | None) -> str:
    """What is wrong with the version that is named, "" for nothing."""
    if version is None:
        return ""
    # Apache adds and takes away: "all -SSLv3 -TLSv1"; the others name one.
    words = (
        version.value.split()
        if begun.server == start.MOD_WSGI
        else [version.value.rpartition(".")[2] if "PROTOCOL" in version.value else version.value]
    )
    form = _PLUS if begun.server == start.MOD_WSGI else _OLD
    old = [word for word in words if form.fullmatch(word)]
    if begun.server == start.MOD_WSGI and "all" in {word.lower() for word in old}:
        taken = {word.lower() for word in words if word.startswith("-")}
        old = [] if {"-sslv3", "-tlsv1", "-tlsv1.1"} <= taken else old
    return f"it speaks {old[0]}, which has known breaks; write TLS 1.2 or later, or start ringwork serve" if old else ""


def _weak_cipher(option: Option) -> str:
    """What is wrong with a list of ciphers, "" for nothing."""
    for word in re.split(r"[:, ]+", option.value.strip("'\"")):
        if _LEVEL.search(word):
            return f"{word} lets in what the library itself calls weak; leave it out"
        if word[:1] in {"!", "-", "@", ""}:
            continue
        whole = {part.upper() for part in word.split("+")}
        # A word that stands alone takes all suites of its kind; joined to ECDHE or DHE the keys are fresh.
        if (whole <= _WEAK_WORDS) or _WEAK_NAMES.search(word):
            return f"{word} takes weak suites; write ECDHE+AESGCM:ECDHE+CHACHA20, or start ringwork serve"
    return ""


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/server-settings"), kind=Kind.CONFIG, run=server_settings, planted=ProbeRoute.BREACHED_FILES),
    Check(id=CheckId(f"{CONTROL}/version-matrix"), kind=Kind.LIVE, run=version_matrix),
    Check(id=CheckId(f"{CONTROL}/weak-suites"), kind=Kind.LIVE, run=weak_suites),
    Check(id=CheckId(f"{CONTROL}/downgrade-and-renegotiation"), kind=Kind.LIVE, run=downgrade_and_renegotiation),
    check_source(f"{CONTROL}/context-arguments"),
)
