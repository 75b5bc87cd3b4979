"""Which routes make something, told by their paths and parameters, and which end something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ringwork.prove import composing, own_fields
from ringwork.prove.composing import Draft
from ringwork.prove.things import Thing
from ringwork.survey.facts import RouteFacts

HARMS = re.compile(r"delete|remove|destroy|deactivat|disable|passw|purge|reset|revoke|cancel|close|unsubscribe", re.IGNORECASE)
_MADE_BELOW = re.compile(
    r"(?:comment|review|repl(?:y|ie)|order|message|note|bid|booking|answer|vote|rating|add|new|create)s?", re.IGNORECASE
)
"""The last word of a path that makes something of, or below, what its parameter names."""


def makes(route: RouteFacts) -> bool:
    """Whether a route may make something: it names no object that is there already, and does not sound like an end."""
    named = composing.id_parameters(route)
    own = [
        name
        for name in named
        if name in {"id", "pk", "uuid"} or composing.singular(re.split(r"_(?:id|pk|uuid)$", name)[0]) in composing.stems(route.path)
    ]
    is_made = "POST" in route.methods or ("PUT" in route.methods and "{" not in route.path)
    last = next((part for part in reversed(route.path.split("/")) if part and "{" not in part), "")
    is_made_below = "{" in route.path and bool(_MADE_BELOW.fullmatch(last))
    if is_made_below and route.path.rstrip("/").endswith(last):
        own = []  # /posts/{post_id}/comments names what is there already, and makes something of another name
    return is_made and (is_made_below or "{" not in route.path) and not own and not HARMS.search(route.path)


def below(routes: Sequence[RouteFacts], maker: RouteFacts | None) -> list[tuple[RouteFacts, str]]:
    """The routes that add to what `maker` makes and show what was added, each with the parameter that names it.

    `/invoices/{invoice_id}/lines` below `/invoices`: an empty list that anybody may read says nothing of whose its lines are.
    """
    if maker is None:
        return []
    pattern = re.compile(re.escape(maker.path.rstrip("/")) + r"/\{(\w+)(?::\w+)?\}/[\w-]+/?")
    at = [(route, match[1]) for route in routes if "POST" in route.methods and (match := pattern.fullmatch(route.path))]
    shown = {route.path.rstrip("/") for route in routes if "GET" in route.methods}
    return [(route, name) for route, name in at if route.path.rstrip("/") in shown and not makes(route) and not HARMS.search(route.path)]


def named(parameter: str, thing: Thing | None) -> dict[str, str]:
    """The thing as that parameter names it; nothing where it has no id."""
    found = thing.candidates(parameter) if thing is not None else []
    return {parameter: found[0]} if found else {}


def without_owner(draft: Draft) -> Draft | None:
    """The same request without an owner that it may leave out; None where it names none.

    Against a made-up owner for whom an honest request is refused: who asks is the owner where none is named.
    """
    needed = {p.name for p in draft.route.parameters if p.required}
    left = {name: value for name, value in draft.fields.items() if name in needed or own_fields.kind_of(name) != "owner"}
    marks = {word: name for word, name in draft.marks.items() if name in left}
    return replace(draft, fields=left, marks=marks) if len(left) < len(draft.fields) else None
