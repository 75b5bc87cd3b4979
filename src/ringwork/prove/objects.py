"""Two users of equal roles: what one has is asked for, changed and removed by the other, through every route that names an object.

Against the next number in the address: one makes an object and reads it, the other asks for the same. A write counts by what its owner
reads afterwards, not by its status. Whether it was the other's to ask for is judged apart (whose.py).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ringwork.errors import TargetFailed
from ringwork.prove import composing, makers, things, views, witness
from ringwork.prove.check import Stage, User
from ringwork.prove.composing import Draft
from ringwork.prove.evidence import Exchanged, Observation, Outcome
from ringwork.prove.staying import Staying
from ringwork.prove.things import Pages, Thing
from ringwork.prove.views import Attempt, View
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import SAFE, Answer, Client

READS, CHANGES, DELETES = "another user reads it", "another user changes it", "another user removes it"
PASSWORDS = "another user sets the password"
MOST_MAKERS, MOST_ROUTES, MOST_THINGS = 25, 60, 4
_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the two, with a browser that is signed in."""

    user: User
    client: Client

    @property
    def name(self) -> str:
        """As reports name them."""
        return self.user.name


@dataclass(slots=True, kw_only=True)
class Known:
    """A thing of the first user, the second one's like it, and how it is seen. reader: the route, and the name of its parameter."""

    thing: Thing
    maker: RouteFacts | None = None
    theirs: Thing | None = None
    reader: tuple[RouteFacts, str] | None = None
    refused: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Tried:
    """One request of the second user for a thing of the first. done: whether it had its effect. told: in words, what was seen.

    tells: whether the answer says something of whose it is: a refusal, or a success without an effect, and no fault or limit.
    is_touched: whether the row itself is another now; a page may change by what came beside it (is_beside).
    """

    attack: str
    route: RouteFacts
    known: Known
    done: bool
    told: str
    control: Exchanged
    answers: list[Exchanged]
    tells: bool
    fields: Sequence[str] = ()
    is_open: bool = False
    is_touched: bool = False
    is_beside: bool = False


def _tells_whose(answer: Answer) -> bool:
    return witness.refuses(answer) or witness.is_served(answer)


def two_of_a_kind(cast: Cast) -> tuple[Person, Person] | None:
    """The two least powerful users who have the same roles and can sign in; None where there are none."""
    users = [user for user in cast.stage.users if not user.administers]
    for first in users:
        for second in users:
            if first.name >= second.name or set(first.roles) != set(second.roles):
                continue
            mine, theirs = cast.browser(first), cast.browser(second)
            if mine is not None and theirs is not None:
                return Person(user=first, client=mine), Person(user=second, client=theirs)
    return None


def ordinary(cast: Cast) -> Person | None:
    """The least powerful user who can sign in and has no role that administers."""
    users = [user for user in cast.stage.users if not user.administers]
    return next((Person(user=user, client=client) for user in users if (client := cast.browser(user)) is not None), None)


def powerful(cast: Cast) -> Person | None:
    """The most powerful user who can sign in and has a role that administers."""
    users = [user for user in reversed(cast.stage.users) if user.administers]
    return next((Person(user=user, client=client) for user in users if (client := cast.browser(user)) is not None), None)


def routes_of(stage: Stage, person: Person) -> list[RouteFacts]:
    """The routes that a person may enter, copies of them under a suffix of the format apart."""
    return [
        route
        for route in witness.http_routes(stage.facts)
        if route.rule != "signed"
        and witness.may_enter(person.user, route)
        and "{format}" not in route.path
        and not witness.ends_session(route.path)
    ]


