"""Models of libraries are read strictly, found under every name that code uses for them, and kept for the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.taint import model, model_reading
from ringwork.survey.taint.parts import Condition, Function, Guard, Sink, Wanted, Word

HEAD = 'library = "shop"\ndistribution = ""\nversions = ""\nsource = "https://shop.example/docs"\n'
SHOP = (
    HEAD
    + """
[aliases]
"shop.core" = "shop"
"shop.basket.Basket" = "shop.Basket"

[values]
"shop.current" = "shop.Basket"

[types."shop.Store"]
[types."shop.Store".methods]
find = { passes = ["self"], named_by = 0 }
[types."shop.Store".attributes]
owner = { source = "query", type = "str" }

[types."shop.Basket"]
bases = ["shop.Store"]

[types."shop.Open"]
bases = ["shop.Basket"]

[[functions."shop.run".sinks]]
kind = "command"
at = [0, "line"]
when = { "1|shell" = [true, "<unknown>"] }
unless = { mode = ["<missing>", "<8", "~^r"] }

[functions]
"shop.Basket" = { passes = [0] }
"shop.is_inside" = { guards = [{ of = 0, true = ["redirect"] }] }
"builtins.open" = { sinks = [{ kind = "path", at = [0, "file"] }] }
"""
)


def shop() -> model.Models:
    return model.read({"shop.toml": SHOP})


def test_says_what_a_line_says() -> None:
    """Positions, conditions and words arrive typed, so that nobody reads TOML at the place where a call is judged."""
    found = shop().function("shop.run")
    shell = Condition(of=(1, "shell"), wanted=(Wanted(word=Word.IS, value=True), Wanted(word=Word.UNKNOWN)))
    assert found is not None
    (sink,) = found.sinks
    assert (sink.kind, sink.at, sink.when) == ("command", (0, "line"), (shell,))
    missing, below, pattern = sink.unless[0].wanted
    assert (missing.word, below) == (Word.MISSING, Wanted(word=Word.BELOW, value=8.0))
    assert pattern.word is Word.MATCHES


def test_a_condition_asks_what_an_argument_keeps() -> None:
    """Options stand in a dict or in an object; the key after the first colon may be an address."""
    line = '"shop.get" = { keeps = ["on"], finds = [{ kind = "debug", weak = true, when = { "1|x:https://a.b/c" = [true] } }] }\n'
    found = model.read({"shop.toml": f"{HEAD}[functions]\n{line}"}).function("shop.get")
    assert found is not None
    assert found.keeps == ("on",)
    assert found.finds[0].weak
    (asked,) = found.finds[0].when
    assert (asked.of, asked.key) == ((1, "x"), "https://a.b/c")


def test_finds_a_guard_and_what_its_answer_makes_harmless() -> None:
    """A guard is data like a sink."""
    found = shop().function("shop.is_inside")
    assert found is not None
    assert found.guards == (Guard(of=(0,), true=frozenset({"redirect"})),)


@pytest.mark.parametrize("name", ["shop.run", "shop.core.run"])
def test_follows_the_alias_of_a_module(name: str) -> None:
    """Libraries offer one thing under many names."""
    assert shop().canonical(name) == "shop.run"


def test_follows_the_alias_of_a_class_to_its_method() -> None:
    """`shop.core.basket.Basket.find` is a name twice removed, and a method of a base."""
    models = shop()
    assert models.canonical("shop.core.basket.Basket.find") == "shop.Basket.find"
    assert models.function("shop.core.basket.Basket.find") == models.method("shop.Store", "find")


def test_finds_the_method_of_a_module_s_object() -> None:
    """`request.get_json` is no class's name, and means one."""
    assert shop().function("shop.current.find") == Function(passes=frozenset({"self"}), named_by=(0,))


def test_reads_an_attribute_of_a_base() -> None:
    """What a base describes holds for all below it."""
    found = shop().attribute("shop.Open", "owner")
    assert found is not None
    assert (found.source, found.type) == ("query", "str")


def test_a_class_is_constructed_as_its_base_is() -> None:
    """The object is of the class that was named, and takes over what the base's constructor does."""
    assert shop().function("shop.Open") == Function(passes=frozenset({0}), type="shop.Open")


def test_a_class_without_a_constructor_line_takes_nothing_over() -> None:
    """It is described, and brings nothing."""
    assert shop().function("shop.Store") == Function(type="shop.Store")


def test_knows_nothing_of_what_no_line_describes() -> None:
    """Unknown is None, never a clean function."""
    models = shop()
    assert models.function("shop.pay") is None
    assert models.function("shop.Store.pay") is None
    assert models.attribute("shop.Store", "pay") is None


def test_finds_builtins_under_both_names() -> None:
    """`open` and `builtins.open` are one function."""
    models = shop()
    assert models.function("open") == models.function("builtins.open")
    assert models.function("open") == Function(sinks=(Sink(kind="path", at=(0, "file")),))


def test_an_alias_circle_ends() -> None:
    """Two names that name each other are a mistake, not an endless loop."""
    circle = model.read({"shop.toml": HEAD + '[aliases]\n"shop.a" = "shop.b"\n"shop.b" = "shop.a"\n'})
    assert circle.function("shop.a") is None


