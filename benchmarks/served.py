"""What is left of the throughput through a real server: `./run bench served`.

uvicorn serves the application of request.py bare and guarded, one worker each, on loopback; a client process keeps 16 connections
busy, in turn, round by round. CPU is the server process's own for each request: it stays usable on a shared machine.
Options: --rounds N (7), --seconds S (2), --write (puts the table into docs/performance.md).
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import request

CONNECTIONS = 16
TICKS = os.sysconf("SC_CLK_TCK")


def application() -> Any:
    """What uvicorn loads: the variant that the environment names, told that it stands behind TLS."""
    inner = request.fastapi_app() if os.environ["VARIANT"] == "bare" else request.guarded_fastapi()

    async def behind_tls(scope: Any, receive: Any, send: Any) -> None:
        scope["scheme"] = "https"
        await inner(scope, receive, send)

    return behind_tls


@contextlib.contextmanager
def serving(variant: str) -> Iterator[tuple[int, int]]:
    """A server on a free loopback port: its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "uvicorn", "served:application", "--factory", "--port", str(port), "--no-access-log", "--log-level", "error",
        "--lifespan", "off", "--http", "h11", "--loop", "asyncio", "--no-server-header", "--no-proxy-headers",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=Path(__file__).parent, env={**os.environ, "VARIANT": variant}) as server:
        try:
            _wait(port)
            yield port, server.pid
        finally:
            server.terminate()


def _wait(port: int) -> None:
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def load(port: int, seconds: float) -> int:
    """Requests answered with 200 in `seconds`, over CONNECTIONS connections. Anything else ends the run."""
    lines = [b"GET /items/42 HTTP/1.1", *(name + b": " + value for name, value in request.HEADERS), b"", b""]
    asked = b"\r\n".join(lines)
    counts: list[int] = []

    def keep_busy() -> None:
        until, count = time.monotonic() + seconds, 0
        with socket.create_connection(("127.0.0.1", port)) as connection:
            while time.monotonic() < until:
                connection.sendall(asked)
                answer = connection.recv(65536)
                while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
                    answer += connection.recv(65536)
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise SystemExit(f"unexpected answer: {answer[:80]!r}")
                count += 1
        counts.append(count)

    threads = [threading.Thread(target=keep_busy) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) != CONNECTIONS:
        raise SystemExit("a connection failed; the comparison would be worthless")
    return sum(counts)


def _load_into(queue: Any, port: int, seconds: float) -> None:
    queue.put(load(port, seconds))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def turn(port: int, pid: int, seconds: float) -> tuple[float, float]:
    """Requests a second, and CPU microseconds of the server for each. The client has a process of its own."""
    queue: Any = multiprocessing.get_context("spawn").SimpleQueue()
    before = _cpu(pid)
    client = multiprocessing.get_context("spawn").Process(target=_load_into, args=(queue, port, seconds))
    client.start()
    client.join()
    if client.exitcode:
        raise SystemExit("the client failed")
    answered = queue.get()
    return answered / seconds, (_cpu(pid) - before) / answered * 1e6


def main() -> None:
    """Measure, print, and on demand write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args()
    rounds: dict[str, list[tuple[float, float]]] = {"bare": [], "guarded": []}
    with serving("bare") as bare, serving("guarded") as guarded:
        servers = {"bare": bare, "guarded": guarded}
        for server in servers.values():
            turn(*server, 0.5)  # warm-up
        for number in range(max(5, asked.rounds)):
            for name in (*servers,) if number % 2 else (*reversed(servers),):
                rounds[name].append(turn(*servers[name], asked.seconds))
    pairs = list(zip(rounds["guarded"], rounds["bare"], strict=True))
    kept = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs)
    cpu = statistics.median(ours[1] / theirs[1] for ours, theirs in pairs)
    lines = ["| through uvicorn | requests a second | server CPU us a request |", "| --- | ---: | ---: |"]
    for name, turns in rounds.items():
        lines.append(f"| FastAPI {name} | {statistics.median(t[0] for t in turns):.0f} | {statistics.median(t[1] for t in turns):.0f} |")
    text = "\n".join(lines) + f"\n\nGuarded keeps {kept:.2f} of the bare throughput, at {cpu:.2f} times the server's CPU time.\n"
    print(text)
    if asked.write:
        request.write("served", text)


if __name__ == "__main__":
    main()
