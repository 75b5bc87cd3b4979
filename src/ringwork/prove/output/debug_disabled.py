"""Whether a debugger, toolbar or profiler answers anybody, and whether debugging that was left on gets into production.

Against pages that show settings and source, and consoles that run what is typed: each is asked for on the copy as it is; then
debugging is switched on in further copies, one of them started as production is.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Fault, Kind, ProbeRoute, Served, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.wire.client import Answer, Client

CONTROL = "output.debug-disabled"

_TOOL_PATHS = (
    "/console",
    "/?__debugger__=yes&cmd=resource&f=debugger.js",
    "/?%5f_debugger__=yes&cmd=resource&f=debugger.js",
    "/__debug__/",
    "/_debug_toolbar/",
    "/_debug_toolbar/static/js/toolbar.js",
    "/_profiler",
    "/flask-profiler/",
    "/?profile=1",
)
_SIGNS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("Werkzeug's debugger", re.compile(rb"Werkzeug Debugger|Interactive Console|CONSOLE_MODE|EVALEX|__debugger__=yes|openShell")),
    ("a traceback", re.compile(rb"Traceback \(most recent call last\)|traceback-container")),
    ("a debugging toolbar", re.compile(rb"flDebug|fastDebug|djDebug|debug[-_]toolbar")),
    ("a profile", re.compile(rb"ncalls +tottime|pyinstrument|flask.profiler", re.IGNORECASE)),
    ("a page of debug mode", re.compile(rb"<code>DEBUG = True</code>|Frozen modules|EXPLAIN_TEMPLATE_LOADING")),
)
_SEGMENTS = frozenset({"_debug_toolbar", "__debug__", "_debugger", "_profiler", "__profiler__", "flask-profiler", "flask_profiler"})
_SETTINGS = (
    "debug", "DEBUG", "PROPAGATE_EXCEPTIONS", "TRAP_HTTP_EXCEPTIONS", "TRAP_BAD_REQUEST_ERRORS", "EXPLAIN_TEMPLATE_LOADING", "TESTING",
    "DEBUG_TB_ENABLED",
)  # fmt: skip
_MANIFESTS = (
    "Dockerfile", "Containerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", "Procfile", "fly.toml",
    "app.yaml", "render.yaml", "supervisord.conf", ".flaskenv",
)  # fmt: skip
_IN_MANIFEST = re.compile(
    r"^(?!\s*#).*?(FLASK_DEBUG\W{1,3}(?:1|true|on|yes)\b|FLASK_ENV\W{1,3}development\b|\b(?:uvicorn|gunicorn|hypercorn)\b[^#\n]*--reload\b"
    r"|\"--reload\"|\bflask\b[^#\n]*--debug\b|\bfastapi\W+dev\b)",
    re.IGNORECASE | re.MULTILINE,
)
_MANIFEST_BYTES = 256 * 1024


# -- debug-triggers -----------------------------------------------------------------------------------------


def debug_triggers(stage: Stage) -> Evidence:
    """Ask for debug pages and consoles on the copy as it is, then on copies in which debugging was left on."""
    check = CheckId(f"{CONTROL}/debug-triggers")
    cast = Cast(stage)
    plain = cast.nobody().get(cast.served.probe_path(ProbeRoute.PLAIN))
    if plain.status != 200:
        return Evidence(check=check, not_verified=f"the probe route that shows nothing answered {plain.status}")
    control = shown(plain)
    seen = list(_asked(cast.served, cast.nobody(), control, where="the copy as it is"))
    if stage.facts.guard is not None:
        seen += _left_on(stage, control)
        seen += _production(stage)
    return Evidence(check=check, observations=tuple(seen))


def _asked(served: Served, client: Client, control: Exchanged, *, where: str) -> Iterator[Observation]:
    lost = witness.marker("lost")
    for attack, path in (
        ("fault in a handler", served.probe_path(ProbeRoute.RAISES)),
        ("fault in a page", served.probe_path(ProbeRoute.RAISES_HTML)),
        ("missing page", f"/{lost}"),
        *((f"GET {path}", path) for path in _TOOL_PATHS),
    ):
        try:
            answer = client.page(path)
        except OSError as error:
            yield saw(Outcome.UNTRIED, attack, where, f"no answer came ({error})")
            continue
        yield _judged(attack, where, answer, witness.without_echo(answer, path), control)


def _judged(attack: str, where: str, answer: Answer, body: bytes, control: Exchanged) -> Observation:
    sign = next((name for name, pattern in _SIGNS if pattern.search(body)), "")
    if sign:
        detail = f"{answer.status}: {sign} is shown to anybody"
        return saw(Outcome.BROKEN, attack, where, detail, answers=[shown(answer)], control=control)
    return saw(Outcome.HELD, attack, where, f"{answer.status}, nothing of a debugger", answers=[shown(answer)], control=control)


def _left_on(stage: Stage, control: Exchanged) -> Iterator[Observation]:
    """A copy in which debugging was left on, started as it is started now."""
    where = "a copy with debugging left on"
    try:
        with stage.serve(fault=Fault.DEBUG_ON) as served:
            yield from _asked(served, served.client(), control, where=where)
    except TargetFailed as error:
        held = _refused_for_it(error)
        detail = "the start is refused: " + _first_line(error) if held else f"it did not start: {error.problem[:200]}"
        yield saw(Outcome.HELD if held else Outcome.UNTRIED, "debugging left on", where, detail, control=control)


def _production(stage: Stage) -> Iterator[Observation]:
    """Two copies started as production is: whole, which has to start, and with debugging left on, which must not."""
    attack, where = "production start with debugging left on", "the production start"
    try:
        with stage.serve(probes=False, production=True) as served:
            answer = served.client().get("/")
    except TargetFailed as error:
        yield saw(Outcome.UNTRIED, attack, where, f"production does not start without it either: {error.problem[:200]}")
        return
    try:
        with stage.serve(probes=False, production=True, fault=Fault.DEBUG_ON) as served:
            started = served.client().get("/")
    except TargetFailed as error:
        held = _refused_for_it(error)
        detail = "refused: " + _first_line(error) if held else f"it did not start, for another reason: {error.problem[:200]}"
        yield saw(Outcome.HELD if held else Outcome.UNTRIED, attack, where, detail, control=shown(answer))
        return
    detail = f"production starts with debugging on and answers {started.status}"
    yield saw(Outcome.BROKEN, attack, where, detail, answers=[shown(started)], control=shown(answer))


def _refused_for_it(error: TargetFailed) -> bool:
    return "debug" in error.problem.lower()


def _first_line(error: TargetFailed) -> str:
    lines = (line.strip(" -") for line in re.split(r"[\n]| / ", error.problem))
    return next((line for line in lines if CONTROL in line), error.problem)[:200]


# -- debug-settings -----------------------------------------------------------------------------------------


def debug_settings(stage: Stage) -> Evidence:
    """Read the switches of the framework, its layers and routes, and what starts it in images and manifests."""
    facts = stage.facts
    attack = "debugging in what is shipped"
    found = [*_switches(stage), *_routes(stage), *_manifests(stage)]
    broken = [saw(Outcome.BROKEN, attack, where, detail) for where, detail in found]
    if broken:
        return Evidence(check=CheckId(f"{CONTROL}/debug-settings"), observations=tuple(broken))
    read = len(_SETTINGS) + len(facts.middleware) + len(facts.routes)
    detail = f"no switch is on, none of {len(facts.middleware)} layers and {len(facts.routes)} routes is a debugging tool"
    held = saw(Outcome.HELD, attack, "framework settings", detail, read=read)
    return Evidence(check=CheckId(f"{CONTROL}/debug-settings"), observations=(held,))


def _switches(stage: Stage) -> Iterator[tuple[str, str]]:
    settings = stage.facts.settings
    on = [name for name in _SETTINGS if settings.get(name) is True]
    more = settings.get("debugging")
    # These, and the plain switches, are named already, once each.
    on += [str(name) for name in more if name not in on and name not in {"app.debug", "settings.DEBUG"}] if isinstance(more, list) else []
    for name in on:
        yield name, f"{name} is on"


def _routes(stage: Stage) -> Iterator[tuple[str, str]]:
    told = stage.facts.settings.get("debugging")
    known = told if isinstance(told, list) else []
    for route in stage.facts.routes:
        if _SEGMENTS.intersection(route.path.split("/")) and route.path not in known:
            yield route.name, "a debugging tool answers there"


def _manifests(stage: Stage) -> Iterator[tuple[str, str]]:
    root = Path(stage.facts.root)
    for name in _MANIFESTS:
        with contextlib.suppress(OSError):
            path = root / name
            if path.is_file() and path.stat().st_size <= _MANIFEST_BYTES:
                hit = _IN_MANIFEST.search(path.read_text(encoding="utf-8", errors="replace"))
                if hit is not None:
                    yield name, f"the start says {hit.group(1)[:60].strip()!r}"


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/debug-triggers"), kind=Kind.LIVE, run=debug_triggers),
    Check(id=CheckId(f"{CONTROL}/debug-settings"), kind=Kind.CONFIG, run=debug_settings, planted=ProbeRoute.DEBUG_TOOL),
    reading.check(f"{CONTROL}/run-with-debug"),
)
