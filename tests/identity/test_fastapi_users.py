"""The ready way for fastapi-users, with the library itself: one backend by cookie, one by bearer token."""

# ruff: noqa: B008  # a dependency stands where FastAPI reads it

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, CookieTransport, JWTStrategy
from fastapi_users.db import BaseUserDatabase
from fastapi_users.schemas import BaseUser, BaseUserCreate
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, current, public, requires
from ringwork.identify import fastapi_users
from ringwork.protect import installed

ORIGIN = "https://clinic.example"
SECRET = "a secret of at least thirty-two bytes, for tests"
PASSWORD = "ada-reads-old-atlases"


@dataclass
class User:
    """One account."""

    email: str
    hashed_password: str
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = False


class Table(BaseUserDatabase[User, uuid.UUID]):
    """Users in memory."""

    def __init__(self) -> None:
        self.users: dict[uuid.UUID, User] = {}

    async def get(self, id: uuid.UUID) -> User | None:  # noqa: A002  # the library's own name
        return self.users.get(id)

    async def get_by_email(self, email: str) -> User | None:
        return next((user for user in self.users.values() if user.email == email), None)

    async def create(self, create_dict: dict[str, Any]) -> User:
        user = User(**create_dict)
        self.users[user.id] = user
        return user

    async def update(self, user: User, update_dict: dict[str, Any]) -> User:
        vars(user).update(update_dict)
        return user


class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """As the library's own documentation writes it."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


def strategy() -> JWTStrategy[User, uuid.UUID]:
    return JWTStrategy(secret=SECRET, lifetime_seconds=60)


class Desk:
    """The application with both backends, and two browsers of the same user."""

    def __init__(self, *, identify: bool = True, by_dependency: bool = False) -> None:
        self.table = Table()

        async def manager() -> Manager:
            return Manager(self.table)

        self.cookie = AuthenticationBackend(name="cookie", transport=CookieTransport(cookie_name="login"), get_strategy=strategy)
        self.token = AuthenticationBackend(name="token", transport=BearerTransport("auth/token/login"), get_strategy=strategy)
        self.users = FastAPIUsers[User, uuid.UUID](manager, [self.cookie, self.token])
        self.app = FastAPI(openapi_url=None)
        for router, prefix in (
            (self.users.get_auth_router(self.cookie), "/auth/cookie"),
            (self.users.get_auth_router(self.token), "/auth/token"),
            (self.users.get_register_router(BaseUser[uuid.UUID], BaseUserCreate), "/auth"),
        ):
            self.app.include_router(public("where one signs in")(router), prefix=prefix)
        self._routes()
        roles = {"roles": lambda user: "admin" if user.is_superuser else "member"}
        way = fastapi_users(self.users.current_user(active=True) if by_dependency else self.users, **roles)
        ringwork.protect(self.app, Policy(origin=ORIGIN, identify=way if identify else None))
        self.client = TestClient(self.app, base_url=ORIGIN, raise_server_exceptions=False, headers={"Origin": ORIGIN})
        made = self.client.post("/auth/register", json={"email": "ada@example.org", "password": PASSWORD})
        assert made.status_code == 201, made.text
        self.user = next(iter(self.table.users.values()))

    def _routes(self) -> None:
        @self.app.get("/me")
        @requires("member")
        def me() -> dict[str, Any]:
            principal = current().principal
            assert principal is not None
            return {"id": principal.id, "via": principal.via}

        @self.app.post("/notes")
        @requires()
        def write() -> str:
            return "written"

        own = self.users.current_user(active=True)
        self.app.get("/own")(lambda user=Depends(own): user.email)
        self.app.get("/verified")(lambda user=Depends(self.users.current_user(verified=True)): user.email)
        self.app.get("/maybe")(lambda user=Depends(self.users.current_user(optional=True)): "private")
        self.app.get("/tokened")(lambda found=Depends(self.users.authenticator.current_user_token()): "private")

    def sign_in(self, way: str) -> dict[str, str]:
        """Sign in through the library's own route (by the user's own page); headers for what follows."""
        made = self._token(way)
        return {"Authorization": f"Bearer {made}"} if way == "token" else {"Cookie": f"__Host-login={made}"}

    def _token(self, way: str) -> str:
        return asyncio.run(strategy().write_token(self.user))


@pytest.mark.parametrize("by_dependency", [False, True])
@pytest.mark.parametrize("way", ["cookie", "token"])
def test_knows_who_signed_in(way: str, by_dependency: bool) -> None:
    """Both transports, with the object and with a dependency that it made; a dependency cannot tell a token from a cookie."""
    desk = Desk(by_dependency=by_dependency)
    via = "bearer" if way == "token" and not by_dependency else "cookie"
    assert desk.client.get("/me", headers=desk.sign_in(way)).json() == {"id": str(desk.user.id), "via": via}


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer x"}, {"Cookie": "__Host-login=x"}, {"Authorization": "Basic Og=="}, {"Authorization": "Bearer"}],
)
def test_knows_nobody_by_what_the_library_refuses(headers: dict[str, str]) -> None:
    """Missing, malformed and foreign credentials are nobody's."""
    assert Desk().client.get("/me", headers=headers).status_code == 401


@pytest.mark.parametrize("way", ["cookie", "token"])
def test_knows_nobody_whose_account_was_shut(way: str) -> None:
    """A token outlives its account; the library reads the account at every request."""
    desk = Desk()
    headers = desk.sign_in(way)
    desk.user.is_active = False
    assert desk.client.get("/me", headers=headers).status_code == 401


def test_signs_in_through_the_library_s_own_route() -> None:
    """The login form and its cookie work behind every guard."""
    desk = Desk()
    page = {"username": "ada@example.org", "password": PASSWORD}
    made = TestClient(desk.app, base_url=ORIGIN).post("/auth/cookie/login", data=page)
    assert (made.status_code, "__Host-login=" in made.headers["set-cookie"]) == (204, True)


def test_asks_for_proof_of_origin_by_cookie_and_not_by_token() -> None:
    """Only what a browser attaches by itself can be ridden by another site."""
    desk = Desk()
    foreign = {"Origin": "https://evil.invalid"}
    assert desk.client.post("/notes", headers={**desk.sign_in("cookie"), **foreign}, json={}).status_code == 403
    assert desk.client.post("/notes", headers=desk.sign_in("cookie"), json={}).status_code == 200
    assert desk.client.post("/notes", headers={**desk.sign_in("token"), **foreign}, json={}).status_code == 200


def test_compares_roles_with_the_rules() -> None:
    """A superuser of this application is no member."""
    desk = Desk()
    desk.user.is_superuser = True
    assert desk.client.get("/me", headers=desk.sign_in("token")).status_code == 403


@pytest.mark.parametrize("path", ["/own", "/verified", "/tokened"])
def test_counts_the_library_s_own_check_as_the_route_s_rule(path: str) -> None:
    """current_user() and current_user_token() are known by their code; nobody declares access twice."""
    desk = Desk(identify=False)
    desk.user.is_verified = True
    assert desk.client.get(path).status_code == 401
    assert desk.client.get(path, headers=desk.sign_in("token")).status_code == 200
    found = {route.name: route.rule_source for route in installed(desk.app).list_routes()}
    assert found[f"GET {path}"] == "own check current_user of fastapi-users"


def test_counts_no_optional_check_as_a_rule() -> None:
    """current_user(optional=True) lets nobody in particular through, so the route has no rule."""
    desk = Desk(identify=False)
    assert desk.client.get("/maybe", headers=desk.sign_in("token")).status_code == 403
