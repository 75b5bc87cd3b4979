"""Words that may not stand in the tree, and words that must."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.house import graph

VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "misc", "lib", "core", "shared", "tools"}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X{3})\b|NotImplemented" r"Error|mark\.(skip|xfail)\b|assert Tr" r"ue\b")
REGISTRY = re.compile(
    r"://[^/\s]+/(simple|packages)(/|\")|--(extra-)?index-url|\"resolved\": *\"https?:|files\.python" r"hosted|registry\.npm" r"js"
)
MACHINE = re.compile(r"(?<![A-Za-z0-9_.~-])/(work|farm|root|Users|opt/(wheels|pypi))/[A-Za-z]")
HOME = re.compile(r"(?<![A-Za-z0-9_.~-])/home/(?!you\b|user\b|app\b|clinic\b)[a-z]")

REGISTRATIONS = {
    ("ringwork.pipeline", "ORDER"),
    ("ringwork.policy.guards", "SETTINGS"),
    ("ringwork.protect", "ADAPTERS"),
    ("ringwork.prove.register", "PROOFS"),
    ("ringwork.survey.harness.loading", "HARNESSES"),
    ("ringwork.cli.main", "COMMANDS"),
    ("ringwork.report.outputs", "OUTPUTS"),
}


def _tracked() -> list[Path]:
    """Files that git knows, or would: what is ignored stays out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=graph.TOP, capture_output=True, check=True, text=True
    )
    return sorted(graph.TOP / name for name in set(listed.stdout.split("\0")) if name and (graph.TOP / name).is_file())


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in _tracked():
        try:
            found.append((path.relative_to(graph.TOP).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # pictures and fonts hold no words
    return found


def _lines(pattern: re.Pattern[str], *, under: tuple[str, ...] = ("",)) -> list[str]:
    return [
        f"{name}:{number} {line.strip()[:80]}"
        for name, text in _texts()
        if name.startswith(under)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_module_has_a_name_that_says_nothing() -> None:
    """Modules are nouns of the domain; a drawer for everything is a room nobody finds anything in."""
    vague = [name for name, _ in _texts() if name.endswith(".py") and ({Path(name).stem} | set(Path(name).parts[:-1])) & VAGUE]
    assert not vague, vague


def test_nothing_is_left_unfinished_or_switched_off() -> None:
    """What is not done is in an issue, not in the code; and no test is switched off."""
    left = _lines(UNFINISHED, under=("src/", "tests/", "examples/", "benchmarks/", "run", ".ci/"))
    assert not left, left


def test_no_registry_stands_in_the_tree() -> None:
    """The lock has hashes and no hosts, so that it serves behind any mirror."""
    assert not _lines(REGISTRY), _lines(REGISTRY)


def test_no_path_of_a_machine_stands_in_the_tree() -> None:
    """What is written here holds on every machine."""
    found = [line for pattern in (MACHINE, HOME) for line in _lines(pattern)]
    assert not found, found


def test_every_guard_names_the_threat_that_it_stops() -> None:
    """`grep -rn "# Against" src` lists every threat that the code claims to stop."""
    silent = [
        m.name for m in graph.modules().values() if re.fullmatch(r"enforce\.\w+\.\w+", m.stem) and not re.search(r"# Against \w", m.text)
    ]
    assert not silent, silent


def test_registrations_are_literal_tuples() -> None:
    """Law 9: what stands in a request's path, or in a proof, is read in one place and never assembled."""
    assembled = []
    for module in graph.modules().values():
        for node in module.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            for target in targets:
                key = (module.name, ast.unparse(target))
                proof = key[1] == "CHECKS" and module.stem.startswith("prove.")
                if (key in REGISTRATIONS or proof) and (not isinstance(node.value, ast.Tuple) or _is_starred_call(node.value)):
                    assembled.append(f"{key[0]}.{key[1]}")
    assert not assembled, assembled


def _is_starred_call(value: ast.Tuple) -> bool:
    """Whether a part of the tuple is computed: `*found()` or a comprehension."""
    return any(isinstance(n, ast.Starred) and not isinstance(n.value, ast.Name | ast.Attribute) for n in value.elts)


def test_every_registration_exists() -> None:
    """The names that the law is about are really there."""
    named = {
        (module.name, ast.unparse(target))
        for module in graph.modules().values()
        for node in module.tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else [])
    }
    assert named >= REGISTRATIONS, REGISTRATIONS - named


def test_nothing_installed_places_itself_in_the_path_of_a_request() -> None:
    """Law 9: the run time looks up no entry points."""
    asking = [m.name for m in graph.modules().values() if "entry_points" in m.text and not m.stem.startswith(("prove", "cli"))]
    assert not asking, asking


def test_no_assert_stands_outside_the_tests() -> None:
    """`python -O` removes an assert, and a defence with it."""
    asserted = [f"{m.name}:{node.lineno}" for m in graph.modules().values() for node in ast.walk(m.tree) if isinstance(node, ast.Assert)]
    assert not asserted, asserted


def test_every_module_says_what_it_is_for() -> None:
    """A module's first sentence is its purpose."""
    silent = [m.name for m in graph.modules().values() if m.text.strip() and not ast.get_docstring(m.tree)]
    assert not silent, silent


def test_every_test_is_a_claim_with_its_promise() -> None:
    """A test's name has words of its own, and its docstring says the attack or the promise."""
    weak = []
    for name, text in _texts():
        # The suites of tests/apps/existing are written as strangers write theirs.
        if not (name.startswith("tests/") and Path(name).name.startswith("test_")) or name.startswith("tests/apps/existing/"):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                short = len(node.name.removeprefix("test_").split("_")) < 2
                if short or not ast.get_docstring(node):
                    weak.append(f"{name}:{node.lineno} {node.name}")
    assert not weak, "\n".join(weak)


@pytest.mark.parametrize(
    "lock", ["requirements-dev.lock", "benchmarks/analysers.lock", "benchmarks/peers.lock", "tests/judges/judges.lock"]
)
def test_the_lock_pins_every_line_by_hash(lock: str) -> None:
    """What is installed is what was looked at: every requirement is exact and carries hashes."""
    text = (graph.TOP / lock).read_text(encoding="utf-8")
    entries = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    loose = [entry.split()[0] for entry in entries if "==" not in entry.split(" ;")[0] or "--hash=sha256:" not in entry]
    assert entries
    assert not loose, loose


def test_the_lock_of_the_judges_pins_every_package_by_hash_and_names_no_host() -> None:
    """The same for what comes from the other registry."""
    packages = json.loads((graph.TOP / "tests/judges/package-lock.json").read_text(encoding="utf-8"))["packages"]
    packages.pop("")
    loose = [name for name, entry in packages.items() if "version" not in entry or "integrity" not in entry or "resolved" in entry]
    assert packages
    assert not loose, loose
