"""The project's own contracts of who may import whom, and the chains of imports that break them."""

from __future__ import annotations

from pathlib import Path

from ringwork.survey.flows import Layered
from ringwork.survey.linters import grimp, hearing, run
from ringwork.survey.linters.tool import Asked


def of(root: Path, files: tuple[str, ...], *, limit_seconds: float = 60.0) -> Layered:
    """Hold them against the import graph of the whole project, which is built without running anything. files: that were read."""
    (result,) = run.run(Asked(root=root, files=files, is_whole=True), tools=(grimp.TOOL,), limit_seconds=limit_seconds)
    return Layered(heard=hearing.heard(result, len(files)), flows=result.flows)
