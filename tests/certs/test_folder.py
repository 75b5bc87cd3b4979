"""The folder of development certificates: what it makes verifies, stays secret, and is good for local names alone."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from ringwork.certs.folder import Folder, default_place
from ringwork.clock import FixedClock, SystemClock
from ringwork.crypto import certificates
from ringwork.errors import CertificateUnusable


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with an authority."""
    made = Folder(tmp_path / "certs")
    made.begin()
    return made


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """What a client says after a handshake in memory's own sockets: "" when it is content."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        try:
            with server.wrap_socket(ours, server_side=True) as spoken:
                spoken.recv(1)
        except OSError:
            ours.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(theirs, server_hostname=name) as spoken:
            spoken.send(b"x")
    except ssl.SSLError as error:
        return str(error)
    finally:
        theirs.close()
        thread.join(10)
    return ""


def serving(folder: Folder, name: str) -> ssl.SSLContext:
    """A server with the certificate of that name."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*folder.files(folder.find(name)))
    return made


def trusting(folder: Folder) -> ssl.SSLContext:
    """A client that trusts the authority, as strictly as the library can."""
    made = ssl.create_default_context(cafile=folder.authority_file)
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    return made


def test_what_it_issues_is_verified_by_name_and_authority(folder: Folder) -> None:
    """So nobody has to switch verification off at home."""
    folder.issue(["localhost", "127.0.0.1", "shop.test"])
    server = serving(folder, "localhost")
    assert [handshake(server, trusting(folder), name) for name in ("localhost", "127.0.0.1", "shop.test")] == ["", "", ""]
    assert "mismatch" in handshake(server, trusting(folder), "other.test")
    assert "CERTIFICATE_VERIFY_FAILED" in handshake(server, ssl.create_default_context(), "localhost")


def test_keeps_every_key_for_its_owner_alone(folder: Folder) -> None:
    """Mode 0600 in a folder of 0700, from the first byte on."""
    folder.issue(["localhost"])
    assert stat.S_IMODE(folder.place.stat().st_mode) == 0o700
    keys = sorted(folder.place.glob("*.key"))
    assert [path.name for path in keys] == ["authority.key", "localhost.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert not [path.name for path in folder.place.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["evil.com", "example.com", "8.8.8.8", "10.0.0.1", "localhost.evil.com"])
def test_signs_for_no_name_of_the_world(folder: Folder, name: str) -> None:
    """A stolen development key must not become everybody's bank."""
    with pytest.raises(CertificateUnusable, match="may not sign for"):
        folder.issue([name])


def test_clients_refuse_a_foreign_name_of_this_authority(folder: Folder) -> None:
    """The limit stands in the authority's certificate, so that a thief who leaves our check out gains nothing."""
    other = Folder(folder.place.parent / "other")
    other.begin(permit=["evil.com"])
    other.issue(["evil.com"])
    (folder.place / "evil.com.pem").write_bytes((other.place / "evil.com.pem").read_bytes())
    # The thief's leaf: signed with this folder's key for a name that its authority does not permit.
    from ringwork.crypto import authority

    thief = folder._authority()
    checked, authority._require_allowed = authority._require_allowed, lambda *_: None
    try:
        made = authority.issue(thief, ["evil.com"], now=SystemClock().now())
    finally:
        authority._require_allowed = checked
    (folder.place / "evil.pem").write_bytes(made.certificate)
    (folder.place / "evil.key").write_bytes(made.key.reveal())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder.place / "evil.pem", folder.place / "evil.key")
    assert "permitted subtree violation" in handshake(server, trusting(folder), "evil.com")


def test_signs_for_what_was_permitted(tmp_path: Path) -> None:
    """A team's own domain, and the network of its machines."""
    folder = Folder(tmp_path / "certs")
    folder.begin(permit=["dev.shop.com", "10.1.0.0/16"])
    folder.issue(["web.dev.shop.com", "10.1.2.3"])
    assert handshake(serving(folder, "web.dev.shop.com"), trusting(folder), "10.1.2.3") == ""
    with pytest.raises(CertificateUnusable, match="may not sign"):
        folder.issue(["10.2.0.1"])


@pytest.mark.parametrize("names", [[""], ["a b"], ["-x.test"], ["../../etc/passwd"], ["spiffe://"], ["a\nb.test"], ["x" * 300 + ".test"]])
def test_refuses_what_is_no_name(folder: Folder, names: list[str]) -> None:
    """Names become file names, so they are checked first."""
    with pytest.raises(CertificateUnusable, match="no host name"):
        folder.issue(names)


def test_revokes_on_a_list_that_clients_obey(folder: Folder) -> None:
    """Whoever looks at the list refuses the certificate, and takes the next one."""
    folder.issue(["localhost"])
    server = serving(folder, "localhost")
    client = trusting(folder)
    client.load_verify_locations(folder.list_file)
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    assert handshake(server, client, "localhost") == ""
    folder.revoke("localhost")
    strict = trusting(folder)
    strict.load_verify_locations(folder.list_file)
    strict.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    assert "revoked" in handshake(server, strict, "localhost")
    folder.renew("localhost")
    strict = trusting(folder)
    strict.load_verify_locations(folder.list_file)
    strict.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    assert handshake(serving(folder, "localhost"), strict, "localhost") == ""
    assert [bool(one.revoked_at) for one in folder.issued()] == [True, False]


def test_renews_into_the_same_files(folder: Folder) -> None:
    """A server that watches its files takes the new pair up."""
    old = folder.issue(["localhost", "shop.test"])
    new = folder.renew("shop.test")
    assert (new.stem, new.names) == (old.stem, old.names)
    assert new.serial != old.serial
    certificate, key = folder.files(new)
    assert certificates.read_chain(certificate.read_bytes())[0].serial == new.serial
    assert certificates.key_fits(certificate.read_bytes(), certificates.Secret(key.read_bytes()))


def test_issues_nothing_from_an_authority_that_has_ended(tmp_path: Path) -> None:
    """Nor anything that outlives it."""
    clock = FixedClock()
    folder = Folder(tmp_path / "certs", clock=clock)
    folder.begin()
    clock.advance(300 * 86_400)
    assert folder.issue(["localhost"]).not_after <= certificates.read_chain(folder.authority_file.read_bytes())[0].not_after
    clock.advance(70 * 86_400)
    with pytest.raises(CertificateUnusable, match="run out"):
        folder.issue(["localhost"])


def test_does_not_replace_an_authority_unasked(folder: Folder) -> None:
    """What it has issued would be worth nothing from one moment to the next."""
    before = folder.authority_file.read_bytes()
    with pytest.raises(CertificateUnusable, match="--anew"):
        folder.begin()
    assert folder.authority_file.read_bytes() == before
    folder.issue(["localhost"])
    folder.begin(anew=True)
    assert folder.authority_file.read_bytes() != before
    assert folder.issued() == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "ringwork.certs/9"}'])
def test_says_what_to_do_about_a_damaged_index(folder: Folder, text: str) -> None:
    """Rather than forgetting in silence what was revoked."""
    (folder.place / "issued.json").write_text(text, encoding="utf-8")
    with pytest.raises(CertificateUnusable, match="--anew"):
        folder.issued()


def test_lies_outside_every_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key beside the source is committed sooner or later."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_place() == tmp_path / "ringwork" / "certs"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_place().is_absolute()
