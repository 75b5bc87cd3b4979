"""One card for each layer of the catalogue: what its checks came to, and where an attack meets this layer alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ringwork.prove.evidence import CheckResult, Report
from ringwork.report import about, depth
from ringwork.report.signs import NONE, OPEN, Sign
from ringwork.report.tally import ENDS, End, Tally, end_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """layer: as in the catalogue; name: as shown. word, sign: the whole in a few words.

    controls: how many of the layer were in the run. tried: how many of them something was found out about.
    thin: attacks, grouped by check, that only one control of this layer stopped.
    """

    layer: str
    name: str
    word: str
    sign: Sign
    tally: Tally
    controls: int
    tried: int
    thin: int


def layer_of(id_: str) -> str:
    """The layer of a control or a check."""
    return id_.partition(".")[0]


def name_of(layer: str) -> str:
    """A layer as a heading."""
    return layer.replace("-", " ").capitalize()


def is_tried(result: CheckResult) -> bool:
    """Whether anything was found out: a check without evidence that is merely not verified is a wish."""
    return result.evidence is not None or end_of(result) not in {End.NOT_VERIFIED, End.MANUAL}


def rings(report: Report) -> tuple[Ring, ...]:
    """The layers in the catalogue's order, outermost first; those of third parties last."""
    by_layer = dict[str, list[CheckResult]]()
    for result in report.results:
        by_layer.setdefault(layer_of(result.check), []).append(result)
    thin = [layer_of(stand.layers[0]) for stand in depth.stands(report.depth) if stand.is_thin]
    return tuple(_ring(layer, by_layer[layer], thin.count(layer)) for layer in about.layers(set(by_layer)))


def _ring(layer: str, results: list[CheckResult], thin: int) -> Ring:
    tally = Tally.of(map(end_of, results))
    word, sign = _word(tally)
    return Ring(
        layer=layer,
        name=name_of(layer),
        word=word,
        sign=sign,
        tally=tally,
        controls=len(_controls(results)),
        tried=len(_controls(filter(is_tried, results))),
        thin=thin,
    )


def _controls(results: Iterable[CheckResult]) -> set[str]:
    return {result.check.partition("/")[0] for result in results}


def _word(tally: Tally) -> tuple[str, Sign]:
    """A layer of which a part was proven is called partly proven, in the colour of what is open."""
    end = tally.end
    if end is None:
        return "nothing listed", NONE
    if end is End.NOT_VERIFIED and tally.counts[End.PROVEN]:
        return "partly proven", OPEN
    return end.value, ENDS[end]
