"""Whether users reach what is meant for other roles: every declared role tried at every rule, and what says that it administers.

Against the page that is only left out of the menu: a user without the role asks for it by its address.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import changes, composing, objects, seeding, things, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.composing import Draft
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.objects import Person
from ringwork.prove.staying import Staying
from ringwork.prove.things import Thing
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import SAFE, Answer

CONTROL = "access.function-level-authorization"
READS, CHANGES = "a user without the role reads it", "a user without the role changes something by it"
_PLAIN = frozenset({"admin", "administration", "administrator", "backoffice", "superuser"})
_ROOMS = frozenset({"staff", "internal", "office", "ops", "operators", "console", "moderation", "moderator", "moderators", "supervisor"})
"""Words of paths that may also mean something else: a page under one is told of only beside another under it that refuses."""
_DENIES = re.compile(r"forbidden|denied|not (?:allowed|authori[sz]ed|permitted)|permission|admins? only|unauthori[sz]ed", re.IGNORECASE)
_NO_PAGE = re.compile(r"\{format\}|(?:^|/)(?:static|assets)/")
_ACCOUNT = frozenset({"username", "email", "login", "role", "is_admin", "is_staff", "password", "user"})
_UNLOCK = "declare an ordinary user and one who administers: [[prove.users]]"
_MOST, _FEW = 30, 2
_NUMBERS = ("1", "2")
"""What the first rows of most tables are called."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What an ordinary user was answered where a path says that it administers. why: what tells that it was not his to ask for.

    says_no: a refusal of any kind, in words too; refuses: one by its status alone, which is believed of other routes as well.
    """

    attack: str
    route: RouteFacts
    is_in: bool
    told: str
    answer: Exchanged
    control: Exchanged | None = None
    why: str = ""
    says_no: bool = False
    refuses: bool = False


@dataclass(slots=True, kw_only=True)
class _Ladder:
    """An ordinary user, another of the same kind, and somebody with a role that administers, as far as there are any."""

    cast: Cast
    low: Person
    other: Person | None
    high: Person | None
    staying: Staying
    made: list[Thing] = field(default_factory=list)
    seen: list[_Seen] = field(default_factory=list)

    def _asked(self, who: Person, path: str) -> Answer:
        return self.staying.ask(who.user, who.client, lambda: who.client.get(path))

    def read(self, route: RouteFacts) -> Iterator[Observation]:
        """One page, asked for by each of them and by nobody."""
        path = self.cast.stage.fill(route, client=self.low.client)
        nobody, mine = self.cast.nobody().get(path), self._asked(self.low, path)
        theirs = self._asked(self.high, path) if self.high is not None else None
        control = shown(theirs, self.high.name) if theirs is not None and self.high is not None and theirs.status == 200 else None
        if witness.is_served(nobody) and nobody.status == mine.status:
            detail = "it is shown without a login too"
            yield saw(_open(route), READS, route, detail, answers=[shown(mine, self.low.name)], control=control)
            return
        is_in = mine.status == 200 and not _DENIES.search(mine.text[:2000])
        one = _Seen(
            attack=READS,
            route=route,
            is_in=is_in,
            told=f"{self.low.name} was answered {mine.status}",
            answer=shown(mine, self.low.name),
            control=control,
            says_no=witness.refuses(mine) or (mine.status == 200 and not is_in),
            refuses=_refuses(mine),
        )
        if is_in and not _is_room(route) and self.other is not None and _accounts(mine, self.low, self.other):
            one.why = "it lists the accounts of others"
        elif is_in and control is not None and theirs is not None and _is_plain(route) and _shape(mine) == _shape(theirs):
            one.why = f"{self.high.name if self.high else ''} with a role that administers is shown the same"
        self.seen.append(one)

    def change(self, route: RouteFacts, method: str, quiet: frozenset[str]) -> Iterator[Observation]:
        """One change, asked for by nobody and by the ordinary user; the stores tell whether it was made."""
        for draft in map(_altered, self._drafts(route, method)):
            before = self.cast.served.state()
            nobody = draft.send(self.cast, "", self.cast.nobody())
            if witness.changed(before, self.cast.served.state()) - quiet or witness.is_served(nobody):
                yield saw(_open(route), CHANGES, route, "it is taken without a login too", answers=[shown(nobody)])
                return
            answer, effect = self._sent(draft, self.low, quiet)
            if answer.status not in {400, 404, 422}:
                break  # what is not there, or is malformed, says nothing of who may
        is_in = witness.is_served(answer) and bool(effect)
        # Against a refusal that means nothing: somebody who may is asked the same afterwards.
        theirs = self._sent(draft, self.high, quiet) if self.high is not None and not is_in else None
        self.seen.append(
            _Seen(
                attack=CHANGES,
                route=route,
                is_in=is_in,
                told=f"{self.low.name} was answered {answer.status}" + (f", and {', '.join(sorted(effect))} changed" if effect else ""),
                answer=shown(answer, self.low.name),
                control=shown(theirs[0], self.high.name) if theirs and theirs[1] and self.high is not None else None,
                says_no=witness.refuses(answer) or (witness.is_served(answer) and not effect),
                refuses=_refuses(answer),
            )
        )

    def _sent(self, draft: Draft, who: Person, quiet: frozenset[str]) -> tuple[Answer, frozenset[str]]:
        """What somebody's request was answered, and which stores it changed."""
        before = self.cast.served.state()
        answer = self.staying.ask(who.user, who.client, lambda: draft.send(self.cast, who.name, who.client))
        return answer, witness.changed(before, self.cast.served.state()) - quiet

    def _drafts(self, route: RouteFacts, method: str) -> Iterator[Draft]:
        """The change as those may ask for it who administer, about what their pages name; then as the ordinary user, about what is there.

        Against a number that names nothing: only an account is sought by what is known of another user, since nothing else is to go.
        """
        is_account = bool(things.PEOPLE & composing.stems(route.path))
        if is_account or self.high is None:
            ids = self._ids(route) if is_account else {}
            yield composing.compose(self.cast, route, method, self.low.name, self.low.client, ids)
        if self.high is not None and not is_account:
            yield composing.compose(self.cast, route, method, self.high.name, self.high.client)
        named = [] if is_account else composing.id_parameters(route)
        own = [value for thing in self.made if things.relation(route, thing) for name in named for value in thing.candidates(name)[:1]]
        for number in dict.fromkeys([*own[:_FEW], *(_NUMBERS if method != "DELETE" else ())]) if named else ():
            yield composing.compose(self.cast, route, method, self.low.name, self.low.client, dict.fromkeys(named, number))

    def _ids(self, route: RouteFacts) -> dict[str, str]:
        """The account of the other user, where the route names an account: nothing else is asked to go."""
        found = dict[str, str]()
        for thing in things.about(self.cast, self.other.client) if self.other is not None else ():
            for name in composing.id_parameters(route):
                value = next(iter(thing.candidates(name)), "")
                if value:
                    found.setdefault(name, value)
        return found

    def told(self) -> Iterator[Observation]:
        """What was seen, in words: broken where something tells that it was not his to ask for."""
        for one in self.seen:
            refusing = next((other.route for other in self.seen if other.refuses and _is_beside(one.route, other.route)), None)
            why = one.why or (f"{refusing.name} refuses him{witness.before_it(refusing)}" if refusing is not None else "")
            if one.is_in and why:
                yield saw(Outcome.BROKEN, one.attack, one.route, f"{one.told}; {why}", answers=[one.answer], control=one.control)
            elif one.is_in:
                detail = f"{one.told}; nothing tells that it is for other roles alone"
                yield saw(_open(one.route), one.attack, one.route, detail, answers=[one.answer])
            elif one.control is not None and one.says_no:
                told = f"{one.told}{witness.before_it(one.route) if one.refuses else ''}"
                yield saw(Outcome.HELD, one.attack, one.route, told, answers=[one.answer], control=one.control)
            else:
                reason = (
                    "that refuses nobody in particular"
                    if one.control is not None
                    else "nobody who may enter is known, so that says nothing"
                )
                detail = f"{one.told}; {reason}"
                yield saw(Outcome.UNTRIED, one.attack, one.route, detail, answers=[one.answer])


