"""Weak algorithms are answered with the way out, and what is made carries the name of how."""

from __future__ import annotations

import hashlib

import pytest

from ringwork.crypto import algorithms
from ringwork.errors import TagWrong

WEAK = [one.name for one in algorithms.TABLE if not one.approved]
STRONG = [one.name for one in algorithms.TABLE if one.approved]


@pytest.mark.parametrize("name", WEAK)
def test_refuses_every_weak_algorithm_with_what_to_take_instead(name: str) -> None:
    """Nobody gets the weak thing, however its name is written."""
    for written in (name, name.lower(), name.replace("-", ""), name.replace("-", "_")):
        with pytest.raises(ValueError, match=rf"{name} is refused: .+; write .+ instead"):
            algorithms.require_approved(written)


@pytest.mark.parametrize("name", STRONG)
def test_gives_leave_to_every_strong_one(name: str) -> None:
    """What may be used is found by its name, and none of the ways out leads to a weak one."""
    assert algorithms.require_approved(name).name == name


def test_sends_nobody_from_one_weak_algorithm_to_another() -> None:
    """Each way out begins with an algorithm that is approved."""
    for one in algorithms.TABLE:
        first = one.instead.split(" with ")[0].split(",")[0]
        assert one.approved or algorithms.require_approved(first), one.name


@pytest.mark.parametrize("name", ["sha", "TripleDES", "DES-EDE3", "ARC4", "bf"])
def test_knows_the_other_names_of_weak_ones(name: str) -> None:
    """Libraries call the same thing otherwise."""
    with pytest.raises(ValueError, match="is refused"):
        algorithms.require_approved(name)


def test_refuses_what_it_does_not_know_and_what_is_for_something_else() -> None:
    """A name of one's own invention, and a hash where a tag is wanted."""
    with pytest.raises(ValueError, match="is not known here; write one of SHA-256"):
        algorithms.require_approved("ROT13")
    with pytest.raises(ValueError, match="SHA-256 is for hash, not for tag"):
        algorithms.require_approved("SHA-256", use="tag")


def test_writes_the_algorithm_before_the_hash() -> None:
    """What was hashed with one can be told from what was hashed with its successor."""
    assert algorithms.digest(b"abc") == f"sha256:{hashlib.sha256(b'abc').hexdigest()}"
    assert algorithms.digest(b"abc", "SHA3-256") == f"sha3_256:{hashlib.sha3_256(b'abc').hexdigest()}"
    with pytest.raises(ValueError, match="write SHA-256 instead"):
        algorithms.digest(b"abc", "md5")


@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-384", "SHA-512", "SHA3-256", "BLAKE2b"])
def test_takes_the_hash_of_the_same_content(algorithm: str) -> None:
    """Old and new ones side by side, while they are exchanged."""
    algorithms.require_digest(b"abc", algorithms.digest(b"abc", algorithm))


@pytest.mark.parametrize(
    "claimed",
    [
        "",
        "sha256:",
        "sha256:" + "0" * 64,
        hashlib.sha256(b"abc").hexdigest(),
        "md5:" + hashlib.md5(b"abc").hexdigest(),
        "sha256:" + hashlib.sha256(b"abc").hexdigest().upper(),
        "sha256:" + hashlib.sha256(b"abc").hexdigest() + " ",
        "\ud800" * 300,
    ],
)
def test_refuses_any_other_hash(claimed: str) -> None:
    """Of other content, of a weak algorithm though it is right, or written otherwise."""
    with pytest.raises(TagWrong):
        algorithms.require_digest(b"abc", claimed)