FAULTS = {
    "an unknown key": (
        '[functions]\n"shop.run" = { pases = [0] }',
        "functions.shop.run: the key 'pases' is unknown",
        "did you mean 'passes'?",
    ),
    "an unknown kind of sink": (
        '[functions]\n"shop.run" = { sinks = [{ kind = "sqll", at = [0] }] }',
        "functions.shop.run: kind is 'sqll'",
        "did you mean 'sql'?",
    ),
    "a sink without a place": ('[functions]\n"shop.run" = { sinks = [{ kind = "sql" }] }', "at is missing", 'at = [0, "sql"]'),
    "an unknown kind of find": ('[functions]\n"shop.run" = { finds = [{ kind = "bad" }] }', "kind is 'bad'", "kinds.py"),
    "an unknown source": ('[functions]\n"shop.run" = { source = "querry" }', "source is 'querry'", "write one of body"),
    "a guard that says nothing": ('[functions]\n"shop.run" = { guards = [{ of = 0 }] }', "a guard needs true, false or returns", ""),
    "an unknown cleaned kind": ('[functions]\n"shop.run" = { cleans = ["htm"] }', "cleans holds 'htm'", "did you mean 'html'?"),
    "a word with a wrong number": (
        '[functions]\n"shop.run" = { finds = [{ kind = "debug", when = { on = ["<many>"] } }] }',
        "when.on holds '<many>'",
        "<missing>",
    ),
    "a broken pattern": (
        '[functions]\n"shop.run" = { finds = [{ kind = "debug", when = { on = ["~("] } }] }',
        "when.on holds a pattern that cannot be compiled",
        "",
    ),
    "a condition that is no list": (
        '[functions]\n"shop.run" = { finds = [{ kind = "debug", when = { on = true } }] }',
        "when.on must be a list",
        "",
    ),
    "a name that is none": ('[functions]\n"shop run" = {}', "'shop run' is no dotted name", ""),
    "a method with an unknown key": ('[types."shop.Store".methods]\nfind = { at = 0 }', "types.shop.Store.methods.find: the key 'at'", ""),
    "an unknown section": ('[functons]\n"shop.run" = {}', "head: the key 'functons' is unknown", "did you mean 'functions'?"),
    "a reason that is missing": ('[unchecked]\n"shop.run" = ""', "unchecked shop.run needs its reason", ""),
    "a broken file": ("[functions", "shop.toml: is no TOML", ""),
}


@pytest.mark.parametrize("case", FAULTS)
def test_refuses_a_model_with(case: str) -> None:
    """What the schema does not know is a fault with file and key, and says what to write."""
    text, where, hint = FAULTS[case]
    with pytest.raises(model_reading.ModelsInvalid) as caught:
        model.read({"shop.toml": HEAD + text})
    told = "\n".join(caught.value.faults)
    assert told.startswith("shop.toml: ")
    assert where in told
    assert hint in told


def test_tells_all_faults_at_once() -> None:
    """Who writes a model mends it in one go."""
    with pytest.raises(model_reading.ModelsInvalid) as caught:
        model.read({"a.toml": HEAD + '[functions]\n"a.b" = { x = 1 }', "b.toml": 'library = "b"'})
    assert {fault.partition(":")[0] for fault in caught.value.faults} == {"a.toml", "b.toml"}


def test_refuses_a_name_that_two_files_describe() -> None:
    """Two descriptions of one function would make the order of files matter."""
    line = '[functions]\n"shop.run" = {}'
    with pytest.raises(model_reading.ModelsInvalid, match=r"shop\.run is described in a\.toml already"):
        model.read({"a.toml": HEAD + line, "b.toml": HEAD + line})


def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the tables of SHOP are kept after a first reading."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    model.kept({"shop.toml": SHOP})
    (found,) = (folder / "ringwork").glob("models-*.json")
    return found


def test_keeps_what_it_read_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start reads no TOML and says the same."""
    kept(tmp_path, monkeypatch)
    read = model_reading.tables({"shop.toml": SHOP})
    monkeypatch.setattr(model_reading, "tables", lambda texts: pytest.fail("read again"))
    assert model.kept({"shop.toml": SHOP}) == read


def test_reads_a_changed_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is named by what was read, and only the newest stays."""
    older = kept(tmp_path, monkeypatch)
    assert model.build(model.kept({"shop.toml": SHOP + '"shop.pay" = {}\n'})).function("shop.pay") == Function()
    assert not older.exists()


@pytest.mark.parametrize("content", ["", "[1, 2", "{}", "[]"], ids=["empty", "cut", "of another form", "a list"])
def test_reads_again_what_was_kept_badly(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged file of the cache costs time and nothing else."""
    kept(tmp_path, monkeypatch).write_text(content, encoding="utf-8")
    assert model.kept({"shop.toml": SHOP}) == model_reading.tables({"shop.toml": SHOP})


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only home is ordinary in a container."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert model.kept({"shop.toml": SHOP}) == model_reading.tables({"shop.toml": SHOP})


def test_goes_through_a_callable_among_the_inputs() -> None:
    """`get(name, type=int)` gives a number."""
    found = model.read({"shop.toml": HEAD + '[functions]\n"shop.get" = { passes = ["self"], through = [2, "type"] }\n'}).function(
        "shop.get"
    )
    assert found is not None
    assert found.through == (2, "type")
