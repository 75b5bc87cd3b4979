"""The front end against the interpreter's own parser: the same form from both, on every file that both read."""

from __future__ import annotations

import random
import sysconfig
import warnings
from pathlib import Path

import pytest

from ringwork.survey.taint import reading
from tests.house import graph
from tests.survey.taint import oracle

_SAMPLE = 60
_APART = {
    "test_compile.py": "a line in brackets, after a dot, that is indented less than its statement: the grammar ends the block there",
    "test_print.py": "print >>file, text: a statement to Python 2, and an error at run time to Python 3",
    "badsyntax_future8.py": "from __future__ import *, which no interpreter runs",
}
"""What `ast` reads and the front end names as unread."""
_STANDARD = Path(sysconfig.get_paths()["stdlib"])


def _of_the_library() -> list[Path]:
    """A sample that is the same everywhere, and the files whose business is syntax."""
    files = sorted(
        path for path in _STANDARD.rglob("*.py") if "site-packages" not in path.parts and not {"lib2to3", "idlelib"} & set(path.parts)
    )
    files = [path for path in files if path.name not in _APART]
    chosen = random.Random(7).sample(files, min(_SAMPLE, len(files)))
    telling = {"test_grammar.py", "test_fstring.py", "test_patma.py", "test_syntax.py", "test_genericalias.py", "test_named_expressions.py"}
    return sorted({*chosen, *(path for path in files if path.name in telling)})


def _difference(path: Path) -> str:
    data = path.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = oracle.lowered(data.decode().replace("\r\n", "\n"))
    except (SyntaxError, UnicodeDecodeError):
        return ""  # files of the library that are broken on purpose
    found = reading.parse(data, file=path.name)
    return "; ".join(f"line {fault.line}: {fault.what}" for fault in found.faults) or oracle.difference(found.body, wanted)


@pytest.mark.parametrize("path", _of_the_library(), ids=lambda path: path.relative_to(_STANDARD).as_posix())
def test_reads_the_standard_library_as_the_interpreter_does(path: Path) -> None:
    """Nothing is lost or turned round on the way from the text to the form that is analysed; places are the same."""
    assert not _difference(path)


def test_reads_its_own_source_as_the_interpreter_does() -> None:
    """All that reads source, its tests, and each fifth file of the rest."""
    room = [*(graph.TOP / "src" / "ringwork" / "survey").rglob("*.py"), *(graph.TOP / "tests" / "survey" / "taint").rglob("*.py")]
    files = sorted({*room, *sorted((graph.TOP / "src").rglob("*.py"))[::5]})
    differing = {path.name: told for path in files if (told := _difference(path))}
    assert files
    assert not differing, differing


def test_the_comparison_sees_a_difference() -> None:
    """A comparison that cannot fail would prove nothing."""
    found = reading.parse(b"a = b and c\n", file="a.py").body
    assert not oracle.difference(found, oracle.lowered("a = b and c\n"))
    assert oracle.difference(found, oracle.lowered("a = b or c\n"))
    assert oracle.difference(found, oracle.lowered("a =  b and c\n"))
