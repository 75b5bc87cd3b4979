"""A project's own tests, run in a copy without the lines that refuse: each fate is told, and a run that is cut goes on."""

from __future__ import annotations

import pytest

from ringwork.survey.flows import Fate
from ringwork.survey.mutants import record, running
from tests.survey.mutants import projects


def _asked(root, **more):
    return running.Asked(**{"root": root, "files": ("shop.py",), "extra": projects.QUICK, **more})


@pytest.fixture
def project(tmp_path):
    """A project, in which nothing may be changed."""
    root = tmp_path / "shop"
    root.mkdir()
    projects.write(root)
    before = {path: path.read_bytes() for path in root.rglob("*.py")}
    yield root
    assert {path: path.read_bytes() for path in root.rglob("*.py")} == before


def test_tells_what_is_missed_what_survives_and_what_no_test_reaches(project):
    """A test that goes through a line and never sees it refuse would not miss it."""
    suite = running.run(_asked(project))
    assert (suite.why, suite.cut, suite.passed, suite.places) == ("", "", 3, 3)
    assert [(one.line, one.fate, one.tests) for one in suite.mutants] == [
        (3, Fate.MISSED, 2),
        (9, Fate.SURVIVED, 1),
        (15, Fate.UNREACHED, 0),
    ]
    assert record.read(project) == suite


def test_a_run_that_was_cut_goes_on_where_it_ended(project, monkeypatch):
    """What is known of this very code is not tried again."""

    def interrupt(said, done, of):
        if done == 1:
            raise KeyboardInterrupt

    cut = running.run(_asked(project, progress=interrupt))
    assert ("interrupted" in cut.cut, len(cut.mutants), cut.places) == (True, 1, 3)
    tried = []
    whole = running._Copy.without
    monkeypatch.setattr(
        running._Copy, "without", lambda self, name, place, first: tried.append(place.line) or whole(self, name, place, first)
    )
    assert running.run(_asked(project)).cut == ""
    assert tried == [9, 15]


def test_tests_that_fail_as_they_are_are_told_and_nothing_is_taken_out(tmp_path):
    """One more failure would say nothing; a skip without a reason is named."""
    mark = "@pytest.mark"
    skips = f"{mark}.skip\ndef test_b(): pass\n{mark}.skip(reason='later')\ndef test_c(): pass\n"
    tests = f"import pytest\ndef test_a():\n    assert 0\n{skips}"
    projects.write(tmp_path, tests=tests)
    suite = running.run(_asked(tmp_path))
    assert (suite.failed, suite.mutants) == (("tests/test_shop.py::test_a",), ())
    assert (suite.unreasoned, suite.skipped) == (("tests/test_shop.py::test_b",), 2)


def test_a_run_out_of_time_is_told(tmp_path):
    """Nothing is claimed of what was not tried; these tests never end by themselves."""
    projects.write(tmp_path, tests="import threading\ndef test_a():\n    threading.Event().wait()\n")
    assert "not done within" in running.run(_asked(tmp_path, seconds=0.0)).why


def test_a_project_without_tests_is_told(tmp_path):
    """No test that passed is no record."""
    projects.write(tmp_path, tests="")
    assert "ran no test" in running.run(_asked(tmp_path)).why


def test_the_tests_see_nothing_of_the_users_environment(tmp_path, monkeypatch):
    """Against a test that reaches a real database because its address stands in the shell."""
    monkeypatch.setenv("DATABASE_URL", "postgres://real")
    tests = "import os\ndef test_a():\n    assert 'DATABASE_URL' not in os.environ\n    assert os.environ['GIVEN'] == 'x'\n"
    projects.write(tmp_path, tests=tests)
    suite = running.run(_asked(tmp_path, extra={**projects.QUICK, "GIVEN": "x"}, files=()))
    assert (suite.passed, suite.failed) == (1, ())


def test_a_file_of_tests_that_cannot_be_imported_is_no_suite_that_passed(tmp_path):
    """Where pytest is told to go on all the same, no test of that file fails, for there is none."""
    projects.write(tmp_path)
    (tmp_path / "tests" / "test_broken.py").write_text("import no_such_module_anywhere\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --continue-on-collection-errors\n")
    assert "although no test failed" in running.run(_asked(tmp_path, files=())).why


def test_a_part_of_the_tests_or_of_the_lines_is_told_as_a_part(project):
    """Against one good file of tests that stands for all of them."""
    suite = running.run(_asked(project, files=(), words=("tests/test_shop.py",), only=("shop*",)))
    assert (suite.passed, suite.some) == (3, "tests/test_shop.py --only shop*")
    assert record.read(project) == suite
