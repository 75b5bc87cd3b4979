"""What the clinic asks of its defences; all its applications are guarded by this one policy."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Protocol

from examples.clinic import desk, sessions
from examples.clinic.domain import Role
from ringwork.crypto.chance import random_bytes
from ringwork.enforce.data.message_integrity import MessageIntegritySettings, Sender
from ringwork.enforce.transport.mutual_tls import MutualTlsSettings, Service
from ringwork.names import SessionId
from ringwork.policy.policy import Policy
from ringwork.principal import Principal
from ringwork.secret import Secret

ORIGIN = os.environ.get("CLINIC_ORIGIN", "https://clinic.localhost:8443")
COOKIE = "session"
"""A plain name and no attributes: on the wire ringwork adds the __Host- prefix, Secure, HttpOnly and SameSite."""


class HasCookies(Protocol):
    """A request of Starlette or of Flask; both read cookies alike."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """Values by name, as the browser sent them."""


def identify(request: HasCookies) -> Principal | None:
    """Who is asking, by the cookie that the browser sent."""
    return principal_of(request.cookies.get(COOKIE))


def principal_of(raw_key: str | None) -> Principal | None:
    """The user of the login with that key, if it still lasts."""
    if not raw_key:
        return None
    now = desk.STORE.seconds()
    with desk.STORE.reading() as db:
        login = sessions.find_login(db, raw_key, now)
    if login is None:
        return None
    if sessions.needs_touch(login, now):
        with desk.STORE.writing() as db:
            sessions.touch_login(db, raw_key, now)
    return Principal(id=str(login.user.id), roles=frozenset({login.user.role}), session=SessionId(login.handle))


LABORATORY = Service(name="spiffe://clinic.example/laboratory", roles=("laboratory",))
"""The one machine that calls by itself, known by its certificate: `ringwork serve ... --client-authority` on the inner network."""

KEY = "CLINIC_LABORATORY_KEY"
RESULTS = (
    Sender(name="laboratory", keys=(f"env:{KEY}",))
    if os.environ.get(KEY)
    # Without a key that both know nothing is taken: nobody else has this one.
    else Sender(name="laboratory", secrets=(Secret(base64.b64encode(random_bytes(32))),))
)
"""The laboratory's computer, which has no certificate and signs each result that it sends."""

POLICY = Policy(
    origin=ORIGIN,
    identify=identify,
    roles=(*(role.value for role in Role), *LABORATORY.roles),
    mutual_tls=MutualTlsSettings(services=(LABORATORY,)),
    message_integrity=MessageIntegritySettings(senders=(RESULTS,)),
)
