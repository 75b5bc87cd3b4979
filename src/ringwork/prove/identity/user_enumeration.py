"""Whether answers tell which names have an account: known and unknown ones tried at login, recovery and registration.

Against the list of customers that anybody makes by asking: only for some names the answer is "wrong password".
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Kind, Served, Stage, User
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import entry
from ringwork.survey.wire.client import Answer, Client

CONTROL = "identity.user-enumeration"
LOGIN, RECOVERY, REGISTRATION = (
    "known and unknown names at login",
    "known and unknown names at recovery",
    "a name that is taken at registration",
)
_UNLOCK = "declare a user: [[prove.users]]"
_EACH = 3
_HIDDEN = re.compile(r"<(script|style|svg|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)
_NONCES = frozenset({
    "date", "content-length", "etag", "last-modified", "age", "server-timing", "x-request-id", "x-correlation-id", "x-runtime",
    "x-process-time", "x-response-time", "traceparent", "content-security-policy", "connection", "keep-alive",
})  # fmt: skip
"""Headers that may differ from one answer to the next, whoever asks."""

Ask = Callable[[Client, str], Answer | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one answer tells, the name that was asked for and the length apart: each a word with where it stands."""

    answer: Answer
    signs: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Pair:
    """The answers for known names and for unknown ones, asked in turn."""

    known: list[Told] = field(default_factory=list)
    unknown: list[Told] = field(default_factory=list)

    def difference(self) -> tuple[list[str], list[str]]:
        """What stands in every answer of one kind and in none of the other: for known names, for unknown ones."""
        mine, others = [one.signs for one in self.known], [one.signs for one in self.unknown]
        always, never = frozenset.intersection(*mine) - frozenset.union(*others), frozenset.intersection(*others) - frozenset.union(*mine)
        return sorted(always), sorted(never)

    def is_limited(self) -> bool:
        """Whether a limit or a fault answered in place of the application, or began to on the way."""
        statuses = [{one.answer.status for one in told} for told in (self.known, self.unknown)]
        return any(len(found) > 1 or max(found) >= 500 or 429 in found for found in statuses)


def signs_of(client: Client, answer: Answer, name: str) -> frozenset[str]:
    """Status, where it leads, names of headers and cookies, and the words that a reader sees, on the page that it leads to as well."""
    found = {f"status {answer.status}"}
    target = client.led_to(answer)
    if target:
        found.add(f"leads to {_without(target, name).partition('?')[0]}")
        found |= {f"leads with {one}" for one in re.findall(r"[?&](\w+)=", target)}
    found |= {f"header {key.decode('latin-1').lower()}" for key, _ in answer.headers if key.decode("latin-1").lower() not in _NONCES}
    shown_at_last = client.follow(answer) if target else answer
    for one in (answer, shown_at_last):
        text = _HIDDEN.sub(" ", one.text) if "html" in one.media_type else one.text
        found |= {f"word {word.lower()}" for word in re.findall(r"[^\W\d_]*\d[^\W_]*|[^\W\d_]{2,}", _without(text, name))}
    return frozenset(found)


def _without(text: str, name: str) -> str:
    """A text without the name that was asked for, however it is written there."""
    local = name.partition("@")[0]
    for one in sorted({name, quote_plus(name), local}, key=len, reverse=True):
        text = re.sub(re.escape(one), " ", text, flags=re.IGNORECASE)
    return text


def _in_turn(served: Served, known: Sequence[str], unknown: Callable[[], str], ask: Ask) -> Pair | None:
    """Both kinds, and once more where they differ: a number that chance put on all pages of one kind is not there again."""
    pair = _asked(served, known, unknown, ask)
    if pair is None or pair.is_limited() or not any(pair.difference()):
        return pair
    again = _asked(served, known, unknown, ask)
    if again is None or again.is_limited():
        return pair
    return Pair(known=pair.known + again.known, unknown=pair.unknown + again.unknown)


def _asked(served: Served, known: Sequence[str], unknown: Callable[[], str], ask: Ask) -> Pair | None:
    """Both kinds, one after the other, each by a browser of its own; None where nothing can be asked."""
    pair = Pair()
    for at in range(_EACH):
        for name, told in ((known[at % len(known)], pair.known), (unknown(), pair.unknown)):
            client = served.client()
            with contextlib.closing(client):
                answer = ask(client, name)
                if answer is None:
                    return None
                told.append(Told(answer=answer, signs=signs_of(client, answer, name)))
    return pair


