"""GET, HEAD and OPTIONS of every route, about objects that the user has made, and whether anything kept is another afterwards.

Against the link that cancels, pays or removes: such a route does nothing to the number 1 of somebody else, so that it is asked about an
object of whoever asks; a route that nobody was let into says nothing of what it would have changed, and is named.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import composing, makers, pages, seeding, side_effects, things, witness
from ringwork.prove.check import Stage, User
from ringwork.prove.evidence import ALL_ROUTES, Evidence, Exchanged, Observation, Outcome
from ringwork.prove.rows import IN_MODULES, Difference
from ringwork.prove.side_effects import Reading
from ringwork.prove.staying import Staying
from ringwork.prove.things import Thing
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import ParameterFacts, RouteFacts
from ringwork.survey.wire.client import Answer, Client

ATTACK = "change by a safe method"
_METHODS = ("GET", "HEAD", "OPTIONS")
_MOST_ASKERS, _MOST_THINGS, _MOST_IDS, _MOST_PATHS, _NAMED, _PAGES_READ = 5, 3, 2, 6, 3, 4
_FILES = re.compile(r"(?:^|/)(?:static|assets)/")


@dataclass(slots=True, kw_only=True)
class _Asker:
    """Somebody who asks, None for nobody. plain: by route, addresses that were found by looking round."""

    user: User | None
    client: Client
    plain: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As reports name them."""
        return self.user.name if self.user is not None else ""

    def may_enter(self, route: RouteFacts) -> bool:
        """Whether the rule lets them in, as far as one is known."""
        return self.user is None or witness.may_enter(self.user, route)


@dataclass(slots=True, kw_only=True)
class _Sweep:
    """All routes, asked as everybody. quiet: marks of what changes with every page. noted: what reading leaves behind."""

    cast: Cast
    routes: list[RouteFacts]
    staying: Staying
    quiet: frozenset[tuple[str, str]] = frozenset()
    noted: list[Difference] = field(default_factory=list)

    def effect(self) -> list[Difference]:
        """What changed since the last time this was asked."""
        return [one for one in map(self._loud, self.cast.served.differences()) if one is not None]

    def _loud(self, one: Difference) -> Difference | None:
        """A difference without what changes with every page; None where nothing is left, and for a session."""
        if witness.is_of_sessions(one.store):
            return None
        if one.kind != "changed":
            return None if side_effects.marks([one]) <= self.quiet else one
        was = {name: value for name, value in one.was.items() if (one.store, name) not in self.quiet}
        return replace(one, was=was) if was else None

    def learn(self) -> None:
        """What changes whichever page is read: last-seen times, counters of requests, and what a first visit begins.

        Against a hole that hides itself: what one page alone changes in tables and files is that page's deed, and no noise. What modules
        keep may be what a page was worked out of, kept for the next time; what comes and goes there says nothing at all.
        """
        client, deeds = self.cast.strongest()[1], witness.deeds(self.cast.stage.facts)
        routes = [route for route in witness.reads(self.cast.stage.facts) if route.path not in deeds]
        # What has no parameter is asked for without looking round, which follows links that may do something.
        asked = [route for route in routes if "{" not in route.path][:_PAGES_READ] or routes[:_PAGES_READ]

        def read(routes: Sequence[RouteFacts]) -> frozenset[tuple[str, str]]:
            self.effect()
            for route in routes:
                with contextlib.suppress(OSError, TargetFailed):
                    client.page(self.cast.stage.fill(route, client=client))
            return side_effects.marks(self.effect())

        together = read(asked)
        alone = [read([route]) for route in asked] if together and len(asked) > 1 else [together, together]
        quiet = {mark for mark in together if mark[0].startswith(IN_MODULES) or sum(mark in some for some in alone) != 1}
        self.quiet = frozenset(quiet)

    def may_only_note(self, asker: _Asker, route: RouteFacts, answers: Sequence[Answer], effect: Sequence[Difference]) -> bool:
        """Whether what a page did only notes that it was read; kept, where it does."""
        served, user = self.cast.served, asker.user
        keys = things.keys_of(served, served.username(user)) if user is not None else things.Keys()
        reading = Reading(route=route, answers=answers, keys=keys, now=datetime.datetime.now(datetime.UTC))
        only_notes = side_effects.is_of(effect, reading)
        self.noted += effect if only_notes else ()
        return only_notes

    def askers(self) -> list[_Asker]:
        """One of each set of roles who can sign in, the least powerful first; nobody, where nobody can.

        What somebody makes who administers may end the login of another, so that he comes last.
        """
        kinds = {frozenset(user.roles): user for user in reversed(self.cast.stage.users)}  # of a kind the least powerful
        people = [(user, client) for user in reversed(list(kinds.values())[:_MOST_ASKERS]) if (client := self.cast.browser(user))]
        for user, client in people:
            self.staying.know(user, client)
        return [_Asker(user=user, client=client) for user, client in people] or [_Asker(user=None, client=self.cast.nobody())]

    def look_round(self, asker: _Asker) -> None:
        """Find addresses of all routes. It asks for pages, and so counts as asking: what a link does may be done by it."""
        self.cast.visible_forms(asker.name, asker.client)
        for route in filter(asker.may_enter, self.routes):
            with contextlib.suppress(TargetFailed, OSError):
                plain = self.cast.stage.fill(route, client=asker.client)
                asked = {p.name: _guess(p) for p in route.parameters if p.where == "query"}
                asker.plain[route.name] = list(dict.fromkeys([plain, plain + pages.required_query(route, asked)]))

    def send(self, asker: _Asker, path: str, methods: Sequence[str] = _METHODS[:1]) -> Iterator[Answer]:
        """The answers to safe requests for one address."""
        for method in methods:
            with contextlib.suppress(OSError):
                send = functools.partial(asker.client.send, method, path, headers=[("accept", "text/html, */*")])
                yield send() if asker.user is None else self.staying.ask(asker.user, asker.client, send)

    def make(self, asker: _Asker) -> list[Thing]:
        """What the asker has made now. Nothing looks round by it: that was done, and is kept for the browser."""
        return seeding.made(self.cast, asker.name, asker.client) if asker.user is not None else []

    def own(self, asker: _Asker, route: RouteFacts, made: Sequence[Thing]) -> list[str]:
        """Addresses of one route about things of the asker, those before others that have to do with it by their name."""
        named, found = composing.id_parameters(route, reading=True), list[str]()
        ranked = sorted(made, key=lambda thing: -things.relation(route, thing)) if named and asker.may_enter(route) else []
        related = [thing for thing in ranked if things.relation(route, thing)] or ranked
        for thing in related[:_MOST_THINGS]:
            for name in named:
                for value in thing.candidates(name)[:_MOST_IDS]:
                    with contextlib.suppress(TargetFailed, OSError):
                        found.append(composing.compose(self.cast, route, "GET", asker.name, asker.client, {name: value}).path)
        return list(dict.fromkeys(found))[:_MOST_PATHS]


