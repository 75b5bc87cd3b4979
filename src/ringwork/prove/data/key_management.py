"""Whether keys are worth the name, and each for one purpose.

Against one leaked or shared key that opens everything: each configured key is measured in the copy, where it is.
Source: OWASP ASVS 5.0, 11.1.1, 11.2.2, 13.3.1 and 13.3.4.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.survey.facts import KeyFacts

CONTROL = "data.key-management"
BITS = 128
SHORT, KNOWN, IN_SOURCE, SHARED, PAST = (
    "short or guessable key",
    "key that everybody knows",
    "key in the source code",
    "one key for several purposes",
    "key past its time",
)


# -- key-quality ---------------------------------------------------------------------------------------------


def key_quality(stage: Stage) -> Evidence:
    """Judge each configured key by what was measured of it in the copy; no key is in the facts."""
    check = CheckId(f"{CONTROL}/key-quality")
    keys = stage.facts.keys
    if not keys:
        return Evidence(check=check, not_applicable="the application is configured with no key that is known here")
    seen = [one for key in keys for one in _of_key(key)]
    away = sorted({key.held_by for key in keys if key.held_by})
    if away and not any(one.outcome is Outcome.HELD for one in seen):
        return Evidence(check=check, not_verified=f"its keys are kept by {', '.join(away)}, which hands none out", observations=tuple(seen))
    return Evidence(check=check, observations=tuple(seen))


def _of_key(key: KeyFacts) -> Iterator[Observation]:
    if key.held_by:
        yield _at(key, SHORT, Outcome.UNTRIED, f"it is kept by {key.held_by}, which does not hand it out")
        return
    faults = list(_faults(key))
    yield from (_at(key, attack, Outcome.BROKEN, detail) for attack, detail in faults)
    if not faults:
        age = f", made on {key.created}" if key.created else ", its age is not known"
        yield _at(key, SHORT, Outcome.HELD, f"{key.length} bytes, at most {key.bits} bits, for {key.purpose} alone{age}; {key.source}")


def _faults(key: KeyFacts) -> Iterator[tuple[str, str]]:
    new = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    if key.familiar:
        yield KNOWN, f"it is {key.familiar}; make one with {new}, and read it from the environment or a secret store"
    elif key.bits < BITS:
        yield SHORT, f"{key.length} bytes, at most {key.bits} bits where {BITS} are asked for; make one with {new}"
    if key.source == "source":
        yield (
            IN_SOURCE,
            "it stands in the code, so whoever reads that has it; read it from the environment or a secret store, without a default",
        )
    if key.same_as:
        yield SHARED, f"it is for {key.purpose}, and is {', '.join(key.same_as)} too; make one for each"
    if key.until and key.until < datetime.datetime.now(datetime.UTC).date().isoformat():
        yield PAST, f"its time was over on {key.until}; rotate it"


def _at(key: KeyFacts, attack: str, outcome: Outcome, detail: str) -> Observation:
    read = 1 if outcome is Outcome.HELD else 0
    return Observation(attack=attack, where=key.name, outcome=outcome, detail=detail, file=key.file, line=key.line, read=read)


CHECKS: tuple[Check, ...] = (Check(id=CheckId(f"{CONTROL}/key-quality"), kind=Kind.CONFIG, run=key_quality, planted=ProbeRoute.WEAK_KEYS),)
