"""The project's own contracts of who may import whom, and the chains of imports that break them."""

from __future__ import annotations

from pathlib import Path

from ringwork.survey.flows import Heard, Layered
from ringwork.survey.linters import grimp, run
from ringwork.survey.linters.tool import Asked, State


def of(root: Path, files: tuple[str, ...], *, limit_seconds: float = 60.0) -> Layered:
    """Hold them against the import graph of the whole project, which is built without running anything. files: that were read."""
    (result,) = run.run(Asked(root=root, files=files, is_whole=True), tools=(grimp.TOOL,), limit_seconds=limit_seconds)
    ran = result.state is State.RAN
    heard = Heard(
        tool=result.tool,
        version=result.version,
        ran=ran,
        why=result.why,
        unlock=result.unlock,
        read=len(files) if ran else 0,
        unread=result.unread,
    )
    return Layered(heard=heard, flows=result.flows)
