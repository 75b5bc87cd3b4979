"""Where a word stands in a page, what would break out of that place, and whether it did: read as a browser reads, and never by its letters.

Against a page that is accused for repeating what it has encoded: only an element, an attribute or a piece of script that came into being by
what was sent counts.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

_RAW = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript")
"""Elements whose content is text until their own end tag; noscript is where scripts run."""
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+)")
_LED_TO = frozenset(
    {("a", "href"), ("area", "href"), ("form", "action"), ("button", "formaction"), ("input", "formaction"), ("iframe", "src")}
)
"""Attributes whose address is gone to as the page's own script where it is one."""
_RUN = re.compile(r"(?:module|(?:text|application)/(?:x-)?(?:java|ecma)script)?", re.IGNORECASE)
_BEFORE_PATTERN = frozenset("=(,:[!&|?{};\n")
_INACTIVE = "template"


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """One kind of place. kind: text, attribute, address, handler, script, data, comment or raw. name: of the element or attribute.

    quote: what the value stands in, "" for none: of an attribute's value, or of a string in a script.
    """

    kind: str
    name: str = ""
    quote: str = ""

    @property
    def told(self) -> str:
        """In words."""
        words = {
            "text": "text", "attribute": f"the attribute {self.name}", "address": f"the address in {self.name}",
            "handler": f"the script in {self.name}", "script": "a script", "data": "the data of a script", "comment": "a comment",
            "raw": f"a <{self.name}>",
        }  # fmt: skip
        return words[self.kind]

    def breaking(self, word: str) -> list[str]:
        """Values that come into being as something of their own where this place does not encode them; a browser balances the rest."""
        element = f"<img src={word} onerror={word}>"
        # Against a filter that takes out handlers and script elements by their letters, and encodes nothing.
        link = f"<a href=javascript:{word}>{word}</a>"
        if self.kind == "text":
            return [word + element, f"{word}<script>{word}</script>", word + link]
        if self.kind == "address":
            return [f"javascript:{word}"]
        if self.kind == "attribute":
            handler = f"{word}{self.quote} onfocus={word} x={self.quote}" if self.quote else f"{word} onfocus={word} "
            return [handler, f"{word}{self.quote}>{link}"]
        if self.kind == "comment":
            return [f"{word}-->{element}<!--"]
        closed = f"{word}</{self.name or 'script'}>{element}"
        if self.kind == "raw":
            return [closed]
        joined = [f"{word}{self.quote}-{word}-{self.quote}"] if self.quote else []
        return joined if self.kind == "handler" else [*joined, f"{closed}<script>"]


class _Page(HTMLParser):
    """Reads a page once: where a word stands, and what active thing it is."""

    CDATA_CONTENT_ELEMENTS = _RAW  # type: ignore[misc]  # what is text there is what a browser takes for text

    def __init__(self, word: str) -> None:
        super().__init__(convert_charrefs=False)
        self.word, self.spots, self.made = word, list[Spot](), list[str]()
        self._script_type, self._unused = "", 0
        self._raw, self._pieces = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _RAW:
            self._end_raw()
            self._raw, self._script_type = tag, values.get("type", "")
        self._unused += tag == _INACTIVE
        if self._unused:
            return  # nothing in it is shown or run before a script takes it out
        word = self.word
        quotes = {m[1].lower(): m[2][0] if m[2][0] in "\"'" else "" for m in _ATTRIBUTE.finditer(self.get_starttag_text() or "")}
        for name, value in values.items():
            if word not in value:
                continue
            if name.startswith("on"):
                if value == word:
                    self.made.append(f"an element {tag} with {name}" if tag == "img" else f"an attribute {name} of {tag}")
                else:
                    self._in_script(value, name)
            elif (tag, name) in _LED_TO and value.strip().lower().startswith(f"javascript:{word}"):
                self.made.append(f"a script as the address in {name} of {tag}")
            else:
                self.spots.append(Spot("attribute", name, quotes.get(name, "")))
                if (tag, name) in _LED_TO and value.strip().startswith(word):
                    self.spots.append(Spot("address", name))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _RAW:  # browsers do not know a script that ends where it begins
            self.set_cdata_mode(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._raw:
            self._end_raw()
        self._unused -= tag == _INACTIVE and self._unused > 0

    def close(self) -> None:
        super().close()
        self._end_raw()

    def _end_raw(self) -> None:
        """Judge the text of an element that has ended: it may have come in pieces."""
        text, tag, self._raw = "".join(self._pieces), self._raw, ""
        self._pieces.clear()
        if self.word not in text or self._unused:
            return
        if tag != "script":
            self.spots.append(Spot("raw", tag))
        elif not _RUN.fullmatch(self._script_type.partition(";")[0].strip()):
            self.spots.append(Spot("data"))
        elif text.strip() == self.word:
            self.made.append("an element script")
        else:
            self._in_script(text, "")

    def handle_comment(self, data: str) -> None:
        if self.word in data and not self._unused:
            self.spots.append(Spot("comment"))

    def handle_data(self, data: str) -> None:
        if self._raw:
            self._pieces.append(data)
        elif self.word in data and not self._unused:
            self.spots.append(Spot("text"))

    def _in_script(self, script: str, handler: str) -> None:
        for where in string_states(script, self.word):
            if where in {"'", '"', "`"}:
                self.spots.append(Spot("handler", handler, where) if handler else Spot("script", "", where))
            elif where == "code":
                self.spots.append(Spot("code", handler))


def _read(html: str, word: str) -> _Page:
    page = _Page(word)
    with contextlib.suppress(AssertionError, ValueError):
        page.feed(html)
        page.close()
    return page


def spots(html: str, word: str) -> list[Spot]:
    """The kinds of places at which a word stands in a page, each once; code of a script is none, for what stands there was meant."""
    return sorted({one for one in _read(html, word).spots if one.kind != "code"})


def made(html: str, word: str, spot: Spot) -> str:
    """What came into being by a value that was to break out of a place like this; "" for nothing."""
    page = _read(html, word)
    if page.made:
        return page.made[0]
    if spot.kind in {"script", "handler"} and any(one.kind == "code" for one in page.spots):
        return f"code behind the end of its string in {spot.told}"
    return ""


def string_states(script: str, word: str) -> Iterator[str]:
    """For each place of a word in a script: the quote of the string that it stands in, "comment", "pattern" or "code"."""
    state, at, before = "code", 0, "\n"
    while at < len(script):
        if script.startswith(word, at):
            yield state
            at, before = at + len(word), "a"
            continue
        here, two = script[at], script[at : at + 2]
        if state == "code":
            state, step = _entered(here, two, before)
            before = here if not here.isspace() or here == "\n" else before
        else:
            state, step = _left(state, here, two)
        at += step


def _entered(here: str, two: str, before: str) -> tuple[str, int]:
    if two in {"//", "/*"}:
        return ("line" if two == "//" else "comment"), 2
    if here in "'\"`":
        return here, 1
    return ("pattern" if here == "/" and before in _BEFORE_PATTERN else "code"), 1


def _left(state: str, here: str, two: str) -> tuple[str, int]:
    if state == "line":
        return ("code" if here == "\n" else state), 1
    if state == "comment":
        return ("code", 2) if two == "*/" else (state, 1)
    if here == "\\":
        return state, 2
    if state in {"pattern", "class"} and here in "[]":  # a slash in brackets ends no pattern
        return ("class" if here == "[" else "pattern"), 1
    if here == "\n" and state != "`":
        return "code", 1  # a string ends with its line, also where nobody closed it
    closing = "/" if state == "pattern" else state
    return ("code" if here == closing else state), 1
