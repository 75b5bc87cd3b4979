"""Status is looked up in the code, and never typed in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringwork.controls import control
from ringwork.report import status

CSRF, SBOM = "browser.csrf", "supply-chain.sbom"
PARTS = ("guard", "proof", "guard test", "proof test", "breached clinic", "page")


def row_of(id_: str) -> control.Control:
    found = control.load().find(id_)
    assert found is not None
    return found


def built(top: Path, id_: str, *parts: str, text: str = "x = 1\n") -> status.Trees:
    """A repository in which these parts of one control stand."""
    for place in row_of(id_).places:
        if place.part in parts:
            path = top / place.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return status.Trees(package=top / "src" / "ringwork", repository=top)


def test_a_control_with_every_part_is_complete(tmp_path: Path) -> None:
    """Guard, proof, both tests, breached clinic and page make a control complete."""
    found = status.standing_of(row_of(CSRF), built(tmp_path, CSRF, *PARTS))
    assert (found.status, found.missing, found.present) == (status.Status.COMPLETE, (), PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named(tmp_path: Path, part: str) -> None:
    """Whatever one part lacks, the control is partial and the part is printed by name."""
    found = status.standing_of(row_of(CSRF), built(tmp_path, CSRF, *(other for other in PARTS if other != part)))
    assert found.status is status.Status.PARTIAL
    assert found.phrase == f"partial: missing {part}"


def test_an_empty_file_counts_as_missing(tmp_path: Path) -> None:
    """A file that was only touched is no guard."""
    found = status.standing_of(row_of(CSRF), built(tmp_path, CSRF, *PARTS, text=" \n"))
    assert found.status is status.Status.NO_GUARD_YET
    assert found.missing == PARTS


def test_a_control_with_nothing_has_no_guard_yet(tmp_path: Path) -> None:
    """Nothing stands, and a guard is possible."""
    assert status.standing_of(row_of(CSRF), built(tmp_path, CSRF)).phrase == "no guard yet"


def test_a_control_that_can_have_no_guard_is_not_started(tmp_path: Path) -> None:
    """Nothing stands, and a guard is not to be had, so its want is not held against the control."""
    assert status.standing_of(row_of(SBOM), built(tmp_path, SBOM)).phrase == "not started"


def test_a_control_that_can_have_no_guard_is_complete_without_one(tmp_path: Path) -> None:
    """A proof, its test, the breached files and the page are all that such a control can have."""
    found = status.standing_of(row_of(SBOM), built(tmp_path, SBOM, "proof", "proof test", "breached clinic", "page"))
    assert found.status is status.Status.COMPLETE


SQL = "input.sql-injection"
READ = 'CHECKS = (check("input.sql-injection/built-statements"),)\n'


def test_a_control_whose_source_is_read_says_that_nothing_enforces_it(tmp_path: Path) -> None:
    """Proof, test, breached source and page are all that reading needs; no guard is claimed."""
    found = status.standing_of(row_of(SQL), built(tmp_path, SQL, "proof", "proof test", "breached clinic", "page", text=READ))
    assert found.status is status.Status.READ
    assert found.phrase == "read, no guard yet"


def test_a_control_that_is_read_and_lacks_its_page_is_partial(tmp_path: Path) -> None:
    """What reading does need is missed by name, like everywhere."""
    found = status.standing_of(row_of(SQL), built(tmp_path, SQL, "proof", "proof test", "breached clinic", text=READ))
    assert found.status is status.Status.PARTIAL
    assert "page" in found.missing


def test_a_control_that_attacks_without_a_guard_says_so(tmp_path: Path) -> None:
    """An attack may show what no guard stands against: a copy is attacked, and no guard is claimed."""
    attacks = READ.replace("built-statements", "boolean-pair")
    found = status.standing_of(row_of(SQL), built(tmp_path, SQL, "proof", "proof test", "breached clinic", "page", text=attacks))
    assert found.status is status.Status.ATTACKED
    assert found.phrase == "attacked, no guard yet"


def test_a_control_that_attacks_and_lacks_its_test_is_partial(tmp_path: Path) -> None:
    """What shows that the attack can fail is missed by name."""
    attacks = READ.replace("built-statements", "boolean-pair")
    found = status.standing_of(row_of(SQL), built(tmp_path, SQL, "proof", "breached clinic", "page", text=attacks))
    assert found.status is status.Status.PARTIAL
    assert "proof test" in found.missing


def test_an_installed_package_tells_what_was_not_looked_at(tmp_path: Path) -> None:
    """Without the repository tests and pages are neither there nor missing."""
    where = status.Trees(package=built(tmp_path, CSRF, "guard", "proof").package, repository=None)
    found = status.standing_of(row_of(CSRF), where)
    assert (found.present, found.missing) == (("guard", "proof"), ())
    assert found.unknown == ("guard test", "proof test", "breached clinic", "page")


def test_an_installed_package_lacks_a_guard_by_name(tmp_path: Path) -> None:
    """What is shipped can be known anywhere."""
    where = status.Trees(package=built(tmp_path, CSRF, "proof").package, repository=None)
    assert status.standing_of(row_of(CSRF), where).phrase == "partial: missing guard"


def test_counts_the_checks_that_the_proof_makes(tmp_path: Path) -> None:
    """A check counts when the proof's code holds its id; words in comments and docstrings do not."""
    proof = '"""Makes token-quality, too, it says."""\n# exemptions\nA = "browser.csrf/token-matrix"\nB = f"{A}/safe-methods-are-safe"\n'
    found = status.standing_of(row_of(CSRF), built(tmp_path, CSRF, "proof", text=proof))
    assert found.checks == ("token-matrix", "safe-methods-are-safe")
    assert found.checks_missing == ("origin-and-content-type", "token-quality", "exemptions")