def look(stage: Stage, check: CheckId) -> Evidence:
    """What the safe methods changed; not verified where a route let in none of the requests."""
    cast = Cast(stage)
    routes = sorted(witness.reads(stage.facts), key=lambda route: bool(makers.HARMS.search(route.path)))  # what ends something comes last
    sweep = _Sweep(cast=cast, routes=routes, staying=Staying(cast=cast))
    sweep.learn()
    askers, answers, effect = sweep.askers(), dict[str, list[Answer]](), list[Difference]()
    control: Exchanged | None = None
    sweep.effect()
    for asker in askers:
        sweep.look_round(asker)
        for route in routes:
            for path in asker.plain.get(route.name, ()):
                sent = list(sweep.send(asker, path, _METHODS))
                control = control or next((shown(answer, asker.name) for answer in sent if _is_page(answer)), None)
                answers.setdefault(route.name, []).extend(sent)
    if control is None:
        return Evidence(check=check, not_verified="no page answered 200, so nothing was asked for")
    effect += sweep.effect()
    for asker in askers:
        made = sweep.make(asker)
        sweep.effect()  # that of making
        for route in routes:
            answers.setdefault(route.name, []).extend(
                answer for path in sweep.own(asker, route, made) for answer in sweep.send(asker, path)
            )
        effect += sweep.effect()
    if not effect:
        return _quiet(check, sweep, answers, control)
    seen = tuple(_told(sweep, askers))
    if not seen and side_effects.marks(effect) <= side_effects.marks(sweep.noted):
        return _quiet(check, sweep, answers, control)
    # Against a change that only all of them together made, and that would be told as a pass.
    reason = "" if seen else f"asking for all pages changed {side_effects.told(effect)}, and no page alone was seen to do it"
    return Evidence(check=check, observations=seen, not_verified=reason)


