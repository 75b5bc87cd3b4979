"""`ringwork where CONTROL`: its address in every tree, whether something stands there or not."""

from __future__ import annotations

from typing import Annotated

import typer

from ringwork.cli import find, terminal
from ringwork.controls import control as controls
from ringwork.report import status


def command(
    control: Annotated[str, typer.Argument(metavar="CONTROL", help="An id such as browser.csrf, or another name of the control.")],
) -> None:
    """Show where a control's row, guard, proof, tests, breached clinic and page stand."""
    row, where = find.require_control(controls.load(), control), status.trees()
    present = (*status.standing_of(row, where).present, "row")
    out = terminal.console()
    lines = []
    for place in row.places:
        path = where.path_of(place)
        state = "not looked at: no repository here" if path is None else "there" if place.part in present else "missing"
        lines.append((place.part, place.path if where.repository or path is None else str(path), state))
    terminal.show_rows(out, ("Part", "Address", "State"), lines)
    if out.is_terminal and not row.guarded:
        terminal.say(out, "No guard in a running application can enforce this control; it has a proof only.")
