"""Whether files of a client come back so that they run, and are kept and unpacked as the client says: uploaded, and read in source.

Against a page of an attacker's on the application's own origin, and an archive whose member is called `../../app.py`.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove import displaying, reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence
from ringwork.prove.uploading import Uploading
from ringwork.prove.witness import Cast

CONTROL = "input.file-upload"


def served_back(stage: Stage) -> Evidence:
    """Files with a script in them, uploaded by an ordinary user and asked for by others."""
    check = CheckId(f"{CONTROL}/served-back")
    cast = Cast(stage)
    shown = displaying.of(cast)
    seen = tuple(Uploading(cast, shown.mine, shown.readers).run())
    takes = [route.name for route in witness.http_routes(stage.facts) if route.body == "multipart"]
    if not seen and takes:
        return Evidence(check=check, not_verified=f"nobody who signs in reaches what takes a file: {', '.join(takes[:3])}")
    if not seen:
        return Evidence(check=check, not_applicable="no route takes a file")
    return Evidence(check=check, observations=seen)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/served-back"), kind=Kind.LIVE, run=served_back, planted=ProbeRoute.SERVES_BACK),
    reading.check(f"{CONTROL}/extract-and-save"),
)
