"""What was read in source is shown with its way, and what was confirmed by an attack stands apart from what was only read."""

from __future__ import annotations

import io
import json

from rich.console import Console

from ringwork.report import html, plain, sarif, terminal
from tests.report import sample

REPORT = sample.read()


def _terminal() -> str:
    console = Console(file=io.StringIO(), width=120, highlight=False, emoji=False, markup=False)
    terminal.render(REPORT, console, verbose=True)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_sarif_tells_the_way_of_a_value_step_by_step() -> None:
    """A viewer walks from where the value comes in to the place where it matters."""
    results = json.loads(sarif.render(REPORT))["runs"][0]["results"]
    (flow,) = next(one for one in results if one["properties"].get("tier") == "confirmed by attack")["codeFlows"]
    told = [
        (one["location"]["physicalLocation"]["region"]["startLine"], one["location"]["message"]["text"])
        for one in flow["threadFlows"][0]["locations"]
    ]
    assert told == [(4, "the query parameter q comes in"), (7, "reaches sqlite3.Cursor.execute")]


def test_sarif_gives_no_way_to_what_was_seen_at_a_route() -> None:
    """An attack that was made has requests and answers, and no steps."""
    results = json.loads(sarif.render(REPORT))["runs"][0]["results"]
    assert [one for one in results if "tier" not in one["properties"]]
    assert all("codeFlows" not in one for one in results if "tier" not in one["properties"])


def test_html_shows_the_way() -> None:
    """Each step with its file and line."""
    page = html.document(REPORT)
    assert "<code>shop/orders.py:4</code> the query parameter q comes in" in page
    assert "Confirmed by attack." in page
    assert "Unconfirmed." in page


def test_the_terminal_says_what_was_confirmed_and_counts_what_is_weak() -> None:
    """Only what was attacked can be replayed; weak ones fill no screen, and are not passed over in silence either."""
    text = _terminal()
    assert "ringwork replay 0000000000a1 (confirmed by attack)" in text
    assert "ringwork replay 0000000000a2" not in text
    assert "unconfirmed: read in source" in text
    assert "; 1 weak, read in source" in text
    assert "shop/old.py" not in text


def test_a_way_survives_the_report_on_disk() -> None:
    """What a later run compares with is whole."""
    assert plain.from_json(plain.to_json(REPORT)) == REPORT
