"""`ringwork certs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.wire import forge
from ringwork.survey.wire.forge import Leaf


@pytest.fixture
def certs(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command on a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: run("certs", *words, "--folder", str(tmp_path / "certs"))


def written(tmp_path: Path, kind: Leaf) -> list[str]:
    """The words that name a chain and its key."""
    certificate, key = forge.make_authority().leaf(["shop.test"], kind)
    (tmp_path / "chain.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "key.pem").chmod(0o600)
    return [str(tmp_path / "chain.pem"), "--key", str(tmp_path / "key.pem"), "--host", "shop.test"]


def test_makes_an_authority_and_a_certificate_in_two_commands(certs, tmp_path: Path) -> None:
    """The paths are printed alone, so that a script can take them."""
    assert certs("ca").out.strip() == str(tmp_path / "certs" / "authority.pem")
    issued = certs("issue", "localhost", "127.0.0.1")
    assert issued.out.splitlines() == [str(tmp_path / "certs" / f"localhost.{ending}") for ending in ("pem", "key")]
    assert "localhost\tserver\t" in certs("show").out
    assert certs("renew", "127.0.0.1").out == issued.out
    assert certs("revoke", "localhost").code == 0
    assert certs("relist").code == 0
    assert "localhost\trevoked\t" in certs("show").out


@pytest.mark.parametrize("words", [("ca",), ("issue", "localhost"), ("renew", "localhost"), ("revoke", "localhost"), ("relist",)])
def test_is_refused_in_production(certs, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither by its environment nor by its settings does a production come to lean on a developer's authority."""
    monkeypatch.setenv("RINGWORK_MODE", "production")
    ended = certs(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "this is production" in ended.err
    monkeypatch.delenv("RINGWORK_MODE")
    (tmp_path / "ringwork.toml").write_text('mode = "production"\n', encoding="utf-8")
    assert "this is production" in certs(*words).err
    assert not (tmp_path / "certs").exists()


def test_says_how_to_begin_without_an_authority(certs) -> None:
    """The first command of a new user may be the second one."""
    ended = certs("issue", "localhost")
    assert ended.code == 2
    assert "ringwork certs ca" in ended.err


def test_finds_nothing_wrong_with_a_good_certificate(run, tmp_path: Path) -> None:
    """The honest pair passes."""
    ended = run("certs", "check", *written(tmp_path, Leaf.GOOD), "--production")
    assert (ended.code, "valid, strong, in time" in ended.out) == (0, True)


@pytest.mark.parametrize(
    ("kind", "told", "code"),
    [
        (Leaf.EXPIRED, "unusable: ", 1),
        (Leaf.OTHER_NAME, "not for shop.test", 1),
        (Leaf.ENDS_SOON, "alert: ", 1),
        (Leaf.DEVELOPMENT, "development: ", 0),
    ],
)
def test_says_what_is_wrong_with_a_certificate(run, tmp_path: Path, kind: Leaf, told: str, code: int) -> None:
    """A nightly job fails before the certificate does."""
    ended = run("certs", "check", *written(tmp_path, kind))
    assert (ended.code, told in ended.out) == (code, True)


def test_takes_a_development_certificate_for_a_fault_of_production(run, tmp_path: Path) -> None:
    """--production is what a pipeline says before it deploys."""
    assert run("certs", "check", *written(tmp_path, Leaf.DEVELOPMENT), "--production").code == 1


def test_shows_what_a_certificate_says(run, tmp_path: Path) -> None:
    """For whom, from whom, until when, how strong."""
    out = run("certs", "show", written(tmp_path, Leaf.GOOD)[0]).out
    assert all(word in out for word in ("throw-away copy", "for shop.test", "until ", "EC secp256r1, signed over sha256"))


def test_names_a_file_that_is_not_there(run, tmp_path: Path) -> None:
    """An error that says what is missing."""
    ended = run("certs", "show", str(tmp_path / "none.pem"))
    assert ended.code == 2
    assert "none.pem cannot be read" in ended.err
