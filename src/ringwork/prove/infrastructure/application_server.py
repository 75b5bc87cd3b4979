"""Whether what serves the application is fit for strangers: how it is started, what it listens on, and how it takes abuse.

Against a development server, an open address or a missing limit, which turn a small flaw into an outage: the project's own files are
read for how it is started; a copy is served as `ringwork serve` would serve it, and asked what no browser asks.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ringwork.names import CheckId
from ringwork.prove import shipped, starting, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import saw, shown
from ringwork.survey.facts import AppFacts
from ringwork.survey.starts import reading
from ringwork.survey.starts.start import Start
from ringwork.survey.wire import connection
from ringwork.survey.wire.client import Answer, Client

CONTROL = "infrastructure.application-server"
WHERE = "the server of `ringwork serve`"
_UNSEEN = "no ringwork guards this application, so which server will serve it is not seen from here"
_GUARD = "protect(app), and serve it with ringwork serve"
_START = "ringwork serve TARGET, or these words on that line"
_TOLD = 5
_PATIENCE = 6.0
_LONG = 64 * 1024
_MOST_PAGES = 40
_SHOWN = 600
_FAULTS = frozenset({500, 502, 503, 504})
_UNLOCK = "a Dockerfile, compose file, unit file or Procfile that starts `ringwork serve`, or the line that starts your server"


# -- server-options -----------------------------------------------------------------------------------------


def server_options(stage: Stage) -> Evidence:
    """Read every command line and file that starts a server, with its line."""
    check = CheckId(f"{CONTROL}/server-options")
    root = Path(stage.facts.root)
    found = [begun for begun in reading.starts(root, shipped.files(root)) if _is_ours(begun, root, stage.facts)]
    if not found:
        reason = "no file of the project starts a server, so the platform does, and what it tells the server is not seen from here"
        return Evidence(check=check, not_verified=reason, unlock=_UNLOCK)
    seen = tuple(one for begun in found for one in starting.judged(begun))
    left = [f"{one.file}, line {one.line}: {one.detail}" for one in seen if one.outcome is Outcome.UNTRIED]
    if left and not any(one.outcome is Outcome.BROKEN for one in seen):
        # What a server is not told is no violation by itself, and no pass either.
        return Evidence(check=check, observations=seen, not_verified="; ".join(left[:_TOLD]), unlock=_START)
    return Evidence(check=check, observations=seen)


def _is_ours(begun: Start, root: Path, facts: AppFacts) -> bool:
    """Whether a start may be the target's: one that serves an application of another folder is another project's."""
    module = begun.application.partition(":")[0].replace(".", "/")
    here = PurePosixPath(begun.file).parent
    places = [folder / f"{module}{end}" for folder in (here, PurePosixPath(), PurePosixPath("src")) for end in (".py", "/__init__.py")]
    served = next((place for place in places if module and (root / place).is_file()), None)
    handlers = {PurePosixPath(route.file).parent for route in facts.routes if route.file and not route.file.startswith("/")}
    if served is None or not handlers:
        return True
    return any(served.parent.is_relative_to(folder) or folder.is_relative_to(served.parent) for folder in handlers)


# -- listening-sockets --------------------------------------------------------------------------------------


def listening_sockets(stage: Stage) -> Evidence:
    """Let a copy be served as in production, ask every page of it once, and have its processes' sockets listed."""
    check = CheckId(f"{CONTROL}/listening-sockets")
    if stage.facts.guard is None:
        return Evidence(check=check, not_verified=_UNSEEN, unlock=_GUARD)
    attack, where = "a door beside the server's own", "the processes of a served copy"
    with stage.serve(real=True) as served:
        client = served.client()
        answer = client.get(served.probe_path(ProbeRoute.PLAIN))
        paths = [route.path for route in witness.reads(stage.facts) if "{" not in route.path][:_MOST_PAGES]
        for path in paths:
            with contextlib.suppress(OSError):  # what a page starts is looked at, not what it answers
                client.get(path)
        extra = served.sockets()
    if answer.status != 200:
        return Evidence(check=check, not_verified=f"the served copy did not answer ({answer.status}), so nothing runs that could listen")
    control = shown(answer)
    if not extra:
        detail = f"only the server's own, after {len(paths)} pages were asked"
        return Evidence(check=check, observations=(saw(Outcome.HELD, attack, where, detail, control=control),))
    detail = "listens there too, and nobody declared it"
    return Evidence(check=check, observations=tuple(saw(Outcome.BROKEN, attack, one, detail, control=control) for one in extra))


# -- server-behaviour ---------------------------------------------------------------------------------------


def server_behaviour(stage: Stage) -> Evidence:
    """Send what no browser sends, each beside an honest request that has to work afterwards, and read every answer for a banner."""
    check = CheckId(f"{CONTROL}/server-behaviour")
    if stage.facts.guard is None:
        return Evidence(check=check, not_verified=_UNSEEN, unlock=_GUARD)
    with stage.serve(real=True) as served:
        target = Abused(client=served.client(), path=served.probe_path(ProbeRoute.PLAIN))
        honest = target.honest()
        if honest is None or honest.status != 200:
            status = honest.status if honest is not None else "no answer"
            return Evidence(check=check, not_verified=f"an honest request was not served ({status}), so a refusal says nothing")
        seen = tuple(target.attacks(shown(honest), only=1 if stage.brief else None))
    return Evidence(check=check, observations=seen)


