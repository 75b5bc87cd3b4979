from __future__ import annotations

import base64
import functools
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ringwork.names import CheckId
from ringwork.prove.evidence import Exchanged, MatrixCell, Report, Verdict, Waived, WaiverState
from ringwork.report import html
from tests.report import sample

REPORTS = {"clean": sample.clean(), "foreign": sample.foreign(), "partial": sample.partial(), "hostile": sample.hostile()}
VOID = {"meta", "img", "br", "hr", "input", "link"}
LOADING = {"src", "srcset", "href", "action", "formaction", "data", "poster", "background", "xlink:href"}


class Outline(HTMLParser):
    """The elements of a page with their attributes, the text of each, and what was left open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def count(self, tag: str) -> int:
        """How many elements of this name."""
        return sum(name == tag for name, _ in self.elements)

    def ids(self) -> list[str]:
        """All ids, in order."""
        return [value for _, attributes in self.elements if (value := attributes.get("id"))]


def outline(report: Report) -> Outline:
    """The page of a report."""
    return Outline(html.document(report))


@functools.cache
def page_of(name: str) -> Outline:
    """The page of one of REPORTS, made once; the foreign one is compared with a run before it."""
    return Outline(html.document(REPORTS[name], before=sample.before_foreign() if name == "foreign" else None))


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_loaded_from_anywhere(name: str) -> None:
    """The file works without a network and tells nobody that it is read: every address is a fragment of itself."""
    found = page_of(name)
    addresses = [value for _, attributes in found.elements for key, value in attributes.items() if key in LOADING]
    assert addresses
    assert all(value is not None and value.startswith("#") for value in addresses)
    assert not re.search(r"url\(|@import", found.texts["style"][0])


@pytest.mark.parametrize("name", REPORTS)
def test_the_policy_names_exactly_this_style_and_this_script(name: str) -> None:
    """A markup injection has neither a script nor a style that the page's policy would let act."""
    found = page_of(name)
    policy = next(a["content"] for tag, a in found.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    style, script = (
        "'sha256-" + base64.b64encode(hashlib.sha256(found.texts[tag][0].encode()).digest()).decode() + "'" for tag in ("style", "script")
    )
    assert policy == f"default-src 'none'; style-src {style}; script-src {script}; img-src data:; base-uri 'none'; form-action 'none'"
    assert found.count("style") == found.count("script") == 1


@pytest.mark.parametrize("name", REPORTS)
def test_no_attribute_runs_or_styles(name: str) -> None:
    """The page needs no exception from its own policy."""
    attributes = {key for _, given in page_of(name).elements for key in given}
    assert not {key for key in attributes if key.startswith("on") or key == "style"}


def test_markup_of_the_target_stays_text() -> None:
    """A hostile answer closes no element, opens none, and is still shown in full."""
    honest, hostile = page_of("foreign"), page_of("hostile")
    assert hostile.count("img") == 0
    assert hostile.count("script") == 1
    assert hostile.count("h1") == honest.count("h1") == 1
    assert not hostile.open
    assert "</script></style><img src=x onerror=alert(1)>\\x1b[2J\\u202e&quot;'\"><h1>{{ 7*7 }}" in hostile.texts["h1"][0]


def test_hidden_characters_of_the_target_are_spelled_out() -> None:
    """Reordered or invisible text does not make an answer look like another."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html.document(sample.hostile()))


def test_a_fix_with_backticks_is_set_as_code_and_escaped() -> None:
    """What a fix quotes is set apart, and what it says is no markup."""
    report = sample.foreign()
    first = replace(report.findings[0], fix="run `<b>x</b>` now")
    page = html.document(replace(report, findings=(first,)))
    assert "run <code>&lt;b&gt;x&lt;/b&gt;</code> now" in page


def test_a_lone_backtick_stays_one() -> None:
    """An unpaired sign is text, and loses nothing of the fix."""
    report = sample.foreign()
    page = html.document(replace(report, findings=(replace(report.findings[0], fix="a ` sign <i>"),)))
    assert "a ` sign &lt;i&gt;" in page


def test_a_check_of_a_third_party_is_shown_by_its_id() -> None:
    """A control that the catalogue does not know is not left out."""
    report = sample.clean()
    strange = replace(next(r for r in report.results if r.evidence is not None), check=CheckId("acme.vault/seal"), title="Acme's seal")
    page = html.document(replace(report, results=(*report.results, strange)))
    assert 'id="check-acme-vault-seal"' in page
    assert "<h3>Acme</h3>" in page


@pytest.mark.parametrize("name", REPORTS)
def test_every_link_has_its_place_and_every_place_one_name(name: str) -> None:
    """A link to a finding, a check or a section arrives."""
    found = page_of(name)
    ids = found.ids()
    assert len(ids) == len(set(ids))
    links = {a["href"] for tag, a in found.elements if tag == "a"}
    assert {str(link).removeprefix("#") for link in links} <= set(ids)


@pytest.mark.parametrize("name", REPORTS)
def test_headings_go_down_one_level_at_a_time(name: str) -> None:
    """A screen reader's outline has no holes, and begins with one first heading."""
    levels = [int(tag[1]) for tag, _ in page_of(name).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("name", ["clean", "foreign"])
def test_tables_name_themselves_their_columns_and_their_rows(name: str) -> None:
    """A cell can be read without seeing the table."""
    found = page_of(name)
    assert found.count("table") == found.count("caption") > 0
    assert all(a.get("scope") in {"col", "row"} for tag, a in found.elements if tag == "th")


def test_a_finding_can_be_linked_mended_and_repeated() -> None:
    """One finding holds id, check, place, handler, request, answer and the command that repeats it."""
    page = html.document(sample.foreign())
    finding = page[page.index('id="finding-000000000002"') :]
    finding = finding[: finding.index("</article>")]
    for part in (
        'href="#finding-000000000002"',
        "browser.csrf/token-matrix",
        "POST /orders",
        "shop/orders.py:42",
        "Origin: https://evil.invalid",
        "HTTP/1.1 303 See Other",
        "ringwork replay 000000000002",
        "csrf_token={{csrf}}",
    ):
        assert part in finding, part


def test_a_cause_tells_once_what_its_findings_share() -> None:
    """Fix, reason and standards of a control that fell at two places stand before both, once."""
    page = html.document(sample.foreign())
    cause = page[page.index('id="cause-browser-csrf"') :].split('<section class="cause', 1)[0]
    assert "finding-000000000002" in cause
    assert "finding-000000000003" in cause
    for part in ("A foreign site makes the victim&#39;s browser", "<strong>Fix:</strong>", "CWE-352"):
        assert cause.count(part) == 1, part


def test_a_clean_run_says_that_the_rest_is_no_pass() -> None:
    """Green is not read as more than it is while something was not verified."""
    report = sample.clean()
    proven = tuple(result for result in report.results if result.verdict is Verdict.PROVEN)
    assert "is no pass" in html.document(report)
    assert "is no pass" not in html.document(replace(report, results=proven))


def test_a_run_below_its_floor_says_so() -> None:
    """Reached routes are told beside what was asked for."""
    assert "this run stayed below it" in html.document(sample.foreign())
    assert "this run stayed below it" not in html.document(sample.clean())


def test_a_cell_tells_expected_and_seen_in_words_and_by_symbol() -> None:
    """Colour repeats what the cell says and never says it alone."""
    cells = (MatrixCell(route="GET /x", role="bob", expected="deny", status=200),)
    page = html.document(replace(sample.clean(), matrix=cells))
    assert '<td class="cell bad"><span aria-hidden="true">✗</span> 200 let in<small>declared: deny</small></td>' in page


def test_many_attacks_that_held_are_counted_and_all_that_broke_are_shown() -> None:
    """A long list is cut where nothing was found, and the cut is told."""
    report = sample.foreign()
    first = next(result for result in report.results if result.verdict is Verdict.VIOLATED)
    assert first.evidence is not None
    seen = (*(sample.held("attack that failed", "GET /x") for _ in range(120)), *first.evidence.observations)
    page = html.document(replace(report, results=(replace(first, evidence=replace(first.evidence, observations=seen)),)))
    assert "70 more attacks of this check held" in page
    assert page.count("<strong>attack that failed</strong>") == 50
    assert f"<strong>{first.evidence.observations[0].attack}</strong>" in page


def test_a_lone_half_of_a_character_does_not_lose_the_report(tmp_path: Path) -> None:
    """An answer that is no text is spelled out instead of ending the run."""
    html.write(replace(sample.clean(), commit="\udc80"), tmp_path / "report.html")
    assert "\\udc80" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_begins_with_what_to_do() -> None:
    """The first section names one change for all that it mends, the gravest findings, and what would make more verifiable."""
    page = html.document(sample.foreign())
    first = page[page.index('<section id="first"') : page.index('<section id="rings"')]
    assert "ringwork.protect(app) switches these 6 controls on" in first
    assert 'href="#finding-000000000001"' in first
    assert "1 step would make more verifiable" in first


def test_a_clean_page_says_that_nothing_has_to_be_mended() -> None:
    """A reader is not left to search for a finding that does not exist."""
    page = html.document(sample.clean())
    assert "nothing has to be mended now" in page
    assert '<ol class="steps">' not in page


def test_an_expired_waiver_is_something_to_do() -> None:
    """What fails the run is told first, with the day on which it ended."""
    ended = Waived(
        control="browser.csrf", route="POST /x", reason="old", owner="web", until="2026-01-31", source="policy", state=WaiverState.EXPIRED
    )
    page = html.document(replace(sample.clean(), waived=(ended,)))
    first = page[page.index('<section id="first"') : page.index('<section id="rings"')]
    assert "2026-01-31" in first
    assert (
        "2026-01-31" not in html.document(replace(sample.clean(), waived=(replace(ended, state=WaiverState.USED),))).split('id="rings"')[0]
    )


def test_changes_are_told_by_kind_and_marked_at_their_findings() -> None:
    """New, fixed and not tested again are three things; a finding that is new says so where it stands."""
    page = html.document(sample.foreign(), before=sample.before_foreign())
    changes = page[page.index('<section id="changes"') : page.index('<section id="rings"')]
    new, fixed, untested = (changes.index(f"<h3>{title}") for title in ("New", "Fixed", "Not tested again"))
    assert new < changes.index('href="#finding-000000000001"') < fixed < changes.index("00000000f1ed") < untested
    assert untested < changes.index("0000000007ed")
    assert re.search(r'id="finding-000000000001"[^>]* data-state="new"', page)
    assert re.search(r'id="finding-000000000002"[^>]* data-state="still there"', page)


def test_a_run_in_which_nothing_is_new_marks_no_finding() -> None:
    """A mark on every finding sets none apart, and reads as if a baseline had accepted them: their number is told once."""
    page = html.document(sample.foreign(), before=sample.foreign())
    assert re.search(r"<p>\d+ still there\.</p>", page)
    assert not re.search(r'data-state="[^"]', page)
    assert "<h3>New</h3>" not in page


def test_without_an_earlier_run_nothing_is_said_of_changes() -> None:
    """No news is not made up."""
    page = html.document(sample.foreign())
    assert 'id="changes"' not in page
    assert 'data-state=""' in page
    assert 'data-state="new"' not in page


def test_every_item_of_the_lists_of_ten_is_a_row() -> None:
    """Also the one that no control answers, as not covered."""
    ids = page_of("clean").ids()
    wanted = [f"owasp_2021-A{n:02d}" for n in range(1, 11)] + [f"owasp_2025-A{n:02d}" for n in range(1, 11)]
    wanted += [f"api_2023-API{n}" for n in range(1, 11)] + ["owasp_2025-X03", "cwe-CWE-352", "asvs-3-5-1", "wstg-WSTG-SESS-05"]
    assert set(wanted) <= set(ids)
    page = html.document(sample.clean())
    row = page[page.index('id="owasp_2025-X03"') :]
    assert "not covered" in row[: row.index("</tr>")]


def test_every_check_and_control_of_the_run_has_a_place_to_link_to() -> None:
    """Also those of which nothing was tried."""
    ids = set(page_of("clean").ids())
    named = {result.check for result in sample.clean().results} | set(sample.clean().controls)
    assert {re.sub(r"[^A-Za-z0-9_-]+", "-", name) for name in named} <= {id_.partition("-")[2] for id_ in ids}


def test_a_finding_names_its_owner_and_can_be_filtered_by_it() -> None:
    """Whoever answers for a part finds theirs."""
    report = sample.foreign()
    first, second, *rest = report.findings
    report = replace(report, findings=(replace(first, owner="web team"), replace(second, owner="payments"), *rest))
    page = html.document(report)
    assert "owner: web team" in page
    assert 'data-owner="web team"' in page
    assert '<option value="payments">payments</option><option value="web team">web team</option>' in page


def test_many_routes_are_folded_and_those_that_surprise_are_not() -> None:
    """A matrix of hundreds of rows shows first what went wrong."""
    cells = tuple(MatrixCell(route=f"GET /{n}", role="bob", expected="deny", status=200 if n == 77 else 403) for n in range(120))
    page = html.document(replace(sample.clean(), matrix=cells))
    matrix = page[page.index('<section id="matrix"') : page.index('<section id="depth"')]
    assert matrix.index("<code>GET /77</code>") < matrix.index("<details") < matrix.index("<code>GET /0</code>")
    assert matrix.count("<code>GET /") == 120


def test_what_a_finding_quotes_is_not_quoted_twice() -> None:
    """A page of many findings stays small: the check points to the finding that holds its request."""
    page = html.document(sample.foreign())
    check = page[page.index('<details class="check" id="check-browser-csrf-token-matrix"') :]
    check = check[: check.index('<details class="control"')]
    assert "Requests and answers stand with finding 000000000003" in check
    assert "Location: /orders/7" not in check
    assert "Location: /orders/7" in page


def test_no_line_ends_in_a_blank_whatever_an_answer_holds() -> None:
    """What the target sent is shown as sent, and the file stays clean for whoever judges its markup."""
    report = sample.foreign()
    sent = Exchanged(request="GET / HTTP/1.1\r\n\r\n", answer="HTTP/1.1 200 OK\r\n\r\n<input \n \t\n  name=x>  ")
    first = replace(report.findings[0], observation=replace(report.findings[0].observation, exchanged=(sent,)))
    page = html.document(replace(report, findings=(first,)))
    assert not re.search(r"[ \t]$", page, flags=re.MULTILINE)
    assert "&lt;input&#32;\n&#32;&#9;\n  name=x&gt;&#32;&#32;</pre>" in page


def test_the_title_of_a_window_stays_short() -> None:
    """A long or strange name of a target is cut, also when its hidden characters are spelled out."""
    long = replace(sample.clean(), target="\u202e" * 60, exit_code=3)
    assert len(outline(long).texts["title"][0]) <= 70


def test_says_what_each_step_is_good_for() -> None:
    """A step that would verify more says how much, below its lines; one of which nothing is known says nothing."""
    gains = {"name the users": (CheckId("browser.csrf/a"), CheckId("browser.csrf/b"))}
    page = html.document(replace(sample.clean(), unlocks=("name the users", "ask nobody"), gains=gains))
    assert 'name the users<div class="soft small">2 more checks: browser.csrf</div></li>' in page
    assert "ask nobody</li>" in page


def test_the_head_says_how_grave_it_is() -> None:
    """Against forty findings that look alike: the first lines count them by severity, and say nothing of the kind where none is open."""
    banner = html.document(sample.foreign()).partition("<h1>")[0]
    assert re.search(r'<p class="graves">1 critical, 3 high, 2 medium, 1 low</p>', banner), banner[-300:]
    assert 'class="graves"' not in html.document(replace(sample.foreign(), findings=()))
