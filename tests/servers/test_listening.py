"""Settings of a server are checked whole before anything opens, and every fault says what to write instead."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ringwork.errors import ServerInvalid
from ringwork.servers import listening
from ringwork.servers.listening import ServerSettings
from tests.servers import running


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> running.Papers:
    """A throw-away authority."""
    return running.make_papers(tmp_path_factory.mktemp("papers"))


def faults(settings: ServerSettings) -> tuple[str, ...]:
    """What is wrong, () for nothing."""
    try:
        listening.require_sound(settings)
    except ServerInvalid as invalid:
        return invalid.faults
    return ()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_serves_plain_http_on_this_machine(host: str) -> None:
    """A developer's start needs no certificate."""
    assert faults(ServerSettings(host=host)) == ()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "clinic.example", "localhost.clinic.example", ""])
def test_refuses_plain_http_beyond_this_machine(host: str) -> None:
    """Passwords would cross a network in the clear."""
    (fault,) = faults(ServerSettings(host=host))
    assert "--certificate" in fault
    assert "--host 127.0.0.1" in fault


def test_serves_everybody_over_tls_and_a_proxy_over_a_unix_socket(papers: running.Papers, tmp_path: Path) -> None:
    """What is encrypted, or cannot leave the machine, may be served."""
    assert faults(ServerSettings(host="0.0.0.0", certificate=str(papers.certificate), key=str(papers.key))) == ()
    assert faults(ServerSettings(host="0.0.0.0", unix=str(tmp_path / "socket"))) == ()


def test_tells_every_fault_at_once() -> None:
    """One start is enough to see all that is wrong."""
    found = faults(ServerSettings(tls="ssl3", workers=0, head_seconds=0, stop_seconds=1e9, certificate="/nowhere/chain.pem"))
    names = {fault.partition(":")[0] for fault in found}
    assert names == {"tls", "workers", "head_seconds", "stop_seconds", "certificate", "key"}


def test_refuses_a_key_that_every_account_can_read(papers: running.Papers, tmp_path: Path) -> None:
    """Whoever has the key is this server."""
    key = tmp_path / "key.pem"
    key.write_bytes(papers.key.read_bytes())
    key.chmod(0o644)
    (fault,) = faults(ServerSettings(certificate=str(papers.certificate), key=str(key)))
    assert f"chmod 600 {key}" in fault


def test_refuses_a_key_that_belongs_to_another_certificate(papers: running.Papers) -> None:
    """A mismatch is told at the start, not at the first handshake."""
    (fault,) = faults(ServerSettings(certificate=str(papers.certificate), key=str(papers.client_key)))
    assert "is not the key of" in fault


def test_refuses_a_locked_key_instead_of_asking_a_terminal(papers: running.Papers, tmp_path: Path) -> None:
    """A server that waits for a passphrase never comes up after a reboot."""
    key = serialization.load_pem_private_key(papers.key.read_bytes(), password=None)
    locked = tmp_path / "locked.pem"
    locked.touch(mode=0o600)
    locked.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret"))
    )
    (fault,) = faults(ServerSettings(certificate=str(papers.certificate), key=str(locked)))
    assert "passphrase" in fault


def test_asks_for_client_certificates_in_tls_only(papers: running.Papers) -> None:
    """Without TLS there is no handshake in which a client could show one."""
    (fault,) = faults(ServerSettings(client_authority=str(papers.authority)))
    assert fault.startswith("client_authority:")


def test_asks_for_a_list_of_revoked_clients_with_their_authority_only(papers: running.Papers) -> None:
    """A list that nobody looks into is told, not left to do nothing."""
    (fault,) = faults(ServerSettings(certificate=str(papers.certificate), key=str(papers.key), client_revoked=str(papers.authority)))
    assert fault.startswith("client_revoked:")


@pytest.mark.parametrize(("profile", "least"), [("modern", ssl.TLSVersion.TLSv1_3), ("intermediate", ssl.TLSVersion.TLSv1_2)])
def test_speaks_no_version_below_the_profile(profile: str, least: ssl.TLSVersion, papers: running.Papers) -> None:
    """Older versions have known breaks; ciphers without forward secrecy are read later with a stolen key."""
    made = listening.context(ServerSettings(tls=profile, certificate=str(papers.certificate), key=str(papers.key)))
    assert made.minimum_version == least
    names = [cipher["name"] for cipher in made.get_ciphers()]
    assert names
    assert all(name.startswith(("TLS_", "ECDHE-")) and "CBC" not in name for name in names)


def test_tells_which_port_is_taken() -> None:
    """The line names the next port to try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerInvalid, match=f"port: {port} .*--port {port + 1}"), listening.bound(ServerSettings(port=port)):
            pass


def test_tells_a_host_that_is_no_address_of_this_machine() -> None:
    """A name that does not resolve is told in the same way."""
    with pytest.raises(ServerInvalid, match="host: "), listening.bound(ServerSettings(host="nowhere.invalid")):
        pass


def test_makes_a_unix_socket_for_owner_and_group_and_removes_it(tmp_path: Path) -> None:
    """Other accounts cannot speak to the application past the proxy."""
    path = tmp_path / "socket"
    with listening.bound(ServerSettings(unix=str(path))):
        assert path.is_socket()
        assert path.stat().st_mode & 0o777 == 0o660
    assert not path.exists()


def test_takes_away_what_a_dead_server_left_and_no_living_one(tmp_path: Path) -> None:
    """A restart works; a second server does not steal the first one's clients."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(path))
        first.listen()
        with pytest.raises(ServerInvalid, match="another server listens"), listening.bound(ServerSettings(unix=str(path))):
            pass
    with listening.bound(ServerSettings(unix=str(path))):
        assert path.is_socket()


def test_leaves_a_file_alone_that_is_no_socket(tmp_path: Path) -> None:
    """A wrong path must not cost somebody's file."""
    path = tmp_path / "notes.txt"
    path.write_text("kept", encoding="utf-8")
    with pytest.raises(ServerInvalid, match="unix: "), listening.bound(ServerSettings(unix=str(path))):
        pass
    assert path.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        (ServerSettings(), "http://127.0.0.1:8000"),
        (ServerSettings(host="::1", port=80), "http://[::1]:80"),
        (ServerSettings(host="0.0.0.0", certificate="chain.pem", port=8443), "https://0.0.0.0:8443"),
        (ServerSettings(unix="/run/shop"), "unix:/run/shop"),
    ],
)
def test_writes_its_address_as_people_do(settings: ServerSettings, written: str) -> None:
    """The start says where to go."""
    assert settings.address == written


def test_requires_client_certificates_of_the_authority(papers: running.Papers) -> None:
    """Asked for and required, not merely welcome."""
    settings = ServerSettings(certificate=str(papers.certificate), key=str(papers.key), client_authority=str(papers.authority))
    assert faults(settings) == ()
    assert listening.context(settings).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_answer_waits_for_no_acknowledgement(host: str) -> None:
    """Head and body of an answer are two pieces; where the kernel may hold back the second, every answer takes 40 ms longer."""

    async def is_prompt(sock: socket.socket) -> bool:
        asked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.set_result(bool(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
            writer.close()

        async with await asyncio.start_server(serve, sock=sock):
            _, writer = await asyncio.open_connection(*sock.getsockname()[:2])
            try:
                return await asyncio.wait_for(asked, 20)
            finally:
                writer.close()

    with listening.bound(ServerSettings(host=host, port=0)) as sock:
        assert asyncio.run(is_prompt(sock))
