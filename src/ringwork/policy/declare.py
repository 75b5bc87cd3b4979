"""Rules on routes: `requires`, `public`, `signed`, `signed_link` mark functions, classes, routers, mounted applications and static files.

Against a new route that nobody thought of protecting: what carries no mark, and no rule of the policy, is refused.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Awaitable, Generator, Iterable
from typing import Any, ClassVar, TypeVar, overload

from ringwork.errors import PolicyInvalid
from ringwork.frozen import Frozen
from ringwork.route import Cacheable, Public, Rated, Requires, RouteLimits, Rule, Signed, Waived

T = TypeVar("T")

_RULE = "__ringwork_rule__"
_EXEMPT = "__ringwork_csrf_exempt__"
_RATED = "__ringwork_rated__"
_LIMITS = "__ringwork_limits__"
_CACHEABLE = "__ringwork_cacheable__"
_WAIVED = "__ringwork_waived__"

ATTRIBUTE = "ringwork_rule"
"""The attribute of a class of handlers, of a mixin or of a URLconf module that holds a mark, or several in a tuple."""


class _NoParameters:
    """What a mark asks of a request, told to whoever reads its signature: nothing. The classes of marks keep their own."""

    def __get__(self, mark: object, kind: type) -> inspect.Signature:
        if mark is None:
            raise AttributeError("__signature__")
        return inspect.Signature()


class _Nothing:
    """What a mark gives where it is called as a dependency: it decides nothing there, the guard has by then."""

    def __await__(self) -> Generator[Any, Any, None]:
        return
        yield

    def __repr__(self) -> str:
        return "what a mark of ringwork gives as a dependency"


_NOTHING = _Nothing()


class Mark:
    """What a declaration makes. It marks what it is called with, and stands in `Depends(...)` of FastAPI as it is."""

    __slots__ = ()

    _name: ClassVar[str]
    _left: ClassVar[str]
    """Under which name a target is marked, and which attribute of the mark is left there."""

    __signature__ = _NoParameters()

    @overload
    def __call__(self) -> Awaitable[None]: ...

    @overload
    def __call__(self, target: T) -> T: ...

    def __call__(self, target: object = _NOTHING) -> object:
        """Mark `target` and hand it back unchanged. A second mark of the same kind on the same object raises ValueError.

        Without a target nothing is marked: FastAPI calls its dependencies so, and what holds was read from them at the start.
        """
        return target if target is _NOTHING else _mark(target, self._name, getattr(self, self._left))


class RuleMark(Mark):
    """A rule, ready to mark anything: use it as a decorator, or call it with a router, blueprint or mounted application."""

    __slots__ = ("rule",)
    _name, _left = _RULE, "rule"

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __repr__(self) -> str:
        return f"RuleMark({self.rule!r})"


def public(reason: str) -> RuleMark:
    """Anyone may enter. `reason` is printed in every report: say why nothing private stands there."""
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError('public() needs a reason, for example public("the front page carries no personal data")')
    return RuleMark(Public(reason=reason.strip()))


def requires(*roles: str, recorded: bool = False) -> RuleMark:
    """An authenticated principal with at least one of `roles` may enter; with no role named, any authenticated one.

    recorded: each call is told as an event before the handler runs, and refused (503) while the sink of events fails. For
    what nobody shall do unseen, such as an administrator's work.
    """
    for role in roles:
        if not isinstance(role, str) or not role.strip():
            raise ValueError(f'requires() takes role names such as requires("clinician"), not {role!r}')
    return RuleMark(Requires(roles=frozenset(roles), recorded=recorded))


def signed(sender: str, *, purpose: str = "") -> RuleMark:
    """Only a message that `sender` signed enters: verified over its raw bytes, fresh, and once, before anything of it is parsed.

    sender: a name of the policy's `message_integrity.senders`. purpose: what the signature has to be for, such as "laboratory result 1";
    only the form "ringwork" has one. No login is asked for.
    """
    if not isinstance(sender, str) or not sender.strip():
        raise ValueError('signed() names the sender, for example signed("laboratory", purpose="laboratory result 1")')
    return RuleMark(Signed(sender=sender, purpose=purpose))


def signed_link(purpose: str, *, once: bool = False) -> RuleMark:
    """Only a link that `issue_link(address, purpose, ...)` made for this address enters, until its end; with `once` a single time.

    Whoever has the link may use it, so it opens one thing, and not for long. No login is asked for.
    """
    if not isinstance(purpose, str) or not purpose.strip():
        raise ValueError('signed_link() names the purpose, for example signed_link("calendar file 1")')
    return RuleMark(Signed(purpose=purpose, once=once))


class csrf_exempt(Mark):  # noqa: N801  # reads as a decorator beside requires and public
    """This route needs no proof that its request came from the site's own pages; `reason` says what protects it instead."""

    __slots__ = ("reason",)
    _name, _left = _EXEMPT, "reason"

    def __init__(self, reason: str) -> None:
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError('csrf_exempt() needs a reason, for example csrf_exempt("the webhook is signed")')
        self.reason = reason.strip()


