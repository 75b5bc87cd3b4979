"""Whether the files that a project marks sensitive are typed strictly, without an error and without a way out.

Against a value of the wrong kind that slips through a check: a checker that is strict everywhere but there says nothing of it.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove import reading
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.survey.flows import Sensitive, Silenced, Typed

CONTROL = "source.type-checking"
UNMARKED = "the project marks no file as sensitive"
_WHERE = "the sensitive files"


def strict_on_sensitive(stage: Stage) -> Evidence:
    """Read what mypy says of them, asked strictly, which settings let them off, and which comments hide every error."""
    check = CheckId(f"{CONTROL}/strict-on-sensitive")
    facts = stage.source
    marked = facts.sensitive
    if marked is None:
        return Evidence(check=check, not_applicable=f'{UNMARKED}; prove.sensitive = ["shop/accounts/*"] names them')
    typed = marked.typed
    if typed is None or not typed.ran:
        why = typed.why if typed is not None else unmatched(marked)
        return Evidence(check=check, not_verified=why, unlock=typed.unlock if typed is not None else "correct prove.sensitive")
    blanket = [one for one in facts.silenced if one.form == "type: ignore" and not one.rules and one.file in marked.files]
    seen = _broken(typed, blanket)
    if not seen:
        detail = f"{typed.checker}, strict, has nothing against {typed.files} files"
        seen.append(Observation(attack="types asked strictly", where=_WHERE, outcome=Outcome.HELD, detail=detail, read=typed.files))
    return Evidence(check=check, observations=(*seen, *lost(marked)))


def _broken(typed: Typed, blanket: list[Silenced]) -> list[Observation]:
    seen = [
        Observation(
            attack=f"a type that does not fit ({flow.sink})",
            where=flow.place.file,
            outcome=Outcome.BROKEN,
            detail=f"line {flow.place.line}: {flow.detail}",
            file=flow.place.file,
            line=flow.place.line,
        )
        for flow in typed.flows
    ]
    seen += [Observation(attack="a setting that asks less", where=_WHERE, outcome=Outcome.BROKEN, detail=one) for one in typed.loosened]
    return seen + [
        Observation(
            attack="a comment that hides every error",
            where=one.file,
            outcome=Outcome.BROKEN,
            detail=f"line {one.line}: type: ignore without a code",
            file=one.file,
            line=one.line,
            fix="name the code, type: ignore[code], and behind it the reason",
        )
        for one in blanket
    ]


def unmatched(marked: Sensitive) -> str:
    """Which patterns fit no file, in a sentence."""
    return f"no file fits {', '.join(marked.unmatched)} of prove.sensitive"


def lost(marked: Sensitive) -> tuple[Observation, ...]:
    """Against a file that was renamed: a pattern that fits nothing is told."""
    if not marked.unmatched:
        return ()
    return (Observation(attack="files that are marked", where="prove.sensitive", outcome=Outcome.UNTRIED, detail=unmatched(marked)),)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/strict-on-sensitive"), kind=Kind.STATIC, run=strict_on_sensitive, planted=ProbeRoute.BREACHED_SOURCE),
    reading.check(f"{CONTROL}/taint-types"),
)
