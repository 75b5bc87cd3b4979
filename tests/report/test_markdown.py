from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from ringwork.names import CheckId
from ringwork.prove.evidence import Layers, Report, Verdict
from ringwork.report import markdown
from tests.report import sample

EVERY = {
    "clean": sample.clean(),
    "foreign": sample.foreign(),
    "partial": sample.partial(),
    "hostile": sample.hostile(),
    "late": sample.late(),
}
FOUND = sample.foreign().findings[0]
EVIL = "`` ` </code></details><img src=//evil.invalid/x> ![x](https://evil.invalid/x) @root [a](b) | cell | \n# head\n\n- item"


def _html(report: Report) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown.render(report))


def _evil() -> Report:
    """The hostile text wherever a target may choose it."""
    report = sample.foreign()
    first = replace(report.findings[0], where=EVIL, summary=EVIL, fix=EVIL, file=EVIL, owner=EVIL)
    results = (replace(report.results[0], reason=EVIL, check=CheckId(EVIL)), *report.results[1:])
    depth = (Layers(check=CheckId("a.b/c"), attack=EVIL, stopped_by=(EVIL,), succeeded_without=True),)
    told = {"target": EVIL, "command": EVIL, "exit_reason": EVIL, "framework": EVIL, "guarded": EVIL, "baseline": EVIL, "commit": EVIL}
    found = (first, *report.findings[1:])
    return replace(report, findings=found, results=results, depth=depth, unlocks=(EVIL,), known=(found[1].id,), **told)


def test_the_five_numbers_stand_side_by_side() -> None:
    """With the part of the not verified ones that held."""
    report = sample.foreign()
    held = sum(result.held for result in report.results)
    counts = [report.count(verdict) for verdict in Verdict]
    assert f"| {counts[0]} | {counts[1]} | {counts[2]} (held {held}) | {counts[3]} | {counts[4]} |" in markdown.render(report)


def test_new_findings_come_first() -> None:
    """Whoever reads a change sees what the change brought; the others are folded away below it."""
    report = sample.foreign()
    known = replace(report, baseline="b.json", known=tuple(f.id for f in report.findings if f.where != "POST /profile"))
    page = markdown.render(known)
    assert "### New findings: 1\n\n- **high** `browser.csrf` at `POST /profile`, `shop/orders.py:43`" in page
    assert page.index("POST /profile") < page.index("6 findings known to <code>b.json</code>") < page.index("POST /orders")


def test_what_was_not_verified_is_named() -> None:
    """Every name, with its reason."""
    report = sample.clean()
    page = markdown.render(report)
    missing = [result.check for result in report.results if result.verdict is Verdict.NOT_VERIFIED and f"`{result.check}`" not in page]
    assert not missing


def test_the_depth_table_marks_what_is_thin() -> None:
    """Defence in depth is seen at a glance."""
    page = markdown.render(sample.clean())
    assert "1 of 3 are thin" in page
    assert "| `request to a route without a rule` | `access.deny-by-default` | thin: a single layer |" in page


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_a_page_fits_where_it_goes(report: Report) -> None:
    """A comment that is too long is refused, and then nobody reads anything; what is cut is counted."""
    many = replace(
        report,
        findings=tuple(replace(FOUND, id=f"{n:012x}", summary="é" * 400) for n in range(500)),
        results=tuple(replace(one, reason=f"{number} {'é' * 300}") for number, one in enumerate(sample.clean().results)),
        depth=tuple(Layers(check=CheckId(f"a.b/{n}"), attack=f"{n}", stopped_by=("x" * 200,), succeeded_without=True) for n in range(300)),
        unlocks=tuple(f"{n} {'é' * 300}" for n in range(50)),
    )
    page = markdown.render(many)
    assert len(page.encode()) <= markdown.LIMIT_BYTES
    assert re.search(r"- \d+ more findings stand in the report", page)
    assert re.search(r"- \d+ more reasons stand in the report", page)
    assert page.count("<details>") == page.count("</details>")


def test_text_of_the_target_is_never_markup() -> None:
    """No tag, link, image, heading or table cell comes out of an answer; a mention in a code span calls nobody."""
    html = _html(_evil())
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert "evil.invalid" not in outside
    assert "@root" not in outside
    assert not re.search(r"<(img|a|h1)\b", html)
    assert {row.count("<td>") for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)} == {0, 3, 5}


@pytest.mark.parametrize("text", ["plain", "a`b", "``", "`lead", "trail`", "a|b", "\\|", "a\\"])
def test_a_code_span_shows_what_it_was_given(text: str) -> None:
    """Whatever backticks and bars there are, in a table and out of it."""
    assert f"<code>{text}</code>" in MarkdownIt().render(markdown.code(text))
    table = f"| a |\n| --- |\n| {markdown.cell(text)} |\n"
    assert f"<code>{text}</code>" in MarkdownIt("commonmark").enable("table").render(table)


def test_a_doubtful_run_says_so_first() -> None:
    """A run that was cut short, or whose copy was not put back, is read with care."""
    assert "**Read with care:**" in markdown.render(sample.partial())
    assert "**Read with care:**" not in markdown.render(sample.clean())


def test_waivers_that_are_due_stand_with_the_findings() -> None:
    """A run that fails by one of them says which."""
    page = markdown.render(sample.late())
    assert "- `the waiver of browser.csrf POST /sync until 2026-11-01 (web team) expired, and fails the run`" in page
    assert "POST /old until 2026-12-31 (web team) accepts nothing, and can go" in page


def test_a_narrowed_run_says_what_it_left_out() -> None:
    """A clean run of the changed routes is not read as one of all."""
    page = markdown.render(replace(sample.clean(), since="main", left_out={"GET /": "unchanged"}))
    assert "**Read with care:** only what changed since `main` was asked and 1 route left out, so nothing is proven." in page
