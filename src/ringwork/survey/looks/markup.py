"""Casts that make text of a stranger into markup or into a statement, and markup that is made after it was cleaned.

Against a type that says "safe" because somebody wrote so.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, calls, last, mentions
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_CASTS = frozenset({"typing.cast", "cast", "typing_extensions.cast"})
_TYPES = frozenset({
    "Markup", "SafeString", "SafeText", "SafeStr", "TextClause", "SQL", "LiteralString", "Composable", "SafeHtml", "TrustedHtml",
})  # fmt: skip
_SAFE_TEXTS = frozenset({"SafeString", "SafeText", "SafeData", "SafeStr", "SafeBytes"})
_CLEANS = frozenset({"nh3.clean", "bleach.clean", "bleach.linkify", "lxml_html_clean.clean_html", "lxml.html.clean.clean_html"})
_RENDERS = frozenset({
    "markdown.markdown", "markdown2.markdown", "mistune.html", "mistune.markdown", "commonmark.commonmark", "marko.convert",
    "cmarkgfm.markdown_to_html",
})  # fmt: skip
_OLD = {
    "bleach": "bleach has been deprecated by its authors; nh3 does the same",
    "lxml.html.clean": "lxml.html.clean is no part of lxml any more, and its authors advise against it",
    "html5lib.filters.sanitizer": "the sanitizer of html5lib is deprecated",
    "html_sanitizer": "html_sanitizer stands on lxml's cleaner",
}


def look(seen: Seen) -> Iterator[Flow]:
    """Such casts and orders of one module."""
    for call, scope in seen.of(ir.Call):
        name = seen.name(call.function)
        if name in _CASTS and len(call.arguments) == 2:
            yield from _cast(seen, scope, call)
        elif name in _RENDERS or (
            isinstance(call.function, ir.Attribute) and call.function.name == "render" and seen.imports("markdown_it", "mistune", "marko")
        ):
            yield from _rendered(seen, scope, call, name)
    for owner, scope in seen.of(ir.Class):
        yield from _class(seen, scope, owner)
    for target in sorted(set(seen.unit.imports.values())):
        package = next((old for old in _OLD if target == old or target.startswith(f"{old}.")), "")
        if package:
            yield seen.flow(
                "sanitise-order", 4096, strength=WEAK, sink=package, detail=f"{_OLD[package]}.", said="a sanitizer that is no longer kept"
            )
            break


def _class(seen: Seen, scope: Scope, owner: ir.Class) -> Iterator[Flow]:
    """A class whose instances every template takes for markup, whatever text they were made of."""
    safe = next((last(base) for base in owner.bases if last(base) in _SAFE_TEXTS), "")
    is_marked = any(last(part) in {"html_safe", "python_2_unicode_compatible_html_safe"} for part in owner.decorators)
    own = next((part for part in owner.body if isinstance(part, ir.Function) and part.name == "__html__"), None)
    if safe or is_marked or (own is not None and not _escapes(own)):
        at = own.at if own is not None and not safe and not is_marked else owner.at
        detail = f"Templates show what {owner.name} holds as markup, unescaped ({safe or ('html_safe' if is_marked else '__html__')})."
        is_certain = (bool(safe) and not any(_escapes(part) for part in owner.body if isinstance(part, ir.Function))) or (
            own is not None and not is_marked and _is_its_text(own)
        )
        strength = STRONG if is_certain else WEAK
        yield seen.flow("autoescape", at, strength=strength, sink=owner.name, detail=detail, scope=scope, said="taken for markup")


def _is_its_text(function: ir.Function) -> bool:
    """Whether it gives back what the thing holds, put into a text or with other letters in it."""
    for part in walk(function.body):
        if isinstance(part, ir.Return) and part.value is not None:
            is_filled = isinstance(part.value, ir.Binary) and part.value.operator == "%" and isinstance(part.value.left, ir.Call)
            is_made = (isinstance(part.value, ir.Text | ir.Binary) and not is_filled) or (  # Markup escapes what fills it
                isinstance(part.value, ir.Call) and last(part.value.function) == "replace"
            )
            if is_made and mentions(part.value, ("self",)):
                return True
    return False


def _escapes(function: ir.Function) -> bool:
    return any(last(call.function) in {"escape", "format_html", "format_html_join", "conditional_escape", "render", "render_to_string"}
               or last(call.function).startswith("escape") for call in calls(function.body))  # fmt: skip


def _cast(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    kind, value = call.arguments
    name = kind.value if isinstance(kind, ir.Constant) and isinstance(kind.value, str) else last(kind)
    if name.rpartition(".")[2] in _TYPES and not isinstance(value, ir.Constant):
        is_made = isinstance(value, ir.Text | ir.Binary)
        detail = f"A value is declared to be {name}, which no function made of it."
        yield seen.flow(
            "taint-cast",
            call.at,
            strength=STRONG if is_made else WEAK,
            sink=f"cast to {name}",
            detail=detail,
            scope=scope,
            said=f"declared to be {name}",
        )


def _rendered(seen: Seen, scope: Scope, call: ir.Call, name: str) -> Iterator[Flow]:
    for argument in call.arguments[:1]:
        cleaned = _cleaned(seen, scope, argument)
        if cleaned:
            detail = f"The text is cleaned by {cleaned} and then rendered, and what rendering makes is cleaned by nothing."
            if not _is_cleaned_again(seen, scope, call):
                yield seen.flow(
                    "sanitise-order", call.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="rendered after it was cleaned"
                )


def _cleaned(seen: Seen, scope: Scope, expression: ir.Expression) -> str:
    """The function that cleaned what is rendered, "" for none."""
    for call in calls((expression,)):
        if seen.name(call.function) in _CLEANS:
            return seen.name(call.function)
    if isinstance(expression, ir.Name) and scope.function is not None:
        for part in walk(scope.function.body):
            if isinstance(part, ir.Assign) and any(last(target) == expression.id for target in part.targets):
                return next((seen.name(call.function) for call in calls((part.value,)) if seen.name(call.function) in _CLEANS), "")
    return ""


def _is_cleaned_again(seen: Seen, scope: Scope, rendered: ir.Call) -> bool:
    if scope.function is None:
        return False
    inside = {id(call) for call in calls(rendered.arguments)}
    cleans = [call for call in calls(scope.function.body) if seen.name(call.function) in _CLEANS and id(call) not in inside]
    return any(call.at > rendered.at or rendered in calls(call.arguments) for call in cleans)