@dataclass(slots=True, kw_only=True)
class _Ways:
    """The ways of one application, and names that have an account on this copy."""

    stage: Stage
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        served, way = self.stage.served, entry.find_register(self.stage.facts)
        for user in self.stage.users[:2]:
            with contextlib.suppress(TargetFailed, OSError):
                if not served.username(user):  # who registers is not there before the first login
                    served.login(user).close()
                self.names += filter(None, [served.username(user)])
        if way is not None and not self.names:
            with contextlib.suppress(TargetFailed, OSError):
                self.names.append(entry.register(served.client(), way, name="known").username)

    def unlike(self) -> str:
        """A name of the same shape that nobody has."""
        _, at, domain = self.names[0].partition("@")
        return f"rwno{secrets.token_hex(5)}{at}{domain}"

    def login(self) -> Iterator[Observation]:
        """A wrong password, for known names and unknown ones."""
        way = entry.find_login(self.stage.facts)
        if way is None:
            return
        password = entry.wrong_password()
        pair = _in_turn(self.stage.served, self.names, self.unlike, lambda client, name: entry.attempt(client, way, name, password))
        yield from self._compared(LOGIN, self._route(way), pair, control=self._entered(way))

    def _entered(self, way: entry.WayIn) -> Exchanged | None:
        """Somebody who gets in by this way; None where nobody was seen to.

        Against a login that refuses everybody for the shape of what it is sent: that it answers alike tells nothing of names.
        """
        served, answers = self.stage.served, list[Answer | None]()
        for user in self.stage.users[:2]:
            with contextlib.suppress(TargetFailed, OSError):
                answers.append(served.sign_in(user, query=""))
        register = entry.find_register(self.stage.facts)
        if register is not None and not any(answers):
            with contextlib.suppress(TargetFailed, OSError):
                account = entry.register(served.client(), register, name="control")
                answers.append(entry.sign_in(served.client(), way, account))
        asked = f"POST {way.path}".encode()
        return next((shown(one) for one in answers if one is not None and re.match(re.escape(asked) + rb"[? ]", one.request)), None)

    def recovery(self) -> Iterator[Observation]:
        """A forgotten password, for addresses that are kept and others."""
        for way in entry.find_recovery(self.stage.facts):
            route = self._route(way)
            asks_mail = "mail" in way.username_field.lower() or not way.username_field
            known = [one for one in (self._kept(name, is_mail=asks_mail) for name in self.names) if one]
            if not known:
                yield saw(Outcome.UNTRIED, RECOVERY, route, "no address is known that an account of the prover's users has")
                continue
            domain = known[0].partition("@")[2]

            def unlike(domain: str = domain) -> str:
                return f"rwno{secrets.token_hex(5)}" + (f"@{domain}" if domain else "")

            def ask(client: Client, name: str, way: entry.WayIn = way) -> Answer | None:
                found = entry.ask_recovery(client, way, name)
                return found[0] if found is not None else None

            with contextlib.suppress(TargetFailed, OSError):
                yield from self._compared(RECOVERY, route, _in_turn(self.stage.served, known, unlike, ask))

    def _kept(self, name: str, *, is_mail: bool) -> str:
        """What the copy keeps as the address (or the name) of an account; "" where it keeps none: then it would be as unknown as others."""
        wanted = name if "@" in name or not is_mail else ""
        for row in self.stage.served.kept(name.partition("@")[0]):
            mails = [value for key, value in row.values.items() if "mail" in key.lower() and isinstance(value, str) and "@" in value]
            if is_mail and mails:
                return mails[0]
            if not is_mail and name in row.values.values():
                return name
        return "" if is_mail and not self.stage.served.kept(wanted or name) else wanted

    def registration(self) -> Iterator[Observation]:
        """The name of somebody else, beside a fresh one."""
        way = entry.find_register(self.stage.facts)
        if way is None:
            return
        taken = [name.partition("@")[0] if "mail" not in way.username_field.lower() else name for name in self.names]

        def ask(client: Client, name: str) -> Answer:
            return entry.enrol(client, way, name="x", username=name)[1]

        pair = _in_turn(self.stage.served, taken, lambda: f"rwno{secrets.token_hex(5)}", ask)
        if pair is None or pair.is_limited() or any(one.answer.status >= 400 for one in pair.unknown):
            return
        route, difference = self._route(way), pair.difference()
        if not all(self._still_enters(user) for user in self.stage.users[:2]):
            detail = "an account was replaced by one of the same name, so that nothing is told and everything is lost"
            yield saw(Outcome.UNTRIED, REGISTRATION, route, detail, answers=[shown(pair.known[0].answer)])
        elif any(difference):
            why = "names have to be told apart here, and only a registration that answers by mail hides it (ASVS 5.0, 6.3.8)"
            detail = f"{_words(difference)}; {why}"
            yield saw(Outcome.UNCLEAR, REGISTRATION, route, detail, answers=[shown(pair.known[0].answer), shown(pair.unknown[0].answer)])
        else:
            yield saw(Outcome.HELD, REGISTRATION, route, "answered as a free one is", answers=[shown(pair.known[0].answer)], read=_EACH)

    def _still_enters(self, user: User) -> bool:
        with contextlib.suppress(TargetFailed, OSError):
            self.stage.served.login(user).close()
            return True
        return False

    def _compared(
        self, attack: str, route: RouteFacts | str, pair: Pair | None, *, control: Exchanged | None = None
    ) -> Iterator[Observation]:
        if pair is None:
            yield saw(Outcome.UNTRIED, attack, route, "its page shows no form that could be sent")
            return
        answers = [
            shown(pair.known[0].answer, shows="for a name that has an account"),
            shown(pair.unknown[0].answer, shows="for a name that nobody has"),
        ]
        if pair.is_limited():
            yield saw(Outcome.UNTRIED, attack, route, "a limit or a fault answered, which tells nothing of names", answers=answers)
            return
        if all(one.answer.status in {400, 403, 415, 419, 422} and "forged" in witness.why_not(one.answer) for one in pair.unknown):
            yield saw(Outcome.UNTRIED, attack, route, witness.why_not(pair.unknown[0].answer), answers=answers)
            return
        difference = pair.difference()
        if any(difference):
            yield saw(Outcome.BROKEN, attack, route, _words(difference), answers=answers, control=control)
        elif attack == LOGIN and control is None:
            detail = f"nobody was seen to get in here, so that it answers {pair.known[0].answer.status} to everybody tells nothing of names"
            yield saw(Outcome.UNTRIED, attack, route, detail, answers=answers)
        elif attack == RECOVERY and all(one.answer.status >= 400 for one in (*pair.known, *pair.unknown)):
            detail = f"it answers {pair.known[0].answer.status} to everybody, known or not, so that nothing was recovered"
            yield saw(Outcome.UNTRIED, attack, route, detail, answers=answers)
        else:
            detail = f"answered alike for {len(self.names)} known names and for {_EACH} that nobody has ({pair.known[0].answer.status})"
            yield saw(Outcome.HELD, attack, route, detail, answers=answers, control=control, read=_EACH)

    def _route(self, way: entry.WayIn) -> RouteFacts | str:
        return next((r for r in self.stage.facts.routes if r.path == way.path and "POST" in r.methods), way.path)


