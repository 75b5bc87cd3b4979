"""Whether work per request is bounded.

Against one cheap request that costs memory, processor time or a worker without end. A probe route that reads whatever it is sent
stands in for every handler: too long a body, too deep a nesting, too many fields and headers have to be refused before they
are read whole, and the copy's own memory says whether they were.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire import connection
from ringwork.survey.wire.client import FORM, Answer, Client

CONTROL = "network.request-limits"
WHERE = "every route, by a probe that reads its body"

MEGABYTE = 1_048_576
PROFILE = {"body_bytes": MEGABYTE, "headers": 100, "header_bytes": 32_768, "form_fields": 1000, "json_depth": 32, "seconds": 30.0}
"""The greatest values that the catalogue's row allows as general limits."""

_LIMITERS = ("sizelimit", "bodylimit", "contentsize", "maxbody", "limitbody", "limitupload")
"""What layers that bound bodies are called."""

_PIECE = 64 * 1024
_MOST_KEPT = 16 * 1024
_MOST_CAP = 8 * MEGABYTE
_FLOOD = 16 * MEGABYTE
_MOST_GROWTH = 12 * MEGABYTE
_OCTETS = "application/octet-stream"
_TOLD_LONGER = "a body whose length says that it is longer than the cap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the attacks go: the path of the probe, the browser, and the limits as far as they are known."""

    path: str
    client: Client
    known: Mapping[str, Any]

    def send(self, body: bytes, kind: str, *more: tuple[str, str]) -> Answer | None:
        """One request with a length; None where the connection was closed without an answer."""
        with contextlib.suppress(OSError):
            return self.client.send("POST", self.path, headers=[("content-type", kind), *more], body=body, cookies=False, same_origin=False)
        return None

    def stream(self, pieces: Iterable[bytes]) -> tuple[Answer | None, int]:
        """One request without a length, in chunks."""
        lines = (f"POST {self.path} HTTP/1.1", f"Host: {self.client.host}", f"Content-Type: {_OCTETS}", "Transfer-Encoding: chunked")
        return self.client.pour("\r\n".join((*lines, "Accept: application/json", "", "")).encode(), pieces)


def _known(facts: AppFacts) -> Mapping[str, Any]:
    """The limits that are configured, the profile's where none is."""
    own = facts.guard.settings.get("request_limits") if facts.guard is not None and witness.guards(facts, CONTROL) else None
    if isinstance(own, Mapping):
        return own
    framework = facts.settings.get("MAX_CONTENT_LENGTH", facts.settings.get("DATA_UPLOAD_MAX_MEMORY_SIZE"))
    return {**PROFILE, **({"body_bytes": framework} if isinstance(framework, int) else {})}


# -- oversize and slow --------------------------------------------------------------------------------------


def oversize_and_slow(stage: Stage) -> Evidence:
    """Send more than any request should, each beside an honest one of the same kind; then look at the copy's memory."""
    check = CheckId(f"{CONTROL}/oversize-and-slow")
    try:
        served = stage.served
        target = Target(path=served.probe_path(ProbeRoute.READS_BODY), client=served.client(), known=_known(stage.facts))
    except TargetFailed as error:
        return Evidence(check=check, not_verified=f"no copy with probe routes could be served: {error.problem}")
    seen = list(_long_body(stage, target))
    if not stage.brief:
        seen += [*_inside(target), *_heads(target), _dripping(target)]
    return Evidence(check=check, observations=tuple(seen))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _chunks(size: int) -> Iterator[bytes]:
    """`size` bytes in chunks, their end apart."""
    for at in range(0, size, _PIECE):
        yield _chunk(b"a" * min(_PIECE, size - at))


def _end() -> Iterator[bytes]:
    yield b"0\r\n\r\n"


