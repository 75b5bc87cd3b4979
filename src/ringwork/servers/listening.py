"""Where a server listens, with which TLS, and how long it waits: one value for every server, checked whole before anything opens.

Against plain http that leaves this machine, clients that keep a connection and send nothing, and keys that are found unreadable
at the first handshake. Source: NIST SP 800-52r2, 3.1 to 3.3; Mozilla Server Side TLS; ASVS 5.0, 12.1.1, 12.1.2, 12.2.1, 13.1.2.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import ssl
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ringwork.enforce.transport import certificate_lifecycle, tls_configuration
from ringwork.enforce.transport.certificate_lifecycle import CertificateFiles, Level
from ringwork.errors import ServerInvalid
from ringwork.servers import tls
from ringwork.servers.renewal import Renewal
from ringwork.servers.tls import Asked

MODERN, INTERMEDIATE = tls_configuration.MODERN, tls_configuration.INTERMEDIATE

BACKLOG = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How an application is served. Every field has a safe default; with none at all, plain http on loopback."""

    host: str = field(default="127.0.0.1", metadata={"doc": "address to listen on", "unit": "name or address"})
    port: int = field(default=8000, metadata={"doc": "port to listen on; 0 takes a free one", "unit": "number"})
    unix: str = field(default="", metadata={"doc": "a Unix socket in place of host and port", "unit": "path"})
    certificate: str = field(default="", metadata={"doc": "certificate chain in PEM", "unit": "path"})
    key: str = field(default="", metadata={"doc": "its private key in PEM, without a passphrase", "unit": "path"})
    tls: str = field(default=INTERMEDIATE, metadata={"doc": "intermediate (TLS 1.2 and 1.3) or modern (1.3 only)", "unit": "word"})
    client_authority: str = field(
        default="", metadata={"doc": "authority whose client certificates are asked for and required", "unit": "path"}
    )
    client_revoked: str = field(
        default="",
        metadata={"doc": "list of that authority's revoked certificates (CRL) in PEM; who stands there is refused", "unit": "path"},
    )
    workers: int = field(default=1, metadata={"doc": "processes", "unit": "number"})
    threads: int = field(default=8, metadata={"doc": "requests at once in a process (WSGI)", "unit": "number"})
    connections: int = field(default=1000, metadata={"doc": "connections and requests at once in a process", "unit": "number"})
    head_seconds: float = field(default=10.0, metadata={"doc": "longest time until a request's head is whole", "unit": "seconds"})
    idle_seconds: float = field(default=5.0, metadata={"doc": "longest rest of a kept connection", "unit": "seconds"})
    request_seconds: float = field(
        default=60.0, metadata={"doc": "longest time of a request before its process is ended (WSGI)", "unit": "seconds"}
    )
    stop_seconds: float = field(default=20.0, metadata={"doc": "time for running requests after SIGTERM", "unit": "seconds"})
    head_bytes: int = field(default=32 * 1024, metadata={"doc": "largest head of a request", "unit": "bytes"})
    message_bytes: int = field(default=1024 * 1024, metadata={"doc": "largest message of a WebSocket", "unit": "bytes"})

    @property
    def is_tls(self) -> bool:
        """Whether clients speak TLS to it."""
        return bool(self.certificate)

    @property
    def address(self) -> str:
        """Where it listens, as people write it."""
        if self.unix:
            return f"unix:{self.unix}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.port}"


def require_sound(settings: ServerSettings) -> None:
    """Raise ServerInvalid with every fault of the settings at once. Reads the certificate and its key; opens no socket."""
    found = [*_listener_faults(settings), *_file_faults(settings), *_number_faults(settings)]
    if found:
        raise ServerInvalid(found)
    if settings.is_tls:
        context(settings)  # looks at the certificate too


def _listener_faults(settings: ServerSettings) -> Iterator[str]:
    yield from tls_configuration.profile_faults(settings.tls)
    if bool(settings.certificate) != bool(settings.key):
        missing = "key" if settings.certificate else "certificate"
        yield f"{missing}: is missing; TLS needs both, --certificate chain.pem --key key.pem"
    if settings.client_authority and not settings.certificate:
        yield "client_authority: client certificates are asked for in TLS only; add --certificate and --key"
    if settings.client_revoked and not settings.client_authority:
        yield "client_revoked: does nothing where no client certificate is asked for; add --client-authority ca.pem"
    # Against passwords and cookies that cross a network in the clear: without TLS nobody but this machine is served.
    if not settings.is_tls and not settings.unix and not is_loopback(settings.host):
        yield (
            f"host: {settings.host} can be reached from outside, and without TLS everybody on the way reads along; add --certificate and "
            "--key, or stay on this machine behind a proxy: --host 127.0.0.1, or --unix PATH"
        )


