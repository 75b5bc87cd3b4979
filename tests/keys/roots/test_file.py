"""A root key in a file is read by its owner alone, with its passphrase, unaltered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ringwork.errors import KeyUnavailable
from ringwork.keys.root import require_wrapping
from ringwork.keys.roots import file
from ringwork.secret import Secret

PASSPHRASE = Secret("correct horse battery")


def test_reads_the_key_that_it_made(tmp_path: Path) -> None:
    """The same key comes back, known by its reference, and wraps."""
    path = tmp_path / "root.key"
    made = file.make(path)
    assert file.read(path).reference == made.reference
    assert path.stat().st_mode & 0o777 == 0o600
    require_wrapping(file.read(path))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_refuses_a_file_that_others_may_read(tmp_path: Path, mode: int) -> None:
    """The message gives the command to write."""
    path = tmp_path / "root.key"
    file.make(path)
    path.chmod(mode)
    with pytest.raises(KeyUnavailable, match=f"mode 0{mode:o}.*chmod 600"):
        file.read(path)


def test_refuses_a_file_of_another_user(tmp_path: Path) -> None:
    """Whoever owns the file can exchange the root."""
    path = tmp_path / "root.key"
    file.make(path)
    status = os.stat_result((0o100600, *path.stat()[1:4], os.geteuid() + 1, *path.stat()[5:]))
    with pytest.raises(KeyUnavailable, match="chown"):
        file._require_private(status, path)


def test_never_replaces_a_root(tmp_path: Path) -> None:
    """A second init does not make all keys unreadable."""
    path = tmp_path / "root.key"
    before = file.make(path)
    with pytest.raises(KeyUnavailable, match="never replaced"):
        file.make(path)
    assert file.read(path).reference == before.reference


def test_takes_no_passphrase_for_a_file_in_clear(tmp_path: Path) -> None:
    """Whoever names one believes that the file is protected."""
    file.make(tmp_path / "root.key")
    assert file.read(tmp_path / "root.key").reference
    with pytest.raises(KeyUnavailable, match="not under a passphrase"):
        file.read(tmp_path / "root.key", passphrase=PASSPHRASE)


def test_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    """A stolen file is worth nothing without the passphrase, and does not show the key."""
    path = tmp_path / "root.key"
    made = file.make(path, passphrase=PASSPHRASE)
    assert file.read(path, passphrase=PASSPHRASE).reference == made.reference
    with pytest.raises(KeyUnavailable, match="does not open"):
        file.read(path, passphrase=Secret("correct horse batteri"))
    with pytest.raises(KeyUnavailable, match="env:NAME"):
        file.read(path)


def test_refuses_a_file_whose_cost_was_changed(tmp_path: Path) -> None:
    """Neither a start that takes all memory, nor a cheaper guess, can be written into the file."""
    path = tmp_path / "root.key"
    file.make(path, passphrase=PASSPHRASE)
    text = path.read_text()
    for changed, problem in (("99999999 3", "cost"), ("1024 3", "cost"), ("65536 2", "does not open"), ("lots 3", "cost")):
        path.write_text(text.replace("65536 3", changed))
        with pytest.raises(KeyUnavailable, match=problem):
            file.read(path, passphrase=PASSPHRASE)
    path.write_text(text.replace("argon2id", "md5"))
    with pytest.raises(KeyUnavailable, match="another release"):
        file.read(path, passphrase=PASSPHRASE)


@pytest.mark.parametrize(
    "content", ["", "secret", "ringwork-root-1", "ringwork-root-1 short", "ringwork-root-2 " + "A" * 43, "ringwork-root-1 ä"]
)
def test_refuses_what_is_no_root_and_quotes_nothing(tmp_path: Path, content: str) -> None:
    """The content of a key file is in no message."""
    path = tmp_path / "root.key"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(KeyUnavailable, match=r"ringwork keys init|restore it") as refused:
        file.read(path)
    assert "secret" not in str(refused.value)


def test_tells_a_missing_file_a_folder_and_a_short_passphrase(tmp_path: Path) -> None:
    """Each says what to do."""
    with pytest.raises(KeyUnavailable, match="ringwork keys init"):
        file.read(tmp_path / "none")
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(KeyUnavailable, match="name a file in a folder of yours"):
        file.make(tmp_path / "taken" / "root.key")
    with pytest.raises(KeyUnavailable, match="12 or more"):
        file.make(tmp_path / "root.key", passphrase=Secret("short"))
    assert not (tmp_path / "root.key").exists()
