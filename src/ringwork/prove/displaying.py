"""What users write, looked for on every page that shows it to others: it has to come back as text, whatever place it comes back at.

Against a script in the name of an order: an honest request leaves fresh words behind, the pages that show them tell in which places they
stand, and the same request then brings what would break out of those. It counts by what came into being, as a browser reads the page.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from ringwork.errors import TargetFailed
from ringwork.prove import composing, markup, objects, pages, things, witness
from ringwork.prove.check import User
from ringwork.prove.composing import Draft
from ringwork.prove.evidence import Exchanged, Observation, Outcome
from ringwork.prove.markup import Spot
from ringwork.prove.objects import Person
from ringwork.prove.things import Thing
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client

STORED, ASKED = "text that a user wrote comes back as markup", "text of an address comes back as markup"
MOST_ROUTES, MOST_PAGES, MOST_ROUNDS, MOST_DETAILS = 30, 40, 10, 12
_HARMS = re.compile(r"delete|remove|destroy|deactivat|disable|purge|reset|revoke|cancel|close|unsubscribe|passw", re.IGNORECASE)
_MEANT = re.compile(r"html|markup|template|script|css|embed|snippet|svg", re.IGNORECASE)
"""Names of fields in which markup is what is asked for."""
_NAMES = frozenset({"name", "username", "user_name", "user", "login", "handle", "nickname", "slug"})
_INLINE = re.compile(r"'unsafe-inline'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one honest request left behind. marks: each fresh word to the field that carried it. ids: of its path."""

    route: RouteFacts
    method: str
    ids: Mapping[str, str]
    thing: Thing
    answer: Answer
    marks: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Sight:
    """One field of what was written, on one page. who: whose browser shows it. spots: the places of it there."""

    written: Written
    name: str
    page: RouteFacts
    who: str
    client: Client
    control: Exchanged
    spots: list[Spot]
    outcome: Outcome | None = None
    told: str = ""
    answers: list[Exchanged] = field(default_factory=list)
    severity: str = ""


def is_page(answer: Answer) -> bool:
    """Whether a browser shows the answer as a page of this origin."""
    said = " ".join(answer.header("content-disposition")).lower()
    is_apart = any("sandbox" in one.lower() and "allow-same-origin" not in one.lower() for one in answer.header("content-security-policy"))
    return answer.status < 600 and "html" in answer.media_type and not said.startswith("attachment") and not is_apart


def is_kept_from_running(answer: Answer) -> bool:
    """Whether the page's own policy lets no script run that stands in it without a nonce."""
    for policy in answer.header("content-security-policy"):
        rules = {part.split()[0].lower(): part for part in policy.split(";") if part.split()}
        usual = rules.get("script-src") or rules.get("default-src")
        # What breaks out may be an attribute or an element: each has a rule of its own.
        found = [rules.get(name) or usual for name in ("script-src-attr", "script-src-elem")]
        if all(rule is not None and (not _INLINE.search(rule) or "'nonce-" in rule or "'sha" in rule) for rule in found):
            return True
    return False


