"""What reading found becomes evidence: strong ways are holes, weak ones are listed, and nothing read proves nothing."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

from ringwork.controls import control as catalogue
from ringwork.prove import judge, kinds, reading
from ringwork.prove.evidence import Evidence, Outcome, Tier, Verdict
from ringwork.survey.facts import AppFacts, WaiverFacts, from_plain, to_plain
from ringwork.survey.flows import Entry, Flow, SourceFacts, Step, Strength, Unread

CHECK = reading.check("input.sql-injection/built-statements")
STEPS = (
    Step(file="shop/orders.py", line=4, column=9, said="the query parameter q comes in"),
    Step(file="shop/orders.py", line=7, column=4, said="given to execute()"),
)


FACTS = AppFacts(target="shop", framework="flask", framework_version="3", root="", routes=())


def flow(kind: str = "sql", *, strength: Strength = Strength.STRONG, entry: str = "query") -> Flow:
    return Flow(
        kind=kind,
        strength=strength,
        sink="sqlite3.Cursor.execute",
        entry=Entry(kind=entry, name="q"),
        steps=STEPS,
        function="shop.orders.listing",
        routes=("GET /orders",),
    )


def read(*flows: Flow, unread: tuple[Unread, ...] = (), files: int = 3) -> Evidence:
    stage: Any = type(
        "Reading", (), {"source": SourceFacts(flows=flows, unread=unread, files=files, lines=files * 10), "facts": FACTS, "users": ()}
    )
    return CHECK.run(stage)


def test_a_way_that_is_known_step_by_step_is_a_hole() -> None:
    """It is shown at its file and line, with its steps and the route on whose requests it happens."""
    (found,) = read(flow()).observations
    assert (found.outcome, found.tier, found.file, found.line) == (Outcome.BROKEN, Tier.UNCONFIRMED, "shop/orders.py", 7)
    assert found.steps == STEPS
    assert "the query parameter q reaches sqlite3.Cursor.execute" in found.detail
    assert "GET /orders" in found.detail


def test_a_way_with_an_unknown_step_is_listed_and_is_no_hole() -> None:
    """It counts neither as a violation nor as a pass."""
    evidence = read(flow(strength=Strength.WEAK))
    (found,) = evidence.observations
    assert (found.outcome, found.tier) == (Outcome.UNTRIED, Tier.WEAK)
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        ("paragraphs() is given text", "what paragraphs() is given as text reaches"),
        ("text that is put together reaches execute", "text that is put together reaches"),
        ("sys.argv is read", "an argument of the command line q reaches"),
    ],
)
def test_what_nobody_here_gives_is_no_argument_of_a_command_line(begins: str, said: str) -> None:
    """Of a filter for templates that nothing calls, and of text whose parts are not known; a command line is still called that."""
    one = flow(strength=Strength.WEAK, entry="local")
    assert reading.told(replace(one, steps=(replace(one.steps[0], said=begins), *one.steps[1:]))).startswith(said)


def test_holds_where_files_were_read_and_nothing_was_found() -> None:
    """What was counted grounds it; what belongs to another control is that control's."""
    evidence = read(flow("ldap"), flow("sql", entry="model"))
    assert judge.first_verdict(evidence) is Verdict.PROVEN
    assert evidence.observations[0].read == 3


def test_proves_nothing_where_nothing_was_read() -> None:
    """Against a scanner that is silent because it saw no file; the reason names those that it could not read."""
    evidence = read(unread=(Unread(file="shop/huge.py", line=0, why="too large"),), files=0)
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert "shop/huge.py (too large)" in evidence.not_verified


def test_a_file_that_could_not_be_read_leaves_no_pass() -> None:
    """What is sought may stand in that very file, which is named, whole or by its line."""
    lost = (Unread(file="shop/huge.py", line=0, why="too large"), Unread(file="shop/half.py", line=9, why="syntax"))
    evidence = read(unread=lost)
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert "shop/huge.py (too large), shop/half.py:9 (syntax)" in evidence.not_verified
    assert [one.outcome for one in evidence.observations] == [Outcome.UNTRIED]


def test_a_file_that_could_not_be_read_hides_no_hole() -> None:
    """What was found elsewhere stays a violation, and the file is named beside it."""
    evidence = read(flow(), unread=(Unread(file="shop/huge.py", line=0, why="too large"),))
    assert judge.first_verdict(evidence) is Verdict.VIOLATED
    assert [one.outcome for one in evidence.observations] == [Outcome.BROKEN, Outcome.UNTRIED]