@dataclass(kw_only=True)
class Abused:
    """A served copy that is asked byte by byte. path: one that answers 200. answers: all that came back."""

    client: Client
    path: str
    answers: list[bytes] = field(default_factory=list)

    def honest(self) -> Answer | None:
        """A request that has to work, on a connection of its own; None where none came."""
        with contextlib.suppress(OSError):
            answer = self.client.stranger().get(self.path)
            self.answers.append(b"\r\n".join(b"%s: %s" % pair for pair in answer.headers))
            return answer
        return None

    def attacks(self, control: Exchanged, *, only: int | None) -> Iterator[Observation]:
        """Every attack, or `only` so many; the slow one is begun first and looked at last, so that nobody waits for it."""
        mark, host = witness.marker(), self.client.host
        rest = f"Host: {host}\r\nX-Mark: {mark}\r\nConnection: close\r\n\r\n"
        slow = connection.connect(self.client.place)
        try:
            slow.sendall(f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\nX-Slow: ".encode())
            attacks = (
                ("TRACE", f"TRACE {self.path} HTTP/1.1\r\n{rest}", False),
                ("a method that nobody knows", f"ZZZ {self.path} HTTP/1.1\r\n{rest}", False),
                ("a line of 64 KiB", f"GET {self.path}?{'a' * _LONG} HTTP/1.1\r\n{rest}", False),
                ("a header of 64 KiB", f"GET {self.path} HTTP/1.1\r\nX-Long: {'a' * _LONG}\r\n{rest}", False),
                ("a client that leaves in the middle of its head", f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\n", True),
                ("a client that hears no more", f"GET {self.path} HTTP/1.1\r\n{rest}", True),
            )
            for attack, head, half in attacks[:only]:
                yield self._judged(attack, head.encode(), control, mark=mark, half=half)
            if only is None:
                yield self._slow(slow, control)
        finally:
            slow.close()
        yield self._banner(control)

    def _judged(self, attack: str, head: bytes, control: Exchanged, *, mark: str, half: bool) -> Observation:
        answered, is_closed = self._sent(head, half=half)
        self.answers.append(answered.partition(b"\r\n\r\n")[0])
        told = Exchanged(request=_short(head), answer=_short(answered))
        status = int(answered[9:12]) if answered[9:12].isdigit() else 0
        after = self.honest()
        fault = ""
        if after is None or after.status != 200:
            fault = "an honest request is not served any more afterwards"
        elif attack == "TRACE" and mark.encode() in answered:
            fault = "it is sent back with what it carried"
        elif not is_closed:
            fault = f"the connection is still open after {_PATIENCE:g} s"
        elif attack != "a client that hears no more" and (200 <= status < 400 or status in _FAULTS):
            fault = f"it is taken ({status})"
        words = fault or (f"refused with {status}" if status >= 400 else "answered" if status else "closed without an answer")
        return saw(Outcome.BROKEN if fault else Outcome.HELD, attack, WHERE, words, answers=[told], control=control)

    def _sent(self, head: bytes, *, half: bool) -> tuple[bytes, bool]:
        """What came back until the other side closed, and whether it did in time. half: we send nothing more, and say so."""
        with connection.connect(self.client.place) as sock:
            with contextlib.suppress(OSError):
                sock.sendall(head)
                if half:
                    socket.socket.shutdown(sock, socket.SHUT_WR)  # of TCP itself: no word of TLS
            return _read(sock)

    def _slow(self, sock: socket.socket, control: Exchanged) -> Observation:
        attack = "a head that never ends"
        answered, is_closed = _read(sock)
        self.answers.append(answered.partition(b"\r\n\r\n")[0])
        outcome = Outcome.HELD if is_closed and not answered.startswith(b"HTTP/1.1 2") else Outcome.BROKEN
        detail = "the connection was ended" if outcome is Outcome.HELD else f"the connection is kept, {_PATIENCE:g} s after all others"
        return saw(outcome, attack, WHERE, detail, control=control)

    def _banner(self, control: Exchanged) -> Observation:
        found = {line.strip() for head in self.answers for line in head.split(b"\r\n") if line.lower().startswith(b"server:")}
        named = sorted(line.decode("latin-1") for line in found if line.partition(b":")[2].strip())
        outcome = Outcome.BROKEN if named else Outcome.HELD
        detail = f"answers say {named[0][:60]!r}" if named else f"none in {len(self.answers)} answers, the server's own refusals too"
        return saw(outcome, "a banner", WHERE, detail, control=control)


def _read(sock: socket.socket) -> tuple[bytes, bool]:
    """Everything until the other side closes, and whether it did within _PATIENCE."""
    out, until = b"", time.monotonic() + _PATIENCE
    while (left := until - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            piece = sock.recv(65536)
        except TimeoutError:
            break
        except OSError:
            return out, True
        if not piece:
            return out, True
        out += piece
    return out, False


def _short(data: bytes) -> str:
    text = data.decode("latin-1")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} bytes)"


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/server-options"), kind=Kind.CONFIG, run=server_options, planted=ProbeRoute.BREACHED_FILES),
    Check(id=CheckId(f"{CONTROL}/listening-sockets"), kind=Kind.LIVE, run=listening_sockets, planted=ProbeRoute.CARELESS_SERVER),
    Check(id=CheckId(f"{CONTROL}/server-behaviour"), kind=Kind.LIVE, run=server_behaviour, planted=ProbeRoute.CARELESS_SERVER),
)