class Matrix:
    """The attacks of one check on one copy."""

    def __init__(self, cast: Cast, mine: Person, theirs: Person) -> None:
        self.cast, self.mine, self.theirs = cast, mine, theirs
        self.routes = routes_of(cast.stage, mine)
        self.deeds = witness.deeds(cast.stage.facts)
        self.staying = Staying(cast=cast)
        for person in (mine, theirs):
            self.staying.know(person.user, person.client)
        self.known = list[Known]()
        self.tried = list[Tried]()
        self.refusals = dict[str, str]()
        self.untried, self.seen = list[Observation](), list[Observation]()
        self._make()
        self.keys = (
            things.keys_of(cast.served, cast.served.username(mine.user)),
            things.keys_of(cast.served, cast.served.username(theirs.user)),
        )
        self.pages, self.their_pages, self.open_pages = (Pages(cast, one) for one in (mine.client, theirs.client, cast.nobody()))
        for one in self.known:
            things.complete(one.thing, self.pages)
            if one.theirs is not None:
                things.complete(one.theirs, self.their_pages)
        ours = [word for one in self.known for word in one.thing.marks]
        for thing in things.listed_for_one(self.pages, self.their_pages):
            if not any(word in text for text in thing.marks for word in ours):
                self.known.append(Known(thing=thing))
        self.known += [Known(thing=thing) for thing in things.about_oneself(self.pages, self.their_pages)]

    # -- making -----------------------------------------------------------------------------------------

    def _make(self) -> None:
        """Let both make something through each route that makes."""
        makes = [route for route in witness.changes(self.cast.stage.facts) if route in self.routes and makers.makes(route)]
        for route in makes[:MOST_MAKERS]:
            mine = self._made(route, self.mine)
            if mine is not None and mine.marks:
                self.known.append(Known(thing=mine, maker=route, theirs=self._made(route, self.theirs)))
        for one in list(self.known):
            for route, name in makers.below(self.routes, one.maker)[:_FEW]:
                mine = self._made(route, self.mine, makers.named(name, one.thing))
                if mine is not None and mine.marks:
                    self.known.append(Known(thing=mine, theirs=self._made(route, self.theirs, makers.named(name, one.theirs))))

    def _made(self, route: RouteFacts, who: Person, ids: Mapping[str, str] | None = None) -> Thing | None:
        with contextlib.suppress(TargetFailed, OSError):
            method = "POST" if "POST" in route.methods else "PUT"
            draft = composing.compose(self.cast, route, method, who.name, who.client, ids)
            answer = self._sent(draft, who)
            if answer.status in {400, 422} and (plain := makers.without_owner(draft)) is not None:
                draft, answer = plain, self._sent(plain, who)
            if (plainer := composing.plainer(draft, answer)) is not None:
                draft, answer = plainer, self._sent(plainer, who)
            if witness.is_served(answer):
                made = things.made(draft, answer, who.client)
                things.find_kept(made, self.cast.served)
                made.sent = {**made.sent, **(ids or {})}
                return made
            self.refusals.setdefault(route.name, witness.why_not(answer))
        return None

    def _again(self, known: Known) -> Thing | None:
        """One more thing of the first user, for a request that may end it; None where none can be made."""
        thing = self._made(known.maker, self.mine) if known.maker is not None else None
        if thing is not None and known.thing.listed:
            things.complete(thing, Pages(self.cast, self.mine.client, only=known.thing.listed))
        return thing

    # -- reading ----------------------------------------------------------------------------------------

    def read(self) -> None:
        """Ask for each thing through each route that reads one."""
        readers = [
            route
            for route in self.routes
            if "GET" in route.methods and composing.id_parameters(route, reading=True) and route.path not in self.deeds
        ]
        for route in readers[:MOST_ROUTES]:
            found = False
            for known in self._related(route):
                found = self._read(route, known) or found
            if not found:
                detail = f"no object of a user was found that this route shows to its owner{self._why_none(route)}"
                self.untried.append(saw(Outcome.UNTRIED, READS, route, detail))

    def _why_none(self, route: RouteFacts) -> str:
        """By what the prover's own request for such an object was refused; "" where none was."""
        for maker in [one for one in self.routes if one.name in self.refusals]:
            if composing.stems(maker.path) & composing.stems(route.path) - things.PLAIN:
                return f"; {maker.name} made none: {self.refusals[maker.name]}"
        return ""

    def _related(self, route: RouteFacts) -> list[Known]:
        ranked = sorted(self.known, key=lambda known: -things.relation(route, known.thing))
        return [known for known in ranked if known.thing.is_made or things.relation(route, known.thing)][:MOST_THINGS]

    def _read(self, route: RouteFacts, known: Known) -> bool:
        """Whether the route shows the thing to its owner; then the other user has been asked too."""
        for parameter in reversed(composing.id_parameters(route, reading=True)):
            for value in known.thing.candidates(parameter):
                with contextlib.suppress(TargetFailed, OSError):
                    draft = composing.compose(self.cast, route, "GET", self.mine.name, self.mine.client, {parameter: value})
                    answer = self._sent(draft, self.mine)
                    plain = self.pages.answers.get(route.path)
                    if not known.thing.shown_in(answer, value) or (plain is not None and plain.text == answer.text):
                        continue  # it is no answer about this thing
                    known.reader = known.reader or (route, parameter)
                    self._other_reads(draft, known, answer, value)
                    return True
        return False

    def _sent(self, draft: Draft, who: Person) -> Answer:
        return self.staying.ask(who.user, who.client, lambda: draft.send(self.cast, who.name, who.client))

    def _other_reads(self, draft: Draft, known: Known, control: Answer, asked: str) -> None:
        theirs, nobody = self._sent(draft, self.theirs), draft.send(self.cast, "", self.cast.nobody())
        fields = known.thing.shown_in(theirs, asked)
        words = (
            f"{self.theirs.name} was shown {', '.join(sorted(set(fields)))} of what is {self.mine.name}'s"
            if fields
            else f"{self.theirs.name} was answered {theirs.status}"
        )
        self.tried.append(
            Tried(
                attack=READS, route=draft.route, known=known, done=bool(fields), told=words, control=shown(control, self.mine.name),
                answers=[shown(theirs, self.theirs.name, words)], tells=_tells_whose(theirs), fields=fields,
                is_open=bool(known.thing.shown_in(nobody, asked)),
            )
        )  # fmt: skip

    # -- writing ----------------------------------------------------------------------------------------

    def write(self) -> None:
        """Ask for each change of a thing, by a mere GET too, those that remove last; each with a thing of its own."""
        asked = [
            (route, method)
            for route in witness.changes(self.cast.stage.facts)
            if route in self.routes and composing.id_parameters(route)
            for method in route.methods
            if method not in SAFE and (method != "POST" or not makers.makes(route))
        ]
        asked += [(route, "GET") for route in self.routes if route.path in self.deeds and composing.id_parameters(route)]
        for route, method in sorted(asked[:MOST_ROUTES], key=lambda one: _attack(*one) == DELETES):
            self._write(route, method)
        for route in self.routes:
            if any(p.where in {"form", "json"} and "pass" in p.name.lower() for p in route.parameters) and composing.id_parameters(route):
                with contextlib.suppress(TargetFailed, OSError):
                    self._take_over(route)

    def _write(self, route: RouteFacts, method: str) -> None:
        attack = _attack(route, method)
        made = [known for known in self._related(route) if known.maker is not None]
        related = [known for known in made if things.relation(route, known.thing) or _is_at(route, known)]
        for known in related:
            for parameter in reversed(composing.id_parameters(route)):
                with contextlib.suppress(TargetFailed, OSError):
                    if self._try_write(route, method, attack, known, parameter):
                        return
        detail = (
            "no honest request of its owner had an effect"
            if related
            else f"no object of a user was found for this route{self._why_none(route)}"
        )
        self.untried.append(saw(Outcome.UNTRIED, attack, route, detail))

    def _try_write(self, route: RouteFacts, method: str, attack: str, known: Known, parameter: str) -> bool:
        """Whether the owner's request had an effect, or showed the thing; then the other user has asked the same of another one."""
        for at in range(_FEW):
            own = self._attempt(route, method, known, (parameter, at), self.mine)
            if own is None:
                return False
            if own.has_effect or own.fields:
                break
        else:
            return False
        other = self._attempt(route, method, known, (parameter, at), self.theirs)
        if other is None:
            return False
        # A success that does nothing, where the owner's does it, asks for the owner as a refusal does.
        if not other.has_effect and (witness.refuses(other.answer) or (own.has_effect and witness.is_served(other.answer))):
            known.refused.append(route.name)
        reads = bool(other.fields) and not other.has_effect
        words = "was shown it: answered" if reads else views.said(other) if other.has_effect else "was answered"
        asked = shown(other.answer, self.theirs.name, words if reads else "")
        self.tried.append(
            Tried(
                attack=READS if reads or not own.has_effect else attack,
                route=route,
                known=known,
                done=other.has_effect or reads,
                told=f"{self.theirs.name} {words} {other.answer.status}",
                control=shown(own.answer, self.mine.name),
                answers=witness.with_effect(asked, other.after if other.has_effect and not other.kept else None, self.mine.name),
                tells=_tells_whose(other.answer),
                fields=other.fields,
                is_touched=other.is_touched,
                is_beside=other.has_effect and other.is_beside,
            )
        )
        return True

    def _take_over(self, route: RouteFacts) -> None:
        """Let the second user set the first one's password: it was, where his own lets the first in no more."""
        method = next((method for method in route.methods if method not in SAFE), "")
        ids = {
            name: value
            for thing in things.about(self.cast, self.mine.client)
            for name in composing.id_parameters(route)
            for value in thing.candidates(name)[:1]
        }
        if not method or not ids or not _signs_in(self.cast, self.mine):
            return
        draft = composing.compose(self.cast, route, method, self.theirs.name, self.theirs.client, ids)
        answer = self._sent(draft, self.theirs)
        if witness.is_served(answer) and not _signs_in(self.cast, self.mine) and _signs_in(self.cast, self.theirs):
            self.untried = [one for one in self.untried if one.where != route.name]
            told = f"{self.theirs.name} was answered {answer.status}, and {self.mine.name} is no longer let in by the password that was his"
            self.seen.append(saw(Outcome.BROKEN, PASSWORDS, route, told, answers=[shown(answer, self.theirs.name)]))

    def _attempt(self, route: RouteFacts, method: str, known: Known, named: tuple[str, int], who: Person) -> Attempt | None:
        """One request for a fresh thing of the first user, as their own pages offer it, sent by `who`; None where it cannot be judged."""
        thing, (parameter, at) = self._again(known), named
        if thing is None or len(thing.candidates(parameter)) <= at:
            return None
        before, again = self._view(known, thing), self._view(known, thing)
        ids = {parameter: thing.candidates(parameter)[at]}
        draft = composing.compose(self.cast, route, method, self.mine.name, self.mine.client, ids)
        answer = self._sent(draft, who)
        if before is None or again is None or not before.fields:  # it is seen by such requests alone, or not at all
            return Attempt(answer=answer, has_effect=False, fields=thing.shown_in(answer))
        after = self._view(known, thing)
        if after is None:  # nobody can say what became of it
            return None
        return views.attempt(answer, thing.shown_in(answer), before, again, after)

    def _view(self, known: Known, thing: Thing) -> View | None:
        """The thing as its owner sees it now; None where the owner got no answer that tells."""
        if known.reader is None:
            pages = Pages(self.cast, self.mine.client, only=known.thing.listed)
            answers = list(pages.answers.values())
            listed = tuple(sorted({f for a in answers for f in thing.shown_in(a)}))
            return View(fields=listed, rows=views.rows_of(self.cast.served, thing), answer=answers[-1]) if _tells(answers) else None
        route, parameter = known.reader
        seen = list[Answer]()
        for value in thing.candidates(parameter):
            draft = composing.compose(self.cast, route, "GET", self.mine.name, self.mine.client, {parameter: value})
            seen.append(self._sent(draft, self.mine))
            if fields := thing.shown_in(seen[-1]):
                return View(
                    fields=tuple(sorted(fields)),
                    text=things.text_of(seen[-1]),
                    rows=views.rows_of(self.cast.served, thing),
                    answer=seen[-1],
                )
        return View(answer=seen[-1]) if _tells(seen) else None


def _is_at(route: RouteFacts, known: Known) -> bool:
    """Whether a route stands where a thing was seen to be read, or below that, whatever it is called where it is made."""
    return known.reader is not None and f"{route.path}/".startswith(f"{known.reader[0].path.rstrip('/')}/")


def _signs_in(cast: Cast, who: Person) -> bool:
    with contextlib.suppress(TargetFailed, OSError):
        cast.served.login(who.user).close()
        return True
    return False


def _tells(answers: Sequence[Answer]) -> bool:
    """Whether answers say that a thing is or is not there: a limit, a fault or a login that ended says neither."""
    return bool(answers) and all(
        answer.status in {200, 400, 403, 404, 410, 422} or (300 <= answer.status < 400 and witness.is_served(answer)) for answer in answers
    )


def _attack(route: RouteFacts, method: str) -> str:
    last = re.sub(r"/\{[^{}/]+\}$", "", route.path.rstrip("/")).rpartition("/")[2]
    return DELETES if method == "DELETE" or (method in {"GET", "POST"} and makers.HARMS.search(last)) else CHANGES
