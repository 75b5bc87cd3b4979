"""What a test tells of the text that it tests: the guards that programs write themselves.

A fact is a word kept for an atom. Kinds of sinks say that it is harmless there ("all": everywhere). Others tell of its text: "-../" it does
not contain this, "^/" it begins so, "$'" it ends so, "in-'" its inside does not contain this, "netloc", "scheme": that part of it was
compared with something fixed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ringwork.survey.taint import ir, pieces, values
from ringwork.survey.taint.values import NOTHING, Facts, Kind, Value

PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "anyio.Path"})
INNER = "ringwork:inner"  # the type of text[1:-1]
GENERATOR = "ringwork:generator"
PART = "ringwork:part:"  # the type of a part of a parsed address: ringwork:part:netloc
NORMAL = "normalised"
OWN_PATH = "own path"  # an address of which the path is a route without parameters
PLAIN = "plain"  # letters, digits and the like: no harm as text, and yet somebody's choice
_CHOICES = frozenset({"session", "bind", "orm", "attribute", "password-hash", "password-kept"})
"""Places where it matters who chose a value, whatever its characters."""

ALL = frozenset({"all"})
_SAFE_CLASSES = re.compile(
    r"""\^?\(?(?:\?:)?(?:(?:\[(?:\\[wd-]|[A-Za-z0-9_\- .@:,+=])+\]|\\[wd]|[A-Za-z0-9_-])(?:[*+?]|\{\d*,?\d*\})?\|?)+\)?(?:\\Z|\\z|\$)?"""
)
_PERCENT = re.compile(r"%(?:\(\w+\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?([a-zA-Z%])")
_NUMBERS = frozenset("bcdeEfFgGnoxX%")

Both = tuple[Facts, Facts]
NEITHER: Both = (NOTHING, NOTHING)


def of(value: Value) -> Both:
    """What holds where a value is true, and where it is false."""
    if value.facts is not None:
        return value.facts
    if value.type.startswith(PART):  # `if not url.netloc`: nothing there is as good as something fixed
        return NOTHING, told(value, value.type[len(PART) :])
    return NEITHER


def told(value: Value, *words: str) -> Facts:
    """These words of every atom in a value."""
    return said(values.within(value), frozenset(words))


def said(taint: values.Taint, words: frozenset[str]) -> Facts:
    """These words of all atoms, each as far as it is there: what holds of a piece does not hold of the rest."""
    return {atom: pieces.seen(mark.clean, words) for atom, mark in taint.items()}


def several(one: str | tuple[str, ...]) -> tuple[str, ...]:
    """What startswith and endswith take: one text, or several."""
    return (one,) if isinstance(one, str) else one


def combined(found: Sequence[Value], *, is_and: bool) -> Both:
    """Of several tests, joined by and, or by or."""
    each = [of(value) for value in found]
    true, false = each[0]
    for other_true, other_false in each[1:]:
        if is_and:
            true, false = values.united(true, other_true), values.common(false, other_false)
        else:
            true, false = values.common(true, other_true), values.united(false, other_false)
    return true, false


def compared(sign: str, left: Value, right: Value) -> Both:
    """Of a comparison of which at least one side is not known."""
    if sign in {"==", "is"}:
        return _equal_or_none(left, right)
    if sign in {"!=", "is not"}:
        true, false = _equal_or_none(left, right)
        return false, true
    if sign == "in":
        return _inside(left, right)
    if sign == "not in":
        true, false = _inside(left, right)
        return false, true
    return NEITHER


def _equal_or_none(left: Value, right: Value) -> Both:
    """`found is None` asks the same as `not found` of what a question gave."""
    if _is_none(right) and left.facts is not None:
        return left.facts[1], left.facts[0]
    return _equal(left, right), NOTHING


def _equal(left: Value, right: Value) -> Facts:
    """Against what equals something that no request chose."""
    for one, other in ((left, right), (right, left)):
        if values.within(one) and not _is_none(other) and _is_own(one, other):
            return values.united(_fixed(one), _begun(one, other))
    return NOTHING


def _begun(one: Value, other: Value) -> Facts:
    """`text[0] == "/"` says how the text begins."""
    if other.kind is not Kind.CONSTANT or not isinstance(other.data, str):
        return NOTHING
    return {atom: words for atom, mark in values.within(one).items() if (words := pieces.begins(mark.clean, other.data))}


def _not_begun(left: Value, other: Value) -> Facts:
    """`text[:1] in "=+-@"` says, where it is false, how the text does not begin."""
    members = [other] if other.kind is Kind.CONSTANT else other.data if other.kind is Kind.ITEMS else []
    texts = [one.data for one in members if one.kind is Kind.CONSTANT and isinstance(one.data, str)]
    if left.kind is Kind.CONSTANT or not texts or len(texts) < len(members):
        return NOTHING
    each = list(texts[0]) if other.kind is Kind.CONSTANT else texts
    return {
        atom: words
        for atom, mark in values.within(left).items()
        if (words := frozenset[str]().union(*(pieces.begins(mark.clean, text, sign="-^") for text in each)))
    }


def _is_own(one: Value, other: Value) -> bool:
    """Whether what a value is compared with was not chosen by a request; for an address's host, the site's own is good enough."""
    taint = values.within(other)
    return not taint or (one.type.startswith(PART) and all(atom.kind in {"host", "url"} for atom in taint))


def _is_none(value: Value) -> bool:
    return value.kind is Kind.CONSTANT and value.data is None


def _fixed(value: Value) -> Facts:
    if value.type.startswith(PART):
        return told(value, value.type[len(PART) :])
    return told(value, "all") if value.type != INNER else NOTHING


def _inside(left: Value, right: Value) -> Both:
    """left in right: a member of a fixed collection where it is true; text without a certain piece where it is false."""
    is_folder = right.kind is Kind.KEYED and right.data[1] is not None and right.data[1].type in PATHS
    if is_folder and all(atom.kind in {"", "local"} for atom in values.within(left)):
        # A folder among the parents of a path that was resolved: the path lies in it.
        resolved = {atom: mark for atom, mark in right.data[1].taint.items() if NORMAL in mark.clean}
        return said(resolved, frozenset({"path", "archive", "upload"})), NOTHING
    if not values.within(right):
        is_text = right.kind in {Kind.CONSTANT, Kind.TEXT} or right.type == "builtins.str"
        return (_fixed(left) if not is_text else NOTHING), _not_begun(left, right)
    if left.kind is Kind.CONSTANT and isinstance(left.data, str | bytes) and left.data:
        text = left.data if isinstance(left.data, str) else left.data.decode("latin-1")
        return NOTHING, told(right, f"in-{text}" if right.type == INNER else f"-{text}")
    return NOTHING, NOTHING


def matched(pattern: str, value: Value, *, is_full: bool) -> Both:
    """Of a match: a pattern of harmless characters from beginning to end says that all is harmless."""
    is_anchored = is_full or pattern.endswith((r"\Z", r"\z", "$"))
    whole = pattern.removeprefix("^")
    if is_anchored and _SAFE_CLASSES.fullmatch(whole):
        words = ["all"] if "." not in whole.replace(r"\.", "") or "[" in whole else []
        if words and not re.search(r"[ .@:,+=]", "".join(re.findall(r"\[([^\]]*)\]", whole))):
            return told(value, PLAIN), NOTHING
        # Dots and spaces make no path or address harmless.
        return told(value, "sql", "xpath", "ldap", "html", "code", "header", "log", "command", "template", "-'", '-"', "-../"), NOTHING
    return NEITHER


def searched(pattern: str, value: Value) -> Both:
    """Of a search for forbidden characters: where nothing is found the text has none of them."""
    inner = re.fullmatch(r"\[([^\]^][^\]]*)\]", pattern)
    if inner:
        return NOTHING, told(value, *(f"-{char}" for char in inner[1].replace("\\", "")))
    negated = re.fullmatch(r"\[\^((?:\\[wds-]|[A-Za-z0-9_-])+)\]\+?", pattern)
    if negated and r"\s" not in negated[1]:
        return NOTHING, told(value, PLAIN)
    return NEITHER


def percent_pieces(text: str) -> list[tuple[str, str]] | None:
    """The constant text of a % format, each with the conversion before it ("" for the first); None where names are used."""
    if "%(" in text:
        return None
    pieces, last, conversion, kept = [], 0, "", ""
    for match in _PERCENT.finditer(text):
        kept += text[last : match.start()]
        last = match.end()
        if match[1] == "%":
            kept += "%"
            continue
        pieces.append((kept, conversion))
        kept, conversion = "", match[1]
    pieces.append((kept + text[last:], conversion))
    return pieces


def is_numeric_format(specification: ir.Text) -> bool:
    """Whether a format specification takes nothing but numbers ("05d", ".2f")."""
    parts = specification.parts
    last = parts[-1] if parts else None
    text = last.value if isinstance(last, ir.Constant) and isinstance(last.value, str) else ""
    return bool(text) and text[-1] in _NUMBERS and text[-1] not in "c%"


def is_harmless(kind: str, words: frozenset[str], before: str) -> bool:
    """Whether what is known of a piece makes it harmless in a place. before: the constant text right before it, "" where none is known."""
    if not words:
        return False
    if pieces.PIECE in words:
        words = pieces.known(words)
    if "all" in words or (PLAIN in words and kind not in _CHOICES):
        return True
    if kind in words:
        return kind != "html" or _ATTRIBUTE.search(before) is None or _address(words, before)
    rule = _RULES.get(kind)
    return rule is not None and rule(words, before)


_ATTRIBUTE = re.compile(
    r"""<[a-z](?:[^<>"']|"[^"<>]*"|'[^'<>]*')*\s(?:[\w-]+\s*=\s*|(?:href|src|action|formaction)\s*=\s*["'])$""", re.IGNORECASE
)
"""Markup up to where escaped text is not enough: an attribute without quotes, which a space ends, and one that begins with a scheme."""


def _quoted(words: frozenset[str], before: str) -> bool:
    """Inside quotes that the text cannot close."""
    quote = before.rstrip("%(")[-1:] if before else ""
    return (quote in {"'", '"'} and f"-{quote}" in words) or {"-'", '-"'} <= words


def _literal(words: frozenset[str], before: str) -> bool:
    """Text that is one literal: quoted at both ends, and without that quote in between."""
    return any({f"^{q}", f"${q}", f"in-{q}"} <= words for q in "'\"") or _quoted(words, before)


def _path(words: frozenset[str], before: str) -> bool:
    if "-../" not in words and "-.." not in words:
        return False
    return "-/" in words or "-^/" in words or bool(before) or ("^/" not in words and "joined" in words)


def _address(words: frozenset[str], before: str) -> bool:
    return "netloc" in words or "hostname" in words or ("^/" in words and ("-//" in words or ("^//" not in words and "-\\" in words)))


def _line(words: frozenset[str], before: str) -> bool:
    return "-\n" in words or "-\r" in words


def _markup(words: frozenset[str], before: str) -> bool:
    return "-<" in words


def _shown(words: frozenset[str], before: str) -> bool:
    return "html" in words or "-<" in words


def _element(words: frozenset[str], before: str) -> bool:
    """Text inside of XML: what is escaped for a page is escaped there."""
    return "-<" in words or "html" in words or "xml" in words


_FORMULAS = frozenset({"-^=", "-^+", "-^-", "-^@"})


def _cell(words: frozenset[str], before: str) -> bool:
    """A cell of a table that begins with no sign of a formula, or a text that does not begin one. before: in a table that is joined."""
    return words >= _FORMULAS or before[-1:] not in {"", *',;|\t\n"'}


def of_cell(value: Value) -> values.Taint:
    """The taint of a value that is put beside others: what stands behind something fixed begins no cell of a table."""
    each = values.alternatives(value)
    if not any(one.kind is Kind.TEXT for one in each):
        return values.within(value)
    return values.merge([values.cleaned(values.within(one), _FORMULAS) if _is_led(one) else values.within(one) for one in each])


def _is_led(value: Value) -> bool:
    first = value.data[0] if value.kind is Kind.TEXT else None
    return type(first) is str and first[:1] not in "=+-@\t\r"


_RULES = {
    "xpath": _quoted, "ldap": lambda words, before: {"-*", "-("} <= words, "code": _literal, "path": _path, "redirect": _address,
    "ssrf": _address, "header": _line, "log": _line, "mail": _line, "cookie": _line, "html": _markup,
    "page": _shown, "xml-text": _element, "csv": _cell,
}  # fmt: skip
