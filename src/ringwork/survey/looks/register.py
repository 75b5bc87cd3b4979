"""All looks, by two written tuples: what is seen in one module at a time, and what is seen in a project's files.

A look knows no other look. Adding one is a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks import (
    addresses,
    authorization,
    binding,
    columns,
    comparisons,
    configured,
    debugging,
    foreign,
    guessable,
    home_made,
    ignored,
    markup,
    messages,
    openings,
    packages,
    pages,
    passwords,
    regexes,
    secret_files,
    secret_names,
    settings,
    shared_state,
    swallowed,
    templates,
)
from ringwork.survey.looks.seen import Seen, is_shipped
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.project import Project

LOOKS: tuple[Callable[[Seen], Iterator[Flow]], ...] = (
    secret_names.look,
    comparisons.look,
    passwords.look,
    home_made.look,
    guessable.look,
    swallowed.look,
    debugging.look,
    addresses.look,
    authorization.look,
    configured.look,
    openings.look,
    binding.look,
    columns.look,
    messages.look,
    markup.look,
    shared_state.look,
    regexes.look,
    foreign.look,
)
"""Looks at one module."""

FILES: tuple[Callable[[Project], Iterator[Flow]], ...] = (
    secret_files.look,
    ignored.look,
    packages.look,
    settings.look,
    templates.look,
    pages.look,
)
"""Looks at a whole project, and at files that are no Python."""


def found(project: Project, handlers: Iterable[Handler] = (), *, only: Collection[str] | None = None) -> tuple[Flow, ...]:
    """What all looks see, by place. handlers: the project's, so that what is seen in one names its route.

    only: files, relative to the project; the looks at one module pass over all others, and of those at files nothing else is told.
    """
    flows, grouped = list[Flow](), by_function(handlers)
    for unit in project.units():
        if is_shipped(unit.file) and (only is None or unit.file in only):
            flows += in_module(Seen(project, unit, grouped))
    for look in FILES:
        flows += (flow for flow in look(project) if only is None or flow.place.file in only)
    return tuple(sorted(_once(flows), key=_order))


def by_function(handlers: Iterable[Handler]) -> dict[str, tuple[Handler, ...]]:
    """Handlers by the dotted name of their function."""
    grouped: dict[str, tuple[Handler, ...]] = {}
    for handler in handlers:
        grouped[handler.function] = (*grouped.get(handler.function, ()), handler)
    return grouped


def in_module(seen: Seen) -> Iterator[Flow]:
    """What the looks at one module see in it."""
    for look in LOOKS:
        yield from look(seen)


def _once(flows: Iterable[Flow]) -> Iterator[Flow]:
    """One of several that are of one kind in one line: a form and a name may both tell of one secret. The stronger one stays."""
    best: dict[tuple[str, str, int], Flow] = {}
    for flow in flows:
        family = "secret" if flow.kind == "default-secret" else flow.kind
        key = (family, flow.place.file, flow.place.line)
        known = best.get(key)
        if known is None or (known.strength != flow.strength and flow.strength == "strong"):
            best[key] = flow
    yield from best.values()


def _order(flow: Flow) -> tuple[str, int, int, str, str]:
    return flow.place.file, flow.place.line, flow.place.column, flow.kind, flow.sink
