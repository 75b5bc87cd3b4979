"""Every file of a project is read under its name, or named with the reason why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ringwork.survey.taint import files


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a = 1\n")
    return root


def _names(root: Path) -> dict[str, str]:
    return {found.file: found.name for found in files.listing(root).files}


def test_names_modules_as_they_are_imported(tmp_path: Path) -> None:
    """From the folder above the outermost package, from src, from the folder of manage.py, else from the project."""
    root = _tree(
        tmp_path, "app.py", "shop/__init__.py", "shop/orders/__init__.py", "shop/orders/views.py", "src/lib/__init__.py", "src/lib/a.py",
        "site/manage.py", "site/blog/__init__.py", "site/blog/models.py", "site/plain/urls.py", "src/loose/b.py", "scripts/one.py",
    )  # fmt: skip
    assert _names(root) == {
        "app.py": "app",
        "shop/__init__.py": "shop",
        "shop/orders/__init__.py": "shop.orders",
        "shop/orders/views.py": "shop.orders.views",
        "src/lib/__init__.py": "lib",
        "src/lib/a.py": "lib.a",
        "src/loose/b.py": "loose.b",
        "site/manage.py": "manage",
        "site/blog/__init__.py": "blog",
        "site/blog/models.py": "blog.models",
        "site/plain/urls.py": "plain.urls",
        "scripts/one.py": "scripts.one",
    }


def test_reads_scripts_too(tmp_path: Path) -> None:
    """A file that no import reaches is read without a name; one without an ending where its first line says Python."""
    root = _tree(tmp_path, "my-script.py")
    (root / "tool").write_text("#!/usr/bin/env python3\nprint(1)\n")
    (root / "other").write_text("#!/bin/sh\n")
    assert _names(root) == {"my-script.py": "", "tool": ""}


def test_leaves_out_what_is_no_source_of_the_project(tmp_path: Path) -> None:
    """History, environments and caches are neither read nor named."""
    root = _tree(tmp_path, "a.py", ".git/b.py", "node_modules/c.py", "__pycache__/d.py", "own/e.py")
    (root / "own" / "pyvenv.cfg").write_text("")
    found = files.listing(root)
    assert [each.file for each in found.files] == ["a.py"]
    assert not found.unread


def test_names_what_it_does_not_read(tmp_path: Path) -> None:
    """Against files that end the run: loops of links, binaries and endless files are named, and the others are read."""
    root = _tree(tmp_path / "project", "a.py", "b/c.py")
    _tree(tmp_path, "outside.py")
    (root / "b" / "again").symlink_to(root)
    (root / "loop.py").symlink_to(root / "loop.py")
    (root / "gone.py").symlink_to(root / "nowhere.py")
    (root / "away.py").symlink_to(tmp_path / "outside.py")
    (root / "binary.py").write_bytes(b"\x7fELF\0\0")
    (root / "large.py").write_bytes(b"#" * (files.LIMIT_BYTES + 1))
    (root / "folder.py").mkdir()
    os.mkfifo(root / "pipe.py")
    found = files.listing(root)
    assert [each.file for each in found.files] == ["a.py", "b/c.py"]
    assert {each.file: each.why for each in found.unread} == {
        "away.py": "a link that leads out of the project",
        "b/again": "a link to a folder, which is not followed",
        "binary.py": "it is binary",
        "gone.py": "a link that leads nowhere, or round in a circle",
        "large.py": "it is larger than 2 MB",
        "loop.py": "a link that leads nowhere, or round in a circle",
        "pipe.py": "it is no plain file",
    }


def test_names_what_it_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another user is named, with what the system said."""
    root = _tree(tmp_path, "a.py", "b.py")
    ordinary = Path.open

    def refused(path: Path, *given: str) -> object:
        if path.name == "b.py":
            raise PermissionError(13, "Permission denied")
        return ordinary(path, *given)

    monkeypatch.setattr(Path, "open", refused)
    assert [(each.file, each.why) for each in files.listing(root).unread] == [("b.py", "it cannot be read (Permission denied)")]


def test_lists_one_file_alone(tmp_path: Path) -> None:
    """A single file is a project of its own."""
    root = _tree(tmp_path, "a.py")
    assert [(each.file, each.name) for each in files.listing(root / "a.py").files] == [("a.py", "a")]


def test_lists_in_the_same_order_everywhere(tmp_path: Path) -> None:
    """File systems have orders of their own; results have one."""
    root = _tree(tmp_path, "b.py", "a/z.py", "a.py", "Z.py")
    assert [each.file for each in files.listing(root).files] == sorted(["b.py", "a/z.py", "a.py", "Z.py"])
