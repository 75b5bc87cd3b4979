"""All looks, by three written tuples: what is seen in one module at a time, in one file of any kind, and in a whole project.

A look knows no other look. Adding one is a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks import (
    account_tables,
    addresses,
    authorization,
    binding,
    clear_passwords,
    columns,
    comparisons,
    configured,
    debugging,
    floats,
    foreign,
    generic_views,
    guessable,
    handed_out,
    hidden,
    home_made,
    ignored,
    lifetimes,
    logged,
    logins,
    markup,
    messages,
    modes,
    openings,
    origins,
    packages,
    pages,
    passwords,
    regexes,
    rpc,
    secret_files,
    secret_names,
    self_given,
    settings,
    shared_state,
    shells,
    signing_keys,
    swallowed,
    templates,
    texts,
    token_keys,
    unsigned,
    verification,
    waiting,
    wildcards,
)
from ringwork.survey.looks.seen import Seen, is_shipped
from ringwork.survey.looks.texts import Text
from ringwork.survey.taint import keeping
from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Unit

LOOKS: tuple[Callable[[Seen], Iterator[Flow]], ...] = (
    secret_names.look,
    account_tables.look,
    comparisons.look,
    passwords.look,
    clear_passwords.look,
    home_made.look,
    guessable.look,
    swallowed.look,
    debugging.look,
    addresses.look,
    unsigned.look,
    authorization.look,
    configured.look,
    openings.look,
    generic_views.look,
    origins.look,
    binding.look,
    self_given.look,
    columns.look,
    messages.look,
    markup.look,
    shared_state.look,
    signing_keys.look,
    token_keys.look,
    regexes.look,
    foreign.look,
    floats.look,
    handed_out.look,
    lifetimes.look,
    waiting.look,
    shells.look,
    verification.look,
    modes.look,
    rpc.look,
    logged.look,
    wildcards.look,
    logins.look,
    hidden.look,
)
"""Looks at one module."""

FILES: tuple[Callable[[Text], Iterator[Flow]], ...] = (secret_files.look, packages.look, templates.look, pages.look, hidden.in_files)
"""Looks at one file of any kind, by its name and its text alone."""

PROJECTS: tuple[Callable[[Project], Iterator[Flow]], ...] = (ignored.look, settings.look)
"""Looks at a whole project."""


def found(
    project: Project,
    in_modules: Iterable[Flow],
    *,
    only: Collection[str] | None = None,
    kept: keeping.Kept | None = None,
    files: Iterable[Text] | None = None,
) -> tuple[Flow, ...]:
    """What all looks see, by place. in_modules: what `in_module` gave for the project's modules.

    only: files, relative to the project; of those at files nothing else is told. kept: what an earlier reading told of files. files: of
    the project, where somebody has them.
    """
    flows = list(in_modules)
    for one in texts.texts(project.root) if files is None else files:
        if only is None or one.file in only:
            flows += _in_file(one, kept)
    for look in PROJECTS:
        flows += (flow for flow in look(project) if only is None or flow.place.file in only)
    return tuple(sorted(_once(flows), key=_order))


def _in_file(one: Text, kept: keeping.Kept | None) -> list[Flow]:
    known = kept.of_file(one.file, one.digest) if kept is not None else None
    if known is not None:
        return known
    flows = [flow for look in FILES for flow in look(one)]
    if kept is not None:
        kept.keep_file(one.file, one.digest() if one.was_read else "", flows)
    return flows


def in_module(project: Project, unit: Unit, routes: Routes) -> Iterator[Flow]:
    """What the looks at one module see in it. routes: the project's, so that what is seen in a handler names its route."""
    if is_shipped(unit.file):
        seen = Seen(project, unit, routes)
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
