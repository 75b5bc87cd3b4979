"""A root key in AWS KMS: keys are wrapped over there under an encryption context, and every use stands in CloudTrail.

Against a key that was switched off and goes on opening: its state is asked before each use, besides KMS's own refusal, so that nothing
hangs on the server alone (the moto server, by which this is tested, decrypts with disabled keys). Against owners' names in CloudTrail,
which records the context in clear: what a key is bound to goes there as a fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ringwork.crypto.mac import derive_key
from ringwork.errors import ExtraMissing, KeyRefused, KeyUnavailable
from ringwork.frozen import Frozen
from ringwork.secret import Secret

T = TypeVar("T")

KIND = "aws"
_SALT = b"ringwork kms context 1"
_DOES_NOT_OPEN = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_MAY_NOT = frozenset({"AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"})


class AwsSettings(Frozen):
    """Which key. key: id, ARN or alias. region, endpoint: "" for what the environment says. Credentials come from boto3's own chain."""

    key: str
    region: str = ""
    endpoint: str = ""
    wait_seconds: float = 5.0


class AwsRoot:
    """One symmetric KMS key; see Root. The client may be shared by threads."""

    __slots__ = ("_settings", "_client", "_arn")

    def __init__(self, settings: AwsSettings) -> None:
        """Raises ExtraMissing without boto3, KeyUnavailable without a region. Nobody is asked yet."""
        try:
            import boto3
            import botocore.config
            import botocore.exceptions
        except ImportError as error:
            raise ExtraMissing(feature="a root key in AWS KMS", package="boto3", extra="aws") from error
        wait = botocore.config.Config(
            connect_timeout=settings.wait_seconds, read_timeout=settings.wait_seconds, retries={"mode": "standard", "total_max_attempts": 2}
        )
        self._settings, self._arn = settings, ""
        try:
            self._client: Any = boto3.client(
                "kms", region_name=settings.region or None, endpoint_url=settings.endpoint or None, config=wait
            )
        except botocore.exceptions.BotoCoreError as error:
            raise KeyUnavailable(f'root: AWS KMS cannot be asked ({type(error).__name__}); write region = "eu-central-1"') from error

    @property
    def reference(self) -> str:
        """The ARN, so that an alias that is moved is seen. Asks once."""
        if not self._arn:
            self._require_enabled()
        return f"{KIND}:{self._arn}"

    def wrap(self, key: Secret[bytes], *, bound: bytes) -> bytes:
        """See Root."""
        self._require_enabled()
        given = {"KeyId": self._arn, "Plaintext": key.reveal(), "EncryptionContext": _context(bound)}
        return bytes(self._ask(lambda: self._client.encrypt(**given), "Encrypt")["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        """See Root."""
        self._require_enabled()
        # Against another key of the account: the key that may open it is named.
        given = {"KeyId": self._arn, "CiphertextBlob": wrapped, "EncryptionContext": _context(bound)}
        return Secret(bytes(self._ask(lambda: self._client.decrypt(**given), "Decrypt")["Plaintext"]))

    def _require_enabled(self) -> None:
        told = self._ask(lambda: self._client.describe_key(KeyId=self._arn or self._settings.key), "DescribeKey")["KeyMetadata"]
        state, usage, spec = told.get("KeyState"), told.get("KeyUsage"), told.get("KeySpec", "SYMMETRIC_DEFAULT")
        if state != "Enabled":
            raise KeyUnavailable(f"the KMS key {told['Arn']} is {state}; enable it, or cancel its deletion")
        if usage != "ENCRYPT_DECRYPT" or spec != "SYMMETRIC_DEFAULT":
            raise KeyUnavailable(f"the KMS key {told['Arn']} is for {usage}, {spec}; name a symmetric key for encryption")
        self._arn = str(told["Arn"])

    def _ask(self, question: Callable[[], T], what: str) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return question()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _DOES_NOT_OPEN:
                raise KeyRefused(f"AWS KMS does not open it under this key and context ({code})") from error
            if code in _MAY_NOT:
                advice = f"allow kms:{what} on the key to this role"
                raise KeyUnavailable(f"AWS KMS lets these credentials not {what} ({code}); {advice}") from error
            if code == "NotFoundException":
                raise KeyUnavailable(f"AWS KMS has no key {self._settings.key} in this region and account; see key and region") from error
            raise KeyUnavailable(f"AWS KMS did not {what} ({code or type(error).__name__}); look at the key's state") from error
        except BotoCoreError as error:
            advice = "see region, endpoint and credentials (AWS_PROFILE, or the role of the machine)"
            raise KeyUnavailable(f"AWS KMS cannot be asked ({type(error).__name__}); {advice}") from error


def _context(bound: bytes) -> dict[str, str]:
    return {"ringwork:row": derive_key(bound, salt=_SALT, purpose=b"context").hex()}
