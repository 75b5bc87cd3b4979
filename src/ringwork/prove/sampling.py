"""Which routes stand for the others where a run is to be quick: some of each shape, those of the project's own code first.

Against a first look that takes minutes: what a layer does in front of every handler shows at a few of each kind. What was left out is told.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

from ringwork.prove.evidence import Evidence, Outcome
from ringwork.prove.witness import saw
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire.client import SAFE

MOST = 24
"""Routes that are asked in a quick run by checks of what stands before all of them."""

_LAYERS = frozenset({"transport", "network", "browser", "data", "infrastructure", "observation"})
_ALL = frozenset({"browser.open-redirect", "network.ssrf"})
"""Controls of those layers whose holes stand in one handler and not before all."""


def is_sampled(control: str) -> bool:
    """Whether a control is about what stands before every handler."""
    return control.partition(".")[0] in _LAYERS and control not in _ALL


def sample(facts: AppFacts, most: int = MOST) -> AppFacts:
    """The same facts with at most `most` plain routes, one of each shape after the other; other ways in as they are."""
    plain = [route for route in facts.routes if route.kind == "http"]
    if len(plain) <= most:
        return facts
    kept = {id(route) for route in itertools.islice(_in_turn(plain), most)}
    return dataclasses.replace(facts, routes=tuple(r for r in facts.routes if r.kind != "http" or id(r) in kept))


def _in_turn(routes: list[RouteFacts]) -> Iterator[RouteFacts]:
    """The first of each shape, then the second of each, and so on."""
    shapes = dict[tuple[object, ...], list[RouteFacts]]()
    for route in sorted(routes, key=lambda route: route.shown_file.startswith("library:")):
        shapes.setdefault(_shape(route), []).append(route)
    for row in itertools.zip_longest(*shapes.values()):
        yield from (route for route in row if route is not None)


def _shape(route: RouteFacts) -> tuple[object, ...]:
    changes = not set(route.methods) <= SAFE
    return route.shown_file, route.rule, route.roles, route.guarded_by, changes, route.body if changes else "", "{" in route.path


def told(evidence: Evidence, facts: AppFacts, asked: AppFacts) -> Evidence:
    """The evidence, with how many routes stood for how many, where some did."""
    everything, few = (len([route for route in one.routes if route.kind == "http"]) for one in (facts, asked))
    if everything == few or not evidence.observations:
        return evidence
    detail = f"{few} of {everything} routes were asked in this quick run, some of each shape (file, rule, methods, body)"
    return dataclasses.replace(
        evidence, observations=(*evidence.observations, saw(Outcome.UNTRIED, "the other routes", "all routes", detail))
    )
