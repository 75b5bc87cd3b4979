"""The process that holds a copy, from the prover's side: started behind walls, asked, and ended with everything it started."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess  # starts the child of this file, by a literal argument list
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import channel
from ringwork.prove.check import Fault, Server
from ringwork.prove.target import Target, imports_of
from ringwork.survey import copies, facts
from ringwork.survey.wire.forge import Leaf
from ringwork.survey.wire.waiting import Waits

IMPORT_SECONDS = 20.0  # for which a copy that is imported may wait; one that computes has longer
_MOST_SECONDS, _LEAST_CPU_SECONDS = 180.0, 1.0  # how long in all, and how much it has to compute in IMPORT_SECONDS
START_SECONDS = 10.0
_ANSWER_SECONDS = 20.0
_MOST_LEFT = 4
_KEPT = frozenset(
    {"PATH", "LANG", "LANGUAGE", "TZ", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH", "FORWARDED_ALLOW_IPS"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a variant differs from the copy. without: control ids taken out. limits: rates as configured, not a thousand times as high.

    leaf: what is wrong with the certificate that it is served with; its policy names the files of any but the throw-away one.
    server: what serves it. replaced: functions "module:function" of the copy that put another component in the place of one of its own.
    """

    probes: bool = True
    fault: Fault | None = None
    production: bool = False
    limits: bool = False
    without: frozenset[str] = frozenset()
    leaf: Leaf = Leaf.THROW_AWAY
    server: Server = Server.COPY
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the import told. private: whether variants are forked, each with a folder of its own.

    remembered: how many results of hashing the users' own passwords every variant begins with. held: accounts that the copy holds by
    itself, None where others are declared or made.
    """

    facts: facts.AppFacts
    confinement: str
    started: tuple[str, ...]
    wrapped: str
    private: bool = False
    unforkable: str = ""
    refused: tuple[str, ...] = ()
    users: tuple[Mapping[str, Any], ...] = ()
    held: tuple[Mapping[str, Any], ...] | None = None
    remembered: int = 0


def environment(home: Path, temporary: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The scrubbed environment of a copy: an allow list, a home and a temporary folder of its own, and what was asked for."""
    # Against a copy that reaches the user's databases and services through what their shell knows.
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    return {**kept, "HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **extra}


class Copy:
    """One copy of the tree with its process: imported once, forked for each variant."""

    def __init__(self, target: Target, *, extra: Mapping[str, str], kernel: bool = True, source: Path | None = None) -> None:
        self.target, self.extra, self.kernel = target, extra, kernel
        home = copies.home(source or target.root)
        self.folder = Path(tempfile.mkdtemp(prefix="ringwork-", dir=home)).resolve()
        self.is_in_memory = home is not None
        self.tree = self.folder / "copy"
        self.copied = copies.copy_tree(source or target.root, self.tree)
        self.template = self.tree  # what a variant's folder begins as; a warmed-up one replaces it
        self.waits = Waits()
        self._number = 0
        self._left = list[Path]()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.loaded: Loaded | None = None

    def load(self, users_from: str = "", *, anybody: bool = False) -> Loaded:
        """`begin` and `settle` in one."""
        self.begin(users_from)
        return self.settle(anybody=anybody)

    def begin(self, users_from: str = "") -> Loaded:
        """Start the process and import the target; then have `users_from` ("module:function") make users in it.

        What is handed back tells the facts, and nothing yet of users and variants. Raises TargetFailed; after 20 s without an answer too.
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
        ours.settimeout(_MOST_SECONDS)
        self._ask(self._setup())
        answer = _require_ok(self._ask({"do": "load", "users_from": users_from}))
        self.loaded = Loaded(
            facts=facts.from_plain(facts.AppFacts, answer["facts"]),
            confinement=answer["confinement"],
            started=tuple(answer["started"]),
            wrapped=str(answer["wrapped"]),
        )
        return self.loaded

    def settle(self, passwords: Sequence[str] = (), *, anybody: bool = False) -> Loaded:
        """Have the framework's own users made, if nobody else was, and make the process ready for variants. Raises TargetFailed.

        passwords: of users that the project declares; what they hash to is remembered, as the passwords of all that are made here.
        anybody: no user is declared, so accounts that the copy holds by itself are to sign in.
        """
        answer = _require_ok(self._ask({"do": "settle", "passwords": list(passwords), "anybody": anybody}))
        if self.loaded is None:
            raise TargetFailed(step="import", problem="nothing was imported yet", advice="this is a fault of ringwork; report it")
        self.loaded = replace(
            self.loaded,
            private=bool(answer["private"]),
            unforkable=str(answer["unforkable"]),
            refused=tuple(answer["refused"]),
            users=tuple(answer["users"]),
            held=None if answer["held"] is None else tuple(answer["held"]),
            remembered=int(answer["remembered"]),
        )
        return self.loaded

    def learn(self, entries: Sequence[Any]) -> None:
        """Remember for later variants what passwords were seen to hash to in one. Raises TargetFailed."""
        with self._lock:
            answer = _require_ok(self._ask({"do": "learn", "entries": list(entries)}))
            if self.loaded is not None:
                self.loaded = replace(self.loaded, remembered=int(answer["remembered"]))

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
            self._wait(self._control)
            return channel.receive(self._control)[0]
        except TimeoutError as error:
            self.close(keep_folder=True)
            advice = "something waits or serves when the module is imported; put it under `if __name__ == '__main__':`"
            raise TargetFailed(step="import", problem=str(error), advice=advice) from error
        except channel.ChannelClosed as error:
            advice = "run `ringwork doctor TARGET` for the steps one by one"
            raise TargetFailed(step="import", problem=f"the copy's process ended: {self._tail()}", advice=advice) from error

    def _wait(self, control: socket.socket) -> None:
        """Wait for an answer for as long as the copy computes. Raises TimeoutError."""
        # Against a large application on a busy machine that is taken for one that waits: its own computing time tells them apart.
        began, since, spent = time.monotonic(), time.monotonic(), self._computed()
        while not select.select([control], [], [], 1.0)[0]:
            now, used = time.monotonic(), self._computed()
            if used - spent >= _LEAST_CPU_SECONDS:
                since, spent = now, used
            if now - since > IMPORT_SECONDS:
                raise TimeoutError(f"the import waited for {IMPORT_SECONDS:g} s")
            if now - began > _MOST_SECONDS:
                raise TimeoutError(f"the import took longer than {_MOST_SECONDS:g} s")

    def _computed(self) -> float:
        """CPU seconds of the copy's process and of those it began; the time that went by where this machine does not tell (no /proc)."""
        own = self._process.pid if self._process else 0
        with contextlib.suppress(OSError, IndexError):
            begun = Path(f"/proc/{own}/task/{own}/children").read_text().split()
            ticks = sum(map(int, Path(f"/proc/{own}/stat").read_text().rpartition(")")[2].split()[11:15]))
            for pid in begun:
                with contextlib.suppress(OSError):  # it ended meanwhile
                    ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
            return ticks / os.sysconf("SC_CLK_TCK")
        return time.monotonic()

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            return (
                " / ".join((self.folder / "output.txt").read_text(errors="replace").strip().splitlines()[-3:])[-400:] or "without a message"
            )
        return "without a message"

    def fork(
        self, change: Change, *, socks: tuple[socket.socket, socket.socket], origin: str, canary: str, tls: Path, folder: Path | None
    ) -> tuple[int, socket.socket]:
        """A new variant; its process id and its control socket. Raises TargetFailed when it does not start.

        socks: where it serves over TLS, and where without.
        """
        ours, theirs = socket.socketpair()
        command = {
            "do": "fork",
            "probes": change.probes,
            "fault": change.fault.value if change.fault else "",
            "production": change.production,
            "limits": change.limits,
            "without": sorted(change.without),
            "server": change.server.value,
            "replaced": list(change.replaced),
            "names_leaf": change.leaf is not Leaf.THROW_AWAY,
            "origin": origin,
            "canary": canary,
            "tls": str(tls),
            "shown": str(folder) if folder else "",
        }
        try:
            with self._lock:
                pid = int(self._ask(command, [socks[0].fileno(), theirs.fileno(), socks[1].fileno()])["pid"])
        except BaseException:  # the run was ended meanwhile
            ours.close()
            raise
        finally:
            theirs.close()
        ours.settimeout(START_SECONDS)
        try:
            answer, _ = channel.receive(ours)
        except (TimeoutError, channel.ChannelClosed) as error:
            kill(pid)
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

    def variant_folder(self, begins: Path | None = None) -> Path:
        """A fresh folder with what `begins` holds, else with what the copy held right after its import and first start."""
        template = begins or self.template
        with self._lock:
            self._number += 1
            number = self._number
            left = self._left.pop() if self._left else None
        if left is not None:
            with contextlib.suppress(OSError):  # what a variant made so odd that it cannot be put right is made from nothing
                copies.restore(str(template), str(left))
                return left
            shutil.rmtree(left, ignore_errors=True)
        place = self.folder / "variants" / str(number)
        copies.duplicate(template, place)
        return place

    def take_back(self, place: Path) -> None:
        """The folder of a variant that has ended: the next one begins there, since most of it is as it was."""
        with self._lock:
            if len(self._left) < _MOST_LEFT:
                self._left.append(place)
                return
        shutil.rmtree(place, ignore_errors=True)

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


def _require_ok(answer: Any) -> dict[str, Any]:
    if "failed" in answer:
        raise TargetFailed(**answer["failed"])
    found: dict[str, Any] = answer["ok"]
    return found


def kill(pid: int) -> None:
    """End a variant at once; one that is gone already is no fault."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