def _altered(draft: Draft) -> Draft:
    """The same with other numbers: what is sent as its page shows it would change nothing, whoever sends it."""
    numbers = {key: value for key, value in draft.fields.items() if not composing.is_id(key) and str(value).isdecimal()}
    return replace(draft, fields={**draft.fields, **{key: type(value)(int(value) + 1) for key, value in numbers.items()}})


def _refuses(answer: Answer) -> bool:
    """Whether somebody who is signed in is refused, by status or by being sent to sign in as somebody else."""
    return answer.status in {401, 403} or witness.leads_to_login(answer)


def _words(path: str) -> set[str]:
    return {word.lower() for word in re.split(r"[^A-Za-z]+", path)}


def _is_plain(route: RouteFacts) -> bool:
    return bool(_PLAIN & _words(route.path))


def _is_room(route: RouteFacts) -> bool:
    """Whether only a word of many meanings says for whom it is: a restaurant shows its staff, an office has internal news."""
    return bool(_ROOMS & _words(route.path)) and not things.is_administration(route.path)


def _open(route: RouteFacts) -> Outcome:
    """What it means that everybody got in and nothing else tells for whom it is: a question where its path says that it administers."""
    return Outcome.UNCLEAR if _is_plain(route) else Outcome.UNTRIED


def _is_beside(route: RouteFacts, other: RouteFacts) -> bool:
    """Whether both stand in one part for those who administer: a refusal elsewhere, or under a word of many meanings, tells nothing."""
    if _is_room(route) and _is_room(other):
        # Against a colleague's page for everybody: only what lies beside the refusing page, with nothing to fill in, is like it.
        part = _part(route.path, _ROOMS)
        return "{" not in route.path and len(part) < len(route.path.rstrip("/").split("/")) and part == _part(other.path, _ROOMS)
    return _is_plain(route) and _is_plain(other) and _part(route.path, _PLAIN) == _part(other.path, _PLAIN)


