"""Keyed tags, held to the published vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ringwork.crypto.mac import TAG_BYTES, Mac, derive_key, hmac_sha256
from ringwork.errors import TagWrong
from ringwork.secret import Secret

VECTORS = Path(__file__).parent.parent / "vectors"
KEY = Secret(b"k" * 32)


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["case"]) for case in json.loads((VECTORS / name).read_text())["cases"]]


@pytest.mark.parametrize("case", _cases("hmac_sha256_rfc4231.json"))
def test_computes_the_published_tags(case: dict[str, str]) -> None:
    """RFC 4231, whole and truncated."""
    tag = hmac_sha256(bytes.fromhex(case["key"]), bytes.fromhex(case["data"]))
    assert tag.hex()[: len(case["tag"])] == case["tag"]
    assert len(tag) == TAG_BYTES


@pytest.mark.parametrize("case", _cases("hkdf_sha256_rfc5869.json"))
def test_derives_the_published_keys(case: dict[str, str]) -> None:
    """RFC 5869: the first block of each published output."""
    key = derive_key(bytes.fromhex(case["ikm"]), salt=bytes.fromhex(case["salt"]), purpose=bytes.fromhex(case["info"]))
    assert key.hex() == case["okm"][:64]


def test_is_an_hmac_of_length_prefixed_parts() -> None:
    """The prepared state computes what the plain recipe computes."""
    key = derive_key(KEY.reveal(), salt=b"ringwork key derivation 1", purpose=b"test 1")
    mac = Mac(KEY, purpose=b"test 1")
    expected = hmac_sha256(key, b"\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\0")
    assert mac.tag(b"ab", b"") == expected
    assert mac.tag(b"ab", b"") == expected


def test_accepts_its_own_tag() -> None:
    """What the owner tagged is recognised."""
    mac = Mac(KEY, purpose=b"test 1")
    mac.require_tag(mac.tag(b"a", b"b"), b"a", b"b")
    assert Mac(KEY, purpose=b"test 1").tag(b"a") == mac.tag(b"a")


@pytest.mark.parametrize("parts", [(b"a", b"bc"), (b"abc",), (b"ab", b"c", b""), (b"c", b"ab"), (b"ab", b"d"), ()])
def test_refuses_the_tag_of_other_parts(parts: tuple[bytes, ...]) -> None:
    """Moving a byte across a border, or leaving a part out, is another value."""
    mac = Mac(KEY, purpose=b"test 1")
    tag = mac.tag(b"ab", b"c")
    with pytest.raises(TagWrong):
        mac.require_tag(tag, *parts)


def test_refuses_every_altered_tag() -> None:
    """One changed bit anywhere, a cut or an addition."""
    mac = Mac(KEY, purpose=b"test 1")
    tag = mac.tag(b"a")
    altered = [bytes(byte ^ (1 if at == i else 0) for i, byte in enumerate(tag)) for at in range(len(tag))]
    for claimed in (*altered, b"", tag[:-1], tag + b"\0"):
        with pytest.raises(TagWrong):
            mac.require_tag(claimed, b"a")


@pytest.mark.parametrize("other", [Mac(KEY, purpose=b"test 2"), Mac(Secret(b"x" * 32), purpose=b"test 1")], ids=["purpose", "key"])
def test_refuses_the_tag_of_another_purpose_or_key(other: Mac) -> None:
    """A tag of one place is worth nothing in the next."""
    with pytest.raises(TagWrong):
        other.require_tag(Mac(KEY, purpose=b"test 1").tag(b"a"), b"a")


def test_takes_no_short_key_and_no_nameless_purpose() -> None:
    """A guessable key, or one key for everything, is refused at start."""
    with pytest.raises(ValueError, match="31 bytes is too short"):
        Mac(Secret(b"k" * 31), purpose=b"test 1")
    with pytest.raises(ValueError, match="purpose"):
        Mac(KEY, purpose=b"")
