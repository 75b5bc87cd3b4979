from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from ringwork import pipeline
from ringwork.names import CheckId
from ringwork.prove.evidence import Layers, MatrixCell, Report, Tier, Verdict, Waived, WaiverState
from ringwork.report import terminal
from tests.report import sample

REPORTS = {"clean": sample.clean(), "foreign": sample.foreign(), "partial": sample.partial(), "hostile": sample.hostile()}


def shown(report: Report, *, width: int = 100, verbose: bool = False, **options: object) -> str:
    """What is printed on a console of this width."""
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False, markup=False, **options)  # type: ignore[arg-type]
    terminal.render(report, console, verbose=verbose, written=[Path(".ringwork/report.html")])
    return console.file.getvalue()  # type: ignore[attr-defined]


def crowded() -> Report:
    """A report with far more of everything than forty lines can hold."""
    report = sample.foreign()
    findings = [
        replace(one, control=f"{one.control}-{n}", summary=f"{one.summary} {'again ' * 40}") for n in range(20) for one in report.findings
    ]
    depth = [
        Layers(check=CheckId(f"browser.csrf/{n}"), attack=f"attack {n}", stopped_by=("browser.csrf",) * (1 + n % 3), succeeded_without=True)
        for n in range(50)
    ]
    matrix = [MatrixCell(route=f"GET /{n}", role=role, expected="deny", status=200) for n in range(50) for role in ("anonymous", "bob")]
    skipped = {f"GET /skipped/{n}": f"reason {n}" for n in range(50)}
    unlocks = tuple(f"line to add {n}\nand another" for n in range(20))
    coverage = replace(report.coverage, skipped=skipped)
    report = replace(report, findings=tuple(findings), depth=tuple(depth), matrix=tuple(matrix), coverage=coverage, unlocks=unlocks)
    waived = tuple(_waiver(state, n) for n in range(50) for state in WaiverState)
    return replace(report, waived=waived, since="main", left_out=skipped, baseline="known.json", gone=("a" * 12,))


def _waiver(state: WaiverState, n: int = 0) -> Waived:
    return Waived(
        control="browser.csrf",
        route=f"POST /hook/{n}",
        reason="signed",
        owner="payments",
        until="2026-01-31",
        source="inline",
        state=state,
        file="shop/hooks.py",
        line=7,
    )


@pytest.mark.parametrize("width", [60, 73, 100, 240])
@pytest.mark.parametrize("name", REPORTS)
def test_forty_lines_hold_every_report(name: str, width: int) -> None:
    """The summary fits a screen, whatever the target is called and answers."""
    lines = shown(REPORTS[name], width=width).splitlines()
    assert len(lines) <= 40
    assert max(map(cell_len, lines)) <= min(width, 100)


@pytest.mark.parametrize("width", [60, 100])
def test_what_was_cut_is_counted(width: int) -> None:
    """A reader of forty lines knows how much stands elsewhere, and where."""
    text = shown(crowded(), width=width)
    assert len(text.splitlines()) <= 40
    for said in ("of 120 causes (", "more of 50 in the report", "more of 50, ", " of 50 reasons", "more of 20 in the report"):
        assert said in " ".join(text.split()), said
    assert ".ringwork/report.html" in text


def test_verbose_cuts_no_section() -> None:
    """Who asks for all of it gets every finding, route and reason."""
    text = shown(crowded(), verbose=True)
    assert text.count("ringwork replay") == 140
    assert "more of" not in text
    assert all(f"GET /{n} " in text for n in range(50))


def test_the_five_numbers_stand_side_by_side() -> None:
    """What was not verified is as visible as what was proven, with the part that held."""
    report = sample.foreign()
    violated, open_, moot = (report.count(v) for v in (Verdict.VIOLATED, Verdict.NOT_VERIFIED, Verdict.NOT_APPLICABLE))
    held = sum(result.held for result in report.results)
    wanted = f"proven 0  ✗ violated {violated}  ? not verified {open_} (held {held})  · not applicable {moot}  ! accepted 0"
    assert wanted in shown(report).splitlines()[1]


