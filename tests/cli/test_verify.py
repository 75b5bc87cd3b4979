"""`ringwork verify` and `ringwork badge` on files of an earlier run."""

from __future__ import annotations

import datetime
import json
import subprocess
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ringwork.report import plain
from tests.report import sample


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A report of today on the commit of the current folder, and two key files."""
    git = ["git", "-c", "user.name=anna", "-c", "user.email=anna@clinic.example"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True, capture_output=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".ringwork").mkdir()
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    report = replace(sample.clean(), commit=head, tree="clean", started_at=now)
    (tmp_path / ".ringwork" / "report.json").write_text(plain.to_json(report))
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "pub.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return report


def test_a_signed_statement_holds(stored, run):
    """The whole way: render and sign it, verify it with the public key."""
    assert run("report", "render", "--format", "in-toto", "--sign", "key.pem").code == 0
    ended = run("verify", "--key", "pub.pem")
    assert ended.code == 0, ended.text
    assert "It does not prove:" in ended.text


def test_a_key_alone_asks_for_a_statement(stored, run, tmp_path):
    """Whoever gives a key wants something signed."""
    run("report", "render", "--format", "badge", "--sign", "key.pem")
    assert "signatures" in json.loads((tmp_path / ".ringwork" / "statement.json").read_text())


def test_an_unsigned_statement_says_so(stored, run):
    """When it is written, and when it is verified: without a key something stays open, with one it is broken."""
    assert "unsigned" in run("report", "render", "--format", "in-toto").text
    assert run("verify").code == 3
    assert run("verify", "--key", "pub.pem").code == 1


def test_an_altered_report_is_no_evidence(stored, run, tmp_path):
    """A single number is enough."""
    run("report", "render", "--format", "in-toto", "--sign", "key.pem")
    (tmp_path / ".ringwork" / "report.json").write_text(plain.to_json(replace(stored, seed=7)))
    assert run("verify", "--key", "pub.pem").code == 1


def test_evidence_of_another_commit_is_no_evidence(stored, run, tmp_path):
    """After the next commit it has to be made again."""
    run("report", "render", "--format", "in-toto", "--sign", "key.pem")
    git = ["git", "-c", "user.name=anna", "-c", "user.email=anna@clinic.example"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "second"], cwd=tmp_path, check=True, capture_output=True)
    assert run("verify", "--key", "pub.pem").code == 1
    assert run("verify", "--key", "pub.pem", "--commit", stored.commit).code == 0


def test_a_statement_names_no_commit_of_a_changed_tree(stored, run, tmp_path):
    """It says so when it is written."""
    (tmp_path / ".ringwork" / "report.json").write_text(plain.to_json(replace(stored, tree="changed")))
    assert "names the report and no commit" in run("report", "render", "--format", "in-toto").text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify",), "give a statement that `ringwork prove --format in-toto` wrote"),
        (("verify", "absent.json"), "there is no readable file at absent.json"),
        (("report", "render", "--format", "in-toto", "--sign", "pub.pem"), "cannot sign"),
        (("report", "render", "--format", "in-toto", "--sign", "absent.pem"), "check the path given to --sign"),
        (("badge", "absent"), "give a report.json"),
    ],
)
def test_says_what_is_missing(stored, run, words, said):
    """Exit 2, and what to give instead."""
    ended = run(*words)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize("words", [("--key", "key.pem"), ("--key", "absent.pem")])
def test_says_what_is_wrong_with_a_key(stored, run, words):
    """A private key is no public one; neither is quoted."""
    run("report", "render", "--format", "in-toto")
    ended = run("verify", *words)
    assert ended.code == 2
    assert words[1] in ended.err


def test_draws_the_badge_as_of_today(stored, run, tmp_path):
    """Green for the current commit, grey once it is old or of another one."""
    assert "brightgreen: proven" in run("badge").text
    assert "lightgrey: of another commit" in run("badge", "--commit", "f" * 40).text
    assert "brightgreen: proven" in run("badge", "--commit", "any", "--output-dir", "out").text
    assert (tmp_path / "out" / "badge.svg").is_file()
    old = replace(stored, started_at="2026-01-01T00:00:00+00:00")
    (tmp_path / ".ringwork" / "report.json").write_text(plain.to_json(old))
    assert "lightgrey: out of date" in run("badge", "--max-age", "30").text
    assert json.loads((tmp_path / ".ringwork" / "badge.json").read_text())["color"] == "lightgrey"
