"""What an application keeps under a name: `app["db"]`, `app.state.http`, `current_app.store`; what it is, not what is in it.

Against a client or a connection that nobody knows where it is used, because it was made in another function, when the server began.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.taint import ir, uses
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import Unit
from ringwork.survey.taint.values import Value
from ringwork.survey.taint.walk import names, walk

MAPPINGS = frozenset({"aiohttp.web.Application"})
"""Types of applications that are mappings of what they keep."""
HOLDERS = frozenset({"flask.Flask", "quart.Quart", "starlette.datastructures.State"})
"""Types that keep it as attributes of their own."""
_CALLED = frozenset({"app", "application", "current_app"})


def kept(run: Run, name: str) -> Value | None:
    """What the project puts there under this name when it begins; None where nobody sees what that is."""
    if not name.isidentifier():
        return None
    if name not in run.of_application:
        run.of_application[name], _ = run.project.noting(lambda: next(_assigned(run, name), None))
    run.project.giving(name)  # whichever module begins to put something there changes what is read here
    found = run.of_application[name]
    value = run.first_value(found[0], f"@application:{name}", found[1]) if found is not None else None
    return value if value is not None and value.type else None


def _assigned(run: Run, name: str) -> Iterator[tuple[Unit, ir.Expression]]:
    """Calls whose result is put there, in the order of modules."""
    for module in sorted(run.project.giving(name)):  # most names of an application are never given a value anywhere
        unit = run.project.unit(module)
        if unit is None or uses.is_outside(unit.file):
            continue
        made: dict[str, ir.Expression] = {}
        for part in walk(unit.module.body):
            if isinstance(part, ir.With):
                made.update({target.id: manager for manager, target in part.items if isinstance(target, ir.Name)})
            elif isinstance(part, ir.Assign):
                value = part.value.value if isinstance(part.value, ir.Await) else part.value
                value = made.get(value.id, value) if isinstance(value, ir.Name) else value
                for target in part.targets:
                    if isinstance(target, ir.Name):
                        made[target.id] = value
                    elif isinstance(value, ir.Call) and _is_place(target, name):
                        yield unit, value


def _is_place(target: ir.Expression, name: str) -> bool:
    if isinstance(target, ir.Attribute):
        is_named = target.name == name
    else:
        is_named = isinstance(target, ir.Item) and isinstance(target.key, ir.Constant) and target.key.value == name
    return is_named and isinstance(target, ir.Attribute | ir.Item) and not _CALLED.isdisjoint(names(target.of))