def _words(difference: tuple[list[str], list[str]]) -> str:
    """What tells them apart, in words: statuses and places before texts."""
    order = ("status", "leads", "header", "word")

    def few(signs: list[str]) -> str:
        chosen = sorted(signs, key=lambda sign: order.index(sign.partition(" ")[0]))[:5]
        return ", ".join(sign.replace("word ", "", 1) if sign.startswith("word ") else sign for sign in chosen) or "nothing of the kind"

    return f"for known names always: {few(difference[0])}; for names that nobody has: {few(difference[1])}"


def response_difference(stage: Stage) -> Evidence:
    """Known names and unknown ones in turn, a fresh browser each; what tells them apart every time."""
    check = CheckId(f"{CONTROL}/response-difference")
    facts = stage.facts
    if entry.find_login(facts) is None and not entry.find_recovery(facts):
        return Evidence(check=check, not_applicable="nobody signs in by name and password, and no way to recover a password was found")
    ways = _Ways(stage=stage)
    if not ways.names:
        return Evidence(check=check, not_verified="no name is known that has an account", unlock=_UNLOCK)
    seen = list[Observation]()
    for step in (ways.login, ways.recovery, ways.registration):
        with contextlib.suppress(TargetFailed, OSError):
            seen += step()
    if not seen:
        return Evidence(check=check, not_verified="no login could be asked", unlock=_UNLOCK)
    return Evidence(check=check, observations=tuple(seen))


CHECKS: tuple[Check, ...] = (Check(id=CheckId(f"{CONTROL}/response-difference"), kind=Kind.LIVE, run=response_difference),)
