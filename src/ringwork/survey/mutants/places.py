"""The lines of a file that refuse somebody, each with the edit that takes it out.

Against tests that go through a check and would not miss it: a decorator of access, a condition behind which somebody is turned away, a call
that verifies, a list of permissions. An edit is bytes of its own; the file reads whole after it, or it is not made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from ringwork.survey.syntax import File, text, walk

_DECORATOR = re.compile(
    r"(?:^|_)(?:login|logged_in|auth\w*|permissions?|roles?|scopes?|jwt|token|staff_member|superuser|admin|passes_test|csrf\w*|signed|signature|"
    r"owner|verified|otp|mfa|two_factor|rate_?limit\w*|limit|throttle|requires?|required|protected|private|internal)(?:_|$)|^requires?"
)
_NO_DECORATOR = re.compile(r"exempt|allow_any|optional|anonymous|public|register|handler|loader|error|fixture|not_required")
_RAISED = re.compile(
    r"Permission|Forbidden|Unauthori[sz]ed|NotAuthori[sz]ed|Denied|Refused|Csrf|CSRF|Suspicious|NotAuthenticated|AuthenticationFailed|AuthError|"
    r"Http404|HTTPNotFound|(?:Invalid|Bad|Wrong|Expired)\w*(?:Token|Signature|Password|Credential|Code|Session)|\b40[134]\b|HTTP_40[134]_"
)
_RETURNED = re.compile(r"\b40[13]\b|HTTP_40[13]_|Forbidden|Unauthori[sz]ed")
_LOGIN = re.compile(r"(?<![A-Za-z])(?:login|log_in|sign_?in)(?![A-Za-z]|_user|_required)")
_SENT = re.compile(r"\.method\s*(?:==|in\b)|\.validate_on_submit\(|\.is_valid\(")
"""How a view asks whether a form was sent; with `not` or `!=` beside it, the condition is about somebody."""
_NEGATED = re.compile(r"\bnot\b|!=|\bis None\b")
_WORDS_BEFORE = 2
"""Statements before somebody is sent to the login: a flash, and where he wanted to go."""
_SHOWN = 60
_LONGEST_TEXT, _SHORT_NUMBER = 13, 3
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_ABORT = re.compile(r"^(?:\w+\.)?abort\(\s*(?:http\.HTTPStatus\.|HTTPStatus\.)?(?:40[134]|FORBIDDEN|UNAUTHORIZED|NOT_FOUND)\b")
_JUDGES = re.compile(r"^_*(?:is|has|can|may|check|verify|valid|validate|allow|allows|authori[sz]e|authenticate)(?:_|$)")
_VERIFIES = re.compile(
    r"^_*(?:verify|authori[sz]e|require|ensure|enforce)(?:_\w+)?$|"
    r"^_*(?:check|assert|validate)_\w*(?:permission|access|auth|token|signature|owner|role|csrf|scope|login|password|object)"
)
_ANSWERS = re.compile(
    r"^(?:compare_digest|constant_time_compare|check_password|check_password_hash|has_perms?|has_permission|has_object_permission)$|"
    r"^_*(?:verify|valid|is_valid|check)_\w*(?:password|signature|token|hmac|digest|code)$"
)
_MIXIN = re.compile(r"(?:Login|Permission|UserPassesTest|Access|Staff|Superuser|Auth\w*)\w*Mixin$")
_LISTS = frozenset({"permission_classes", "authentication_classes", "throttle_classes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One thing to take out. begin, end: bytes that become `new`. line: where it stands. said: what it is, in a few words.

    reached: first and last of the lines of which a test that it protects runs one.
    """

    begin: int
    end: int
    new: bytes
    line: int
    reached: tuple[int, int]
    said: str


def of(file: File) -> Iterator[Place]:
    """All of a file, in its order; none of one that does not read whole."""
    if not file.is_whole:
        return
    done = 0  # conditions hold calls, and what is taken out whole is not taken out in parts
    for node in walk(file.root):
        for place in _at(node, file.data):
            if place.begin >= done and _reads(file.data, place):
                yield place
                done = max(done, place.end)


def mutated(data: bytes, place: Place) -> bytes:
    """The file without it."""
    return data[: place.begin] + place.new + data[place.end :]


def _reads(data: bytes, place: Place) -> bool:
    return File(mutated(data, place)).is_whole


def _at(node: Node, data: bytes) -> Iterator[Place]:
    if node.type == "decorator":
        yield from _decorator(node, data)
    elif node.type in {"if_statement", "elif_clause"}:
        yield from _condition(node)
    elif node.type == "expression_statement":
        yield from _statement(node)
    elif node.type == "call":
        yield from _answer(node)
    elif node.type in {"keyword_argument", "assignment"}:
        yield from _list(node)
    elif node.type == "class_definition":
        yield from _mixins(node, data)


def _place(node: Node, new: str, said: str, *, within: Node | None = None) -> Place:
    """within: what runs where it matters; the statement that it is part of, where none is given."""
    return Place(
        begin=node.start_byte,
        end=node.end_byte,
        new=new.encode(),
        line=node.start_point.row + 1,
        reached=_lines(within) if within is not None else (_statement_line(node), node.start_point.row + 1),
        said=said,
    )


def _lines(node: Node) -> tuple[int, int]:
    return node.start_point.row + 1, node.end_point.row + 1


def _statement_line(node: Node) -> int:
    up = node
    while up.parent is not None and up.parent.type not in {"block", "module"}:
        if up.type == "elif_clause":  # a line of its own
            break
        up = up.parent
    return up.start_point.row + 1


