"""What `ringwork init` adds to a project's own files, each text as a person would have typed it there.

Against a rewritten settings file that has lost its comments: nothing is parsed and printed again. A block is added at the end, and the
result has to read as the old contents and the block, or it is not proposed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from ringwork.cli import pipelines, proposals
from ringwork.errors import TargetFailed
from ringwork.prove import project

IGNORED = ".ringwork/"
"""The folder of reports: they hold requests and answers, and belong into no repository."""

_HOOK = "ringwork"


def settings(root: Path, target: str, users_from: str) -> tuple[Path, str | None]:
    """The settings file, and how it should read: with the application and the users named. None where `prove` is settled already.

    ringwork.toml where it is there or no pyproject.toml is, else pyproject.toml. Raises TargetFailed where a block cannot be added.
    """
    own, shared = root / project.OWN, root / project.SHARED
    path = own if own.is_file() or not shared.is_file() else shared
    head = "tool.ringwork.prove" if path == shared else "prove"
    given = {"target": target, "users_from": users_from}
    old = proposals.text_of(path) or ""
    if _at(_read(old, path.name), head):
        return path, None
    lines = [f"[{head}]", *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in given.items())]
    text = added(old, "\n".join(["", *lines, ""]))
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        advice = f"write into it yourself, in the form it has: {'; '.join(lines[1:])}"
        raise TargetFailed(step="init", problem=f"{path.name} has a form to which no table can be added", advice=advice) from error
    if _at(after, head) != given:
        raise TargetFailed(step="init", problem=f"{path.name} cannot be added to", advice="write [prove] into ringwork.toml")
    return path, text


def added(old: str, block: str) -> str:
    """A file with lines added at its end, which end as the file's own do; what stood there is kept to the byte."""
    if not old:
        return block.lstrip("\n")
    end = "\r\n" if "\r\n" in old else "\n"
    return f"{old}{'' if old.endswith(chr(10)) else end}{block.replace(chr(10), end)}"


def _read(text: str, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TargetFailed(step="init", problem=f"{name} is no valid TOML: {error}", advice="correct the line that it names") from error


def _at(table: object, dotted: str) -> object:
    for part in dotted.split("."):
        table = table.get(part, {}) if isinstance(table, dict) else {}
    return table


def users(imports: frozenset[str], target: str) -> str:
    """The file that makes users in the copy, with an example in the words of what the application imports."""
    module, _, attribute = target.partition(":")
    module = module.removesuffix(".py").replace("/", ".")
    app = (attribute or "app").partition(".")[0]
    factory = "()" if app.startswith(("create", "make", "build", "get")) else ""
    inner = [
        'for name, role in (("anna", "customer"), ("ben", "customer"), ("zoe", "admin")):',
        "    password = token_urlsafe(16)",
        *("    " + line for line in _made(imports)),
        '    made.append({"name": name, "roles": [role], "password": password})',
    ]
    lines = ["from secrets import token_urlsafe"]
    if "flask" in imports:
        lines += [f"from {module} import {app}", "made = []", f"with {app}{factory}.app_context():"]
    elif "django" in imports:
        lines += ["from django.contrib.auth import get_user_model", "made = []"]
    elif imports & {"sqlalchemy", "sqlmodel"}:
        lines += [f"from {module} import ...  # your models, and what opens a session", "made = []", "with Session(engine) as session:"]
    else:
        lines += [f"from {module} import ...  # your own models", "made = []"]
    nested = lines[-1].endswith(":")
    lines += [("    " if nested else "") + line for line in inner] + ["return made"]
    example = "\n".join(f"#     {line}" for line in lines)
    return (pipelines.TEMPLATES / "users.py.txt").read_text(encoding="utf-8").replace("@EXAMPLE@", example)


def _made(imports: frozenset[str]) -> Sequence[str]:
    if "django" in imports:
        return ('get_user_model().objects.create_user(name, password=password, is_staff=role == "admin")',)
    if imports & {"flask_sqlalchemy"}:
        return ("db.session.add(User(name=name, role=role, password=hashed(password)))", "db.session.commit()")
    if imports & {"sqlalchemy", "sqlmodel"}:
        return ("session.add(User(name=name, role=role, password=hashed(password)))", "session.commit()")
    return ("save_user(name, role, password)  # as your own sign-up does",)


def hook(old: str | None, folder: str) -> str:
    """`.pre-commit-config.yaml` with the hook; unchanged where it has it. Raises TargetFailed where its list is not found.

    folder: of the project, below the top of the repository; refused where it is no plain name.
    """
    pipelines.require_plain("folder", folder)
    template = (pipelines.TEMPLATES / "pre-commit.yml").read_text(encoding="utf-8")
    text = template.replace("@WHERE@", "" if folder == "." else f" {folder}")
    text = text.replace("@FILES@", "" if folder == "." else f"        files: ^{re.escape(folder)}/\n")
    if old is None:
        return f"---\n{text}"
    old = old.replace("\r\n", "\n")
    if re.search(rf"^\s*-?\s*id\s*:\s*{_HOOK}\s*$", old, re.MULTILINE):
        return old
    entry = text.partition("\n")[2]
    lines = old.splitlines()
    begin = next((at for at, line in enumerate(lines) if re.fullmatch(r"repos:\s*(#.*)?", line)), None)
    first = (
        next((line for line in lines[begin + 1 :] if line.strip() and not line.lstrip().startswith("#")), "") if begin is not None else ""
    )
    if begin is None or not first.lstrip().startswith("- "):
        advice = "add the hook to its list yourself; `ringwork init pre-commit --dry-run` in an empty folder prints it"
        raise TargetFailed(step="init", problem="the list `repos:` of .pre-commit-config.yaml was not found", advice=advice)
    end = next((at for at in range(begin + 1, len(lines)) if re.match(r"[A-Za-z_]", lines[at])), len(lines))
    while not lines[end - 1].strip():
        end -= 1
    indent = len(first) - len(first.lstrip())
    shifted = [(" " * indent + line[2:]) if line.strip() else line for line in entry.splitlines()]
    return "\n".join([*lines[:end], *shifted, *lines[end:]]) + "\n"


def ignoring(old: str | None) -> str | None:
    """`.gitignore` with the folder of reports in it; None where it is."""
    lines = [line.strip().strip("/") for line in (old or "").splitlines()]
    return None if IGNORED.strip("/") in lines else added(old or "", f"{IGNORED}\n")
