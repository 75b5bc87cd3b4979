"""Ready ways to tell who is asking, for what applications use already: `Policy(identify=ringwork.identify.flask_login())`.

Against a second login beside the first: each asks the library that signed the user in, by its own code, and anything that it
cannot tell is nobody, or a refusal. What a browser attaches by itself counts as a cookie, so that proof of origin is asked for.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from ringwork import own_users
from ringwork.crypto.client_certificates import ClientCertificate
from ringwork.current import SERVED
from ringwork.enforce.transport import mutual_tls
from ringwork.frozen import replace
from ringwork.names import SessionId
from ringwork.own_users import Roles
from ringwork.policy.known_by import KnownBy
from ringwork.principal import Principal, Via

TOKEN_LIMIT = 8192
"""Characters of a bearer token; longer ones are nobody's."""

_BEARER = r"[A-Za-z0-9._~+/-]+=*"


# -- Flask-Login --------------------------------------------------------------------------------------------


def flask_login(*, roles: Roles = own_users.no_roles, via: Via = Via.COOKIE) -> Callable[[Any], Principal | None]:
    """Who Flask-Login says is asking, loaded by its own loader; the view's `current_user` is the same object, loaded once.

    roles: from the application's user object to role names. via: COOKIE also for users of a request_loader, since a browser may
    attach what it reads; give Via.BEARER where only a header of scripts is read. An inactive user is nobody, at every request.
    Does not see requests to applications that a dispatcher mounts beside Flask: Flask-Login works inside Flask only.
    """
    # The library is optional, and only an application that uses it calls this.
    import flask
    import flask_login as library  # type: ignore[import-untyped]  # it ships no types

    def identify(request: Any) -> Principal | None:
        user: Any = library.current_user
        # Against an account that was shut while its login lasts: `is_active` is asked at every request, not at sign-in alone.
        if not user or not user.is_authenticated or not user.is_active:
            return None
        return Principal(id=str(user.get_id()), roles=own_users.named_roles(roles, user), via=via, session=login(), attributes=freshness())

    def login() -> SessionId | None:
        """The handle of this login where Flask-Login holds it to one browser; under "basic" it moves with the network and binds nothing."""
        application: Any = flask.current_app
        mode = application.config.get("SESSION_PROTECTION", application.login_manager.session_protection)
        handle = flask.session.get("_id") if mode == "strong" else None
        return SessionId(str(handle)) if handle else None

    def freshness() -> Mapping[str, str]:
        return {"fresh": "yes" if flask.session.get("_fresh") else "no"}

    return identify


def flask_session(key: str, *, roles: Roles = own_users.no_roles) -> Callable[[Any], Principal | None]:
    """Who Flask's session names under `key`, where a login of the application's own keeps an id there.

    roles: from the session, as a mapping, to role names. Form tokens are bound to the user, not to one login. The session does not know
    of an account that was shut meanwhile: where that matters at every request, name a function instead.
    """
    from flask import session  # as optional as Flask itself

    def identify(request: Any) -> Principal | None:
        found = None if (kept := session.get(key)) == "" or kept is False else kept  # what a logout may leave there
        if found is not None and not isinstance(found, str | int):
            # Against a record that becomes a new user at each change of it.
            raise TypeError(f"the session keeps a {type(found).__name__} under {key!r}; name a function that returns the user's id")
        return None if found is None else own_users.identified(found, session, roles=roles, via=Via.COOKIE, session=None)

    return identify


# -- Django -------------------------------------------------------------------------------------------------


def django_user(*, roles: Roles | None = None) -> Callable[[Any], Principal | None]:
    """Who Django says is asking: `request.user`, or for a view of Django REST framework whom its authentication classes find.

    roles: from the user to role names; None for "staff" and "superuser", as the account says, since groups cost a query each time.
    An inactive user is nobody. A token in an Authorization header other than Basic counts as a bearer's; all else as a cookie's,
    which browsers attach by themselves. Touches the database as Django's own authentication does.
    """
    # The framework is optional, and only an application that uses it calls this.
    from django.utils.crypto import salted_hmac

    def identify(request: Any) -> Principal | None:
        user, via = _of_rest_framework(request) or (getattr(request, "user", None), Via.COOKIE)
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        return Principal(id=str(user.pk), roles=own_users.named_roles(roles or _django_roles, user), via=via, session=handle(request, via))

    def handle(request: Any, via: Via) -> SessionId | None:
        key = getattr(getattr(request, "session", None), "session_key", None) if via is Via.COOKIE else None
        # Against a session key in a log: what is told is made of it and does not open it.
        return SessionId(salted_hmac("ringwork.identify", key, algorithm="sha256").hexdigest()[:16]) if key else None

    return identify


