"""How each check was seen to fail, shipped with the package: written by a run on the breached clinics, read by every run.

`python -m ringwork.prove.sensitivity FILE...` merges outcomes (JSON lists of entries) into prove/sensitivity.json.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

FILE = "sensitivity.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How one check ended. digest: SHA-256 of the proof's file, 16 hexadecimal characters. without: control ids that were out.

    planted: the fault that was planted instead, "" for none. verdict: violated, or not applicable where the clinic has nothing to look at.
    """

    check: str
    framework: str
    digest: str
    verdict: str
    without: tuple[str, ...]
    planted: str = ""


def digest_of(control: str) -> str:
    """The digest of the file that holds a control's proof; "" when there is none."""
    layer, _, stem = control.partition(".")
    path = Path(__file__).parent / layer.replace("-", "_") / f"{stem.replace('-', '_')}.py"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else ""


def read() -> dict[tuple[str, str], Entry]:
    """All entries by check and framework; empty where the file was not made yet."""
    source = resources.files("ringwork.prove").joinpath(FILE)
    if not source.is_file():
        return {}
    entries = (Entry(**{**item, "without": tuple(item["without"])}) for item in json.loads(source.read_text(encoding="utf-8")))
    return {(entry.check, entry.framework): entry for entry in entries}


def sentence(entries: Mapping[tuple[str, str], Entry], check: str, framework: str) -> str:
    """What an installed prover can say about a check whose guard it cannot take out; "" when nothing is known or it is stale."""
    entry = entries.get((check, "fastapi" if framework == "starlette" else framework))
    if entry is None or entry.digest != digest_of(check.partition("/")[0]) or entry.verdict != "violated":
        return ""
    how = f"with a planted fault ({entry.planted})" if entry.planted else f"without {', '.join(entry.without)}"
    return f"this check was seen to fail on the {entry.framework} clinic {how}: {entry.verdict}"


def write(entries: Iterable[Entry], path: Path) -> None:
    """Write the entries, sorted, over those of the same check and framework that `path` holds."""
    kept = {(e["check"], e["framework"]): e for e in json.loads(path.read_text(encoding="utf-8"))} if path.is_file() else {}
    kept.update({(entry.check, entry.framework): asdict(entry) for entry in entries})
    path.write_text(json.dumps([kept[key] for key in sorted(kept)], indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Merge the given files of entries into the shipped one."""
    found = [
        Entry(**{**item, "without": tuple(item["without"])})
        for name in arguments
        for item in json.loads(Path(name).read_text(encoding="utf-8"))
    ]
    write(found, Path(__file__).parent / FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
