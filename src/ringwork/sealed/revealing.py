"""Telling that somebody had a sealed field opened: who, which field of which row, and why. Never what stood in it.

Against a curious insider who leaves no trace: a reveal without a reason is refused, and one that cannot be recorded does not happen.
"""

from __future__ import annotations

from ringwork import events
from ringwork.clock import SYSTEM_CLOCK
from ringwork.current import SERVED
from ringwork.enforce.guard import Refusal
from ringwork.errors import SealMisused
from ringwork.names import ControlId
from ringwork.pipeline import Plan
from ringwork.sealed.cells import Cell, Row
from ringwork.telling import Teller

CONTROL = ControlId("data.encryption-at-rest")
REVEALED = "revealed"


def told(cell: Cell, row: Row, reason: str) -> None:
    """Tell, in the name of the request that is being served, that `cell` of `row` is about to be opened because of `reason`.

    Outside a request the record goes to the logger `ringwork.security`, without a principal. Raises ValueError for an empty reason,
    SealMisused when the record could not be kept.
    """
    if not reason.strip():
        raise ValueError('a reveal needs a reason that a reviewer understands, for example reason="the patient asked for a copy"')
    shown = "/".join(str(part) for part in row)
    what = Refusal(control=CONTROL, status=0, reason=REVEALED, detail=f"{cell.label} of row {shown}: {reason}")
    exchange = SERVED.get()
    plan = None if exchange is None else exchange.plan
    if exchange is not None and isinstance(plan, Plan) and plan.pipeline.teller is not None:
        kept = plan.pipeline.teller.tell(exchange, what, events.Outcome.ALLOWED)
    else:
        kept = Teller(events.log_event, SYSTEM_CLOCK, app="", host="").tell_outbound(what, events.Outcome.ALLOWED)
    if not kept:
        # Against the insider who works unseen because the log is full: no record, no reveal.
        raise SealMisused(
            f"{cell.label} was not opened, because no record of it could be kept; write"
            f' logging.getLogger("{events.LOGGER.name}").setLevel(logging.INFO)'
        )