def _file_faults(settings: ServerSettings) -> Iterator[str]:
    for name in ("certificate", "key", "client_authority", "client_revoked"):
        path = getattr(settings, name)
        if not path:
            continue
        try:
            with Path(path).open("rb") as file:
                file.read(1)
        except OSError as error:
            yield f"{name}: {path} cannot be read ({error.strerror}); give a PEM file that this account may read"
            continue
        # Against a key that every account of the machine can read.
        if name == "key" and Path(path).stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            yield f"key: {path} can be read by every account of this machine; write: chmod 600 {path}"


def _certificate_faults(settings: ServerSettings) -> Iterator[str]:
    """What transport.certificate-lifecycle says of the pair; what merely ends soon is logged."""
    # Who may read the key was asked already; a group such as Debian's ssl-cert is one that serves.
    pair = CertificateFiles(certificate=settings.certificate, key=settings.key, group_reason="it serves")
    for concern in certificate_lifecycle.concerns(pair, now=time.time()):
        if concern.level is Level.UNUSABLE or (concern.level is Level.DEVELOPMENT and os.environ.get("RINGWORK_MODE") == "production"):
            yield f"certificate: {concern.text}"
        elif concern.level is not Level.DEVELOPMENT:
            certificate_lifecycle.tell(concern)


def _number_faults(settings: ServerSettings) -> Iterator[str]:
    for name, least in (("workers", 1), ("threads", 1), ("connections", 2), ("head_bytes", 1024), ("message_bytes", 1024), ("port", 0)):
        if getattr(settings, name) < least:
            yield f"{name}: {getattr(settings, name)} is too small; write {least} or more"
    for name in ("head_seconds", "idle_seconds", "request_seconds", "stop_seconds"):
        # Against a deadline that is none: an endless wait lets one client hold a connection for ever.
        if not 0 < getattr(settings, name) <= 3600:
            yield f"{name}: {getattr(settings, name)} is no deadline; write seconds above 0, at most 3600"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`. A name other than localhost may lead anywhere."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def context(settings: ServerSettings) -> ssl.SSLContext:
    """The TLS that is spoken; changed files are taken into use while it is. Raises ServerInvalid when one of them cannot be used."""
    return renewal(settings).current


def renewal(settings: ServerSettings, *, clock: Callable[[], float] = time.monotonic) -> Renewal:
    """What watches the files that TLS is made from. Raises ServerInvalid."""

    def make() -> ssl.SSLContext:
        # Against a renewal that takes down what it should save: a pair that no client would take is not taken into use either.
        found = [*_file_faults(settings)] or [*_certificate_faults(settings)]
        if found:
            raise ServerInvalid(found)
        clients = Asked(authority=settings.client_authority, revoked=settings.client_revoked) if settings.client_authority else None
        return tls.server_context(settings.tls, certificate=settings.certificate, key=settings.key, clients=clients)

    return Renewal(make, files_of(settings), clock=clock)


def files_of(settings: ServerSettings) -> tuple[str, ...]:
    """The files that TLS is made from."""
    return tuple(name for name in (settings.certificate, settings.key, settings.client_authority, settings.client_revoked) if name)


@contextlib.contextmanager
def bound(settings: ServerSettings) -> Iterator[socket.socket]:
    """The listening socket, closed with the block, a Unix one removed. Raises ServerInvalid when the place is taken."""
    sock = _unix_socket(settings.unix) if settings.unix else _port_socket(settings)
    try:
        yield sock
    finally:
        sock.close()
        if settings.unix:
            with contextlib.suppress(OSError):
                Path(settings.unix).unlink()


def _port_socket(settings: ServerSettings) -> socket.socket:
    host, port = settings.host.strip("[]"), settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # Named TCP: on such sockets alone asyncio sends small pieces at once; on others each answer waits 40 ms for an acknowledgement.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise ServerInvalid(
            [f"host: {host} is no address of this machine ({error.strerror}); write 127.0.0.1, or 0.0.0.0 for all"]
        ) from error
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        advice = f"choose another: --port {port + 1}" if port else "choose another --host"
        raise ServerInvalid([f"port: {port} of {host} cannot be opened ({error.strerror}); {advice}"]) from error
    sock.set_inheritable(True)
    return sock


def _unix_socket(path: str) -> socket.socket:
    place = Path(path)
    if place.is_socket():
        # Against a socket that a server still listens on: only what is left over from a dead one is taken away.
        if _answers(path):
            raise ServerInvalid([f"unix: another server listens on {path}; stop it, or choose another path"])
        place.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Against other accounts that speak to the application past the proxy: owner and group only, from the first moment on.
    before = os.umask(0o117)
    try:
        sock.bind(path)
    except OSError as error:
        sock.close()
        raise ServerInvalid(
            [f"unix: {path} cannot be made ({error.strerror or error}); choose a path in a folder of this account"]
        ) from error
    finally:
        os.umask(before)
    sock.set_inheritable(True)
    return sock


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True
