"""What reading a project gave, kept until a file of it changes, so that a check before every commit costs only a look at the files.

Against findings of another day: what is kept is named by the digest of every file, of the models and of the code that read them; what is
damaged, or of another digest, is read anew.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from ringwork.survey.flows import Entry, Flow, SourceFacts, Step, Strength, Unbound, Unread
from ringwork.survey.taint import files

_MOST_PROJECTS = 50
"""Projects of which something is kept; the oldest go first."""
_ROOM = "ringwork.survey"
_MODELS = "models"


def kept(listing: files.Listing, read: Callable[[], SourceFacts], *, folder: Path | None = None) -> SourceFacts:
    """What `read` gives for these files: as it was kept, else read now and kept.

    listing: all files that `read` reads. folder: where results are kept, the user's cache if not given; one that cannot be read or written
    only costs time.
    """
    place = folder if folder is not None else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringwork"
    try:
        path = place / f"source-{digest(listing)}.json"
    except OSError:  # a file went away: whoever reads it will name it
        return read()
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return _facts(json.loads(path.read_bytes()))
    found = read()
    _keep(path, found)
    return found


def digest(listing: files.Listing) -> str:
    """What names a result: the content and name of every file, what of them is unread, and the code and models that read them."""
    found = sha256(_engine().encode())
    for one in listing.files:
        content = sha256(one.path.read_bytes()).hexdigest()
        found.update(json.dumps([one.file, one.name, one.is_package, content]).encode())
    for unread in listing.unread:
        found.update(json.dumps(asdict(unread)).encode())
    return found.hexdigest()[:40]


@functools.cache
def _engine() -> str:
    """The digest of the code and of the models, which is finer than a version and needs nobody to count it up."""
    found = sha256()
    room = resources.files(_ROOM)
    for folder in (room, room / "taint", room / "taint" / _MODELS):
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            if file.name.endswith((".py", ".toml")):
                found.update(file.name.encode())
                found.update(file.read_bytes())
    return found.hexdigest()


def _keep(path: Path, facts: SourceFacts) -> None:
    """Whole or not at all: another process may be reading."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix="source-", suffix=".part")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(facts), file)
        Path(name).replace(path)
        older = sorted(path.parent.glob("source-*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
        for one in older[_MOST_PROJECTS:]:
            one.unlink(missing_ok=True)


def _facts(written: Mapping[str, Any]) -> SourceFacts:
    """Raises TypeError, KeyError or ValueError for what is none."""
    return SourceFacts(
        flows=tuple(_flow(one) for one in written["flows"]),
        unread=tuple(Unread(**one) for one in written["unread"]),
        unbound=tuple(Unbound(**one) for one in written["unbound"]),
        files=int(written["files"]),
        lines=int(written["lines"]),
    )


def _flow(written: Mapping[str, Any]) -> Flow:
    told = dict(written)
    steps: Sequence[Mapping[str, Any]] = told["steps"]
    return Flow(
        **{
            **told,
            "strength": Strength(told["strength"]),
            "entry": Entry(**told["entry"]),
            "steps": tuple(Step(**step) for step in steps),
            "routes": tuple(told["routes"]),
        }
    )
