"""All that is found by reading a project's source: the ways of values, and what no way shows.

Against two reports of one fault: where both see the same kind of thing in one line, it is told once, as the stronger of the two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from ringwork.survey import markup
from ringwork.survey.flows import Flow, SourceFacts, Strength
from ringwork.survey.looks import register, templates, texts
from ringwork.survey.taint import analysis, files, keeping, routes
from ringwork.survey.taint.files import Listing
from ringwork.survey.taint.project import Project, parsed

_TESTS = frozenset({"tests", "test", "testing", "testdata", "conftest.py"})


def read(
    root: Path,
    *,
    only: Collection[str] = (),
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    is_kept: bool = False,
    digests: Mapping[str, str] = MappingProxyType({}),
) -> SourceFacts:
    """Read the source below `root`, once. progress: told how many of how many modules are done.

    only: the modules of one application, relative to the root; () for every file. is_kept: what an earlier reading gave is taken where
    nothing that it stands on has changed, and what this one gives is kept. digests: of bytes of files, by name, where somebody read
    them just now. Never raises for what stands in the files.
    """
    with analysis.undisturbed():
        return _read(root, only, jobs, progress, keeping.of(root, only) if is_kept else None, digests)


def _read(
    root: Path,
    only: Collection[str],
    jobs: int,
    progress: Callable[[int, int], None] | None,
    kept: keeping.Kept | None,
    digests: Mapping[str, str],
) -> SourceFacts:
    project = Project(root, listing=_asked(files.listing(root), only), parse=kept.parse if kept is not None else parsed)
    ways = kept.routes(project, lambda: routes.read(project)) if kept is not None else routes.read(project)
    reading = analysis.Reading(project, ways, kept=kept, beside=register.in_module)
    facts = reading.all(jobs=jobs, progress=progress)
    every = list(texts.texts(root, digests))
    shown = list(markup.joined(facts.shown, templates.pages(every, kept) if facts.shown else {}))
    told = markup.places(shown)
    looked = register.found(project, reading.seen, kept=kept, files=every)
    if kept is not None:
        kept.close()
    seen = (flow for flow in looked if flow.kind != "html" or (flow.place.file, flow.place.line) not in told)
    return dataclasses.replace(facts, flows=joined((*facts.flows, *shown), _beside(seen, only)), shown=())


def joined(followed: Iterable[Flow], seen: Iterable[Flow]) -> tuple[Flow, ...]:
    """Flows and what was looked for, by place; of one kind in one line the flows stay, unless what was seen is stronger."""
    flows = list(followed)
    told = {(flow.kind, *spot): flow.strength for flow in flows for spot in flow.spots}
    stronger = list[Flow]()
    for flow in seen:
        known = told.get((flow.kind, flow.place.file, flow.place.line))
        if known is None or (known is Strength.WEAK and flow.strength is Strength.STRONG):
            stronger.append(flow)
    replaced = {(flow.kind, flow.place.file, flow.place.line) for flow in stronger}
    kept = [flow for flow in flows if not any((flow.kind, *spot) in replaced for spot in flow.spots)]
    return tuple(sorted((*kept, *stronger), key=_order))


def _asked(listing: Listing, only: Collection[str]) -> Listing:
    wanted = set(only)
    if not wanted:
        return listing
    unread = tuple(one for one in listing.unread if one.file in wanted)
    return Listing(files=tuple(one for one in listing.files if one.file in wanted), unread=unread)


_OF_A_MODULE = frozenset({"templates", "static"})
"""Folders beside a module that stands alone, as Flask has them."""


def _beside(seen: Iterable[Flow], only: Collection[str]) -> Iterator[Flow]:
    """What looks saw in files of the application, and in those that are no Python and belong to no other program."""
    folders = {PurePosixPath(file).parts[0] for file in only if "/" in file}
    if any("/" not in file for file in only):
        folders |= _OF_A_MODULE
    for flow in seen:
        file = PurePosixPath(flow.place.file)
        is_its = not only or str(file) in only or (file.suffix != ".py" and (len(file.parts) == 1 or file.parts[0] in folders))
        if is_its and not (only and _TESTS & set(file.parts)):
            yield flow


def _order(flow: Flow) -> tuple[str, int, int, str, str, tuple[tuple[str, int, int], ...]]:
    steps = tuple((step.file, step.line, step.column) for step in flow.steps)
    return flow.place.file, flow.place.line, flow.place.column, flow.kind, flow.sink, steps
