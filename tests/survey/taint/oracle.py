"""The interpreter's own parser, lowered into the same form: what the differential test compares the front end with.

A place that `ast` does not know, or tells wrongly before 3.12 (inside formatted strings), is NOWHERE and fits any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from ringwork.survey.taint import ir

NOWHERE = -1

SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.Not: "not", ast.USub: "-", ast.UAdd: "+",
    ast.Invert: "~", ast.And: "and", ast.Or: "or", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip


def lowered(text: str) -> ir.Block:
    """The statements of a text that this interpreter reads. Raises SyntaxError for one that it does not."""
    return _Oracle(text).block(ast.parse(text).body)


class _Oracle:
    def __init__(self, text: str) -> None:
        self.lines = text.encode().split(b"\n")
        self.is_formatted = False

    def at(self, node: Any) -> int:
        """Columns of `ast` are bytes of UTF-8, ours characters."""
        if self.is_formatted:
            return NOWHERE
        return ir.position(node.lineno, len(self.lines[node.lineno - 1][: node.col_offset].decode(errors="replace")))

    # -- expressions

    def of(self, node: Any) -> Any:
        return getattr(self, f"_{type(node).__name__.lower()}")(node)

    def each(self, nodes: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(self.of(node) for node in nodes)

    def maybe(self, node: Any) -> Any:
        return None if node is None else self.of(node)

    def _constant(self, node: ast.Constant) -> Any:
        if node.value is Ellipsis:
            return ir.Name(self.at(node), "Ellipsis")
        return ir.Constant(self.at(node), node.value)

    def _name(self, node: ast.Name) -> Any:
        return ir.Name(self.at(node), node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        return ir.Attribute(self.at(node), self.of(node.value), node.attr)

    def _subscript(self, node: ast.Subscript) -> Any:
        return ir.Item(self.at(node), self.of(node.value), self.of(node.slice))

    def _slice(self, node: ast.Slice) -> Any:
        return ir.Slice(self.at(node), self.maybe(node.lower), self.maybe(node.upper), self.maybe(node.step))

    def _call(self, node: ast.Call) -> Any:
        return ir.Call(self.at(node), self.of(node.func), self.each(node.args), self.keywords(node.keywords))

    def keywords(self, nodes: list[ast.keyword]) -> tuple[tuple[str, Any], ...]:
        return tuple((node.arg or "", self.of(node.value)) for node in nodes)

    def _binop(self, node: ast.BinOp) -> Any:
        return ir.Binary(self.at(node), SIGNS[type(node.op)], self.of(node.left), self.of(node.right))

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        return ir.Unary(self.at(node), SIGNS[type(node.op)], self.of(node.operand))

    def _boolop(self, node: ast.BoolOp) -> Any:
        return ir.Logic(self.at(node), SIGNS[type(node.op)], self.each(node.values))

    def _compare(self, node: ast.Compare) -> Any:
        return ir.Compare(self.at(node), self.of(node.left), tuple(SIGNS[type(op)] for op in node.ops), self.each(node.comparators))

    def _ifexp(self, node: ast.IfExp) -> Any:
        return ir.Choice(self.at(node), self.of(node.test), self.of(node.body), self.of(node.orelse))

    def _joinedstr(self, node: ast.JoinedStr) -> Any:
        at = self.at(node)
        outside, self.is_formatted = self.is_formatted, True
        parts = self.each(node.values)
        self.is_formatted = outside
        if not any(isinstance(part, ir.Format) for part in parts) and not outside:
            return ir.Constant(at, "".join(part.value for part in parts))
        return ir.Text(at, parts, is_template=False)

    def _formattedvalue(self, node: ast.FormattedValue) -> Any:
        conversion = "" if node.conversion == -1 else chr(node.conversion)
        return ir.Format(NOWHERE, self.of(node.value), conversion, self.maybe(node.format_spec))

    def _list(self, node: ast.List) -> Any:
        return ir.Sequence(self.at(node), "list", self.each(node.elts))

    def _tuple(self, node: ast.Tuple) -> Any:
        return ir.Sequence(self.at(node), "tuple", self.each(node.elts))

    def _set(self, node: ast.Set) -> Any:
        return ir.Sequence(self.at(node), "set", self.each(node.elts))

    def _dict(self, node: ast.Dict) -> Any:
        return ir.Mapping(self.at(node), tuple((self.maybe(k), self.of(v)) for k, v in zip(node.keys, node.values, strict=True)))

    def comprehension(self, node: Any, kind: str, element: Any, value: Any = None) -> Any:
        loops = tuple(
            ir.Loop(self.of(g.target), self.of(g.iter), self.each(g.ifs), bool(g.is_async)) for g in node.generators
        )  # fmt: skip
        return ir.Comprehension(self.at(node), kind, self.of(element), self.maybe(value), loops)

    def _listcomp(self, node: ast.ListComp) -> Any:
        return self.comprehension(node, "list", node.elt)

    def _setcomp(self, node: ast.SetComp) -> Any:
        return self.comprehension(node, "set", node.elt)

    def _generatorexp(self, node: ast.GeneratorExp) -> Any:
        return self.comprehension(node, "generator", node.elt)

    def _dictcomp(self, node: ast.DictComp) -> Any:
        return self.comprehension(node, "dict", node.key, node.value)

    def _lambda(self, node: ast.Lambda) -> Any:
        return ir.Lambda(self.at(node), self.parameters(node.args), self.of(node.body))

    def _await(self, node: ast.Await) -> Any:
        return ir.Await(self.at(node), self.of(node.value))

    def _yield(self, node: ast.Yield) -> Any:
        return ir.Yield(self.at(node), self.maybe(node.value), is_from=False)

    def _yieldfrom(self, node: ast.YieldFrom) -> Any:
        return ir.Yield(self.at(node), self.of(node.value), is_from=True)

    def _starred(self, node: ast.Starred) -> Any:
        return ir.Starred(self.at(node), self.of(node.value))

    def _namedexpr(self, node: ast.NamedExpr) -> Any:
        return ir.Walrus(self.at(node), node.target.id, self.of(node.value))

    def parameters(self, node: ast.arguments) -> tuple[ir.Parameter, ...]:
        found = []
        plain = [*((a, "positional") for a in node.posonlyargs), *((a, "any") for a in node.args)]
        defaults = [None] * (len(plain) - len(node.defaults)) + list(node.defaults)
        found += [self.parameter(a, kind, default) for (a, kind), default in zip(plain, defaults, strict=True)]
        if node.vararg:
            found.append(self.parameter(node.vararg, "args", None))
        found += [self.parameter(a, "keyword", default) for a, default in zip(node.kwonlyargs, node.kw_defaults, strict=True)]
        if node.kwarg:
            found.append(self.parameter(node.kwarg, "kwargs", None))
        return tuple(found)

    def parameter(self, node: ast.arg, kind: str, default: Any) -> ir.Parameter:
        return ir.Parameter(self.at(node), node.arg, kind, self.maybe(node.annotation), self.maybe(default))

    # -- patterns

    def _matchvalue(self, node: ast.MatchValue) -> Any:
        return ir.Matches(self.at(node), self.of(node.value))

    def _matchsingleton(self, node: ast.MatchSingleton) -> Any:
        return ir.Matches(self.at(node), ir.Constant(self.at(node), node.value))

    def _matchsequence(self, node: ast.MatchSequence) -> Any:
        return ir.Several(self.at(node), self.each(node.patterns))

    def _matchmapping(self, node: ast.MatchMapping) -> Any:
        return ir.Keyed(self.at(node), tuple(zip(self.each(node.keys), self.each(node.patterns), strict=True)), node.rest or "")

    def _matchclass(self, node: ast.MatchClass) -> Any:
        plain = [("", self.of(p)) for p in node.patterns]
        named = list(zip(node.kwd_attrs, self.each(node.kwd_patterns), strict=True))
        return ir.Instance(self.at(node), self.of(node.cls), (*plain, *named))

    def _matchstar(self, node: ast.MatchStar) -> Any:
        return ir.Rest(self.at(node), node.name or "")

    def _matchas(self, node: ast.MatchAs) -> Any:
        if node.pattern is None:
            return ir.Capture(self.at(node), node.name or "")
        return ir.Bound(self.at(node), self.of(node.pattern), node.name or "")

    def _matchor(self, node: ast.MatchOr) -> Any:
        return ir.Either(self.at(node), self.each(node.patterns))

    # -- statements

    def block(self, nodes: list[ast.stmt]) -> ir.Block:
        return tuple(self.of(node) for node in nodes if not isinstance(node, ast.Pass))

    def _expr(self, node: ast.Expr) -> Any:
        return ir.Evaluate(self.at(node), self.of(node.value))

    def _assign(self, node: ast.Assign) -> Any:
        return ir.Assign(self.at(node), self.each(node.targets), self.of(node.value))

    def _annassign(self, node: ast.AnnAssign) -> Any:
        return ir.Declare(self.at(node), self.of(node.target), self.of(node.annotation), self.maybe(node.value))

    def _augassign(self, node: ast.AugAssign) -> Any:
        return ir.Augment(self.at(node), self.of(node.target), SIGNS[type(node.op)], self.of(node.value))

    def _return(self, node: ast.Return) -> Any:
        return ir.Return(self.at(node), self.maybe(node.value))

    def _raise(self, node: ast.Raise) -> Any:
        return ir.Raise(self.at(node), self.maybe(node.exc), self.maybe(node.cause))

    def _assert(self, node: ast.Assert) -> Any:
        return ir.Assert(self.at(node), self.of(node.test), self.maybe(node.msg))

    def _delete(self, node: ast.Delete) -> Any:
        return ir.Delete(self.at(node), self.each(node.targets))

    def _break(self, node: ast.Break) -> Any:
        return ir.Jump(self.at(node), "break")

    def _continue(self, node: ast.Continue) -> Any:
        return ir.Jump(self.at(node), "continue")

    def _if(self, node: ast.If) -> Any:
        return ir.If(self.at(node), self.of(node.test), self.block(node.body), self.block(node.orelse))

    def _while(self, node: ast.While) -> Any:
        return ir.While(self.at(node), self.of(node.test), self.block(node.body), self.block(node.orelse))

    def _for(self, node: ast.For | ast.AsyncFor) -> Any:
        is_async = isinstance(node, ast.AsyncFor)
        return ir.For(self.at(node), self.of(node.target), self.of(node.iter), self.block(node.body), self.block(node.orelse), is_async)

    _asyncfor = _for

    def _try(self, node: Any) -> Any:
        is_group = type(node).__name__ == "TryStar"
        handlers = tuple(self.handler(handler, is_group=is_group) for handler in node.handlers)
        return ir.Try(self.at(node), self.block(node.body), handlers, self.block(node.orelse), self.block(node.finalbody))

    _trystar = _try

    def handler(self, node: ast.ExceptHandler, *, is_group: bool) -> ir.Handler:
        kinds = self.each(node.type.elts) if isinstance(node.type, ast.Tuple) else self.each([node.type] if node.type else [])
        return ir.Handler(self.at(node), kinds, node.name or "", self.block(node.body), is_group)

    def _with(self, node: ast.With | ast.AsyncWith) -> Any:
        items = tuple((self.of(item.context_expr), self.maybe(item.optional_vars)) for item in node.items)
        return ir.With(self.at(node), items, self.block(node.body), isinstance(node, ast.AsyncWith))

    _asyncwith = _with

    def _match(self, node: ast.Match) -> Any:
        return ir.Match(self.at(node), self.of(node.subject), tuple(self.case(case) for case in node.cases))

    def case(self, node: ast.match_case) -> ir.Case:
        return ir.Case(NOWHERE, self.of(node.pattern), self.maybe(node.guard), self.block(node.body))

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Any:
        return ir.Function(
            self.at(node), node.name, self.parameters(node.args), self.maybe(node.returns), self.each(node.decorator_list),
            self.block(node.body), isinstance(node, ast.AsyncFunctionDef), any(_yields(child) for child in node.body), node.end_lineno or 0,
        )  # fmt: skip

    _asyncfunctiondef = _functiondef

    def _classdef(self, node: ast.ClassDef) -> Any:
        return ir.Class(
            self.at(node), node.name, self.each(node.bases), self.keywords(node.keywords), self.each(node.decorator_list),
            self.block(node.body), node.end_lineno or 0,
        )  # fmt: skip

    def _import(self, node: ast.Import) -> Any:
        return ir.Import(self.at(node), tuple((alias.name, alias.asname or "") for alias in node.names))

    def _importfrom(self, node: ast.ImportFrom) -> Any:
        return ir.ImportFrom(self.at(node), node.level, node.module or "", tuple((a.name, a.asname or "") for a in node.names))

    def _global(self, node: ast.Global) -> Any:
        return ir.Scope(self.at(node), "global", tuple(node.names))

    def _nonlocal(self, node: ast.Nonlocal) -> Any:
        return ir.Scope(self.at(node), "nonlocal", tuple(node.names))

    def _typealias(self, node: Any) -> Any:
        return ir.Alias(self.at(node), node.name.id, self.of(node.value))


def _yields(node: ast.AST) -> bool:
    """Whether a statement of a function's body yields for this very function."""
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, ast.Lambda):
        return any(_yields(part) for part in (*node.args.defaults, *(d for d in node.args.kw_defaults if d)))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        outer = [*node.decorator_list]
        if isinstance(node, ast.ClassDef):
            outer += [*node.bases, *(keyword.value for keyword in node.keywords)]
        else:
            outer += [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        return any(_yields(part) for part in outer)
    return any(_yields(child) for child in ast.iter_child_nodes(node))


def difference(found: Any, wanted: Any, path: str = "") -> str:
    """Where two forms differ first, "" for nowhere."""
    if wanted == NOWHERE and isinstance(found, int) and path.endswith("at"):
        return ""
    if isinstance(wanted, tuple) and isinstance(found, tuple):
        if type(found) is not type(wanted):
            return f"{path}: {found!r:.300} is no {type(wanted).__name__}: {wanted!r:.300}"
        if len(found) != len(wanted):
            return f"{path}: {len(found)} for {len(wanted)}: {found!r:.300} for {wanted!r:.300}"
        names = getattr(wanted, "_fields", range(len(wanted)))
        for name, mine, theirs in zip(names, found, wanted, strict=True):
            told = difference(mine, theirs, f"{path}.{name}")
            if told:
                return told
        return ""
    if type(found) is not type(wanted) or (found != wanted and repr(found) != repr(wanted)):
        shown = (ir.line_of(found), ir.line_of(wanted)) if path.endswith(".at") else ()
        return f"{path}: {found!r:.300} for {wanted!r:.300} {shown}"
    return ""
