"""Objects made before a look, so that pages and routes of objects have one to show: what nobody has made cannot be changed by a GET."""

from __future__ import annotations

import contextlib

from ringwork.errors import TargetFailed
from ringwork.prove import composing, makers, witness
from ringwork.prove.witness import Cast
from ringwork.survey.wire.client import Client

_MOST = 8


def seed(cast: Cast, name: str, client: Client) -> int:
    """Let a user make one object through each route that makes, a few at most; how many were taken."""
    made = 0
    for route in [route for route in witness.changes(cast.stage.facts) if makers.makes(route)][:_MOST]:
        with contextlib.suppress(TargetFailed, OSError):
            draft = composing.compose(cast, route, "POST" if "POST" in route.methods else "PUT", name, client)
            made += witness.is_served(draft.send(cast, name, client))
    return made


def with_objects(cast: Cast) -> tuple[str, Client]:
    """The strongest user's name, who has made what can be made, and a browser of theirs that has not looked round yet."""
    name, client = cast.strongest()
    if not name:
        return name, client
    seed(cast, name, client)
    return name, client.fork()
