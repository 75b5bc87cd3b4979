"""What lets a user in: the cookie or the token without which a page is refused, found by leaving each of them out.

Against a check that looks at a cookie which opens nothing: only what a page asks for is a credential.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from ringwork.errors import TargetFailed
from ringwork.prove import witness
from ringwork.prove.witness import Cast
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.carried import Carried
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.jar import bare

_PAGE = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
_MOST_ROUTES = 12
BEARER, COOKIE, KEY = "bearer token", "cookie", "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One thing that lets a user in. kind: COOKIE, BEARER or KEY. name: of the cookie or header as it is sent, "" for a token.

    value: secret, never shown. path: what it opens; control: the answer with it; refused: the answer without it. carried: the header that
    only some routes ask for, None for a cookie and for the token of all.
    """

    kind: str
    name: str
    value: str
    user: str
    route: RouteFacts
    path: str
    client: Client
    control: Answer
    refused: Answer
    carried: Carried | None = None

    @property
    def called(self) -> str:
        """How reports name it."""
        return self.kind if self.kind == BEARER else f"{self.kind} {bare(self.name)}"

    def value_on(self, client: Client) -> str:
        """The same credential as another login of its user has it, "" where that has none."""
        if self.kind == COOKIE:
            return next((cookie.value for cookie in client.jar.cookies.values() if cookie.name == self.name), "")
        return next((value for kind, name, value, _ in _letters(client) if (kind, name) == (self.kind, self.name)), "")

    def carried_with(self, value: str | None) -> tuple[Carried, ...]:
        """What a browser carries that shows `value` in place of the right one, or nothing."""
        others = tuple(one for one in self.client.carried if one is not self.carried)
        if self.carried is None or value is None:
            return others
        return (*others, dataclasses.replace(self.carried, value=self.carried.value.removesuffix(self.value) + value))


class Presenter:
    """A browser that shows one credential in place of the right one, over and over, and forgets what it is answered."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self._browser = credential.client.fork()
        self._jar = credential.client.jar.copy()

    def show(self, value: str | None) -> Answer:
        """The answer to the page with `value` shown, or with nothing; raises OSError where none comes."""
        one, browser = self.credential, self._browser
        browser.jar = self._jar.copy()
        if one.carried is not None:
            browser.carried = one.carried_with(value)
        elif one.kind == BEARER:
            browser.bearer = value
        else:
            _set_cookie(browser, one.name, value)
        return browser.send("GET", one.path, headers=_PAGE)

    def close(self) -> None:
        """Drop the connection."""
        self._browser.close()


def _set_cookie(browser: Client, name: str, value: str | None) -> None:
    for key, cookie in list(browser.jar.cookies.items()):
        if cookie.name == name and value is None:
            del browser.jar.cookies[key]
        elif cookie.name == name and value is not None:
            browser.jar.cookies[key] = dataclasses.replace(cookie, value=value)


def of_user(cast: Cast) -> list[Credential]:
    """The credentials of the most powerful user who can sign in; none where no page asks for any."""
    name, client = cast.strongest()
    if not name:
        return []
    letters = {(kind, called) for kind, called, _, _ in _letters(client)}
    found = dict[tuple[str, str], Credential]()
    for route, path, control in _opened(cast, client):
        for one in _needed(client, name, route, path, control):
            found.setdefault((one.kind, one.name), one)
        if found and letters <= set(found):  # cookies that open nothing are many; the first that opens something is looked for
            break
    return list(found.values())


def _opened(cast: Cast, client: Client) -> Iterator[tuple[RouteFacts, str, Answer]]:
    """Pages that answer this user; those without parameters and those that say whom they want come first."""
    routes = sorted(witness.reads(cast.stage.facts), key=lambda r: ("{" in r.path, not (r.rule in {"requires", "own"} or r.guarded_by)))
    for route in routes[:_MOST_ROUTES]:
        with contextlib.suppress(TargetFailed, OSError):
            path = cast.stage.fill(route, client=client)
            answer = client.send("GET", path, headers=_PAGE)
            if answer.status == 200:
                yield route, path, answer


def _letters(client: Client) -> Iterator[tuple[str, str, str, Carried | None]]:
    """Kind, name and value of what it shows besides cookies; a name and a password (HTTP Basic) are no token and no key."""
    if client.bearer:
        yield BEARER, "", client.bearer, None
    for one in client.carried:
        word, _, value = one.value.rpartition(" ")
        if word.lower() != "basic":
            yield (BEARER, "", value, one) if one.name == "authorization" else (KEY, one.name, one.value, one)


def _needed(client: Client, user: str, route: RouteFacts, path: str, control: Answer) -> Iterator[Credential]:
    """Each credential without which the page is refused."""
    shown: list[tuple[str, str, str, Carried | None]] = [
        (COOKIE, cookie.name, cookie.value, None) for cookie in client.jar.cookies.values()
    ]
    shown += [one for one in _letters(client) if one[3] is None or one[3].is_asked(path)]
    for kind, name, value, carried in shown:
        one = Credential(
            kind=kind, name=name, value=value, user=user, route=route, path=path, client=client, control=control, refused=control,
            carried=carried,
        )  # fmt: skip
        presenter = Presenter(one)
        with contextlib.suppress(OSError):
            without = presenter.show(None)
            if not witness.is_served(without) and witness.is_served(presenter.show(value)):
                yield dataclasses.replace(one, refused=without)
        presenter.close()
