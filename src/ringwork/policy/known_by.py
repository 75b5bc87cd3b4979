"""Who is asking, as a settings file can say it: by something that the application has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from ringwork.frozen import Frozen
from ringwork.principal import Via


class KnownBy(Frozen):
    """One way, the fields up to `aiohttp_session`; the rest says how to read what it returns."""

    function: str = field(
        default="", metadata={"doc": 'a function of the request that returns the user or None, "app.auth:current_user"', "unit": "name"}
    )

    dependency: str = field(default="", metadata={"doc": 'a FastAPI dependency, "app.auth:current_user"', "unit": "name"})
    django_user: bool = field(
        default=False, metadata={"doc": "Django's request.user, or whom Django REST framework finds", "unit": "true or false"}
    )
    flask_login: bool = field(default=False, metadata={"doc": "Flask-Login's current_user", "unit": "true or false"})
    flask_session: str = field(default="", metadata={"doc": "key under which Flask's session keeps who is signed in", "unit": "key"})
    fastapi_users: str = field(default="", metadata={"doc": 'the FastAPIUsers object, "app.users:users"', "unit": "name"})
    aiohttp_session: str = field(default="", metadata={"doc": "key under which aiohttp-session keeps who is signed in", "unit": "key"})
    id: str = field(default="", metadata={"doc": "attribute that tells who it is, where that is not id or sub", "unit": "attribute"})
    roles: str = field(default="", metadata={"doc": "attribute that holds the role names", "unit": "attribute"})
    via: str = field(default="", metadata={"doc": 'how it is proven: "cookie" or "bearer"', "unit": "word"})

    @property
    def names(self) -> str:
        """What has to be loaded, "" for nothing."""
        return self.function or self.dependency or self.fastapi_users


def faults(known: KnownBy) -> Sequence[str]:
    """What is wrong with it."""
    found = []
    sessions = (known.flask_session, known.aiohttp_session)
    ways = (known.function, known.dependency, known.django_user, known.flask_login, known.fastapi_users, *sessions)
    if sum(map(bool, ways)) != 1:
        found.append(
            'identify: name one of function = "module:name", dependency = "module:name", django_user = true, flask_login = true, '
            'flask_session = "key", fastapi_users = "module:name", aiohttp_session = "key"'
        )
    if known.names and known.names.count(":") != 1:
        found.append(f'identify: {known.names!r} is no "module:name"')
    if known.via not in {"", Via.COOKIE.value, Via.BEARER.value}:
        found.append(f'identify.via: {known.via!r} is unknown; write "cookie" or "bearer"')
    if known.django_user and known.via:
        found.append("identify.via: Django's own request tells it; take it out")
    if known.id and not (known.dependency or known.function):
        found.append("identify.id: only a function or a dependency needs it; take it out")
    if any(sessions) and (known.roles or known.via):
        found.append("identify: a session keeps an id alone; write a function of your own for roles")
    return found
