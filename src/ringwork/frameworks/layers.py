"""Whether ringwork's layers still stand where `protect` put them, looked at when the application starts.

Against a layer that is taken out, wrapped or moved by code that runs after `protect`: each fault names the layer and what stands
in its place. A layer that hides what it wraps ends the look; what no decision was made for is then still refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_OUTSIDE = "stands outside ringwork's outer layer"
_ADVICE = "call protect() after it, or name it in fail_closed.allowed_outside"


def chain(application: Any) -> Iterator[Any]:
    """The layers from the outermost inward, as far as each names the next as `app` or `wsgi_app`."""
    seen: set[int] = set()
    while application is not None and id(application) not in seen:
        seen.add(id(application))
        yield application
        inside = vars(application) if hasattr(application, "__dict__") else {}
        application = inside.get("app") or inside.get("wsgi_app") or _slotted(application)


def _slotted(application: Any) -> Any:
    return getattr(application, "app", None) if "app" in getattr(type(application), "__slots__", ()) else None


def of_asgi(stack: Any, router: Any, *, outer: type, gate: type) -> tuple[str, ...]:
    """Faults of an ASGI application's built stack; none while nobody has built it."""
    if stack is None:
        return ()
    last = list(chain(stack))[-1]
    stands = isinstance(last, gate) and getattr(last, "router", None) is router
    gone = not stands and isinstance(last, gate | type(router))
    return (*outside(stack, outer), *(["ringwork's gate is gone; nothing asks for a rule before the router"] if gone else ()))


def of_wsgi(application: Any, dispatch: Any, *, outer: type, gate: type) -> tuple[str, ...]:
    """Faults of a WSGI application, and of what it dispatches by."""
    gone = [] if isinstance(dispatch, gate) else [f"ringwork's gate is gone; {name_of(dispatch)} dispatches in its place"]
    return (*outside(application, outer), *gone)


def outside(stack: Any, outer: type) -> list[str]:
    """What stands round the outer layer, or that there is none."""
    found = list(chain(stack))
    place = next((i for i, layer in enumerate(found) if isinstance(layer, outer)), None)
    if place is None:
        return [f"ringwork's outer layer is gone; {name_of(stack)} stands where protect() had put it"]
    return [f"{name_of(layer)} {_OUTSIDE}; {_ADVICE}" for layer in found[:place]]


def name_of(layer: Any) -> str:
    """The dotted name of a layer's class, or of the function that it is."""
    named = layer if hasattr(layer, "__qualname__") else type(layer)
    return f"{named.__module__}.{named.__qualname__}"
