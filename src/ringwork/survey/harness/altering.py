"""One stored value altered where it lies, in many ways, and read each time: what became of it is told, and nothing is judged.

Against a read that fails for another reason: the untouched value is read first, and is put back each time.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ringwork.survey.facts import FieldFacts
from ringwork.survey.harness.shelf import Shelf, Unreachable
from ringwork.survey.harness.stored_values import said_by, stored, text_of, values


class Altering:
    """One field with two rows of its own."""

    def __init__(self, shelf: Shelf, field: FieldFacts, marks: Sequence[str]) -> None:
        self.shelf, self.field = shelf, field
        self.key, self.value = stored(field, None, shelf, marks[0])
        self.raw = shelf.raw(field, self.key)
        if shelf.read(field, self.key) != self.value and text_of(shelf.read(field, self.key)) != text_of(self.value):
            raise Unreachable("the untouched value is not read back, so a refusal would say nothing")
        same_kind = next((one for one in values(field, marks[1]) if type(one) is type(self.value)), None)
        self.other_key, self.other = stored(field, same_kind, shelf, marks[1])
        self.plain = next((one for one in values(field, marks[2]) if type(one) is type(self.value)), marks[2])

    def all(self, others: Sequence[FieldFacts], *, brief: bool) -> Iterator[dict[str, str]]:
        """Every alteration, the untouched value read in between."""
        yield from self._twice()
        for step, altered in [*flips(self.raw, 3 if brief else 24)]:
            yield self._altered("bits flipped", step, altered)
        for step, altered in cuts(self.raw):
            yield self._altered("cut short", step, altered)
        yield self._altered("moved to another row", "the stored value of another row", self.shelf.raw(self.field, self.other_key))
        yield self._altered("plain text in its place", "a value that nobody encrypted", _as_stored(self.plain, self.raw))
        for one in others:
            yield self._moved(one)

    def _twice(self) -> Iterator[dict[str, str]]:
        again, _ = stored(self.field, self.value, self.shelf, "")
        stored_again = self.shelf.raw(self.field, again)
        yield _row("same value twice", "in two rows", "equal" if stored_again == self.raw else "differs", "")
        with contextlib.suppress(Unreachable):
            self.shelf.write(self.field, again, self.other)
            self.shelf.write(self.field, again, self.value)
            is_equal = self.shelf.raw(self.field, again) == stored_again
            yield _row("same value twice", "in one row, one after the other", "equal" if is_equal else "differs", "")

    def _altered(self, attack: str, step: str, altered: Any) -> dict[str, str]:
        self.shelf.put(self.field, self.key, altered)
        try:
            return _row(attack, step, *self._read(altered))
        finally:
            self.shelf.put(self.field, self.key, self.raw)

    def _read(self, altered: Any) -> tuple[str, str]:
        try:
            value = self.shelf.read(self.field, self.key)
        except Exception as error:  # noqa: BLE001  # each type refuses in its own way
            return ("failed" if "OperationalError" in type(error).__name__ else "refused"), said_by(error)
        return self._became(value, altered), ""

    def _became(self, value: Any, altered: Any) -> str:
        text = text_of(value)
        if value is None or text == "":
            return "nothing"
        known = {text_of(altered): "stored", text_of(self.value): "unchanged", text_of(self.other): "other", text_of(self.plain): "plain"}
        return known.get(text, "altered")

    def _moved(self, other: FieldFacts) -> dict[str, str]:
        """The stored value put into another encrypted column, of the same row where it is the same model's."""
        attack, step = "moved to another column", f"to {other.name}"
        try:
            sample, _ = stored(other, None, self.shelf, "0" * 16)
            if type(self.shelf.raw(other, sample)) is not type(self.raw):
                return _row(attack, step, "failed", "it keeps its values in another form, so nothing could pass for them")
            key = self.key if other.model == self.field.model else sample
            before = self.shelf.raw(other, key)
            self.shelf.put(other, key, self.raw)
            try:
                value = self.shelf.read(other, key)
            finally:
                self.shelf.put(other, key, before)
        except Unreachable as error:
            return _row(attack, step, "failed", str(error))
        except Exception as error:  # noqa: BLE001  # each type refuses in its own way
            return _row(attack, step, "refused", said_by(error))
        return _row(attack, step, self._became(value, self.raw).replace("unchanged", "other"), "")


def _row(attack: str, step: str, became: str, said: str) -> dict[str, str]:
    return {"attack": attack, "step": step, "became": became, "said": said}


def _as_stored(value: Any, raw: Any) -> Any:
    """A plain value in the form that the store has for this column: bytes, or text."""
    text = text_of(value)
    return text.encode() if isinstance(raw, bytes) else text


def flips(raw: Any, count: int) -> Iterator[tuple[str, Any]]:
    """The stored value with one bit turned over, at places all along it."""
    data, again = opened(raw)
    for at in sorted({i * (len(data) - 1) // max(count - 1, 1) for i in range(count)} if data else ()):
        bit = at % 8 if not isinstance(raw, str) or again is not _as_text else 0
        yield f"bit {bit} of byte {at} of {len(data)}", again(data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :])


def cuts(raw: Any) -> Iterator[tuple[str, Any]]:
    """The stored value without its end: by a byte, by a block, by half, and to whole blocks."""
    data, again = opened(raw)
    lengths = {len(data) - 1, len(data) - 16, len(data) // 2, *range(16, len(data), 16)}
    for length in sorted(one for one in lengths if 0 < one < len(data))[:12]:
        yield f"{length} of {len(data)} bytes", again(data[:length])


def _as_text(data: bytes) -> str:
    return data.decode("latin-1")


def opened(raw: Any) -> tuple[bytes, Callable[[bytes], Any]]:
    """The bytes of a stored value, and how to write them again; text that is base64 or hexadecimal is told by that it round-trips."""
    if isinstance(raw, bytes | bytearray | memoryview):
        return bytes(raw), bytes
    text = str(raw)
    if re.fullmatch(r"(?:[0-9a-f]{2})+", text):
        return bytes.fromhex(text), bytes.hex
    for decode, encode in ((base64.urlsafe_b64decode, base64.urlsafe_b64encode), (base64.b64decode, base64.b64encode)):
        with contextlib.suppress(ValueError, binascii.Error):
            data = decode(text + "=" * (-len(text) % 4))
            padded = encode(data).decode()
            if padded == text:
                return data, lambda data, encode=encode: encode(data).decode()
            if padded.rstrip("=") == text:
                return data, lambda data, encode=encode: encode(data).decode().rstrip("=")
    return text.encode("latin-1", errors="replace"), _as_text
