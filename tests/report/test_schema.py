from __future__ import annotations

import json

import jsonschema
import pytest

from ringwork.prove.evidence import Report
from ringwork.report import plain, schema
from tests.report import sample

EVERY = {
    "clean": sample.clean(),
    "foreign": sample.foreign(),
    "partial": sample.partial(),
    "hostile": sample.hostile(),
    "late": sample.late(),
}
JUDGE = jsonschema.Draft202012Validator(json.loads(schema.shipped()))


def test_the_shipped_schema_is_the_generated_one() -> None:
    """A field that was added without its description is seen here: `ringwork report schema` prints what the package ships."""
    advice = "write it again: python -m ringwork.report.schema > src/ringwork/report/report.schema.json"
    assert schema.shipped() == schema.render(), advice


def test_the_schema_is_one() -> None:
    """It is itself valid by the standard that it names."""
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.render()))


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_every_report_is_valid(report: Report) -> None:
    """What is written is what is described."""
    JUDGE.validate(json.loads(plain.to_json(report)))


@pytest.mark.parametrize(
    "change",
    [{"schema": 1}, {"extra": 1}, {"seconds": "fast"}, {"results": [{}]}, {"controls": {"browser.csrf": "fine"}}, {"findings": {}}],
)
def test_an_altered_report_is_invalid(change: dict[str, object]) -> None:
    """A schema that takes everything describes nothing."""
    altered = {**json.loads(plain.to_json(sample.foreign())), **change}
    assert not JUDGE.is_valid(altered)


def test_a_missing_field_is_invalid() -> None:
    """What a reader counts on is there."""
    whole = json.loads(plain.to_json(sample.clean()))
    del whole["coverage"]
    assert not JUDGE.is_valid(whole)
