"""What a session of pytest is asked to prove, and the claims that its tests stand for: plain data that crosses processes as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringwork.errors import TargetFailed

RUN = "run"
"""The one claim that is about the run itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a session is asked to prove. here: the folder from which names are read. options: further words of `ringwork prove`."""

    target: str
    here: str
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    profile: str = ""
    quick: bool = False
    deep: bool = False
    options: tuple[str, ...] = ()

    def words(self, checks: Sequence[str] = ()) -> list[str]:
        """The command line that proves it; checks: only these, all that are asked for without."""
        chosen = [f"--select={name}" for name in checks or self.select]
        flags = [*(["--quick"] if self.quick else []), *(["--deep"] if self.deep else [])]
        profile = [f"--profile={self.profile}"] if self.profile else []
        return ["prove", self.target, *chosen, *(f"--ignore={name}" for name in self.ignore), *flags, *profile, *self.options]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One test. check: its id, or RUN. route: a route's name, "" for the check as a whole.

    file, line: where the route's handler stands, relative to the project where it is a file of it; line 0 for none.
    """

    check: str
    route: str = ""
    file: str = ""
    line: int = 0

    @property
    def name(self) -> str:
        """What stands behind `ringwork::` in the id."""
        return f"{self.check}::{self.route}" if self.route else self.check


def asked_of(told: Mapping[str, Any]) -> Asked:
    """What was asked, from JSON values."""
    found: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Asked(**found)


def target_options(words: Sequence[str]) -> argparse.Namespace:
    """Those options of `ringwork prove` that decide how the target is imported. Raises TargetFailed for one without its value."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--factory", action="store_true")
    parser.add_argument("--factory-args", action="append", default=[])
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--env-file", default="")
    try:
        return parser.parse_known_args(list(words))[0]
    except argparse.ArgumentError as error:
        advice = "write them as for `ringwork prove`, for example --ringwork-options='--factory --env A=1'"
        raise TargetFailed(step="settings", problem=f"--ringwork-options: {error}", advice=advice) from error
