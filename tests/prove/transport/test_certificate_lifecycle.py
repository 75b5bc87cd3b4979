"""The proof of transport.certificate-lifecycle: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import breached_files
from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.prove.transport import certificate_lifecycle
from ringwork.survey.facts import AppFacts, GuardFacts
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("transport.certificate-lifecycle")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, so a pass means something."""
    showing.falls(framework, check)


# -- what the look at files finds, and what it leaves alone -----------------------------------------------------


KEY = breached_files.KEY


class Looking:
    """A stage for looks: facts and nothing else."""

    def __init__(self, root: Path, **files: str) -> None:
        settings = {"certificate_lifecycle": {"files": [{"certificate": "", "key": "", "group_reason": "", **files}] if files else []}}
        guard = GuardFacts(mode="enforce", controls=(), origin="https://shop.test", hosts=(), identify="", settings=settings)
        self.facts = AppFacts(target="shop:app", framework="flask", framework_version="3", root=str(root), routes=(), guard=guard)


def looked(root: Path, **files: str) -> list[str]:
    """Where the look found a key in reach of others; [] when it holds."""
    evidence = certificate_lifecycle.key_file_mode(Looking(root, **files))  # type: ignore[arg-type]  # looks read facts only
    return [o.where for o in evidence.observations if o.outcome is Outcome.BROKEN]


def put(root: Path, name: str, text: str, mode: int = 0o600) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("name", ["server.key", "deploy/tls/site.pem", "static/x.key", ".ssh/id_ed25519", "shop.p12"])
def test_finds_a_key_that_is_shipped(name: str, tmp_path: Path) -> None:
    """Whoever gets the repository or the image gets the site."""
    put(tmp_path, "app.py", "")
    put(tmp_path, name, KEY)
    assert looked(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("server.pem", "-----BEGIN CERTIFICATE-----"),
        ("tests/server.key", KEY),
        (".venv/x/server.key", KEY),
        ("notes.txt", KEY),
        ("public.key", "words"),
    ],
)
def test_leaves_alone_what_is_no_key_of_the_project(name: str, text: str, tmp_path: Path) -> None:
    """A certificate is public, and a key of tests protects nothing."""
    put(tmp_path, "app.py", "")
    put(tmp_path, name, text)
    assert looked(tmp_path) == []


@pytest.mark.parametrize(
    ("lists", "kept"),
    [
        ({".gitignore": "*.key\n"}, True),
        ({".gitignore": "/certs/\n"}, True),
        ({".gitignore": "# *.key\n!*.key\nother.key\n"}, False),
        ({".gitignore": "*.key\n", "Dockerfile": "COPY . .\n"}, False),
        ({".gitignore": "*.key\n", "Dockerfile": "COPY . .\n", ".dockerignore": "certs\n"}, True),
        ({}, False),
    ],
)
def test_believes_the_lists_of_what_is_not_shipped(lists: dict[str, str], *, kept: bool, tmp_path: Path) -> None:
    """A key that neither the repository nor the image takes stays on this machine."""
    for name, text in lists.items():
        put(tmp_path, name, text)
    put(tmp_path, "certs/server.key", KEY)
    assert looked(tmp_path) == ([] if kept else ["certs/server.key"])


@pytest.mark.parametrize(
    ("mode", "reason", "held"), [(0o600, "", True), (0o640, "", False), (0o640, "ssl-cert", True), (0o644, "ssl-cert", False)]
)
def test_looks_at_the_rights_of_the_key_that_the_policy_names(mode: int, reason: str, *, held: bool, tmp_path: Path) -> None:
    """It may lie anywhere; who can read it is what counts."""
    (tmp_path / "app").mkdir()
    key = str(put(tmp_path, "key.pem", KEY, mode))
    assert looked(tmp_path / "app", key=key, group_reason=reason) == ([] if held else [key])
