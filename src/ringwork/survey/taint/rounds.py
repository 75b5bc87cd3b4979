"""Which variables each round of a loop gives a value before it reads them: nothing that one round leaves in those is seen by the next.

Against time that grows with every loop inside a loop: a second round is read where the first one left something for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk


def fresh(body: ir.Block, target: ir.Expression | None, test: ir.Expression | None) -> frozenset[str]:
    """The variables of a loop that are its target, or that a statement of its body gives a value before any other names them.

    A statement inside another one counts for nothing, as it may be passed over. test: of a `while`, which is read first.
    """
    found = set(_plain(target)) if target is not None else set[str]()
    named = set(_names(test)) if test is not None else set[str]()
    for statement in body:
        if isinstance(statement, ir.Assign):
            named.update(_names(statement.value))
            targets = [list(_plain(one)) for one in statement.targets]
            named.update(name for one, plain in zip(statement.targets, targets, strict=True) if not plain for name in _names(one))
            found.update(name for plain in targets for name in plain if name not in named)
        else:
            named.update(_names(statement))
    return frozenset(found)


def _plain(target: ir.Expression) -> Iterator[str]:
    """The names of a target that is a name, or some of them; none where anything in it is more than that."""
    if isinstance(target, ir.Name):
        yield target.id
    elif isinstance(target, ir.Sequence) and all(isinstance(item, ir.Name) for item in target.items):
        yield from (item.id for item in target.items if isinstance(item, ir.Name))


def _names(node: object) -> Iterator[str]:
    return (part.id for part in walk((node,)) if isinstance(part, ir.Name))