def _long_body(stage: Stage, target: Target) -> Iterator[Observation]:
    attack = "a body in chunks that is longer than the cap"
    cap = int(target.known["body_bytes"])
    if cap > _MOST_CAP:
        yield saw(Outcome.UNTRIED, attack, WHERE, f"the cap of {cap} bytes is too far for a short run; see server-caps")
        return
    if _gives_only_what_has_a_length(stage.facts):
        # The probe reads such a body from where the server left it, which no handler of this application does.
        detail = "Django under WSGI gives a body without a length to no handler, and no code of the application takes it from the server"
        yield saw(Outcome.HELD, attack, WHERE, detail, read=1)
        honest = target.send(b"a" * cap, _OCTETS)
        yield _beside(_TOLD_LONGER, honest, lambda: target.send(b"a" * (cap + 1), _OCTETS))
        return
    honest, _ = target.stream([*_chunks(cap), *_end()])
    if honest is None or honest.status != 200:
        status = honest.status if honest is not None else "no answer"
        yield saw(Outcome.UNTRIED, attack, WHERE, f"a body of the cap itself was not read ({status}), so refusals would say nothing")
        return
    control = _told(honest)
    before = stage.served.memory()
    flood = max(_FLOOD, cap + MEGABYTE)
    # A pause right behind the cap: what is refused there is refused before the rest is read.
    answer, poured = target.stream([*_chunks(cap + 1), b"", *_chunks(flood - cap - 1), *_end()])
    growth = stage.served.memory() - before
    was_whole = poured >= flood
    found = _judged(attack, answer, control)
    if found.outcome is Outcome.HELD and was_whole:
        detail = f"all {flood} bytes were taken before the refusal"
        found = saw(Outcome.BROKEN, attack, WHERE, detail, answers=found.exchanged, control=control)
    yield found
    if found.outcome is Outcome.HELD:
        outcome = Outcome.HELD if growth <= _MOST_GROWTH else Outcome.BROKEN
        detail = f"the copy's memory grew by {max(growth, 0) // 1024} KiB while {poured // 1024} of {flood // 1024} KiB were sent"
        yield saw(outcome, "memory while too long a body is sent", WHERE, detail, control=control)
        yield _judged(_TOLD_LONGER, target.send(b"a" * (cap + 1), _OCTETS), control)


def _gives_only_what_has_a_length(facts: AppFacts) -> bool:
    """Whether a body in chunks reaches no handler: Django reads as many bytes as the length says, and none without one.

    Source: django.core.handlers.wsgi.WSGIRequest (a LimitedStream of CONTENT_LENGTH bytes).
    """
    if facts.framework != "django" or not facts.is_wsgi or facts.guard is not None:
        return False
    sources = [Path(facts.root, name) for name in facts.sources if name.endswith(".py")]
    return not any("wsgi.input" in path.read_text(encoding="utf-8", errors="replace") for path in sources if path.is_file())


def _inside(target: Target) -> Iterator[Observation]:
    """What a body holds: nesting and fields."""
    deep = b"[" * 100_000
    nested = b'{"a": ' * 1000 + b"1" + b"}" * 1000
    shallow = target.send(json.dumps({"a": [{"b": [1]}]}).encode(), "application/json")
    yield _beside("JSON of 100000 opened brackets", shallow, lambda: target.send(deep, "application/json"))
    yield _beside("JSON nested 1000 levels deep", shallow, lambda: target.send(nested, "application/json"))
    many = max(5000, 2 * int(target.known.get("form_fields", 0)))
    few = target.send(b"a=1&b=2", FORM)
    yield _beside(f"a form of {many} fields", few, lambda: target.send(b"&".join(b"f%d=1" % i for i in range(many)), FORM))


def _heads(target: Target) -> Iterator[Observation]:
    """How much stands before the body."""
    plain = target.send(b"a", _OCTETS, ("x-one", "1"))
    many = max(200, 2 * int(target.known.get("headers", 0)))
    yield _beside(f"{many} header lines", plain, lambda: target.send(b"a", _OCTETS, *((f"x-h{i}", "1") for i in range(many))))
    # Below the 64 KiB at which servers' own parsers give up by themselves.
    yield _beside("48 KiB of header lines", plain, lambda: target.send(b"a", _OCTETS, *((f"x-l{i}", "a" * 8000) for i in range(6))))


def _beside(attack: str, honest: Answer | None, send: Any) -> Observation:
    """An attack beside an honest request of its kind, which has to work."""
    if honest is None or honest.status != 200:
        status = honest.status if honest is not None else "no answer"
        return saw(Outcome.UNTRIED, attack, WHERE, f"an honest request of this kind was not served ({status})")
    return _judged(attack, send(), _told(honest))


def _told(answer: Answer) -> Exchanged:
    """The exchange for the evidence; what is too long, or was poured in pieces, is not kept to be replayed."""
    is_short = len(answer.request) < _MOST_KEPT and b"\r\nTransfer-Encoding: chunked\r\n" not in answer.request
    return shown(answer) if is_short else dataclasses.replace(shown(answer), replay="")


