"""A report as JUnit XML, for what collects test results: a test case for each check, in a suite for each layer.

Against a green list that hides what was not looked at: a check that was not verified is skipped with its reason, never passed, and a
run that proves nothing has an error of its own. Text that no XML can hold is spelled out.
Source: junit-10.xsd of Jenkins' xUnit plugin, and the older schema of its JUnit plugin; a file is valid by both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from ringwork.prove.evidence import CheckResult, Finding, Report, Verdict, WaiverState
from ringwork.report import about, order
from ringwork.report.signs import told_exit
from ringwork.report.visible import one_line, visible

_NAMED = 3  # routes that stand in a message; all of them stand in the text below it


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case. outcome: "", "skipped", "failure" or "error"; kind and said: its type and its text, where there is an outcome."""

    name: str
    classname: str
    seconds: float
    outcome: str = ""
    kind: str = ""
    said: str = ""


def render(report: Report) -> str:
    """The whole file, ending in a line feed."""
    suites = [("ringwork.run", (_run(report),)), *_layers(report)]
    cases = [case for _, inside in suites for case in inside]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{_attributes({'name': 'ringwork', **_totals(cases)})}>"]
    for number, (name, inside) in enumerate(suites):
        lines += _suite(number, name, inside, report)
    return "\n".join([*lines, "</testsuites>", ""])


def _layers(report: Report) -> list[tuple[str, tuple[Case, ...]]]:
    by_layer = dict[str, list[CheckResult]]()
    for result in report.results:
        by_layer.setdefault(result.check.partition(".")[0], []).append(result)
    return [(f"ringwork.{layer}", tuple(_case(one, report) for one in by_layer[layer])) for layer in about.layers(set(by_layer))]


def _run(report: Report) -> Case:
    """The run itself: without it a target that never came up would be a list of skipped tests, which many tools call a success."""
    name = f"the run on {one_line(report.target, limit=200)}"
    late = "\n".join(order.told(waiver) for waiver in order.due(report) if waiver.state is WaiverState.EXPIRED)
    if late:
        return Case(name=name, classname="ringwork.run", seconds=0, outcome="failure", kind="waiver", said=late)
    if report.exit_code in {0, 1}:
        return Case(name=name, classname="ringwork.run", seconds=0)
    said = told_exit(report.exit_code, report.exit_reason)
    return Case(name=name, classname="ringwork.run", seconds=0, outcome="error", kind=f"exit {report.exit_code}", said=said)


def _case(result: CheckResult, report: Report) -> Case:
    control, _, check = result.check.partition("/")
    outcome, kind, said = _ending(result, report)
    # The name is the check's alone: with routes in it, a test that fails would be another test than the one that passed.
    return Case(name=check, classname=control, seconds=result.seconds, outcome=outcome, kind=kind, said=said)


def _ending(result: CheckResult, report: Report) -> tuple[str, str, str]:
    """Outcome, its type, and its text, whose first line is the message and names the routes."""
    own = [finding for finding in report.findings if finding.check == result.check]
    found = own or [finding for finding in report.findings if result.check in finding.checks]
    opened = [finding for finding in found if order.is_open(finding)]
    texts = "\n\n".join(_told(finding, report) for finding in found)
    reason = one_line(result.reason, limit=1000)
    if result.verdict is Verdict.PROVEN:
        return "", "", ""
    if result.verdict is Verdict.NOT_VERIFIED:
        return "skipped", "", f"not verified{' (held)' if result.held else ''}: {reason}"
    if result.verdict is Verdict.NOT_APPLICABLE:
        return "skipped", "", f"not applicable: {reason}"
    if result.verdict is Verdict.ACCEPTED:
        return "skipped", "", f"accepted: {_routes(found)}{one_line(result.waiver or reason, limit=1000)}\n\n{texts}".strip()
    if found and not own:  # one fault is one failure; this one is that of the check that attacked it
        told = ", ".join(dict.fromkeys(finding.check for finding in found))
        return "skipped", "", f"violated, and told by {told}: {_routes(found)}{reason}"
    if opened and not any(order.is_new(finding, report) for finding in opened):
        return "skipped", "", f"violated, and known to the baseline {one_line(report.baseline)}: {_routes(found)}{reason}\n\n{texts}"
    return "failure", "violated", f"{_routes(found)}{reason}\n\n{texts}".strip()


def _routes(found: Sequence[Finding]) -> str:
    names = list(dict.fromkeys(one_line(finding.where, limit=200) for finding in found))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}: " if names else ""


def _told(finding: Finding, report: Report) -> str:
    path, line = order.place(finding, report)
    state = "accepted" if not order.is_open(finding) else "new" if order.is_new(finding, report) and report.baseline else ""
    state = "known to the baseline" if order.is_open(finding) and not order.is_new(finding, report) else state
    return "\n".join(
        [
            f"{one_line(finding.where)} ({finding.severity}{', ' + state if state else ''}) at {path}:{line}",
            f"  {one_line(finding.summary, limit=1000)}",
            f"  fix: {one_line(finding.fix, limit=1000)}",
            f"  again: ringwork replay {finding.id}",
        ]
    )


def _suite(number: int, name: str, cases: Sequence[Case], report: Report) -> Iterable[str]:
    skipped = sum(case.outcome == "skipped" for case in cases)
    attributes = {
        "name": name,
        "package": name,
        "id": str(number),
        **_totals(cases),
        "skipped": str(skipped),
        # The older schemas take no zone; the time is UTC.
        "timestamp": report.started_at[:19],
        "hostname": "localhost",
    }
    yield f" <testsuite{_attributes(attributes)}>"
    yield "  <properties>"
    told = {"target": report.target, "framework": report.framework, "guard": report.guarded, "commit": report.commit, "tree": report.tree}
    for key, value in told.items():
        yield f"   <property{_attributes({'name': key, 'value': value})}/>"
    yield "  </properties>"
    for case in cases:
        yield from _element(case)
    yield "  <system-out></system-out>"
    yield "  <system-err></system-err>"
    yield " </testsuite>"


def _totals(cases: Sequence[Case]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(case.outcome == "failure" for case in cases)),
        "errors": str(sum(case.outcome == "error" for case in cases)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _element(case: Case) -> Iterable[str]:
    head = f"  <testcase{_attributes({'name': case.name, 'classname': case.classname, 'time': f'{case.seconds:.3f}'})}"
    if not case.outcome:
        yield f"{head}/>"
        return
    text = escape(visible(case.said))
    # The text stands inside the element only: an older schema knows no message of what is skipped.
    told = _attributes({"type": case.kind, "message": case.said.partition("\n")[0]}) if case.kind else ""
    yield f"{head}>"
    yield f"   <{case.outcome}{told}>{text}</{case.outcome}>"
    yield "  </testcase>"


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(one_line(value))}" for name, value in values.items())