def test_depth_comes_first_and_the_thin_before_the_deep() -> None:
    """The table that shows where one layer is all there is, before any other detail."""
    text = shown(sample.clean())
    assert text.index("Depth") < text.index("Findings") < text.index("Role x route") < text.index("Coverage") < text.index("To verify more")
    thin = next(line for line in text.splitlines() if "thin " in line and "access.deny-by-default" in line)
    assert text.index(thin) < text.index("browser.cookie-attributes")


def test_a_finding_tells_place_fix_and_how_to_repeat_it() -> None:
    """The gravest finding comes first, and can be mended and repeated from what is printed."""
    text = shown(sample.foreign(), verbose=True)
    first = text.partition("Findings")[2].splitlines()[1:6]
    assert "critical" in first[0]
    assert "GET /orders/{order_id}" in first[0]
    assert "shop/orders.py:41" in first[0]
    assert any("fix: ringwork.protect(app)" in line for line in first)
    assert any("ringwork replay 000000000001" in line for line in first)


def test_one_cause_is_one_item_with_its_worst_place() -> None:
    """Against a policy that is missing on seventeen routes and fills the screen: it is told once, with the number of routes."""
    report = sample.foreign()
    one = next(finding for finding in report.findings if finding.control == "access.deny-by-default")
    routes = tuple(f"GET /page/{n}" for n in range(17))
    many = [replace(one, id=f"{n:012x}", where=route, severity="high", file="shop/pages.py", line=n + 1) for n, route in enumerate(routes)]
    worst = replace(many[9], id="f" * 12, severity="critical")
    text = shown(replace(report, findings=(*many[:9], worst, *many[10:], *report.findings[1:3]), routes=routes))
    lines = [line for line in text.splitlines() if "✗" in line and "access.deny-by-default" in line]
    assert len(lines) == 1
    assert "critical" in lines[0]
    assert worst.id in lines[0] or f"ringwork replay {worst.id}" in text
    assert "shop/pages.py:10" in lines[0]
    assert "on 17 routes, first GET /page/9" in " ".join(text.split())
    assert text.index("access.deny-by-default") < text.index(report.findings[1].control)


def test_a_single_place_is_not_counted() -> None:
    """Nobody reads "on 1 routes"."""
    report = sample.foreign()
    text = shown(replace(report, findings=report.findings[:1]))
    assert "on 1 " not in text
    assert "cause" not in text.partition("Findings")[2].splitlines()[0]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_many_findings_are_told_briefly_and_whole(width: int) -> None:
    """Places, ids and commands are never what is cut: a command that is half there is none."""
    report = replace(sample.foreign(), findings=crowded().findings)
    text = shown(report, width=width)
    section = text.partition("Findings")[2].partition("Role x route")[0]
    items = re.split(r"\n  ✗ ", section)[1:]
    assert len(items) >= {60: 3, 80: 5, 100: 6}[width]
    places = {finding.id: f"{finding.file}:{finding.line}" for finding in report.findings}
    for item in items:
        words = " ".join(item.split())
        assert ("fix: " in words) == (width == 100)  # six with their fixes, where there is room for six
        assert any(id_ in words and place in words for id_, place in places.items()), words
    assert section.count("`") % 2 == 0
    said = " ".join(section.split())
    assert "more: `ringwork explain ID`; again: `ringwork replay ID`; all of this: -v" in said
    assert re.search(r"more of \d+ causes \([^)]*\) in the report, or with -v", said)


@pytest.mark.parametrize("width", [80, 100])
def test_a_critical_one_that_has_no_room_is_named(width: int) -> None:
    """Against seven holes of which a screen shows four: the others stand by name in the line that counts them, and no lesser one does."""
    one = crowded().findings[0]
    grave = [replace(one, id=f"{n:012x}", control=f"shop.grave-{n}", severity="critical") for n in range(7)]
    less = [replace(one, id=f"{n:012x}", control=f"shop.less-{n}", severity="high") for n in range(10, 20)]
    text = shown(replace(crowded(), findings=(*grave, *less)), width=width)
    assert len(text.splitlines()) <= 40
    said = " ".join(text.split())
    assert all(f"shop.grave-{n}" in said for n in range(7))
    cut = re.search(r"more of 17 causes \(([^)]*)\)", said)
    assert cut
    assert "; critical: shop.grave-" in cut[1]
    assert "shop.less" not in cut[1]


