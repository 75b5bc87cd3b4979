"""How git is asked, so that it runs nothing and leaves nothing out, whatever the repository's own settings and files say.

Against a repository that somebody else made: its settings name programs for signatures, filters, differences, hooks and transports, each
of which git starts on the way to an answer; and others of its settings and files keep commits and changes from being shown.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 10.0
_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "log.showSignature": "false",
    "log.showRoot": "true",
    "diff.submodule": "short",
    "diff.orderFile": os.devnull,
    "safe.bareRepository": "explicit",  # a folder of a repository that looks like one has settings of its own
}
_PROGRAMS = re.compile(r"(?:filter\..*\.(?:clean|smudge|process)|diff\..*\.(?:command|textconv))", re.IGNORECASE | re.DOTALL)
_FILTER = re.compile(r"(filter\..*)\.(?:clean|smudge|process)", re.IGNORECASE | re.DOTALL)


def command(root: Path, *words: str) -> list[str]:
    """The words of a process that asks git about a folder."""
    return ["git", "--no-pager", "--no-replace-objects", "-C", str(root), *words]


def environment(root: Path) -> dict[str, str]:
    """What such a process is given; nothing that the user has set for git, for it may name another repository."""
    return _environment({**_SETTINGS, **_programs(root)})


@functools.lru_cache(maxsize=64)
def _programs(root: Path) -> Mapping[str, str]:
    """Settings without the programs that the repository names; the user's own are theirs."""
    try:
        done = subprocess.run(
            command(root, "config", "--local", "--includes", "--list", "--name-only", "-z"),
            capture_output=True, check=False, timeout=_SECONDS, env=_environment(_SETTINGS),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return {}
    names = [name for name in done.stdout.decode("utf-8", "surrogateescape").split("\0") if _PROGRAMS.fullmatch(name)]
    required = {f"{found[1]}.required": "false" for name in names if (found := _FILTER.fullmatch(name))}
    return {**dict.fromkeys(names, ""), **required}


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for number, (name, value) in enumerate(settings.items()):
        found[f"GIT_CONFIG_KEY_{number}"], found[f"GIT_CONFIG_VALUE_{number}"] = name, value
    return {
        **found,
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_ALLOW_PROTOCOL": "none",  # objects that are not here are fetched by a program that the repository names
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }
