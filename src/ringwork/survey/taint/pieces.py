"""Pieces of a value: what a test of one of them says of it, and does not say of the rest.

Against `if user["role"] == "reader":` taken for a check of user["name"], and a known ending for a known path. A piece is named by how it
was taken out (`[0]`, `["role"]`, `.role`), so that it is the same piece wherever it is taken out again. The words of a mark say which
piece it is; a fact that was seen of a piece is kept under its name, among the words of the whole.
"""

from __future__ import annotations

import functools
import re

PIECE = "a piece"  # stands beside the name of a piece, so that most values need no further look
SPLIT = "split"  # any of the pieces between separators
_IS, _SEEN, _IN = "\x1d", "\x1e", "\x1f"
_DEEPEST, _DEEP = 4, "deeper"
_CUT = re.compile(r"\[([^:]*):([^:]*)\]")
_OF_PARTS = frozenset({"netloc", "scheme", "hostname"})
"""Words that say what an address begins with."""
_OF_ENDS = ("^", "$", "in-", "-^", "-$")
"""Words that hold of the text as it begins and ends, and of no piece of it but one that begins, or ends, where it does."""

Words = frozenset[str]


def _name(words: Words) -> str:
    return next((word[1:] for word in words if word[0] == _IS), "") if PIECE in words else ""


def field(words: Words) -> str:
    """The name under which a piece was taken out of a whole, "" where it was taken out otherwise, or of a piece."""
    found = _name(words)
    return found[1:] if found[:1] == "." and _IN not in found else ""


def names(words: Words) -> Words:
    """The words that say which piece a value is and what was seen of pieces, and nothing of the value itself."""
    return frozenset(word for word in words if word == PIECE or word[0] in {_IS, _SEEN})


@functools.lru_cache(maxsize=4096)
def inside(words: Words, name: str) -> Words:
    """What is known of the piece of this name, of what is known of the whole."""
    whole = _name(words)
    if whole.count(_IN) >= _DEEPEST:
        # Against siblings that share a name, so that a check of one clears the other: of what is deeper nothing is kept.
        name = _DEEP
        whole = whole.removesuffix(_IN + _DEEP)
    found = f"{whole}{_IN}{name}" if whole else name
    return (words - {_IS + _name(words)}) | {PIECE, _IS + found}


def _stays(word: str, name: str, longest: int) -> bool:
    """Whether what is known of a text holds of its piece of this name. longest: of the beginnings that are known of the text.

    Against `text[1:]` taken for a way within the site because `text` begins with a slash, and `text[:12]` for an address of the own host
    because all of that host's name stands at the beginning of `text`.
    """
    cut = _CUT.fullmatch(name) if word in _OF_PARTS or word[0] == "^" else None
    if cut is not None:
        is_long = cut[2][:1] == "-" or not cut[2] or (cut[2].isdigit() and int(cut[2]) >= longest)
        # One letter is there, or nothing is; of a longer beginning a part may be left.
        return not cut[1] and (is_long or (word[0] == "^" and (len(word) == 2 or (cut[2].isdigit() and int(cut[2]) >= len(word) - 1))))
    return not word.startswith(_OF_ENDS) or (word[0] == "$" and name.endswith(":]"))


def of_piece(words: Words, whole: Words, name: str) -> Words:
    """Those of the words that were seen of the piece of this name of a whole, "" for all pieces of it. whole: what is known of that."""
    around = _name(whole)
    piece = f"{around}{_IN}{name}" if around and name else name or around
    return frozenset(word for word in words if word[0] == _SEEN and (not piece or _is_of(word[1:].partition(_SEEN)[0], piece)))


def _is_of(name: str, piece: str) -> bool:
    return name == piece or name.startswith(piece + _IN)


def seen(words: Words, told: Words) -> Words:
    """What a fact about a value says of the whole: of a piece it is kept under the piece's name. words: those of the value's mark."""
    name = _name(words)
    if not name:
        return told
    if name.endswith(_DEEP):
        return frozenset()
    return frozenset(f"{_SEEN}{name}{_IN}{word[1:]}" if word[0] == _SEEN else f"{_SEEN}{name}{_SEEN}{word}" for word in told)


def begins(words: Words, text: str, sign: str = "^") -> Words:
    """What it says of the whole that its first letters are these, where a value is its first letters; else nothing. sign: "-^" of none."""
    around, _, last = _name(words).rpartition(_IN)
    if not text or last not in ({"[0]", "[:1]"} if len(text) == 1 else {f"[:{len(text)}]"}):
        return frozenset()
    return frozenset({f"{_SEEN}{around}{_SEEN}{sign}{text}" if around else f"{sign}{text}"})


def of_all(told: Words) -> Words:
    """What was seen of each piece between separators holds of the text that has them."""
    return frozenset(_without_split(word) for word in told)


def _without_split(word: str) -> str:
    if word[0] != _SEEN:
        return word
    name, _, inner = word[1:].partition(_SEEN)
    around, _, last = name.rpartition(_IN)
    if last != SPLIT:
        return word
    return f"{_SEEN}{around}{_SEEN}{inner}" if around else inner


def joined(outer: Words, inner: Words) -> Words:
    """All that is known of a value that is a piece, as a function knows it that was given the whole. outer: as the whole was known."""
    name = _name(outer)
    if not name:
        return outer | inner
    moved = {_moved(word, name) for word in inner}
    return (outer - {_IS + name} if _name(inner) else outer) | moved


def _moved(word: str, name: str) -> str:
    """A word about a value, as it stands among the words of what the value is the piece `name` of."""
    if word[0] in {_IS, _SEEN}:
        return f"{word[0]}{name}{_IN}{word[1:]}"
    return f"{_SEEN}{name}{_SEEN}{word}" if word in _OF_PARTS or word.startswith(_OF_ENDS) else word


@functools.lru_cache(maxsize=4096)
def known(words: Words) -> Words:
    """The words with those that were seen of this very piece, or of what it is a piece of."""
    name = _name(words)
    if not name:
        return words
    last = name.rpartition(_IN)[2]
    longest = max((len(word) - 1 for word in (each.rpartition(_SEEN)[2] for each in words) if word[:1] == "^"), default=0)
    found = {word for word in words if _stays(word, last, longest)}
    for word in words:
        if word[0] == _SEEN:
            of, _, inner = word[1:].partition(_SEEN)
            if of == name or (name.startswith(of + _IN) and _stays(inner, last, longest)):
                found.add(inner)
    return frozenset(found)