def _around(node: Node, kind: str) -> Node:
    """The nearest node of a kind around a node, the whole file where none is."""
    up = node
    while up.parent is not None and up.type != kind:
        up = up.parent
    return up


def _called(node: Node | None) -> str:
    """The last name of what is called, or named."""
    if node is not None and node.type == "call":
        node = node.child_by_field_name("function")
    return text(node).rpartition(".")[2]


def _decorator(node: Node, data: bytes) -> Iterator[Place]:
    named = next((child for child in node.named_children if child.type != "comment"), None)
    name, outer = _called(named), node.parent
    if not _DECORATOR.search(name) or _NO_DECORATOR.search(text(named).partition("(")[0]) or outer is None:
        return
    body = outer.child_by_field_name("definition")
    block = body.child_by_field_name("body") if body is not None else None
    end = data.find(b"\n", node.end_byte) + 1 or len(data)
    begin = data.rfind(b"\n", 0, node.start_byte) + 1
    line, said = node.start_point.row + 1, f"the decorator @{name}"
    yield Place(begin=begin, end=end, new=b"", line=line, reached=_lines(block if block is not None else outer), said=said)


def _condition(node: Node) -> Iterator[Place]:
    condition, block = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    if condition is None or block is None or not (_refuses(block) or _sends_away(block, text(condition))):
        return
    yield _place(condition, f"False and ({text(condition)})", f"the refusal if {_shown(condition)}")


def _shown(condition: Node) -> str:
    """A condition in one short line. Against a secret that somebody is compared with: of texts only short names are shown."""
    data, at, kept = condition.text or b"", 0, b""
    for node in walk(condition):
        begin, end = node.start_byte - condition.start_byte, node.end_byte - condition.start_byte
        if begin >= at and node.type in {"string", "concatenated_string", "integer"} and _may_be_secret(node):
            kept, at = kept + data[at:begin] + b'"..."', end
    words = " ".join((kept + data[at:]).decode(errors="replace").split())
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}..."


def _may_be_secret(node: Node) -> bool:
    """Whether a literal is what something is compared with, or too long for a name."""
    up = node.parent
    while up is not None and up.type in {"list", "tuple", "set", "parenthesized_expression", "concatenated_string"}:
        up = up.parent
    is_compared = up is not None and up.type == "comparison_operator" and text(node).strip("'\"") not in _METHODS
    return len(text(node)) > _LONGEST_TEXT or (is_compared and (node.type != "integer" or len(text(node)) > _SHORT_NUMBER))


def _refuses(block: Node) -> bool:
    """Whether a block ends by turning somebody away."""
    last = next((child for child in reversed(block.named_children) if child.type != "comment"), None)
    if last is None:
        return False
    words = text(last)
    if last.type == "raise_statement":
        return bool(_RAISED.search(words))
    if last.type == "return_statement":
        return bool(_RETURNED.search(words)) or (words.split() == ["return", "False"] and bool(_JUDGES.search(_function(block))))
    return last.type == "expression_statement" and bool(_ABORT.search(words))


def _sends_away(block: Node, condition: str) -> bool:
    """Whether a block sends somebody to the login at once. Who did something before, as signing up, was not turned away."""
    steps = [child for child in block.named_children if child.type != "comment"]
    is_login = bool(steps) and steps[-1].type == "return_statement" and bool(_LOGIN.search(text(steps[-1])))
    is_form = _SENT.search(condition) is not None and _NEGATED.search(condition) is None
    return is_login and len(steps) <= _WORDS_BEFORE + 1 and not is_form


def _function(node: Node) -> str:
    """The name of the function around a node."""
    return text(_around(node, "function_definition").child_by_field_name("name"))


def _statement(node: Node) -> Iterator[Place]:
    inner = node.named_children[0] if len(node.named_children) == 1 else None
    if inner is not None and inner.type == "await":
        inner = inner.named_children[0] if inner.named_children else None
    if inner is not None and inner.type == "call" and _VERIFIES.search(_called(inner)):
        yield _place(node, "pass", f"the call of {_called(inner)}")


def _answer(node: Node) -> Iterator[Place]:
    above = node.parent
    if above is not None and above.type not in {"expression_statement", "await", "decorator"} and _ANSWERS.search(_called(node)):
        yield _place(node, "True", f"the answer of {_called(node)}")


def _list(node: Node) -> Iterator[Place]:
    is_keyword = node.type == "keyword_argument"
    name = text(node.child_by_field_name("name" if is_keyword else "left"))
    value = node.child_by_field_name("value" if is_keyword else "right")
    if value is None or value.type not in {"list", "tuple"} or not value.named_children:
        return
    if not is_keyword and name in _LISTS:
        yield _place(value, "[]", name, within=_around(node, "class_definition"))
    elif is_keyword and name == "dependencies" and all(_called(one) in {"Depends", "Security"} for one in value.named_children):
        yield _place(value, "[]", "dependencies of routes", within=_around(node, "module"))


def _mixins(node: Node, data: bytes) -> Iterator[Place]:
    bases = node.child_by_field_name("superclasses")
    for one in bases.named_children if bases is not None else ():
        if _MIXIN.search(text(one)):
            end = one.end_byte
            while data[end : end + 1] in {b",", b" "}:
                end += 1
            line, said = one.start_point.row + 1, f"the class {_called(one)}"
            yield Place(begin=one.start_byte, end=end, new=b"", line=line, reached=_lines(node), said=said)
