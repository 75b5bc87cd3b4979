"""What proofs share: who asks, where they ask, and how what they saw is put into words.

Against a report that cannot be repeated: each observation carries the exchange itself, its control and the handler's line.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ringwork.errors import TargetFailed
from ringwork.prove.check import Served, Stage, User
from ringwork.prove.evidence import Exchanged, Observation, Outcome
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire import entry, forms
from ringwork.survey.wire.carried import is_of
from ringwork.survey.wire.client import SAFE, Answer, Client
from ringwork.survey.wire.websocket import SocketAnswer

_ENTRANCE = re.compile(
    r"(^|[/_.-])(log-?in|log-?out|sign-?in|sign-?out|sign-?up|register|join|forgot|remind(?:er)?|reset|recover|token|session|sessions|auth|authenticate)($|[/_.-])",
    re.IGNORECASE,
)
_PASSWORDS = frozenset(entry.PASSWORDS) - {"secret"}
_ADMINISTERS = re.compile(r"admin|internal|manage", re.IGNORECASE)
_ENDS_SESSION = re.compile(r"log-?out|sign-?out|log-?off", re.IGNORECASE)
_ACTS = re.compile(
    r"(?:^|/)(?:create(?=[_-]?[a-z])|init|reset|re-?seed|seed|setup|install|migrate|drop|flush|wipe|clear|delete|remove|shut-?down|restart|populate)"
    r"(?:[_-]?(?:db|database|data|tables?|all|users?))?(?:/\{[^{}/]+\})?/?$",
    re.IGNORECASE,
)
_FORGERY = re.compile(r"csrf|xsrf|forg(?:ed|ery)|cross.site|origin", re.IGNORECASE)
_SESSIONS = re.compile(r"/(?:django|flask)_sessions?(?:/|$)|:flask_session/")
_TAGS = re.compile(r"<[a-zA-Z][\w-]*")
_MOST_PAGES, _FIRST_PAGES = 40, 8


def marker(prefix: str = "rw") -> str:
    """A fresh word that no application has: the prefix and 16 hexadecimal characters."""
    return f"{prefix}{secrets.token_hex(8)}"


def is_entrance(path: str) -> bool:
    """Whether a path is a way in or out (login, logout, register, reset), which is open by its nature."""
    return bool(_ENTRANCE.search(path))


def is_way_in(route: RouteFacts) -> bool:
    """Whether a route is a way in or out by its path, or takes a name and a password, as `POST /users` does; not below administration."""
    given = {one.name.lower() for one in route.parameters if one.where in {"form", "json"}}
    takes_both = not given.isdisjoint(entry.USERNAMES) and not given.isdisjoint(_PASSWORDS)
    signs_up = takes_both and set(route.methods) - SAFE == {"POST"} and "{" not in route.path
    return is_entrance(route.path) or (signs_up and not _ADMINISTERS.search(route.path))


def ends_session(path: str) -> bool:
    """Whether a path signs its visitor out."""
    return bool(_ENDS_SESSION.search(path))


def deeds(facts: AppFacts) -> frozenset[str]:
    """Paths that name a deed, so that a mere GET of one may undo what was made. Where another method does the deed, GET shows its form."""
    asked = {route.path for route in http_routes(facts) if not set(route.methods) <= SAFE}
    return frozenset(route.path for route in http_routes(facts) if _ACTS.search(route.path) and route.path not in asked)


def asks_again(answer: Answer, path: str, client: Client) -> bool:
    """Whether what was sent is answered by the very page that is read there, its tags and words: such a page shows no deed."""
    if answer.status >= 300 or "html" not in answer.media_type:
        return False
    with contextlib.suppress(OSError):
        read = client.page(path)
        return read.status == answer.status and _shown(read.text) == _shown(answer.text)
    return False


def _shown(page: str) -> tuple[list[str], list[str]]:
    return _TAGS.findall(page), re.findall(r"\w+", re.sub(r"<[^>]*>", " ", page))


def without_echo(answer: Answer, path: str) -> bytes:
    """The body without the words of the path and query that were asked for: a page may well repeat them, and then says nothing by that."""
    words = sorted({word for word in re.split(r"[/?&=;%]", path) if len(word) > 3}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, words)).encode(), b"", answer.body) if words else answer.body


def leads_to_login(answer: Answer) -> bool:
    """Whether an answer sends its reader away to sign in."""
    location = (answer.header("location") or [""])[0]
    return 300 <= answer.status < 400 and is_entrance(location.partition("?")[0])


def is_served(answer: Answer) -> bool:
    """Whether the request was let through: a success, or a redirect to anywhere but the login."""
    return 200 <= answer.status < 400 and not leads_to_login(answer)


def refuses(answer: Answer) -> bool:
    """Whether an answer says no to who asks: what is malformed, too much or broken says nothing of that."""
    return answer.status in {401, 403, 404} or leads_to_login(answer)


def why_not(answer: Answer) -> str:
    """In words, why a request was not taken: a guard that stands before the question is named, else the status."""
    text = re.sub(r"<[^>]*>", " ", answer.text[:4000]) if answer.status >= 400 else ""
    if answer.status == 415:
        return "it does not take such a body (415)"
    if answer.status == 429:
        return "a limit of requests stood before it (429)"
    if answer.status in {400, 403, 419} and _FORGERY.search(text):
        return f"its guard against forged requests refused the prover's own ({answer.status})"
    if answer.status == 401 or leads_to_login(answer):
        return f"it asks for a login, although somebody had signed in ({answer.status})"
    return f"answered {answer.status}"


def with_effect(asked: Exchanged, after: Answer | None, who: str) -> list[Exchanged]:
    """A request and, where it had an effect, what its owner then saw: an effect counts by that. after: None for no effect."""
    return [asked] if after is None else [asked, shown(after, who, f"what {who} sees of it afterwards")]


def before_it(route: RouteFacts) -> str:
    """In words, what stands before a route and may have refused: its rule, or checks of its own; "" where only its own code can have."""
    if route.rule == "requires":
        return f"; before it stands its rule ({', '.join(route.roles) or 'any login'})"
    return f"; before it stands {', '.join(route.guarded_by)}" if route.guarded_by else ""


def shown(answer: Answer | SocketAnswer, who: str = "", shows: str = "") -> Exchanged:
    """An exchange for the evidence. who: whose credentials it carried. shows: what the verdict takes from it, "" for nothing."""
    asked, answered = answer.as_text()
    replay = answer.replay() if isinstance(answer, Answer) else ""
    return Exchanged(request=asked, answer=answered, as_user=who, replay=replay, shows=shows)


def saw(
    outcome: Outcome,
    attack: str,
    where: RouteFacts | str,
    detail: str,
    *,
    answers: Iterable[Exchanged] = (),
    control: Exchanged | None = None,
    read: int = 0,
    fix: str = "",
) -> Observation:
    """One observation; file and line are the handler's when `where` is a route. fix: "" for what its control says."""
    route = where if isinstance(where, RouteFacts) else None
    return Observation(
        attack=attack,
        where=route.name if route is not None else str(where),
        outcome=outcome,
        detail=detail,
        exchanged=tuple(answers),
        control=control,
        file=route.shown_file if route is not None else "",
        line=route.line if route is not None else 0,
        read=read,
        fix=fix,
    )


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """The stores that differ between two looks, those of sessions apart: many a page begins one, and that is no deed."""
    return frozenset(name for name in before.keys() | after.keys() if before.get(name) != after.get(name) and not _SESSIONS.search(name))


