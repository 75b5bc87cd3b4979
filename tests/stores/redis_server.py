"""A real Redis server for tests: on loopback and a free port, with a password, over TLS alone, made and ended by the test."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "loopback-only"


def is_installed() -> bool:
    """Whether Debian's redis-server is there; ./run setup-system installs it."""
    return shutil.which("redis-server") is not None


class Server:
    """One server. url: with password and authority; plain: an address on which it speaks no TLS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.plain_port = _free_port(), _free_port()
        self.authority = certificates(folder)
        self.url = f"rediss://:{PASSWORD}@127.0.0.1:{self.port}/0?ca={self.authority}"
        self.plain = f"redis://:{PASSWORD}@127.0.0.1:{self.plain_port}/0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = {
            "bind": "127.0.0.1", "port": self.plain_port, "tls-port": self.port, "requirepass": PASSWORD, "save": "", "appendonly": "no",
            "dir": self.folder, "tls-cert-file": self.folder / "leaf.pem", "tls-key-file": self.folder / "leaf.key",
            "tls-ca-cert-file": self.authority, "tls-auth-clients": "no",
        }  # fmt: skip
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        told = []
        for line in self._process.stdout:
            told.append(line)
            if "Ready to accept connections" in line:  # every port is bound by then
                return
        raise RuntimeError("".join(told)[-2000:])

    def stop(self) -> None:
        """End it at once, as an outage does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=10)
            self._process = None


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A started server, ended with the block."""
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificates(folder: Path) -> Path:
    """An authority of its own and a leaf for 127.0.0.1; the path of the authority."""
    now = datetime.datetime.now(datetime.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("test authority", "test redis")]
    for i, place in enumerate(("ca.pem", "leaf.pem")):
        made = (
            x509.CertificateBuilder()
            .subject_name(names[i])
            .issuer_name(names[0])
            .public_key(keys[i].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=i == 0, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
            .sign(keys[0], hashes.SHA256())
        )
        (folder / place).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    written = keys[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "leaf.key").write_bytes(written)
    return folder / "ca.pem"
