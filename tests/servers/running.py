"""Servers in processes of their own, on loopback sockets, with certificates that were made for the test."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ringwork.survey.wire import forge

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Files of a throw-away authority."""

    authority: Path
    certificate: Path
    key: Path
    client_certificate: Path
    client_key: Path


def make_papers(folder: Path) -> Papers:
    """An authority, a server's certificate for localhost, and a client's."""
    authority = forge.make_authority()
    papers = Papers(**{name: folder / f"{name}.pem" for name in Papers.__slots__})
    papers.authority.write_bytes(authority.certificate_pem)
    for made, certificate, key in (
        (authority.leaf(names=["localhost"]), papers.certificate, papers.key),
        (client_leaf(authority, "ada,CN=admin"), papers.client_certificate, papers.client_key),
    ):
        certificate.write_bytes(made[0])
        key.touch(mode=0o600)
        key.write_bytes(made[1])
    return papers


def client_leaf(authority: forge.Authority, name: str) -> tuple[bytes, bytes]:
    """Certificate and key of a client with this common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "clinic"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    certificate = builder.sign(authority.key, hashes.SHA256())
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM), secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server that answers. port: on loopback; 0 for a Unix socket. papers: None without TLS."""

    process: subprocess.Popen[str]
    port: int
    unix: str
    papers: Papers | None

    def connect(self, *, client: bool = False, most: ssl.TLSVersion | None = None) -> socket.socket:
        """A fresh connection. client: show the client's certificate. most: the highest version that this client speaks."""
        if self.unix:
            plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            plain.settimeout(PATIENCE)
            plain.connect(self.unix)
            return plain
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        if self.papers is None:
            return plain
        context = ssl.create_default_context(cafile=str(self.papers.authority))
        if most is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = most
        if client:
            context.load_cert_chain(self.papers.client_certificate, self.papers.client_key)
        try:
            return context.wrap_socket(plain, server_hostname="localhost")
        except OSError:
            plain.close()
            raise

    def ask(self, request: bytes, *, client: bool = False) -> bytes:
        """All bytes that come back until the server closes."""
        with self.connect(client=client) as sock:
            sock.sendall(request)
            return read_all(sock)

    def get(self, path: str = "/", *, client: bool = False) -> bytes:
        """One request that ends its connection."""
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), client=client)

    def stop(self) -> int:
        """End it as a service manager does."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def read_all(sock: socket.socket) -> bytes:
    """Everything until the other side closes; a reset and a broken pipe count as an end."""
    out = b""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError, ssl.SSLError):
        while piece := sock.recv(65536):
            out += piece
    return out


def read_until(sock: socket.socket, end: bytes) -> bytes:
    """Everything up to bytes that end with `end`, of a connection that is kept."""
    out = b""
    while not out.rstrip().endswith(end):
        piece = sock.recv(65536)
        assert piece, out
        out += piece
    return out


@contextlib.contextmanager
def started(*words: str, papers: Papers | None = None, unix: str = "", folder: Path = ROOT, **environment: str) -> Iterator[Started]:
    """`ringwork serve` with these words; ended with the block."""
    port = 0 if unix else free_port()
    place = ["--unix", unix] if unix else ["--port", str(port)]
    tls = ["--certificate", str(papers.certificate), "--key", str(papers.key)] if papers else []
    process = subprocess.Popen(
        [sys.executable, "-c", "from ringwork.cli.main import main; raise SystemExit(main())", "serve", *words, *place, *tls],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Against a server that waits for us to read: gunicorn tells of each broken handshake, and a scan breaks hundreds.
        pipesize=1024 * 1024,
        text=True,
    )
    running = Started(process=process, port=port, unix=unix, papers=papers)
    try:
        _wait(running)
        yield running
    finally:
        # Workers hold the same pipes; one that outlives its parent would keep this test waiting for ever. The parent first: it replaces.
        workers = children(process.pid) if process.poll() is None else []
        process.kill()
        for child in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.communicate()


def children(pid: int) -> list[int]:
    """The processes that a process has started, in order (Linux)."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def wait_for(happened: Callable[[], object]) -> None:
    """Until something has happened in another process."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait(running: Started) -> None:
    """Until the place can be connected to and the process is there; what it said when it ended early."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if running.process.poll() is not None:
            out, errors = running.process.communicate()
            raise AssertionError(f"the server ended with {running.process.returncode}: {out}{errors}")
        with contextlib.suppress(OSError):
            plain = socket.socket(socket.AF_UNIX) if running.unix else socket.socket()
            with plain:
                plain.connect(running.unix or ("127.0.0.1", running.port))
                return
        time.sleep(0.02)
    raise AssertionError("the server never listened")
