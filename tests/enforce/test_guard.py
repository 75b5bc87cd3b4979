"""What all guards share."""

from __future__ import annotations

import pytest

from ringwork.enforce.guard import Refusal, SpentTokens, remark, remarks, require_counting
from ringwork.errors import PolicyInvalid
from ringwork.names import ControlId
from ringwork.stores.memory import MemorySpentTokens
from ringwork.stores.sqlite import SqliteSpentTokens
from tests.enforce.making import ask


class _Says:
    """A store that always gives one answer."""

    blocking = False

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        return self.answer


@pytest.mark.parametrize("answer", [True, False])
def test_refuses_a_store_that_does_not_count(answer: bool) -> None:
    """Trap 24: a replay store that always says yes is no store; one that always says no stops every form."""
    store: SpentTokens = _Says(answer)
    with pytest.raises(PolicyInvalid, match=r"store: _Says .*write store = \"memory\""):
        require_counting(store)


def test_takes_a_store_that_counts(tmp_path: object) -> None:
    """Both embedded stores pass, and may be checked at every start."""
    for store in (MemorySpentTokens(), SqliteSpentTokens(f"{tmp_path}/spent.db")):
        require_counting(store)
        assert require_counting(store) is None


def test_keeps_remarks_in_their_order() -> None:
    """What guards leave for the operator is told oldest first."""
    exchange = ask()
    assert remarks(exchange) == ()
    first, second = (Refusal(control=ControlId("browser.x"), status=0, reason=word) for word in ("one", "two"))
    remark(exchange, first)
    remark(exchange, second)
    assert remarks(exchange) == (first, second)
