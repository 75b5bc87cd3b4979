"""One reading of one project by this ringwork, in a process of its own: prints what was found, CPU seconds and peak memory as JSON."""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

from ringwork import alone
from ringwork.survey import remembered


def main() -> None:
    """Read the project that was named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    asked = parser.parse_args()
    start = time.process_time()
    facts = remembered.read(asked.root)  # in a folder that is fresh where nothing is to be found
    used = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    flows = [
        {
            "kind": flow.kind,
            "strength": str(flow.strength),
            "sink": flow.sink,
            "entry": [flow.entry.kind, flow.entry.name],
            "place": [flow.place.file, flow.place.line],
            "steps": [[step.file, step.line, step.said] for step in flow.steps],
            "routes": list(flow.routes),
            "function": flow.function,
            "detail": flow.detail,
        }
        for flow in facts.flows
    ]
    unread = [[one.file, one.line, one.why] for one in facts.unread]
    print(json.dumps({"flows": flows, "unread": unread, "files": facts.files, "lines": facts.lines, "cpu": used, "peak": peak}))


if __name__ == "__main__":
    alone.until_the_end()  # as `ringwork check` does
    main()
