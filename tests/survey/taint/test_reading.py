"""Files of every version of Python, and files that are none, become the form that is analysed; nothing ends the run."""

from __future__ import annotations

import sys

import pytest

from ringwork.survey.taint import ir, reading
from tests.survey.taint import oracle


def _one(text: str) -> ir.Statement:
    """The only statement of a text that is read without a fault."""
    module = reading.parse(text.encode(), file="a.py")
    assert not module.faults, module.faults
    (only,) = module.body
    return only


def _value(text: str) -> ir.Expression:
    statement = _one(text)
    assert isinstance(statement, ir.Evaluate)
    return statement.value


def test_reads_exceptions_without_parentheses() -> None:
    """3.14: `except A, B:` is two kinds, not a kind and a name."""
    found = _one("try:\n    a\nexcept A, B:\n    b\n")
    assert isinstance(found, ir.Try)
    assert [kind.id for kind in found.handlers[0].kinds if isinstance(kind, ir.Name)] == ["A", "B"]
    assert found.handlers[0].name == ""


def test_reads_a_type_statement_and_generic_functions() -> None:
    """3.12: `type X[T] = ...`, `def f[T: int](...)`, `class A[*Ts, **P]`."""
    alias = _one("type X[T] = list[T]\n")
    assert isinstance(alias, ir.Alias)
    assert (alias.name, alias.value) == (
        "X",
        ir.Item(ir.position(1, 12), ir.Name(ir.position(1, 12), "list"), ir.Name(ir.position(1, 17), "T")),
    )
    function = _one("def f[T: int, *Ts, **P](a: T) -> T: return a\n")
    assert isinstance(function, ir.Function)
    assert [parameter.name for parameter in function.parameters] == ["a"]
    made = _one("class A[T = int](B[T], metaclass=M): pass\n")
    assert isinstance(made, ir.Class)
    assert (len(made.bases), made.keywords[0][0]) == (1, "metaclass")


def test_reads_quotes_inside_formatted_strings() -> None:
    """3.12: the same quotes again inside the braces, and backslashes."""
    found = _value("""f"{a["b"]!r:>{w}}{'\\n'.join(c)}\\x41{{}}"\n""")
    assert isinstance(found, ir.Text)
    first, second, last = found.parts
    assert isinstance(first, ir.Format)
    assert isinstance(first.value, ir.Item)
    assert (first.conversion, first.specification is not None) == ("r", True)
    assert isinstance(second, ir.Format)
    assert isinstance(second.value, ir.Call)
    assert isinstance(last, ir.Constant)
    assert last.value == "A{}"


def test_reads_template_strings() -> None:
    """3.14: a t-string is no text, so it never becomes a constant."""
    found = _value('t"SELECT {name}"\n')
    assert isinstance(found, ir.Text)
    assert found.is_template
    plain = _value('t"a"\n')
    assert isinstance(plain, ir.Text)
    assert plain.is_template


def test_a_formatted_string_without_braces_is_a_constant() -> None:
    """f"a" holds nothing that could come from outside."""
    found = _value('f"a" "b" rf"\\c"\n')
    assert isinstance(found, ir.Constant)
    assert found.value == "ab\\c"


def test_reads_how_a_value_is_shown() -> None:
    """{x=} shows its own text first; {x:=5} is a width, not an assignment."""
    shown = _value('f"{x = }"\n')
    assert isinstance(shown, ir.Text)
    assert [part.value for part in shown.parts if isinstance(part, ir.Constant)] == ["x = "]
    wide = _value('f"{x:=5}"\n')
    assert isinstance(wide, ir.Text)
    (only,) = wide.parts
    assert isinstance(only, ir.Format)
    assert isinstance(only.value, ir.Name)
    assert only.specification is not None


def test_reads_patterns() -> None:
    """3.10: every form of pattern."""
    found = _one(
        "match a, b:\n"
        "    case [1, -2.5, *rest] | (x.y as z): pass\n"
        "    case {'k': None, **more} if g: pass\n"
        "    case C(1, n=_): pass\n"
        "    case -1 + 2j, : pass\n"
        "    case _: pass\n"
    )
    assert isinstance(found, ir.Match)
    either, keyed, instance, several, anything = (case.pattern for case in found.cases)
    assert isinstance(either, ir.Either)
    assert [type(each) for each in either.patterns] == [ir.Several, ir.Bound]
    assert isinstance(keyed, ir.Keyed)
    assert (keyed.rest, found.cases[1].guard is not None) == ("more", True)
    assert isinstance(instance, ir.Instance)
    assert [name for name, _ in instance.items] == ["", "n"]
    assert isinstance(several, ir.Several)
    assert anything == ir.Capture(ir.position(6, 9), "")
    assert isinstance(found.subject, ir.Sequence)


