"""From the hooks of guards to one callable for each moment of a request.

By closures alone: no text is made into code. What cannot happen in a plan is not asked for while it serves.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from ringwork import chains, steady
from ringwork.enforce.guard import DECIDED, ERROR, NOTED, Ask, Asking, Body, Decision, Enter, Hooks, Judge, Refusal, Reply, remarks
from ringwork.enforce.ordinary import Bounds, within
from ringwork.events import Outcome
from ringwork.exchange import SECURE, Exchange, Header


class Host(Protocol):
    """What the callables ask of their pipeline."""

    observing: bool

    @property
    def closes(self) -> bool:
        """Whether a fault of a guard ends the request."""

    def passes(self, exchange: Exchange, decision: Refusal | Reply) -> bool:
        """Whether the request goes on in spite of a decision."""

    def guard_failed(self, exchange: Exchange, error: Exception) -> Refusal | None:
        """What follows from a guard that raised."""

    def record(self, exchange: Exchange, refusal: Refusal, *, outcome: Outcome) -> None:
        """Tell the operator."""


class Step(NamedTuple):
    """One hook of a guard: whether it may ask, which plain requests it lets go on, and whether it changes what others read."""

    take: Enter
    asks: bool = False
    passes_plain: bool = False
    bounds: Bounds | None = None
    resolves: bool = False


def enter(steps: list[Step], host: Host) -> Enter:
    """The steps as one call that stops at the first decision. Plain requests go by fewer, with the same outcome."""
    if host.observing or not host.closes:
        return _one_by_one([step.take for step in steps], host)
    behind = max((place + 1 for place, step in enumerate(steps) if step.resolves), default=0)
    if behind:
        # What bounds speak of is settled there: what stands behind is one step, which looks then.
        steps = [*steps[:behind], Step(enter(steps[behind:], host), asks=True)]
    whole, plain = _chained(steps, host), [step for step in steps if not step.passes_plain]
    short = _within_bounds(plain, host)

    def entered(exchange: Exchange) -> Decision | Asking:
        try:
            found = short(exchange) if exchange.is_plain else whole(exchange)
        except Exception as error:  # noqa: BLE001  # whatever a guard, or what it was handed, raises
            return host.guard_failed(exchange, error)
        if found is None or isinstance(found, DECIDED):
            return found
        return _said(found, exchange, host)

    return entered


def _within_bounds(steps: list[Step], host: Host) -> Enter:
    """The steps for plain requests, and fewer for those within the bounds of all that have some."""
    every, others = _chained(steps, host), _chained([step for step in steps if step.bounds is None], host)
    is_within = within([step.bounds for step in steps if step.bounds is not None])
    return every if is_within is None else lambda exchange: others(exchange) if is_within(exchange) else every(exchange)


def _chained(steps: list[Step], host: Host) -> Enter:
    def resumed(place: int) -> Enter:
        step, rest = steps[place].take, [step.take for step in steps[place + 1 :]]

        def enter(exchange: Exchange) -> Decision | Asking:
            found = step(exchange)
            return found if found is None or isinstance(found, DECIDED) else _asking(found, exchange, rest, host)

        return enter

    return chains.first_of([resumed(place) if step.asks else step.take for place, step in enumerate(steps)])


def _said(found: Any, exchange: Exchange, host: Host) -> Decision | Asking:
    """Against the guards behind one that asks without having said so: they would be left out, so it is a fault."""
    if found.gi_code is _asking.__code__:
        return found  # type: ignore[no-any-return]  # the generator of _asking
    return host.guard_failed(exchange, TypeError("a guard asks for something, and its hooks do not say asks=True"))


def _one_by_one(steps: list[Enter], host: Host) -> Enter:
    """The same, slowly, for where the request goes on behind a decision or a fault."""

    def enter(exchange: Exchange) -> Decision | Asking:
        i = 0
        try:
            for i, step in enumerate(steps):
                found = step(exchange)
                if found is None:
                    continue
                if not isinstance(found, DECIDED):
                    return _asking(found, exchange, steps[i + 1 :], host)
                if not host.passes(exchange, found):
                    return found
        except Exception as error:  # noqa: BLE001  # whatever a guard, or what it was handed, raises
            return host.guard_failed(exchange, error) or _one_by_one(steps[i + 1 :], host)(exchange)
        return None

    return enter


def _asking(first: Asking, exchange: Exchange, rest: list[Enter], host: Host) -> Generator[Ask, Any, Decision]:
    """Go on from a guard that asks, with those that stand behind it."""
    steps: list[Enter] = [lambda _: first, *rest]
    for step in steps:
        try:
            found = step(exchange)
            decision = found if found is None or isinstance(found, DECIDED) else (yield from found)
        except Exception as error:  # noqa: BLE001  # whatever a guard, or the store that it asked, raises
            decision = host.guard_failed(exchange, error)
        if decision is not None and not host.passes(exchange, decision):
            return decision
    return None


def judges(hooks: list[Hooks], host: Host) -> Judge | None:
    """What refuses answers of the application, as one; None where nobody does."""
    steps = [(h.judge, h.judge_on) for h in hooks if h.judge]
    if not steps:
        return None
    wanted, always = _occasions(steps)
    usual = _in_turn(always, host)

    def judge(exchange: Exchange, status: int, headers: list[Header]) -> Refusal | None:
        names = dict(headers)
        if wanted.isdisjoint(names):
            return usual(exchange, status, headers)
        return _in_turn([step for step, on in steps if not on or not on.isdisjoint(names)], host)(exchange, status, headers)

    return judge


def _in_turn(steps: Sequence[Judge], host: Host) -> Judge:
    if len(steps) == 1 and not host.observing:
        return steps[0]
    if not steps:
        return nothing

    def judge(exchange: Exchange, status: int, headers: list[Header]) -> Refusal | None:
        for step in steps:
            refusal = step(exchange, status, headers)
            if refusal is not None and not host.passes(exchange, refusal):
                return refusal
        return None

    return judge


F = TypeVar("F")
Start = Callable[[Exchange, int, list[Header]], list[Header]]
Swift = Callable[..., list[Header] | None]
Known = Callable[..., steady.Tail | None]


def nothing(exchange: Exchange, status: int, headers: Any, native: Any = None) -> None:
    """For a moment at which there is nothing to do."""
    return


def _occasions(steps: list[tuple[F, frozenset[bytes]]]) -> tuple[frozenset[bytes], tuple[F, ...]]:
    """What some of the steps wait for, all of it, and the steps that wait for nothing."""
    return frozenset[bytes]().union(*(on for _, on in steps)), tuple(step for step, on in steps if not on)


def constants(hooks: list[Hooks]) -> tuple[tuple[Header, ...], tuple[Header, ...]]:
    """The constant headers of answers over TLS, and of those in clear."""
    in_clear = tuple(header for h in hooks for header in h.headers)
    return in_clear + tuple(header for h in hooks for header in h.secure_headers), in_clear


def start(hooks: list[Hooks], host: Host) -> Start:
    """What guards own is taken out of the application's headers, the hooks of each look at the rest, and constants are put in."""
    over_tls, in_clear = constants(hooks)
    touched = frozenset().union(*(h.removes for h in hooks), dict(over_tls))
    keeps = {name: values for h in hooks for name, values in (h.keeps or {}).items()}
    steps = [(h.leave, h.leave_on) for h in reversed(hooks) if h.leave]

    by_name = frozenset(name for _, on in steps for name in on) - {ERROR, NOTED}
    special = touched | by_name
    usual = {
        (is_error, is_noted): chains.one_after_another([leave for leave, on in steps if _is_time(on, is_error, is_noted)])
        for is_error in (False, True)
        for is_noted in (False, True)
    }

    def start(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        own = over_tls if exchange.scheme in SECURE else in_clear
        if special.isdisjoint(dict(headers)):
            out = usual[status >= 400, exchange.notes is not None](exchange, status, [*headers])
        else:
            out, own = unusual(exchange, status, headers, own)
        if exchange.notes is not None:
            for what in remarks(exchange):
                host.record(exchange, what, outcome=Outcome.OBSERVED)
        return [*out, *own]

    def unusual(exchange: Exchange, status: int, headers: list[Header], own: tuple[Header, ...]) -> tuple[list[Header], tuple[Header, ...]]:
        kept = {name: value for name, value in headers if name in touched and value.lower() in keeps.get(name, ())}
        out = [pair for pair in headers if pair[0] not in touched]
        names = dict(headers)
        for leave, on in steps:
            if _is_time(on, status >= 400, exchange.notes is not None) or not on.isdisjoint(names):
                out = leave(exchange, status, out)
        return out, tuple((name, kept.get(name, value)) for name, value in own) if kept else own

    return start


def _is_time(on: frozenset[bytes], is_error: bool, is_noted: bool) -> bool:  # noqa: FBT001  # two conditions, by place as in `usual`
    return not on or (is_error and ERROR in on) or (is_noted and NOTED in on)


def swift(judges: list[Hooks], hooks: list[Hooks], host: Host) -> tuple[Known, Swift]:
    """Judging and starting at once, for an answer that holds nothing out of the ordinary; None where there is more to look at.

    The first one answers for kinds of answers that were met already, with what is added behind their headers. Both take the headers
    as the server's world writes them, too: `native` are those of WSGI, and a kind is then known by them.
    """
    judged, judge = _occasions([(h.judge, h.judge_on) for h in judges if h.judge])
    left, leave = _occasions([(h.leave, h.leave_on) for h in reversed(hooks) if h.leave])
    over_tls, in_clear = constants(hooks)
    special = judged.union(left, dict(over_tls), *(h.removes for h in hooks))
    refused, changed = _in_turn(judge, host), chains.one_after_another(leave)
    tails, is_steady = steady.Tails(), all(h.is_steady for h in hooks if h.leave and not h.leave_on)
    kept, kind_of = tails.kept, steady.kind_of
    is_judged = chains.first_of([h.judge_when or _always for h in judges if h.judge and not h.judge_on])

    def known(exchange: Exchange, status: int, headers: steady.Pairs) -> steady.Tail | None:
        if exchange.notes is not None or is_judged(exchange):
            return None
        return kept.get(kind_of(exchange, status, headers))

    def swift(exchange: Exchange, status: int, headers: list[Header], native: steady.Pairs | None = None) -> list[Header] | None:
        names = dict(headers)
        if (
            status >= 400
            or exchange.notes is not None
            or not special.isdisjoint(names)
            or not b"".join(names).islower()
            or refused(exchange, status, headers) is not None
        ):
            return None
        out = [*changed(exchange, status, [*headers]), *(over_tls if exchange.scheme in SECURE else in_clear)]
        if is_steady:
            tails.learn(kind_of(exchange, status, headers if native is None else native), headers, out)
        return out

    return known, swift


def _always(exchange: Exchange) -> bool:
    return True


def own(hooks: list[Hooks], start: Start, *, key: str, number: bytes) -> steady.Own:
    """`start` for answers of ringwork's own. What waits for notes has nothing to do while they hold no other than `key`."""
    looking = [h for h in hooks if h.leave and (not h.leave_on or (ERROR in h.leave_on and NOTED not in h.leave_on))]
    return steady.Own(start, key=key, number=number, is_steady=all(h.is_steady for h in looking))


def bodies(steps: list[Body]) -> Body | None:
    """What replaces the bodies of errors, each on what the one before it made; None where nobody does."""
    if not steps:
        return None

    def error_body(exchange: Exchange, status: int, headers: list[Header], body: bytes) -> tuple[list[Header], bytes] | None:
        replaced = None
        for step in steps:
            found = step(exchange, status, headers, body)
            if found is not None:
                replaced = found
                headers, body = found
        return replaced

    return error_body