def _part(path: str, wanted: frozenset[str]) -> list[str]:
    """The segments up to the one that says that it administers."""
    segments = path.split("/")
    last = next(at for at, segment in enumerate(segments) if wanted & _words(segment))
    return segments[: last + 1]


def _shape(answer: Answer) -> Any:
    """What kind of thing an answer is: the names of its fields, or the title and heads of a page."""
    with contextlib.suppress(ValueError):
        value = json.loads(answer.text)
        rows = value if isinstance(value, list) else [value]
        return sorted({key for row in rows if isinstance(row, dict) for key in row})
    return re.findall(r"<(?:title|h1)[^>]*>([^<]*)", answer.text)


def _accounts(answer: Answer, low: Person, other: Person) -> bool:
    """Whether an answer tells of others' accounts: the name under which one registered, rows of accounts, a field that names both users."""
    if re.search(rf"\brw{re.escape(other.name)}[0-9a-f]{{8}}\b", answer.text):
        return True
    with contextlib.suppress(ValueError):
        value = json.loads(answer.text)
        rows = things.rows(value)
        values = [{str(row.get(key, "")).lower() for row in rows} for key in {key for row in rows for key in row}]
        names_both = any({low.name.lower(), other.name.lower()} <= found for found in values)
        return len(rows) > 1 and (names_both or all(len(_ACCOUNT & set(row)) > 1 for row in rows))
    return False


def role_matrix(stage: Stage) -> Evidence:
    """Rules that name roles, asked by users without them; then what says that it administers, asked by an ordinary user."""
    check, cast = CheckId(f"{CONTROL}/role-matrix"), Cast(stage)
    seen = list(_declared(cast))
    routes = [r for r in witness.http_routes(stage.facts) if r.rule != "requires" and (things.is_administration(r.path) or _is_room(r))]
    if all(_is_room(route) for route in routes) and len(routes) < _FEW:
        routes = []
    routes = [r for r in routes if not witness.is_entrance(r.path) and not _NO_PAGE.search(r.path)]
    if routes:
        seen += _evident(cast, routes[:_MOST])
    names_role = any(route.rule == "requires" and route.roles for route in witness.http_routes(stage.facts))
    if not seen and not routes and not names_role:
        return Evidence(check=check, not_applicable="no rule names a role, and no path says that it administers")
    if not seen:
        reason = (
            "rules name roles, and not both can sign in: one who has such a role, one who has none"
            if names_role
            else "no ordinary user can sign in"
        )
        return Evidence(check=check, not_verified=reason, unlock=_UNLOCK)
    return Evidence(check=check, observations=tuple(seen), not_verified=_left_open(seen, routes))


