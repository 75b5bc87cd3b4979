"""Who answers for a finding: the project's `[tool.ringwork.prove.owners]`, by route, control or layer.

Against a finding that is nobody's: the nearest name wins, a longer beginning of a route before a shorter one, a route before a control.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_ROUTE = re.compile(r"(?:(?P<method>[A-Z,]+) )?(?P<path>/.*)")
ADVICE = 'write a route\'s beginning ("/admin", "POST /admin") or a control ("browser.csrf", "browser"), and who answers for it'


def owner_of(control: str, where: str, owners: Mapping[str, str]) -> str:
    """The owner of a finding of this control at this place; "" where nobody is named."""
    routes = [key for key in owners if _is_below(where, key)]
    if routes:
        # The longest path is the nearest; with a method it is nearer still.
        return owners[max(routes, key=lambda key: (len(key[key.index("/") :]), len(key)))]
    return owners.get(control) or owners.get(control.partition(".")[0], "")


def _is_below(where: str, key: str) -> bool:
    wanted, found = _ROUTE.fullmatch(key), _ROUTE.fullmatch(where)
    if wanted is None or found is None:
        return False
    beginning = wanted["path"].rstrip("/")
    # "/admin" is not the beginning of "/administrators".
    inside = found["path"] == (beginning or "/") or found["path"].startswith(f"{beginning}/")
    return inside and (wanted["method"] is None or wanted["method"] in (found["method"] or "").split(","))


def faults(owners: Mapping[str, object], known: Collection[str]) -> list[str]:
    """What is wrong with the table. known: controls and layers."""
    wrong = [f"owners.{key!r} is no route, control or layer" for key in owners if key not in known and not _ROUTE.fullmatch(key)]
    return wrong + [f"owners.{key!r} names nobody" for key, name in owners.items() if not isinstance(name, str) or not name.strip()]
