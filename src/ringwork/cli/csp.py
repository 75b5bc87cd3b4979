"""`ringwork csp EVENTS_FILE`: from what browsers reported to the lines that would let it in, and what no line should let in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TextIO

import typer

from ringwork.cli import terminal
from ringwork.crypto.integrity import integrity_of
from ringwork.enforce import violations
from ringwork.enforce.browser import content_security_policy
from ringwork.enforce.browser.content_security_policy import ContentSecurityPolicyReason, ContentSecurityPolicySettings
from ringwork.enforce.violations import Violation

SETTINGS = {
    "script-src": "script_sources",
    "style-src": "style_sources",
    "img-src": "image_sources",
    "font-src": "font_sources",
    "media-src": "media_sources",
    "connect-src": "connect_sources",
    "frame-src": "frame_sources",
    "form-action": "form_targets",
    "frame-ancestors": "framed_by",
}
"""The setting that speaks of each directive."""

EXTENSIONS = frozenset({"chrome-extension", "moz-extension", "safari-web-extension", "about"})
NONCE = 'give its tag nonce="{{ csp_nonce }}"'
_LONGEST_LINE = 64 * 1024


def command(
    events: Annotated[
        Path, typer.Argument(metavar="FILE", help="A log with events, one JSON object a line; whatever else stands there is passed over.")
    ],
    integrity: Annotated[
        bool, typer.Option("--integrity", help="The file is a script or style sheet: print the attribute for its tag.")
    ] = False,
) -> None:
    """Suggest settings from the reports of browsers, or print the integrity hash of a file."""
    if not events.is_file():
        told = "the script or style sheet" if integrity else "the file that the events of ringwork are logged to"
        raise typer.BadParameter(f"{events} is no file; name {told}", param_hint="FILE")
    out = terminal.console()
    if integrity:
        terminal.say(out, f'integrity="{integrity_of(events.read_bytes())}" crossorigin="anonymous"')
        return
    with events.open(encoding="utf-8", errors="replace") as lines:
        suggestion = suggest(read(lines))
    for line in suggestion.lines():
        out.print(line, soft_wrap=True)


@dataclass(slots=True, kw_only=True)
class Seen:
    """How often one thing was blocked, and on which pages."""

    times: int = 0
    pages: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        shown = ", ".join(page for page, _ in self.pages.most_common(3))
        more = f" and {len(self.pages) - 3} more" if len(self.pages) > 3 else ""
        return f"reported {self.times} time{'s' if self.times != 1 else ''}, on {shown}{more}"


def read(lines: Iterable[str] | TextIO) -> dict[tuple[str, str], Seen]:
    """What was blocked, by directive (its "-elem" or "-attr" kept) and source."""
    found: dict[tuple[str, str], Seen] = {}
    for violation, times in _violations(lines):
        seen = found.setdefault((violation.directive, violation.blocked), Seen())
        seen.times += times
        seen.pages[violation.page] += times
    return found


def _violations(lines: Iterable[str]) -> Iterator[tuple[Violation, int]]:
    for line in lines:
        # A log may write its own words before the record.
        start = line.find("{")
        if start < 0 or len(line) > _LONGEST_LINE:
            continue
        try:
            told = json.loads(line[start:])
        except (ValueError, RecursionError):
            continue
        if not isinstance(told, dict) or told.get("control") != content_security_policy.CONTROL:
            continue
        if told.get("reason") == ContentSecurityPolicyReason.REPORTED and isinstance(told.get("detail"), str):
            violation = violations.of_detail(told["detail"])
            if violation is not None:
                yield violation


@dataclass(slots=True, kw_only=True)
class Suggestion:
    """What may be added, by setting, and what should not be let in, each with its reason."""

    added: dict[str, dict[str, Seen]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    passed_over: int = 0

    def lines(self) -> Iterator[str]:
        """For a person, and the settings as they stand in ringwork.toml."""
        if not self.added and not self.refused and not self.passed_over:
            yield f"no report of {content_security_policy.CONTROL} stands in this file"
            return
        if self.added:
            yield "# Anybody can send a report: add only what your own pages load."
            yield "[browser.content-security-policy]"
            for setting, sources in self.added.items():
                yield f"{setting} = ["
                yield from (f'  "{source}",  # {seen}' for source, seen in sources.items())
                yield "]"
        if self.refused:
            yield "# Not suggested:"
            yield from (f"# - {reason}" for reason in self.refused)
        if self.passed_over:
            yield f"# {self.passed_over} report(s) came from extensions of browsers, which no policy of yours is about."


def suggest(found: dict[tuple[str, str], Seen]) -> Suggestion:
    """Sort what was blocked: exact sources that a setting takes, and all that stays out, the most frequent first."""
    suggestion = Suggestion()
    for (directive, blocked), seen in sorted(found.items(), key=lambda pair: (-pair[1].times, pair[0])):
        if blocked in EXTENSIONS:
            suggestion.passed_over += seen.times
            continue
        reason = _why_not(directive, blocked)
        if reason:
            suggestion.refused.append(f"{directive} {blocked}: {reason} ({seen})")
            continue
        setting = SETTINGS[_general(directive)]
        already = suggestion.added.setdefault(setting, {}).setdefault(blocked, Seen())
        already.times += seen.times
        already.pages += seen.pages
    return suggestion


def _general(directive: str) -> str:
    return directive.removesuffix("-elem").removesuffix("-attr")


def _why_not(directive: str, blocked: str) -> str:
    """Why no setting should let this in, and what to do instead; "" where one may."""
    general = _general(directive)
    if blocked == "inline":
        return _inline(directive)
    if blocked in {"eval", "wasm-eval"}:
        return "text is run as code; take a build of the library that does without"
    if blocked.startswith("trusted-types"):
        return "markup is written as text; hand it over as a TrustedHTML, or set trusted_types = false"
    if blocked == "self":
        return "a file of your own site, which this directive leaves out; look at `scripts` and at the policy of that route"
    if general not in SETTINGS:
        return "no setting speaks of it; an attack may have been stopped"
    if blocked in violations.WORDS or blocked == "other":
        return f"{blocked}: lets in whatever injected markup brings along; serve it as a file"
    if blocked.startswith(("http:", "ws:")):
        return "not encrypted, so anybody on the way can exchange it; load it by https"
    # The guard's own judgement, so that what is suggested is taken.
    fault = next(iter(content_security_policy.faults(ContentSecurityPolicySettings(**{SETTINGS[general]: (blocked,)}))), "")  # type: ignore[arg-type]  # a tuple of text
    return fault.partition(f"{blocked!r} ")[2] if fault else ""


def _inline(directive: str) -> str:
    if directive == "script-src-attr":
        return "a handler in an attribute (onclick=...); move it into a file, with addEventListener"
    if directive.startswith("script"):
        return f"never let in at large; {NONCE}, or move it into a file"
    if directive == "style-src-attr":
        return "a style attribute; move it into a style sheet, or set inline_styles = true"
    return f"{NONCE}, or move it into a file"
