"""Starts copies and variants of the target, from the prover's side, and ends every one of them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess  # starts the child of this file, by a literal argument list
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import channel
from ringwork.prove.check import Fault
from ringwork.prove.target import Target, imports_of
from ringwork.survey import copies, facts
from ringwork.survey.wire import forge
from ringwork.survey.wire.client import Client

IMPORT_SECONDS = 20.0
START_SECONDS = 10.0
_ANSWER_SECONDS = 20.0
_KEPT_BYTES = 20_000_000
_KEPT = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a variant differs from the copy. without: control ids taken out."""

    probes: bool = True
    fault: Fault | None = None
    production: bool = False
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the import told."""

    facts: facts.AppFacts
    confinement: str
    private: bool
    unforkable: str
    refused: tuple[str, ...]
    started: tuple[str, ...]
    users: tuple[Mapping[str, Any], ...] = ()


def environment(home: Path, temporary: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The scrubbed environment of a copy: an allow list, a home and a temporary folder of its own, and what was asked for."""
    # Against a copy that reaches the user's databases and services through what their shell knows.
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    return {**kept, "HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **extra}


class Copy:
    """One copy of the tree with its process: imported once, forked for each variant."""

    def __init__(self, target: Target, *, extra: Mapping[str, str], kernel: bool = True, source: Path | None = None) -> None:
        self.target, self.extra, self.kernel = target, extra, kernel
        self.folder = Path(tempfile.mkdtemp(prefix="ringwork-")).resolve()
        self.tree = self.folder / "copy"
        self.copied = copies.copy_tree(source or target.root, self.tree)
        self.template = self.tree  # what a variant's folder begins as; a warmed-up one replaces it
        self._number = 0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.loaded: Loaded | None = None

    def load(self, users_from: str = "") -> Loaded:
        """Start the process and import the target; then have `users_from` ("module:function") make users in it.

        Raises TargetFailed; after 20 s without an answer too.
        """
        home, temporary = self.tree / ".ringwork-home", self.tree / ".ringwork-tmp"
        home.mkdir(exist_ok=True)
        temporary.mkdir(exist_ok=True)
        ours, theirs = socket.socketpair()
        output = (self.folder / "output.txt").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ringwork.prove.child", str(theirs.fileno())],
            cwd=self.tree,
            env=environment(home, temporary, self.extra),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        output.close()
        self._control = ours
        ours.settimeout(IMPORT_SECONDS)
        self._ask(self._setup())
        answer = self._ask({"do": "load", "users_from": users_from})
        self.loaded = _loaded(_require_ok(answer))
        return self.loaded

    def _setup(self) -> dict[str, Any]:
        target = self.target
        return {
            "kernel": self.kernel,
            "folder": str(self.folder),
            "copy": str(self.tree),
            "root": str(target.root),
            "imports": sorted(imports_of(self.tree)),
            "paths": list(target.paths),
            "working": target.working,
            "target": {
                "text": target.text,
                "module": target.module,
                "attribute": target.attribute,
                "factory": target.factory,
                "arguments": list(target.arguments),
            },
        }

    def _ask(self, command: dict[str, Any], fds: Sequence[int] = ()) -> Any:
        if self._control is None:
            raise TargetFailed(step="import", problem="the copy is not running", advice="this is a fault of ringwork; report it")
        try:
            channel.send(self._control, command, fds)
            return channel.receive(self._control)[0]
        except TimeoutError as error:
            self.close(keep_folder=True)
            advice = "something waits or serves when the module is imported; put it under `if __name__ == '__main__':`"
            raise TargetFailed(step="import", problem=f"the import took longer than {IMPORT_SECONDS:g} s", advice=advice) from error
        except channel.ChannelClosed as error:
            advice = "run `ringwork doctor TARGET` for the steps one by one"
            raise TargetFailed(step="import", problem=f"the copy's process ended: {self._tail()}", advice=advice) from error

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            return (
                " / ".join((self.folder / "output.txt").read_text(errors="replace").strip().splitlines()[-3:])[-400:] or "without a message"
            )
        return "without a message"

    def fork(
        self, change: Change, *, sock: socket.socket, origin: str, canary: str, tls: Path, folder: Path | None
    ) -> tuple[int, socket.socket]:
        """A new variant that serves on `sock`; its process id and its control socket. Raises TargetFailed when it does not start."""
        ours, theirs = socket.socketpair()
        command = {
            "do": "fork",
            "probes": change.probes,
            "fault": change.fault.value if change.fault else "",
            "production": change.production,
            "without": sorted(change.without),
            "origin": origin,
            "canary": canary,
            "tls": str(tls),
            "shown": str(folder) if folder else "",
        }
        with self._lock:
            pid = int(self._ask(command, [sock.fileno(), theirs.fileno()])["pid"])
        theirs.close()
        ours.settimeout(START_SECONDS)
        try:
            answer, _ = channel.receive(ours)
        except (TimeoutError, channel.ChannelClosed) as error:
            _kill(pid)
            ours.close()
            advice = "its start-up waits for something; see `ringwork doctor TARGET`"
            raise TargetFailed(
                step="start", problem=f"the copy did not start within {START_SECONDS:g} s ({self._tail()})", advice=advice
            ) from error
        if "failed" in answer:
            ours.close()
            raise TargetFailed(**answer["failed"])
        ours.settimeout(_ANSWER_SECONDS)
        return pid, ours

    def variant_folder(self) -> Path:
        """A fresh folder with what the copy held right after its import and first start."""
        with self._lock:
            self._number += 1
            number = self._number
        place = self.folder / "variants" / str(number)
        copies.duplicate(self.template, place)
        return place

    def close(self, *, keep_folder: bool = False) -> None:
        """End the process with everything it started, and remove the folder."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)
            self._process = None
        if not keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def _loaded(answer: dict[str, Any]) -> Loaded:
    return Loaded(
        facts=facts.from_plain(facts.AppFacts, answer["facts"]),
        confinement=answer["confinement"],
        private=bool(answer["private"]),
        unforkable=str(answer["unforkable"]),
        refused=tuple(answer["refused"]),
        started=tuple(answer["started"]),
        users=tuple(answer["users"]),
    )


def _require_ok(answer: Any) -> dict[str, Any]:
    if "failed" in answer:
        raise TargetFailed(**answer["failed"])
    found: dict[str, Any] = answer["ok"]
    return found


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Running:
    """One variant while it runs: address, origin, and the questions it answers."""

    def __init__(
        self, copy: Copy, change: Change, *, host: str, authority: forge.Authority, renew: Callable[[], Copy] | None = None
    ) -> None:
        self.copy, self.change, self._renew = copy, change, renew
        self.sock = _listen()
        self.address: tuple[str, int] = self.sock.getsockname()[:2]
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
            raise

    def _start(self) -> None:
        if self._renew is not None:
            self.copy = self._renew()
        else:
            self._folder = self.copy.variant_folder()
        tls = _write_leaf(self.copy.folder, self.authority, self.host)
        self._pid, self._control = self.copy.fork(
            self.change, sock=self.sock, origin=self.origin, canary=self.canary, tls=tls, folder=self._folder
        )

    def ask(self, what: str) -> Any:
        """One question: state, records, events or refused."""
        with self._lock:
            try:
                if self._control is None:
                    raise channel.ChannelClosed("the copy was ended")
                channel.send(self._control, {"do": what})
                return channel.receive(self._control)[0]
            except (TimeoutError, channel.ChannelClosed) as error:
                raise TargetFailed(
                    step="run", problem="the copy ended while it was examined", advice="its crash is itself worth a look"
                ) from error

    def reset(self) -> None:
        """A fresh fork on the same socket: everything is as right after the import."""
        with self._lock:
            self._end()
            self._start()

    def _end(self) -> None:
        if self._pid:
            _kill(self._pid)
            self._wait()
        self._pid = 0
        if self._folder is not None and self.copy.copied.size_bytes > _KEPT_BYTES:
            shutil.rmtree(self._folder, ignore_errors=True)  # small ones go with the whole copy, at the end
        if self._renew is not None:
            self.copy.close()

    def _wait(self) -> None:
        """Until the process is gone, which closes its end of the control socket."""
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.settimeout(2)
                while self._control.recv(65536):
                    pass
            self._control.close()
            self._control = None

    def settle(self, place: Path) -> None:
        """End the variant and move what it holds to `place`, from which later ones begin."""
        with self._lock:
            _kill(self._pid)
            self._wait()
            shutil.move(self._folder or self.copy.tree, place)

    def close(self) -> None:
        """End the variant."""
        with self._lock:
            self._end()
            self.sock.close()


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


def _write_leaf(folder: Path, authority: forge.Authority, host: str) -> Path:
    place = folder / "tls" / host.replace(":", "_")
    if not place.exists():
        place.mkdir(parents=True)
        certificate, key = authority.leaf(names=[host, "localhost", "127.0.0.1"])
        (place / "leaf.pem").write_bytes(certificate)
        (place / "leaf.key").write_bytes(key)
    return place


class Launcher:
    """Makes variants: forks of one copy where the machine and the target allow it, else a new import each."""

    def __init__(self, target: Target, *, extra: Mapping[str, str], kernel: bool = True) -> None:
        self.target, self.extra, self.kernel, self.users_from = target, extra, kernel, ""
        self.authority = forge.make_authority()
        self.first = Copy(target, extra=extra, kernel=kernel)
        self._open: list[Running] = []
        self._lock = threading.Lock()

    def load(self, users_from: str = "") -> Loaded:
        """Import the target, have `users_from` make users in it, and hand back the facts."""
        self.users_from = users_from
        return self.first.load(users_from)

    def warm_up(self) -> None:
        """Let one variant start and answer once; what it keeps by then is where every later one begins.

        Against stores that differ because each start fills them anew with other salts and times.
        """
        running = self.run(Change(probes=False))
        try:
            with contextlib.suppress(OSError):
                browser(running).get("/")
            place = self.first.folder / "warm"
            running.settle(place)
            self.first.template = place
        finally:
            self.end(running)

    def run(self, change: Change) -> Running:
        """Start a variant. Raises TargetFailed."""
        loaded = self.first.loaded
        if loaded is None:
            raise TargetFailed(step="import", problem="nothing was imported yet", advice="this is a fault of ringwork; report it")
        host = host_of(loaded.facts)
        renew = None if loaded.private else self._new_copy
        running = Running(self.first, change, host=host, authority=self.authority, renew=renew)
        with self._lock:
            self._open.append(running)
        return running

    def _new_copy(self) -> Copy:
        # Without private mounts two variants would write the same files; each gets a tree and an import of its own.
        warmed = self.first.template if self.first.template != self.first.tree else None
        copy = Copy(self.target, extra=self.extra, kernel=self.kernel, source=warmed)
        try:
            copy.load(self.users_from)
        except BaseException:
            copy.close()
            raise
        return copy

    def end(self, running: Running) -> None:
        """End one variant."""
        with self._lock:
            if running in self._open:
                self._open.remove(running)
        running.close()

    def close(self) -> None:
        """End everything that was started, and remove what was written."""
        for running in list(self._open):
            self.end(running)
        self.first.close()


def browser(running: Running, *, source: str = "127.0.0.1") -> Client:
    """A fresh browser on a variant, from the loopback address `source`."""
    return Client(
        address=running.address,
        server_name=running.host,
        ca_pem=running.authority.certificate_pem,
        source=source,
        origin=running.origin,
    )


def host_of(found: facts.AppFacts) -> str:
    """The host name under which a copy is spoken to: the policy's canonical one, else localhost."""
    origin = found.guard.origin if found.guard is not None else ""
    host = origin.partition("://")[2]
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host or "localhost"
