"""`ringwork inventory`: algorithms, their standing, and whether a kept inventory is still true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringwork.cli.main import main


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project that uses one weak and one strong algorithm."""
    (tmp_path / "shop.py").write_text("import hashlib\nhashlib.md5(b'')\nhashlib.sha256(b'')\nhashlib.sha256(b'')\n")
    return tmp_path


def test_says_what_is_weak_and_what_to_take(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line an algorithm, with its first place."""
    assert main(["inventory", str(shop)]) == 0
    weak, strong = capsys.readouterr().out.splitlines()
    assert weak.split("\t") == ["MD5", "weak", "shop.py:2", "two texts with one hash are made in seconds; take SHA-256"]
    assert strong.split("\t") == ["SHA-256", "approved", "shop.py:3 and 1 more", "holds against quantum computers"]


def test_holds_the_code_against_what_was_kept(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that moved is no drift; an algorithm that came or went is, and ends with 1."""
    assert main(["inventory", str(shop), "--json"]) == 0
    kept = shop / "inventory.json"
    kept.write_text(capsys.readouterr().out)
    assert json.loads(kept.read_text())["format"] == "ringwork.inventory/1"
    (shop / "shop.py").write_text("import hashlib\n\n\nhashlib.md5(b'')\nhashlib.sha256(b'')\n")
    assert main(["inventory", str(shop), "--compare", str(kept)]) == 0
    (shop / "shop.py").write_text("import hashlib\nhashlib.sha1(b'')\nhashlib.sha256(b'')\n")
    assert main(["inventory", str(shop), "--compare", str(kept)]) == 1
    assert capsys.readouterr().out.splitlines() == ["came\tSHA-1\tshop.py", "went\tMD5\tshop.py"]


@pytest.mark.parametrize("text", ["", "[]", '{"format": "ringwork.inventory/9"}', '{"format": "ringwork.inventory/1"}'])
def test_refuses_what_is_no_inventory(shop: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Said with what to write instead."""
    (shop / "kept.json").write_text(text)
    assert main(["inventory", str(shop), "--compare", str(shop / "kept.json")]) == 2
    assert "write it with --json" in capsys.readouterr().err
