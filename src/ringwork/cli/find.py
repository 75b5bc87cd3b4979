"""The control that a person means by a word on the command line."""

from __future__ import annotations

import typer

from ringwork.controls.control import Catalogue, Control


def require_control(catalogue: Catalogue, word: str) -> Control:
    """The control with this id, stem or alias; a usage error that names near ones when there is none."""
    found = catalogue.find(word)
    if found is None:
        near = catalogue.near(word)
        advice = f"did you mean {' or '.join(near)}?" if near else "`ringwork catalogue` lists them all"
        raise typer.BadParameter(f"no control is called {word!r}; {advice}", param_hint="CONTROL")
    return found
