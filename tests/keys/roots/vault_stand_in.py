"""A stand-in that speaks Vault's protocol for transit and AppRole over HTTP on loopback. It is no Vault: a Vault server cannot be had here.

What real Vault does beyond this (policies, seals, leases, its own audit) is not shown by tests that use it.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROLE, SECRET = "role-of-the-clinic", "secret-of-the-role"


class StandIn:
    """One server. keys: transit keys by name. tokens: those that are taken. heeds_context: whether associated data counts."""

    def __init__(self) -> None:
        self.keys: dict[str, list[bytes]] = {"ringwork": [os.urandom(32)]}
        self.tokens = {"root-token"}
        self.may_decrypt = self.heeds_context = True
        self.is_sealed = False
        self.logins = 0
        self.asked: list[str] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                status, answer = stand_in.answer(self.path, self.headers.get("X-Vault-Token", ""), json.loads(self.rfile.read(length)))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_POST  # noqa: N815  # the name that the server of the standard library looks for

            def log_message(self, *words: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, token: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body, as Vault's documentation has them."""
        self.asked.append(path)
        if self.is_sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if path == "/v1/auth/approle/login":
            return self._login(asked)
        if token not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        _, _, mount, what, name = path.split("/")
        if mount != "transit" or what not in {"encrypt", "decrypt"}:
            return 404, {"errors": []}
        if what == "decrypt" and not self.may_decrypt:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        if name not in self.keys:
            return 400, {"errors": ["encryption key not found"]}
        return self._transit(what, self.keys[name], asked)

    def _login(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if (asked.get("role_id"), asked.get("secret_id")) != (ROLE, SECRET):
            return 400, {"errors": ["invalid role or secret ID"]}
        self.logins += 1
        token = f"login-{self.logins}"
        self.tokens.add(token)
        return 200, {"auth": {"client_token": token, "lease_duration": 60, "renewable": True}}

    def _transit(self, what: str, versions: list[bytes], asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        context = base64.b64decode(asked.get("associated_data") or "") if self.heeds_context else b""
        if what == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + AESGCM(versions[-1]).encrypt(nonce, base64.b64decode(asked["plaintext"]), context)
            return 200, {"data": {"ciphertext": f"vault:v{len(versions)}:{base64.b64encode(sealed).decode()}"}}
        try:
            _, version, text = str(asked["ciphertext"]).split(":")
            raw = base64.b64decode(text, validate=True)
            plain = AESGCM(versions[int(version[1:]) - 1]).decrypt(raw[:12], raw[12:], context)
        except (InvalidTag, ValueError, IndexError):
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}


@contextmanager
def running() -> Iterator[StandIn]:
    """A stand-in that answers until the block ends."""
    stand_in = StandIn()
    thread = threading.Thread(target=stand_in.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.server.shutdown()
        stand_in.server.server_close()
        thread.join()
