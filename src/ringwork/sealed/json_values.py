"""JSON that came out of a sealed field: dict and list that can be read, copied and dumped, and not changed in place.

Against a change that is lost in silence: the database learns of a new value only when the field is assigned, so a change in place
raises and says so. `copy.deepcopy` and `dict(...)` give plain ones.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ringwork.errors import SealMisused


def frozen(value: Any) -> Any:
    """The same, with every dict and list in it made unchangeable."""
    if isinstance(value, dict):
        return FrozenDict({key: frozen(each) for key, each in value.items()})
    if isinstance(value, list):
        return FrozenList([frozen(each) for each in value])
    return value


def thawed(value: Any) -> Any:
    """A plain copy that may be changed."""
    if isinstance(value, dict):
        return {key: thawed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [thawed(each) for each in value]
    return value


def _refuse(*_given: object, **_named: object) -> NoReturn:
    raise SealMisused(
        "a sealed JSON value is not changed in place; assign a new one: row.field = {**row.field, ...}, or copy.deepcopy first"
    )


class FrozenDict(dict[str, Any]):
    """A dict that refuses every change."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return thawed(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return thawed, (dict(self),)


class FrozenList(list[Any]):
    """A list that refuses every change."""

    __slots__ = ()

    __setitem__ = __delitem__ = __iadd__ = __imul__ = append = clear = extend = insert = _refuse
    pop = remove = reverse = sort = _refuse

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return thawed(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return thawed, (list(self),)