def _django_roles(user: Any) -> Iterable[str]:
    return [name for name in ("staff", "superuser") if getattr(user, f"is_{name}", False) is True]


def _of_rest_framework(request: Any) -> tuple[Any, Via] | None:
    """Whom the classes of a view of Django REST framework find, and how; None where it is no such view."""
    view: Any = getattr(getattr(request, "resolver_match", None), "func", None)
    kind = getattr(view, "cls", None)
    if kind is None or not hasattr(kind, "authentication_classes"):
        return None
    from rest_framework.authentication import SessionAuthentication
    from rest_framework.exceptions import APIException
    from rest_framework.request import Request

    asked = Request(request, authenticators=kind(**getattr(view, "initkwargs", {})).get_authenticators())
    try:
        user = asked.user
    except APIException:
        # Against a wrong token that is taken for an outage: the view answers it, in its own words; here it is nobody's.
        return None, Via.COOKIE
    given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower()
    # No page of another site can set this header unasked, while browsers attach Basic credentials and cookies by themselves.
    is_bearer = bool(given) and given != "basic" and not isinstance(asked.successful_authenticator, SessionAuthentication)
    return user, Via.BEARER if is_bearer else Via.COOKIE


# -- FastAPI ------------------------------------------------------------------------------------------------


def fastapi_dependency(
    dependency: Callable[..., Any],
    to_principal: Callable[[Any], Principal | None] | None = None,
    *,
    roles: Roles = own_users.no_roles,
    via: Via = Via.COOKIE,
) -> Callable[[Any], Awaitable[Principal | None]]:
    """Who the application's own dependency says is asking; FastAPI solves it, sub-dependencies and overrides included.

    to_principal: from what the dependency returns to a Principal; by default a Principal, a text, or an object or mapping with an
    `id` (or `sub`), with `roles` and `via` given here. give via=Via.BEARER only where no cookie is read.
    HTTPException 401, 403 or a redirect, and input that does not fit, are nobody; any other exception refuses the request (503).
    Runs once more beside the route's own use of it; what it sets on a Response here is lost.
    Raises ValueError at once for a dependency that reads the body.
    """
    from fastapi import Depends, HTTPException, Request, WebSocket, WebSocketException
    from fastapi.dependencies.utils import get_dependant, solve_dependencies

    def asked(found: Any = Depends(dependency)) -> None:  # noqa: B008  # an annotation could not name what stands in this function alone
        """Stands where a route would, so that an override of the dependency itself is seen."""

    whole = get_dependant(path="/", call=asked)
    parts = list(_parts(whole))
    if any(part.body_params for part in parts):
        named = getattr(dependency, "__qualname__", type(dependency).__qualname__)
        raise ValueError(f"fastapi_dependency: {named} reads the body, which is not there yet when a request is identified")
    takes_socket = any(part.websocket_param_name for part in parts)
    make = to_principal or (lambda found: own_users.principal(found, roles=roles, via=via, session=None))

    async def identify(connection: Any) -> Principal | None:
        async with contextlib.AsyncExitStack() as stack:
            scope = {**connection.scope, "fastapi_inner_astack": stack, "fastapi_function_astack": stack}
            if scope["type"] == "websocket" and takes_socket:
                request: Any = WebSocket(scope, _no_message, _no_answer)
            else:
                # A handshake is a GET with the same headers and cookies; most dependencies ask for a Request.
                request = Request({**scope, "type": "http", "method": scope.get("method", "GET")})
            try:
                solved = await solve_dependencies(
                    request=request,
                    dependant=whole,
                    dependency_overrides_provider=scope.get("app"),
                    async_exit_stack=stack,
                    embed_body_fields=False,
                )
            except HTTPException as refused:
                # Against a fault that is taken for "nobody": the two words for it are, and a redirect to the login; a 500 is not.
                if refused.status_code not in {401, 403} and not 300 <= refused.status_code < 400:
                    raise
                return None
            except WebSocketException:
                return None
            found = None if solved.errors else solved.values["found"]
            return None if found is None else make(found)

    return identify


