"""uvicorn round a copy of an ASGI application: over TLS, and without beside it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import Any, Literal

import uvicorn
import uvicorn.lifespan.on
import uvicorn.protocols.websockets.auto  # the same
from uvicorn.protocols.http.h11_impl import H11Protocol

from ringwork.servers.connections import with_tls
from ringwork.survey.harness import neutral, serving


class _Protocol(H11Protocol):
    """HTTP/1.1 that tells the application about the client's certificate, as `ringwork serve` does."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.app = with_tls(self.app, transport)


class _Server(uvicorn.Server):
    """Listens without TLS beside, and tells when it has started."""

    def __init__(self, config: uvicorn.Config, listening: serving.Listening) -> None:
        super().__init__(config)
        self._ready, self._plain = listening.ready, listening.plain

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and not self.should_exit:
            # The protocol asks its transport whether it is secure, so the scheme is the socket's own.
            kind: Any = self.config.http_protocol_class
            protocol = functools.partial(kind, config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
            self.servers.append(await asyncio.get_running_loop().create_server(protocol, sock=self._plain))
            self._ready()


def serve(app: Any, listening: serving.Listening, *, lifespan: Literal["on", "auto"] = "on") -> None:
    """Serve until the process ends. Returns when the application's own start-up failed; what it logged says why."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=_Protocol,
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        ssl_certfile=str(listening.certificate),
        ssl_keyfile=str(listening.key),
        ssl_context_factory=lambda config, default: listening.context,
    )
    server = _Server(config, listening)
    with contextlib.suppress(SystemExit):  # uvicorn's way to say that the application's start-up failed
        asyncio.run(neutral.true_start("uvicorn.Server.serve")(server, sockets=[listening.sock]))
