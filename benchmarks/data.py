"""What sealed data costs: a value, a table through SQLAlchemy, and the change of its key. `./run bench data`.

Options: --rounds N (15), --only fields|orm|rotation, --write (puts the tables into docs/performance.md). Peers stand in the same run.
"""

from __future__ import annotations

import argparse
import platform
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import data_fields
import data_orm
import data_rotation
import marks

Part = tuple[str, list[str]]
"""A table, and a line for each goal."""


def _goal(claim: str, value: float, limit: float) -> str:
    return f"| {claim} | {value:.2f} | at most {limit:.2f} | {_word(value <= limit)} |"


def _word(met: bool) -> str:  # noqa: FBT001  # it is its only value
    return "yes" if met else "no"


def fields(rounds: int) -> Part:
    """One value."""
    figures, added = data_fields.measure(rounds)
    small, sealed = figures[data_fields.SIZES[0]], data_fields.SEALED
    fastest = min(small.ratio(name, sealed) for name in added if name.startswith(("sqlalchemy-utils", "django-")))
    short = added[sealed][:2]
    return data_fields.table(figures, added), [
        _goal("a value of 32 B, in and out, to raw AES-GCM", small.ratio(sealed, data_fields.RAW), 2.0),
        f"| the fastest of the other libraries to ringwork | {fastest:.2f} | at least 4.00 | {_word(fastest >= 4)} |",
        f"| bytes stored beside a value of 32 B and of 256 B | {short[0]} and {short[1]} | 38 | {_word(set(short) == {38})} |",
    ]


def orm(rounds: int) -> Part:
    """A table through SQLAlchemy."""
    figures, sizes = data_orm.measure(max(3, rounds // 3))
    sealed, plain = data_orm.SEALED, data_orm.PLAIN
    limits = {"insert": 1.4, "select, 3 read": 1.6, "select, none read": 1.05}
    goals = [_goal(f"{step} of {data_orm.ROWS} rows to plain", figures[step].ratio(sealed, plain), most) for step, most in limits.items()]
    return data_orm.table(figures, sizes), goals


def rotation(rounds: int) -> Part:
    """The change of a key."""
    figures = data_rotation.measure(max(3, rounds // 3))
    lost, written = data_rotation.writes_lost()
    return data_rotation.table(figures), [
        _goal("a rotation to read and update in clear", figures.ratio(data_rotation.ROTATED, data_rotation.PLAIN), 4.5),
        f"| rows lost, of {written} that {data_rotation.WRITERS} writers wrote meanwhile | {lost} | 0 | {_word(not lost)} |",
    ]


PARTS = {"fields": fields, "orm": orm, "rotation": rotation}


def main() -> None:
    """Measure, print, and on demand write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    asked = parser.parse_args()
    found = [part(asked.rounds) for name, part in PARTS.items() if asked.only in {None, name}]
    head = f"Python {platform.python_version()}, cryptography {version('cryptography')}, SQLAlchemy {version('sqlalchemy')}; "
    head += f"medians of {asked.rounds} interleaved rounds. {marks.load()}".rstrip() + "\n\n"
    goals = "| goal | measured | wanted | met |\n| --- | ---: | ---: | --- |\n" + "\n".join(goal for _, each in found for goal in each)
    text = head + "\n".join(table for table, _ in found) + "\n" + goals + "\n"
    print(text)
    if asked.write:
        marks.write("data", text)


if __name__ == "__main__":
    main()
