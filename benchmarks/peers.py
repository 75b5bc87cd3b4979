"""What developers assemble by hand today, for `./run bench request`: the same application behind stacks of other libraries.

"best" takes the cheapest well-known choice for each layer and no BaseHTTPMiddleware; "tutorial" is what most guides show.
Both authenticate by bearer token and ask for a role, limit requests, check hosts, origins and sizes, and set headers.
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
import time
from collections.abc import Callable
from typing import Annotated, Any

import itsdangerous
import jwt
from asgi_csrf import asgi_csrf
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from flask import Flask
from flask_limiter import Limiter as FlaskLimiter
from flask_limiter.util import get_remote_address as flask_address
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from guard import SecurityConfig, SecurityMiddleware
from itsdangerous.url_safe import URLSafeSerializer
from secure import Preset, Secure
from secure.middleware import SecureASGIMiddleware
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIASGIMiddleware, SlowAPIMiddleware
from slowapi.util import get_remote_address
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

HOST = "app.example.test"
ORIGIN = f"https://{HOST}"
SECRET = secrets.token_hex(32)
NO_LIMIT = "900000000/minute"

logging.disable(logging.WARNING)


def token() -> str:
    """A bearer token that the hand-assembled stacks accept."""
    now = int(time.time())
    claims = {"sub": "alice", "aud": "api", "iss": "bench", "iat": now, "exp": now + 36_000, "roles": ["user"]}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def cookies() -> str:
    """The signed cookies that their session and CSRF layers read."""
    session = itsdangerous.TimestampSigner(SECRET).sign(base64.b64encode(json.dumps({"uid": "alice"}).encode())).decode()
    csrf = URLSafeSerializer(SECRET).dumps(secrets.token_urlsafe(16), "csrftoken")
    return f"session={session}; csrftoken={csrf}"


BEARER = HTTPBearer()


async def claims_of(sent: Annotated[HTTPAuthorizationCredentials, Depends(BEARER)]) -> Any:
    """The token's claims, or 401."""
    try:
        return jwt.decode(sent.credentials, SECRET, algorithms=["HS256"], audience="api", issuer="bench")
    except jwt.PyJWTError as error:
        raise HTTPException(401) from error


async def has_role(claims: Annotated[Any, Depends(claims_of)]) -> None:
    """The role that the routes ask for, or 403."""
    if "user" not in claims["roles"]:
        raise HTTPException(403)


def _shared(app: FastAPI) -> None:
    app.add_middleware(_Csrf)
    app.add_middleware(SessionMiddleware, secret_key=SECRET, https_only=True)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=1 << 20)
    app.add_middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_credentials=True, allow_methods=["GET", "POST"])
    app.add_middleware(HTTPSRedirectMiddleware)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST])


class _Csrf:
    def __init__(self, app: Any) -> None:
        async def inner(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)

        self.app = asgi_csrf(inner, signing_secret=SECRET)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def _limited(app: FastAPI, middleware: Any) -> None:
    app.state.limiter = Limiter(key_func=get_remote_address, default_limits=[NO_LIMIT])
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    app.add_middleware(middleware)


def hand_best(make: Callable[..., FastAPI]) -> FastAPI:
    """The best choice of each layer, pure ASGI throughout."""
    app = make(dependencies=[Depends(has_role)])
    _limited(app, SlowAPIASGIMiddleware)
    _shared(app)
    app.add_middleware(SecureASGIMiddleware, secure=Secure.from_preset(Preset.STRICT))
    return app


def hand_tutorial(make: Callable[..., FastAPI]) -> FastAPI:
    """As guides show it: headers and nonce by `@app.middleware`, SlowAPIMiddleware."""
    app = make(dependencies=[Depends(has_role)])
    _limited(app, SlowAPIMiddleware)
    _shared(app)
    headers = Secure.from_preset(Preset.STRICT)

    @app.middleware("http")
    async def csp(request: Any, call_next: Any) -> Any:
        answer = await call_next(request)
        answer.headers["Content-Security-Policy"] = f"default-src 'self'; script-src 'nonce-{secrets.token_urlsafe(16)}'"
        return answer

    @app.middleware("http")
    async def secured(request: Any, call_next: Any) -> Any:
        answer = await call_next(request)
        await headers.set_headers_async(answer)
        return answer

    return app


def fastapi_guard(make: Callable[..., FastAPI], *, detection: bool) -> FastAPI:
    """fastapi-guard, its limit raised out of the way; with or without its attack detection."""
    app = make()
    config = SecurityConfig(enable_redis=False, rate_limit=900_000_000, enable_penetration_detection=detection)
    app.add_middleware(SecurityMiddleware, config=config)
    return app


def flask_extensions(app: Flask) -> Flask:
    """Talisman, Limiter and CSRFProtect on a Flask application."""
    app.config.update(SECRET_KEY=SECRET, MAX_CONTENT_LENGTH=1 << 20, TRUSTED_HOSTS=[HOST])
    policy = {"default-src": "'self'", "script-src": "'self'"}
    Talisman(app, content_security_policy=policy, content_security_policy_nonce_in=["script-src"])
    FlaskLimiter(flask_address, app=app, default_limits=["900000000 per minute"], storage_uri="memory://")
    CSRFProtect(app)
    return app
