from __future__ import annotations

from dataclasses import replace

from ringwork.controls import control as catalogue
from ringwork.names import CheckId
from ringwork.prove.evidence import Layers, Report, Verdict
from ringwork.report.rings import Ring, rings
from ringwork.report.tally import End
from tests.report import sample


def _ring(report: Report, layer: str) -> Ring:
    return next(ring for ring in rings(report) if ring.layer == layer)


def test_every_layer_of_the_catalogue_has_a_card_outermost_first() -> None:
    """A layer of which nothing was tried is shown, not left out."""
    assert tuple(ring.layer for ring in rings(sample.clean())) == catalogue.load().layers


def test_a_card_counts_every_check_of_its_layer_once() -> None:
    """The figures of all cards are those of the run."""
    report = sample.foreign()
    assert sum(ring.tally.total for ring in rings(report)) == len(report.results)
    assert sum(ring.tally.counts[End.VIOLATED] for ring in rings(report)) == report.count(Verdict.VIOLATED)


def test_a_layer_with_a_hole_is_violated_and_one_with_open_checks_is_not_proven() -> None:
    """The word on a card is the gravest of its layer."""
    assert _ring(sample.foreign(), "browser").word == "violated"
    assert _ring(sample.clean(), "browser").word == "partly proven"
    assert _ring(sample.clean(), "data").word == "not verified"


def test_a_layer_is_proven_when_all_of_it_that_applies_is() -> None:
    """Green is possible, so that its absence means something."""
    report = sample.clean()
    proven = tuple(result for result in report.results if result.verdict is Verdict.PROVEN)
    assert {ring.word for ring in rings(replace(report, results=proven))} == {"proven"}


def test_a_layer_that_stands_alone_before_an_attack_is_thin() -> None:
    """One control of the layer stopped the attack and nothing stood behind it; two that stood make nothing thin."""
    alone = Layers(check=CheckId("browser.csrf/token-matrix"), attack="post", stopped_by=("browser.csrf",), succeeded_without=True)
    backed = replace(alone, stopped_by=("browser.csrf", "identity.sessions"))
    held = replace(alone, succeeded_without=False)
    assert _ring(replace(sample.clean(), depth=(alone,)), "browser").thin == 1
    assert _ring(replace(sample.clean(), depth=(backed, held)), "browser").thin == 0
    assert _ring(replace(sample.clean(), depth=(alone,)), "identity").thin == 0
