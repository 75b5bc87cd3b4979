"""One round of 500 probes of one shape by the prover's own client, for `./run bench prove`: prints the seconds that they took.

Runs in ringwork's own environment: `probes.py PORT AUTHORITY METHOD PATH STATUS`. Any other status ends it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ringwork.survey.wire.client import Client

PROBES = 500


def main() -> None:
    """The honest headers of a browser, over one connection that is kept, each answer read and parsed as a check does it."""
    port, authority, method, path, status = sys.argv[1:]
    pem = Path(authority).read_bytes()
    client = Client(address=("127.0.0.1", int(port)), server_name="localhost", ca_pem=pem, origin=f"https://localhost:{port}")
    client.send(method, path)
    begun = time.perf_counter()
    for _ in range(PROBES):
        answer = client.send(method, path)
        if answer.status != int(status):
            raise SystemExit(f"{method} {path}: {answer.status} instead of {status}; the comparison would be worthless")
    print(time.perf_counter() - begun)
    client.close()


if __name__ == "__main__":
    main()
