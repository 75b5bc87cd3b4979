"""What bandit said of a file is asked for again only where something changed that it stands on."""

from __future__ import annotations

import dataclasses

import pytest

from ringwork.survey.linters import bandit, run
from ringwork.survey.linters.tool import Asked, State

SHELL = 'import subprocess\n\n\ndef show(name):\n    return subprocess.run(f"ls {name}", shell=True)\n'
KEYS = 'password = "hunter2-very-long"\n'


@pytest.fixture
def project(tmp_path, started):
    """A project of three files with faults, a folder of its own for what is kept, and the files that bandit was started with."""
    root = tmp_path / "shop"
    root.mkdir()
    for name, text in {"a.py": SHELL, "b.py": KEYS, "half.py": "def half(:\n"}.items():
        (root / name).write_text(text)
    return root, started


def _asked(root, **more):
    return Asked(root=root, files=tuple(sorted(path.name for path in root.glob("*.py"))), is_kept=True, **more)


def _result(asked):
    (found,) = run.run(asked, tools=(bandit.TOOL,))
    assert found.state is State.RAN, found.why
    return found


def _fresh(asked):
    return _result(dataclasses.replace(asked, is_kept=False))


def _told(result):
    return sorted(map(str, result.flows)), sorted(map(str, result.unread))


def test_what_did_not_change_is_not_asked_again_and_is_told_all_the_same(project):
    """The second time nothing is started; after a change of one file that one alone, and what is told is what a fresh run tells."""
    root, started = project
    first = _result(_asked(root))
    assert _told(first) == _told(_fresh(_asked(root)))
    assert first.flows
    assert {one.file for one in first.unread} == {"half.py"}
    started.clear()
    assert _told(_result(_asked(root))) == _told(first)
    assert started == []
    (root / "b.py").write_text(SHELL)
    (root / "a.py").unlink()
    changed = _result(_asked(root))
    assert started == [["./b.py"]]
    assert _told(changed) == _told(_fresh(_asked(root)))


def test_a_part_of_the_project_forgets_nothing_of_the_rest(project):
    """A check of one file before a commit leaves what is kept of the others."""
    root, started = project
    _result(_asked(root))
    (root / "a.py").write_text(KEYS)
    part = Asked(root=root, files=("a.py",), is_whole=False, is_kept=True)
    assert {one.place.file for one in _result(part).flows} == {"a.py"}
    started.clear()
    _result(_asked(root))
    assert started == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("pyproject.toml", '[tool.bandit]\nskips = ["B404"]\n'), ("bandit.yaml", "skips: [B404]\n"), (".bandit", "[bandit]\nskips = B404\n")],
)
def test_another_configuration_asks_of_every_file(project, name, text):
    """What a setting switches off is not told by an earlier run, and is told again once the setting is gone."""
    root, started = project
    before = _told(_result(_asked(root)))
    (root / name).write_text(text)
    started.clear()
    now = _result(_asked(root))
    assert len(started[0]) == 3
    assert "bandit B404" not in {one.sink for one in now.flows}
    (root / name).unlink()
    assert _told(_result(_asked(root))) == before


def test_another_version_asks_of_every_file(project, monkeypatch):
    """A newer bandit sees more; what an older one said is not its word."""
    root, started = project
    _result(_asked(root))
    monkeypatch.setattr(run, "_version", lambda name: "99.0")
    started.clear()
    _result(_asked(root))
    assert len(started[0]) == 3


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"a.py": 5}', b'{"a.py": ["x", {}]}'])
def test_a_damaged_file_holds_nothing(project, tmp_path, damage):
    """Nothing is found by what somebody else wrote there, and the run goes on."""
    root, started = project
    before = _told(_result(_asked(root)))
    (kept,) = (tmp_path / "cache/ringwork").glob("tools-*.kept")
    kept.write_bytes(damage)
    started.clear()
    assert _told(_result(_asked(root))) == before
    assert len(started[0]) == 3


def test_nothing_is_kept_of_a_file_that_was_written_meanwhile(project, monkeypatch):
    """Nobody knows which of the two bandit read."""
    root, started = project
    true = run._ended

    def ended(words, *given):
        said = true(words, *given)
        (root / "a.py").write_text(KEYS)
        return said

    monkeypatch.setattr(run, "_ended", ended)
    _result(_asked(root))
    monkeypatch.setattr(run, "_ended", true)
    (root / "a.py").write_text(SHELL)
    started.clear()
    _result(_asked(root))
    assert started == [["./a.py"]]


def test_no_secret_and_no_code_is_kept(project, tmp_path):
    """What is kept is read by nobody, and lies outside of the project all the same."""
    root, _ = project
    _result(_asked(root))
    (kept,) = (tmp_path / "cache/ringwork").glob("tools-*.kept")
    text = kept.read_text()
    assert "17 characters" in text
    assert "hunter2" not in text
    assert "ls {name}" not in text


def test_nothing_is_written_where_nothing_is_to_be_kept(project, tmp_path):
    """`--no-cache` leaves no trace."""
    root, _ = project
    _fresh(_asked(root))
    assert not (tmp_path / "cache").exists()