class Displaying:
    """The attacks of one check on one copy: `mine` writes, and everybody's pages are looked at."""

    def __init__(self, cast: Cast, mine: Person, theirs: Person | None) -> None:
        self.cast, self.mine = cast, mine
        self.seen, self.written, self.sights = list[Observation](), list[Written](), list[Sight]()
        self.readers = [*self._readers(theirs)]
        # What somebody tells of himself is shown under his name.
        self.mine_name = cast.served.username(mine.user) if mine.name else ""

    def _readers(self, theirs: Person | None) -> Iterator[tuple[str, Client]]:
        """Whose pages are looked at, other people's first; a page that only a script's token opens is shown by no browser."""
        powerful = objects.powerful(self.cast)
        people = [one for one in (theirs, powerful, self.mine) if one is not None]
        named = {one.name: one.client for one in people if one.name and not (one.client.bearer and not one.client.jar.cookies)}
        others = [(name, client) for name, client in named.items() if name != self.mine.name]
        yield from (*others, ("", self.cast.nobody()), *((name, client) for name, client in named.items() if name == self.mine.name))

    def run(self) -> list[Observation]:
        """Write everything, look at every page, and write what would break out of where it was seen."""
        for route in self._routes():
            with contextlib.suppress(TargetFailed, OSError):
                self._write(route)
        self._look()
        for written in self.written:
            with contextlib.suppress(TargetFailed, OSError):
                self._attack(written)
        with contextlib.suppress(TargetFailed, OSError):
            self._ask()
        return [*self.seen, *(self._observed(sight) for sight in self.sights)]

    # -- honest requests --------------------------------------------------------------------------------

    def _routes(self) -> list[RouteFacts]:
        mine = objects.routes_of(self.cast.stage, self.mine)
        routes = [one for one in witness.changes(self.cast.stage.facts) if one in mine and not _HARMS.search(one.path)]
        return [one for one in routes if not things.is_administration(one.path)][:MOST_ROUTES]

    def _write(self, route: RouteFacts) -> None:
        method = (
            next(one for one in ("POST", "PUT", "PATCH") if one in route.methods) if {"POST", "PUT", "PATCH"} & {*route.methods} else ""
        )
        if not method:
            return
        ids = self._ids(route)
        draft = composing.compose(self.cast, route, method, self.mine.name, self.mine.client, ids)
        marks = {word: name for word, name in draft.marks.items() if draft.fields.get(name) == word}
        if not marks:
            return
        answer = draft.send(self.cast, self.mine.name, self.mine.client)
        if not witness.is_served(answer):
            detail = f"no honest request was taken: {witness.why_not(answer)}"
            self.seen.append(saw(Outcome.UNTRIED, STORED, route, detail, answers=[shown(answer, self.mine.name)]))
            return
        thing = self._thing(draft, answer)
        self.written.append(Written(route=route, method=method, ids=ids, thing=thing, answer=answer, marks=marks))

    def _thing(self, draft: Draft, answer: Answer) -> Thing:
        thing = things.made(draft, answer, self.mine.client)
        things.find_kept(thing, self.cast.served)
        return thing

    def _ids(self, route: RouteFacts) -> dict[str, str]:
        """The ids in the route's path, of what was written before and has to do with it."""
        named = pages.parameters_of(route.path)
        related = sorted(self.written, key=lambda one: -things.relation(route, one.thing))
        for one in related[:1] if named and related and things.relation(route, related[0].thing) else ():
            return {name: value for name in named for value in one.thing.candidates(name)[:1]}
        return {}

    # -- pages ------------------------------------------------------------------------------------------

    def _plain(self) -> list[RouteFacts]:
        acting = witness.deeds(self.cast.stage.facts)
        found = [route for route in witness.reads(self.cast.stage.facts) if "{" not in route.path and route.path not in acting]
        return found[:MOST_PAGES]

    def _of_thing(self, thing: Thing, answer: Answer) -> Iterator[tuple[RouteFacts, str]]:
        """Pages about one thing: where its maker is led, and routes that take its ids."""
        facts = self.cast.stage.facts
        target = self.mine.client.led_to(answer)
        acting = witness.deeds(facts)  # one who looks must not take away what is looked at
        readers = [route for route in witness.reads(facts) if "{" in route.path and route.path not in acting]
        # Against a page told as one about a thing: /profile/ is none of /{pk}/, and is looked at as itself.
        plain = {route.path for route in witness.http_routes(facts)}
        for route in [one for one in readers if target and target.partition("?")[0] not in plain and witness.matches(one.path, target)][:1]:
            yield route, target
        related = sorted(readers, key=lambda route: -things.relation(route, thing))
        for route in related[:MOST_DETAILS]:
            named = pages.parameters_of(route.path)
            own = [self.mine_name] if named[0].lower() in _NAMES and self.mine_name else []
            for value in [*own, *thing.candidates(named[0])[:2]] if len(named) == 1 else ():
                yield route, re.sub(r"\{[^}]+\}", quote(value, safe=""), route.path)

    def _look(self) -> None:
        for who, client in self.readers:
            for route in self._plain():
                self._see(who, client, route, route.path, self.written)
            for one in self.written:
                for route, path in self._of_thing(one.thing, one.answer):
                    self._see(who, client, route, path, [one])

    def _see(self, who: str, client: Client, route: RouteFacts, path: str, about: Sequence[Written]) -> None:
        with contextlib.suppress(OSError):
            answer = client.page(path)
            if answer.status != 200 or not is_page(answer):
                return
            for one in about:
                for word, name in one.marks.items():
                    # Against an address that is repeated and taken for something that was kept.
                    places = markup.spots(answer.text, word) if word in answer.text and word not in path else []
                    if places and not any(s.written is one and s.name == name and s.page == route for s in self.sights):
                        control = shown(answer, who)
                        sight = Sight(written=one, name=name, page=route, who=who, client=client, control=control, spots=places)
                        self.sights.append(sight)

    # -- attacks ----------------------------------------------------------------------------------------

    def _attack(self, written: Written) -> None:
        mine = [sight for sight in self.sights if sight.written is written]
        wanted = {sight.name: list(dict.fromkeys(spot for s in mine if s.name == sight.name for spot in s.spots)) for sight in mine}
        for at in range(MOST_ROUNDS):
            asked = {name: pair for name, places in wanted.items() if (pair := _nth(places, at)) is not None}
            open_ = {s.name for s in mine if s.outcome is not Outcome.BROKEN}
            asked = {name: pair for name, pair in asked.items() if name in open_}
            if not asked:
                return
            if not self._round(written, mine, asked) and len(asked) > 1:
                for name, pair in asked.items():  # one that was refused may have taken the others with it
                    self._round(written, mine, {name: pair})

    def _round(self, written: Written, mine: Sequence[Sight], asked: Mapping[str, tuple[Spot, int]]) -> bool:
        """One request whose fields each try to break out of one place; whether it was taken."""
        draft = composing.compose(self.cast, written.route, written.method, self.mine.name, self.mine.client, written.ids)
        words = {name: word for word, name in draft.marks.items() if name in asked}
        values = {name: spot.breaking(words[name])[which] for name, (spot, which) in asked.items() if name in words}
        draft = replace(draft, fields={**draft.fields, **values})
        answer = draft.send(self.cast, self.mine.name, self.mine.client)
        if not witness.is_served(answer):
            outcome, told = self._refused(written, answer)
            for sight in mine:
                if sight.name in asked and sight.outcome is None:
                    sight.outcome, sight.told, sight.answers = outcome, told, [shown(answer, self.mine.name)]
            return False
        thing = self._thing(draft, answer)
        for sight in [one for one in mine if one.name in values and one.outcome is not Outcome.BROKEN]:
            self._judge(sight, thing, answer, words[sight.name], asked[sight.name][0])
        return True

    def _refused(self, written: Written, answer: Answer) -> tuple[Outcome, str]:
        """What it means that markup was not taken.

        Against a limit, or a thing that each user has once, that passes for a refusal of markup: honest text is sent once more.
        """
        told = f"was not taken ({answer.status})"
        if answer.status >= 500 or answer.status == 429:
            return Outcome.UNTRIED, told
        honest = composing.compose(self.cast, written.route, written.method, self.mine.name, self.mine.client, written.ids)
        still = honest.send(self.cast, self.mine.name, self.mine.client)
        if witness.is_served(still):
            return Outcome.HELD, told
        return Outcome.UNTRIED, f"{told}, and honest text is not taken a second time either: {witness.why_not(still)}"

    def _judge(self, sight: Sight, thing: Thing, answer: Answer, word: str, spot: Spot) -> None:
        """Look at the page again, and say what became of what was written."""
        paths = [sight.page.path] if "{" not in sight.page.path else [p for r, p in self._of_thing(thing, answer) if r == sight.page]
        paths += [p for r, p in self._of_thing(sight.written.thing, sight.written.answer) if r == sight.page]
        for path in dict.fromkeys(paths):
            with contextlib.suppress(OSError):
                page = sight.client.page(path)
                if word not in page.text or word in path or not is_page(page):
                    continue
                said = markup.made(page.text, word, spot)
                told = f"{said} came into being" if said else f"{sight.name} stays text"
                sight.answers = [shown(answer, self.mine.name), shown(page, sight.who, f"on this page {told}")]
                if said:
                    sight.outcome, sight.told = Outcome.BROKEN, f"{said} came into being"
                    sight.severity = "medium" if is_kept_from_running(page) else ""
                    if sight.severity:
                        sight.told += "; the page's Content-Security-Policy keeps it from running"
                else:
                    sight.outcome = sight.outcome or Outcome.HELD
                    sight.told = sight.told or f"it stays text in {', '.join(dict.fromkeys(one.told for one in sight.spots))}"
                return

    def _observed(self, sight: Sight) -> Observation:
        reader = "" if sight.who == self.mine.name else f" as {sight.who} sees it" if sight.who else " as everybody sees it"
        told = f"{sight.name} of {sight.written.route.name}, written by {self.mine.name or 'anybody'}, on this page{reader}: "
        outcome, said = sight.outcome or Outcome.UNTRIED, sight.told or "it was not shown there a second time"
        if outcome is Outcome.BROKEN and _MEANT.search(sight.name):
            outcome, said = Outcome.UNCLEAR, f"{said}; its name says that markup is meant"
        found = saw(outcome, STORED, sight.page, told + said, answers=sight.answers, control=sight.control)
        return replace(found, severity=sight.severity)

    # -- addresses --------------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Words in queries that come back on the page that was asked for."""
        who, client = self.readers[-1]
        for route in witness.reads(self.cast.stage.facts)[:MOST_PAGES]:
            texts = [p for p in route.parameters if p.where == "query" and p.kind in {"", "string"} and not p.choices]
            for one in [p for p in texts if not composing.is_id(p.name)]:
                with contextlib.suppress(TargetFailed, OSError):
                    self._ask_one(route, one.name, who, client)

    def _ask_one(self, route: RouteFacts, name: str, who: str, client: Client) -> None:
        place = self.cast.stage.fill(route, client=client if who else None)
        word = witness.marker()
        control = client.page(place + pages.required_query(route, {name: word}))
        if not is_page(control):
            return
        for spot in markup.spots(control.text, word):
            for which in range(len(spot.breaking(word))):
                fresh = witness.marker()
                page = client.page(place + pages.required_query(route, {name: spot.breaking(fresh)[which]}))
                said = markup.made(page.text, fresh, spot) if is_page(page) else ""
                if said:
                    severity = "medium" if is_kept_from_running(page) else ""
                    detail = f"{name} of its query, on the page that it asks for: {said} came into being"
                    found = saw(
                        Outcome.BROKEN,
                        ASKED,
                        route,
                        detail,
                        answers=[shown(page, who, f"{said} came into being")],
                        control=shown(control, who),
                    )
                    self.seen.append(replace(found, severity=severity))
                    return
            detail = f"{name} of its query stays text in {spot.told}"
            self.seen.append(saw(Outcome.HELD, ASKED, route, detail, answers=[shown(page, who)], control=shown(control, who)))


def _nth(places: Sequence[Spot], at: int) -> tuple[Spot, int] | None:
    """The place and the number of the way out of it that is tried in one round."""
    ways = [(spot, which) for spot in places for which in range(len(spot.breaking("")))]
    return ways[at] if at < len(ways) else None


def of(cast: Cast) -> Displaying:
    """One of two users of a kind writes and the other reads, too; without two an ordinary one writes, the administrator, or nobody."""
    pair = objects.two_of_a_kind(cast)
    if pair is not None:
        return Displaying(cast, *pair)
    alone = objects.ordinary(cast) or objects.powerful(cast)
    return Displaying(cast, alone or Person(user=User(name="", roles=()), client=cast.nobody()), None)
