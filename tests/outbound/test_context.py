"""The context of guarded clients: what it trusts, and which files it refuses."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ringwork.outbound.context import Trust, client_context
from tests.outbound.peers import Peers


def test_verifies_chain_and_name_with_current_tls() -> None:
    """The default is the safe choice, and there is no weaker one."""
    made = client_context()
    assert (made.verify_mode, made.check_hostname, made.minimum_version) == (ssl.CERT_REQUIRED, True, ssl.TLSVersion.TLSv1_2)
    assert client_context(Trust(tls="modern")).minimum_version is ssl.TLSVersion.TLSv1_3
    assert not [
        cipher["name"] for cipher in made.get_ciphers() if not {"GCM", "CHACHA20"} & set(cipher["name"].replace("_", "-").split("-"))
    ]


def test_trusts_the_list_of_certifi_and_not_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the system's store nor a variable of the environment adds an authority."""
    before = len(client_context().get_ca_certs())
    peers = Peers(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", peers.trusted)
    assert before > 50
    assert len(client_context().get_ca_certs()) == before
    assert len(client_context(Trust(authority=peers.trusted)).get_ca_certs()) == 1


def test_refuses_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Each fault says which field is meant, and none of it is found out at the first connection."""
    peers, other = Peers(tmp_path), tmp_path / "other.pem"
    other.write_text("words", encoding="utf-8")
    for trust in (
        Trust(authority=str(tmp_path / "none.pem")),
        Trust(authority=str(other)),
        Trust(authority=peers.trusted, certificate=str(other)),
    ):
        with pytest.raises(ValueError, match="authority, revoked, certificate, key"):
            client_context(trust)
    with pytest.raises(ValueError, match="revoked: a list is of one authority"):
        client_context(Trust(revoked=str(other)))
    with pytest.raises(ValueError, match="holds no list"):
        client_context(Trust(authority=peers.trusted, revoked=peers.trusted))
    with pytest.raises(ValueError, match="tls: 'old' is unknown"):
        client_context(Trust(tls="old"))
