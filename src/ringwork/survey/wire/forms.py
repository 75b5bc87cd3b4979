"""The forms of a page as a browser would send them: action, method, every field with its value, the unseen ones too."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

_TOKEN = re.compile(r"csrf|xsrf|authenticity.?token|request.?verification|^_token$", re.IGNORECASE)
_UNSENT = frozenset({"submit", "button", "image", "reset", "file"})
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_TEXTUAL = frozenset({"text", "email", "tel", "search", "url", ""})


def is_token_name(name: str) -> bool:
    """Whether a field of this name carries a token against forged requests, in the frameworks that are known."""
    return bool(_TOKEN.search(name))


@dataclass(slots=True, kw_only=True)
class Form:
    """One form. page: the path it was read from. fields: name to value, choices made. kinds: name to the input's type.

    files: names of fields that take files, to what they accept. most: characters that a field takes, where it says so.
    choices: the values of each select and of each set of radio buttons. fixed: fields that nobody is meant to write, readonly or unseen.
    """

    page: str
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)

    @property
    def token_field(self) -> str:
        """The hidden field that carries a token, "" for none."""
        return next((name for name, kind in self.kinds.items() if kind == "hidden" and is_token_name(name)), "")

    @property
    def password_field(self) -> str:
        """The field that asks for a password, "" for none."""
        return next((name for name, kind in self.kinds.items() if kind == "password"), "")

    @property
    def username_field(self) -> str:
        """The first field of plain text, "" for none."""
        return next((name for name, kind in self.kinds.items() if kind in _TEXTUAL), "")

    def offers(self, name: str, value: object) -> bool:
        """Whether its reader may give a field this value with nothing but what the page shows."""
        if name not in self.kinds or name in self.fixed or self.kinds[name] == "hidden":
            return False
        return name not in self.choices or str(value) in self.choices[name]

    @property
    def hidden(self) -> dict[str, str]:
        """What a browser sends along unseen."""
        return {name: value for name, value in self.fields.items() if self.kinds.get(name) == "hidden"}


def forms_of(html: str, page: str) -> list[Form]:
    """Every form of a page, in order; broken markup gives those that could be read."""
    reader = _Reader(page)
    with contextlib.suppress(AssertionError, ValueError):
        reader.feed(html)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms = page, list[Form]()
        self._select = self._textarea = self._option = ""
        self._is_open = self._is_bare = False

    def _target(self, action: str) -> str:
        """Path and query that an action means on this page; the page itself for none, or one that is no address."""
        try:
            parts = urlsplit(urljoin(self.page, action.strip()))
        except ValueError:
            return self.page
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _leave_fields(self) -> None:
        self._select = self._textarea = self._option = ""
        self._is_bare = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(
                Form(page=self.page, action=self._target(values.get("action", "")), method=values.get("method", "get").upper())
            )
            self._leave_fields()
            self._is_open = True
        elif self._is_open and tag == "option" and self._select:
            fields = self.forms[-1].fields
            self.forms[-1].choices.setdefault(self._select, []).append(values.get("value", ""))
            self._is_bare = "value" not in values
            if "selected" in values or not fields.get(self._select):
                fields[self._select] = values.get("value", "")
                self._option = self._select if "value" not in values else ""
            else:
                self._option = ""
        elif self._is_open and values.get("name"):
            self._take(tag, values)

    def _take(self, tag: str, values: Mapping[str, str]) -> None:
        form, name = self.forms[-1], values["name"]
        kind = tag if tag in {"select", "textarea"} else values.get("type", "text").lower()
        if tag == "input" and kind == "file" and "disabled" not in values:
            form.files[name] = values.get("accept", "")
        if tag not in {"input", "select", "textarea"} or kind in _UNSENT or "disabled" in values:
            return
        if kind == "radio":
            form.choices.setdefault(name, []).append(values.get("value", "on"))
        if "readonly" in values or "hidden" in values or _UNSEEN.search(values.get("style", "")):
            form.fixed.add(name)
        if kind in {"radio", "checkbox"} and name in form.fields and "checked" not in values:
            return
        form.kinds[name] = kind
        if values.get("maxlength", "").isdecimal():
            form.most[name] = int(values["maxlength"])
        form.fields[name] = values.get("value") or values.get("min") or ("on" if kind == "checkbox" else "")
        self._select = name if tag == "select" else self._select
        self._textarea = name if tag == "textarea" else ""

    def handle_data(self, data: str) -> None:
        if self._textarea and self.forms:
            fields = self.forms[-1].fields
            # HTML drops a line end right after the tag; Django writes one into every field, so that an empty one looked filled.
            fields[self._textarea] += data if fields[self._textarea] else re.sub(r"\A\r?\n", "", data)
            return
        if self._option and self.forms:
            self.forms[-1].fields[self._option] += data.strip()
        if self._is_bare and self._select and self.forms:
            self.forms[-1].choices[self._select][-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "option":
            self._option, self._is_bare = "", False
        elif tag == "select":
            self._select = self._option = ""
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "form":
            self._leave_fields()
            self._is_open = False