def test_of_the_worst_findings_it_is_told_what_was_done() -> None:
    """Against a list of names and fixes that says of nothing what happened: of as many of the worst as fit, in a line each."""
    one = next(finding for finding in sample.foreign().findings if finding.fix)
    crowd = [
        replace(one, id=f"{n:012x}", control=f"shop.control-{n}", summary=f"attack {n} was answered", file="shop/orders.py", line=n)
        for n in range(1, 14)
    ]
    told = shown(replace(sample.foreign(), findings=tuple(crowd))).partition("Findings")[2].partition("Role x route")[0]
    assert len(re.findall(r"\n  ✗ ", told)) >= 6
    assert "attack 1 was answered" in told
    assert "attack 13 was answered" not in told
    few = shown(replace(sample.foreign(), findings=tuple(crowd[:3])))
    assert all(f"attack {n} was answered" in few for n in (1, 2, 3))


def test_says_what_the_three_numbers_count() -> None:
    """A reader sees 22 violated, 28 findings and 13 causes, and is told in a line that these are of three kinds."""
    report = sample.foreign()
    head = shown(report).partition("Findings")[2]
    assert "violated counts checks, findings places, causes controls" in head
    assert "violated counts checks" not in shown(replace(report, findings=report.findings[:1]))


def test_what_was_read_names_the_route_that_it_happens_on() -> None:
    """A reader opens the line and knows whose request brings it; a library's line is nobody's to open."""
    report = sample.foreign()
    seen = replace(report.findings[0].observation, routes=("GET /orders",), tier=Tier.UNCONFIRMED)
    read = replace(report.findings[0], where="shop/orders.py in shop.list", file="shop/orders.py", line=7, observation=seen)
    text = shown(replace(report, findings=(read,)))
    assert "shop/orders.py:7  GET /orders" in text
    assert f"ringwork explain {read.id} (unconfirmed" in text
    theirs = replace(read, where="GET /docs", file="library:fastapi.applications")
    assert "library:" not in shown(replace(report, findings=(theirs,)))


def test_only_surprising_routes_are_shown_and_the_rest_is_counted() -> None:
    """A table of what is as it should be hides what is not."""
    text = shown(replace(sample.foreign(), findings=()))
    assert "DELETE /menu/{item_id}" in text
    assert "✗ 204" in text
    assert "1 more route without a surprise" in " ".join(text.split())


def test_many_roles_on_narrow_paper_become_sentences() -> None:
    """A table that does not fit is told in words instead of being cut."""
    cells = tuple(MatrixCell(route="GET /x", role=f"role-{n}", expected="deny", status=200 if n == 7 else 403) for n in range(12))
    assert "GET /x: role-7 was let in with 200, declared is deny" in shown(replace(sample.clean(), matrix=cells), width=60)


def test_the_exact_lines_to_add_are_kept_apart() -> None:
    """What unlocks more checks can be copied: its line ends stay."""
    lines = [line.strip() for line in shown(sample.clean()).splitlines()]
    place = lines.index("- [[tool.ringwork.prove.users]]")
    assert lines[place + 1 : place + 3] == ['name = "carol"', 'roles = ["receptionist"]']


def test_ends_with_the_exit_code_and_its_reason() -> None:
    """A red pipeline says why in its last line."""
    assert shown(sample.foreign()).splitlines()[-1] == "✗ Exit 1, findings: 7 finding(s) of severity low or above"
    assert "130, interrupted" in shown(sample.partial()).splitlines()[-1]


def test_warns_of_a_copy_that_was_not_restored_and_of_a_run_that_was_cut_short() -> None:
    """Answers that may lean on earlier attacks are not shown as sound ones."""
    text = shown(sample.partial())
    assert terminal.UNRESTORED in text
    assert terminal.PARTIAL in text


