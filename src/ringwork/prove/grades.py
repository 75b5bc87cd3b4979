"""The words for how grave a finding is and how much a profile asks, gravest and least first; held against what a person wrote."""

from __future__ import annotations

from ringwork.errors import TargetFailed

SEVERITIES = ("critical", "high", "medium", "low")
PROFILES = ("baseline", "standard", "high")


def require_severity(word: str) -> None:
    """Raise TargetFailed for a severity that is not known."""
    _require_one_of(word, SEVERITIES, "fail-on")


def require_profile(word: str) -> None:
    """Raise TargetFailed for a profile that is not known."""
    _require_one_of(word, PROFILES, "profile")


def _require_one_of(word: str, known: tuple[str, ...], option: str) -> None:
    if word not in known:
        raise TargetFailed(step="settings", problem=f"--{option} {word} is unknown", advice=f"write one of: {', '.join(known)}")