def test_words_that_are_keywords_only_sometimes_are_names_elsewhere() -> None:
    """`match`, `case`, `type`, `print` and `exec` are called and assigned to as ever."""
    text = "match = 1\ntype(a).b = 2\ntype = 3\ncase(1)\nprint(a)\nexec(b)\nmatch(c)\n"
    module = reading.parse(text.encode(), file="a.py")
    assert not module.faults
    assert [type(statement).__name__ for statement in module.body] == ["Assign", "Assign", "Assign", *["Evaluate"] * 4]


def test_binds_a_power_after_await() -> None:
    """`await x ** y` waits for x alone; the grammar that is used has it the other way round."""
    found = _one("async def f(): await x ** y\n")
    assert isinstance(found, ir.Function)
    statement = found.body[0]
    assert isinstance(statement, ir.Evaluate)
    assert isinstance(statement.value, ir.Binary)


def test_unpacks_the_whole_of_what_follows_the_star() -> None:
    """`*a.b` unpacks a.b; the grammar that is used has it the other way round."""
    found = _value("f(*a.b(c)[0], *d or e)\n")
    assert isinstance(found, ir.Call)
    assert [type(each) for each in found.arguments] == [ir.Starred, ir.Starred]


def test_columns_are_characters() -> None:
    """A reader's editor counts characters, not bytes."""
    found = _one("é = 'ñ\U0001f600'\n")
    assert isinstance(found, ir.Assign)
    assert ir.column_of(found.value.at) == 4
    after = reading.parse("a = 'ñ\U0001f600' + b\n".encode(), file="a.py").body[0]
    assert isinstance(after, ir.Assign)
    assert isinstance(after.value, ir.Binary)
    assert ir.column_of(after.value.right.at) == 11


def test_names_have_the_form_that_python_compares() -> None:
    """Against a look-alike: ﬁle and file are one name to the interpreter."""
    found = _one("ﬁle = 1\n")
    assert isinstance(found, ir.Assign)
    assert found.targets[0] == ir.Name(ir.position(1, 0), "file")


def test_comments_are_kept_and_strings_with_a_hash_are_not() -> None:
    """Suppressions stand in comments; a colour does not suppress."""
    module = reading.parse(b"# one\na = '#fff'  # two\nf(\n    # three\n)\n", file="a.py")
    assert module.comments == (ir.Comment(1, "# one", True), ir.Comment(2, "# two", False), ir.Comment(4, "# three", True))


@pytest.mark.parametrize(
    ("text", "fault", "kept"),
    [
        ("import os\ndef f(a):\n    os.system(a\n\ndef g(b):\n    return b\n", 3, "system"),
        ("class A:\n    def f(self:\n        return self.x\n    def g(self):\n        os.system(y)\n", 2, "system"),
        ("x = = os.system(a)\n", 1, "system"),
        ("def f():\n    if a\n        os.system(b)\n", 2, "system"),
        ("print 'a', os.system(b)\n", 1, "system"),
        ("exec code in os.system\n", 1, "system"),
        ("<<<<<<< HEAD\nx = os.system(a)\n=======\ny = 1\n>>>>>>> other\n", 1, "system"),
    ],
)
def test_keeps_what_stands_around_an_error(text: str, fault: int, kept: str) -> None:
    """Against a missing bracket that hides a file: its line is told, and the calls around it are still seen."""
    module = reading.parse(text.encode(), file="a.py")
    assert fault in {each.line for each in module.faults}
    assert kept in repr(module.body)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 10_000 + "a" + ")" * 10_000,
        "x = " + "[" * 10_000 + "a" + "]" * 10_000,
        "x = " + "[" * 10_000,
        "x = " + "{" * 10_000,
        "x = " + "f(" * 10_000,
        "x = " + ")" * 10_000,
        "x = " + "-" * 10_000 + "1",
        "x = " + "a + " * 10_000 + "a",
        "x = a" + ".b" * 10_000,
        "x = " + "lambda: " * 10_000 + "a",
        "x = " + "f'{" * 500 + "a" + "}'" * 500,
        "x = " + "f'{" * 500,
        "".join(" " * depth + "if a:\n" for depth in range(1_000)),
    ],
    ids=[
        "round",
        "square",
        "open",
        "braces",
        "calls",
        "closed",
        "signs",
        "sum",
        "attributes",
        "lambdas",
        "formatted",
        "unfinished",
        "blocks",
    ],
)
def test_survives_endless_nesting(text: str) -> None:
    """Against a file that ends the run: it is named or read, and the statement after it is read."""
    limit = sys.getrecursionlimit()
    module = reading.parse(f"{text}\ny = 1\n".encode(), file="a.py")
    assert module.faults or module.body
    assert sys.getrecursionlimit() == limit


