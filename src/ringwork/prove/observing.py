"""How proofs write down what they saw, and the few ways of looking that they share."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ringwork.errors import TargetFailed
from ringwork.prove.check import Stage, User
from ringwork.prove.evidence import Exchanged, Observation, Outcome
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire.client import Client
from ringwork.survey.wire.entry import LOGIN_WORDS, REGISTER_WORDS

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
LEAVES = ("logout", "signout", "sign-out", "log-out", "logoff")


class Seen(Protocol):
    """An answer of the wire: HTTP or WebSocket."""

    @property
    def status(self) -> int: ...
    def as_text(self) -> tuple[str, str]: ...
    def header(self, name: str) -> list[str]: ...


def shown(answer: Seen, user: User | None = None) -> Exchanged:
    """The pair of request and answer as evidence, secrets masked."""
    request, text = answer.as_text()
    replay = getattr(answer, "replay", None)
    return Exchanged(request=request, answer=text, as_user=user.name if user else "", replay=replay() if replay else "")


def marker() -> str:
    """A fresh word that stands nowhere else: "rw" and 16 hexadecimal characters."""
    return f"rw{secrets.token_hex(8)}"


@dataclass(slots=True, kw_only=True)
class Notes:
    """The observations of one check, each with the control request or count that grounds it."""

    observations: list[Observation] = field(default_factory=list)

    def add(
        self,
        *,
        attack: str,
        where: str,
        broken: bool,
        detail: str,
        answers: Sequence[Seen] = (),
        control: Seen | None = None,
        user: User | None = None,
        route: RouteFacts | None = None,
        read: int = 0,
    ) -> bool:
        """Write one attack or look down; hands `broken` back."""
        self.observations.append(
            Observation(
                attack=attack,
                where=where,
                outcome=Outcome.BROKEN if broken else Outcome.HELD,
                detail=detail,
                exchanged=tuple(shown(answer, user) for answer in answers),
                control=None if control is None else shown(control, user),
                file=route.file if route else "",
                line=route.line if route else 0,
                read=read,
            )
        )
        return broken

    def untried(self, *, attack: str, where: str, detail: str, answers: Sequence[Seen] = ()) -> None:
        """Write down what could not be made."""
        exchanged = tuple(shown(answer) for answer in answers)
        self.observations.append(Observation(attack=attack, where=where, outcome=Outcome.UNTRIED, detail=detail, exchanged=exchanged))

    def done(self) -> tuple[Observation, ...]:
        """All of them."""
        return tuple(self.observations)


def enforces(facts: AppFacts, control: str) -> bool:
    """Whether ringwork's guard for `control` is on in this copy."""
    return facts.guard is not None and control in facts.guard.controls


def is_leaving(route: RouteFacts) -> bool:
    """Whether the route ends the session: such a one is asked last or not at all."""
    return any(word in route.path.lower() for word in LEAVES)


def is_way_in(route: RouteFacts) -> bool:
    """Whether the route is a login or registration, which has to be open."""
    last = route.path.rstrip("/").rpartition("/")[2].lower()
    return last in LOGIN_WORDS or last in REGISTER_WORDS[:3]


def readable(facts: AppFacts) -> list[RouteFacts]:
    """HTTP routes that answer GET and end no session."""
    return [r for r in facts.routes if r.kind == "http" and "GET" in r.methods and not is_leaving(r)]


def changing(facts: AppFacts) -> list[tuple[RouteFacts, str]]:
    """State-changing routes with one unsafe method each, creation first, destruction last, none that end or start sessions."""
    found = [(r, method) for r in facts.routes if r.kind == "http" for method in UNSAFE if method in r.methods]
    found = [(r, method) for r, method in found if not is_leaving(r) and not is_way_in(r)]
    return sorted(found, key=lambda pair: (UNSAFE.index(pair[1]), pair[0].path))


def sign_in(stage: Stage, user: User | None) -> Client | None:
    """A browser of `user`, of nobody for None; None when the login does not work."""
    if user is None:
        return stage.served.client()
    try:
        return stage.served.login(user)
    except TargetFailed:
        return None


def user_for(stage: Stage, route: RouteFacts) -> User | None:
    """Someone whom the route's rule lets in, else the most powerful user; None when nobody can log in."""
    wanted = set(route.roles)
    for user in stage.users:
        if not wanted or wanted & set(user.roles):
            return user if wanted else stage.users[-1] if route.rule == "" else user
    return stage.users[-1] if stage.users else None


def is_login_redirect(answer: Seen) -> bool:
    """Whether the answer only sends to the login page."""
    location = (answer.header("location") or [""])[0].lower()
    return answer.status in {301, 302, 303, 307, 308} and any(word in location for word in LOGIN_WORDS)


def served(answer: Seen) -> bool:
    """Whether the application did what was asked: no error, and not merely the way to the login."""
    return answer.status < 400 and not is_login_redirect(answer)


def changed(before: Mapping[str, str], after: Mapping[str, str], *, but: Iterable[str] = ()) -> list[str]:
    """Names of stores that differ, less those that change by themselves."""
    passed_over = set(but)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name) and name not in passed_over)


def several(names: Sequence[str]) -> str:
    """"a", "a and b", or "a and 7 more"."""
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more"
