"""What comes into templates: for each variable of a page that a call renders, the value that it is given.

Whether that is markup is the template's to say, which no code shows; so it is kept apart, in SourceFacts.shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ringwork.survey.taint import ir, sinks, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import Defined
from ringwork.survey.taint.values import Kind, Value

KIND = "page"
_LOADS = frozenset({"get_template", "select_template", "get_or_select_template"})
_DECORATORS = frozenset({"template", "view", "jinja2_view", "view_config", "render_to", "templated"})
_NAMING = frozenset({"renderer", "template_name"})
_CONTEXTS = frozenset({"get_context_data", "get_context"})
_SCOPE = "types.NamesInScope"  # what locals() gives
_BY_KEYWORD = ("flask.", "jinja2.")
"""Whose calls take the variables of a page as keywords; those of others take one mapping."""
_TEXTS = frozenset({"", "builtins.str", "builtins.bytes", "markupsafe.Markup", "django.utils.safestring.SafeString"})
_MOST_NAMES = 6


def is_loading(name: str) -> bool:
    """Whether a described function makes a template of its name."""
    return name.rpartition(".")[2] in _LOADS


def loaded(type_: str, arguments: Sequence[Value]) -> Value:
    """A template that remembers its name."""
    return Value(Kind.OBJECT, (None, {"template": arguments[0]} if arguments else {}), type_)


def rendered(run: Run, name: str, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int) -> None:
    """A call renders a page: what its variables are given is kept, with the names of template and variable in the sink."""
    held = [receiver.data[1]["template"]] if receiver.kind is Kind.OBJECT and "template" in receiver.data[1] else []
    templates = list(dict.fromkeys(text for value in (*held, *arguments, *keywords.values()) for text in _names(value)))
    if not templates:
        return
    for variable, value in _paths(run, arguments, keywords, by_keyword=name.startswith(_BY_KEYWORD)):
        if values.within(value):
            for template in templates[:_MOST_NAMES]:
                sinks.arrive(run, KIND, sink_of(name, template, variable), value, at)


def returned(run: Run, own: Defined, value: Value, at: int) -> None:
    """A function returns what a page is rendered with: one with a decorator that names the page, or a class view's context."""
    for template in _pages_of(run, own):
        for variable, inner in _paths(run, [value], {}, by_keyword=False):
            if values.within(inner):
                sinks.arrive(run, KIND, sink_of(f"the page of {own.node.name}", template, variable), inner, at)


def _pages_of(run: Run, own: Defined) -> Iterator[str]:
    for decorator in own.node.decorators:
        if isinstance(decorator, ir.Call):
            first = [*decorator.arguments[:1], *(given for name, given in decorator.keywords if name in _NAMING)]
            is_page = _last(decorator.function) in _DECORATORS
            yield from (str(one.value) for one in first if is_page and isinstance(one, ir.Constant) and "." in str(one.value))
    if own.node.name in _CONTEXTS and own.owner is not None:
        found = run.project.attribute(own.owner, "template_name")
        if found is not None and isinstance(found[1], ir.Constant):
            yield str(found[1].value)


def _last(function: ir.Expression) -> str:
    """The last name of what is called."""
    return function.name if isinstance(function, ir.Attribute) else function.id if isinstance(function, ir.Name) else ""


def sink_of(name: str, template: str, variable: str) -> str:
    """One text for what is rendered by whom; `parts` takes it apart."""
    return f"{name}|{template}|{variable}"


def parts(sink: str) -> tuple[str, str, str]:
    """The function that renders, the template and the variable."""
    name, template, variable = sink.split("|", 2)
    return name, template, variable


def _names(value: Value) -> Iterator[str]:
    """The names of templates among what a value may be: texts that end as files do."""
    for one in values.alternatives(value):
        if one.kind is Kind.CONSTANT and isinstance(one.data, str) and "." in one.data and "|" not in one.data and len(one.data) < 200:
            yield one.data
        elif one.kind is Kind.ITEMS:
            for inner in one.data:
                yield from _names(inner)


def _paths(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], *, by_keyword: bool) -> Iterator[tuple[str, Value]]:
    """What a page reads, and the texts there: "note" of a text, "note.title" of one in a mapping or an object."""
    for variable, value in _context(run, arguments, keywords, by_keyword=by_keyword):
        for one in values.alternatives(value):
            if one.kind in {Kind.TEXT, Kind.UNKNOWN, Kind.METHOD} and one.type in _TEXTS:
                yield variable, one
            elif one.kind in {Kind.KEYED, Kind.OBJECT}:
                fields = one.data[0] if one.kind is Kind.KEYED else one.data[1]
                yield from ((f"{variable}.{field}", inner) for field, inner in fields.items() if isinstance(field, str))


def _context(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], *, by_keyword: bool) -> Iterator[tuple[str, Value]]:
    if by_keyword:
        yield from ((name, value) for name, value in keywords.items() if name not in {"template_name_or_list", "**"})
    for value in (*arguments, *(keywords[name] for name in ("context", "**") if name in keywords)):
        for one in values.alternatives(value):
            if one.type == _SCOPE:
                yield from run.frame.state.names.items()
            elif one.kind is Kind.KEYED:
                for key, inner in one.data[0].items():
                    if isinstance(key, str):
                        yield key, inner
