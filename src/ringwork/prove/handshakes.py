"""WebSocket handshakes that a foreign page makes a victim's browser send: no preflight, no form token, and cookies go along."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ringwork.errors import TargetFailed
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import EVIL, Client
from ringwork.survey.wire.jar import Reach
from ringwork.survey.wire.websocket import SocketAnswer

_LISTEN_SECONDS = 0.2


def foreign(cast: Cast) -> Iterator[Observation]:
    """Open each socket that needs a user from a foreign and from a sibling page, with the cookies that a browser would attach."""
    for route in cast.stage.facts.routes:
        if route.kind != "websocket" or route.rule == "public":
            continue
        for user, client in cast.one_by_one(route):
            honest = _honest(cast, route, client)
            if honest is not None:
                yield from _attacked(cast, route, client, user.name, honest)
                break


def _honest(cast: Cast, route: RouteFacts, client: Client) -> SocketAnswer | None:
    """The site's own page opens the socket, and nobody without a login does; None where a victim has nothing to lose."""
    if client.is_scripted:
        return None
    with contextlib.suppress(OSError, TargetFailed):
        path = cast.stage.fill(route, client=client)
        opened = client.socket(path, listen_seconds=_LISTEN_SECONDS)
        if opened.accepted and not cast.nobody().socket(path, listen_seconds=_LISTEN_SECONDS).accepted:
            return opened
    return None


def _attacked(cast: Cast, route: RouteFacts, client: Client, name: str, honest: SocketAnswer) -> Iterator[Observation]:
    path, site = cast.stage.fill(route, client=client), client.origin.partition("://")[2].partition(":")[0]
    pages = {
        "WebSocket opened by another site": (EVIL, Reach.CROSS_SITE),
        "WebSocket opened by a sibling host": (f"https://evil.{site}", Reach.SAME_SITE),
    }
    for attack, (origin, reach) in pages.items():
        try:
            answer = client.socket(path, origin=origin, reach=reach, listen_seconds=_LISTEN_SECONDS)
        except OSError as error:
            yield saw(Outcome.HELD, attack, route, f"the connection was cut ({error})", control=shown(honest, name))
            continue
        outcome = Outcome.BROKEN if answer.accepted else Outcome.HELD
        detail = f"the handshake of {origin} is {'accepted' if answer.accepted else f'refused with {answer.status}'}"
        yield saw(outcome, attack, route, detail, answers=[shown(answer, name)], control=shown(honest, name))
