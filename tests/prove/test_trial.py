"""Forgeries against one change, in a world small enough to see what a refusal means."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ringwork.prove.changes import Change
from ringwork.prove.check import User
from ringwork.prove.evidence import Outcome
from ringwork.prove.trial import Trial
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer


def _answer(status: int) -> Answer:
    return Answer(status=status, reason="", http_version="1.1", headers=[], body=b"", request=b"POST / HTTP/1.1\r\n\r\n", answer=b"")


class World:
    """One account, and a copy that can be had anew. refuses: origins that the application itself refuses."""

    def __init__(self, *, refuses: frozenset[str] = frozenset()) -> None:
        self.is_there, self.refuses = True, refuses
        self.served = self

    def state(self) -> dict[str, str]:
        """What the stores hold."""
        return {"members": str(self.is_there)}

    def reset(self) -> None:
        """The copy as it was."""
        self.is_there = True

    def browser(self, _user: User) -> Any:
        """Signed in, as long as there is an account."""
        return SimpleNamespace()

    def delete(self, origin: str) -> Answer:
        """Deletes the account of whoever asks; nobody is asked twice."""
        if origin in self.refuses:
            return _answer(403)
        if not self.is_there:
            return _answer(401)
        self.is_there = False
        return _answer(302)


def _trial(world: World) -> dict[str, Outcome]:
    route = RouteFacts(kind="http", path="/delete", methods=("POST",), handler="app.delete")
    user = User(name="anna", roles=())
    change = Change(route=route, method="POST", user=user, path="/delete", kind="", effect=frozenset({"members"}))
    attempts = {origin: (lambda _client, origin=origin: lambda: world.delete(origin)) for origin in ("null", "foreign", "look-alike")}
    return {seen.attack: seen.outcome for seen in Trial(world, change).run(attempts)}  # type: ignore[arg-type] # it looks like a cast


def test_a_refusal_of_somebody_who_is_no_more_says_nothing() -> None:
    """The first forgery ends the account, so that the others are answered 401; each of them works on a copy as it was."""
    assert set(_trial(World()).values()) == {Outcome.BROKEN}


def test_what_is_refused_beside_what_works_is_told_as_refused() -> None:
    """Each forgery by itself."""
    found = _trial(World(refuses=frozenset({"foreign"})))
    assert found == {"null": Outcome.BROKEN, "foreign": Outcome.HELD, "look-alike": Outcome.BROKEN}
