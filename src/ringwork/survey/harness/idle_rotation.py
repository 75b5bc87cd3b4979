"""A rotation that says that it is done and changes nothing, put into a copy so that a proof can be seen to fail."""

from __future__ import annotations

import sys
from typing import Any

from ringwork.survey.harness import key_lists


def replace() -> None:
    """Let every rotation in this process change nothing."""
    for name in ("lead", "both", "only_new"):
        setattr(key_lists.Setting, name, _nothing)
    life: Any = sys.modules.get("ringwork.keys.lifecycle")
    rotation: Any = sys.modules.get("ringwork.keys.rotation")
    if life is not None:
        life.Lifecycle.activate = _nothing
    if rotation is not None:
        rotation.Rotation.run = _nothing


def _nothing(*_: Any, **__: Any) -> None:
    """As a method that was never written."""
