"""Users whose login ends on the way sign in again before their question counts as refused.

Against a login that ended and is taken for a refusal: whoever asks is first seen to be let in where he was let in before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from ringwork.errors import TargetFailed
from ringwork.prove import sessions, witness
from ringwork.prove.check import User
from ringwork.prove.witness import Cast
from ringwork.survey.wire.client import Answer, Client

_MOST = 5


@dataclass(slots=True, kw_only=True)
class Staying:
    """The users of one check on one copy, each with a page that is his alone to see."""

    cast: Cast
    pages: dict[str, str] = field(default_factory=dict)
    again: dict[str, int] = field(default_factory=dict)

    def know(self, user: User, client: Client) -> None:
        """Note a page that the user is shown, and nobody without a login."""
        with contextlib.suppress(OSError):
            self.pages[user.name] = sessions.opened(client, self.cast.nobody(), self.cast.stage.facts)

    def ask(self, user: User, client: Client, send: Callable[[], Answer]) -> Answer:
        """What `send` is answered; asked once more by the same browser, signed in anew, where its login had ended."""
        answer = send()
        if (answer.status == 401 or witness.leads_to_login(answer)) and self._has_ended(user, client) and self._enter(user, client):
            return send()
        return answer

    def _has_ended(self, user: User, client: Client) -> bool:
        page = self.pages.get(user.name, "")
        with contextlib.suppress(OSError):
            return bool(page) and client.page(page).status != 200
        return False

    def _enter(self, user: User, client: Client) -> bool:
        # Against a copy that ends every login at once: it would be asked for ever.
        self.again[user.name] = self.again.get(user.name, 0) + 1
        if self.again[user.name] > _MOST:
            return False
        with contextlib.suppress(TargetFailed, OSError):
            fresh = self.cast.served.login(user)
            client.take_login(fresh)
            fresh.close()
            return True
        return False
