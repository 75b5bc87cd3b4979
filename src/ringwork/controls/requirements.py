"""The names of what outside standards require, as the header of the catalogue lists them.

Against a list of ten that shows nine, because no control answers the tenth: the names are listed whole and on their own, not
gathered from the rows, and a code that stands under none of them is a fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from ringwork.controls import standards
from ringwork.controls.table import Table, hint

Names = Mapping[str, Mapping[str, str]]
"""Standard to its headings in order, each with its title; a heading is a code, or a chapter of codes."""


def read(source: Table, known: Collection[str]) -> Names:
    """The names out of the header's table; a standard that the catalogue does not have is a fault of it."""
    found = {}
    for standard in source.names():
        inner = source.table(standard)
        found[standard] = MappingProxyType({heading: inner.text(heading) for heading in inner.names()})
        if standard not in known:
            source.fault(f"{standard!r} is no standard of this catalogue{hint(standard, known)}")
    return MappingProxyType(found)


def faults(names: Names, named: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A sentence for each code, given with its standard, that stands under no heading of a standard whose headings are listed."""
    for standard, code in sorted(set(named)):
        heading = standards.heading_of(standard, code)
        if standard in names and heading not in names[standard]:
            yield f"requirements: {standard} has no {heading!r}, under which {code} would stand"
