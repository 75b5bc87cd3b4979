"""A report as an in-toto statement: that this report came out of a run on this commit.

Against evidence that is exchanged afterwards, or held up beside other code: the statement names the report by its digest, and the commit
only where the tree was that commit and nothing else. Unsigned it protects against accidents; who may forge is decided by the key.
Source: in-toto Statement v1, predicate Test Result v0.1.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from ringwork.prove.evidence import Report, Verdict
from ringwork.report import envelope, order, plain
from ringwork.report.visible import throughout

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
REPORT = "report.json"

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def render(report: Report, signer: envelope.Signer | None = None) -> str:
    """The statement, in an envelope where there is a key to sign it with; JSON, ending in a line feed."""
    text = json.dumps(statement(report), indent=1) + "\n"
    return text if signer is None else envelope.seal(text, signer)


def digest(text: str) -> str:
    """SHA-256 of a report as `plain.to_json` writes it, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def statement(report: Report) -> dict[str, Any]:
    """The statement as an object."""
    subjects: list[dict[str, Any]] = [{"name": REPORT, "digest": {"sha256": digest(plain.to_json(report))}}]
    if is_of_its_commit(report):
        subjects.append({"name": "source", "digest": {"gitCommit": report.commit}})
    checks = {verdict: [str(result.check) for result in report.results if result.verdict is verdict] for verdict in Verdict}
    known = {str(finding.check) for finding in order.known(report)} - {str(finding.check) for finding in order.new(report)}
    fallen = checks[Verdict.VIOLATED]
    warned = [*checks[Verdict.ACCEPTED], *(check for check in fallen if check in known)]
    predicate = {
        "result": _result(report, warned=bool(warned or fallen)),
        "configuration": [_configuration(report)],
        "passedTests": checks[Verdict.PROVEN],
        "warnedTests": warned,
        "failedTests": [check for check in fallen if check not in known],
    }
    made = {"_type": STATEMENT, "subject": subjects, "predicateType": PREDICATE, "predicate": predicate}
    return dict(throughout(made))


def is_of_its_commit(report: Report) -> bool:
    """Whether the commit names the code that was attacked: it is whole, and the tree was seen to be clean."""
    return report.tree == "clean" and _COMMIT.fullmatch(report.commit) is not None


def _result(report: Report, *, warned: bool) -> str:
    """Only a run that ended clean and proved something has passed; one that went wrong has failed: the standard knows no third."""
    if report.exit_code != 0 or report.partial:
        return "FAILED"
    return "WARNED" if warned or not proves_something(report) else "PASSED"


def proves_something(report: Report) -> bool:
    """Whether it looked at the whole application, and at least one check is proven."""
    return not report.left_out and report.count(Verdict.PROVEN) > 0


def _configuration(report: Report) -> dict[str, Any]:
    """What was run, as a resource: its content repeats it, its annotations say how it ended and what was left open."""
    content = {
        "version": report.version,
        "command": report.command,
        "target": report.target,
        "framework": report.framework,
        "guard": report.guarded,
        "seed": report.seed,
    }
    return {
        "name": "ringwork prove",
        "mediaType": "application/json",
        "content": base64.b64encode(json.dumps(throughout(content), sort_keys=True).encode("ascii")).decode("ascii"),
        "annotations": {
            "startedAt": report.started_at,
            "seconds": report.seconds,
            "exitCode": report.exit_code,
            "exitReason": report.exit_reason,
            "tree": report.tree,
            **{verdict.value: report.count(verdict) for verdict in Verdict},
        },
    }
