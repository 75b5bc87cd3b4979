from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ringwork.survey.linters import covering, sensitive

CODE = "def grade(x: int) -> str:\n    if x > 1:\n        return 'a'\n    return 'b'\n"


def _data(*, hit=3, taken=1, branches=True):
    summary = {"num_statements": 4, "covered_lines": hit, "num_branches": 2, "covered_branches": taken}
    return json.dumps({"meta": {"branch_coverage": branches}, "files": {"shop/auth.py": {"summary": summary}}})


@pytest.fixture
def shop(tmp_path):
    """A project with one sensitive file and one that is not."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "auth.py").write_text(CODE)
    (tmp_path / "shop" / "pages.py").write_text("def page(x): return x\n")
    (tmp_path / "pyproject.toml").write_text("[tool.mypy]\nstrict = true\n")
    return tmp_path


NAMES = ("shop/auth.py", "shop/pages.py")


def test_reads_branches_of_the_marked_file_alone(shop):
    """The number of the whole project says nothing of the file that matters."""
    (shop / "coverage.json").write_text(_data())
    found = sensitive.read(shop, NAMES, ["shop/auth.py"])
    assert (found.files, found.data) == (("shop/auth.py",), "coverage.json")
    assert [(one.parts, one.hit, one.has_branches) for one in found.covered] == [(6, 4, True)]


def test_reads_what_coverage_itself_leaves(shop):
    """Its data, its JSON and its XML say the same of the same run."""
    run = "import shop.auth; shop.auth.grade(2)"
    words = [sys.executable, "-m", "coverage"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(shop)}
    (shop / "go.py").write_text(run)
    subprocess.run([*words, "run", "--branch", "--include", "shop/*", "go.py"], cwd=shop, env=environment, check=True)
    seen = [covering.read(shop, ["shop/auth.py"])]
    for form in ("json", "xml"):
        subprocess.run([*words, form, "-q"], cwd=shop, env=environment, check=True)
        os.utime(shop / f"coverage.{form}", (2e9 + len(seen), 2e9 + len(seen)))
        seen.append(covering.read(shop, ["shop/auth.py"]))
    assert [name for name, _ in seen] == [".coverage", "coverage.json", "coverage.xml"]
    assert {(one.parts, one.hit, one.has_branches) for _, (one,) in seen} == {(6, 4, True)}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("coverage.json", "{", "cannot be read"),
        ("coverage.json", '{"meta": {}, "files": {}}', "does not speak of it"),
        ("coverage.xml", "<coverage", "no XML"),
        ("coverage.xml", '<!DOCTYPE c [<!ENTITY a "b">]><coverage/>', "declares entities"),
        ("other", "", "no coverage data"),
    ],
)
def test_says_why_nothing_is_known(shop, name, text, why):
    """A file that is missing, broken or of something else is no coverage of 0, and none of 100."""
    (shop / name).write_text(text)
    _, (one,) = covering.read(shop, ["shop/auth.py"])
    assert (one.parts, why in one.why) == (0, True)


def test_believes_no_data_that_is_older_than_the_code(shop):
    """What was measured was other code."""
    (shop / "coverage.json").write_text(_data())
    os.utime(shop / "coverage.json", (1_000_000_000, 1_000_000_000))
    _, (one,) = covering.read(shop, ["shop/auth.py"])
    assert one.why == "it is newer than coverage.json"


def test_asks_strictly_and_of_the_marked_files_alone(shop):
    """An untyped definition in a sensitive file is an error; the same elsewhere is nobody's concern here."""
    found = sensitive.read(shop, NAMES, ["shop/auth.py"]).typed
    assert (found.ran, found.flows, found.loosened) == (True, (), ())
    (shop / "shop" / "auth.py").write_text("def grade(x):\n    return x\n")
    found = sensitive.read(shop, NAMES, ["shop/auth.py"]).typed
    assert [(one.sink, one.place.file, one.place.line) for one in found.flows] == [("mypy no-untyped-def", "shop/auth.py", 1)]


def test_tells_settings_that_let_a_marked_file_off(shop):
    """Strict everywhere but where it matters is not strict."""
    loose = '[tool.mypy]\nstrict = true\n[[tool.mypy.overrides]]\nmodule = ["shop.*"]\nignore_errors = true\n'
    (shop / "pyproject.toml").write_text(loose)
    found = sensitive.read(shop, NAMES, ["shop/auth.py"]).typed
    assert [text.startswith("pyproject.toml: ignore_errors = true for shop.*") for text in found.loosened] == [True]
    (shop / "pyproject.toml").write_text(loose.replace("shop.*", "other.*"))
    assert sensitive.read(shop, NAMES, ["shop/auth.py"]).typed.loosened == ()


def test_knows_nothing_of_types_without_a_checker_of_the_projects(shop):
    """A project that uses none is told the line that would bring it."""
    (shop / "pyproject.toml").unlink()
    found = sensitive.read(shop, NAMES, ["shop/auth.py"]).typed
    assert (found.ran, "strict = true" in found.unlock) == (False, True)


def test_names_a_pattern_that_fits_nothing(shop):
    """Against a file that was renamed, and is sensitive no more without anybody's decision."""
    found = sensitive.read(shop, NAMES, ["shop/auth.py", "shop/gone/*"])
    assert found.unmatched == ("shop/gone/*",)
    assert sensitive.read(shop, NAMES, []) is None
