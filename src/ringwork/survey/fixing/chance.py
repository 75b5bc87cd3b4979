"""What a secret is made of: calls of `random` whose names say that a secret is made become calls of `secrets`.

Against tokens that follow from a few others (MT19937 shows its whole state after 624 outputs), and against an edit of a dice game.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ringwork.survey.fixing.edit import Edit, Fix, Left
from ringwork.survey.fixing.source import Call, Source, around
from ringwork.survey.syntax import text

_SECRET = re.compile(
    r"token|passw|passphrase|secret|otp|nonce|salt|session_?id|sessid|csrf|api_?key|reset|verif|invite|activation|\bpin\b|(\b|_)code\b|\bkey\b"
)
_DRAWN = frozenset({"choice", "choices", "randint", "randrange", "random", "sample", "shuffle", "uniform", "getrandbits", "randbytes"})
_ALONE = frozenset({"assignment", "argument_list", "return_statement", "expression_statement", "keyword_argument", "interpolation", "list"})


def tokens(source: Source) -> Iterator[Fix | Left]:
    """Each call of `random` that makes a secret, by the names around it."""
    drawn = [call for call in source.calls if call.name.startswith("random.") and call.name.removeprefix("random.") in _DRAWN]
    seeded = any(call.name == "random.seed" for call in source.calls)
    for call in drawn:
        if not _SECRET.search(around(call.node)):
            continue
        module = source.named("secrets")
        if seeded:
            yield Left(
                kind="weak-random",
                line=call.line,
                why="random is seeded here, so somebody repeats it; make secrets with secrets",
            )
        elif not module:
            yield Left(
                kind="weak-random",
                line=call.line,
                why="`secrets` means something else here; make it with the module secrets",
            )
        else:
            written = _written(call, module)
            needed = () if "secrets" in source.imported.values() else ("secrets",)
            edit = Edit(start=call.node.start_byte, end=call.node.end_byte, text=written.encode())
            yield Fix(kind="weak-random", line=call.line, said=written.splitlines()[0][:80], edits=(edit,), modules=needed)


def _written(call: Call, module: str) -> str:
    """The same draw, by the system's own chance."""
    name, given = call.name.removeprefix("random."), [text(one) for one in call.positions]
    if call.is_plain and not call.keywords:
        if name == "choice" and len(given) == 1:
            return f"{module}.choice({given[0]})"
        if name == "randrange" and len(given) == 1:
            return f"{module}.randbelow({given[0]})"
        bounds = [_number(one) for one in call.positions]
        if name in {"randint", "randrange"} and len(bounds) == 2 and bounds[0] is not None and bounds[1] is not None:
            count = bounds[1] - bounds[0] + (name == "randint")
            plus = f" + {bounds[0]}" if bounds[0] else ""
            if count > 0 and bounds[0] >= 0:
                drawn = f"{module}.randbelow({count}){plus}"
                return f"({drawn})" if plus and not _is_alone(call.node) else drawn
    return f"{module}.SystemRandom().{name}{text(call.arguments)}"


def _number(node: Node) -> int | None:
    return int(text(node).replace("_", "")) if node.type == "integer" and text(node).replace("_", "").isdecimal() else None


def _is_alone(node: Node) -> bool:
    return node.parent is not None and node.parent.type in _ALONE
