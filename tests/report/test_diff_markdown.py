from __future__ import annotations

from dataclasses import replace

from markdown_it import MarkdownIt

from ringwork.prove.evidence import Report, Verdict
from ringwork.report import diff, diff_markdown
from tests.report import sample

SHOP = sample.foreign()
FIRST, *REST = SHOP.findings
BEFORE = replace(SHOP, findings=tuple(REST), commit="a" * 40)
EVIL = "`` ` </code></details><img src=//evil.invalid/x> ![x](https://evil.invalid/x) @root [a](b)\n# head\n\n- item"


def _page(before: Report, after: Report) -> str:
    return diff_markdown.render(diff.compare(before, after), before, after)


def test_tells_what_is_new_and_counts_what_is_old() -> None:
    """A reviewer reads about the change at hand, not about the years before it."""
    page = _page(BEFORE, SHOP)
    assert "1 new finding" in page
    assert f"- **{FIRST.severity}** `{FIRST.control}` at `{FIRST.where}`" in page
    assert f"ringwork replay {FIRST.id}" in page
    assert not [one.id for one in REST if one.id in page]
    assert f"{len(REST)} findings that stood there before." in page


def test_says_so_where_nothing_is_new() -> None:
    """The comment of an earlier push is put right when the hole was closed."""
    assert "0 new findings" in _page(SHOP, SHOP)


def test_names_what_lost_its_proof() -> None:
    """A defence that nobody could test any more is news, though it is no finding."""
    check = SHOP.results[0].check
    before, after = (
        replace(SHOP, results=tuple(replace(one, verdict=verdict) if one.check == check else one for one in SHOP.results))
        for verdict in (Verdict.PROVEN, Verdict.NOT_VERIFIED)
    )
    assert f"- `{check}`: not verified now" in _page(before, after)
    assert "no longer proven" not in _page(after, before)


def test_never_calls_fixed_what_was_not_tested_again() -> None:
    """Leaving a check out closes nothing."""
    later = replace(BEFORE, results=tuple(one for one in SHOP.results if one.check != FIRST.check))
    page = _page(SHOP, later)
    assert "not tested again, so not fixed" in page
    assert "1 fixed" not in page


def test_text_of_the_target_stays_text() -> None:
    """Against markup, links, images and mentions that a target puts into a comment under somebody else's name."""
    hostile = replace(FIRST, where=EVIL, summary=EVIL, fix=EVIL, file=EVIL, owner=EVIL)
    after = replace(SHOP, findings=(hostile, *REST), target=EVIL, exit_reason=EVIL, commit=EVIL)
    html = MarkdownIt("commonmark", {"html": True}).render(_page(replace(BEFORE, commit=EVIL), after))
    outside = "".join(part.partition("</code>")[2] for part in html.split("<code>"))
    assert not [word for word in ("<img", "<a ", "@root", "<h1") if word in outside]


def test_fits_into_one_comment() -> None:
    """GitHub takes 65,536 characters; what was cut is counted."""
    many = tuple(replace(FIRST, id=f"{n:012x}", summary="s" * 390) for n in range(900))
    page = _page(replace(SHOP, findings=()), replace(SHOP, findings=many))
    assert len(page.encode()) < 60_000
    assert "more new findings stand in the report" in page
