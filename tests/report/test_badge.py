from __future__ import annotations

import datetime
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ringwork.prove.evidence import Report, Verdict
from ringwork.report import badge
from tests.report import sample

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
CLEAN = sample.clean()


def _judged(report: Report, **more: object) -> badge.Badge:
    return badge.judge(report, **{"now": NOW, **more})  # type: ignore[arg-type]


def test_tells_the_numbers_of_the_report() -> None:
    """Checks, routes, commit and day, as they are."""
    found = _judged(CLEAN)
    asked = len(CLEAN.results) - CLEAN.count(Verdict.NOT_APPLICABLE)
    assert found.message == f"proven {CLEAN.count(Verdict.PROVEN)}/{asked} checks, violated 0, 32/34 routes, 3f2c1a9, 2026-11-23"
    assert found.colour == "brightgreen"


def test_goes_grey_with_age() -> None:
    """Evidence of last month says nothing about today; up to its age it stays."""
    day = datetime.timedelta(days=1)
    begun = datetime.datetime.fromisoformat(CLEAN.started_at)
    assert _judged(CLEAN, now=begun + 30 * day, max_age=30 * day).colour == "brightgreen"
    old = _judged(CLEAN, now=begun + 31 * day, max_age=30 * day)
    assert old.colour == "lightgrey"
    assert old.message.startswith("out of date: ")


@pytest.mark.parametrize(
    ("change", "colour", "said"),
    [
        ({"exit_code": 1}, "red", "proven"),
        ({"exit_code": 3}, "yellow", "inconclusive"),
        ({"partial": True}, "yellow", "inconclusive"),
        ({"results": ()}, "lightgrey", "nothing proven"),
        ({"started_at": "yesterday"}, "lightgrey", "undated"),
        ({"started_at": "2026-11-23T21:04:05"}, "lightgrey", "undated"),
        ({"started_at": "2026-12-23T21:04:05+00:00"}, "lightgrey", "dated in the future"),
        ({"tree": "changed"}, "brightgreen", "3f2c1a9 with changes"),
    ],
)
def test_is_green_only_where_the_run_was_clean(change: dict[str, object], colour: str, said: str) -> None:
    """Anything less has its own colour, and says why."""
    found = _judged(replace(CLEAN, **change))  # type: ignore[arg-type]
    assert (found.colour, said in found.message) == (colour, True), found


def test_goes_grey_on_another_commit() -> None:
    """The evidence of one commit is no badge of the next."""
    assert _judged(CLEAN, commit=CLEAN.commit).colour == "brightgreen"
    assert _judged(CLEAN, commit="f" * 40).message.startswith("of another commit: ")


def test_an_accepted_violation_is_not_bright_green() -> None:
    """A waiver is seen from far."""
    turned = (replace(CLEAN.results[0], verdict=Verdict.ACCEPTED), *CLEAN.results[1:])
    assert _judged(replace(CLEAN, results=turned)).colour == "yellowgreen"


def test_the_file_is_what_a_badge_service_reads() -> None:
    """Schema version 1, with texts that are not empty."""
    told = json.loads(badge.endpoint(_judged(CLEAN)))
    assert (told["schemaVersion"], told["label"], told["color"]) == (1, "ringwork", "brightgreen")
    assert told["message"] == _judged(CLEAN).message


def test_the_picture_is_read_out() -> None:
    """A screen reader hears the same as is seen, and nothing is loaded from elsewhere."""
    picture = badge.svg(_judged(replace(CLEAN, commit="<&\"'>abc")))
    root = ET.fromstring(picture)
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert root.get("role") == "img"
    assert root.get("aria-label") == title.text
    assert "href" not in picture
    assert "url(" not in picture


@pytest.mark.parametrize("colour", [*badge.COLOURS.values(), badge._LABEL_COLOUR])
def test_white_text_is_legible_on_every_colour(colour: str) -> None:
    """A contrast of 4.5 to 1 at least (WCAG 2.2, 1.4.3)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (luminance + 0.05) >= 4.5
