"""Whether keys are worth the name, each for one purpose, and whether one can be replaced without losing what it had encrypted.

Against one leaked, shared or eternal key that opens everything for ever: each configured key is measured where it is, and in a copy keys
are rotated, old values read, new ones written, and the old key taken away. Source: OWASP ASVS 5.0, 11.1.1, 11.2.2, 13.3.1 and 13.3.4.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace

from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Rotated, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import saw
from ringwork.survey.facts import FieldFacts, KeyFacts

CONTROL = "data.key-management"
BITS = 128
_MOST_NAMED = 3
_UNLOCK = "seal fields with ringwork, whose keys `ringwork keys rotate` replaces; docs/keys.md"
SHORT, KNOWN, IN_SOURCE, SHARED, PAST = (
    "short or guessable key",
    "key that everybody knows",
    "key in the source code",
    "one key for several purposes",
    "key past its time",
)


# -- rotation ------------------------------------------------------------------------------------------------


def rotation(stage: Stage) -> Evidence:
    """Rotate in the copy: old values are read all the time, new ones lie under the new key, and nothing is left under the old one."""
    check = CheckId(f"{CONTROL}/rotation")
    encrypted = [field for field in stage.facts.fields if field.encrypted_by]
    if not encrypted:
        return Evidence(check=check, not_applicable="no column of its models is encrypted, so no key has values under it")
    witness.wake(stage)
    seen, said = list[Observation](), list[str]()
    for library in dict.fromkeys(field.encrypted_by for field in encrypted):
        of = [field for field in encrypted if field.encrypted_by == library]
        told = stage.served.rotate(of, marks=[witness.marker(""), witness.marker("")])
        if told.problem:
            places = ", ".join(f"{field.name} ({field.file}, line {field.line})" for field in of[:_MOST_NAMED])
            said.append(f"{library}: {told.problem}; {places}")
        seen += _turned(told, of[0])
    if not seen or (said and not any(one.outcome is Outcome.BROKEN for one in seen)):
        # Against a pass of one library's keys for those of another.
        return Evidence(check=check, not_verified="; ".join(said), unlock=_UNLOCK, observations=tuple(seen))
    return Evidence(check=check, observations=tuple(seen))


def _turned(told: Rotated, field: FieldFacts) -> Iterator[Observation]:
    if not told.rows:
        return
    first, *others = told.rows
    control = Exchanged(request=f"{told.way}: {first.step}", answer="it was" if first.held else "it was not")
    for row in others:
        outcome = Outcome.UNTRIED if not first.held else Outcome.HELD if row.held else Outcome.BROKEN
        detail = f"{'so it is' if row.held else 'it is not so'}{': ' + row.said if row.said else ''}"
        yield replace(saw(outcome, row.step, told.way, detail, control=control), file=field.file, line=field.line)


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


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/rotation"), kind=Kind.LIVE, run=rotation, planted=ProbeRoute.IDLE_ROTATION),
    Check(id=CheckId(f"{CONTROL}/key-quality"), kind=Kind.CONFIG, run=key_quality, planted=ProbeRoute.WEAK_KEYS),
)
