from __future__ import annotations

import datetime
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ringwork.cli import earlier
from ringwork.errors import TargetFailed
from ringwork.report import plain
from ringwork.report.outputs import Asked
from tests.report import sample

SHOP, BEFORE = sample.foreign(), sample.before_foreign()


@pytest.fixture
def out() -> Console:
    """A console whose text can be read."""
    return Console(file=io.StringIO(), width=200)


def _said(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_takes_the_last_report_of_the_folder(tmp_path: Path, out: Console) -> None:
    """A second run is compared with the first without being asked."""
    (tmp_path / "report.json").write_text(plain.to_json(BEFORE))
    assert earlier.find(None, tmp_path, out) == BEFORE
    assert _said(out) == ""


def test_takes_the_report_that_is_named_instead(tmp_path: Path, out: Console) -> None:
    """Whoever names a run wants that one, and not the last."""
    (tmp_path / "report.json").write_text(plain.to_json(SHOP))
    (tmp_path / "main.json").write_text(plain.to_json(BEFORE))
    assert earlier.find(tmp_path / "main.json", tmp_path, out) == BEFORE


def test_a_first_run_has_nothing_before_it(tmp_path: Path, out: Console) -> None:
    """No last report is no fault."""
    assert earlier.find(None, tmp_path, out) is None
    assert _said(out) == ""


def test_refuses_a_named_report_that_cannot_be_read(tmp_path: Path, out: Console) -> None:
    """A mistyped name must not pass for nothing new."""
    with pytest.raises(TargetFailed) as caught:
        earlier.find(tmp_path / "absent.json", tmp_path, out)
    assert "give a report.json" in caught.value.advice


def test_tells_that_the_last_report_cannot_be_read_and_goes_on(tmp_path: Path, out: Console) -> None:
    """A damaged file of an earlier run does not stop this one, and is not passed over in silence."""
    (tmp_path / "report.json").write_text("{}")
    assert earlier.find(None, tmp_path, out) is None
    assert "nothing is compared with it" in _said(out)


def test_compares_two_targets_only_when_asked_to() -> None:
    """Two applications that share a folder are not each other's past."""
    alike = Asked(now=datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC), before=BEFORE)
    other = replace(alike, before=replace(BEFORE, target="blog.main:app"))
    assert earlier.comparable(alike, SHOP, named=False) is alike
    assert earlier.comparable(other, SHOP, named=False).before is None
    assert earlier.comparable(other, SHOP, named=True) is other


def test_a_stored_report_is_rendered_with_what_changed(tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The HTML of a stored run can be made again, beside any other run, and without one says nothing of changes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.json").write_text(plain.to_json(SHOP))
    (tmp_path / "old.json").write_text(plain.to_json(BEFORE))
    assert run("report", "render", "new.json", "--format", "html", "--against", "old.json").code == 0
    assert 'id="changes"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert run("report", "render", "new.json", "--format", "html").code == 0
    assert 'id="changes"' not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_run_refuses_what_it_cannot_be_compared_with_before_it_starts(tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong --against is told before anything is copied."""
    monkeypatch.chdir(tmp_path)
    ended = run("prove", "shop:app", "--against", "absent.json")
    assert ended.code == 2
    assert "give a report.json" in ended.text + ended.err
