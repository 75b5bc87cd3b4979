"""What an expression gives, and what is known where it is true and where it is false."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ringwork.survey.taint import assigning, attributes, facts, folding, indexes, ir, places, values
from ringwork.survey.taint.frames import Run, State
from ringwork.survey.taint.values import FALSE, NONE, NOTHING, TRUE, UNKNOWN, Kind, Value

_MOST_ITEMS = 50
_OPERATORS = {"%": "__mod__", "+": "__add__"}


def _constant(run: Run, node: ir.Constant) -> Value:
    return Value(Kind.CONSTANT, node.value)


def _name(run: Run, node: ir.Name) -> Value:
    frame = run.frame
    if node.id not in frame.globals:
        value = frame.state.names.get(node.id)
        if value is not None:
            return value
    return attributes.global_name(run, frame.unit, node.id)


def _attribute(run: Run, node: ir.Attribute) -> Value:
    return attributes.of(run, run.value(node.of), node.name, node.at)


def _item(run: Run, node: ir.Item) -> Value:
    receiver = run.value(node.of)
    if isinstance(node.key, ir.Slice):
        return _slice(run, receiver, node.key)
    key = run.value(node.key)
    if isinstance(node.key, ir.Name) and node.key.id in run.frame.globals:
        key = UNKNOWN  # whatever it was at first, any function may have given it another value
    is_told = key.kind is not Kind.CONSTANT and receiver.kind in {Kind.UNKNOWN, Kind.KEYED}
    return attributes.item(run, receiver, key, node.at, indexes.spelled(run.frame, node.key) if is_told else "")


def _slice(run: Run, receiver: Value, key: ir.Slice) -> Value:
    bounds = [run.value(bound) if bound is not None else NONE for bound in (key.lower, key.upper, key.step)]
    if all(bound.kind is Kind.CONSTANT for bound in bounds):
        cut = slice(*(bound.data for bound in bounds))
        if receiver.kind is Kind.CONSTANT:
            made = folding.attempt(lambda whole: whole[cut], receiver.data)
            if made is not folding.ABSENT:
                return values.constant(made)
        if receiver.kind is Kind.ITEMS:
            made = folding.attempt(lambda whole: whole[cut], receiver.data)
            if made is not folding.ABSENT:
                return Value(Kind.ITEMS, made, receiver.type, receiver.taint)
        if (cut.start, cut.stop, cut.step) == (1, -1, None):
            return values.unknown(values.within(receiver), facts.INNER)
    taint = values.within(receiver)
    if taint:
        lower, upper = (_bound(run, bound, written) for bound, written in zip(bounds, (key.lower, key.upper), strict=False))
        taint = values.piece(taint, f"[{lower}:{upper}]")
    return values.unknown(taint, receiver.type)


def _bound(run: Run, bound: Value, written: ir.Expression | None) -> str:
    if bound.kind is not Kind.CONSTANT:
        return indexes.spelled(run.frame, written)
    return str(bound.data) if bound.data is not None else ""


def _call(run: Run, node: ir.Call) -> Value:
    callee = run.value(node.function)
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    spread: list[Value] = []
    for argument in node.arguments:
        if isinstance(argument, ir.Starred):
            inner = run.value(argument.value)
            arguments.extend(inner.data if inner.kind is Kind.ITEMS else ())
            spread.extend(() if inner.kind is Kind.ITEMS else [inner])
        else:
            arguments.append(run.value(argument))
    for name, argument in node.keywords:
        inner = run.value(argument)
        if name:
            keywords[name] = inner
        elif inner.kind is Kind.KEYED and all(isinstance(key, str) for key in inner.data[0]) and inner.data[1] is None:
            keywords.update(inner.data[0])
        else:
            spread.append(inner)
            keywords["**"] = values.join(keywords["**"], inner) if "**" in keywords else inner
    return run.apply(run, callee, arguments, keywords, node, spread)


def _binary(run: Run, node: ir.Binary) -> Value:
    left, right = run.value(node.left), run.value(node.right)
    return binary(run, node.operator, left, right, node.at)


def binary(run: Run, sign: str, left: Value, right: Value, at: int) -> Value:
    """left sign right."""
    if left.kind is Kind.CONSTANT and right.kind is Kind.CONSTANT:
        made = folding.binary(sign, left.data, right.data)
        return UNKNOWN if made is folding.ABSENT else values.constant(made)
    operator = _OPERATORS.get(sign)
    described = run.models.function(f"{left.type}.{operator}") if operator and left.type and left.type != "builtins.str" else None
    if described is not None:
        return run.called(described, f"{left.type}.{operator}", left, [right], {}, at)
    if sign == "+":
        if left.kind is Kind.ITEMS and right.kind is Kind.ITEMS and len(left.data) + len(right.data) <= _MOST_ITEMS:
            return Value(Kind.ITEMS, left.data + right.data, left.type)
        if _is_text(left) or _is_text(right):
            return places.text(run, (left, right), at)
    if sign == "%" and left.kind in {Kind.CONSTANT, Kind.TEXT}:
        return _percent(run, left, right, at)
    if sign == "/" and (found := attributes.joined_path(*places.operands(run, left, right, at))) is not None:
        return found
    if sign == "|" and left.kind is Kind.KEYED and right.kind is Kind.KEYED:
        return Value(Kind.KEYED, ({**left.data[0], **right.data[0]}, left.data[1] or right.data[1]), "builtins.dict")
    if sign in _OPERATORS:
        left, right = places.operands(run, left, right, at)
    taint = values.merge([values.within(left), values.within(right)])
    return values.unknown(taint, left.type if left.type == right.type else "")


def _is_text(value: Value) -> bool:
    return value.kind is Kind.TEXT or (value.kind is Kind.CONSTANT and isinstance(value.data, str)) or value.type == "builtins.str"


def _percent(run: Run, left: Value, right: Value, at: int) -> Value:
    """A format with %: its constant text is kept where it can be, in order."""
    if left.kind is not Kind.CONSTANT or not isinstance(left.data, str):
        return values.unknown(values.merge([values.within(left), values.within(right)]), "builtins.str")
    pieces = facts.percent_pieces(left.data)
    given = right.data if right.kind is Kind.ITEMS else (right,)
    if right.kind is Kind.KEYED or pieces is None or len(pieces) - 1 != len(given):
        taint = values.within(right)
        return (
            places.text(run, (left.data.partition("%")[0], values.unknown(taint)), at) if taint else values.unknown(taint, "builtins.str")
        )
    parts: list[str | Value] = [pieces[0][0]]
    for (text, conversion), value in zip(pieces[1:], given, strict=True):
        parts += [_digits(value) if conversion in "diouxXeEfFgGc" else value, text]
    return places.text(run, parts, at)


def _digits(value: Value) -> Value:
    """A number as a format writes it: harmless as text, and as easy to guess as it was."""
    taint = values.within(value)
    return values.unknown({atom: mark for atom, mark in taint.items() if atom.kind == "random"}) if taint else UNKNOWN


def _unary(run: Run, node: ir.Unary) -> Value:
    value = run.value(node.value)
    if node.operator == "not":
        known = values.truth(value)
        if known is not None:
            return FALSE if known else TRUE
        seen = facts.of(value)
        return Value(Kind.UNKNOWN, None, "builtins.bool", NOTHING, (seen[1], seen[0]))
    if value.kind is Kind.CONSTANT:
        made = folding.attempt(folding.UNARY.get(node.operator), value.data)
        if made is not folding.ABSENT:
            return values.constant(made)
    return values.unknown(values.within(value))


def _logic(run: Run, node: ir.Logic) -> Value:
    """Each part is read where those before it let it be reached; what cannot be reached counts for nothing."""
    is_and = node.operator == "and"
    before = run.frame.state
    run.frame.state = before.copy()
    found: list[Value] = []
    for part in node.values:
        value = run.value(part)
        known = values.truth(value)
        if known is is_and:  # this part decides nothing
            last = value
            continue
        found.append(value)
        if known is not None:
            break
        run.frame.state.learn(facts.of(value)[0 if is_and else 1])
    else:
        if not found:
            run.frame.state = _back(before, run.frame.state)
            return last
    run.frame.state = _back(before, run.frame.state)
    whole = found[0]
    for value in found[1:]:
        whole = values.join(whole, value)
    if any(values.truth(value) is (not is_and) for value in found) and len(found) == 1:
        return found[0]
    return Value(whole.kind, whole.data, whole.type, whole.taint, facts.combined(found, is_and=is_and))


def _back(before: State, after: State) -> State:
    """The variables as they are now, with the facts of before: whether all parts were read is not known."""
    return State(after.names, before.facts, dead=before.dead)


def _compare(run: Run, node: ir.Compare) -> Value:
    left = run.value(node.left)
    found: list[Value] = []
    for sign, right_node in zip(node.operators, node.rights, strict=True):
        right = run.value(right_node)
        found.append(_compared(run, sign, left, right))
        left = right
    if len(found) == 1:
        return found[0]
    known = [values.truth(one) for one in found]
    if False in known:
        return FALSE
    return TRUE if all(known) else Value(Kind.UNKNOWN, None, "builtins.bool", NOTHING, facts.combined(found, is_and=True))


def _compared(run: Run, sign: str, left: Value, right: Value) -> Value:
    ours, theirs = attributes.literal(left), attributes.literal(right)
    if ours is not folding.ABSENT and theirs is not folding.ABSENT:
        made = folding.attempt(folding.COMPARE.get(sign), ours, theirs)
        return UNKNOWN if made is folding.ABSENT else values.constant(bool(made))
    if sign in {"is", "is not"} and theirs is None and left.kind in {Kind.NAMED, Kind.LOCAL, Kind.ITEMS, Kind.TEXT, Kind.OBJECT}:
        return FALSE if sign == "is" else TRUE
    return Value(Kind.UNKNOWN, None, "builtins.bool", NOTHING, facts.compared(sign, left, right))


def _choice(run: Run, node: ir.Choice) -> Value:
    test = run.value(node.test)
    known = values.truth(test)
    if known is not None:
        return run.value(node.then if known else node.other)
    before = run.frame.state
    found: list[Value] = []
    for part, seen in zip((node.then, node.other), facts.of(test), strict=True):
        run.frame.state = before.copy()
        run.frame.state.learn(seen)
        value = run.settled(run.value(part), run.frame.state.facts)
        if not run.frame.state.dead:
            found.append(value)
    run.frame.state = before
    if not found:
        before.dead = True
        return UNKNOWN
    return found[0] if len(found) == 1 else values.join(*found)


def _text(run: Run, node: ir.Text) -> Value:
    parts: list[str | Value] = []
    for part in node.parts:
        if isinstance(part, ir.Constant):
            parts.append(str(part.value))
            continue
        value = run.value(part.value)
        is_number = part.specification is not None and facts.is_numeric_format(part.specification)
        parts.append(_digits(value) if is_number else value if not part.conversion or value.kind is not Kind.CONSTANT else repr(value.data))
    if node.is_template:
        return values.unknown(values.merge([values.within(part) for part in parts if type(part) is Value]), "string.templatelib.Template")
    return places.text(run, parts, node.at)


def _format(run: Run, node: ir.Format) -> Value:
    return run.value(node.value)


def _sequence(run: Run, node: ir.Sequence) -> Value:
    type_ = f"builtins.{node.kind}"
    found: list[Value] = []
    rest: list[Value] = []
    for item in node.items:
        if isinstance(item, ir.Starred):
            inner = run.value(item.value)
            found.extend(inner.data if inner.kind is Kind.ITEMS else ())
            rest.extend(() if inner.kind is Kind.ITEMS else [inner])
        else:
            found.append(run.value(item))
    if rest or len(found) > _MOST_ITEMS:
        return Value(Kind.UNKNOWN, None, type_, values.merge([values.within(value) for value in (*found, *rest)]))
    return values.light(Value(Kind.ITEMS, tuple(found), type_))


def _mapping(run: Run, node: ir.Mapping) -> Value:
    fields: dict[Any, Value] = {}
    rest: Value | None = None
    keys: list[values.Taint] = []
    for key, value_node in node.items:
        value = run.value(value_node)
        if key is None:
            if value.kind is Kind.KEYED:
                fields.update(value.data[0])
                keys.append(value.taint)
                value = value.data[1]
            rest = value if rest is None or value is None else values.join(rest, value)
            continue
        name = run.value(key)
        if name.kind is Kind.CONSTANT:
            fields[name.data] = value
        else:
            keys.append(values.within(name))
            rest = value if rest is None else values.join(rest, value)
    return values.light(Value(Kind.KEYED, (fields, rest), "builtins.dict", values.merge(keys)))


def _comprehension(run: Run, node: ir.Comprehension) -> Value:
    before = run.frame.state
    run.frame.state = before.copy()
    tests: list[Value] = []
    single: Value | None = None
    for loop in node.loops:
        source = run.value(loop.source)
        single = source if len(node.loops) == 1 else None
        assigning.assign(run, loop.target, attributes.element(run, source), node.at)
        for condition in loop.conditions:
            test = run.value(condition)
            tests.append(test)
            run.frame.state.learn(facts.of(test)[0])
    element = run.settled(run.value(node.element), run.frame.state.facts)
    other = run.settled(run.value(node.value), run.frame.state.facts) if node.value is not None else None
    run.frame.state = before
    if node.kind == "dict" and other is not None:
        return Value(Kind.KEYED, ({}, other), "builtins.dict", values.within(element))
    if node.kind == "generator" and single is not None:
        # What any() and all() need: what holds of the whole where each element is true, or none is.
        return Value(Kind.UNKNOWN, None, facts.GENERATOR, facts.of_cell(element), facts.of(element))
    if single is not None and element.type == "builtins.bool":
        return Value(Kind.UNKNOWN, None, f"builtins.{node.kind}", values.within(element), element.facts)
    if element.kind is Kind.OBJECT or (element.kind is Kind.ITEMS and node.kind == "list"):  # which part of each is where stays known
        return Value(Kind.KEYED, ({}, element), f"builtins.{node.kind}")
    return Value(Kind.UNKNOWN, None, f"builtins.{node.kind}" if node.kind != "generator" else "", facts.of_cell(element))


def _lambda(run: Run, node: ir.Lambda) -> Value:
    run.frame.makes_functions = True
    return Value(Kind.LOCAL, (node, run.frame))


def _await(run: Run, node: ir.Await) -> Value:
    return run.value(node.value)


def _yield(run: Run, node: ir.Yield) -> Value:
    if node.value is not None:
        value = run.value(node.value)
        run.frame.yielded.append(attributes.element(run, value) if node.is_from else value)
    return UNKNOWN


def _starred(run: Run, node: ir.Starred) -> Value:
    return run.value(node.value)


def _walrus(run: Run, node: ir.Walrus) -> Value:
    value = run.value(node.value)
    run.frame.state.names[node.name] = value
    indexes.turned(run.frame, node.name)
    return value


def _broken(run: Run, node: ir.Broken) -> Value:
    return values.unknown(values.merge([values.within(run.value(part)) for part in node.parts if type(part) in EXPRESSIONS]))


EXPRESSIONS: Mapping[type, Callable[[Run, Any], Value]] = {
    ir.Constant: _constant, ir.Name: _name, ir.Attribute: _attribute, ir.Item: _item, ir.Call: _call, ir.Binary: _binary,
    ir.Unary: _unary, ir.Logic: _logic, ir.Compare: _compare, ir.Choice: _choice, ir.Text: _text, ir.Format: _format,
    ir.Sequence: _sequence, ir.Mapping: _mapping, ir.Comprehension: _comprehension, ir.Lambda: _lambda, ir.Await: _await,
    ir.Yield: _yield, ir.Starred: _starred, ir.Walrus: _walrus, ir.Broken: _broken,
    ir.Slice: lambda run, node: UNKNOWN,
}  # fmt: skip