class limits(Mark):  # noqa: N801  # reads as a decorator beside requires and public
    """The requests of this route are held to other limits than the rest; `reason` says why. What is not named stays as everywhere.

    body_bytes: greatest length of the body. form_fields: most fields of a form. json_depth: deepest nesting. seconds: longest
    time until the answer starts (ASGI). Each may be larger or smaller than the general limit.
    """

    __slots__ = ("own",)
    _name, _left = _LIMITS, "own"

    def __init__(self, reason: str, *, body_bytes: int = 0, form_fields: int = 0, json_depth: int = 0, seconds: float = 0.0) -> None:
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError('limits() needs a reason, for example limits("scans are up to 8 MiB", body_bytes=8_388_608)')
        named = {"body_bytes": body_bytes, "form_fields": form_fields, "json_depth": json_depth, "seconds": seconds}
        if not any(named.values()) or any(value < 0 for value in named.values()):
            raise ValueError(f"limits() needs a limit above 0, one or more of: {', '.join(named)}")
        self.own = RouteLimits(
            reason=reason.strip(), body_bytes=body_bytes, form_fields=form_fields, json_depth=json_depth, seconds=float(seconds)
        )


class cacheable(Mark):  # noqa: N801  # reads as a decorator beside requires and public
    """The answers of this route may be kept although somebody is signed in; `reason` says why nothing private stands there.

    max_age: seconds, 0 to ask again each time. private: by the browser only; False lets shared caches keep them too.
    """

    __slots__ = ("own",)
    _name, _left = _CACHEABLE, "own"

    def __init__(self, reason: str, *, max_age: int = 0, private: bool = True) -> None:
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError('cacheable() needs a reason, for example cacheable("the logo is the same for everybody", max_age=3600)')
        if not 0 <= max_age <= 31_536_000:
            raise ValueError(f"cacheable() takes max_age from 0 to 31536000 seconds, not {max_age}")
        self.own = Cacheable(reason=reason.strip(), max_age_seconds=max_age, private=private)


class rate_limited(Mark):  # noqa: N801  # reads as a decorator beside requires and public
    """This route's requests are counted by the rates of the class `name`, such as "login" or "expensive".

    reason: for the class "none", which counts arrivals only: what else keeps this route from being flooded.
    """

    __slots__ = ("own",)
    _name, _left = _RATED, "own"

    def __init__(self, name: str, *, reason: str = "") -> None:
        if not isinstance(name, str) or not name.strip():
            raise ValueError('rate_limited() names a class of rates, for example rate_limited("login")')
        if (name == "none") != bool(reason.strip()):
            raise ValueError('rate_limited("none", reason="...") needs a reason, and no other class takes one')
        self.own = Rated(name=name, reason=reason.strip())


class waive(Mark):  # noqa: N801  # reads as a decorator beside requires and public
    """A violation of `control` on this route is accepted: a proof tells it as accepted, until its day; the guard itself stands as ever.

    control: its id ("browser.csrf"). reason: why. owner: who answers for it. until: the last day on which it holds, a date or "2027-01-31".
    Several controls on one target take one mark each.
    """

    __slots__ = ("own",)
    _name, _left = _WAIVED, "own"

    def __init__(self, control: str, *, reason: str, owner: str, until: datetime.date | str) -> None:
        told = {"control": control, "reason": reason, "owner": owner}
        for name, text in told.items():
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f'waive() needs a {name}: waive("browser.csrf", reason="signed", owner="payments", until="2027-01-31")')
        day = until.isoformat() if type(until) is datetime.date else until
        try:
            last = datetime.date.fromisoformat(str(day))
        except ValueError:
            raise ValueError(f'waive() takes until as a date or as "2027-01-31", not {until!r}') from None
        self.own = Waived(control=control.strip(), reason=reason.strip(), owner=owner.strip(), until=last.isoformat())

    @overload
    def __call__(self) -> Awaitable[None]: ...

    @overload
    def __call__(self, target: T) -> T: ...

    def __call__(self, target: object = _NOTHING) -> object:
        """Mark `target` and hand it back unchanged. A second mark for the same control on the same object raises ValueError."""
        if target is _NOTHING:
            return target
        before = own(target, _WAIVED)
        kept = before if isinstance(before, tuple) else ()
        if any(one.control == self.own.control for one in kept):
            raise ValueError(f"{_named(target)} carries two marks that waive {self.own.control}; keep one")
        return _put(target, _WAIVED, (*kept, self.own))


def _mark(target: T, name: str, value: object) -> T:
    if own(target, name) is not None:
        raise ValueError(f"{_named(target)} carries two marks of the same kind; keep one")
    return _put(target, name, value)