@pytest.mark.parametrize(
    ("check", "file", "verdict"),
    [
        ("input.sql-injection/built-statements", "static/shop.js", Verdict.PROVEN),
        ("input.sql-injection/built-statements", "tests/test_shop.py", Verdict.PROVEN),
        ("browser.cors/message-listeners", "shop/huge.py", Verdict.PROVEN),
        ("browser.cors/message-listeners", "static/shop.js", Verdict.NOT_VERIFIED),
        ("output.xss/escape-bypass", "templates/shop.html", Verdict.NOT_VERIFIED),
        ("output.xss/escape-bypass", "shop/huge.py", Verdict.NOT_VERIFIED),
        ("source.hardcoded-secrets/working-tree", "templates/shop.html", Verdict.NOT_VERIFIED),
    ],
)
def test_a_file_matters_to_what_may_stand_in_it(check: str, file: str, verdict: Verdict) -> None:
    """A script holds no statement of SQL, a module no listener of messages, and tests are judged by nobody."""
    lost = (Unread(file=file, line=0, why="too large"),)
    stage: Any = type("Reading", (), {"source": SourceFacts(unread=lost, files=3, lines=30), "facts": FACTS, "users": ()})
    assert judge.first_verdict(reading.check(check).run(stage)) is verdict


def test_the_same_hole_is_the_same_finding_when_lines_move() -> None:
    """Its place is file and function, so that a baseline and a ticket still know it."""
    moved = Flow(
        kind="sql",
        strength=Strength.STRONG,
        sink="sqlite3.Cursor.execute",
        entry=Entry(kind="query", name="q"),
        steps=(Step(file="shop/orders.py", line=90, column=4, said="given to execute()"),),
        function="shop.orders.listing",
    )
    assert reading.where_of(moved) == reading.where_of(flow()) == "shop/orders.py in shop.orders.listing"


def test_what_was_read_crosses_as_data() -> None:
    """The reader is a process of its own: nothing but plain values come back from it, and they mean the same."""
    facts = SourceFacts(flows=(flow(),), unread=(Unread(file="a.py", line=0, why="binary"),), files=1, lines=2)
    back = from_plain(SourceFacts, to_plain(facts))
    assert back == facts
    assert back.flows[0].strength is Strength.STRONG


@pytest.mark.parametrize(
    ("lines", "file", "until", "verdict"),
    [
        ((6, 9), "shop/orders.py", "2031-01-01", Verdict.ACCEPTED),
        ((8, 9), "shop/orders.py", "2031-01-01", Verdict.VIOLATED),
        ((6, 9), "shop/other.py", "2031-01-01", Verdict.VIOLATED),
        ((6, 9), "shop/orders.py", "2030-12-30", Verdict.VIOLATED),
    ],
    ids=["on its lines", "on other lines", "in another file", "past its day"],
)
def test_a_comment_accepts_what_was_read_in_its_lines(lines: tuple[int, int], file: str, until: str, verdict: Verdict) -> None:
    """Until its day, and nowhere else."""
    waiver = WaiverFacts(
        control="input.sql-injection",
        reason="the table's name is ours",
        owner="shop",
        until=until,
        route="no route of this application",
        source="inline",
        file=file,
        line=6,
        begins=lines[0],
        ends=lines[1],
    )
    facts = replace(FACTS, waivers=(waiver,))
    today = datetime.date(2030, 12, 31)
    (found,) = judge.findings(CHECK.id, "critical", read(flow()), facts, fix="", today=today)
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("file", "line", "verdict"),
    [
        ("shop/orders.py", 3, Verdict.ACCEPTED),
        ("shop/store.py", 8, Verdict.ACCEPTED),
        ("shop/orders.py", 4, Verdict.VIOLATED),
        ("shop/store.py", 3, Verdict.VIOLATED),
    ],
    ids=["where it is made", "where it is run", "between them", "in another file"],
)
def test_a_comment_accepts_a_text_where_it_is_made_or_run(file: str, line: int, verdict: Verdict) -> None:
    """A helper runs what it is handed: who answers for it stands in one of the two places."""
    made = Step(file="shop/orders.py", line=3, column=4, said="is put into a text")
    way = replace(flow(), told=made, steps=(made, Step(file="shop/store.py", line=8, column=4, said="reaches execute")))
    waiver = WaiverFacts(
        control="input.sql-injection", reason="the table's name is ours", owner="shop", until="2031-01-01",
        route="no route of this application", source="inline", file=file, line=line, begins=line, ends=line,
    )  # fmt: skip
    (found,) = judge.findings(CHECK.id, "critical", read(way), replace(FACTS, waivers=(waiver,)), fix="", today=datetime.date(2030, 12, 31))
    assert (found.verdict, found.file, found.line, found.where) == (verdict, "shop/orders.py", 3, f"shop/orders.py in {flow().function}")


@pytest.mark.parametrize("kind", kinds.kinds())
def test_every_kind_belongs_to_a_check_of_the_catalogue(kind: str) -> None:
    """A finding without a control would be nobody's."""
    assert kinds.kinds()[kind].check in {check.id for row in catalogue.load().controls for check in row.checks}