def fastapi_users(
    users: Any, *, roles: Roles = own_users.no_roles, via: Via | None = None, active: bool = True, verified: bool = False
) -> Callable[[Any], Awaitable[Principal | None]]:
    """Who fastapi-users says is asking.

    users: the FastAPIUsers object, or a dependency that its current_user() made. With the object every backend is asked in its
    own order; a token of a bearer transport is Via.BEARER, anything else Via.COOKIE. With a dependency `via` says how it is
    proven (COOKIE when not given), since nobody else can tell. active, verified: what a user must be, beside signed in; with the
    object only. Form tokens are bound to the user, not to one login: fastapi-users keeps no handle of a login.
    """
    if callable(users):
        return fastapi_dependency(users, roles=roles, via=via or Via.COOKIE)
    from fastapi_users.authentication import Authenticator, BearerTransport

    def one(backend: Any) -> Callable[[Any], Awaitable[Principal | None]]:
        authenticator: Any = Authenticator([backend], users.authenticator.get_user_manager)
        ask = authenticator.current_user(active=active, verified=verified)
        proven = via or (Via.BEARER if isinstance(backend.transport, BearerTransport) else Via.COOKIE)
        return fastapi_dependency(ask, roles=roles, via=proven)

    backends = [one(backend) for backend in users.authenticator.backends]

    async def identify(connection: Any) -> Principal | None:
        for ask in backends:
            principal = await ask(connection)
            if principal is not None:
                return principal
        return None

    return identify


async def _no_message() -> Any:
    raise RuntimeError("a dependency that tells who is asking must not read the socket: it is not open yet")


async def _no_answer(message: Any) -> None:
    raise RuntimeError("a dependency that tells who is asking must not answer: the request is not decided yet")


def _parts(dependant: Any) -> Iterable[Any]:
    yield dependant
    for child in dependant.dependencies:
        yield from _parts(child)


# -- a function of the request ------------------------------------------------------------------------------


def of_request(
    function: Callable[[Any], Any],
    to_principal: Callable[[Any], Principal | None] | None = None,
    *,
    roles: Roles = own_users.no_roles,
    via: Via = Via.COOKIE,
) -> Callable[[Any], Any]:
    """Who the application's own function says is asking: it takes the framework's request and returns the user, or None for nobody.

    function: plain or `async`; it runs once for each request that asks who is there, beside the application's own use of it.
    to_principal: from what it returns to a Principal; by default a Principal, a text, or an object or mapping with an `id` (or `sub`),
    with `roles` and `via` given here. give via=Via.BEARER only where no cookie is read. Whatever it raises refuses the request (503).
    """
    make = to_principal or (lambda found: own_users.principal(found, roles=roles, via=via, session=None))

    async def identify_waiting(request: Any) -> Principal | None:
        found = await function(request)
        return None if found is None else make(found)

    def identify(request: Any) -> Principal | None:
        found = function(request)
        return None if found is None else make(found)

    return identify_waiting if inspect.iscoroutinefunction(function) else identify


def aiohttp_session(key: str, *, roles: Roles = own_users.no_roles) -> Callable[[Any], Awaitable[Principal | None]]:
    """Who the session of aiohttp-session names under `key`; its middleware has to stand in the application.

    roles: from the session, as a mapping, to role names. Only as good as the storage: with SimpleCookieStorage the browser itself
    writes what stands there, so that one is refused. Form tokens are bound to the user, not to one login.
    """
    import aiohttp_session as library  # as optional as aiohttp itself

    async def identify(request: Any) -> Principal | None:
        # Against a session that whoever sends it can write: the storage of examples and tests signs nothing.
        if isinstance(request.get(library.STORAGE_KEY), library.SimpleCookieStorage):
            raise TypeError("SimpleCookieStorage lets everybody write who he is; use EncryptedCookieStorage, or one on a server")
        session = await library.get_session(request)
        found = session.get(key)
        # No handle of the login: the one name that a storage on a server has for it is the secret in the cookie.
        return None if found is None else own_users.identified(found, session, roles=roles, via=Via.COOKIE, session=None)

    return identify


# -- bearer tokens ------------------------------------------------------------------------------------------