def _put(target: T, name: str, value: object) -> T:
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
    names = getattr(target, "__dict__", None)
    return None if names is None else names.get(name)


def is_marked(target: object) -> bool:
    """Whether a mark of any kind stands on `target` itself."""
    return any(own(target, name) is not None for name in (_RULE, _EXEMPT, _RATED, _LIMITS, _CACHEABLE, _WAIVED))


def said_by(holder: object) -> Carrier | None:
    """The marks in the attribute `ringwork_rule` of a class or module itself, None for none. Raises PolicyInvalid for what is no mark."""
    said = own(holder, ATTRIBUTE)
    if said is None:
        return None
    marks = said if isinstance(said, tuple | list) else (said,)
    if not all(isinstance(mark, Mark) for mark in marks):
        named = getattr(holder, "__qualname__", None) or getattr(holder, "__name__", "")
        raise PolicyInvalid([f'{named}.{ATTRIBUTE} is no mark; write {ATTRIBUTE} = requires("role"), or public("reason")'])
    return carried(marks)


def rule_of(target: object) -> Rule | Contradiction | None:
    """The rule marked on `target` itself, or None."""
    rule = own(target, _RULE)
    return rule if isinstance(rule, Public | Requires | Signed | Contradiction) else None


class Contradiction(Frozen):
    """Two rules that both have to hold for one route, and that no single rule says."""

    one: Rule
    other: Rule

    def __str__(self) -> str:
        return f"{written(self.one)} and {written(self.other)} both stand before it, and Depends() means that both hold; keep one"


def written(rule: Rule) -> str:
    """A rule as people write it."""
    if isinstance(rule, Public):
        return f'public("{rule.reason}")'
    if isinstance(rule, Requires):
        return "requires({})".format(", ".join(f'"{role}"' for role in sorted(rule.roles)))
    if isinstance(rule, Signed):
        return f'signed("{rule.sender}")' if rule.sender else f'signed_link("{rule.purpose}")'
    return f'own_auth = ["{rule.by}"]'


class Carrier:
    """Carries marks for something that cannot, or must not, carry them itself."""


def carried(marks: Iterable[Mark]) -> Carrier:
    """Several marks on one object; two of the same kind raise ValueError."""
    carrier = Carrier()
    for mark in marks:
        mark(carrier)
    return carrier


def all_of(rules: Iterable[Rule | Contradiction]) -> Carrier:
    """What says all of these rules at once, the narrowest, on an object; where none says it, their contradiction."""
    carrier, together = Carrier(), None
    for rule in rules:
        together = rule if together is None else _both(together, rule)
    setattr(carrier, _RULE, together)
    return carrier


def _both(one: Rule | Contradiction, other: Rule | Contradiction) -> Rule | Contradiction:
    if isinstance(one, Contradiction) or isinstance(other, Contradiction):
        return one if isinstance(one, Contradiction) else other
    if one == other or (isinstance(one, Public) and isinstance(other, Public)):
        return one
    if isinstance(one, Requires) and isinstance(other, Requires):
        # Against a rule of one place that opens what another closes: of two sets of roles only the one inside the other says both.
        few, many = sorted((one.roles, other.roles), key=lambda roles: (not roles, len(roles)))
        if few <= many or not many:
            return Requires(roles=few, recorded=one.recorded or other.recorded)
    return Contradiction(one=one, other=other)


def exemption_among(marked: Iterable[tuple[str, object]]) -> str | None:
    """The reason of the innermost CSRF exemption among these places, or None."""
    return _among(marked, _EXEMPT, str)


def cacheable_among(marked: Iterable[tuple[str, object]]) -> Cacheable | None:
    """The innermost mark `cacheable` on a handler or on what it stands in, or None."""
    return _among(marked, _CACHEABLE, Cacheable)


def limits_among(marked: Iterable[tuple[str, object]]) -> RouteLimits | None:
    """The innermost mark of `limits` among these places, or None."""
    return _among(marked, _LIMITS, RouteLimits)


def rated_among(marked: Iterable[tuple[str, object]]) -> Rated | None:
    """The innermost mark of a class of rates among these places, or None."""
    return _among(marked, _RATED, Rated)


def waived_among(marked: Iterable[tuple[str, object]]) -> tuple[Waived, ...]:
    """What is accepted by the marks of these places; of two for one control the innermost."""
    found: dict[str, Waived] = {}
    for _, target in marked:
        kept = own(target, _WAIVED)
        for one in kept if isinstance(kept, tuple) else ():
            found.setdefault(one.control, one)
    return tuple(found.values())


def _among(marked: Iterable[tuple[str, object]], name: str, kind: type[T]) -> T | None:
    for _, target in marked:
        found = own(target, name)
        if isinstance(found, kind):
            return found
    return None
