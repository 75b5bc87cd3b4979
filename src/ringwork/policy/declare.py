"""Rules on routes: `requires` and `public` mark functions, classes, routers, mounted applications and static files.

Against a new route that nobody thought of protecting: what carries no mark, and no rule of the policy, is refused.
"""

from __future__ import annotations

from typing import TypeVar

from ringwork.route import Public, Requires, Rule

T = TypeVar("T")

_RULE = "__ringwork_rule__"
_EXEMPT = "__ringwork_csrf_exempt__"


class RuleMark:
    """A rule, ready to mark anything: use it as a decorator, or call it with a router, blueprint or mounted application."""

    __slots__ = ("rule",)

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __call__(self, target: T) -> T:
        """Mark `target` and hand it back unchanged. A second mark on the same object raises ValueError."""
        return _mark(target, _RULE, self.rule)

    def __repr__(self) -> str:
        return f"RuleMark({self.rule!r})"


def public(reason: str) -> RuleMark:
    """Anyone may enter. `reason` is printed in every report: say why nothing private stands there."""
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError('public() needs a reason, for example public("the front page carries no personal data")')
    return RuleMark(Public(reason=reason.strip()))


def requires(*roles: str) -> RuleMark:
    """An authenticated principal with at least one of `roles` may enter; with no role named, any authenticated one."""
    for role in roles:
        if not isinstance(role, str) or not role.strip():
            raise ValueError(f'requires() takes role names such as requires("clinician"), not {role!r}')
    return RuleMark(Requires(roles=frozenset(roles)))


class csrf_exempt:  # noqa: N801  # reads as a decorator beside requires and public
    """This route needs no proof that its request came from the site's own pages; `reason` says what protects it instead."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError('csrf_exempt() needs a reason, for example csrf_exempt("the webhook is signed")')
        self.reason = reason.strip()

    def __call__(self, target: T) -> T:
        """Mark `target` and hand it back unchanged."""
        return _mark(target, _EXEMPT, self.reason)


def _mark(target: T, name: str, value: object) -> T:
    if own(target, name) is not None:
        raise ValueError(f"{_named(target)} carries two marks of the same kind; keep one")
    try:
        setattr(target, name, value)
    except (AttributeError, TypeError) as error:
        raise ValueError(
            f'{_named(target)} cannot be marked; name its route in the policy instead: rules={{"GET /path": requires()}}'
        ) from error
    return target


def _named(target: object) -> str:
    return getattr(target, "__qualname__", None) or type(target).__qualname__


def own(target: object, name: str) -> object:
    """The mark that stands on `target` itself."""
    # Against a rule that is inherited unseen: a class's mark does not pass to its subclasses; each is asked for its own.
    return vars(target).get(name) if hasattr(target, "__dict__") else None


def rule_of(target: object) -> Rule | None:
    """The rule marked on `target` itself, or None."""
    rule = own(target, _RULE)
    return rule if isinstance(rule, Public | Requires) else None


def exemption_of(target: object) -> str | None:
    """The reason of a CSRF exemption marked on `target` itself, or None."""
    reason = own(target, _EXEMPT)
    return reason if isinstance(reason, str) else None