def is_of_sessions(store: str) -> bool:
    """Whether a store is one of sessions, by its name."""
    return bool(_SESSIONS.search(store))


def guards(facts: AppFacts, control: str) -> bool:
    """Whether ringwork itself enforces a control in this target."""
    return facts.guard is not None and control in facts.guard.controls


def http_routes(facts: AppFacts) -> list[RouteFacts]:
    """The plain routes, those of probes apart; a planted fault is listed like any other."""
    return [route for route in facts.routes if route.kind == "http"]


def reads(facts: AppFacts) -> list[RouteFacts]:
    """Routes that a GET reaches, those that end a session or take a signed link apart; without parameters first."""
    found = [route for route in http_routes(facts) if "GET" in route.methods and not ends_session(route.path) and route.rule != "signed"]
    return sorted(found, key=lambda route: "{" in route.path)


def changes(facts: AppFacts) -> list[RouteFacts]:
    """Routes with an unsafe method, ways in and out and signed messages apart; those that make first, those that remove last."""
    order = {"POST": 0, "PUT": 1, "PATCH": 2, "DELETE": 3}
    routes = [route for route in http_routes(facts) if route.rule != "signed"]
    found = [route for route in routes if set(route.methods) - SAFE and not is_entrance(route.path)]
    return sorted(found, key=lambda route: ("{" in route.path, min(order.get(m, 4) for m in set(route.methods) - SAFE), route.path))


