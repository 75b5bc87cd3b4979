"""Forgeries against one state change: made, looked at in the stores, and told.

Against a verdict by status alone: a refusal with an effect is a hole, and a success without one is none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from ringwork.errors import TargetFailed
from ringwork.prove import witness
from ringwork.prove.changes import Change, honest
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.wire.client import Answer, Client

Shot = Callable[[], Answer]
Attempt = Callable[[Client], Shot | None]
"""A forgery in two steps: what it needs is fetched by the victim's browser, and handed back is the one request that counts;
None when what it needs could not be had."""


class Trial:
    """Forgeries against one change: all at once first, then, where something came of it, one by one on a fresh copy."""

    def __init__(self, cast: Cast, change: Change) -> None:
        self.cast, self.change = cast, change

    def victim(self) -> Client:
        """The browser that is signed in as the change's user. Raises TargetFailed."""
        client = self.cast.browser(self.change.user)
        if client is None:
            raise TargetFailed(step="login", problem=f"{self.change.user.name} could not sign in any more", advice="run again")
        return client

    def run(self, attempts: Mapping[str, Attempt]) -> Iterator[Observation]:
        """Make every attempt; one observation each."""
        if not attempts:
            return
        answers, effect = self._together(attempts)
        if not effect:
            yield from (self._told(attack, answer, frozenset()) for attack, answer in answers.items())
            return
        # Other refusals (409, 422) may only say that an earlier forgery has used up what this one needs.
        refused = {
            attack: attempts[attack] for attack, answer in answers.items() if answer is not None and answer.status in {401, 403, 421}
        }
        # Against a refusal of somebody who is no more: the forgery that worked may have ended the very account.
        self.cast.reset()
        answers, effect = self._together(refused)
        if not effect:  # so the effect was of the others
            yield from (self._told(attack, answer, frozenset()) for attack, answer in answers.items())
        suspects = attempts if effect else {attack: attempt for attack, attempt in attempts.items() if attack not in refused}
        yield from self._one_by_one(suspects)

    def _together(self, attempts: Mapping[str, Attempt]) -> tuple[dict[str, Answer | None], frozenset[str]]:
        """All of them between two looks at the stores."""
        client = self.victim()
        shots = {attack: _prepared(attempt, client) for attack, attempt in attempts.items()}
        before = self.cast.served.state()
        answers = {attack: _sent(shot) for attack, shot in shots.items()}
        return answers, self._effect(before, self.cast.served.state())

    def _one_by_one(self, attempts: Mapping[str, Attempt]) -> Iterator[Observation]:
        for attack, attempt in attempts.items():
            answer, effect = self._alone(attempt)
            if not effect and (answer is None or answer.status != 403):
                # An earlier forgery may have used up what this one needs (409, 404), or ended the account (401): once more on the
                # copy as it was.
                self.cast.reset()
                answer, effect = self._alone(attempt)
            yield self._told(attack, answer, effect)
        self.cast.reset()

    def _alone(self, attempt: Attempt) -> tuple[Answer | None, frozenset[str]]:
        """One forgery with a look at the stores right before and right after it."""
        shot = _prepared(attempt, self.victim())
        before = self.cast.served.state()
        answer = _sent(shot)
        return answer, self._effect(before, self.cast.served.state())

    def _effect(self, before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
        return witness.changed(before, after) & self.change.effect

    def _told(self, attack: str, answer: Answer | None, effect: frozenset[str]) -> Observation:
        change = self.change
        if answer is None:
            return saw(Outcome.UNTRIED, attack, change.route, "what this forgery needs could not be had", control=change.control)
        seen = [shown(answer, change.user.name)]
        if effect or (not change.effect and witness.is_served(answer)):
            words = f"changed {', '.join(sorted(effect))}" if effect else "was processed"
            detail = f"the forged request {words} (answered {answer.status})"
            return saw(Outcome.BROKEN, attack, change.route, detail, answers=seen, control=change.control)
        words = "answered" if witness.is_served(answer) else "refused"
        detail = f"{words} with {answer.status}, nothing changed"
        return saw(Outcome.HELD, attack, change.route, detail, answers=seen, control=change.control)

    def replayed(self, attack: str, token: str) -> Iterator[Observation]:
        """The honest request, which must still work, and then the same once more with the token that it has spent."""
        change, client, served = self.change, self.victim(), self.cast.served
        first = honest(change, client, token=token)
        before = served.state()
        if first is None or not witness.is_served(first):
            status = first.status if first is not None else 0
            yield saw(Outcome.UNTRIED, attack, change.route, f"the honest request no longer worked after the forgeries ({status})")
            return
        again = honest(change, client, token=token)
        effect = self._effect(before, served.state())
        is_refused = again is not None and again.status in {400, 401, 403}
        if again is not None and not effect and not is_refused and self.change.effect:
            detail = f"the change cannot be seen twice ({again.status}), so a second use shows nothing"
            yield saw(Outcome.UNTRIED, attack, change.route, detail, control=shown(first, change.user.name))
            return
        yield self._told(attack, again, effect)


def _prepared(attempt: Attempt, client: Client) -> Shot | None:
    with contextlib.suppress(OSError, TargetFailed):
        return attempt(client)
    return None


def _sent(shot: Shot | None) -> Answer | None:
    with contextlib.suppress(OSError):
        return shot() if shot is not None else None
    return None
