"""All fixes of one file, put together: what is mended, what is left to a person, and the text afterwards.

Against a fix that breaks a file: the result has to read as well as before, and nothing of it may be left to mend in the same way.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ringwork.survey.fixing import calls, chance, queries
from ringwork.survey.fixing.edit import Edit, Fix, Left, apply
from ringwork.survey.fixing.source import Source
from ringwork.survey.syntax import File

Fixer = Callable[[Source], Iterator[Fix | Left]]

FIXERS: tuple[Fixer, ...] = (
    calls.loaders,
    calls.checksums,
    calls.timeouts,
    calls.certificates,
    calls.temporary,
    calls.cookies,
    chance.tokens,
    queries.statements,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """One file. data: its bytes afterwards, as before where nothing was mended."""

    data: bytes
    fixes: tuple[Fix, ...] = ()
    left: tuple[Left, ...] = ()


def mended(data: bytes, wanted: Callable[[str, int], bool] = lambda kind, line: True) -> Mended:
    """Mend what can be. wanted: whether a kind at a line is to be mended; what is not is passed over in silence.

    A file that cannot be read whole is left as it is: edits of a text that is half understood are guesses.
    """
    file = File(data)
    if not file.is_whole:
        return Mended(data=data)
    source = Source(file)
    found = [one for fixer in FIXERS for one in fixer(source) if wanted(one.kind, one.line)]
    fixes, left = list[Fix](), [one for one in found if isinstance(one, Left)]
    edits = list[Edit]()
    for one in sorted((one for one in found if isinstance(one, Fix)), key=lambda fix: fix.edits[0].start):
        together = _joined(edits, one.edits)
        if together is None or not File(apply(data, together)).is_whole:
            left.append(Left(kind=one.kind, line=one.line, why="it meets another fix; run it again"))
        else:
            edits = together
            fixes.append(one)
    edits += [source.importing(module) for module in sorted({name for fix in fixes for name in fix.modules})]
    after = apply(data, edits)
    if not File(after).is_whole:
        return Mended(data=data, left=tuple(left))
    return Mended(data=after, fixes=tuple(fixes), left=tuple(sorted(left, key=lambda one: one.line)))


def _joined(edits: list[Edit], more: tuple[Edit, ...]) -> list[Edit] | None:
    """Both, None where two of them meet. Two that add at one place are told apart by what they replace, and these replace nothing."""
    both = sorted([*edits, *more], key=lambda one: (one.start, one.end))
    met = any(one.end > other.start for one, other in itertools.pairwise(both))
    return None if met else both
