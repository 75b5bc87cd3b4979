"""Certificates are looked at before they are served: time, name, strength, chain, and the rights of the key file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from ringwork import Policy
from ringwork.clock import FixedClock, SystemClock
from ringwork.enforce.guard import Surroundings
from ringwork.enforce.transport.certificate_lifecycle import (
    GUARD,
    CertificateFiles,
    CertificateLifecycleSettings,
    Level,
    concerns,
)
from ringwork.errors import PolicyInvalid
from ringwork.survey.wire import forge
from ringwork.survey.wire.forge import Leaf
from tests.enforce.making import make_route, make_site

AUTHORITY = forge.make_authority()


def present() -> float:
    """The time as it is when a test asks: a certificate is valid from the time it is made, and a run takes long."""
    return SystemClock().now()


def pair(folder: Path, kind: Leaf = Leaf.GOOD, *, names: tuple[str, ...] = ("clinic.example",), mode: int = 0o600) -> CertificateFiles:
    """A certificate and its key in files."""
    certificate, key = AUTHORITY.leaf(names, kind)
    (folder / "chain.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    (folder / "key.pem").chmod(mode)
    return CertificateFiles(certificate=str(folder / "chain.pem"), key=str(folder / "key.pem"))


def looked(files: CertificateFiles, **more: Any) -> list[tuple[str, str]]:
    """Level and text of each concern, the paths left out."""
    found = concerns(files, now=more.pop("now", present()), host="clinic.example", **more)
    return [(one.level.value, one.text) for one in found]


def started(files: CertificateFiles, *, production: bool) -> list[str]:
    """What the start says."""
    site = make_site(production=production, clock=FixedClock(present()))
    return list(GUARD.at_start(CertificateLifecycleSettings(files=(files,)), site, Surroundings(framework="flask"), []))


def test_has_nothing_to_say_on_a_request() -> None:
    """The handshake is over by then, so it costs no request anything."""
    hooks = GUARD.plan(CertificateLifecycleSettings(), make_site(), make_route())
    assert (hooks.arrive, hooks.enter, hooks.leave, hooks.headers) == (None, None, None, ())


def test_finds_nothing_wrong_with_a_good_pair(tmp_path: Path) -> None:
    """The honest certificate starts, in production too."""
    files = pair(tmp_path)
    assert looked(files) == []
    assert started(files, production=True) == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Leaf.EXPIRED, "ran out on"),
        (Leaf.NOT_YET, "begins to be valid"),
        (Leaf.OTHER_NAME, "and not for clinic.example"),
    ],
)
def test_refuses_what_no_client_would_take(tmp_path: Path, kind: Leaf, told: str) -> None:
    """Found at the start, and not by the first visitor; each says what to do."""
    found = looked(pair(tmp_path, kind))
    assert [level for level, _ in found] == ["unusable"]
    assert told in found[0][1]
    assert started(pair(tmp_path, kind), production=False)


@pytest.mark.parametrize("kind", [Leaf.DEVELOPMENT, Leaf.SELF_SIGNED])
def test_refuses_a_development_certificate_in_production_alone(tmp_path: Path, kind: Leaf) -> None:
    """At home it is what it was made for."""
    files = pair(tmp_path, kind)
    assert "refused in production" in started(files, production=True)[0]
    assert started(files, production=False) == []


@pytest.mark.parametrize(("mode", "fine"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o660, False)])
def test_asks_that_the_key_is_its_owners_alone(tmp_path: Path, mode: int, *, fine: bool) -> None:
    """Whoever reads the key can be the site."""
    found = looked(pair(tmp_path, mode=mode))
    assert (found == []) is fine
    assert fine or "chmod 600" in found[0][1]


def test_lets_the_group_read_the_key_with_a_reason(tmp_path: Path) -> None:
    """Debian's ssl-cert group is such a reason; everybody else is none."""
    made = pair(tmp_path, mode=0o640)
    assert looked(CertificateFiles(certificate=made.certificate, key=made.key, group_reason="the group ssl-cert serves")) == []
    Path(made.key).chmod(0o644)
    assert looked(CertificateFiles(certificate=made.certificate, key=made.key, group_reason="the group ssl-cert serves"))


def test_refuses_a_key_of_another_certificate(tmp_path: Path) -> None:
    """Half of a renewal that went wrong."""
    files = pair(tmp_path)
    (tmp_path / "key.pem").write_bytes(AUTHORITY.leaf(["clinic.example"])[1])
    assert "is not the key of" in looked(files)[0][1]


def test_refuses_a_chain_in_the_wrong_order(tmp_path: Path) -> None:
    """Some clients mend it by themselves, others see no site."""
    files = pair(tmp_path)
    leaf = (tmp_path / "chain.pem").read_bytes()
    (tmp_path / "chain.pem").write_bytes(leaf + AUTHORITY.certificate_pem)
    assert [text for _, text in looked(files) if "not issued" in text] == []
    (tmp_path / "chain.pem").write_bytes(leaf + forge.make_authority().certificate_pem)
    assert any("was not issued by" in text for _, text in looked(files))


@pytest.mark.parametrize(("content", "told"), [(None, "cannot be read"), (b"", "holds no certificate")])
def test_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes | None, told: str) -> None:
    """A path that was mistyped is a fault of the start, in words."""
    files = CertificateFiles(certificate=str(tmp_path / "none.pem"))
    if content is not None:
        (tmp_path / "none.pem").write_bytes(content)
    assert told in looked(files)[0][1]


@pytest.mark.parametrize(("days", "level"), [(31, None), (29, logging.WARNING), (6, logging.ERROR)])
def test_tells_of_the_end_before_it_comes(tmp_path: Path, days: int, level: int | None, caplog: pytest.LogCaptureFixture) -> None:
    """A warning from 30 days on, an error from 7; the start goes on, because a refused one would itself be the outage."""
    files = pair(tmp_path)
    site = make_site(production=True, clock=FixedClock(present() + (90 - days) * 86_400))
    with caplog.at_level(logging.WARNING, logger="ringwork"):
        assert GUARD.at_start(CertificateLifecycleSettings(files=(files,)), site, Surroundings(framework="flask"), []) == []
    assert [record.levelno for record in caplog.records] == ([level] if level else [])


def test_puts_the_gravest_first(tmp_path: Path) -> None:
    """Whoever reads one line reads the right one."""
    found = concerns(pair(tmp_path, Leaf.ENDS_SOON, mode=0o644), now=present(), host="clinic.example")
    assert [one.level for one in found] == [Level.UNUSABLE, Level.ALERT]


def test_never_quotes_the_key(tmp_path: Path) -> None:
    """Neither whole nor in part, whatever is wrong with it."""
    files = pair(tmp_path, mode=0o644)
    secret = "-----BEGIN " + "PRIVATE KEY-----\nhunter2\n"
    (tmp_path / "key.pem").write_text(secret, encoding="utf-8")
    assert "hunter2" not in str(looked(files))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"files": (CertificateFiles(certificate=""),)}, "names no certificate"),
        ({"warn_days": 5}, "no earlier than the warning"),
        ({"alert_days": 0}, "whole days"),
        ({"warn_days": 999}, "at most 365"),
    ],
)
def test_refuses_settings_that_warn_nobody(changed: dict[str, Any], told: str) -> None:
    """Each fault says what to write instead."""
    with pytest.raises(PolicyInvalid, match=told):
        Policy(certificate_lifecycle=CertificateLifecycleSettings(**changed))
