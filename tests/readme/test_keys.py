"""What docs/keys.md says to write works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ringwork.cli import main
from ringwork.crypto.places import Place
from ringwork.keys.keyring import Keyring
from ringwork.keys.settings import settings_of
from ringwork.policy import files

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text(encoding="utf-8")


def test_the_first_settings_and_the_code_below_them_seal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, `ringwork keys init`, and the lines for the application."""
    monkeypatch.chdir(tmp_path)
    (settings, *_), (code,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL), re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "ringwork.toml").write_text(settings)
    assert main.main(["keys", "init"]) == 0
    names: dict[str, object] = {}
    monkeypatch.setattr("ringwork.sealed.keyrings.use", lambda ring: names.update(used=ring))
    exec(code, names)  # the page's own lines
    ring = names["used"]
    assert isinstance(ring, Keyring)
    place = Place(table="notes", column="text", row=(1,))
    cipher = ring.to_seal("notes", "text")
    assert cipher.open(cipher.seal(b"text", place), place) == b"text"


def test_every_root_of_the_page_is_understood(tmp_path: Path) -> None:
    """Each line names a kind of root with what it needs."""
    lines = re.findall(r"^root = .*", PAGE, re.MULTILINE)
    assert len(lines) == 8
    for line in lines:
        (tmp_path / "ringwork.toml").write_text(f"[keys]\n{line}\n")
        assert settings_of(files.read(tmp_path / "ringwork.toml")["keys"], where="ringwork.toml").root["kind"]
