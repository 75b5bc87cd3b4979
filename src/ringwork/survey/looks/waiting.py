"""Calls to other servers that wait for ever, or are tried for ever, while a request waits for them.

Against a partner that answers nothing and so takes all workers with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, argument, calls
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_UNLIMITED = {
    **{f"requests.{verb}": None for verb in _VERBS},
    "urllib.request.urlopen": 2,
}
"""Calls without a bound of their own, and the place of the argument that gives one."""
_BOUNDED = frozenset({*(f"{name}.{verb}" for name in ("httpx", "httpx2") for verb in _VERBS), "httpx.Client", "httpx.AsyncClient"})
"""Calls whose default is a bound, which None takes away."""
_RETRIES = frozenset({"tenacity.retry", "backoff.on_exception", "backoff.on_predicate"})
_ENDS = frozenset({"stop", "max_tries", "max_time"})


def look(seen: Seen) -> Iterator[Flow]:
    """Calls of one module that wait, in handlers; and functions that are repeated for ever."""
    for function, scope in seen.of(ir.Function):
        inner = Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)
        if seen.handler(inner):
            yield from _waits(seen, inner, function)
        yield from _repeated(seen, inner, function)


def _waits(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    for call in calls(function.body):
        name = seen.name(call.function)
        if any(not keyword for keyword, _ in call.keywords):
            continue
        given = argument(call, "timeout", _UNLIMITED.get(name))
        is_none = isinstance(given, ir.Constant) and given.value is None
        if (name in _UNLIMITED and (given is None or is_none)) or (name in _BOUNDED and is_none):
            detail = f"{function.name} answers a request, and waits for another server without an end; give timeout=."
            yield seen.flow("no-timeout", call.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="waits without an end")


def _repeated(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    """A decorator that tries again for ever is sure where the function calls out by itself."""
    for decorator in function.decorators:
        call = decorator.function if isinstance(decorator, ir.Call) else decorator
        name = seen.name(call)
        given = {keyword for keyword, _ in decorator.keywords} if isinstance(decorator, ir.Call) else set[str]()
        if name in _RETRIES and not given & _ENDS and "" not in given:
            calls_out = any(
                seen.name(part.function) in {*_UNLIMITED, *_BOUNDED} for part in walk(function.body) if isinstance(part, ir.Call)
            )
            detail = f"{function.name} is tried again for ever ({name}); give it an end (stop=, max_tries=)."
            strength = STRONG if calls_out else WEAK
            yield seen.flow("no-timeout", decorator.at, strength=strength, sink=name, detail=detail, scope=scope, said="tried for ever")