@pytest.mark.parametrize("name", REPORTS)
def test_a_target_cannot_steer_the_terminal(name: str) -> None:
    """Escape sequences and reordered text in names and answers are spelled out."""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown(REPORTS[name]))


def test_markup_of_the_target_is_printed_as_it_is() -> None:
    """Square brackets in a route are no style."""
    assert "[red]shop[/red]:app" in shown(replace(sample.clean(), target="[red]shop[/red]:app"))


def test_a_pipe_gets_no_colours_and_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs hold no escape sequences; a reader who wants no colours sees the symbols."""
    assert "\x1b" not in shown(sample.foreign())
    coloured = shown(sample.foreign(), force_terminal=True, color_system="standard", no_color=False)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(sample.foreign(), force_terminal=True, color_system="standard")
    assert re.search(r"\x1b\[[0-9;]*3[1-6]m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*3[1-6]m", plain)
    assert "✗" in plain


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_utf8_gets_what_it_can_show(encoding: str) -> None:
    """Symbols become ASCII, other characters are spelled out, and nothing fails to print."""
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding, newline=""), width=80, highlight=False)
    terminal.render(replace(sample.foreign(), target="läden✓:app"), console)
    console.file.flush()
    text = raw.getvalue().decode(encoding)
    assert "x violated 6" in text
    assert "+ proven 0" in text
    assert "\\u2713:app" in text


def test_a_very_long_text_is_cut_with_its_length() -> None:
    """One answer of a thousand words leaves room for the others, and the cut is told."""
    report = sample.foreign()
    report = replace(report, findings=(replace(report.findings[0], fix="write " * 1000),))
    assert "(cut at 400 of 5999 characters)" in " ".join(shown(report).split())


def test_verbose_lists_every_role_of_every_route_on_narrow_paper() -> None:
    """What does not fit as a table is told in full, surprising or not."""
    cells = tuple(MatrixCell(route="GET /x", role=f"role-{n}", expected="deny", status=403) for n in range(12))
    text = shown(replace(sample.clean(), matrix=cells), width=60, verbose=True)
    assert all(f"GET /x: role-{n} got 403 (refused)" in text for n in range(12))


@pytest.mark.parametrize("width", [60, 100])
def test_forty_lines_hold_even_where_every_text_is_too_long(width: int) -> None:
    """A target that fills each field cannot push the exit code off the screen; what was cut is said in place."""
    long = "word " * 300
    report = sample.partial()
    finding = replace(sample.foreign().findings[0], where=long, summary=long, fix=long, file=long)
    depth = tuple(Layers(check=CheckId(f"a.b/{n}"), attack=long, stopped_by=(long,), succeeded_without=True) for n in range(7))
    cells = tuple(MatrixCell(route=f"{n} {long}", role=long, expected="deny", status=200) for n in range(7))
    coverage = replace(report.coverage, skipped={long: long}, unlisted=(long,))
    filled = replace(report, target=long, framework=long, findings=(finding,) * 9, depth=depth, matrix=cells, coverage=coverage)
    text = shown(replace(filled, users=(long,), unlocks=(long,), exit_reason=long), width=width)
    assert len(text.splitlines()) <= 40
    assert "more lines in the report" in text
    assert "Exit 130" in text


def test_says_nothing_of_more_checks_where_nothing_would_unlock_them() -> None:
    """An empty heading is no advice."""
    assert "To verify more" not in shown(replace(sample.clean(), unlocks=()))


def test_says_what_is_not_enforced() -> None:
    """A header that says enforce must not hide that `only` leaves the rest out, nor observe that nobody is refused."""
    some = replace(sample.clean(), guarded="ringwork, enforce", unenforced=("browser.csrf", "browser.cors"))
    assert "Not enforced  2 controls (only=): browser csrf, cors" in shown(some)
    watched = replace(some, guarded="ringwork, observe")
    assert "Not enforced  anything: the mode is observe" in shown(watched)
    assert "Not enforced" not in shown(sample.clean())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_names_every_layer_of_what_is_not_enforced(width: int) -> None:
    """With `only` nearly everything is left out; a list that is cut behind its first name says nothing of the rest."""
    controls = tuple(sorted(guard.control for guard in pipeline.ORDER if guard.control != "browser.security-headers"))
    full = replace(sample.foreign(), guarded="ringwork, enforce", unenforced=controls)
    text = shown(full, width=width)
    told = " ".join(text.partition("Not enforced")[2].partition("\n\n")[0].split())
    for layer in {control.partition(".")[0] for control in controls}:
        assert f"{layer} {next(one for one in controls if one.startswith(layer)).partition('.')[2]}" in told
    assert len(text.splitlines()) <= 40


def test_what_is_new_stands_out_from_what_is_known() -> None:
    """A known finding is counted beside the baseline and takes no place among the new ones."""
    report = sample.foreign()
    new, *known = report.findings[:-1]
    text = shown(replace(report, baseline="ringwork-baseline.json", known=tuple(one.id for one in known), gone=("f" * 12,)))
    assert new.id in text
    assert known[0].id not in text
    assert "Baseline 6 known to ringwork-baseline.json; 1 gone (`baseline prune`)" in " ".join(text.split())


def test_says_nothing_new_where_all_is_known() -> None:
    """`none` would be a lie."""
    report = sample.foreign()
    assert "Findings  nothing new" in shown(replace(report, known=tuple(one.id for one in report.findings)))


def test_tells_expired_and_unused_waivers_and_no_others() -> None:
    """What fails the run stands before what can go; one in use needs nobody."""
    text = " ".join(shown(replace(sample.foreign(), waived=tuple(map(_waiver, WaiverState)))).split())
    assert "1 of 4 in use" in text
    expired, unused = "expired, and fails the run: browser.csrf POST /hook/0, shop/hooks.py:7, until 2026-01-31", "unused, and can go"
    assert text.index(expired) < text.index(unused)
    assert (text.count("shop/hooks.py:7"), "until 2026-01-31, payments" in text) == (2, True)


def test_says_how_much_a_narrowed_run_left_out() -> None:
    """What was not asked is counted, and nobody takes the run for a proof."""
    left_out = dict.fromkeys(("GET /a", "GET /b", "GET /c"), "unchanged")
    text = " ".join(shown(replace(sample.clean(), since="main", left_out=left_out)).split())
    assert "Since main 34 routes asked, 3 left out and not tested; a narrowed run proves nothing" in text


def test_names_the_owner_of_a_finding() -> None:
    """Whoever reads knows whom to ask."""
    report = sample.foreign()
    assert "owner: platform" in shown(replace(report, findings=(replace(report.findings[0], owner="platform"),)))


def test_says_where_a_change_concerned_every_route() -> None:
    """A run that left nothing out is a whole one."""
    assert "the change concerns every route, so none was left out" in shown(replace(sample.clean(), since="main"))


def test_says_what_each_step_is_good_for() -> None:
    """Nobody does a chore without a reason; a report that does not know it invents none."""
    steps = ("name the users", "run it twice", "ask nobody")
    checks = tuple(CheckId(f"layer.control-{n}/check") for n in range(5))
    told = replace(sample.clean(), unlocks=steps, gains={steps[0]: checks, steps[1]: (*checks[:1], CheckId("layer.control-0/other"))})
    lines = [line.strip() for line in shown(told).partition("To verify more")[2].splitlines()]
    assert lines[1:3] == ["- name the users", "5 more checks: layer.control-0, layer.control-1 and 3 more"]
    assert lines[3:5] == ["- run it twice", "2 more checks: layer.control-0"]
    assert lines[5:7] == ["- ask nobody", ""]


def test_the_first_step_is_shown_among_many_findings() -> None:
    """What would bring most is not what falls off the screen first."""
    assert "line to add 0" in shown(replace(sample.foreign(), findings=crowded().findings, unlocks=crowded().unlocks), width=80)


def test_a_summary_that_was_cut_says_so() -> None:
    """Half a sentence must not read as the whole."""
    report = sample.foreign()
    text = shown(replace(report, findings=(replace(report.findings[0], summary="a word " * 60),)))
    lines = [line for line in text.splitlines() if "a word a word" in line]
    assert len(lines) == 2
    assert lines[-1].endswith("...")
