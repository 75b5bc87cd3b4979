"""A fresh variant of the benchmark with the same flows: other names, keys, texts and numbers, its cases numbered and helpers ordered anew.

An engine that learnt the benchmark's spelling loses score on it; a general one does not. Names are changed as whole words everywhere (code,
strings, shared modules); arithmetic conditions get other numbers with the same truth; which case has which number is drawn anew, and the
functions of the shared modules change places. The labels move with the cases.
"""

from __future__ import annotations

import ast
import csv
import random
import re
import shutil
import tomllib
from pathlib import Path

NAMES = tomllib.loads((Path(__file__).parent / "source_names.toml").read_text(encoding="utf-8"))
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "ji", "ko", "lu", "me", "na", "po", "qua", "ri", "so", "tu", "va", "wo", "xe", "yi", "zo")
CASE = re.compile(r"[A-Za-z]+Test\d{5}")
CONDITION = re.compile(r"\(?(\d+) ?\* ?(\d+)\)? ([-+]) num > (\d+)")


def _word(chance: random.Random, taken: set[str]) -> str:
    while True:
        word = "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(3, 4)))
        if word not in taken:
            taken.add(word)
            return word


def _numbers(text: str, chance: random.Random) -> str:
    """`num = N` and then `A * B - num > L`, with other numbers and the same truth."""
    first, test = re.search(r"\bnum = (\d+)", text), CONDITION.search(text)
    if not first or not test:
        return text
    sign = 1 if test[3] == "+" else -1
    truth = int(test[1]) * int(test[2]) + sign * int(first[1]) > int(test[4])
    while True:
        one, two, number, limit = (chance.randint(*bounds) for bounds in ((3, 19), (11, 97), (20, 300), (50, 900)))
        if (one * two + sign * number > limit) == truth:
            break
    text = f"{text[: test.start()]}({one} * {two}) {test[3]} num > {limit}{text[test.end() :]}"
    return re.sub(r"\bnum = \d+", f"num = {number}", text, count=1)


def _reordered(text: str, chance: random.Random) -> str:
    """The functions at the top of a module in another order; what stands before the first one stays."""
    lines, nodes = text.splitlines(keepends=True), ast.parse(text).body
    first = next((index for index, node in enumerate(nodes) if isinstance(node, ast.FunctionDef)), len(nodes))
    if first == len(nodes) or not all(isinstance(node, ast.FunctionDef) for node in nodes[first:]):
        return text
    starts = [node.lineno - 1 for node in nodes[first:]]
    pieces = ["".join(lines[start:end]).rstrip() + "\n\n\n" for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    chance.shuffle(pieces)
    return "".join(lines[: starts[0]]) + "".join(pieces)


def write(source: Path, into: Path, seed: int) -> None:
    """Copy the benchmark, changed."""
    chance, taken = random.Random(seed), set[str]()
    shutil.copytree(source, into, ignore=shutil.ignore_patterns(".git", ".ruff_cache", "__pycache__", "results", "scripts"))
    names = {name: _word(chance, taken) for name in [*NAMES["distinct"], *NAMES["plain"]]}
    names = {name: word.capitalize() if name[0].isupper() else word for name, word in names.items()}
    names["sharedstr"] += "s"  # the names of shared parameters end in it
    whole = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    inner = "|".join(re.escape(name) for name in names if len(name) > 6)
    words = re.compile(rf"(?<![\w/.-])({whole})(?!\w)|(?<=\.)({inner})(?!\w)")
    cases = sorted(file.stem for file in (into / "testcode").glob("*.py") if CASE.fullmatch(file.stem))
    drawn = dict(zip(cases, chance.sample(cases, len(cases)), strict=True))
    for file in sorted([*(into / "testcode").glob("*.py"), *(into / "helpers").glob("*.py")]):
        text = file.read_text(encoding="utf-8")
        text = _numbers(text, chance) if file.parent.name == "testcode" else _reordered(text, chance)
        text = re.sub(r"key[AB]-", lambda match: f"{names[match[0][:-1]]}-", text)
        text = words.sub(lambda match: names[match[1] or match[2]], text)
        text = CASE.sub(lambda match: drawn.get(match[0], match[0]), text)
        stem = names.get(file.stem, drawn.get(file.stem, file.stem))
        file.unlink()
        (into / file.parent.name / f"{stem}.py.new").write_text(text, encoding="utf-8")
    for file in sorted(into.glob("*/*.py.new")):
        file.rename(file.with_suffix(""))
    for settings in (into / "helpers").rglob("*.ini"):
        settings.write_text(words.sub(lambda match: names[match[1] or match[2]], settings.read_text(encoding="utf-8")), encoding="utf-8")
    for table in into.glob("expectedresults*.csv"):
        _relabel(table, drawn)


def _relabel(table: Path, drawn: dict[str, str]) -> None:
    with table.open(encoding="utf-8", newline="") as lines:
        rows = [[drawn.get(cell, cell) for cell in row] for row in csv.reader(lines)]
    with table.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows(rows)
