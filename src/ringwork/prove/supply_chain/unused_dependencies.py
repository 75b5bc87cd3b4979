"""Whether the project keeps its own contracts of who may import whom: read in its import graph.

Against the shortcut from a page to the database that goes round every check between them.
"""

from __future__ import annotations

from dataclasses import replace

from ringwork.names import CheckId
from ringwork.prove import reading
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.survey.flows import Flow, Strength

CONTROL = "supply-chain.unused-dependencies"
_UNLOCK = "[tool.importlinter] in pyproject.toml with root_package and [[tool.importlinter.contracts]]"


def import_graph(stage: Stage) -> Evidence:
    """Read each chain of imports that a contract of the project forbids; without a contract nothing says what is allowed."""
    check, layered = CheckId(f"{CONTROL}/import-graph"), stage.source.layered
    if layered is None or not layered.heard.ran:
        why, unlock = (layered.heard.why, layered.heard.unlock) if layered is not None else ("the import graph was not built", "")
        return Evidence(check=check, not_verified=why, unlock=unlock or _UNLOCK)
    heard = layered.heard
    seen = [_seen(flow) for flow in layered.flows]
    if not seen and not heard.unread:
        detail = f"{heard.tool} {heard.version} found every contract kept, in {heard.read} files"
        seen.append(
            Observation(attack="imports against contracts", where="the import graph", outcome=Outcome.HELD, detail=detail, read=heard.read)
        )
    lost = [Observation(attack="contracts", where=one.file, outcome=Outcome.UNTRIED, detail=one.why) for one in heard.unread]
    return Evidence(check=check, observations=(*seen, *lost))


def _seen(flow: Flow) -> Observation:
    """Sure, whatever the tool's word is worth elsewhere: the contract is the project's own."""
    return reading.observed(replace(flow, strength=Strength.STRONG))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/import-graph"), kind=Kind.STATIC, run=import_graph, planted=ProbeRoute.BREACHED_SOURCE),
)
