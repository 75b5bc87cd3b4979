"""A report as one HTML file that works offline.

Against an answer of the target that runs in the reader's browser: everything is escaped, and a content policy that is
computed when the file is written lets only this module's own style and script act, and nothing be loaded or sent.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ringwork.prove.evidence import Report
from ringwork.report import gains
from ringwork.report.page import page
from ringwork.report.requirements import WORDS
from ringwork.report.signs import BAD, GOOD, NONE, OPEN, OUTCOMES, SEVERITIES, VERDICTS, WAIVED
from ringwork.report.tally import ENDS, HELD
from ringwork.report.visible import counted, visible


def write(report: Report, path: Path, *, before: Report | None = None) -> None:
    """Write the report to a file, whose folder exists. before: the run to compare it with. Raises OSError when that fails."""
    path.write_text(document(report, before=before), encoding="utf-8", newline="\n")


def document(report: Report, *, before: Report | None = None) -> str:
    """The whole page as text; where there is an earlier run, with what changed since."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = Markup(_policy(style, script))  # noqa: S704 - made of constants and digests
    template = _environment().get_template("report.html.j2")
    return template.render(report=report, page=page(report, before), policy=policy, style=style, script=script)


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ringwork.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(anchor=_anchor, counted=counted, ends=ENDS, outcomes=OUTCOMES, requirement_words=WORDS, verdicts=VERDICTS)
    made.globals.update(gained=gains.of, severities=SEVERITIES, good=GOOD, bad=BAD, unsure=OPEN, moot=NONE, waived=WAIVED, holding=HELD)
    made.filters.update(ticked=_ticked, visible=visible, quoted=_quoted)
    return made


def _shown(value: object) -> object:
    """What is written for a value: text that is no markup yet without characters that hide or turn it."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _anchor(kind: str, id_: str) -> str:
    """The fragment of a check or control; letters, digits, hyphens and underscores."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_-]+', '-', id_)}"


def _ticked(text: str) -> Markup:
    """The text with what stands between backticks as code; everything escaped."""
    pieces = [escape(visible(piece)) for piece in text.split("`")]
    if len(pieces) % 2 == 0:
        return Markup("`").join(pieces)
    return Markup("").join(Markup("<code>{}</code>").format(piece) if place % 2 else piece for place, piece in enumerate(pieces))


def _quoted(text: str) -> Markup:
    """A request or an answer for <pre>, escaped; blanks that end a line as references, so that no editor and no judge takes them away."""
    kept = re.sub(r"[ \t]+$", lambda found: "".join(f"&#{ord(one)};" for one in found[0]), escape(visible(text)), flags=re.MULTILINE)
    return Markup(kept)  # noqa: S704 - escaped above


def _asset(name: str) -> Markup:
    """A file of this package that stands in the page as it is."""
    text = resources.files("ringwork.report").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - shipped with this package


def _policy(style: str, script: str) -> str:
    """What the page may do: be styled and scripted by exactly these two texts."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
