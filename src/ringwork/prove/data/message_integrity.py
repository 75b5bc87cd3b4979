"""Whether a forged, altered, old or repeated message is taken for a genuine one.

Against webhooks and links that anybody can make: with a key that the project names for its copies, an honest message is sent and must be
taken; then each way to forge one is tried, and what the stores say afterwards decides, not the status alone.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, MessageKey, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import signing
from ringwork.survey.wire.client import SAFE, Answer, Client
from ringwork.survey.wire.signing import Written

CONTROL = "data.message-integrity"
_MATRIX = CheckId(f"{CONTROL}/signature-matrix")
_MOST = 6
_HOUR = 3600
_HOOK = re.compile(r"web-?hook|(^|[/_-])hooks?($|[/_-])|callback|(^|[/_-])ipn($|[/_-])|notif(y|ication)", re.IGNORECASE)
_WRONG = "a message with a wrong signature"

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A route that takes messages or links, and how to sign them. path: filled. body: of an honest message."""

    route: RouteFacts
    known: MessageKey
    path: str
    method: str
    kind: str = ""
    body: bytes = b""

    @property
    def purpose(self) -> str:
        return self.known.purpose or self.route.purpose


def signature_matrix(stage: Stage) -> Evidence:
    """An honest message, and every forgery of it, at each route that takes signed messages or links."""
    routes = witness.http_routes(stage.facts)
    declared = [(route, known) for route in routes if (known := _known(stage, route)) is not None]
    missing = [route for route in routes if route.rule == "signed" and _known(stage, route) is None]
    if not declared:
        return _nothing_declared(stage, missing)
    cast = Cast(stage)
    seen = [_untried(route, "no key of it is named for the prover") for route in missing]
    for route, known in declared[:_MOST]:
        with contextlib.suppress(TargetFailed, OSError):
            place = _placed(stage, route, known)
            seen += _links(cast, place) if known.form == signing.LINK else _messages(cast, place)
    return Evidence(check=_MATRIX, observations=tuple(seen), unlock=_lines(missing[0]) if missing else "")


def _known(stage: Stage, route: RouteFacts) -> MessageKey | None:
    return next((known for known in stage.messages if known.route == route.name), None)


def _nothing_declared(stage: Stage, missing: Sequence[RouteFacts]) -> Evidence:
    if missing:
        reason = f"{missing[0].name} takes signed messages, and no key of a copy is named, so no honest one can be sent"
        return Evidence(check=_MATRIX, not_verified=reason, unlock=_lines(missing[0]))
    looks = [route for route in witness.changes(stage.facts) if _HOOK.search(route.path)]
    if looks:
        reason = f"{looks[0].name} looks like a webhook; how its messages are signed is not declared"
        return Evidence(check=_MATRIX, not_verified=reason, unlock=_lines(looks[0]))
    return Evidence(check=_MATRIX, not_applicable="no route is marked signed or named in prove.messages, and none looks like a webhook")


def _lines(route: RouteFacts) -> str:
    form = "link" if route.rule == "signed" and not route.sender else "github"
    return "\n".join(
        (
            "a key that copies know, in ringwork.toml beside the application; $NAME is read from [prove.env], else from your environment:",
            "[[prove.messages]]",
            f'route = "{route.name}"',
            f'form = "{form}"  # ringwork, link, github, stripe, standard-webhooks or slack',
            'key = "$NAME"',
            "body = '...'  # what an honest message carries, where the prover cannot guess it",
        )
    )


def _placed(stage: Stage, route: RouteFacts, known: MessageKey) -> _Place:
    method = "GET" if "GET" in route.methods else witness.unsafe_method(route)
    kind, body = known.content_type or "application/json", known.body.encode()
    if not body and method not in SAFE:
        kind, body = stage.body(route) or (kind, b"{}")
    return _Place(route=route, known=known, path=stage.fill(route), method=method, kind=kind, body=body)


# -- messages -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """One message as it goes out."""

    headers: Headers
    body: bytes
    method: str
    path: str


def _messages(cast: Cast, place: _Place) -> Iterator[Observation]:
    client, served = cast.nobody(), cast.served
    honest = _honest(place, client, time.time())
    before = served.state()
    taken = _shoot(client, place, honest)
    effect = witness.changed(before, served.state())
    if not witness.is_served(taken):
        yield _untried(place.route, f"an honest message was answered {taken.status}; check key, form and body of prove.messages")
        return
    control = shown(taken, "its sender")
    yield _judged(cast, place, "the same message again", honest, effect, control)
    for attack, forged in _forgeries(place, client).items():
        yield _judged(cast, place, attack, forged, effect, control)
    # Another body, because in a form without a nonce the same one at the same second is the same message.
    other = replace(place, body=_varied(place, 2))
    last = _shoot(client, other, _honest(other, client, time.time()))
    if not witness.is_served(last):
        yield _untried(place.route, f"after the forgeries an honest message was answered {last.status}, so their refusals mean nothing")


def _honest(place: _Place, client: Client, at: float) -> _Sent:
    return _Sent(headers=signing.signed(_written(place, client, at)), body=place.body, method=place.method, path=place.path)


def _written(place: _Place, client: Client, at: float) -> Written:
    return Written(
        form=place.known.form,
        key=place.known.key,
        method=place.method,
        authority=client.host,
        path=place.path,
        at=at,
        body=place.body,
        purpose=place.purpose,
    )


