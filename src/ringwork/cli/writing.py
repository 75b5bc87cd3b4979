"""Writing a report in the forms that were asked for; shared by the commands that do so."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ringwork.errors import TargetFailed
from ringwork.prove.evidence import Report
from ringwork.report import outputs

FORMATS_HELP = f"Also write: {', '.join(o.name for o in outputs.OUTPUTS if not o.always)}. Repeat it, or put commas between."


def chosen(words: Sequence[str], *, always: bool = True) -> tuple[outputs.Output, ...]:
    """The outputs of `--format`, and those that a run always writes, in the table's order. Raises TargetFailed for an unknown one."""
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name not in outputs.NAMES:
            near = difflib.get_close_matches(name, outputs.NAMES, n=1)
            advice = f"did you mean {near[0]}?" if near else f"write one of: {', '.join(outputs.NAMES)}"
            raise TargetFailed(step="settings", problem=f"--format {name} is unknown", advice=advice)
    return tuple(output for output in outputs.OUTPUTS if (always and output.always) or output.name in names)


def asked() -> outputs.Asked:
    """What outputs need beside the report, as of now."""
    return outputs.Asked(now=datetime.datetime.now(datetime.UTC))


def write(report: Report, forms: Sequence[outputs.Output], folder: Path, out: Console, given: outputs.Asked) -> list[Path]:
    """Write the files and print what is printed; the paths, in order. A folder that cannot be written is told, and gives none."""
    made = [(name, text) for form in forms for name, text in form.make(report, given).items()]
    written = []
    try:
        for name, text in made:
            if name:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
                written.append(path)
    except OSError as error:
        advice = "choose another with --output-dir"
        out.print(f"ringwork: the report could not be written to {folder} ({error.strerror}); {advice}", soft_wrap=True)
        return []
    for name, text in made:
        if not name:
            print(text, end="", file=out.file)  # a workflow command is read at the start of a line, and never folded
    return written
