"""How an index is called that nobody knows the value of: by the way it is written, and by when its variables were given their values.

Against `if words[place] in KINDS:` taken for a check of `words[other]`, or of `words[place]` after place was changed.
"""

from __future__ import annotations

from ringwork.survey.taint import ir
from ringwork.survey.taint.frames import Frame

_STEADY = frozenset({"len", "int", "str", "min", "max", "abs"})
"""Functions that give the same for the same."""


def spelled(frame: Frame, node: ir.Expression | None) -> str:
    """The name of an index here; of one that need not be the same when it is asked again, one of its own."""
    if isinstance(node, ir.Name) and (node.id in frame.globals or node.id not in frame.state.names):
        return f"@{node.at}"  # a name of the module, to which any function may give another value
    if isinstance(node, ir.Name):
        return f"{node.id}~{frame.turns.setdefault(node.id, 0)}"
    if isinstance(node, ir.Attribute):
        return f"{spelled(frame, node.of)}.{node.name}"
    if isinstance(node, ir.Constant):
        return repr(node.value)
    if isinstance(node, ir.Binary):
        return f"({spelled(frame, node.left)}{node.operator}{spelled(frame, node.right)})"
    if isinstance(node, ir.Unary):
        return f"{node.operator}{spelled(frame, node.value)}"
    if isinstance(node, ir.Call) and isinstance(node.function, ir.Name) and node.function.id in _STEADY and not node.keywords:
        return f"{node.function.id}({','.join(spelled(frame, one) for one in node.arguments)})"
    return f"@{node.at}" if node is not None else ""


def turned(frame: Frame, name: str) -> None:
    """A variable was given a value: an index that is written with it is another one from here on."""
    if name in frame.turns:
        frame.turns[name] += 1
