"""What code of the application may ask about the request that is being served."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Protocol

from ringwork.errors import OutsideRequest
from ringwork.exchange import Exchange
from ringwork.names import IncidentId
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

    @property
    def csp_nonce(self) -> str:
        """What scripts and style blocks of this answer carry as nonce="..."; ask before the answer starts."""

    def csrf_token(self, action: str) -> str:
        """A token for one sending of the form whose action is `action`, a path of this site ("/appointments")."""

    def csrf_field(self, action: str) -> Html:
        """The hidden field with such a token, to stand inside the form."""

    def issue_link(self, address: str, purpose: str, *, lifetime: timedelta) -> str:
        """A link to `address`, a path of this site, that a route marked `signed_link(purpose)` lets in, login or not, for `lifetime`."""


class Issuer(Protocol):
    """What the plan of a request issues; said here, because whoever asks imports this module before there is a plan."""

    def issue_nonce(self, exchange: Exchange) -> str:
        """The nonce of this answer's scripts and style blocks."""

    def issue_form_token(self, exchange: Exchange, action: str) -> str:
        """A token for one sending of the form whose action is `action`."""

    def issue_link(self, address: str, purpose: str, lifetime_seconds: float) -> str:
        """`address`, signed for `purpose` for so long."""


def _issuer(exchange: Exchange, what: str) -> Issuer:
    plan: Any = exchange.plan
    if plan is None:
        raise OutsideRequest(f"{what} works only while ringwork serves a request")
    issuer: Issuer = plan
    return issuer


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

    @property
    def csp_nonce(self) -> str:
        """What scripts and style blocks of this answer carry as nonce="..."; ask before the answer starts."""
        return _issuer(self._exchange, "csp_nonce").issue_nonce(self._exchange)

    def csrf_token(self, action: str) -> str:
        """A token for one sending of the form whose action is `action`, a path of this site ("/appointments")."""
        return _issuer(self._exchange, "csrf_token()").issue_form_token(self._exchange, action)

    def csrf_field(self, action: str) -> Html:
        """The hidden field with such a token, to stand inside the form."""
        return Html(f'<input type="hidden" name="csrf_token" value="{self.csrf_token(action)}">')

    def issue_link(self, address: str, purpose: str, *, lifetime: timedelta) -> str:
        """A link to `address`, a path of this site, that a route marked `signed_link(purpose)` lets in, login or not, for `lifetime`."""
        return _issuer(self._exchange, "issue_link()").issue_link(address, purpose, lifetime.total_seconds())


def current() -> Current:
    """The request being served. Raises OutsideRequest elsewhere, and in applications that are not protected."""
    exchange = SERVED.get()
    if exchange is None:
        raise OutsideRequest("current() works only inside a request of an application that protect() guards")
    return _Current(exchange)


class Nonce:
    """`current().csp_nonce` for templates: made when it is printed or called, so that a page without it costs nothing.

    "" outside a request; no policy lets a script with an empty nonce in.
    """

    __slots__ = ()

    def __call__(self) -> str:
        """The nonce of the answer that is being made."""
        exchange = SERVED.get()
        return "" if exchange is None else _issuer(exchange, "csp_nonce").issue_nonce(exchange)

    __str__ = __html__ = __call__


csp_nonce = Nonce()
"""For a Jinja environment of your own: `environment.globals["csp_nonce"] = ringwork.csp_nonce`."""


def csrf_field(action: str) -> Html:
    """`current().csrf_field` for templates: the hidden field of a form whose action is `action`, a path of this site."""
    return current().csrf_field(action)
