"""Whether the time of an answer tells how far a guess at a secret is right.

Against a comparison that ends at the first wrong letter, by which a secret is found letter by letter: guesses that share all but the
end with the right value are measured against guesses that share nothing, in pairs and in random order. A difference counts when a
rank test says so, it is a fifth or five milliseconds, and three series in a row show it. What is smaller than that is not looked for.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator

from ringwork.names import CheckId
from ringwork.prove import credentials, reading, timing, tokens
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.credentials import BEARER, Credential, Presenter
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.wire.client import Answer

CONTROL = "data.constant-time-comparison"
ATTACK = "guess of a secret by the time of the refusal"
_ROUNDS, _ROUNDS_BRIEF = 200, timing.LEAST_ROUNDS
_ALPHA, _RELATIVE, _ABSOLUTE = 0.001, 0.2, 0.005
_LEAST_LETTERS, _MOST = 8, 3
_WARM = 3
_MEASURED = 3
"""How often all pairs are measured at most."""


class _OtherAnswerError(Exception):
    """A guess was not refused as the others are, so its time says nothing."""


def prefix_timing(stage: Stage) -> Evidence:
    """Measure each credential of the most powerful user: the cookie of the login, the token."""
    check = CheckId(f"{CONTROL}/prefix-timing")
    cast = Cast(stage)
    stage.served.forget()  # against a time that tells what the copy remembers in place of what the application does
    known = [*_planted(cast), *credentials.of_user(cast)][:_MOST]
    if not known:
        reason = "no page asks for a cookie or token that is known, so no comparison could be timed"
        return Evidence(check=check, not_verified=reason, unlock="declare users: [[prove.users]]")
    seen: list[Observation] = []
    for one in known:
        seen.append(_measured(one, stage))
        if stage.brief and seen[-1].outcome is Outcome.BROKEN:
            break
    return Evidence(check=check, observations=tuple(seen))


def _planted(cast: Cast) -> Iterator[Credential]:
    """The planted fault lets the bearer of the copy's canary in."""
    route = next((route for route in cast.stage.facts.routes if route.path.endswith(f"/{ProbeRoute.EARLY_EXIT}")), None)
    if route is None:
        return
    client = cast.served.client()
    refused = client.get(route.path)
    client.bearer = cast.served.canary
    yield Credential(
        kind=BEARER, name="", value=client.bearer, user="", route=route, path=route.path, client=client, control=client.get(route.path),
        refused=refused,
    )  # fmt: skip


def _measured(one: Credential, stage: Stage) -> Observation:
    """One credential: guesses that share all but the end against guesses that share nothing."""
    control = shown(one.control, one.user)
    if len(_secret(one.value)[1]) < _LEAST_LETTERS:
        return saw(Outcome.UNTRIED, ATTACK, one.called, "it is too short for one guess to be nearer than another", control=control)
    presenter, chance = Presenter(one), random.Random()
    usual = presenter.show(_far(one.value, chance))

    def guess(made: Callable[[str, random.Random], str]) -> Callable[[], object]:
        def call() -> None:
            _require_alike(presenter.show(made(one.value, chance)), usual)

        return call

    try:
        for _ in range(_WARM):
            guess(_near)()
        found = _compared(guess(_near), guess(_far), chance, brief=stage.brief)
    except _OtherAnswerError as error:
        return saw(Outcome.UNTRIED, ATTACK, one.called, str(error), answers=[shown(usual)], control=control)
    finally:
        presenter.close()
    return _told(one, found, usual)


def _compared(near: Callable[[], object], far: Callable[[], object], chance: random.Random, *, brief: bool) -> timing.TimeComparison:
    """Few pairs where it is brief, and all where noise would have hidden the difference; those again where one seems to be there."""
    for rounds in [*([_ROUNDS_BRIEF] if brief else []), *[_ROUNDS] * _MEASURED]:
        found = timing.compare(near, far, rounds=rounds, alpha=_ALPHA, relative=_RELATIVE, absolute=_ABSOLUTE, chance=chance)
        last = found.series[-1]
        seems = abs(last.difference) >= _RELATIVE * min(last.a, last.b)
        if found.differs or timing.could_see(last, relative=_RELATIVE, absolute=_ABSOLUTE) or (rounds == _ROUNDS and not seems):
            break
    return found


def _require_alike(answer: Answer, usual: Answer) -> None:
    if answer.status != usual.status:
        raise _OtherAnswerError(f"guesses are answered {usual.status} and {answer.status}, so their times cannot be compared")


def _told(one: Credential, found: timing.TimeComparison, usual: Answer) -> Observation:
    last = found.series[-1]
    times = f"near guesses take {last.a * 1000:.2f} ms, far ones {last.b * 1000:.2f} ms ({found.rounds} pairs, p = {last.p:.2g})"
    control, answers = shown(one.control, one.user), [shown(usual)]
    if found.differs:
        detail = f"in {len(found.series)} series of pairs the refusal told how much was right: {times}"
        return saw(Outcome.BROKEN, ATTACK, one.called, detail, answers=answers, control=control)
    # Against a pass by noise: what could not have been seen was not looked for.
    if not timing.could_see(last, relative=_RELATIVE, absolute=_ABSOLUTE):
        detail = f"the noise of this machine is above the effect that is looked for: {times}"
        return saw(Outcome.UNTRIED, ATTACK, one.called, detail, answers=answers, control=control)
    return saw(Outcome.HELD, ATTACK, one.called, f"no separation: {times}", answers=answers, control=control)


# -- guesses ------------------------------------------------------------------------------------------------


def _secret(value: str) -> tuple[str, str]:
    """What stands before the part that is compared, and that part: the signature of a statement, else the whole."""
    if not tokens.statement_of(value):
        return "", value
    cut = max(value.rfind(mark) for mark in tokens.SEPARATORS) + 1
    return value[:cut], value[cut:]


def _near(value: str, chance: random.Random) -> str:
    """All but the last two letters right; the last alone may hold bits that an encoding passes over."""
    before, secret = _secret(value)
    return before + secret[:-2] + "".join(_other(letter, chance) for letter in secret[-2:])


def _far(value: str, chance: random.Random) -> str:
    """No letter right, of the same length and kind."""
    before, secret = _secret(value)
    return before + "".join(_other(letter, chance) for letter in secret)


def _other(letter: str, chance: random.Random) -> str:
    """Another letter of the same kind, so that an encoding stays one; marks stay."""
    alphabet = next((kind for kind in (string.digits, "abcdef", string.ascii_lowercase, string.ascii_uppercase) if letter in kind), "")
    left = alphabet.replace(letter, "")
    return chance.choice(left) if left else letter


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/prefix-timing"), kind=Kind.LIVE, run=prefix_timing, deep=True, planted=ProbeRoute.EARLY_EXIT),
    reading.check(f"{CONTROL}/plain-comparison"),
)