def _judged(attack: str, answer: Answer | None, control: Exchanged) -> Observation:
    if answer is None:
        return saw(Outcome.HELD, attack, WHERE, "the connection was closed without an answer", control=control)
    seen = [_told(answer)]
    if 400 <= answer.status < 500:
        return saw(Outcome.HELD, attack, WHERE, f"refused with {answer.status}", answers=seen, control=control)
    words = "was taken" if answer.status < 400 else "ended in a fault"
    return saw(Outcome.BROKEN, attack, WHERE, f"{words} ({answer.status})", answers=seen, control=control)


def _dripping(target: Target) -> Observation:
    """Connections that send their head byte by byte: others have to be served meanwhile."""
    attack = "connections that drip their header lines"
    honest = target.send(b"a", _OCTETS)
    if honest is None or honest.status != 200:
        return saw(Outcome.UNTRIED, attack, WHERE, "an honest request was not served")
    with contextlib.ExitStack() as stack:
        dripping = [stack.enter_context(connection.connect(target.client.place)) for _ in range(8)]
        answers = []
        for byte in f"POST {target.path} HTTP/1.1\r\nX"[:12].encode():
            for sock in dripping:
                with contextlib.suppress(OSError):
                    sock.sendall(bytes([byte]))
            answers.append(target.send(b"a", _OCTETS))
    late = sum(answer is None or answer.status != 200 for answer in answers)
    if late:
        return saw(
            Outcome.BROKEN, attack, WHERE, f"{late} of {len(answers)} honest requests were not served meanwhile", control=_told(honest)
        )
    detail = "other visitors are served meanwhile; when such a connection is cut is the server's own matter, and no short run shows it"
    return saw(Outcome.HELD, attack, WHERE, detail, control=_told(honest))


# -- query depth --------------------------------------------------------------------------------------------


def query_depth(stage: Stage) -> Evidence:
    """Nested, aliased and batched GraphQL queries of growing size."""
    check = CheckId(f"{CONTROL}/query-depth")
    routes = [route for route in witness.http_routes(stage.facts) if "POST" in route.methods and _is_graphql(route)]
    if not routes:
        return Evidence(check=check, not_applicable="no route of this application answers GraphQL")
    cast = Cast(stage)
    return Evidence(check=check, observations=tuple(one for route in routes for one in _queried(cast, route)))


def _is_graphql(route: RouteFacts) -> bool:
    libraries = ("strawberry.", "ariadne.", "graphene", "starlette_graphene", "graphql_server.", "tartiflette")
    return route.path.rstrip("/").lower().endswith("graphql") or route.handler.lower().startswith(libraries)


def _nested(depth: int) -> str:
    """Introspection nested `depth` levels, 5 or more: every schema that lets itself be looked at answers it."""
    levels = ["__schema", "types", "fields", "type", *["ofType"] * (depth - 5)]
    return "{ " + " { ".join(levels) + " { name" + " }" * (len(levels) + 1)


def _queried(cast: Cast, route: RouteFacts) -> Iterator[Observation]:
    name, client = cast.strongest()
    nested, flat = _asked(client, route.path, {"query": _nested(5)}), _asked(client, route.path, {"query": "{ __typename }"})
    aliases = "{ " + " ".join(f"a{i}: __typename" for i in range(500)) + " }"
    attacks: tuple[tuple[str, Answer | None, Any], ...] = (
        ("query nested 50 levels", nested, {"query": _nested(50)}),
        ("query nested 500 levels", nested, {"query": _nested(500)}),
        ("query of 500 aliases", flat, {"query": aliases}),
        ("batch of 500 queries", flat, [{"query": "{ __typename }"}] * 500),
    )
    for attack, honest, body in attacks:
        if honest is None or not _is_answered(honest):
            yield saw(Outcome.UNTRIED, attack, route, "a small query of this kind was not answered, so a refusal would say nothing")
            continue
        answer = _asked(client, route.path, body)
        seen = [] if answer is None else [shown(answer, name)]
        is_broken = answer is not None and (_is_answered(answer) or answer.status >= 500)
        detail = "no answer" if answer is None else f"{'taken' if is_broken else 'refused'} ({answer.status})"
        yield saw(Outcome.BROKEN if is_broken else Outcome.HELD, attack, route, detail, answers=seen, control=shown(honest, name))


