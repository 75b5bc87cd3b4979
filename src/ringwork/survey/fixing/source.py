"""A file as edits see it: calls by the dotted name of what they call, their arguments, and where an import can be put.

Against an edit of something that only looks the same: a name counts only where an import binds it, and nothing else in the file does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from ringwork.survey.fixing.edit import Edit
from ringwork.survey.syntax import File, text, walk

_BINDING = frozenset({"parameters", "lambda_parameters"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """node: the call. name: dotted, of what is called, "" where no import says. positions, keywords: its arguments' values.

    is_plain: whether nothing is unpacked into it.
    """

    node: Node
    function: Node
    name: str
    positions: tuple[Node, ...]
    keywords: Mapping[str, Node]
    is_plain: bool

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return self.node.start_point.row + 1

    @property
    def method(self) -> str:
        """The last part of what is called, whatever it is called on; "" for a call of a call."""
        last = self.function.child_by_field_name("attribute") if self.function.type == "attribute" else self.function
        return text(last) if last is not None and last.type == "identifier" else ""

    @property
    def arguments(self) -> Node:
        """The list in its parentheses."""
        found = self.node.child_by_field_name("arguments")
        return found if found is not None else self.node


class Source:
    """One file."""

    def __init__(self, file: File) -> None:
        """file: read already."""
        self.file = file
        self.data = file.data

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """Local name to dotted name, for names that imports alone bind, each in one way."""
        found, doubtful = dict[str, str](), set[str]()
        for node in walk(self.file.root):
            for name, dotted in _imports(node):
                if found.setdefault(name, dotted) != dotted:
                    doubtful.add(name)
            doubtful.update(_bound(node))
        return {name: dotted for name, dotted in found.items() if name not in doubtful}

    @cached_property
    def modules(self) -> frozenset[str]:
        """The first parts of all modules that are imported, anywhere in the file."""
        return frozenset(dotted.partition(".")[0] for node in walk(self.file.root) for _, dotted in _imports(node))

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names that something other than an import binds."""
        return frozenset(name for node in walk(self.file.root) for name in _bound(node))

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """All calls, in the order of the text."""
        return tuple(self._call(node) for node in walk(self.file.root) if node.type == "call" and not node.has_error)

    def _call(self, node: Node) -> Call:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        positions, keywords, is_plain = list[Node](), dict[str, Node](), True
        for one in arguments.named_children if arguments is not None else ():
            if one.type == "keyword_argument":
                value = one.child_by_field_name("value")
                if value is not None:
                    keywords[text(one.child_by_field_name("name"))] = value
            elif one.type in {"list_splat", "dictionary_splat", "generator_expression"}:
                is_plain = False
            elif one.type != "comment":
                positions.append(one)
        is_plain = is_plain and arguments is not None and arguments.type == "argument_list"
        function = function if function is not None else node
        return Call(
            node=node, function=function, name=self.dotted(function), positions=tuple(positions), keywords=keywords, is_plain=is_plain
        )

    def dotted(self, node: Node) -> str:
        """The dotted name of a name or a chain of attributes, by the file's imports; "" where they do not tell."""
        parts = list[str]()
        while node.type == "attribute":
            of = node.child_by_field_name("object")
            parts.append(text(node.child_by_field_name("attribute")))
            if of is None:
                return ""
            node = of
        if node.type != "identifier":
            return ""
        first = self.imported.get(text(node), "")
        return ".".join([first, *reversed(parts)]) if first else ""

    def named(self, module: str) -> str:
        """How a module is written in this file: the name it is imported under; the module's own, where an import has to be added.

        "" where that name means something else here.
        """
        local = next((name for name, dotted in self.imported.items() if dotted == module), "")
        return local or ("" if module in self.bound or module in self.imported else module)

    def importing(self, module: str) -> Edit:
        """An edit that imports a module: among the plain imports at the top, in their order."""
        end = b"\r\n" if b"\r\n" in self.data else b"\n"
        line = b"import " + module.encode() + end
        plain, others, after = list[Node](), list[Node](), 0
        for node in self.file.root.children:
            if node.type == "import_statement":
                plain.append(node)
            elif node.type == "import_from_statement":
                others.append(node)
            elif node.type in {"future_import_statement", "comment"} or _is_docstring(node):
                after = self._below(node) if not plain and not others else after
            else:
                break
        before = [node for node in plain if text(node).removeprefix("import ").split()[0].rstrip(",") < module]
        if before:
            at = self._below(before[-1])
            return Edit(start=at, end=at, text=line if at == 0 or self.data[at - 1 : at] == b"\n" else end + line)
        if plain or others:
            first = (plain or others)[0].start_byte
            return Edit(start=first, end=first, text=line)
        blank = end if after and self.data[after : after + 1] not in {b"\n", b"\r"} else b""
        return Edit(start=after, end=after, text=(end + line if after and not blank else line) + blank)

    def _below(self, node: Node) -> int:
        """Where the line after a statement begins."""
        at = self.data.find(b"\n", node.end_byte)
        return at + 1 if at >= 0 else len(self.data)


