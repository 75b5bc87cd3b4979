"""What reading a page may leave behind because it was read: a count of readers, a mark of having been shown, a time, a line of a log.

Against an accusation that says nothing of a forged link: who reads a message has it marked as read. And against the link that votes, pays
or removes: name and value both have to say that reading is noted, and one cell that says anything else decides.
Source: RFC 9110, 9.2.1 (a safe request may have side effects that its sender did not ask for).
"""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringwork.prove.rows import IN_MODULES, Difference
from ringwork.prove.things import Keys
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer

_MOST_TOLD, _SHORTEST, _NEAR = 4, 4, datetime.timedelta(hours=50)  # dates alone and all zones of the world are that near
_ENDING = r"(?:_(?:at|on|time|ts|date|utc))"
_NOUNS = r"(?:(?:page_?)?(?<!re)(?<!pre)(?<!inter)(?<!over)views?|impressions?|clicks?|downloads?|hits|(?:page|site|profile)_?visits?)"
_COUNTS = re.compile(
    rf"(?:(?:total|num|number_of|times|unique|daily|profile|link|post|all)_)*(?:{_NOUNS}|hit|visits?|visitors?|viewed|reads?|seen|downloaded"
    r"|accesses|access(?=_count))(?:_(?:count|counts|counter|total|today|daily))*"
)
_PLAIN_COUNTS = re.compile(r"(?:view_|hit_|visit_)?(?:count|counter|total|n|number|times)")
_FLAGS = re.compile(r"(?:is_|was_|has_been_)?(?:read|seen|viewed)(?:_by_\w+)?")
_FLAGS_OFF = re.compile(r"(?:is_|has_)?un(?:read|seen)(?:_\w+)?|is_new")
_FEWER = re.compile(r"(?:num_|new_)?un(?:read|seen)(?:_\w+)?")
_UNREAD, _READ = frozenset({"unread", "unseen", "new", "sent", "delivered"}), frozenset({"read", "seen", "viewed"})
_PRESENCE = re.compile(
    r"(?:last|latest)_(?:seen|active|activity|access|accessed|visit|visited|view|viewed|request|online|login|used|read|opened)"
    rf"{_ENDING}?"
)
_TIMES = re.compile(rf"(?:first_|last_)?(?:read|seen|viewed|visited|accessed){_ENDING}")
_BESIDE = re.compile(rf"(?:last_|date_)?(?:updated?|modified|changed){_ENDING}?|(?:row_)?version(?:_id)?|revision")
"""What an ORM sets with every write, and that says nothing beside another cell."""
_NOTED = re.compile(
    rf"\w*{_NOUNS}(?:_?(?:logs?|history|records?|entry|entries|events?|counts?|counters?|stats?))?"
    r"|\w*(?:access|view|visit|read|request|page|audit|activity)_?(?:logs?|history|trail|records?|entry|entries)|\w*audits?"
    r"|\w*(?:read|seen|viewed|visited)_by|\w*recent(?:ly)?_?(?:viewed|seen|read|visited)(?:_\w+)?"
)
"""What tables and containers are called that hold a line for each reading."""
_ASKED_FOR = re.compile(
    r"mark\w*|set|toggle\w*|dismiss\w*|ack\w*|clear\w*|reset\w*|new|add\w*|create\w*|make\w*|delete\w*|remove\w*|start|begin|stamp|check_?in"
    r"|redeem|claim|use|consume|(?:un)?like|(?:up|down)?vote|follow|(?:un)?subscribe|buy|pay|(?:as_)?read_?all|all_?(?:as_)?read|seen|read_?it"
)
"""Deeds in a path: what is done there was asked for, whatever notes it."""
_QUERIED = re.compile(r"\w*(?:mark|read|seen|ack|dismiss|clear|set|count)\w*")
_SAYS_READING = re.compile(r"(?:page_?)?(?:view|read|visit|show|open|list|get|head|access|see|display)(?:s|ed|ing|en)?")
_MEASURES = re.compile(r"(?:duration|elapsed|took|latency|size|bytes|length|status|status_code|code)(?:_ms|_s|_seconds)?|ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Safe requests for one route. keys: by what rows name who asked. now: when; the zone of the world does not matter."""

    route: RouteFacts
    answers: Sequence[Answer]
    keys: Keys
    now: datetime.datetime

    @property
    def is_deed(self) -> bool:
        """Whether the address itself asks for something to be done, so that no change is beside it."""
        literal = [_snake(part) for part in self.route.path.split("/") if part and "{" not in part]
        queried = any(p.where == "query" and _QUERIED.fullmatch(_snake(p.name)) for p in self.route.parameters)
        return queried or any(part.startswith("mark") for part in literal) or bool(literal and _ASKED_FOR.fullmatch(literal[-1]))

    def shows(self, cells: Mapping[str, Any]) -> bool:
        """Whether an answer shows the row, or leads to what it holds; a row without a text of its own cannot be told."""
        texts = [one for one in cells.values() if isinstance(one, str) and len(one) >= _SHORTEST and _time_of(one) is None]
        said = [html.unescape(answer.text) + " ".join(answer.header("location")) for answer in self.answers if answer.status < 400]
        return (
            not texts or any(text in one for text in texts for one in said) or any(text[0] == "/" and self.brought(text) for text in texts)
        )

    def brought(self, value: Any) -> bool:
        """Whether a request line itself says a value: its method, its path or a part of that; a query does not count."""
        paths = [answer.request.split(b" ", 2)[1].decode("latin-1").partition("?")[0] for answer in self.answers]
        parts = {part for path in paths for part in path.split("/")} | set(paths)
        return str(value) in parts | {"GET", "HEAD", "OPTIONS", "127.0.0.1"} or str(value).startswith("127.")


def is_of(differences: Sequence[Difference], reading: Reading) -> bool:
    """Whether all that changed only notes that something was read; False where anything else did."""
    return bool(differences) and not reading.is_deed and all(_only_notes(one, reading) for one in differences)


def _only_notes(one: Difference, reading: Reading) -> bool:
    named = _snake(re.split(r"[/.]", one.store)[-1])
    if one.kind == "added":
        noted = [name for name in one.cells if _notes(name, one, named, reading)]
        left = {name: value for name, value in one.cells.items() if name not in noted}
        return bool(noted or _NOTED.fullmatch(named)) and all(_explained(name, value, reading) for name, value in left.items())
    if one.kind != "changed":
        return False
    noted = [name for name in one.was if _notes(name, one, named, reading)]
    others = [name for name in one.was if name not in noted]
    if not noted or not all(_beside(name, one.was[name], one.cells[name], reading) for name in others):
        return False
    if all(_PRESENCE.fullmatch(_snake(name)) for name in noted):
        return True
    # Against a deed that is told by the name of its column alone: what is marked as read is what is shown, or who asked is counted.
    held = {name: value for name, value in one.cells.items() if name not in one.was}
    return reading.shows(held) or any(reading.keys.has(value) for value in held.values())


def _notes(name: str, one: Difference, store: str, reading: Reading) -> bool:
    """Whether a cell's name and its value say that reading is counted, marked or dated. store: its own name, without its place."""
    plain, was, now = _snake(name), one.was.get(name), one.cells[name]
    if _grew(was, now, reading) and (_COUNTS.fullmatch(plain) or _counts_by_its_store(plain, one, store)):
        return True
    if _FLAGS.fullmatch(plain) and not _is_on(was) and _is_on(now):
        return True
    if _FLAGS_OFF.fullmatch(plain) and _is_on(was) and not _is_on(now) and now is not None:
        return True
    if _FEWER.fullmatch(plain) and type(was) is int and type(now) is int and 0 <= now < was:
        return True
    if str(was).lower() in _UNREAD and str(now).lower() in _READ:
        return True
    return bool(_PRESENCE.fullmatch(plain) or _TIMES.fullmatch(plain)) and _is_now(now, reading)


def _counts_by_its_store(plain: str, one: Difference, store: str) -> bool:
    """`page_views.count`, and a dictionary of nothing but numbers that is called `HITS`."""
    if _COUNTS.fullmatch(store) is None and _NOTED.fullmatch(store) is None:
        return False
    is_dictionary = one.store.startswith(IN_MODULES) and all(type(value) is int for value in one.cells.values())
    return is_dictionary or _PLAIN_COUNTS.fullmatch(plain) is not None


def _beside(name: str, was: Any, now: Any, reading: Reading) -> bool:
    return _BESIDE.fullmatch(_snake(name)) is not None and (_is_now(now, reading) or _grew(was, now, reading))


def _explained(name: str, value: Any, reading: Reading) -> bool:
    """Whether a cell of a new row says no more than who read what and when."""
    plain = _snake(name)
    if value in (None, "") or _is_now(value, reading) or reading.keys.has(value) or reading.brought(value):
        return True
    if type(value) in {int, float}:
        return re.fullmatch(r"id|pk|rowid|\w+_id", plain) is not None or _MEASURES.fullmatch(plain) is not None
    # Against a line of a log that tells of a deed: each of its words is of the request, or says that something was read.
    words = re.findall(r"\w+", value) if isinstance(value, str) else []
    is_agent = plain in {"user_agent", "agent", "ip", "ip_address", "remote_addr", "host", "method", "session_key", "session_id", "uuid"}
    return is_agent or (
        bool(words) and all(_SAYS_READING.fullmatch(word.lower()) or reading.brought(word) or reading.keys.has(word) for word in words)
    )


def _grew(was: Any, now: Any, reading: Reading) -> bool:
    """Whether a number grew by one a request, at most."""
    return type(now) is int and (was is None or type(was) is int) and 1 <= now - (was or 0) <= len(reading.answers)


def _is_on(value: Any) -> bool:
    return str(value).lower() in {"1", "true", "t", "yes"}


def _is_now(value: Any, reading: Reading) -> bool:
    told = _time_of(value)
    return told is not None and abs(told - reading.now) < _NEAR


def _time_of(value: Any) -> datetime.datetime | None:
    """The moment that a value is; None for anything else."""
    try:
        if isinstance(value, str):
            told = datetime.datetime.fromisoformat(value)
            return told if told.tzinfo is not None else told.replace(tzinfo=datetime.UTC)
        if type(value) in {int, float} and value > 10**9:
            return datetime.datetime.fromtimestamp(value / (1000 if value > 10**12 else 1), datetime.UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _snake(name: str) -> str:
    return re.sub(r"[\s-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()


def may_be_made_to_be_shown(differences: Sequence[Difference]) -> bool:
    """Whether rows came, or gaps were filled, and nothing that was there became another: a page may make what it shows first."""
    return all(
        one.kind in {"added", "other"} or (bool(one.was) and all(was in (None, "") for was in one.was.values())) for one in differences
    )


# -- words --------------------------------------------------------------------------------------------------


def told(differences: Sequence[Difference]) -> str:
    """What changed, without any value of it: stores, and what became of their cells."""
    lines = list(dict.fromkeys(_lines(differences)))
    more = f" and {len(lines) - _MOST_TOLD} more" if len(lines) > _MOST_TOLD else ""
    return ", ".join(lines[:_MOST_TOLD]) + more


def _lines(differences: Sequence[Difference]) -> Iterator[str]:
    for one in differences:
        if one.kind == "changed":
            became = [f"{_called(name)} {_became(was, one.cells[name])}" for name, was in one.was.items()]
            yield f"{one.store} ({', '.join(became[:_MOST_TOLD])})"
        elif one.kind == "other":
            yield one.store
        else:
            yield f"{one.store} (a row was {one.kind})"


def _called(name: str) -> str:
    """The name of a cell. Against a secret that is the key of a dictionary: only a plain word is told."""
    return name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "an entry"


def _became(was: Any, now: Any) -> str:
    if type(was) in {int, float} and type(now) in {int, float}:
        return f"grew by {now - was:g}" if now > was else f"fell by {was - now:g}"
    return "was emptied" if now is None else "was given a value" if was is None else "was given another value"


def marks(differences: Sequence[Difference]) -> frozenset[tuple[str, str]]:
    """What changed, as a store and the name of a column; `+`, `-` and `?` for rows that came, that went, and what cannot be told."""
    signs = {"added": "+", "removed": "-", "other": "?"}
    return frozenset((one.store, mark) for one in differences for mark in ([signs[one.kind]] if one.kind in signs else one.was))
