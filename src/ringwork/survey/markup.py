"""Ways of requests into templates, joined with what the templates show as it is: a variable that escaping is switched off for is markup.

Against script of a stranger in a page whose code looks clean: the view hands a text on, and only the template says what becomes of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from ringwork.survey.flows import Flow, Step
from ringwork.survey.looks.templates import Page, Unescaped
from ringwork.survey.taint import shown


def joined(flows: Iterable[Flow], pages: Mapping[str, tuple[Page, ...]]) -> Iterator[Flow]:
    """The flows that end in a variable which its template shows as it is, told where the page is rendered; one for each of its places.

    flows: SourceFacts.shown. pages: what looks.templates.pages gives.
    """
    told = set[tuple[str, int, str]]()
    for flow in flows:
        name, template, variable = shown.parts(flow.sink)
        # A template may be named by its place too, as Pyramid does.
        named = pages.get(template) or pages.get(template.rpartition("templates/")[2], ())
        for page in _nearest(named, flow.place.file):
            one = page.shown.get(variable)
            key = (flow.place.file, flow.place.line, variable)  # themes have several templates of one name
            if one is not None and key not in told:
                told.add(key)
                yield _told(flow, name, variable, one)


def _told(flow: Flow, name: str, variable: str, one: Unescaped) -> Flow:
    step = Step(file=one.file, line=one.line, column=0, said=f"{{{{ {one.expression} }}}} shows {variable} as it is")
    detail = f"{one.file}:{one.line} puts {variable} into the page as it is ({one.expression}); leave escaping on there."
    return dataclasses.replace(flow, kind="html", sink=name, steps=(*flow.steps[:-1], step, flow.steps[-1]), detail=detail)


def _nearest(pages: tuple[Page, ...], file: str) -> list[Page]:
    """Of several templates of one name those that lie nearest to the view, as applications keep them."""
    common = [sum(1 for _ in _same(page.file.split("/"), file.split("/"))) for page in pages]
    return [page for page, length in zip(pages, common, strict=True) if length == max(common)]


def _same(left: list[str], right: list[str]) -> Iterator[str]:
    for ours, theirs in zip(left, right, strict=False):
        if ours != theirs:
            return
        yield ours


def places(flows: Iterable[Flow]) -> frozenset[tuple[str, int]]:
    """File and line of the templates that joined flows go through: what is told there needs no hint of its own."""
    return frozenset((flow.steps[-2].file, flow.steps[-2].line) for flow in flows)
