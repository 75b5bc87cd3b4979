"""Key agreement, held to the published vectors."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwork.crypto.agreement import AgreementKey
from ringwork.errors import KeyUnusable
from ringwork.secret import Secret

VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "x25519_rfc7748.json").read_text())["cases"][0]
ALICE, BOB = (AgreementKey(Secret(bytes.fromhex(VECTOR[name]))) for name in ("alice", "bob"))
SMALL = {
    "zero": bytes(32),
    "one": b"\x01" + bytes(31),
    "of order 8": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
}
PURPOSE = "chat 1"


def test_has_the_published_public_keys_and_shared_secret() -> None:
    """RFC 7748, 6.1; the shared value itself never leaves the recipe, so the test looks inside."""
    assert (ALICE.public.hex(), BOB.public.hex()) == (VECTOR["alice_public"], VECTOR["bob_public"])
    assert ALICE._shared(BOB.public).hex() == BOB._shared(ALICE.public).hex() == VECTOR["shared"]  # the only look at it


def test_both_sides_agree_on_a_key_for_each_direction() -> None:
    """What one sends with, the other receives with; the two directions differ."""
    alice = ALICE.agree(BOB.public, purpose=PURPOSE, began=True, said=b"hello", heard=b"hi")
    bob = BOB.agree(ALICE.public, purpose=PURPOSE, began=False, said=b"hi", heard=b"hello")
    assert (alice.sending, alice.receiving) == (bob.receiving, bob.sending)
    assert alice.sending != alice.receiving
    assert len(alice.sending) == len(alice.receiving) == 32


@given(st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8))
@settings(max_examples=50)
def test_other_words_give_other_keys(said: bytes, heard: bytes, other_said: bytes, other_heard: bytes) -> None:
    """Somebody in the middle changes a byte of what was said, or moves it to the other side."""
    one = ALICE.agree(BOB.public, purpose=PURPOSE, began=True, said=said, heard=heard)
    another = BOB.agree(ALICE.public, purpose=PURPOSE, began=False, said=other_heard, heard=other_said)
    assert (one.sending == another.receiving) == ((said, heard) == (other_said, other_heard))


def test_purpose_role_and_peer_are_part_of_the_keys() -> None:
    """A key of one conversation is no key of another one."""
    keys = [
        ALICE.agree(BOB.public, purpose=PURPOSE, began=True),
        ALICE.agree(BOB.public, purpose="chat 2", began=True),
        ALICE.agree(BOB.public, purpose=PURPOSE, began=False),
        ALICE.agree(AgreementKey.generate().public, purpose=PURPOSE, began=True),
    ]
    for one, another in itertools.combinations(keys, 2):
        assert one.sending != another.sending


@pytest.mark.parametrize("peer", SMALL.values(), ids=SMALL)
def test_refuses_a_peer_who_forces_a_known_secret(peer: bytes) -> None:
    """With a point of small order everybody knows the shared value: all zero."""
    with pytest.raises(KeyUnusable, match="small order"):
        ALICE.agree(peer, purpose=PURPOSE, began=True)


def test_refuses_its_own_key_and_keys_of_another_length() -> None:
    """A mirror, and what is no key."""
    with pytest.raises(KeyUnusable, match="sent our own"):
        ALICE.agree(ALICE.public, purpose=PURPOSE, began=True)
    with pytest.raises(KeyUnusable, match="32 bytes, not 31"):
        ALICE.agree(bytes(31), purpose=PURPOSE, began=True)
    with pytest.raises(KeyUnusable, match="32 random bytes, not 3"):
        AgreementKey(Secret(b"abc"))


def test_shows_nothing_and_is_never_pickled() -> None:
    """A private key in a log or a cache."""
    assert repr(ALICE) == "AgreementKey(****)"
    assert "77076d" not in repr(ALICE.agree(BOB.public, purpose=PURPOSE, began=True))
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(ALICE)
