"""`ringwork mutants`: what the project's tests would miss, for a person, and how the run ends."""

from __future__ import annotations

import pytest

from tests.survey.mutants import projects


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A small project with tests, as the current folder."""
    root = tmp_path / "shop"
    root.mkdir()
    projects.write(root)
    monkeypatch.chdir(root)
    monkeypatch.setenv(*next(iter(projects.QUICK.items())))
    return root


def test_names_each_line_that_could_vanish(shop, run):
    """File, line, what it is, and how many tests went through it without looking."""
    ran = run("mutants")
    assert ran.code == 1
    assert "3; 1 missed by a test, 1 survived, 1 not reached, 0 not known" in ran.text
    assert "shop.py:9  the refusal if door is None: 1 test(s) go through it, and all passed without it" in ran.text
    assert "shop.py:15" in ran.text
    assert "shop.py:3 " not in ran.text.partition("lines that refuse")[2]


def test_ends_well_where_every_line_is_missed(shop, run):
    """Sensitive files alone, where the project marks some."""
    (shop / "notes.py").write_text(projects.CODE.split("\n\n\n")[0])
    (shop / "tests" / "test_shop.py").write_text(
        projects.TESTS.replace("import shop", "import notes as shop").split("\n\n\ndef test_opens")[0]
    )
    (shop / "pyproject.toml").write_text('[tool.ringwork.prove]\nsensitive = ["notes*"]\n')
    assert run("mutants").code == 0


def test_refuses_what_names_nothing(shop, run):
    """What to write instead is told, and a value of the environment is not repeated."""
    assert run("mutants", "--only", "away/*").code == 2
    ran = run("mutants", "--env", "secret words")
    assert (ran.code, "secret words" in ran.text) == (2, False)


def test_names_of_the_code_are_shown_without_their_control_characters(shop, run):
    """Against a decorator that is spelled so that it writes on the terminal of who reads about it."""
    code = "class Marks(dict):\n    def __missing__(self, key):\n        return lambda f: f\n\n\nauth_ = Marks()\n"
    (shop / "shop.py").write_text(f'{code}\n\n@auth_["\x1b]0;a\x07"]\ndef read(user, note):\n    return note["text"]\n')
    (shop / "tests" / "test_shop.py").write_text("import shop\n\ndef test_reads():\n    assert shop.read('a', {'text': 'x'})\n")
    ran = run("mutants")
    assert "1 survived" in ran.text
    assert not {"\x1b", "\x07"} & set(ran.text)
