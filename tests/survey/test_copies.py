from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ringwork.errors import TargetFailed
from ringwork.survey import copies


def test_leaves_environments_history_and_caches_out(tmp_path):
    """A copy holds what an application needs to run, nothing else."""
    for folder in (".git", ".venv", "node_modules", "__pycache__", "shop"):
        (tmp_path / "root" / folder).mkdir(parents=True)
        (tmp_path / "root" / folder / "file.py").write_text("x")
    copies.copy_tree(tmp_path / "root", tmp_path / "copy")
    assert [p.name for p in (tmp_path / "copy").iterdir()] == ["shop"]


def test_copies_a_folder_that_is_empty_still(tmp_path):
    """Uploads go there: an application that misses it answers 500, and nothing is learned. What is left out stays out, empty or not."""
    for folder in ("app/uploads/covers", "app/__pycache__", "app/.venv"):
        (tmp_path / folder).mkdir(parents=True)
    copied = copies.copy_tree(tmp_path / "app", tmp_path / "copy")
    assert sorted(path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*")) == [
        "uploads",
        "uploads/covers",
    ]
    assert copied.files == 0


def test_leaves_out_an_environment_of_any_name(tmp_path):
    """A folder with pyvenv.cfg is an environment, whatever it is called."""
    (tmp_path / "root" / "mine").mkdir(parents=True)
    (tmp_path / "root" / "mine" / "pyvenv.cfg").write_text("")
    (tmp_path / "root" / "app.py").write_text("x")
    assert copies.copy_tree(tmp_path / "root", tmp_path / "copy").files == 1


def test_says_which_large_file_was_left_out(tmp_path, monkeypatch):
    """A file past the limit is named, not silently missing."""
    monkeypatch.setattr(copies, "FILE_LIMIT_BYTES", 10)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "film.bin").write_bytes(b"x" * 11)
    copied = copies.copy_tree(tmp_path / "root", tmp_path / "copy")
    assert copied.skipped == ("film.bin was left out: it is larger than 0 MB",)


def test_refuses_a_tree_past_the_limit(tmp_path, monkeypatch):
    """A home folder given by mistake is not copied."""
    monkeypatch.setattr(copies, "TREE_LIMIT_BYTES", 10)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.bin").write_bytes(b"x" * 11)
    with pytest.raises(TargetFailed, match="holds more than"):
        copies.copy_tree(tmp_path / "root", tmp_path / "copy")


def test_does_not_follow_a_link_out_of_the_project(tmp_path):
    """A link to a file elsewhere is left out and named."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link.txt").symlink_to(tmp_path / "secret.txt")
    copied = copies.copy_tree(tmp_path / "root", tmp_path / "copy")
    assert copied.files == 0
    assert "leads out of the project" in copied.skipped[0]


def test_reads_text_and_nothing_that_it_cannot_read(tmp_path):
    """A dangling link, a folder and a huge file hold nothing for a reader of sources; a plain file does."""
    (tmp_path / "plain.py").write_text("x = 1")
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nowhere")
    assert copies.text_of(tmp_path / "plain.py") == "x = 1"
    assert [copies.text_of(tmp_path / name) for name in ("dangling.py", ".")] == ["", ""]
    assert copies.text_of(tmp_path / "plain.py", limit_bytes=2) == ""


def test_a_small_tree_is_copied_into_memory_and_what_does_not_fit_is_not(tmp_path, monkeypatch):
    """A proof that makes a hundred copies waits for no disk; a large tree, no memory or a place that was named is another matter."""
    monkeypatch.delenv("TMPDIR", raising=False)
    (tmp_path / "app.py").write_text("app = 1\n")
    seen = os.statvfs(tmp_path)
    is_usable = not seen.f_flag & os.ST_NOEXEC and seen.f_bavail * seen.f_frsize > 2_000_000_000
    assert copies.home(tmp_path, tmp_path) == (tmp_path if is_usable else None)
    assert copies.home(tmp_path, tmp_path / "missing") is None
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(30_000_000)
    assert copies.home(tmp_path, tmp_path) is None
    (tmp_path / "large.bin").unlink()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert copies.home(tmp_path, tmp_path) is None


def test_keeps_private_what_is_private(tmp_path):
    """A root key that others could read is refused at the start, in a copy as anywhere."""
    (tmp_path / "tree").mkdir()
    for name, mode in (("root.key", 0o600), ("notes.txt", 0o644)):
        (tmp_path / "tree" / name).write_text("x", encoding="utf-8")
        (tmp_path / "tree" / name).chmod(mode)
    copies.copy_tree(tmp_path / "tree", tmp_path / "copy")
    copies.duplicate(tmp_path / "copy", tmp_path / "variant")
    assert [(tmp_path / place / "root.key").stat().st_mode & 0o777 for place in ("copy", "variant")] == [0o600, 0o600]
    assert (tmp_path / "variant" / "notes.txt").stat().st_mode & 0o044


def _tree(folder):
    """Every path with what it is and holds."""
    return {
        path.relative_to(folder).as_posix(): "link" if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def used(tmp_path):
    """A copy, and what a variant has left of its duplicate."""
    tree, left = tmp_path / "copy", tmp_path / "variant"
    (tree / "shop" / "static").mkdir(parents=True)
    for name in ("shop/app.py", "shop/static/style.css", "shop.db", "plain.txt", "shop/root.key"):
        (tree / name).write_text(f"the first {name}")
    (tree / "shop" / "root.key").chmod(0o600)
    (tree / "link.py").symlink_to("shop/app.py")
    copies.duplicate(tree, left)
    return tree, left


def test_puts_right_what_a_variant_left(used):
    """Against a trace of one variant in the next: what it wrote, put in the place of a source, made, moved and removed is gone."""
    tree, left = used
    before = _tree(tree)
    (left / "shop.db").write_text("orders of the last one")
    (left / "shop" / "app.py").unlink()
    (left / "shop" / "app.py").write_text("another source")
    (left / "plain.txt").unlink()
    (left / "plain.txt").mkdir()
    (left / "plain.txt" / "inner.py").write_text("x")
    shutil.rmtree(left / "shop" / "static")
    (left / "shop" / "static").write_text("a file where a folder was")
    (left / "uploads" / "deep").mkdir(parents=True)
    (left / "uploads" / "deep" / "file.bin").write_text("x")
    (left / "link.py").unlink()
    (left / "link.py").symlink_to("/etc/passwd")
    (left / "shop" / "root.key").chmod(0o644)
    copies.restore(str(tree), str(left))
    assert (_tree(left), _tree(tree)) == (before, before)
    assert (left / "link.py").readlink() == Path("shop/app.py")
    assert (left / "shop" / "root.key").stat().st_mode & 0o777 == 0o600


def test_shares_sources_and_nothing_else_with_what_was_put_right(used):
    """What the next variant writes must not reach the copy: sources are its very files, everything else is not."""
    tree, left = used
    copies.restore(str(tree), str(left))
    plain = [name for name, held in _tree(tree).items() if isinstance(held, bytes)]
    assert [name for name in plain if (tree / name).samefile(left / name)] == ["shop/app.py", "shop/static/style.css"]