def unsafe_method(route: RouteFacts) -> str:
    """The method by which a route changes state."""
    return next((method for method in ("POST", "PUT", "PATCH", "DELETE") if method in route.methods), "POST")


def may_enter(user: User, route: RouteFacts) -> bool:
    """Whether the rule lets the user in; True where no rule is known."""
    return route.rule != "requires" or not route.roles or bool(set(route.roles) & set(user.roles))


class Cast:
    """The browsers of one check on one copy, signed in when they are first asked for. fresh: by logins of their own, in this copy."""

    def __init__(self, stage: Stage, served: Served | None = None, *, fresh: bool = False) -> None:
        self.stage, self._is_fresh = stage, fresh
        self.served = stage.served if served is None else served
        self._browsers: dict[str, Client] = {}
        self._forms: dict[str, list[forms.Form]] = {}
        self.failed: list[str] = []

    def nobody(self) -> Client:
        """A browser without a login."""
        return self._browsers.setdefault("", self.served.client())

    def browser(self, user: User) -> Client | None:
        """The user's browser, None when the login does not work."""
        if user.name not in self._browsers:
            try:
                self._browsers[user.name] = self.served.login(user) if self._is_fresh else self.served.signed_in(user)
            except (TargetFailed, OSError) as error:
                self.failed.append(f"{user.name}: {error}")
                return None
        return self._browsers[user.name]

    def strongest(self) -> tuple[str, Client]:
        """The most powerful user who can sign in, with his browser; ("", nobody's) where there is none."""
        for user in reversed(self.stage.users):
            client = self.browser(user)
            if client is not None:
                return user.name, client
        return "", self.nobody()

    def allowed(self, route: RouteFacts) -> list[tuple[User, Client]]:
        """The users whom the rule lets in, with their browsers, least powerful first."""
        return list(self.one_by_one(route))

    def one_by_one(self, route: RouteFacts, *, strongest_first: bool = False) -> Iterator[tuple[User, Client]]:
        """The same, or from the other end; nobody signs in before their turn."""
        for user in reversed(self.stage.users) if strongest_first else self.stage.users:
            client = self.browser(user) if may_enter(user, route) else None
            if client is not None:
                yield user, client

    def everybody(self, route: RouteFacts) -> Iterator[tuple[str, Client]]:
        """Nobody, as "", and then those whom the rule lets in."""
        yield "", self.nobody()
        yield from ((user.name, client) for user, client in self.one_by_one(route))

    def forget(self) -> None:
        """After a reset: nobody is signed in any more."""
        self._browsers.clear()
        self._forms.clear()

    def reset(self) -> None:
        """Put the copy back to its start; everybody signs in anew."""
        self.served.reset()
        self.forget()

    def visible_forms(self, name: str, client: Client, *, fresh: bool = False) -> list[forms.Form]:
        """The forms on all pages that this browser can read; kept until the next reset unless `fresh`."""
        if fresh or name not in self._forms:
            self._forms[name] = list(self._read_forms(client))
        return self._forms[name]

    def _read_forms(self, client: Client) -> Iterable[forms.Form]:
        acting = deeds(self.stage.facts)
        for route in [route for route in reads(self.stage.facts) if route.path not in acting][:_MOST_PAGES]:
            with contextlib.suppress(TargetFailed, OSError):
                path = self.stage.fill(route, client=client)
                answer = client.page(path)
                if answer.status < 300 and "html" in answer.media_type:
                    yield from forms.forms_of(answer.text, path)


def wake(stage: Stage) -> None:
    """Let the copy open its stores, which many do at the first request that needs them: somebody signs in, and pages are asked for."""
    cast = Cast(stage)
    with contextlib.suppress(TargetFailed, OSError):
        name, client = cast.strongest()
        for route in [route for route in reads(stage.facts) if "{" not in route.path][: 1 if name else _FIRST_PAGES]:
            client.get(route.path)


def matches(template: str, path: str) -> bool:
    """Whether a path is one of a route's template."""
    return is_of(template, path)


def first_working(cast: Cast, routes: Sequence[RouteFacts]) -> tuple[RouteFacts, str, str, Client, Answer] | None:
    """The first route that answers 200 to somebody: route, filled path, user name, browser, answer."""
    for route in routes:
        for name, client in cast.everybody(route):
            with contextlib.suppress(TargetFailed, OSError):
                path = cast.stage.fill(route, client=client if name else None)
                answer = client.page(path)
                if answer.status == 200:
                    return route, path, name, client, answer
    return None
