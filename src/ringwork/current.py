"""What code of the application may ask about the request that is being served."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

from ringwork.enforce.browser import csrf
from ringwork.errors import OutsideRequest
from ringwork.exchange import Exchange
from ringwork.names import IncidentId
from ringwork.pipeline import Plan
from ringwork.principal import Principal

SERVED: ContextVar[Exchange | None] = ContextVar("ringwork_exchange", default=None)


class Html(str):
    """Text that is HTML already; Jinja2 and MarkupSafe leave it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class Current(Protocol):
    """The request being served, as handlers and templates see it."""

    @property
    def principal(self) -> Principal | None:
        """Who is asking, as `identify` said; None for nobody."""

    @property
    def incident(self) -> IncidentId:
        """The number under which this request's refusal or error is recorded."""

    def csrf_token(self, action: str) -> str:
        """A token for one sending of the form whose action is `action`, a path of this site ("/appointments")."""

    def csrf_field(self, action: str) -> Html:
        """The hidden field with such a token, to stand inside the form."""


class _Current:
    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def principal(self) -> Principal | None:
        """Who is asking, as `identify` said; None for nobody."""
        return self._exchange.principal

    @property
    def incident(self) -> IncidentId:
        """The number under which this request's refusal or error is recorded."""
        return self._exchange.incident

    def csrf_token(self, action: str) -> str:
        """A token for one sending of the form whose action is `action`, a path of this site ("/appointments")."""
        plan = self._exchange.plan
        if not isinstance(plan, Plan):
            raise OutsideRequest("csrf_token() works only while ringwork serves a request")
        pipeline = plan.pipeline
        return csrf.issue_token(self._exchange, pipeline.policy.csrf, pipeline.site, action)

    def csrf_field(self, action: str) -> Html:
        """The hidden field with such a token, to stand inside the form."""
        return Html(f'<input type="hidden" name="csrf_token" value="{self.csrf_token(action)}">')


def current() -> Current:
    """The request being served. Raises OutsideRequest elsewhere, and in applications that are not protected."""
    exchange = SERVED.get()
    if exchange is None:
        raise OutsideRequest("current() works only inside a request of an application that protect() guards")
    return _Current(exchange)
