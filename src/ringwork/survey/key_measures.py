"""How hard a key is to guess, at most, and whether it is one that everybody knows. Measures; keeps and shows nothing of the key.

Sources: NIST SP 800-133, 4; OWASP ASVS 5.0, 11.2.3 (128 bits); the documentation of Django, Flask and FastAPI for the keys that they print.
"""

from __future__ import annotations

import itertools
import math
import re

_DEFAULTS = frozenset({
    "secret", "secretkey", "mysecret", "mysecretkey", "thesecret", "supersecret", "supersecretkey", "dev", "devkey", "devsecret",
    "development", "developmentkey", "test", "testkey", "testing", "testsecret", "password", "default", "key", "flask", "flasksecretkey",
    "django", "notasecret", "hardtoguessstring", "s3cr3t", "jwtsecret", "jwtsecretkey", "somesecret", "asecret", "averysecretkey",
    "verysecretkey", "thisisasecret", "thisisasecretkey", "yoursecretkey", "yoursecret", "yourjwtsecret", "foobar", "example",
    "examplekey",
})  # fmt: skip
"""Letters and digits alone, in lower case."""

_PIECES = (
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "insecure",
    "yoursecret",
    "supersecret",
    "placeholder",
    "dontuseinproduction",
    "notforproduction",
)
_DOCUMENTED = (
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI's tutorial
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",  # Flask's
    '_5#y2L"F4Q8z\n\xec]/',  # Flask's of old
)
_WORD = re.compile(r"[A-Za-z]{2,14}")
_BITS_OF_A_WORD = 12.0
_NUMBER, _LEAST_OF_NUMBER = re.compile(r"[0-9]{37,39}"), 88


def familiar(key: bytes) -> str:
    """The known default that a key is or carries; "" for none. What it answers is a word of ours, never the key."""
    text = key.decode("utf-8", "replace")
    bare = re.sub(r"[^a-z0-9]", "", text.lower())
    if text.startswith("django-insecure-"):
        return "django-insecure-..., which startproject writes"
    if text in _DOCUMENTED:
        return "a key that a framework's documentation prints"
    if bare in _DEFAULTS:
        return "a word that stands in every tutorial"
    return next((f"a text with {piece!r} in it" for piece in _PIECES if piece in bare), "")


def bits(key: bytes) -> int:
    """At most so many bits: by the alphabet, less runs and repeats; a phrase of words counts by its words."""
    try:
        text = key.decode("ascii")
    except UnicodeDecodeError:
        return int(8 * _fresh(key) * _variety(key))
    pieces = [piece for piece in re.split(r"[^A-Za-z0-9]+", text) if piece]
    if len(pieces) > 1 and all(_WORD.fullmatch(piece) and (piece.islower() or piece.isupper() or piece.istitle()) for piece in pieces):
        return int(len(pieces) * _BITS_OF_A_WORD)
    counted = int(_of_alphabet(text) * _fresh(key) * _variety(key))
    # A random number of 128 bits is printed with 37 to 39 digits (of a thousand, one has less); chance has short runs among them too.
    return max(counted, 128) if _NUMBER.fullmatch(text) and counted > _LEAST_OF_NUMBER else counted


def _of_alphabet(text: str) -> float:
    """Bits of each character, by the smallest alphabet that has them all."""
    if re.fullmatch(r"[0-9]*", text):
        return math.log2(10)
    if re.fullmatch(r"[0-9a-f]*|[0-9A-F]*", text):
        return 4.0
    if re.fullmatch(r"[a-z]*|[A-Z]*", text):
        return 2.5  # letters of one case are mostly words
    if re.fullmatch(r"[a-z0-9]*|[A-Z0-9]*|[a-zA-Z]*", text):
        return math.log2(36)
    return 6.0


def _fresh(key: bytes) -> int:
    """How many characters do not go on with a run of three or more: the same again, or one after the other in the alphabet."""
    steps = [one - before for before, one in itertools.pairwise(key)]
    return len(key) - sum(1 for before, step in itertools.pairwise(steps) if step == before and step in {0, 1, -1})


def _variety(key: bytes) -> float:
    """1 for a key whose characters are as different as chance makes them; less where few are used again and again."""
    expected = min(len(key), 16) * 0.55
    return min(1.0, len(set(key)) / expected) if key else 0.0
