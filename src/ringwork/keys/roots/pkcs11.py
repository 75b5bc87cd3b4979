"""A root key in a hardware module, by PKCS#11: an AES key that cannot be taken out wraps keys inside, by AES-GCM.

Against a root that can be copied: a key that is extractable, or not marked sensitive, is refused. Against a wrong row: what a key is
bound to is associated data of AES-GCM, with a random nonce of 96 bits each (NIST SP 800-38D, 8.2.2: up to 2^32 wraps of one root).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from ringwork.crypto.chance import random_bytes
from ringwork.errors import ExtraMissing, KeyRefused, KeyUnavailable
from ringwork.frozen import Frozen
from ringwork.secret import Secret

T = TypeVar("T")

KIND = "pkcs11"
_NONCE_BYTES, _TAG_BYTES = 12, 16


class Pkcs11Settings(Frozen):
    """Which key. module: the vendor's library. token, key: their labels."""

    module: str
    token: str
    key: str
    pin: Secret[str]


class Pkcs11Root:
    """One AES key of a token; see Root. One session, used by one thread at a time; a forked child opens its own."""

    __slots__ = ("_settings", "_pkcs11", "_lock", "_session", "_key", "_process", "reference")

    def __init__(self, settings: Pkcs11Settings) -> None:
        """Raises ExtraMissing without python-pkcs11. The module is opened at the first use."""
        try:
            import pkcs11
        except ImportError as error:
            raise ExtraMissing(feature="a root key in a PKCS#11 module", package="python-pkcs11", extra="pkcs11") from error
        self._settings, self._pkcs11 = settings, pkcs11
        self._lock, self._process = threading.Lock(), 0
        self._session: Any = None
        self._key: Any = None
        self.reference = f"{KIND}:{settings.token}/{settings.key}"

    def wrap(self, key: Secret[bytes], *, bound: bytes) -> bytes:
        """See Root. Nonce, ciphertext and tag."""
        nonce = random_bytes(_NONCE_BYTES)
        return nonce + self._ask(lambda root: bytes(root.encrypt(key.reveal(), **self._mechanism(nonce, bound))))

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        """See Root."""
        if len(wrapped) < _NONCE_BYTES + _TAG_BYTES:
            raise KeyRefused(f"{self.reference} does not open it: cut short")
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        return Secret(self._ask(lambda root: bytes(root.decrypt(sealed, **self._mechanism(nonce, bound))), opening=True))

    def _mechanism(self, nonce: bytes, bound: bytes) -> dict[str, Any]:
        parameters = self._pkcs11.GCMParams(nonce, bound, 8 * _TAG_BYTES)
        return {"mechanism": self._pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}

    def _ask(self, question: Callable[[Any], T], *, opening: bool = False) -> T:
        errors = self._pkcs11.exceptions
        with self._lock_of_process():
            try:
                root = self._opened()
            except KeyUnavailable:
                raise
            except errors.PKCS11Error as error:
                raise KeyUnavailable(self._advice(error)) from error
            try:
                return question(root)
            except errors.PKCS11Error as error:
                # A wrong tag is EncryptedDataInvalid by the standard; SoftHSM 2.6 says GeneralError.
                if opening and isinstance(error, errors.EncryptedDataInvalid | errors.EncryptedDataLenRange | errors.GeneralError):
                    raise KeyRefused(f"{self.reference} does not open it: altered, or of another row") from error
                with contextlib.suppress(errors.PKCS11Error):
                    self.close()
                raise KeyUnavailable(f"{self.reference} does not answer ({type(error).__name__}); see the module and its token") from error

    def _lock_of_process(self) -> threading.Lock:
        if self._process != os.getpid():
            # Against handles of a parent: a child has to begin anew (PKCS#11 2.40, 6.6.1).
            if self._process:
                self._pkcs11.lib(self._settings.module).reinitialize()
            self._lock, self._process, self._session, self._key = threading.Lock(), os.getpid(), None, None
        return self._lock

    def _opened(self) -> Any:
        if self._key is not None:
            return self._key
        wanted = self._settings
        try:
            module = self._pkcs11.lib(wanted.module)
        except (OSError, RuntimeError) as error:
            raise KeyUnavailable(f"the PKCS#11 module {wanted.module} cannot be loaded; name the vendor's library") from error
        token = module.get_token(token_label=wanted.token)
        try:
            self._session = token.open(user_pin=wanted.pin.reveal())
        except self._pkcs11.exceptions.UserAlreadyLoggedIn:
            self._session = token.open()  # a login is the whole process's (PKCS#11 2.40, 6.7.4)
        try:
            self._key = self._found(self._session)
        except BaseException:
            self.close()
            raise
        return self._key

    def close(self) -> None:
        """End the session; a later use opens another one."""
        session, self._session, self._key = self._session, None, None
        if session is not None:
            session.close()

    def _found(self, session: Any) -> Any:
        wanted, attribute = self._settings, self._pkcs11.Attribute
        key = session.get_key(object_class=self._pkcs11.ObjectClass.SECRET_KEY, label=wanted.key)
        if key.key_type is not self._pkcs11.KeyType.AES or key.key_length not in {32, 256}:
            raise KeyUnavailable(f"{self.reference} is no AES key of 256 bits; make one that is")
        # Against a root that somebody takes home: it must not be readable, nor wrappable into something that is.
        if key[attribute.EXTRACTABLE] or not key[attribute.SENSITIVE]:
            raise KeyUnavailable(f"{self.reference} can be taken out; make a key with CKA_SENSITIVE true and CKA_EXTRACTABLE false")
        return key

    def _advice(self, error: Exception) -> str:
        errors, wanted = self._pkcs11.exceptions, self._settings
        if isinstance(error, errors.PinIncorrect | errors.PinInvalid | errors.PinLenRange):
            return f"the token {wanted.token} does not take this PIN; see the variable that holds it (tokens lock after a few wrong ones)"
        if isinstance(error, errors.PinLocked):
            return f"the PIN of token {wanted.token} is locked; have its security officer set a new one"
        if isinstance(error, errors.NoSuchToken | errors.MultipleTokensReturned | errors.TokenNotPresent):
            return f"the module {wanted.module} has no single token {wanted.token}; see its label"
        if isinstance(error, errors.NoSuchKey | errors.MultipleObjectsReturned):
            return f"the token {wanted.token} has no single secret key {wanted.key}; see its label, and make one of AES 256"
        return f"{self.reference} cannot be opened ({type(error).__name__}); see the module and its token"
