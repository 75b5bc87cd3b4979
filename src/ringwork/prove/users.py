"""Who the prover can be: users that the project declares or a fixture makes, two who register, or accounts that the copy holds."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import doors, meeting, sessions, settings
from ringwork.prove.check import MessageKey, User
from ringwork.prove.launch import Launcher
from ringwork.prove.process import Change
from ringwork.prove.running import Running, browser
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire import entry, masking
from ringwork.survey.wire.client import Answer, Client

_REGISTERED = ("anna", "ben")
_LINES = (
    "users, in ringwork.toml ($NAME is read from your environment):",
    "[[prove.users]]",
    'name = "anna"',
    'roles = ["..."]',
    'password = "$ANNA_PASSWORD"',
)
UNLOCK = "\n".join(_LINES)
_MORE = "one more [[prove.users]] whose roles open what nobody here could open; `ringwork routes` names the rule of each route"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrances:
    """How each user and each signed message gets in, on whichever copy.

    users: those who were seen to get in, least powerful first. failed: sentences, one for each who did not.
    problem, unlock: why nobody can, and the lines to add; "" when somebody can, or nobody needs to. messages: what needs no login.
    keeper: sessions that unaltered copies begin with; None where nobody signs in. doors: ways in beside the login. keys: by name of user,
    under "" those that are anybody's.
    """

    users: Sequence[User] = ()
    failed: tuple[str, ...] = ()
    problem: str = ""
    unlock: str = ""
    login: entry.WayIn | None = None
    register: entry.WayIn | None = None
    known: tuple[entry.DeclaredUser, ...] = ()
    messages: tuple[MessageKey, ...] = ()
    keeper: sessions.Keeper | None = None
    doors: tuple[doors.Door, ...] = ()
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def is_without(self, entered: Sequence[User]) -> bool:
        """Whether two were to register, and neither of those who `entered` is one of them."""
        return self.register is not None and not any(user.name in _REGISTERED for user in entered)

    def enter(
        self,
        user: User,
        client: Client,
        *,
        registered: dict[str, entry.DeclaredUser],
        query: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """Sign `user` in on `client`; registers them first on a copy that does not have them yet. Raises TargetFailed.

        registered: accounts made on this copy so far, by name; added to. query: added to the address of the login's page. fields: what is
        sent beside name and password. Returns the login's answer, None for a token.
        """
        account = next((known for known in self.known if known.name == user.name), registered.get(user.name))
        if account is None and self.register is not None:
            account = entry.register(client.stranger(), self.register, name=user.name)
            account = entry.as_asked(client.stranger(), self.login, account) if self.login is not None else account
            registered[user.name] = account
        if account is None or (self.login is None and not account.token and not self.doors):
            raise TargetFailed(step="login", problem=f"no way in is known for {user.name}", advice=UNLOCK)
        answer = None
        if account.token:
            client.bearer = account.token
        elif self.login is not None:
            given = replace(account, fields={**account.fields, **(fields or {})})
            answer = entry.sign_in(client, entry.asked_with(self.login, query), given)
        is_open = [door.open(client, account, self.keys.get(user.name) or self.keys.get("", ())) for door in self.doors]
        if self.login is None and not account.token and not any(is_open):
            raise TargetFailed(step="login", problem=f"{user.name} was not let in by {self.doors[0].scheme}", advice=UNLOCK)
        return answer


def to_declare(entrances: Entrances | None) -> str:
    """The lines that let more checks be made: where somebody signs in, the first ones stand there already."""
    return _MORE if entrances is not None and entrances.users else UNLOCK


def find(facts: AppFacts, asked: settings.Settings, launcher: Launcher) -> Entrances:
    """Try every declared user, else two that register themselves, on a copy of its own that is ended afterwards."""
    return replace(_find(facts, asked, launcher), messages=asked.messages)


def _find(facts: AppFacts, asked: settings.Settings, launcher: Launcher) -> Entrances:
    login = _login(facts, asked.login)
    failed = list[str]()
    is_hinted = doors.hinted(facts)
    for one in _ways(facts, asked, launcher, login, is_hinted=is_hinted):
        entrances = _with_doors(one, launcher, facts) if is_hinted else one
        if entrances.login is None and not entrances.doors and not any(account.token for account in entrances.known):
            continue
        failed += [f"{len(door.paths)} routes ask for {door.scheme} beside the login" for door in entrances.doors]
        entered, more, signed = _tried(entrances, launcher, facts)
        failed += more
        if entered and not entrances.is_without(entered):
            again = replace(entrances, users=entered, failed=tuple(failed))
            keeper = sessions.Keeper(functools.partial(_again, again, launcher, facts), signed) if signed is not None else None
            return replace(again, keeper=keeper)
    unlock = UNLOCK if failed or _needs_users(facts) else ""
    return Entrances(failed=tuple(failed), problem=_problem(facts, login, failed), unlock=unlock, login=login)


def _again(entrances: Entrances, launcher: Launcher, facts: AppFacts) -> sessions.Signed | None:
    return _tried(entrances, launcher, facts)[2]


def _with_doors(entrances: Entrances, launcher: Launcher, facts: AppFacts) -> Entrances:
    """The same, with the doors at which the first of them is refused on a copy of its own."""
    running = launcher.run(Change())
    try:
        with contextlib.closing(browser(running)) as client, contextlib.suppress(TargetFailed, OSError):
            for user in entrances.users[:1] if entrances.login is not None else ():
                entrances.enter(user, client, registered={})  # who is not let in by the login is let in by no door beside it
            return replace(entrances, doors=doors.find(facts, client, login=entrances.login))
    finally:
        launcher.end(running)
    return entrances


def _ways(
    facts: AppFacts, asked: settings.Settings, launcher: Launcher, login: entry.WayIn | None, *, is_hinted: bool = False
) -> Iterator[Entrances]:
    """Who may get in, the likeliest first: who is declared or made, two who register, then the accounts that the copy holds already.

    Of accounts that are made by the framework's means the ordinary ones come after those who register.

    Against a run that sees less for a user who is declared and is not in the copy's database: two register, as without one.
    """
    loaded = launcher.first.loaded
    made = loaded.users if loaded is not None else ()
    if asked.users and not asked.users_from:
        made = ()  # what the project declares goes before what a framework's own accounts allow
    known = (*asked.users, *(settings.declared(user, f"{asked.users_from}[{i}]") for i, user in enumerate(made)))
    held = _held(facts, (loaded.held or ()) if loaded is not None else (), login) if login is not None or is_hinted else ()
    register = entry.find_register(facts)
    own = () if asked.users or asked.users_from else known
    if register is not None and not all(user.roles for user in own):
        # Against an account without what the application's own registration makes beside it: each page about it would fail.
        kept = tuple(user for user in own if user.roles)
        users = [*(User(name=name, roles=()) for name in _REGISTERED), *_users(kept)]
        yield Entrances(users=_weakest_first(users, facts), login=login, register=register, known=kept)
    if known:
        yield Entrances(users=_weakest_first(_users(known), facts), login=login, known=known)
    if register is not None:
        high = [] if known else [user for user in _users(held) if user.administers]
        users = [*(User(name=name, roles=()) for name in _REGISTERED), *high]
        yield Entrances(users=_weakest_first(users, facts), login=login, register=register, known=held)
    if held and not known:
        yield Entrances(users=_weakest_first(_users(held), facts), login=login, known=held)
    if is_hinted and not known:
        found = meeting.brought(facts, launcher)
        yield Entrances(users=_weakest_first(_users(found.known), facts), login=login, known=found.known, keys=found.keys)


def _users(known: Iterable[entry.DeclaredUser]) -> list[User]:
    return [User(name=user.name, roles=user.roles) for user in known]


def _held(facts: AppFacts, found: Sequence[Mapping[str, Any]], login: entry.WayIn | None) -> tuple[entry.DeclaredUser, ...]:
    """Accounts of the copy, each under the name that the login asks for.

    Against a wrong finding where rules call roles by other names than the rows do: there such accounts sign nobody in.
    """
    asked = {role for route in facts.routes for role in route.roles}
    if asked and not any(asked & set(one["roles"]) for one in found):
        return ()
    taken = set(_REGISTERED)
    made = list[entry.DeclaredUser]()
    for one in found:
        names = one["names"]
        name = one["name"] if one["name"] not in taken else f"{one['name']}-held"
        field = login.username_field.lower() if login is not None else ""
        username = names.get(field) or next(names[known] for known in entry.USERNAMES if known in names)
        # A form that is read when it is shown may ask for another of the names.
        fields = names if login is not None and login.kind == "form" else {}
        made.append(entry.DeclaredUser(name=name, roles=tuple(one["roles"]), username=username, password=one["password"], fields=fields))
    return tuple(made)


def _login(facts: AppFacts, step: settings.LoginStep) -> entry.WayIn | None:
    if not step.path:
        return entry.find_login(facts)
    return entry.declared(facts, path=step.path, kind=step.kind, username_field=step.username_field, password_field=step.password_field)


def _weakest_first(users: Iterable[User], facts: AppFacts) -> list[User]:
    """By the number of routes whose rule lets them in; as given where that is equal."""

    def power(user: User) -> int:
        return sum(route.rule == "requires" and (not route.roles or bool(set(route.roles) & set(user.roles))) for route in facts.routes)

    return sorted(users, key=power)


def _tried(entrances: Entrances, launcher: Launcher, facts: AppFacts) -> tuple[list[User], list[str], sessions.Signed | None]:
    """Those who got in on a fresh copy, sentences about those who did not, and what was kept of the logins."""
    masking.learn([*(account.password for account in entrances.known), *(key for keys in entrances.keys.values() for key in keys)])
    running = launcher.run(Change())
    registered = dict[str, entry.DeclaredUser]()
    entered, failed, kept = list[User](), list[str](), list[sessions.Session]()
    began = time.monotonic()
    try:
        for user in entrances.users:
            try:
                kept += _sessions(user, entrances, running, registered, facts)
                entered.append(user)
            except TargetFailed as error:
                failed.append(error.problem)
            except OSError as error:
                failed.append(f"{user.name} was not signed in: {error}")
        with contextlib.suppress(TargetFailed):  # it ended, which whoever looks at it next will tell
            launcher.learn(running, [account.password for account in (*entrances.known, *registered.values()) if account.password])
        place = launcher.keep(running) if kept else None
    finally:
        launcher.end(running)
    if place is not None and not _outlives(place, kept, entrances, registered, launcher):
        place = None
    signed = sessions.Signed(place=place, sessions=tuple(kept), accounts=registered, made=began) if place is not None else None
    return entered, failed, signed


def _outlives(
    place: Path, kept: list[sessions.Session], entrances: Entrances, registered: dict[str, entry.DeclaredUser], launcher: Launcher
) -> bool:
    """Whether a copy that begins there knows its users, and who they are by what was kept.

    Against an application that keeps either in memory: nobody would get in on copies that are said to have the accounts already.
    """
    running = launcher.run(Change(), place)
    try:
        for name in dict.fromkeys(session.user for session in kept):
            lent, other = browser(running), browser(running)
            with contextlib.closing(lent), contextlib.closing(other):
                if not next(session for session in kept if session.user == name).lend(lent):
                    return False
                if name in registered:
                    entrances.enter(next(user for user in entrances.users if user.name == name), other, registered=dict(registered))
    except (TargetFailed, OSError):
        return False
    else:
        return True
    finally:
        launcher.end(running)


def _sessions(
    user: User, entrances: Entrances, running: Running, registered: dict[str, entry.DeclaredUser], facts: AppFacts
) -> list[sessions.Session]:
    """Sign a user in, more than once where a page tells the session from nobody's. Raises TargetFailed where the first login fails."""
    client, nobody = browser(running), browser(running)
    kept = list[sessions.Session]()
    try:
        entrances.enter(user, client, registered=registered)
        login = client.fork()  # as the login left it
        path = sessions.opened(client, nobody, facts)
        if path:
            kept.append(sessions.Session(user=user.name, browser=login, path=path))
    finally:
        client.close()
        nobody.close()
    with contextlib.suppress(TargetFailed, OSError):
        while kept and len(kept) < sessions.EACH:
            other = browser(running)
            entrances.enter(user, other, registered=registered)
            other.close()
            kept.append(sessions.Session(user=user.name, browser=other, path=path))
    return kept


def _needs_users(facts: AppFacts) -> bool:
    return any(route.rule == "requires" or route.guarded_by for route in facts.routes)


def _problem(facts: AppFacts, login: entry.WayIn | None, failed: Sequence[str]) -> str:
    if not _needs_users(facts) and not failed:
        return ""
    if failed:
        return f"nobody could sign in: {failed[0]}"
    return "nobody could sign in: no user is declared" + ("" if login is not None else ", and no login route was found")
