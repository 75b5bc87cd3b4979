"""What each kind of flow means: the check that it belongs to, and what a person does about it, in one line (kinds.toml).

Against a finding that belongs to nothing: whatever reading the source may find has a control of the catalogue (a test holds the ids).
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from ringwork.names import CheckId
from ringwork.survey.flows import Flow

FILE = "kinds.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """check: of the catalogue. fix: one line. said: what is the matter, where a flow has no words of its own."""

    check: str
    fix: str
    said: str


_MODEL = Meaning(
    check="output.llm-output/output-to-sink",
    fix="treat what a model answers as a stranger's text",
    said="what a model answered reaches a place that acts on it",
)


@functools.cache
def kinds() -> Mapping[str, Meaning]:
    """All kinds by name, in the order of the file."""
    rows = tomllib.loads(resources.files("ringwork.prove").joinpath(FILE).read_text(encoding="utf-8"))
    return MappingProxyType({kind: Meaning(**row) for kind, row in rows.items()})


def meaning(flow: Flow) -> Meaning:
    """What a flow means; a kind that nobody described is noted. What a model answered is its own control, whatever it reaches."""
    if flow.entry.kind == "model":
        return _MODEL
    return kinds().get(flow.kind, kinds()["noted"])


def check_of(flow: Flow) -> CheckId:
    """The check that a flow belongs to."""
    return CheckId(meaning(flow).check)


def kinds_of(check: str) -> tuple[str, ...]:
    """The kinds that belong to a check."""
    return tuple(kind for kind, one in kinds().items() if one.check == check)