def _left_open(seen: Sequence[Observation], routes: Sequence[RouteFacts]) -> str:
    """Which routes that say that they administer were never seen to refuse anybody, where nothing worse was seen; "" for none.

    Against a pass of all for what one of them refuses.
    """
    outcomes = {one.outcome for one in seen}
    asked, names = {one.where for one in seen}, {route.name for route in routes}
    left = {one.where: one.detail for one in reversed(seen) if one.outcome is Outcome.UNTRIED and one.where in names}
    left |= {route.name: "it was not asked for" for route in routes if route.name not in asked}
    if not left or Outcome.HELD not in outcomes or {Outcome.BROKEN, Outcome.UNCLEAR} & outcomes:
        return ""
    (name, why), more = next(iter(left.items())), f", and {len(left) - 1} more" if len(left) > 1 else ""
    return (
        f"{len(left)} of {len(routes)} routes that say that they are for other roles were not seen to refuse anybody: {name} ({why}){more}"
    )


def _declared(cast: Cast) -> Iterator[Observation]:
    """Each page whose rule names roles: one user in, and one of each other set of roles, who has to stay out."""
    for route in [route for route in witness.reads(cast.stage.facts) if route.rule == "requires" and route.roles][:_MOST]:
        outside = {user.roles: user for user in cast.stage.users if not witness.may_enter(user, route)}
        inside = next(cast.one_by_one(route), None)
        if inside is None or not outside:
            continue
        with contextlib.suppress(TargetFailed, OSError):
            path = cast.stage.fill(route, client=inside[1])
            control = inside[1].get(path)
            if control.status != 200:
                detail = f"{inside[0].name}, whom its rule lets in, was answered {control.status}, so that a refusal says nothing"
                yield saw(Outcome.UNTRIED, READS, route, detail)
            for user in outside.values() if control.status == 200 else ():
                client = cast.browser(user)
                if client is not None:
                    answer = client.get(path)
                    outcome = _outcome_of(answer, control)
                    words = f"{user.name} ({', '.join(user.roles) or 'no role'}) was answered {answer.status}"
                    words += witness.before_it(route) if outcome is Outcome.HELD else ""
                    yield saw(outcome, READS, route, words, answers=[shown(answer, user.name)], control=shown(control, inside[0].name))


def _outcome_of(answer: Answer, control: Answer) -> Outcome:
    """What the answer to somebody without the role shows, beside that to one who has it."""
    if 200 <= answer.status < 300:
        is_refusal = bool(_DENIES.search(answer.text[:2000])) and answer.text != control.text
        return Outcome.HELD if is_refusal else Outcome.BROKEN
    # Against a limit or a fault that is taken for a refusal.
    return Outcome.HELD if witness.refuses(answer) or witness.is_served(answer) else Outcome.UNTRIED


def _evident(cast: Cast, routes: list[RouteFacts]) -> list[Observation]:
    pair = objects.two_of_a_kind(cast)
    low = pair[0] if pair is not None else objects.ordinary(cast)
    if low is None:
        return []
    high, staying = objects.powerful(cast), Staying(cast=cast)
    for one in (low, high):
        if one is not None:
            staying.know(one.user, one.client)
    ladder = _Ladder(cast=cast, low=low, other=pair[1] if pair is not None else None, high=high, staying=staying)
    # What a page does by being looked at is done before anything is compared: addresses and forms are looked for once, and kept.
    for name, client in (("", cast.nobody()), *((one.name, one.client) for one in (low, high) if one is not None)):
        cast.visible_forms(name, client)
    ladder.made = seeding.made(cast, low.name, low.client) if any(composing.id_parameters(route) for route in routes) else []
    seen = list[Observation]()
    for route in [route for route in routes if "GET" in route.methods]:
        with contextlib.suppress(TargetFailed, OSError):
            seen += ladder.read(route)
    quiet = changes.noise(cast, low.client) if any(set(route.methods) - SAFE for route in routes) else frozenset[str]()
    for route in routes:
        for method in sorted(set(route.methods) - SAFE, key=lambda name: name == "DELETE"):
            with contextlib.suppress(TargetFailed, OSError):
                seen += ladder.change(route, method, quiet)
    return [*seen, *ladder.told()]


CHECKS: tuple[Check, ...] = (Check(id=CheckId(f"{CONTROL}/role-matrix"), kind=Kind.LIVE, run=role_matrix, planted=ProbeRoute.ADMIN),)
