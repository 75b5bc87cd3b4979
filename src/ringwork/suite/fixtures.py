"""What stands behind the fixtures of `_ringwork_pytest`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringwork.errors import TargetFailed
from ringwork.principal import Principal
from ringwork.prove import target
from ringwork.suite.asked import target_options
from ringwork.suite.denials import Denials
from ringwork.suite.opened import Opened
from ringwork.suite.people import sign_in
from ringwork.suite.session import asked


def opened(config: pytest.Config) -> Iterator[Opened]:
    """The application that pytest's file or command line names, for the whole session."""
    given = asked(config)
    named = config.getini("ringwork_app")
    text, here = (named, config.rootpath) if named else (given.target, Path(given.here))
    if not text:
        pytest.fail('ringwork: no application is named; write ringwork_app = "module:app" under [tool.pytest.ini_options]', pytrace=False)
    try:
        options = target_options(given.options)
        made = Opened(target.resolve(text, here=here, factory=options.factory, arguments=tuple(options.factory_args)))
    except TargetFailed as error:
        pytest.fail(f"ringwork: {error}", pytrace=False)
    yield made
    made.close()


def as_nobody(app: Opened) -> Iterator[Any]:
    """A client of nobody, inside the application's start and end where its framework knows them."""
    client = app.client()
    if app.kind != "starlette":
        yield client
        return
    with client:
        yield client


def as_user(app: Opened, first: Any) -> Callable[[str | Principal], Any]:
    """What makes clients of users, beside the one of nobody, whose start of the application they share."""

    def as_user(who: str | Principal) -> Any:
        try:
            client = app.client(who if isinstance(who, Principal) else None)
            if app.kind == "starlette":
                client.portal = first.portal
                client.app_state.update(first.app_state)
            if isinstance(who, str):
                sign_in(app, client, who)
        except TargetFailed as error:
            pytest.fail(f"ringwork: {error}", pytrace=False)
        return client

    return as_user


def assert_denied(app: Opened) -> Denials:
    """The assertion, bound to the application whose events it reads."""
    return Denials(app)
