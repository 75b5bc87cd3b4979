"""A root key in the transit engine of HashiCorp Vault or OpenBao: keys are wrapped over there, and the root never leaves it.

Against a stolen machine image: without a valid token nothing is unwrapped, and who asked stands in Vault's own audit log. A key is bound
to its row by associated data, which transit takes for AES-GCM and ChaCha20-Poly1305 keys; a server that ignores it fails the canary.
"""

from __future__ import annotations

import base64
import ipaddress
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ringwork.errors import ExtraMissing, KeyRefused, KeyUnavailable
from ringwork.frozen import Frozen
from ringwork.secret import Secret

T = TypeVar("T")

KIND = "vault"


class VaultSettings(Frozen):
    """Where the key is. address: https, or http on loopback. ca: a file of authorities, "" for the system's.

    token, or role_id and secret_id (AppRole): who asks. mount: of the transit engine.
    """

    address: str
    key: str
    mount: str = "transit"
    token: Secret[str] | None = None
    role_id: str = ""
    secret_id: Secret[str] | None = None
    namespace: str = ""
    ca: str = ""
    wait_seconds: float = 5.0


class VaultRoot:
    """One transit key; see Root. Threads share one client; a login that ran out is made again, once."""

    __slots__ = ("_settings", "_hvac", "_client", "_lock", "reference")

    def __init__(self, settings: VaultSettings) -> None:
        """Raises KeyUnavailable for settings that would send a token in clear, ExtraMissing without hvac. Nobody is asked yet."""
        try:
            import hvac
        except ImportError as error:
            raise ExtraMissing(feature="a root key in Vault", package="hvac", extra="vault") from error
        _require_private(settings.address)
        if settings.token is None and settings.secret_id is None:
            raise KeyUnavailable('root: say who asks Vault: token = "env:VAULT_TOKEN", or role_id and secret_id = "env:NAME"')
        self._settings, self._hvac, self._lock = settings, hvac, threading.Lock()
        self._client: Any = None
        self.reference = f"{KIND}:{settings.mount}/{settings.key}"

    def wrap(self, key: Secret[bytes], *, bound: bytes) -> bytes:
        """See Root. The text that transit gives, "vault:v1:...", which names the version of its key."""
        given = {"plaintext": _text(key.reveal()), "associated_data": _text(bound)}
        answered = self._ask(lambda transit: transit.encrypt_data(self._settings.key, mount_point=self._settings.mount, **given), "encrypt")
        return str(answered["data"]["ciphertext"]).encode("ascii")

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        """See Root."""
        given = {"ciphertext": wrapped.decode("ascii", "replace"), "associated_data": _text(bound)}
        answered = self._ask(lambda transit: transit.decrypt_data(self._settings.key, mount_point=self._settings.mount, **given), "decrypt")
        return Secret(base64.b64decode(answered["data"]["plaintext"]))

    def _ask(self, question: Callable[[Any], T], what: str) -> T:
        import requests

        errors, path = self._hvac.exceptions, f"{self._settings.mount}/{what}/{self._settings.key}"
        try:
            try:
                return question(self._own_client().secrets.transit)
            except errors.Forbidden:
                if self._settings.secret_id is None:
                    raise
                with self._lock:
                    self._client = None
                return question(self._own_client().secrets.transit)
        except (errors.Forbidden, errors.Unauthorized) as error:
            advice = f'give its policy: path "{path}" {{ capabilities = ["update"] }}'
            raise KeyUnavailable(f"Vault lets this token not {what} with {self.reference}: the token has run out, or {advice}") from error
        except errors.InvalidPath as error:
            advice = f"make it with: vault write -f {self._settings.mount}/keys/{self._settings.key} type=aes256-gcm96"
            raise KeyUnavailable(f"Vault has no key {self.reference}; {advice}") from error
        except errors.InvalidRequest as error:
            # Vault answers 400 both for what does not open and for a key that is not there; its words are told, they hold no value.
            raise KeyRefused(f"Vault does not {what} with {self.reference}: {str(error).splitlines()[0][:200]}") from error
        except (errors.VaultError, requests.RequestException) as error:
            raise KeyUnavailable(
                f"Vault does not answer for {self.reference} ({type(error).__name__}); see address, seal state and ca"
            ) from error

    def _own_client(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._logged_in()
            return self._client

    def _logged_in(self) -> Any:
        wanted = self._settings
        client = self._hvac.Client(
            url=wanted.address, token=wanted.token.reveal() if wanted.token else None, namespace=wanted.namespace or None,
            verify=wanted.ca or True, timeout=wanted.wait_seconds, allow_redirects=False,
        )  # fmt: skip
        if wanted.secret_id is not None:
            client.auth.approle.login(role_id=wanted.role_id, secret_id=wanted.secret_id.reveal())
        return client


def _require_private(address: str) -> None:
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    if parts.username or parts.password:
        raise KeyUnavailable("root: the address of Vault holds a password; give host and port alone")
    # Against a token and keys in clear on the network.
    if not host or parts.scheme not in {"http", "https"} or (parts.scheme == "http" and not is_here):
        raise KeyUnavailable('root: write the address of Vault as "https://vault.example:8200"; http is for loopback alone')


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