def test_a_proof_that_is_no_python_makes_no_check(tmp_path: Path) -> None:
    """A broken file proves nothing, and breaks no report."""
    found = status.standing_of(row_of(CSRF), built(tmp_path, CSRF, "proof", text='def "browser.csrf/token-matrix"'))
    assert found.checks == ()


def test_finds_the_repository_that_it_runs_from() -> None:
    """In a checkout all trees are looked at."""
    where = status.trees()
    assert where.repository is not None
    assert (where.repository / "src" / "ringwork" / "report" / "status.py").is_file()


def test_the_document_holds_everything_that_a_row_says() -> None:
    """What crosses to other programs is plain data and carries the row's own words."""
    row = row_of(CSRF)
    document = json.loads(json.dumps(status.as_document(row, status.standing_of(row, status.trees()))))
    assert document["id"] == row.id
    assert [check["id"] for check in document["checks"]] == [check.id for check in row.checks]
    assert document["standards"]["cwe"] == ["CWE-352", "CWE-1275"]
    assert document["backed_by"] == list(row.backed_by)


def test_the_page_names_every_control_once(tmp_path: Path) -> None:
    """No control is left out of the status page, whatever it has."""
    text = status.markdown(control.load(), built(tmp_path, CSRF, *PARTS))
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| Control")]
    named = [line.removeprefix("| ").removeprefix("[").split("]")[0].split(" ")[0] for line in lines]
    assert named == [row.id for row in control.load().controls]


def test_the_page_links_the_page_of_a_control(tmp_path: Path) -> None:
    """A control that has a page is one step away, and one that has none is no dead link."""
    text = status.markdown(control.load(), built(tmp_path, CSRF, *PARTS))
    assert "[browser.csrf](controls/browser/csrf.md) | complete" in text
    assert "[browser.cors]" not in text


def test_the_committed_page_is_the_generated_one() -> None:
    """docs/status.md is written by `ringwork catalogue --markdown`; write it anew when this fails."""
    where = status.trees()
    assert where.repository is not None
    written = (where.repository / "docs" / "status.md").read_text(encoding="utf-8")
    assert written == status.markdown(control.load(), where)
