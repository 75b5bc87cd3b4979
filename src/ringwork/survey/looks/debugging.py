"""What was put in to find a fault and stayed: breakpoints, debuggers, debug switches that are on.

Against a console in production, and pages that show settings and source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, text_of, written
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import names, walk

_DEBUGGERS = frozenset({
    "pdb", "ipdb", "pudb", "wdb", "web_pdb", "remote_pdb", "rpdb", "debugpy", "ptvsd", "pydevd", "pydevd_pycharm", "bdb",
    "celery.contrib.rdb",
})  # fmt: skip
_STOPS = re.compile(r"^(?:breakpoint|builtins\.breakpoint|(?:pdb|ipdb|pudb|wdb|web_pdb|remote_pdb|rpdb)\.(?:set_trace|post_mortem|pm)"
                    r"|(?:debugpy|ptvsd)\.(?:breakpoint|listen|enable_attach|wait_for_client)|pydevd(?:_pycharm)?\.settrace)$")  # fmt: skip
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 # what is looked for
_SHOWS = frozenset({
    "dict", "list", "str", "repr", "sorted", "dumps", "jsonify", "pformat", "format", "make_response", "json_response", "Response",
    "JSONResponse", "ORJSONResponse", "PlainTextResponse", "HTMLResponse", "HttpResponse", "JsonResponse", "render_template", "render",
    "TemplateResponse",
})  # fmt: skip
"""What hands on all that it is given."""
_SWITCH = re.compile(r"debug|dev|local|test|environ|getenv|TYPE_CHECKING", re.IGNORECASE)


def look(seen: Seen) -> Iterator[Flow]:
    """Debuggers and debug switches of one module; what an unknown switch turns on is told as weak."""
    switched = _switched(seen)
    for call, scope in seen.of(ir.Call):
        name = seen.name(call.function)
        if _STOPS.match(name):
            strength = WEAK if id(call) in switched or _is_command(seen) else STRONG
            detail = f"{name} stops the worker and opens a console."
            yield seen.flow("debugger", call.at, strength=strength, sink=name, detail=detail, scope=scope, said="debugger")
        if _is_open(call):
            detail = "The debugger's console is open to every network: whoever reaches it runs code. Take debug=True out."
            yield seen.flow("debugger", call.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="debugger on every interface")
    started = {seen.name(call.function).partition(".")[0] for call, _ in seen.of(ir.Call)}
    for imported, scope in seen.of(ir.Import):
        for dotted, _ in imported.names:
            if dotted in _DEBUGGERS and dotted not in started:
                yield _imported(seen, scope, imported.at, dotted)
    for drawn, scope in seen.of(ir.ImportFrom):
        if drawn.module in _DEBUGGERS and not drawn.level and drawn.module not in started:
            yield _imported(seen, scope, drawn.at, drawn.module)
    for answer, scope in seen.of(ir.Return):
        if answer.value is not None and seen.handler(scope) and _is_environment(seen, answer.value):
            detail = "The whole environment is answered, the keys and passwords in it too; name what is meant to be seen."
            yield seen.flow(
                "debug", answer.at, strength=STRONG, sink="os.environ", detail=detail, scope=scope, said="the environment answered"
            )
    for statement, scope in seen.of(ir.Assign):
        yield from _set(seen, scope, statement, is_switched=id(statement) in switched)


def _is_open(call: ir.Call) -> bool:
    """Whether a server is told to listen everywhere with its debugger: however the file is started, that was meant."""
    said = {name: value.value for name, value in call.keywords if isinstance(value, ir.Constant)}
    host = said.get("host", said.get("hostname", text_of(call.arguments[0]) if call.arguments else None))
    is_debugging = said.get("debug") is True or said.get("use_debugger") is True
    return is_debugging and host in _EVERYWHERE and last(call.function) in {"run", "run_simple"}


def _is_environment(seen: Seen, value: ir.Expression) -> bool:
    """Whether all of the environment stands in a value: as it is, as a dict or as a text, and not one of its variables."""
    if isinstance(value, ir.Call):
        is_whole = isinstance(value.function, ir.Attribute) and value.function.name in {"copy", "items"} and not value.arguments
        if not is_whole and last(value.function) not in _SHOWS:
            return False  # how many there are, or what a function of the project's leaves of it
        inner = (*value.arguments, *(part for _, part in value.keywords), *((value.function.of,) if is_whole else ()))  # type: ignore[union-attr] # an Attribute
        return any(_is_environment(seen, part) for part in inner)
    if isinstance(value, ir.Mapping):
        return any(_is_environment(seen, part) for _, part in value.items)
    if isinstance(value, ir.Sequence):
        return any(_is_environment(seen, part) for part in value.items)
    return isinstance(value, ir.Attribute | ir.Name) and seen.name(value) == "os.environ"


def _imported(seen: Seen, scope: Scope, at: int, module: str) -> Flow:
    return seen.flow(
        "debugger", at, strength=WEAK, sink=module, detail=f"The debugger {module} is imported.", scope=scope, said="debugger imported"
    )


def _is_command(seen: Seen) -> bool:
    """A command that a person types may stop for that person."""
    return bool(re.search(r"(?:^|/)(?:commands|scripts|bin|tools|cli|manage)(?:/|\.py$)", seen.unit.file))


def _switched(seen: Seen) -> frozenset[int]:
    """The parts that run only where a switch says so, or where the file is started by itself."""
    found = set[int]()
    for branch, _ in seen.of(ir.If):
        if any(_SWITCH.search(name) for name in names(branch.test)) or "__main__" in {
            text_of(part) for part in walk(branch.test) if isinstance(part, ir.Constant)
        }:
            found.update(id(part) for part in walk(branch.then))
    return frozenset(found)


def _set(seen: Seen, scope: Scope, statement: ir.Assign, *, is_switched: bool) -> Iterator[Flow]:
    """Whether the debug mode is turned on: `app.debug = True`, `app.config["DEBUG"] = True`."""
    value = statement.value
    if not (isinstance(value, ir.Constant) and value.value is True):
        return
    for target in statement.targets:
        is_attribute = (
            isinstance(target, ir.Attribute) and target.name == "debug" and re.fullmatch(r"(?:flask_)?(?:app|application)", last(target.of))
        )
        is_item = (
            isinstance(target, ir.Item)
            and last(target) in {"DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"}
            and written(target).endswith("config")
        )
        if is_attribute or (is_item and last(target) == "DEBUG"):
            strength = WEAK if is_switched else STRONG
            detail = "The debug mode is on for every start: its pages show source and settings, and its console runs code."
            yield seen.flow(
                "debug", statement.at, strength=strength, sink=written(target), detail=detail, scope=scope, said="debug mode on"
            )
