"""A root key in AWS KMS, by the real boto3 over HTTP against the moto server.

moto is no AWS: it decrypts with a disabled key and asks nobody's rights, so the first is refused by our own look at the key's state, and
missing rights are told from the answers that AWS documents, given by a stand-in for the client.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from ringwork.errors import ExtraMissing, KeyRefused, KeyUnavailable
from ringwork.frozen import replace
from ringwork.keys.root import require_wrapping
from ringwork.keys.roots.aws import AwsRoot, AwsSettings
from ringwork.secret import Secret

KEY = Secret(bytes(range(32)))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The moto server, on a free port of loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def kms(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An administrator's client; credentials stand in the environment, as boto3 finds them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return boto3.client("kms", region_name="eu-central-1", endpoint_url=endpoint)


@pytest.fixture
def settings(kms: Any, endpoint: str) -> AwsSettings:
    made = kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    return AwsSettings(key=made, region="eu-central-1", endpoint=endpoint)


def test_wraps_over_there_under_a_context(kms: Any, settings: AwsSettings) -> None:
    """The key comes back in its row alone, and its name is the ARN also where an alias was given."""
    kms.create_alias(AliasName=f"alias/{settings.key}", TargetKeyId=settings.key)
    root = AwsRoot(replace(settings, key=f"alias/{settings.key}"))
    require_wrapping(root)
    assert root.reference.startswith("aws:arn:aws:kms:eu-central-1:")
    assert root.reference == AwsRoot(settings).reference
    wrapped = root.wrap(KEY, bound=b"row of Ada")
    assert AwsRoot(settings).unwrap(wrapped, bound=b"row of Ada") == KEY
    with pytest.raises(KeyRefused, match="InvalidCiphertext"):
        root.unwrap(wrapped, bound=b"row of Bob")


def test_a_disabled_key_opens_nothing(kms: Any, settings: AwsSettings) -> None:
    """Our own look refuses it, whatever the server would do; enabled again, it opens."""
    root = AwsRoot(settings)
    wrapped = root.wrap(KEY, bound=b"row")
    kms.disable_key(KeyId=settings.key)
    for use in (lambda: root.unwrap(wrapped, bound=b"row"), lambda: root.wrap(KEY, bound=b"row")):
        with pytest.raises(KeyUnavailable, match="is Disabled; enable it"):
            use()
    kms.enable_key(KeyId=settings.key)
    assert root.unwrap(wrapped, bound=b"row") == KEY
    kms.schedule_key_deletion(KeyId=settings.key, PendingWindowInDays=7)
    with pytest.raises(KeyUnavailable, match="is PendingDeletion"):
        root.unwrap(wrapped, bound=b"row")


def test_refuses_a_key_of_another_kind_and_one_that_is_missing(kms: Any, settings: AwsSettings) -> None:
    """A signing key wraps nothing, and an unknown name is told."""
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    with pytest.raises(KeyUnavailable, match="name a symmetric key"):
        require_wrapping(AwsRoot(replace(settings, key=signing)))
    with pytest.raises(KeyUnavailable, match="has no key"):
        require_wrapping(AwsRoot(replace(settings, key="alias/none")))


def test_owners_names_do_not_leave(settings: AwsSettings) -> None:
    """The context stands in CloudTrail in clear, so it holds a fingerprint."""
    root = AwsRoot(settings)
    seen: list[Any] = []
    real = root._client.encrypt
    root._client.encrypt = lambda **given: seen.append(given) or real(**given)
    root.wrap(KEY, bound=b"tenant Ada Lovelace")
    assert "Ada" not in str(seen[0]["EncryptionContext"])


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("AccessDeniedException", "allow kms:Encrypt"),
        ("KMSInvalidStateException", "did not Encrypt"),
        ("ThrottlingException", "Throttling"),
    ],
)
def test_names_the_permission_that_is_missing(settings: AwsSettings, code: str, problem: str) -> None:
    """moto asks nobody's rights, so these answers are a stand-in's, with the codes that AWS documents."""
    root = AwsRoot(settings)
    root.reference  # noqa: B018  # it asks for the key once

    def refuse(**given: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Encrypt")

    root._client.encrypt = refuse
    with pytest.raises(KeyUnavailable, match=problem):
        root.wrap(KEY, bound=b"row")


def test_tells_a_service_that_is_away_and_a_missing_region(settings: AwsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says where to look."""
    with pytest.raises(KeyUnavailable, match="see region, endpoint and credentials"):
        require_wrapping(AwsRoot(replace(settings, endpoint="http://127.0.0.1:9", wait_seconds=0.2)))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(KeyUnavailable, match="write region"):
        AwsRoot(AwsSettings(key="x"))


def test_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without boto3 the message says what to install."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ExtraMissing, match=r"ringwork\[aws\]"):
        AwsRoot(AwsSettings(key="x"))
