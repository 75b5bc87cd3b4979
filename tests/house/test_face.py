"""The public face: equal to its `__all__`, sorted, light, and without effect."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import types

import pytest

import ringwork
from tests.house import graph

WATCH = """
import builtins, json, os, sys
import importlib.metadata  # the watch itself needs what the interpreter's start may have loaded

before = set(sys.modules)
seen, asked = [], []

class Recording(type(os.environ)):
    def __getitem__(self, key):
        frame = sys._getframe(1)
        while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("os", "_collections_abc", "collections"):
            frame = frame.f_back
        if frame is not None and frame.f_globals.get("__name__", "").startswith("ringwork"):
            asked.append(str(key))
        return super().__getitem__(key)

os.environ.__class__ = Recording

def hook(event, args):
    if event == "open":
        path, mode = str(args[0]), args[1] or "r"
        if any(letter in str(mode) for letter in "wax+") or not path.endswith((".py", ".pyc", ".so", ".pth")):
            seen.append(f"open {path} {mode}")
    elif event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.remove", "os.mkdir", "sqlite3.")):
        seen.append(event)

sys.addaudithook(hook)
import ringwork
effects, read = list(seen), list(asked)
loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
inner = sorted(name for name in sys.modules if name.startswith("ringwork"))
print(json.dumps({"effects": effects, "read": read, "loaded": loaded, "inner": inner}))
"""


@pytest.fixture(scope="module")
def watched() -> dict[str, list[str]]:
    done = subprocess.run([sys.executable, "-B", "-I", "-c", WATCH], capture_output=True, text=True, check=True, timeout=300)
    return dict(json.loads(done.stdout))


def test_the_face_lists_all_that_it_offers() -> None:
    """What is not in `__all__` is private: every public name of `ringwork` stands there, and nothing else."""
    offered = {name for name, value in vars(ringwork).items() if not name.startswith("_") and not isinstance(value, types.ModuleType)}
    offered.discard("annotations")
    assert set(ringwork.__all__) - {"__version__"} == offered


def test_every_list_of_names_is_sorted_and_true() -> None:
    """An `__all__` is literal, sorted, without repeats, and names only what the module defines."""
    for module in graph.modules().values():
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                listed = list(ast.literal_eval(node.value))
                assert listed == sorted(set(listed)), module.name
                assert set(listed) <= _defined(module.tree), (module.name, set(listed) - _defined(module.tree))


def _defined(tree: ast.Module) -> set[str]:
    names = {alias.asname or alias.name for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) for alias in n.names}
    names |= {n.name for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)}
    return names | {ast.unparse(t) for n in tree.body if isinstance(n, ast.Assign) for t in n.targets}


def test_faces_below_the_top_are_empty() -> None:
    """Only `ringwork` itself is a face; a package below it re-exports nothing, so that there is one way to each thing."""
    speaking = [
        m.name for m in graph.modules().values() if m.is_face and m.name != "ringwork" and any(not _is_text(n) for n in m.tree.body)
    ]
    assert not speaking, speaking


def _is_text(node: ast.stmt) -> bool:
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return future or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def test_importing_pulls_in_no_third_party(watched: dict[str, list[str]]) -> None:
    """`import ringwork` loads the standard library and the run time, so it is light wherever it is imported."""
    strange = [name for name in watched["loaded"] if name != "ringwork" and name.lstrip("_") not in _known() and name not in _known()]
    assert not strange, strange


def _known() -> frozenset[str]:
    return frozenset(sys.stdlib_module_names)


def test_importing_leaves_the_prover_out(watched: dict[str, list[str]]) -> None:
    """Law 7: neither survey, prove, report, cli nor any framework is loaded by the run time's face."""
    rooms = {name.split(".")[1] for name in watched["inner"] if "." in name}
    assert not rooms & {"survey", "prove", "report", "cli", "suite", "frameworks"}, rooms


def test_importing_has_no_effect(watched: dict[str, list[str]]) -> None:
    """No file is opened but modules, nothing is written, no socket or process is made."""
    assert not watched["effects"], watched["effects"]


def test_importing_reads_no_environment(watched: dict[str, list[str]]) -> None:
    """What the environment says is asked when an application is protected, never at import."""
    assert not watched["read"], watched["read"]