def test_reads_the_statement_after_one_that_is_too_deep() -> None:
    """Only the statement itself is lost, and it is named."""
    module = reading.parse(b"x = " + b"[" * 10_000 + b"]" * 10_000 + b"\nos.system(y)\n", file="a.py")
    assert module.faults == (ir.Fault(1, "a statement that is nested too deeply"),)
    assert isinstance(module.body[-1], ir.Evaluate)


def test_a_hundred_levels_of_indentation_are_read() -> None:
    """Python's own limit, and the honest twin of endless nesting."""
    text = "".join(" " * depth + "if a:\n" for depth in range(99)) + " " * 99 + "b\n"
    assert not reading.parse(text.encode(), file="a.py").faults


def test_a_long_chain_of_elif_nests_no_deeper_than_its_walkers_can_go() -> None:
    """Every branch is kept."""
    module = reading.parse(b"if a:\n  f()\n" + b"elif a:\n  f()\n" * 2_000, file="a.py")
    assert not module.faults
    depth, count, block = 0, 0, module.body
    while block:
        first = block[0]
        assert isinstance(first, ir.If)
        depth, count, block = depth + 1, count + len(block), first.other
    assert count == 2_001
    assert depth <= 101


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a = 1\0\nb = 2\n", "a NUL byte"),
        (b"# x\na = '\xe9'\n", "bytes that are no utf-8"),
        (b"# coding: nothing-known\na = 1\n", "an encoding that is not known: nothing-known"),
        (b"\xff\xfea\0=\0001\0\n\0", "UTF-16, which Python does not read"),
        (b"x = " + b"9" * 5_000 + b"\n", "a number of too many digits"),
        (bytes(range(256)) * 40, "a NUL byte"),
    ],
)
def test_tells_what_is_no_text(data: bytes, what: str) -> None:
    """Whatever the bytes are, they are read as far as they go, and named."""
    assert what in {fault.what for fault in reading.parse(data, file="a.py").faults}


@pytest.mark.parametrize(
    "data",
    [
        "# -*- coding: latin-1 -*-\na = 'é'\n".encode("latin-1"),
        "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\na = 'é'\n".encode("cp1252"),
        "\ufeffa = 'é'\n".encode(),
        "a = 'é'\r\n".encode(),
        "a = 'é'\r".encode(),
    ],
    ids=["cookie", "second line", "mark", "windows", "old mac"],
)
def test_reads_the_encodings_that_python_reads(data: bytes) -> None:
    """A cookie, a byte order mark and all ends of lines."""
    module = reading.parse(data, file="a.py")
    assert not module.faults
    assert isinstance(module.body[0], ir.Assign)
    assert module.body[0].value == ir.Constant(ir.position(module.lines, 4), "é")


def test_a_file_full_of_errors_names_the_first_of_them() -> None:
    """A report is no place for a hundred thousand lines about one file."""
    module = reading.parse(b"x = = 1\n" * 5_000, file="a.py")
    assert len(module.faults) == 51
    assert module.faults[-1].what == "4950 more faults from here"


def test_knows_its_own_generators() -> None:
    """A yield in a lambda or in an inner function makes no generator of the function around it."""
    module = reading.parse(b"def f():\n  lambda: (yield)\n  def g(): yield\ndef h():\n  x = yield\n", file="a.py")
    assert [each.is_generator for each in module.body if isinstance(each, ir.Function)] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "for each in *[1, 2], *(a for a in b): pass\n",
        "def f(a):\n    return a, *(b for b in a)\n",
        "def f(a):\n    yield *{1, 2}, a\n",
        "a = 1, *'bc', *d[0]\n",
        "a[*(b for b in c), 2 * (3)]\n",
    ],
)
def test_reads_a_star_before_any_value(text: str) -> None:
    """Outside of brackets the grammar knows names alone behind a star; nothing of the statement is lost, and all else stays as it is."""
    found = reading.parse(text.encode(), file="a.py")
    assert not found.faults
    assert not oracle.difference(found.body, oracle.lowered(text))
