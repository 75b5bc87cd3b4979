"""A record speaks of the code that it was made of, and of no other."""

from __future__ import annotations

import pytest

from ringwork.survey.flows import Fate, Mutant, Suite
from ringwork.survey.mutants import record

KEPT = Suite(day="2031-01-01", passed=3, places=1, mutants=(Mutant(file="a.py", line=1, said="a line", fate=Fate.SURVIVED, tests=2),))


@pytest.fixture
def project(tmp_path):
    """A project with a record of itself."""
    (tmp_path / "a.py").write_text("A = 1\n")
    record.write(tmp_path, KEPT, code=record.digest(tmp_path))
    return tmp_path


def test_comes_back_as_it_went(project):
    """On the same code."""
    assert record.read(project) == KEPT


@pytest.mark.parametrize("name", ["a.py", "tests/test_b.py", "page.html", "pyproject.toml", "pytest.ini", ".env"])
def test_is_none_of_other_code(project, name):
    """A file that was changed or added, a test or a template as well, makes it a record of something else."""
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("B = 2\n")
    assert "is of other code" in record.read(project).why


def test_outlives_what_is_no_code(project):
    """A changelog decides nothing."""
    (project / "CHANGELOG.md").write_text("more")
    assert record.read(project) == KEPT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no record"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format": "ringwork-mutants/9", "code": "", "suite": {}}', "of another version"),
        ('{"format": "ringwork-mutants/1", "suite": {"failed": [], "unreasoned": [], "mutants": [{"fate": "fine"}]}}', "cannot be read"),
    ],
)  # fmt: skip
def test_is_none_where_it_cannot_be_read(project, text, why):
    """Whatever stands in the file, nothing is claimed and nothing is raised."""
    (project / record.FILE).write_text(text)
    assert why in record.read(project).why
