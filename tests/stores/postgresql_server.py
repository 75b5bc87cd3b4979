"""A real PostgreSQL server for tests: on loopback and a free port, with a password, made and ended by the test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER, PASSWORD = "clinic", "loopback-only"


def programs() -> Path | None:
    """The folder of initdb and postgres, which Debian puts outside PATH; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(os.path.realpath(on_path)).parent if on_path else None


class Server:
    """One server. url: for SQLAlchemy with psycopg; log: its log, every statement in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        self.url = f"postgresql+psycopg://{self.address}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make its files and wait until it answers."""
        found = programs()
        assert found is not None
        data, secret = self.folder / "data", self.folder / "password"
        secret.write_text(PASSWORD)
        # Its programs refuse to run as root.
        as_user = []
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
            as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        begin = ["-A", "scram-sha-256", "-U", USER, f"--pwfile={secret}", "--no-sync", "--no-locale", "-E", "UTF8"]
        subprocess.run([*as_user, str(found / "initdb"), "-D", str(data), *begin], check=True, capture_output=True, cwd=self.folder)
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off", "log_statement": "all",
            "shared_buffers": "16MB",
        }  # fmt: skip
        arguments = [text for name, value in options.items() for text in ("-c", f"{name}={value}")]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*as_user, str(found / "postgres"), "-D", str(data), *arguments], stdout=log, stderr=log, cwd=self.folder
            )
        ready = [str(found / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None:
                raise RuntimeError(self.log.read_text()[-2000:])

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # fast: it waits for no client
            self._process.communicate(timeout=20)
            self._process = None


@contextmanager
def running() -> Iterator[Server]:
    """A started server, ended with the block; in a folder that its own user may enter."""
    with tempfile.TemporaryDirectory(prefix="ringwork-postgresql-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
