"""Which fields a handler reads from a request, however it keeps the body."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.survey.harness import reading

WHO: Any = None


async def plainly(request: Any) -> Any:
    given = await request.json()
    return given["title"], given.get("text")


async def as_one_of_several(request: Any) -> Any:
    me, given = WHO, await request.json()
    return me, given["title"], given.get("text")


async def with_a_type(request: Any) -> Any:
    given: dict[str, Any] = await request.json()
    return given["title"], given.get("text")


async def inside_an_expression(request: Any) -> Any:
    if not (given := await request.json()):
        return None
    return given["title"], given.get("text")


async def of_something_else(request: Any) -> Any:
    body, given = await request.json(), {"title": 1}
    return body, given["title"], given.get("text")


@pytest.mark.parametrize("handler", [plainly, as_one_of_several, with_a_type, inside_an_expression])
def test_the_fields_of_a_body_are_read_however_it_is_kept(handler: Any) -> None:
    """A field that is not seen is not sent: the request is answered 500, and neither ownership nor output is tried."""
    assert [(one.where, one.name, one.required) for one in reading.inputs(handler)] == [("json", "title", True), ("json", "text", False)]


def test_keys_of_something_else_are_no_fields() -> None:
    """What stands beside the body in the same line is not the body."""
    assert reading.inputs(of_something_else) == ()
