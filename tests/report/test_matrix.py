from __future__ import annotations

import pytest

from ringwork.prove.evidence import MatrixCell
from ringwork.report import matrix
from ringwork.report.matrix import Seen
from ringwork.report.signs import BAD, GOOD, NONE, OPEN


def cell(expected: str, status: int, *, role: str = "bob") -> matrix.Cell:
    """The reading of one answer."""
    found = matrix.grid([MatrixCell(route="GET /x", role=role, expected=expected, status=status)]).rows[0].cells[0]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0, Seen.UNTRIED),
        (200, Seen.ENTERED),
        (204, Seen.ENTERED),
        (303, Seen.ELSEWHERE),
        (401, Seen.REFUSED),
        (403, Seen.REFUSED),
        (421, Seen.REFUSED),
        (404, Seen.UNCLEAR),
        (422, Seen.UNCLEAR),
        (500, Seen.FAILED),
    ],
)
def test_reads_a_status_as_no_more_than_it_says(status: int, meaning: Seen) -> None:
    """A missing object and a redirect are neither an entry nor a refusal."""
    assert matrix.seen(status) is meaning


@pytest.mark.parametrize(("expected", "status"), [("deny", 200), ("allow", 403), ("deny", 500), ("allow", 500), ("", 500)])
def test_marks_what_goes_against_the_declaration(expected: str, status: int) -> None:
    """Whoever got in against the rule, was kept out against it, or made the application fail, is a surprise."""
    assert cell(expected, status).surprise
    assert cell(expected, status).sign is BAD


@pytest.mark.parametrize(
    ("expected", "status", "sign"),
    [("allow", 200, GOOD), ("deny", 401, GOOD), ("deny", 303, OPEN), ("allow", 404, OPEN), ("", 200, NONE), ("deny", 0, NONE)],
)
def test_shows_green_only_what_agrees_with_a_declaration(expected: str, status: int, sign: object) -> None:
    """Nothing declared, nothing tried and nothing clear are not shown as good."""
    assert not cell(expected, status).surprise
    assert cell(expected, status).sign is sign


def test_counts_routes_without_a_rule_that_let_anybody_in() -> None:
    """What nobody declared and nobody had to sign in for is told apart from what was declared public."""
    cells = [
        MatrixCell(route="GET /open", role="anonymous", expected="", status=200),
        MatrixCell(route="GET /declared", role="anonymous", expected="allow", status=200),
        MatrixCell(route="GET /closed", role="anonymous", expected="", status=401),
    ]
    assert matrix.grid(cells).undeclared == ("GET /open",)


def test_a_role_that_was_not_asked_leaves_an_empty_cell() -> None:
    """A hole in the table is shown as one, and is not counted as asked."""
    cells = [
        MatrixCell(route="GET /a", role="alice", expected="allow", status=200),
        MatrixCell(route="GET /b", role="bob", expected="allow", status=0),
    ]
    grid = matrix.grid(cells)
    assert [row.cells.index(None) for row in grid.rows] == [1, 0]
    assert grid.tried == 1