def _is_answered(answer: Answer) -> bool:
    """Whether a query got data; servers answer refusals with 200 too, and say so in the body."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return False
    one = found[0] if isinstance(found, list) and found else found
    return 200 <= answer.status < 300 and isinstance(one, dict) and one.get("data") is not None and not one.get("errors")


def _asked(client: Client, path: str, value: Any) -> Answer | None:
    with contextlib.suppress(OSError):
        return client.post_json(path, value)
    return None


# -- server caps --------------------------------------------------------------------------------------------


def server_caps(stage: Stage) -> Evidence:
    """Read the caps that are set: ringwork's own, else what the framework knows."""
    facts = stage.facts
    check = CheckId(f"{CONTROL}/server-caps")
    own = facts.guard.settings.get("request_limits") if facts.guard is not None else None
    if witness.guards(facts, CONTROL) and isinstance(own, Mapping):
        return Evidence(check=check, observations=tuple(_own_caps(facts, own)))
    if facts.framework == "flask":
        return Evidence(check=check, observations=tuple(_framework_caps(facts.settings, _FLASK_CAPS)))
    if facts.framework == "django":
        return Evidence(check=check, observations=tuple(_framework_caps(facts.settings, _DJANGO_CAPS)))
    own_layers = [name for name in facts.middleware if any(word in name.lower() for word in _LIMITERS)]
    if own_layers:
        reason = f"{own_layers[0]} keeps its bounds where nobody can read them; oversize-and-slow shows what it stops"
        return Evidence(check=check, not_verified=reason)
    detail = "neither Starlette nor FastAPI bounds a body, a nesting or a wait by itself, and no layer that does was found"
    return Evidence(check=check, observations=(saw(Outcome.BROKEN, "body cap", "the application", detail),))


def _own_caps(facts: AppFacts, own: Mapping[str, Any]) -> Iterator[Observation]:
    for name, most in PROFILE.items():
        value = own.get(name)
        where = f"policy: {CONTROL}.{name}"
        if not isinstance(value, int | float) or value > most:
            detail = f"{value} is above the profile's {most}; let single routes have more, each with a reason"
            yield saw(Outcome.BROKEN, f"general limit: {name}", where, detail)
            continue
        note = " (nobody can cut a thread: the worker's own deadline counts)" if name == "seconds" and facts.is_wsgi else ""
        yield saw(Outcome.HELD, f"general limit: {name}", where, f"{value}{note}", read=1)
    for row in own.get("routes", ()):
        detail = f"has limits of its own: {row.get('reason', '')}"
        yield saw(Outcome.HELD, "limits of a single route", str(row.get("route", "")), detail, read=1)


_FLASK_CAPS = (("MAX_CONTENT_LENGTH", MEGABYTE), ("MAX_FORM_MEMORY_SIZE", MEGABYTE), ("MAX_FORM_PARTS", 1000))
_DJANGO_CAPS = (("DATA_UPLOAD_MAX_MEMORY_SIZE", MEGABYTE), ("DATA_UPLOAD_MAX_NUMBER_FIELDS", 1000), ("DATA_UPLOAD_MAX_NUMBER_FILES", 100))

_DEFAULTS = {"DATA_UPLOAD_MAX_MEMORY_SIZE": 2_621_440}


def _framework_caps(settings: Mapping[str, Any], caps: Sequence[tuple[str, int]]) -> Iterator[Observation]:
    for name, most in caps:
        value = settings.get(name)
        if not isinstance(value, int):
            yield saw(Outcome.BROKEN, "framework cap", name, f"{name} is not set, so there is no bound")
        elif value > most:
            is_default = value == _DEFAULTS.get(name)
            words = ", as Django bounds it by itself," if is_default else ""
            found = saw(Outcome.BROKEN, "framework cap", name, f"{name} = {value}{words} is above the profile's {most}")
            # What nobody chose still bounds each request: there is no flood by it, only more than need be.
            yield dataclasses.replace(found, severity="low") if is_default else found
        else:
            yield saw(Outcome.HELD, "framework cap", name, f"{name} = {value}", read=1)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/oversize-and-slow"), kind=Kind.LIVE, run=oversize_and_slow),
    Check(id=CheckId(f"{CONTROL}/query-depth"), kind=Kind.LIVE, run=query_depth, planted=ProbeRoute.GRAPHQL),
    Check(id=CheckId(f"{CONTROL}/server-caps"), kind=Kind.CONFIG, run=server_caps),
    reading.check(f"{CONTROL}/regex-backtracking"),
)