def _imports(node: Node) -> Iterator[tuple[str, str]]:
    """Local name and dotted name of what an import binds."""
    if node.type not in {"import_statement", "import_from_statement"}:
        return
    module = text(node.child_by_field_name("module_name")) if node.type == "import_from_statement" else ""
    for one in node.children_by_field_name("name"):
        name, alias = one, ""
        if one.type == "aliased_import":
            inner = one.child_by_field_name("name")
            name, alias = inner if inner is not None else one, text(one.child_by_field_name("alias"))
        if module:
            yield alias or text(name), f"{module}.{text(name)}"
        elif alias:
            yield alias, text(name)
        else:
            first = text(name).partition(".")[0]
            yield first, first


def _bound(node: Node) -> Iterator[str]:
    """Names that a node binds, other than by importing."""
    if node.type in {"function_definition", "class_definition"}:
        yield text(node.child_by_field_name("name"))
    elif node.type in {"assignment", "augmented_assignment", "for_statement", "for_in_clause"}:
        left = node.child_by_field_name("left")
        yield from _names(left)
    elif node.type == "named_expression":
        yield text(node.child_by_field_name("name"))
    elif node.type == "as_pattern_target":
        yield from _names(node)
    elif node.type in _BINDING:
        for one in node.named_children:
            inner = one.child_by_field_name("name") or (one if one.type == "identifier" else None)
            yield from _names(inner if inner is not None else one.named_children[0] if one.named_children else None)


def _names(node: Node | None) -> Iterator[str]:
    if node is None:
        return
    if node.type == "identifier":
        yield text(node)
    elif node.type not in {"attribute", "subscript"}:
        for one in node.named_children:
            yield from _names(one)


def _is_docstring(node: Node) -> bool:
    return node.type == "expression_statement" and len(node.named_children) == 1 and node.named_children[0].type == "string"


def enclosing(node: Node) -> Iterator[Node]:
    """The nodes around a node, innermost first."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def around(node: Node) -> str:
    """The names that say what a value is for: of what it is assigned or given to, and of the functions around it; lower case."""
    names = list[str]()
    inner = node
    for above in enclosing(node):
        if above.type in {"assignment", "keyword_argument", "pair"}:
            key = above.child_by_field_name("left") or above.child_by_field_name("name") or above.child_by_field_name("key")
            names.append(text(key) if key is not None and key.id != inner.id else "")
        elif above.type == "function_definition":
            names.append(text(above.child_by_field_name("name")))
        elif above.type == "class_definition":
            break
        inner = above
    return " ".join(names).lower()


def without(source: Source, call: Call, keyword: str) -> Edit | None:
    """An edit that takes a keyword argument out of a call, with its comma; None where a comment stands in the way."""
    given = [one for one in call.arguments.named_children if one.type != "comment"]
    at = next((i for i, one in enumerate(given) if one.type == "keyword_argument" and text(one.child_by_field_name("name")) == keyword), -1)
    if at < 0:
        return None
    if at:
        start, end = given[at - 1].end_byte, given[at].end_byte
    elif len(given) > 1:
        start, end = given[0].start_byte, given[1].start_byte
    else:
        start, end = given[0].start_byte, given[0].end_byte
    return None if b"#" in source.data[start:end] else Edit(start=start, end=end, text=b"")


def adding(source: Source, call: Call, written: str) -> Edit:
    """An edit that adds an argument at the end of a call, in the form that its others have."""
    given = [one for one in call.arguments.named_children if one.type != "comment"]
    if not given:
        at = call.arguments.start_byte + 1
        return Edit(start=at, end=at, text=written.encode())
    last = given[-1]
    lead = b" "
    if len(given) > 1 and given[-2].end_point.row != last.start_point.row:
        line = source.data.rfind(b"\n", 0, last.start_byte) + 1
        begin = source.data[line : last.start_byte]
        lead = (b"\r\n" if source.data[line - 2 : line] == b"\r\n" else b"\n") + begin if not begin.strip() else lead
    return Edit(start=last.end_byte, end=last.end_byte, text=b"," + lead + written.encode())
