"""One variant while it runs: its socket, its origin, the questions it answers, and its end."""

from __future__ import annotations

import secrets
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import channel
from ringwork.prove.process import Change, Copy, kill
from ringwork.survey.wire import forge
from ringwork.survey.wire.client import Client
from ringwork.survey.wire.connection import ANY


class Running:
    """One variant while it runs: address, origin, and the questions it answers."""

    def __init__(
        self,
        copy: Copy,
        change: Change,
        *,
        host: str,
        authority: forge.Authority,
        renew: Callable[[], Copy] | None = None,
        begins: Path | None = None,
    ) -> None:
        self.copy, self.change, self._renew, self._begins = copy, change, renew, begins
        self.sock, self.plain_sock = _listen(), _listen()
        self.address: tuple[str, int] = self.sock.getsockname()[:2]
        self.plain_address: tuple[str, int] = self.plain_sock.getsockname()[:2]
        self.host = host
        self.origin = f"https://{host}:{self.address[1]}"
        self.canary = f"canary-{secrets.token_hex(8)}"
        self.authority = authority
        self._pid = 0
        self._control: socket.socket | None = None
        self._folder: Path | None = None
        self._lock = threading.Lock()
        try:
            self._start()
        except BaseException:
            self._end()
            self.sock.close()
            self.plain_sock.close()
            raise

    def _start(self) -> None:
        if self._renew is not None:
            self.copy = self._renew()
        else:
            self._folder = self.copy.variant_folder(self._begins)
        tls = _write_leaf(self.copy.folder, self.authority, self.host, self.change.leaf)
        self._pid, self._control = self.copy.fork(
            self.change, socks=(self.sock, self.plain_sock), origin=self.origin, canary=self.canary, tls=tls, folder=self._folder
        )

    def ask(self, what: str) -> Any:
        """One question: state, records, events or refused; or "strike " and an outage."""
        with self._lock:
            control = self._control or socket.socket()  # an unconnected one answers as a copy that is gone
            try:
                channel.send(control, {"do": what})
                return channel.receive(control)[0]
            except (TimeoutError, channel.ChannelClosed) as error:
                raise TargetFailed(
                    step="run", problem="the copy ended while it was examined", advice="its crash is itself worth a look"
                ) from error

    @property
    def folder(self) -> Path:
        """Where the files of this variant lie, as the prover sees them."""
        return self._folder or self.copy.tree

    def write_rogues(self) -> Path:
        """The papers of servers that nobody should believe, and of a good one, where the copy can read them."""
        place = self.copy.folder / "rogues"
        if not place.exists():
            forge.write_rogues(place, self.authority)
        return place

    def reset(self, begins: Path | None = None) -> None:
        """A fresh fork on the same socket: everything is as right after the import, or as in the folder `begins`."""
        with self._lock:
            self._end()
            self._begins = begins
            self._start()

    def _end(self) -> None:
        is_gone = False
        if self._pid:
            kill(self._pid)
            is_gone = self._wait()
        self._pid = 0
        if self._folder is not None:
            # Against a variant that still writes where the next one begins.
            self.copy.take_back(self._folder) if is_gone else shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        if self._renew is not None:
            self.copy.close()

    def _wait(self) -> bool:
        """Until the process is gone, which closes its end of the control socket; whether it is."""
        if self._control is None:
            return False
        try:
            self._control.settimeout(2)
            while self._control.recv(65536):
                pass
        except ConnectionResetError:  # it left a question unread
            return True
        except OSError:
            return False
        else:
            return True
        finally:
            self._control.close()
            self._control = None

    def settle(self, place: Path) -> None:
        """End the variant and move what it holds to `place`, from which later ones begin."""
        with self._lock:
            kill(self._pid)
            self._wait()
            shutil.move(self._folder or self.copy.tree, place)
            self._folder = None

    def close(self) -> None:
        """End the variant."""
        with self._lock:
            self._end()
            self.sock.close()
            self.plain_sock.close()


def _listen() -> socket.socket:
    """A listening socket on an ephemeral port of 127.0.0.1."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", 0))
        sock.listen(128)
    except OSError as error:
        sock.close()
        advice = "this machine gives no loopback port; check that 127.0.0.1 is up and ports are free"
        raise TargetFailed(step="port", problem=f"no loopback port could be opened ({error.strerror})", advice=advice) from error
    return sock


def _write_leaf(folder: Path, authority: forge.Authority, host: str, kind: forge.Leaf) -> Path:
    place = folder / "tls" / host.replace(":", "_") / kind.value
    if not place.exists():
        place.mkdir(parents=True)
        # Two, because suites of old times are agreed on with an RSA key only, and those must not fail for want of one.
        for name in ("leaf", "rsa"):
            certificate, key = authority.leaf([host, "localhost", "127.0.0.1"], kind, old_fashioned=name == "rsa")
            (place / f"{name}.pem").write_bytes(certificate)
            (place / f"{name}.key").touch(mode=0o600)
            (place / f"{name}.key").write_bytes(key)
            (place / f"{name}.key").chmod(0o644 if kind is forge.Leaf.EXPOSED_KEY else 0o600)
        (place / "authority.pem").write_bytes(authority.certificate_pem)
        (place / "revoked.pem").write_bytes(authority.revoked())
    return place


def browser(running: Running, *, source: str = "127.0.0.1") -> Client:
    """A fresh browser on a variant, from the loopback address `source`."""
    is_verified = running.change.leaf in {forge.Leaf.THROW_AWAY, forge.Leaf.GOOD}
    client = Client(
        address=running.address,
        server_name=running.host,
        ca_pem=running.authority.certificate_pem if is_verified else ANY,
        source=source,
        origin=running.origin,
    )
    # A copy in which something was made to hang tells nothing of how slow the application is.
    client.waits = running.copy.waits if running.change.fault is None else None
    return client


def plain_browser(running: Running, *, source: str = "127.0.0.1") -> Client:
    """A fresh browser that asks the same variant, by the same name, over plain http."""
    return Client(
        address=running.plain_address,
        server_name=running.host,
        ca_pem=None,
        source=source,
        origin=f"http://{running.origin.partition('://')[2]}",
    )