def bearer(
    verify: Callable[[str], Any], *, invalid: type[Exception] | tuple[type[Exception], ...] = (), roles: Roles | None = None
) -> Callable[[Any], Any]:
    """Who an `Authorization: Bearer` token belongs to, as `verify` says.

    verify: takes the token's text; returns a Principal, a mapping of claims with `sub` (or `id`), or None for nobody. It has to
    check signature, issuer, audience and expiry: nothing here does. An `async def` runs in the loop, a plain function in a thread.
    invalid: what it raises for a token that is not valid, which is nobody; anything else that it raises refuses the request (503).
    roles: from the claims to role names; by default the claims' own `roles`, a list of texts or one text.
    """

    def nobody_or(found: Any) -> Principal | None:
        if isinstance(found, Principal):
            return replace(found, via=Via.BEARER)
        return None if found is None else own_users.principal(found, roles=roles or _own_roles, via=Via.BEARER, session=_handle(found))

    def identify(request: Any) -> Principal | None:
        token = _bearer_token(request)
        if token is None:
            return None
        try:
            return nobody_or(verify(token))
        except invalid:
            return None

    async def identify_waiting(request: Any) -> Principal | None:
        token = _bearer_token(request)
        if token is None:
            return None
        try:
            return nobody_or(await verify(token))
        except invalid:
            return None

    return identify_waiting if inspect.iscoroutinefunction(verify) else identify


def _bearer_token(request: Any) -> str | None:
    """The token of the one Authorization header, None where there is none, several, or no token."""
    headers = request.headers
    lines = headers.getall("authorization", []) if hasattr(headers, "getall") else headers.getlist("authorization")
    # Against two readers that take different lines: a repeated header is nobody's. WSGI joins lines by a comma, which no token holds.
    if len(lines) != 1 or len(lines[0]) > TOKEN_LIMIT:
        return None
    scheme, _, token = lines[0].strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and re.fullmatch(_BEARER, token) else None


def _own_roles(claims: Any) -> Iterable[str]:
    return claims.get("roles", ()) if isinstance(claims, Mapping) else getattr(claims, "roles", ())


def _handle(claims: Any) -> SessionId | None:
    handle = claims.get("jti") if isinstance(claims, Mapping) else None
    return SessionId(handle) if isinstance(handle, str) and handle else None


# -- client certificates ------------------------------------------------------------------------------------


def client_certificate(find: Callable[[ClientCertificate], Any]) -> Callable[[Any], Principal | None]:
    """Who the client's certificate belongs to, as `find` says; for callers that the policy cannot name one by one.

    find: takes the certificate that transport.mutual-tls has verified and found valid; returns a Principal, a text, an object or
    mapping with an `id`, or None for nobody. Plain functions run in a thread under ASGI. Only a policy with `required` (or
    `services`, whose callers are known without it) looks at certificates; elsewhere everybody is nobody.
    """

    def identify(request: Any) -> Principal | None:
        exchange = SERVED.get()
        shown = exchange.noted(mutual_tls.CONTROL) if exchange is not None else None
        found = find(shown) if isinstance(shown, ClientCertificate) else None
        if isinstance(found, Principal):
            return replace(found, via=Via.CERTIFICATE)
        return None if found is None else own_users.principal(found, roles=_own_roles, via=Via.CERTIFICATE, session=None)

    return identify


# -- from settings ------------------------------------------------------------------------------------------


def from_settings(known: KnownBy, found: Any) -> Callable[[Any], Any]:
    """What a settings file names: `identify = {flask_login = true}`, `{dependency = "app.auth:current_user", id = "email"}`.

    found: the object that `known` names, None for Flask-Login, Django and sessions. Raises ValueError for what the adapters refuse.
    """
    via = Via(known.via) if known.via else Via.COOKIE
    roles: Roles = (lambda user: own_users.read(user, known.roles)) if known.roles else own_users.no_roles
    if known.flask_login:
        return flask_login(roles=roles, via=via)
    if known.django_user:
        return django_user(roles=roles if known.roles else None)
    if known.fastapi_users:
        return fastapi_users(found, roles=roles, via=Via(known.via) if known.via else None)
    if known.aiohttp_session or known.flask_session:
        return aiohttp_session(known.aiohttp_session) if known.aiohttp_session else flask_session(known.flask_session)
    ask: Callable[..., Callable[[Any], Any]] = of_request if known.function else fastapi_dependency
    if not known.id:
        return ask(found, roles=roles, via=via)
    return ask(found, lambda user: own_users.identified(own_users.read(user, known.id), user, roles=roles, via=via, session=None))