def _forgeries(place: _Place, client: Client) -> dict[str, _Sent]:
    """What a signature has to stand against; where a form covers no time or no path, that is the form's, and is not tried."""
    now, form = time.time(), place.known.form
    right = _written(place, client, now)
    sent = _Sent(headers=signing.signed(right), body=place.body, method=place.method, path=place.path)
    found = {
        "a message without a signature": replace(sent, headers=[]),
        "a message signed with another key": replace(sent, headers=signing.signed(signing.other_key(right))),
        "a message whose body was altered": replace(sent, body=_varied(place, 1)),
        "a message whose signature was cut": replace(sent, headers=signing.cut(sent.headers)),
    }
    if form in signing.TIMED:
        found["an old message"] = replace(sent, headers=signing.signed(replace(right, at=now - _HOUR)))
        found["a message of the future"] = replace(sent, headers=signing.signed(replace(right, at=now + _HOUR)))
        old = signing.signed(replace(right, at=now - _HOUR))
        fresh = [(name, value.replace(str(int(now - _HOUR)), str(int(now)))) for name, value in old]
        found["an old message with a new time"] = replace(sent, headers=fresh)
    if form in signing.PLACED:
        found["a message signed for another path"] = replace(sent, headers=signing.signed(replace(right, path=place.path + "/other")))
        found["a message signed for another method"] = replace(sent, headers=signing.signed(replace(right, method="PUT")))
        found["a message signed for another purpose"] = replace(
            sent, headers=signing.signed(replace(right, purpose=f"not {place.purpose}"))
        )
    return found


def _varied(place: _Place, times: int) -> bytes:
    """Another body that says the same, so that what happens to it is not the parser's doing."""
    return place.body + (b" " if "json" in place.kind else b"&altered=1") * times


def _shoot(client: Client, place: _Place, sent: _Sent) -> Answer:
    headers = [("content-type", place.kind), *sent.headers]
    return client.send(sent.method, sent.path, headers=headers, body=sent.body, cookies=False, same_origin=False)


def _judged(cast: Cast, place: _Place, attack: str, forged: _Sent, effect: frozenset[str], control: Exchanged) -> Observation:
    served = cast.served
    before = served.state()
    answer = _shoot(cast.nobody(), place, forged)
    changed = witness.changed(before, served.state()) & effect
    return _told(place.route, attack, answer, control, changed, is_taken=bool(changed) or (not effect and witness.is_served(answer)))


# -- links --------------------------------------------------------------------------------------------------


def _links(cast: Cast, place: _Place) -> Iterator[Observation]:
    client, now = cast.nobody(), int(time.time())

    def link(path: str = place.path, *, key: str = place.known.key, purpose: str = place.purpose, until: int = now + 600) -> str:
        return signing.linked(key, path, purpose, until=until)

    good = link()
    taken = client.send("GET", good, cookies=False, same_origin=False)
    if not witness.is_served(taken):
        yield _untried(place.route, f"an honest link was answered {taken.status}; check key and purpose of prove.messages")
        return
    control = shown(taken, "the link's holder")
    mark = f"until={now + 600}"
    forged: Mapping[str, Callable[[], str]] = {
        "a link without a signature": lambda: place.path,
        "a link signed with another key": lambda: link(key=signing.other_key(_written(place, client, now)).key),
        "a link to another address": lambda: place.path + "?" + link(f"{place.path}0").partition("?")[2],
        "a link with something added": lambda: good.replace("?", "?added=1&"),
        "a link whose end was moved": lambda: good.replace(mark, f"until={now + _HOUR * 24}"),
        "a link for another purpose": lambda: link(purpose=f"not {place.purpose}"),
        "a link whose signature was cut": lambda: good[:-4],
        "a link that has expired": lambda: link(until=now - 60),
        **({"the same link again": lambda: good} if place.route.once else {}),
    }
    for attack, made in forged.items():
        answer = client.send("GET", made(), cookies=False, same_origin=False)
        yield _told(place.route, attack, answer, control, frozenset(), is_taken=witness.is_served(answer))
    if not place.route.once:
        again = client.send("GET", link(until=now + 500), cookies=False, same_origin=False)
        if not witness.is_served(again):
            yield _untried(place.route, f"after the forgeries an honest link was answered {again.status}, so their refusals mean nothing")


def _told(route: RouteFacts, attack: str, answer: Answer, control: Exchanged, changed: frozenset[str], *, is_taken: bool) -> Observation:
    if is_taken:
        words = f"changed {', '.join(sorted(changed))}" if changed else "was taken for genuine"
        detail = f"it {words} (answered {answer.status})"
        return saw(Outcome.BROKEN, attack, route, detail, answers=[shown(answer)], control=control)
    if answer.status >= 500:
        return saw(Outcome.UNTRIED, attack, route, f"answered {answer.status}, which is a failure and no refusal", answers=[shown(answer)])
    words = "answered" if witness.is_served(answer) else "refused"
    return saw(Outcome.HELD, attack, route, f"{words} with {answer.status}, nothing changed", answers=[shown(answer)], control=control)


def _untried(route: RouteFacts, why: str) -> Observation:
    return saw(Outcome.UNTRIED, _WRONG, route, why)


CHECKS: tuple[Check, ...] = (
    Check(id=_MATRIX, kind=Kind.LIVE, run=signature_matrix),
    reading.check(f"{CONTROL}/verify-before-use"),
)
