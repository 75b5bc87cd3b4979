"""Requests of an ordinary user that bring one field more than was asked for, and what the application then keeps.

Against the form that also sends `is_admin=1`: what an honest request leaves behind tells which fields there are and which of them the
application sets itself; the same request claims one of those, and the row that it leaves behind tells whether it was given.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import composing, makers, objects, own_fields, things, witness
from ringwork.prove.composing import Draft
from ringwork.prove.evidence import Exchanged, Observation, Outcome
from ringwork.prove.objects import Person
from ringwork.prove.own_fields import Claim, Sources
from ringwork.prove.rows import Kept
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import entry
from ringwork.survey.wire.client import Answer, Client

ATTACK = "a field that the application sets itself is sent along"
MOST_ROUTES, MOST_CLAIMS, MOST_PAGES = 30, 12, 6
_SHOWN, _FORBIDDEN = 200, 403
_HARMS = re.compile(r"delete|remove|destroy|deactivat|disable|purge|reset|revoke|cancel|close|unsubscribe|upload|passw", re.IGNORECASE)
_LOGS = re.compile(r"log|audit|event|history|session|queue|outbox|migration", re.IGNORECASE)
_STRONG = frozenset({"flag", "role", "owner"})
"""Kinds of fields that no operation asks everybody for."""
_PEOPLE = re.compile(r"user|people|person|account|member|profile|customer", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request and what it left behind. asked: its path, as the route has it. sent_to: as it was sent. fields: of its body.

    browser: of whom it made or changed.
    """

    asked: str
    sent_to: str
    answer: Answer
    rows: Sequence[Kept]
    fields: Mapping[str, Any]
    browser: Client | None = None

    @property
    def is_taken(self) -> bool:
        """Whether it was let through; who registered is mostly led to the login."""
        return witness.is_served(self.answer) or (self.answer.status < 400 and witness.is_entrance(self.asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One way to write. send: a request with these fields more, as one of two users. asks_for: fields that it says it takes.

    is_exact: whether those are known to be all. lasts: every request writes to the same row. is_entry: it makes an account, for nobody yet.
    """

    route: RouteFacts
    send: Callable[[Mapping[str, Any], Person], Sent]
    asks_for: frozenset[str]
    is_exact: bool = False
    lasts: bool = False
    is_entry: bool = False


@dataclass(slots=True, kw_only=True)
class Assigning:
    """The attacks of one check on one copy. theirs: a second user of the same roles, None where there is none."""

    cast: Cast
    mine: Person
    theirs: Person | None
    seen: list[Observation] = field(default_factory=list)
    refused: list[str] | None = None  # pages of no administration that `mine` was refused at first

    def __post_init__(self) -> None:
        self.sources = Sources(self.cast.stage.facts)

    sources: Sources = field(init=False)

    def run(self) -> list[Observation]:
        """Every operation, those that make before those that change."""
        for operation in self._operations():
            with contextlib.suppress(TargetFailed, OSError):
                self.seen += self._tried(operation)
        return self.seen

    # -- ways to write ----------------------------------------------------------------------------------

    def _operations(self) -> Iterator[Operation]:
        way = entry.find_register(self.cast.stage.facts)
        if way is not None:
            route = next(r for r in self.cast.stage.facts.routes if r.path == way.path and "POST" in r.methods)
            yield replace(self._operation(route, lambda more, who: self._registered(way, more)), is_entry=True)
        mine, entrance = objects.routes_of(self.cast.stage, self.mine), way.path if way is not None else ""
        routes = [one for one in witness.changes(self.cast.stage.facts) if one in mine and one.path != entrance and one.body != "multipart"]
        routes = [one for one in routes if not _HARMS.search(one.path) and not things.is_administration(one.path)]
        for route in routes[:MOST_ROUTES]:
            for method in [one for one in ("POST", "PUT", "PATCH") if one in route.methods][:1]:
                named = composing.id_parameters(route)
                lasts = (bool(named) and not makers.makes(route)) or method != "POST" or things.is_own_page(route.path)
                yield self._operation(route, self._sender(route, method), lasts=lasts)

    def _operation(self, route: RouteFacts, send: Callable[[Mapping[str, Any], Person], Sent], *, lasts: bool = False) -> Operation:
        inputs = [p for p in route.parameters if p.where in {"form", "json", "query"} and not p.by_model]
        is_exact = self.cast.stage.facts.framework == "fastapi" and any(p.where == "json" for p in inputs)
        return Operation(route=route, send=send, asks_for=frozenset(p.name for p in inputs), is_exact=is_exact, lasts=lasts)

    def _registered(self, way: entry.WayIn, more: Mapping[str, Any]) -> Sent:
        client = self.cast.served.client()
        account, answer = entry.enrol(client, way, name="new", more=more)
        browser = None
        login = entry.find_login(self.cast.stage.facts)
        with contextlib.suppress(TargetFailed, OSError):
            if login is not None and answer.status < 400:
                browser = self.cast.served.client()
                entry.sign_in(browser, login, account)
        word = account.username.partition("@")[0]
        fields = dict.fromkeys((way.username_field, way.password_field, *(p.name for p in way.others if p.required)), "")
        return Sent(asked=way.path, sent_to=way.path, answer=answer, rows=self._rows([word]), fields={**fields, **more}, browser=browser)

    def _sender(self, route: RouteFacts, method: str) -> Callable[[Mapping[str, Any], Person], Sent]:
        def send(more: Mapping[str, Any], who: Person) -> Sent:
            draft = self._honest(route, method, who, self._ids(route, who))
            draft = replace(draft, fields={**draft.fields, **more}, kind=draft.kind or composing.JSON)
            answer = draft.send(self.cast, who.name, who.client)
            rows = self._rows(list(draft.marks)) if draft.marks and witness.is_served(answer) else []
            return Sent(asked=route.path, sent_to=draft.path, answer=answer, rows=rows, fields=draft.fields, browser=who.client)

        return send

    def _honest(self, route: RouteFacts, method: str, who: Person, ids: Mapping[str, str]) -> Draft:
        """A request without what it may leave to the application."""
        draft = composing.compose(self.cast, route, method, who.name, who.client, ids)
        needed = {p.name for p in route.parameters if p.required}
        left = {name: value for name, value in draft.fields.items() if name in needed or not own_fields.kind_of(name)}
        return replace(draft, fields=left)

    def _ids(self, route: RouteFacts, who: Person) -> dict[str, str]:
        """The ids by which the route names something of the user's own: what is made for it, else the user himself."""
        ids = [] if makers.makes(route) else composing.id_parameters(route)
        named = [name for name in ids if f"{{{name}" in route.path or not own_fields.kind_of(name)]
        if not named:
            return {}
        found = list[things.Thing]()
        for maker in [one for one in witness.changes(self.cast.stage.facts) if "POST" in one.methods and "{" not in one.path]:
            if maker is not route and composing.stems(maker.path) & composing.stems(route.path) - things.PLAIN:
                draft = self._honest(maker, "POST", who, {})
                answer = draft.send(self.cast, who.name, who.client)
                if witness.is_served(answer):
                    made = things.made(draft, answer, who.client)
                    things.find_kept(made, self.cast.served)
                    found.append(made)
                    break
        found += things.about(self.cast, who.client) if not found else ()
        return {name: value for thing in found for name in named for value in thing.candidates(name)[:1]}

    def _rows(self, words: Sequence[str]) -> list[Kept]:
        """What is kept of these words, logs apart; what pages list of them, where no store can be read."""
        found = [row for word in words for row in self.cast.served.kept(word) if not _LOGS.search(row.store)]
        stores = dict[str, Kept]()
        for row in found:
            stores.setdefault(row.store, row)
        return list(stores.values()) or list(self._listed(words))

    def _listed(self, words: Sequence[str]) -> Iterator[Kept]:
        plain = [
            route for route in witness.reads(self.cast.stage.facts) if "{" not in route.path and not things.is_administration(route.path)
        ]
        for route in plain[: MOST_PAGES * 4]:
            with contextlib.suppress(OSError, ValueError):
                answer = self.mine.client.get(route.path)
                for one in things.objects_in(json.loads(answer.text) if answer.status == 200 else None):
                    if any(word in value for value in one.values() if isinstance(value, str) for word in words):
                        yield Kept(store=f"GET {route.path}", values=one)
                        return

    # -- attacks ----------------------------------------------------------------------------------------

    def _tried(self, operation: Operation) -> Iterator[Observation]:
        first = operation.send({}, self.mine)
        if not first.is_taken:
            why = f"answered {first.answer.status}" if operation.is_entry else witness.why_not(first.answer)
            detail = f"no honest request was taken: {why}"
            yield saw(Outcome.UNTRIED, ATTACK, operation.route, detail, answers=[shown(first.answer, self.mine.name)])
            return
        if not first.rows:
            return  # it keeps nothing that can be looked at, so nothing can be claimed
        again = operation.send({}, self.mine)
        theirs = operation.send({}, self.theirs).rows if self.theirs is not None else []
        found = own_fields.claims(first.rows, again.rows, theirs, first.fields)
        if _PEOPLE.search(operation.route.path + " ".join(row.store for row in first.rows)) or things.is_own_page(operation.route.path):
            found += [one for one in own_fields.usual(first.rows, first.fields) if self.sources.names(one.name)]
        # One that the operation asks for is no field beside those that it takes.
        found += [one for one in own_fields.own_flags(first.rows, first.fields, self.sources) if one.name not in operation.asks_for]
        found = [one for one in found if one.name not in operation.asks_for or one.kind in _STRONG][:MOST_CLAIMS]
        found = [self._known_here(one) for one in found]
        offered = self._offered(operation, first, found)
        operation = replace(operation, asks_for=operation.asks_for | {one.name for one in offered})
        found = [one for one in found if one not in offered or one.is_power]
        if not found:
            shown_in = f"; its own form offers {', '.join(one.name for one in offered)}" if offered else ""
            yield saw(Outcome.HELD, ATTACK, operation.route, f"it keeps no field that a request was not meant to set{shown_in}", read=1)
            return
        yield from self._claimed(operation, found, shown(first.answer, self.mine.name))

    def _offered(self, operation: Operation, sent: Sent, found: Sequence[Claim]) -> list[Claim]:
        """The claims that the user could make in the operation's own form, as its page shows it to him.

        Against an accusation of a price that its seller writes into the page; a field that is hidden, fixed or left out is no offer, nor is
        a value that is not among those to choose from.
        """
        if operation.route.body == "json" or not found:
            return []
        with contextlib.suppress(TargetFailed, OSError):
            name, client = ("", self.cast.nobody()) if operation.is_entry else (self.mine.name, self.mine.client)
            form = composing.form_of(self.cast, operation.route, name, client, sent.sent_to)
            if form is not None:
                return [one for one in found if any(form.offers(name, one.value) for name in one.names)]
        return []

    def _known_here(self, claim: Claim) -> Claim:
        """The same claim with a role that the application knows, where its own code compares the field with one, and never with `admin`."""
        if claim.kind != "role" or claim.value != "admin" or self.sources.where_asked(claim.name, "admin"):
            return claim
        return replace(claim, value=self.sources.value_asked(claim.name, claim.was) or claim.value)

    def _may_be_meant(self, operation: Operation, claim: Claim) -> bool:
        """Whether the operation may take the field on purpose, so that nothing is told by its being kept."""
        if claim.kind in _STRONG or operation.is_exact:
            return False
        models = [one.model.rpartition(":")[2].rpartition(".")[2] for one in self.cast.stage.facts.fields]
        return self.sources.may_read(claim.name, models)

    def _claimed(self, operation: Operation, found: Sequence[Claim], control: Exchanged) -> Iterator[Observation]:
        """All at once, and each alone where that was taken, or where all together were refused."""
        together = operation.send(_body(found), self.mine)
        is_refused = not together.is_taken or not together.rows
        taken = [one for one in found if any(one.is_kept(row.values) for row in together.rows)]
        if not is_refused and not taken:
            names = ", ".join(one.name for one in found)
            detail = f"sent along and not kept: {names} (answered {together.answer.status})"
            yield saw(Outcome.HELD, ATTACK, operation.route, detail, answers=[shown(together.answer, self.mine.name)], control=control)
            return
        for claim in found if is_refused else taken:
            yield self._one(operation, claim, control)

    def _one(self, operation: Operation, claim: Claim, control: Exchanged) -> Observation:
        """One claim alone, under each name that the operation may know it by."""
        before = self._answers(self.mine.client) if claim.is_power and not operation.lasts else {}
        if operation.lasts and claim.was is not None:
            self._give_back(operation, claim)
            before = self._answers(self.mine.client) if claim.is_power else before
        answers = list[Answer]()
        for name in claim.names:
            sent = operation.send({name: claim.value}, self.mine)
            answers.append(sent.answer)
            row = next((row for row in sent.rows if claim.is_kept(row.values)), None)
            if row is not None:
                return self._kept(operation, claim, row, sent, before, control)
        detail = f"{claim.name} was sent along and not kept (answered {', '.join(str(one.status) for one in answers)})"
        # Against a fault that is taken for a refusal.
        outcome = Outcome.HELD if any(answer.status < 500 and answer.status != 429 for answer in answers) else Outcome.UNTRIED
        return saw(outcome, ATTACK, operation.route, detail, answers=[shown(answers[-1], self.mine.name)], control=control)

    def _give_back(self, operation: Operation, claim: Claim) -> None:
        """Undo what an earlier request claimed of the same row, in the way that its form understands."""
        for value in (claim.was, False):
            sent = operation.send({claim.name: value}, self.mine)
            if any(claim.name in row.values and own_fields.same(claim.was, row.values[claim.name]) for row in sent.rows):
                return

    def _kept(
        self, operation: Operation, claim: Claim, row: Kept, sent: Sent, before: Mapping[str, int], control: Exchanged
    ) -> Observation:
        gained = _gained(before, self._answers(sent.browser)) if claim.is_power and sent.browser is not None else []
        was = "is not there" if claim.was is None else f"is {claim.was}"
        told = f"{claim.name} {was} by itself, and {row.values[claim.name]} where {self.mine.name} sends it along ({row.store})"
        answers = [shown(sent.answer, self.mine.name)]
        is_asked = claim.name in operation.asks_for and claim.kind == "role"
        decided = self.sources.where_asked(claim.name, claim.value) if is_asked and not gained else ""
        if not gained and not decided and (is_asked or self._may_be_meant(operation, claim)):
            why = "the operation asks for it, and nothing tells what it gives" if is_asked else "its own code may take it on purpose"
            # Against a pass beside it: the field was kept as it was sent, and only the project knows what that gives.
            return saw(Outcome.UNCLEAR, ATTACK, operation.route, f"{told}; {why}", answers=answers, control=control)
        fix = _fix(self.cast.stage.facts.framework, operation.route, claim.name)
        kept = f"{row.store} holds {claim.name} as it was sent"
        answers = [shown(sent.answer, self.mine.name, "" if gained else kept), *self._opened(gained, sent)]
        more = f"; GET {gained[0]}, which was closed to {self.mine.name}, then answers" if gained else ""
        found = saw(Outcome.BROKEN, ATTACK, operation.route, told + more, answers=answers, control=control, fix=fix)
        if decided:
            return replace(found, detail=f"{found.detail}; the application decides by it: {decided}", severity="medium")
        if gained:
            return replace(found, severity="critical")  # by its own requests alone: nobody had to be tricked into anything
        if claim.kind in _STRONG:
            return found
        who = self._reserved(operation, claim)
        # Against a price that its seller is meant to set: what nothing reserves may be theirs to choose.
        more = f"; {who}" if who else "; nothing in the application says who else decides it, so it may be meant"
        return replace(found, detail=found.detail + more, severity="" if who else "medium")

    def _opened(self, gained: Sequence[str], sent: Sent) -> list[Exchanged]:
        """The page that answers now and did not before."""
        browser = sent.browser
        if browser is not None and gained:
            with contextlib.suppress(OSError):
                return [shown(browser.get(gained[0]), self.mine.name, "this page was closed before")]
        return []

    def _reserved(self, operation: Operation, claim: Claim) -> str:
        """What tells that the field is not for everybody to set; "" where nothing does."""
        for route in witness.http_routes(self.cast.stage.facts):
            is_high = (route.rule == "requires" and route.roles) or things.is_administration(route.path)
            if route != operation.route and is_high and any(p.name == claim.name for p in route.parameters):
                return f"{route.name} takes it, which is for other roles"
        return "its own code works it out" if self.sources.decides(claim.name) else ""

    def _answers(self, client: Client) -> dict[str, int]:
        """What the pages of an administration, and those that an ordinary user is refused, answer to a browser."""
        answers = dict[str, int]()
        for path in self._pages():
            with contextlib.suppress(OSError):
                answers[path] = client.get(path).status
        return answers

    def _pages(self) -> list[str]:
        plain = [one.path for one in witness.reads(self.cast.stage.facts) if "{" not in one.path and not witness.is_entrance(one.path)]
        high = [path for path in plain if things.is_administration(path)][:MOST_PAGES]
        if self.refused is None:
            self.refused = []
            for path in [path for path in plain if path not in high][: MOST_PAGES * 4]:
                with contextlib.suppress(OSError):
                    self.refused += [path] if self.mine.client.get(path).status == _FORBIDDEN else []
        return [*high, *self.refused[:MOST_PAGES]]


def _gained(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """The pages that are shown and were not before. Against a page that had nothing to show: one of no administration has to be refused."""
    opened = sorted(path for path, status in after.items() if status == _SHOWN and before.get(path) != _SHOWN)
    return [path for path in opened if things.is_administration(path) or before.get(path) == _FORBIDDEN]


_FIXES = {
    "fastapi": "give {route} a model of its own that has no {field} (extra fields then fall away), and set {field} in the handler",
    "flask": "build the row by name, Model(name=data['name']), not Model(**request.get_json()) or setattr in a loop; set {field} yourself",
    "django": "list the fields without {field} (Meta.fields of form or serializer, or read_only_fields); set it in form_valid or save(...)",
    "aiohttp": "take from the body by name, {{'name': data['name']}}, in place of the whole of it, and set {field} in the handler",
}  # fmt: skip
"""What to write on each framework, so that a field is the application's own."""


def _fix(framework: str, route: RouteFacts, field_name: str) -> str:
    text = _FIXES.get("fastapi" if framework == "starlette" else framework, "")
    return text.format(route=route.name, field=field_name)


def _body(found: Sequence[Claim]) -> dict[str, Any]:
    return {name: one.value for one in found for name in one.names}
