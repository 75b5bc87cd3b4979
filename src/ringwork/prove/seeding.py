"""Objects made before a look, so that pages and routes of objects have one to show: what nobody has made cannot be changed by a GET."""

from __future__ import annotations

import contextlib

from ringwork.errors import TargetFailed
from ringwork.prove import composing, makers, things, witness
from ringwork.prove.things import Thing
from ringwork.prove.witness import Cast
from ringwork.survey.wire.client import Client

_MOST = 12


def made(cast: Cast, name: str, client: Client) -> list[Thing]:
    """Let a user make one object through each route that makes, a few at most; what was taken, with the ids under which it is kept."""
    found = list[Thing]()
    for route in [route for route in witness.changes(cast.stage.facts) if makers.makes(route)][:_MOST]:
        with contextlib.suppress(TargetFailed, OSError):
            draft = composing.compose(cast, route, "POST" if "POST" in route.methods else "PUT", name, client)
            answer = draft.send(cast, name, client)
            if answer.status in {400, 422} and (plain := makers.without_owner(draft)) is not None:
                draft, answer = plain, plain.send(cast, name, client)
            if witness.is_served(answer):
                thing = things.made(draft, answer, client)
                things.find_kept(thing, cast.served)
                found.append(thing)
    return found
