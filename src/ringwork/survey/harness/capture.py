"""What a copy logs and prints, one record an item, whichever way its logging is set up."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any, TextIO

_FORMAT = logging.Formatter("%(levelname)s %(name)s: %(message)s")
_LIMIT = 20_000


class Records:
    """Everything logged or printed since the last `clear`, oldest first; at most 20,000 are kept."""

    def __init__(self) -> None:
        self._items: list[str] = []
        self._security: list[str] = []
        self._in_logging = threading.local()
        self._lock = threading.Lock()

    def install(self) -> None:
        """Take over the logging call that every record passes once, and both output streams. Call before the target is imported."""
        true_handle = logging.Logger.handle
        records = self

        def handle(logger: logging.Logger, record: logging.LogRecord) -> None:
            records._note_log(record)
            records._in_logging.on = True
            try:
                true_handle(logger, record)
            finally:
                records._in_logging.on = False

        logging.Logger.handle = handle  # type: ignore[method-assign,assignment]  # the one place that all records pass
        sys.stdout = _Printed(sys.stdout, self)
        sys.stderr = _Printed(sys.stderr, self)

    def _note_log(self, record: logging.LogRecord) -> None:
        try:
            text = _FORMAT.format(record)
        except Exception as error:  # noqa: BLE001  # a record that cannot be formatted is itself worth a line
            text = f"{record.levelname} {record.name}: could not be formatted ({type(error).__name__})"
        self._add(text)
        if record.name == "ringwork.security":
            with self._lock:
                self._security.append(record.getMessage())

    def note_printed(self, line: str) -> None:
        """One printed line that did not come from logging."""
        if not getattr(self._in_logging, "on", False) and line.strip():
            self._add(line)

    def _add(self, text: str) -> None:
        with self._lock:
            if len(self._items) < _LIMIT:
                self._items.append(text)

    def items(self) -> list[str]:
        """All records so far."""
        with self._lock:
            return list(self._items)

    def security(self) -> list[str]:
        """The messages of ringwork's own security log: JSON, one event each."""
        with self._lock:
            return list(self._security)

    def clear(self) -> None:
        """Forget all records, as a fresh copy does."""
        with self._lock:
            self._items.clear()
            self._security.clear()


class _Printed:
    """A text stream that notes whole lines and hands everything on."""

    def __init__(self, stream: TextIO, records: Records) -> None:
        self._stream, self._records, self._rest = stream, records, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._records.note_printed(line)
        self._stream.write(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
