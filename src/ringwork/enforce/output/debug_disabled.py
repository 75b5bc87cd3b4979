"""Debuggers, toolbars, profilers and reloaders stay on the developer's own machine.

Against pages that show settings and source, and consoles that run whatever is typed into them: in production the start is
refused while one is on; elsewhere the start warns, and the paths of such tools are answered like any missing page.
Source: ASVS 5.0, 13.4.2 and 15.2.3; OWASP WSTG-CONF-02; CWE-489, CWE-215.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringwork.enforce.guard import Arrive, Decision, Guard, Hooks, Refusal, Site, Surroundings
from ringwork.exchange import Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("output.debug-disabled")

SEGMENTS = frozenset(
    {"_debug_toolbar", "_debugtoolbar", "__debug__", "_debugger", "_profiler", "__profiler__", "flask-profiler", "flask_profiler"}
)
"""Path segments under which toolbars and profilers answer."""

CONSOLES = frozenset({"/console", "/console/"})
"""Where Werkzeug's debugger opens a shell."""

QUERIES: dict[str, bytes] = {
    "DebuggedApplication": b"__debugger__",
    "PyInstrumentProfilerMiddleware": b"profile",
    "PyInstrumentMiddleware": b"profile",
    "CProfileMiddleware": b"profile",
}
"""The parameter of a query, at any path, by which a layer is spoken to."""

_ADVICE = {
    "app.debug": "faults are shown to whoever causes them; take debug=True out, or read it from a setting that production leaves out",
    "FLASK_DEBUG": "Flask switches its debugger on by it; take FLASK_DEBUG out of this environment",
    "settings.DEBUG": "Django shows faults, settings and source to whoever causes them; set DEBUG = False, or read it from the environment",
    "DEBUG_PROPAGATE_EXCEPTIONS": "exceptions leave Django unhandled; take it out of the settings",
    "the reloader of Django": "runserver is the development server; start with ringwork serve or gunicorn",
    "PROPAGATE_EXCEPTIONS": "exceptions leave the application unhandled; take it out of the configuration",
    "TRAP_HTTP_EXCEPTIONS": "refusals become faults that are shown; take it out of the configuration",
    "TRAP_BAD_REQUEST_ERRORS": "the names of missing form fields are shown; take it out of the configuration",
    "EXPLAIN_TEMPLATE_LOADING": "paths of templates are told; take it out of the configuration",
    "TESTING": "faults rise instead of being answered; set it in tests only",
    "DEBUG_TB_ENABLED": "the toolbar shows settings, queries and sessions; set it to False, or install it in development only",
    "--reload": "the reloader watches and runs what is written; start without it: ringwork serve, or uvicorn without --reload",
    "fastapi dev": "it is the development server; start with ringwork serve or fastapi run",
    "PYTHONASYNCIODEBUG": "aiohttp shows faults to whoever causes them; take it, and -X dev, out of this environment",
    "adev": "it is aiohttp's development server; start with ringwork serve",
    "the reloader of Werkzeug": "it is part of the development server; start with ringwork serve or gunicorn",
}


class DebugDisabledSettings(Frozen):
    """None of its own: there is no reason to have a debugger in production."""


class DebugDisabledReason(Words):
    """Why a request was refused."""

    DEBUG_TOOL = "debug-tool"


def plan(settings: DebugDisabledSettings, site: Site, route: Route | None) -> Hooks:
    """Nothing at all, unless the start found a tool: then its paths are kept from everybody, before any layer that would answer."""
    tools = [name for name in site.debug if name not in _ADVICE and not name.startswith(("debug of ", "show_index of "))]
    return Hooks(arrive=_keep_out(tools)) if route is None and tools else Hooks()


def faults(settings: DebugDisabledSettings) -> Sequence[str]:
    """Nothing can be set wrong here."""
    return ()


def at_start(settings: DebugDisabledSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Each tool or switch that is on, with what to write instead."""
    # TESTING belongs into tests, which run anywhere but in production.
    return [f"{name} is on: {_advice(name)}" for name in around.debug if name != "TESTING" or site.production]


def _advice(name: str) -> str:
    if name in _ADVICE:
        return _ADVICE[name]
    if name.startswith("/"):
        return "a debugging tool answers there; register it in development only"
    if name.startswith("show_index of "):
        return "its folders are listed to whoever asks; take show_index=True out"
    if name.startswith("debug of "):
        return "its faults are shown to whoever causes them; take debug=True out there too"
    return "this layer shows the inside of the application; add it in development only"


_REFUSAL = Refusal(
    control=CONTROL,
    status=404,
    reason=DebugDisabledReason.DEBUG_TOOL.value,
    detail="a debugger, toolbar or profiler was asked for; it is installed in this application and kept out of reach",
)


def _keep_out(tools: Sequence[str]) -> Arrive:
    consoles = CONSOLES if "DebuggedApplication" in tools else frozenset()
    words = frozenset(QUERIES[name] for name in tools if name in QUERIES)

    def arrive(exchange: Exchange) -> Decision:
        # Against a console that runs code, and a toolbar that shows settings and sessions: they answer before any rule of the application.
        # Against "//console": Werkzeug takes any number of slashes for one.
        if f"/{exchange.path.lstrip('/')}" in consoles or not SEGMENTS.isdisjoint(exchange.path.split("/")):
            return _REFUSAL
        # Against the debugger's own commands, which are taken at every path.
        return _REFUSAL if words and exchange.query and not words.isdisjoint(_names(exchange.query)) else None

    return arrive


def _names(query: bytes) -> set[bytes]:
    return {_decoded(pair.partition(b"=")[0]) for pair in query.replace(b";", b"&").split(b"&")}


def _decoded(name: bytes) -> bytes:
    """A parameter's name with %XX read. Against a name that is spelled in another way than the tool reads it."""
    first, *rest = name.replace(b"+", b" ").split(b"%")
    out = [first]
    for piece in rest:
        try:
            out.append(bytes.fromhex(piece[:2].decode("ascii")) + piece[2:])
        except ValueError:
            out.append(b"%" + piece)
    return b"".join(out).strip()


GUARD: Guard[DebugDisabledSettings] = Guard(control=CONTROL, settings=DebugDisabledSettings, plan=plan, faults=faults, at_start=at_start)
