"""Doors beside the login: routes that ask for HTTP Basic, for a key, or for a token that another route hands out.

Against a site whose pages are proven and whose API is never entered: each door is found by being refused there, and is believed only
when what it asks for opens it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.prove import witness
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire import entry
from ringwork.survey.wire.carried import Carried, basic
from ringwork.survey.wire.client import Answer, Client

_MOST, _LARGEST, _MOST_FILES = 60, 400_000, 300
_HINTS = re.compile(r"\bBasic\b|HTTPBasic|BasicAuth|[Aa]uthorization|AUTHORIZATION|[Aa][Pp][Ii][-_]?[Kk]ey|TokenAuth|X-[\w-]*(?:Key|Token)")
_KEY_NAME = re.compile(r"(?i)x-[\w-]*(?:key|token)|api[-_]?key|(?:access|auth)[-_]token")
_KEY_READ = re.compile(
    r"""headers(?:\.get\(|\[)\s*["']([\w-]+)["']|APIKeyHeader\([^)]*?name\s*=\s*["']([\w-]+)["']|["']HTTP_([A-Z_]+)["']""",
)
_GIVES = frozenset({*entry.LOGIN_WORDS, "tokens", "obtain", "jwt"})
_OTHERS = frozenset({"register", "signup", "logout", "refresh", "revoke"})
_FILLED = re.compile(r"\{[^}]+\}")


class Scheme(StrEnum):
    """What a door asks for."""

    BASIC = "HTTP Basic"
    TOKEN = "a token"  # noqa: S105  # a word for reports
    KEY = "a key in a header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Routes that ask for the same. paths: their templates. asked: a path by which it was found. word: the scheme before a token.

    exchange: where HTTP Basic is given for a token. ways: logins that may give one. header: that carries a key.
    """

    scheme: Scheme
    paths: tuple[str, ...]
    asked: str
    word: str = "Bearer"
    exchange: str = ""
    ways: tuple[entry.WayIn, ...] = ()
    header: str = ""

    def open(self, client: Client, account: entry.DeclaredUser, keys: Sequence[str] = ()) -> bool:
        """Whether the account gets through it; then `client` carries what opened it, on these paths where it is known otherwise too."""
        for name, value in self._values(client, account, keys):
            tried = client.stranger()
            tried.take_login(client)
            tried.carried = (*client.carried, Carried(name=name, value=value, paths=self.paths if client.jar.cookies else ()))
            with contextlib.closing(tried), contextlib.suppress(OSError):
                if _is_in(tried.get(self.asked).status):
                    client.carried = tried.carried
                    return True
        return False

    def _values(self, client: Client, account: entry.DeclaredUser, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
        own = basic(account.username or account.name, account.password)
        if self.scheme is Scheme.BASIC:
            yield "authorization", own
        elif self.scheme is Scheme.KEY:
            yield from ((self.header, key) for key in keys)
        else:
            for token in _tokens(self, client, account, own):
                yield "authorization", f"{self.word} {token}"


def _is_in(status: int) -> bool:
    """Whether an answer is given to one who was let in: what was asked for, or that there is no such thing.

    Against a user who is believed to be in because a limit, a fault, a redirect to the login or `400 malformed` is no 401.
    """
    return 200 <= status < 300 or status in {404, 405, 406, 410, 415, 422}


def _tokens(door: Door, client: Client, account: entry.DeclaredUser, own: str) -> Iterator[str]:
    """What the routes that give tokens give this account."""
    if door.exchange:
        with contextlib.closing(client.stranger()) as stranger, contextlib.suppress(OSError):
            token = entry.token_in(stranger.send("POST", door.exchange, headers=[("authorization", own)]))
            if token:
                yield token
    for way in door.ways:
        with contextlib.closing(client.stranger()) as stranger, contextlib.suppress(OSError, TargetFailed):
            entry.sign_in(stranger, way, account)
            if stranger.bearer:
                yield stranger.bearer


def hinted(facts: AppFacts) -> bool:
    """Whether anything of the project speaks of a door beside a login: else nobody has to knock."""
    return any(_HINTS.search(text) for text in _texts(facts)) or any("basic" in name.lower() for r in facts.routes for name in r.guarded_by)


def _texts(facts: AppFacts) -> Iterator[str]:
    for name in facts.sources[:_MOST_FILES]:
        place = Path(facts.root) / name
        with contextlib.suppress(OSError):
            if place.stat().st_size <= _LARGEST:
                yield place.read_text(encoding="utf-8", errors="replace")


def find(facts: AppFacts, client: Client, *, login: entry.WayIn | None) -> tuple[Door, ...]:
    """The doors at which this browser is refused, whoever it is. login: by which it is known, None for nobody."""
    refused = [(route, path, answer) for route, path, answer in _refusals(facts, client)]
    if not refused:
        return ()
    found = list[Door]()
    by_basic = [one for one in refused if "basic" in _words(one[2])]
    if by_basic:
        found.append(Door(scheme=Scheme.BASIC, paths=_alike(facts, by_basic), asked=by_basic[0][1]))
    others = [one for one in refused if one not in by_basic and one[2].status == 401]
    exchange = next(_exchanges(facts, client), "")
    ways = tuple(_ways(facts, login))
    if others and (exchange or ways):
        word = next((word for word in ("Token", "JWT") if word.lower() in _words(others[0][2])), "Bearer")
        paths = tuple(path for path in _alike(facts, others) if path != exchange)
        found.append(Door(scheme=Scheme.TOKEN, paths=paths, asked=others[0][1], word=word, exchange=exchange, ways=ways))
    unnamed = [one for one in refused if one not in by_basic]
    if unnamed:
        for header in _key_headers(facts):
            found.append(Door(scheme=Scheme.KEY, paths=_alike(facts, unnamed), asked=unnamed[0][1], header=header))
    return tuple(found)


def _refusals(facts: AppFacts, client: Client) -> Iterator[tuple[RouteFacts, str, Answer]]:
    routes = sorted(witness.reads(facts), key=lambda route: ("{" in route.path, not route.guarded_by))
    for route in [one for one in routes if one.path not in witness.deeds(facts)][:_MOST]:
        path = _FILLED.sub("1", route.path)
        with contextlib.suppress(OSError):
            answer = client.get(path)
            if answer.status in {401, 403}:
                yield route, path, answer


def _words(answer: Answer) -> set[str]:
    """The schemes that an answer asks for."""
    return {word for value in answer.header("www-authenticate") for word in re.findall(r"(?:^|,\s*)([\w-]+)(?=\s|$|,)", value.lower())}


def _alike(facts: AppFacts, refused: Sequence[tuple[RouteFacts, str, Answer]]) -> tuple[str, ...]:
    """Templates of the refused routes, of those with the same checks before them, and of those below the same first part of the path."""
    checks = {name for route, _, _ in refused for name in route.guarded_by}
    firsts = {_first(route.path) for route, _, _ in refused}
    first = next(iter(firsts)) if len(firsts) == 1 else ""
    paths = [route.path for route, _, _ in refused]
    paths += [
        route.path for route in witness.http_routes(facts) if checks & set(route.guarded_by) or (first and _first(route.path) == first)
    ]
    return tuple(dict.fromkeys(paths))


def _first(path: str) -> str:
    """The first part of a path that stands above others; "" where it stands alone."""
    head, slash, rest = path.strip("/").partition("/")
    return head if slash and rest and "{" not in head else ""


def _gives(route: RouteFacts) -> bool:
    words = {word for word in re.split(r"[/_-]", route.path.lower()) if word}
    return "POST" in route.methods and "{" not in route.path and bool(words & _GIVES) and not words & _OTHERS


def _exchanges(facts: AppFacts, client: Client) -> Iterator[str]:
    """Routes that ask for HTTP Basic before they give a token."""
    for route in [one for one in witness.http_routes(facts) if _gives(one)][:8]:
        with contextlib.closing(client.stranger()) as stranger, contextlib.suppress(OSError):
            answer = stranger.send("POST", route.path)
            if answer.status == 401 and "basic" in _words(answer):
                yield route.path


def _ways(facts: AppFacts, login: entry.WayIn | None) -> Iterable[entry.WayIn]:
    """Further logins that may hand out a token, those below an API first."""
    routes = [one for one in witness.http_routes(facts) if _gives(one)]
    routes.sort(key=lambda one: "api" not in one.path.lower())
    found = [entry.declared(facts, path=one.path) for one in routes[:4]]
    return [way for way in found if login is None or way.path != login.path or not way.page]


def _key_headers(facts: AppFacts) -> list[str]:
    """The headers in which the project reads a key."""
    named = [one.name for route in facts.routes for one in route.parameters if one.where == "header"]
    for text in _texts(facts):
        named += [a or b or c.replace("_", "-") for a, b, c in _KEY_READ.findall(text)]
    return list(dict.fromkeys(name.lower() for name in named if _KEY_NAME.fullmatch(name) and "csrf" not in name.lower()))[:3]
