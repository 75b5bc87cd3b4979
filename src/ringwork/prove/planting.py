"""What is known of a copy in which something was planted or taken out: the facts that checks then look at.

Against a check that was never seen to fail: a planted fault is listed like any other route, column or key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ringwork.prove.check import ProbeRoute
from ringwork.survey import key_measures
from ringwork.survey.facts import AppFacts, FieldFacts, KeyFacts, ParameterFacts, RouteFacts

PREFIX = "/ringwork-probe"
_PARAMETERS: Mapping[ProbeRoute | None, tuple[ParameterFacts, ...]] = {
    ProbeRoute.OBJECTS: (ParameterFacts(name="id", where="query"),),
    ProbeRoute.ASSIGNS: (ParameterFacts(name="label", where="json", kind="string", required=True),),
    ProbeRoute.SERVES_BACK: (ParameterFacts(name="file", where="files", required=True),),
    ProbeRoute.SHOWS: (ParameterFacts(name="label", where="json", kind="string", required=True),),
}
_WRITES = (ProbeRoute.ASSIGNS, ProbeRoute.SHOWS)
_SHARED_WIDELY = {"CORSMiddleware": {"allow_origins": ["*"], "allow_credentials": True}}
"""What the planted route that shares stands for, as a framework's setting."""


REPLACED: Mapping[ProbeRoute | None, tuple[str, ...]] = {ProbeRoute.IDLE_ROTATION: ("ringwork.survey.harness.idle_rotation:replace",)}
"""Planted faults that are put in the place of something in the copy."""

_PLANTED = FieldFacts(model="ringwork_planted:Planted", orm="", table="ringwork_planted", column="", attribute="", holds="str")
_PLANTED_FIELDS = (
    dataclasses.replace(_PLANTED, column="ssn", attribute="ssn"),
    dataclasses.replace(_PLANTED, column="iban", attribute="iban", encrypted_by="its own", engine="Encoded"),
)
"""The columns of a model that the harness puts into a copy (survey/harness/planted_models.py)."""


_WEAK_KEYS = tuple(
    KeyFacts(name=name, purpose=f"what {name} is for", length=len(key), bits=key_measures.bits(key), familiar=key_measures.familiar(key))
    for name, key in (("SECRET_KEY", b"change-me"), ("TOKEN_KEY", b"correct-horse-battery-staple"))
)  # fmt: skip
"""Keys as nobody should configure them, measured."""


def plant(facts: AppFacts, planted: ProbeRoute | None) -> AppFacts:
    """The facts of a copy among whose routes a planted fault is listed."""
    if planted in {None, ProbeRoute.BREACHED_FILES, ProbeRoute.IDLE_ROTATION}:
        return facts
    if planted is ProbeRoute.BREACHED_SOURCE:  # which nothing guards
        return dataclasses.replace(facts, guard=None, waivers=())
    if planted is ProbeRoute.PLAIN_FIELDS:
        orm = next((field.orm for field in facts.fields), "sqlalchemy")
        return dataclasses.replace(facts, fields=tuple(dataclasses.replace(field, orm=orm) for field in _PLANTED_FIELDS))
    if planted is ProbeRoute.WEAK_KEYS:
        return dataclasses.replace(facts, keys=_WEAK_KEYS)
    methods = ("GET", "POST") if planted in {ProbeRoute.WEAK_TOKENS, ProbeRoute.GRAPHQL, ProbeRoute.SERVES_BACK, *_WRITES} else ("GET",)
    route = RouteFacts(
        kind="http",
        path=f"{PREFIX}/{planted.value}",
        methods=methods,
        handler="a planted fault",
        rule="public",
        reason="a probe",
        body="json" if planted in _WRITES else "multipart" if planted is ProbeRoute.SERVES_BACK else "form",
        parameters=_PARAMETERS.get(planted, ()),
    )
    settings = {**facts.settings, **(_SHARED_WIDELY if planted is ProbeRoute.SHARES else {})}
    return dataclasses.replace(facts, routes=(route, *facts.routes), settings=settings)


def without(facts: AppFacts, out: frozenset[str]) -> AppFacts:
    """The facts of a copy from which guards were taken out."""
    if facts.guard is None or not out:
        return facts
    left = tuple(control for control in facts.guard.controls if control not in out)
    return dataclasses.replace(facts, guard=dataclasses.replace(facts.guard, controls=left))
