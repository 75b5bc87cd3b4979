"""Files that travel as text inside a body of JSON: which fields carry the bytes, the name and the type, and how a file is put into them.

Against an upload that nobody tries because no form asks for a file: a script's client sends base64 beside a name.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ringwork.prove.composing import Draft
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire.multipart import Upload

_BYTES = re.compile(
    r"(?:\w+_)?(?:b64|base64)|(?:file_?|image_?|raw_?)?(?:content|contents|data|bytes|blob|body|payload)"
    r"|file|image|picture|photo|avatar|cover|attachment|document|upload",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:file|image|document|original)?_?name|title", re.IGNORECASE)
_KIND = re.compile(r"(?:content|mime|media|file)_?type|mime", re.IGNORECASE)
_DECODES = r"(?:\b(?:urlsafe_|standard_)?b64decode|\ba2b_base64|\bdecodebytes)\([^)\n]*\b"
"""How Python makes bytes of such a text: a module that never does so with the field takes no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The fields of a body that carry a file. name, kind: "" where the body has no such field."""

    content: str
    name: str = ""
    kind: str = ""


def place_of(route: RouteFacts, facts: AppFacts) -> Place | None:
    """Where a route takes a file in JSON, by the names of its fields and by what its module does with them; None where it takes none."""
    names = [p.name for p in route.parameters if p.where == "json" and p.kind in {"", "string"}]
    content = next((name for name in names if _BYTES.fullmatch(name)), "")
    named = next((name for name in names if _NAME.fullmatch(name) and name != content), "")
    if not content or not named or not _decodes(route, facts, content):
        return None
    return Place(content=content, name=named, kind=next((name for name in names if _KIND.fullmatch(name)), ""))


def _decodes(route: RouteFacts, facts: AppFacts, content: str) -> bool:
    path, said = Path(facts.root, route.file), re.compile(_DECODES + re.escape(content) + r"\b")
    return path.is_file() and said.search(path.read_text(encoding="utf-8", errors="replace")) is not None


def holding(draft: Draft, place: Place, file: Upload) -> Draft:
    """The same request with this file in it."""
    carried: Mapping[str, Any] = {place.content: base64.b64encode(file.content).decode(), place.name: file.name}
    return replace(draft, fields={**draft.fields, **carried, **({place.kind: file.kind} if place.kind else {})})