def _quiet(check: CheckId, sweep: _Sweep, answers: dict[str, list[Answer]], control: Exchanged) -> Evidence:
    """Nothing changed but what notes that something was read: which routes that says something of."""
    routes, asked = sweep.routes, sum(len(some) for some in answers.values())
    detail = f"{asked} requests with {', '.join(_METHODS)} changed {'nothing else' if sweep.noted else 'no store'}"
    detail = f"reading is noted in {side_effects.told(sweep.noted)}; {detail}" if sweep.noted else detail
    detail += _exceptions(sweep.quiet)
    held = saw(Outcome.HELD, ATTACK, ALL_ROUTES, detail, control=control, read=asked)
    closed = [route for route in routes if not any(map(_is_let_in, answers.get(route.name, ()))) and not _is_passed_over(route)]
    left = tuple(saw(Outcome.UNTRIED, ATTACK, route, _why_closed(answers.get(route.name, ()))) for route in closed)
    if not closed:
        return Evidence(check=check, observations=(held,))
    named = ", ".join(route.name for route in closed[:_NAMED]) + (f" and {len(closed) - _NAMED} more" if len(closed) > _NAMED else "")
    reason = f"{len(closed)} of {len(routes)} routes let in none of these requests, so what a GET changes there is not known: {named}"
    return Evidence(check=check, observations=(held, *left), not_verified=f"{reason}; {detail}")


def _is_page(answer: Answer) -> bool:
    return answer.request.startswith(b"GET ") and answer.status == 200


def _is_let_in(answer: Answer) -> bool:
    """Whether a GET was served: what methods a route has is told to anybody, whatever is asked for."""
    return answer.request.startswith(b"GET ") and witness.is_served(answer)


def _is_passed_over(route: RouteFacts) -> bool:
    """Ways in and out, which want a token of their own, files, and what is not the application's."""
    is_own = not route.shown_file.startswith("library:") and not route.handler.startswith("ringwork.")
    return witness.is_entrance(route.path) or bool(_FILES.search(route.path)) or not is_own


def _why_closed(answers: Sequence[Answer]) -> str:
    statuses = sorted({answer.status for answer in answers})
    return f"answered {', '.join(map(str, statuses)) or 'by nobody'}, so nothing was asked of it that it could have done"


def _exceptions(quiet: frozenset[tuple[str, str]]) -> str:
    stores = sorted({store for store, _ in quiet})
    return f"; {', '.join(stores)} changes with every page and is passed over as far as that goes" if quiet else ""


def _guess(parameter: ParameterFacts) -> str:
    return parameter.example or (parameter.choices[0] if parameter.choices else pages.fallback(parameter, parameter.name))


def _told(sweep: _Sweep, known: Sequence[_Asker]) -> Iterator[Observation]:
    """Which page changed something, one after the other, on a copy that has only begun. known: with the addresses that were found."""
    sweep.cast.reset()  # else what one of them removed is no longer there to be removed
    plain, told = {asker.name: asker.plain for asker in known}, set[str]()
    askers = sweep.askers()
    sweep.effect()  # that of a login is no deed of the first page
    for asker in askers:
        for route in sweep.routes:
            answers = [answer for path in plain.get(asker.name, {}).get(route.name, ()) for answer in sweep.send(asker, path)]
            effect = sweep.effect() if answers else []
            if effect and route.name not in told and not sweep.may_only_note(asker, route, answers, effect):
                told.add(route.name)
                again = [answer for path in plain[asker.name][route.name] for answer in sweep.send(asker, path)]
                is_once = bool(again) and not sweep.effect() and "{" not in route.path and side_effects.may_be_made_to_be_shown(effect)
                yield _broken(route, asker, answers, effect, is_once=is_once)
    for asker in askers:
        sweep.look_round(asker)
        made = sweep.make(asker)
        sweep.effect()
        for route in [route for route in sweep.routes if route.name not in told]:
            answers = [answer for path in sweep.own(asker, route, made) for answer in sweep.send(asker, path)]
            effect = sweep.effect() if answers else []
            if effect and not sweep.may_only_note(asker, route, answers, effect):
                told.add(route.name)
                yield _broken(route, asker, answers, effect)
                made = sweep.make(asker)  # what it removed is there again for the next
                sweep.effect()


def _broken(
    route: RouteFacts, asker: _Asker, answers: Sequence[Answer], effect: Sequence[Difference], *, is_once: bool = False
) -> Observation:
    """What a page did. is_once: it names nothing, and a second visit did no more, so that it may have made what it shows."""
    detail = f"reading it changed {side_effects.told(effect)}"
    detail += "; a second visit changed nothing more, so it may only have made what it shows" if is_once else ""
    answer = next(filter(witness.is_served, answers), answers[-1])
    return saw(Outcome.UNCLEAR if is_once else Outcome.BROKEN, ATTACK, route, detail, answers=[shown(answer, asker.name)])
