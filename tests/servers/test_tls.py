"""The TLS of every server, made in one place."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ringwork.errors import ServerInvalid
from ringwork.servers.tls import Asked, server_context
from tests.servers import running


@pytest.fixture
def papers(tmp_path: Path) -> running.Papers:
    return running.make_papers(tmp_path)


def made(papers: running.Papers, tls: str = "intermediate", clients: Asked | None = None) -> ssl.SSLContext:
    return server_context(tls, certificate=str(papers.certificate), key=str(papers.key), clients=clients)


@pytest.mark.parametrize(("tls", "least"), [("intermediate", ssl.TLSVersion.TLSv1_2), ("modern", ssl.TLSVersion.TLSv1_3)])
def test_speaks_no_version_below_its_profile(tls: str, least: ssl.TLSVersion, papers: running.Papers) -> None:
    """A downgrade has nowhere to go."""
    context = made(papers, tls)
    assert context.minimum_version == least
    assert context.maximum_version == ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_takes_fresh_keys_and_authenticated_ciphers_only(papers: running.Papers) -> None:
    """What is agreed on with 1.2 is exactly Mozilla's list; 1.3 has no other."""
    older = {one["name"] for one in made(papers).get_ciphers() if one["protocol"] == "TLSv1.2"}
    assert older == {
        f"ECDHE-{key}-{cipher}" for key in ("ECDSA", "RSA") for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    }


@pytest.mark.parametrize("option", [ssl.OP_NO_COMPRESSION, ssl.OP_NO_RENEGOTIATION])
def test_switches_off_what_helps_an_attacker(option: ssl.Options, papers: running.Papers) -> None:
    """Compression tells secrets by length; renegotiation lets one connection cost a handshake after the other."""
    assert made(papers).options & option


def test_lets_clients_choose_among_what_is_left(papers: running.Papers) -> None:
    """A phone without AES in hardware takes ChaCha20, as Mozilla's guideline has it."""
    assert not made(papers).options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_asks_nobody_for_a_certificate_unless_told_to(papers: running.Papers) -> None:
    """A public site's visitors have none."""
    assert made(papers).verify_mode == ssl.CERT_NONE


def test_requires_a_certificate_of_the_named_authority(papers: running.Papers) -> None:
    """Asked means required: a client that shows none gets no session."""
    context = made(papers, clients=Asked(authority=str(papers.authority)))
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert not context.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF


def test_refuses_an_authority_file_that_holds_none(papers: running.Papers) -> None:
    """A listener without its authority does not start, instead of letting everybody or nobody in."""
    with pytest.raises(ServerInvalid, match="client_authority: the file holds the authority's certificate"):
        made(papers, clients=Asked(authority=str(papers.key)))


def test_refuses_a_list_that_revokes_nothing_because_it_is_none(papers: running.Papers) -> None:
    """A certificate in the place of the CRL would switch the check off in silence."""
    with pytest.raises(ServerInvalid, match="client_revoked: the file holds"):
        made(papers, clients=Asked(authority=str(papers.authority), revoked=str(papers.authority)))


def test_says_which_file_does_not_fit(papers: running.Papers) -> None:
    """The key of another certificate is told at the start, and not at the first handshake."""
    with pytest.raises(ServerInvalid, match="certificate and key do not fit together"):
        server_context("intermediate", certificate=str(papers.certificate), key=str(papers.client_key))


def test_refuses_a_locked_key_without_asking_a_terminal(papers: running.Papers, tmp_path: Path) -> None:
    """Nobody reads the terminal of a server."""
    key = serialization.load_pem_private_key(papers.key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    form = serialization.PrivateFormat.PKCS8
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"words")))
    with pytest.raises(ServerInvalid, match="locked with a passphrase"):
        server_context("intermediate", certificate=str(papers.certificate), key=str(locked))


def test_the_papers_of_these_tests_are_real(papers: running.Papers) -> None:
    """The authority is one; else every refusal above could be for want of it."""
    found = x509.load_pem_x509_certificate(papers.authority.read_bytes())
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
