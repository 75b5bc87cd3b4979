"""Whether what a request names is looked at for whoever asks: tried by two users, and read in source.

Against the next number in the address, which is somebody else's.
"""

from __future__ import annotations

from ringwork.names import CheckId
from ringwork.prove import objects, reading, whose
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence
from ringwork.prove.witness import Cast

CONTROL = "access.object-level-authorization"
_UNLOCK = "declare two users with the same roles: [[prove.users]]"


def two_user_matrix(stage: Stage) -> Evidence:
    """What one user has, asked for, changed and removed by another with the same roles."""
    check = CheckId(f"{CONTROL}/two-user-matrix")
    cast = Cast(stage)
    pair = objects.two_of_a_kind(cast)
    if pair is None:
        return Evidence(check=check, not_verified="no two users with the same roles can sign in", unlock=_UNLOCK)
    matrix = objects.Matrix(cast, *pair)
    matrix.read()
    matrix.write()
    seen = tuple(whose.observations(matrix))
    if not seen:
        return Evidence(check=check, not_applicable="no route names an object by a parameter")
    return Evidence(check=check, observations=seen)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/two-user-matrix"), kind=Kind.LIVE, run=two_user_matrix, planted=ProbeRoute.OBJECTS),
    reading.check(f"{CONTROL}/unscoped-load"),
)
