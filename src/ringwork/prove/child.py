"""The process that holds the copy: imports the target once behind walls, then forks one variant for each way to serve it.

Started by process.py as `python -P -m ringwork.prove.child FD`. The one file that takes guards out (`without`), and the one
file of this room that knows the run time; it listens only on sockets that the prover made on loopback.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gc
import json
import os
import secrets
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ringwork.enforce.network import rate_limiting
from ringwork.enforce.transport import mutual_tls, tls_configuration
from ringwork.enforce.transport.certificate_lifecycle import CertificateFiles
from ringwork.errors import RingworkError, TargetFailed
from ringwork.installation import Installation
from ringwork.names import ControlId
from ringwork.protect import installed  # the package's face has a function of the module's name
from ringwork.prove import channel
from ringwork.prove.check import Fault, ProbeRoute
from ringwork.servers.tls import Asked, server_context
from ringwork.survey import baseline, differences, facts, kept, state
from ringwork.survey.harness import (
    accounts,
    bearers,
    capture,
    careless,
    configured_keys,
    confine,
    faults,
    guard_facts,
    loaded,
    loading,
    namespaces,
    neutral,
    preparing,
    real,
    redirect,
    remembering,
    reopening,
    rogues,
    serving,
    sockets,
    storing,
    warmth,
    watching,
    wrapping,
)

_LAYERS = {Fault.LAYER_OUTER: "outer", Fault.LAYER_GATE: "gate", Fault.LAYER_WRAPPED: "wrapped", Fault.LAYER_MOVED: "moved"}
_PATIENCE = 1000


class Zygote:
    """The copy after its import and before any variant: one thread, no event loop, nothing served."""

    def __init__(self, control: socket.socket, setup: dict[str, Any]) -> None:
        self.control, self.setup = control, setup
        self.folder = Path(setup["folder"])  # what this copy may write
        self.copy = Path(setup["copy"])
        self.records = capture.Records()
        self.app: Any = None
        self.users: list[dict[str, Any]] | None = None
        self.confinement, self.private_mounts = "", False

    def build_walls(self) -> None:
        """Confine this process before any line of the target runs."""
        network, mounts = namespaces.leave_network() if self.setup["kernel"] else (False, False)
        read_only = mounts and namespaces.make_read_only(except_for=self.folder)
        self.private_mounts = mounts
        self.records.install()
        remembering.install()
        neutral.neutralise(frozenset(self.setup["imports"]))
        state.watch_databases()
        redirect.redirect_databases(copy=self.copy, original=Path(self.setup["root"]), imports=frozenset(self.setup["imports"]))
        confine.confine(self.folder)
        kernel = [
            text for held, text in ((network, "a network namespace without any network"), (read_only, "a read-only file system")) if held
        ]
        self.confinement = f"{' and '.join(kernel)}, and audit hooks" if kernel else "audit hooks only (this machine allows no namespaces)"

    def load(self, users_from: str) -> dict[str, Any]:
        """Import the target, have the project's function make its users, and gather its facts. Raises TargetFailed."""
        target = self.setup["target"]
        sys.path[:0] = [str(self.copy / place) for place in self.setup["paths"]]
        os.chdir(self.copy / self.setup["working"])
        sys.argv = [target["module"]]
        self.app = loading.load(
            module=target["module"],
            attribute=target["attribute"],
            factory=target["factory"],
            arguments=tuple(target["arguments"]),
            folder=self.copy,
            is_named=":" in target["text"],
        )
        remembering.install_beside()
        loading.make_ready(self.app)
        started = [name for name, _ in neutral.started()]
        preparing.prepare(self.app, folder=self.copy, module=target["module"], imports=self.setup["imports"])
        self.users = loading.call(users_from, self.copy) if users_from else None
        return {
            "facts": facts.to_plain(self.facts()),
            "confinement": self.confinement,
            "started": started,
            "wrapped": wrapping.told(self.app),
        }

    def settle(self, passwords: list[str], *, is_anybody_wanted: bool) -> dict[str, Any]:
        """Have the framework make users where the project's function made none; load what variants would load each for itself.

        passwords: of users that the project declares. is_anybody_wanted: where there are none, accounts that the copy holds are made known.
        """
        users = loading.own_users(self.app) if self.users is None else self.users
        held = accounts.known(self.copy) if is_anybody_wanted and not users and self.users is None else None
        warmth.warm([f"{serving.prefix('')}/{which.value}" for which in ProbeRoute])
        state.digest(self.copy)  # so that variants inherit what never changes
        return {
            "users": users,
            "held": held,
            "remembered": remembering.keep([*passwords, *(str(user.get("password", "")) for user in (*users, *(held or ())))]),
            "private": self.private_mounts and not self.unforkable(),
            "unforkable": self.unforkable(),
            "refused": confine.refused(),
        }

    def _settled(self, command: dict[str, Any]) -> dict[str, Any]:
        return self.settle(command["passwords"], is_anybody_wanted=command["anybody"])

    def harness(self) -> tuple[Any, Any]:
        """The modules that read and serve the application. Raises TargetFailed."""
        known = loading.harness_of(self.app)
        if known is None:
            advice = "name a FastAPI, Starlette, Flask, Django or aiohttp application"
            raise TargetFailed(step="find", problem="the application is of an unknown kind", advice=advice)
        return known

    def facts(self) -> facts.AppFacts:
        """What the harness and the installed policy tell."""
        installation = installed(self.app)
        found: facts.AppFacts = self.harness()[0].collect(
            self.app, target=self.setup["target"]["text"], root=self.setup["root"], installation=installation
        )
        moved = tuple(dataclasses.replace(r, file=self._original(r.file)) for r in found.routes)
        target, start = self.setup["target"]["module"], self.setup["paths"][0]
        approved = baseline.approved(self.copy.joinpath(start, *target.split(".")[:-1]), root=self.copy)
        guard = None if installation is None else guard_facts.collect(installation, rate_limiting.class_of)
        sources = loaded.sources(self.copy)
        stored = storing.collect(self.copy)
        keys = configured_keys.collect(self.app, self.copy, sources)
        return dataclasses.replace(found, routes=moved, guard=guard, approved_public=approved, sources=sources, fields=stored, keys=keys)

    def _original(self, file: str) -> str:
        """A file of the copy as a path of the user's own tree, relative to its root."""
        path = Path(file)
        return str(path.relative_to(self.copy)) if file and path.is_relative_to(self.copy) else file

    def unforkable(self) -> str:
        """Why variants cannot be forked from this process, or ""."""
        loading.close_connections()
        state.dispose_engines()
        gc.collect()
        if threading.active_count() > 1:
            return "the import started threads"
        if reopening.left_open(self.copy):
            return "the import opened a database and keeps it open"
        return ""

    def run(self) -> None:
        """Answer the prover until it is gone."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # variants are reaped by the kernel
        while True:
            try:
                command, fds = channel.receive(self.control, max_fds=3)
            except channel.ChannelClosed:
                return
            if command["do"] in {"load", "settle", "learn"}:
                channel.send(self.control, self._answer(command))
            elif command["do"] == "fork":
                state.note_connections()
                gc.freeze()  # what was there before a variant is not searched for garbage by it, page by page
                pid = os.fork()
                if pid == 0:
                    _as_variant(self, command, fds)
                for fd in fds:
                    os.close(fd)
                channel.send(self.control, {"pid": pid})

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            if command["do"] == "learn":
                return {"ok": {"remembered": remembering.learn(command["entries"])}}
            return {"ok": self.load(command["users_from"]) if command["do"] == "load" else self._settled(command)}
        except TargetFailed as error:
            return {"failed": {"step": error.step, "problem": error.problem, "advice": error.advice}}
        except RingworkError as error:
            return {"failed": {"step": "policy", "problem": str(error), "advice": "correct the policy as the lines above say"}}


class Variant:
    """One forked copy: changed as asked, then served."""

    def __init__(self, zygote: Zygote, command: dict[str, Any], fds: list[int]) -> None:
        self.zygote, self.command = zygote, command
        self.listening = socket.socket(fileno=fds[0])
        self.control = socket.socket(fileno=fds[1])
        self.plain = socket.socket(fileno=fds[2])
        self.refused_before, self.looks = len(confine.refused()), differences.Looks()

    def run(self) -> None:
        """Prepare and serve; tells the prover "ready", or why not."""
        os.chdir("/")
        if self.command["shown"] and not namespaces.show_instead(real=Path(self.command["shown"]), shown_at=self.zygote.copy):
            raise TargetFailed(step="start", problem="the private folder of a variant could not be mounted", advice="run `ringwork doctor`")
        os.chdir(self.zygote.copy / self.zygote.setup["working"])
        reopening.open_anew()
        self.zygote.records.clear()
        app, server = self.zygote.app, self.zygote.harness()[1]
        self._change(server)
        folder = Path(self.command["tls"])
        certificate, key = folder / "leaf.pem", folder / "leaf.key"
        listening = serving.Listening(
            sock=self.listening, plain=self.plain, certificate=certificate, key=key, context=self._context(folder), ready=self._ready,
            server=self.command["server"],
        )  # fmt: skip
        (real if listening.server else wrapping if wrapping.told(app) else server).serve(app, listening)
        advice = "the application's own start-up failed; see its message above"
        raise TargetFailed(step="start", problem=self._last_records(), advice=advice)

    def _context(self, folder: Path) -> ssl.SSLContext:
        """The TLS of this copy: what `ringwork serve` would speak, or, with that taken out, what a careless server does."""
        certificate, key = str(folder / "leaf.pem"), str(folder / "leaf.key")
        if tls_configuration.CONTROL in self.command["without"]:
            made = careless.context(certificate, key)
        else:
            installation = installed(self.zygote.app)
            tls = installation.policy.tls_configuration.tls if installation is not None else tls_configuration.INTERMEDIATE
            asks = self.command["fault"] == Fault.INTERNAL and mutual_tls.CONTROL not in self.command["without"]
            clients = Asked(authority=str(folder / "authority.pem"), revoked=str(folder / "revoked.pem")) if asks else None
            made = server_context(tls, certificate=certificate, key=key, clients=clients)
        made.load_cert_chain(folder / "rsa.pem", folder / "rsa.key")
        return made

    def _change(self, server: Any) -> None:
        """Add probe routes, plant a fault, take guards out: only ever in this process."""
        app, canary = self.zygote.app, self.command["canary"]
        for name in self.command["replaced"]:
            loading.named(name, self.zygote.copy)()
        if self.command["probes"]:
            server.add_probes(app, canary=canary)
        installation = installed(app)
        if installation is None:
            if self.command["without"] or self.command["fault"] or self.command["production"] or self.command["names_leaf"]:
                raise TargetFailed(
                    step="start", problem="the target has no ringwork guard to change", advice="protect(app) makes this check possible"
                )
            return
        if self.command["fault"] == Fault.DEBUG_ON:
            server.switch_debug_on(app)
        elif self.command["fault"] == Fault.STRAY_FILES:
            serving.leave_strays(self.zygote.copy, [folder for folder, _ in installation.look_round().static_folders])
        elif self.command["fault"] == Fault.TRUSTS_PROVER:
            trusted = dataclasses.replace(installation.policy.trusted_proxies, proxies=("127.0.0.0/8",), header="x-forwarded")
            forwarded = installation.policy.mutual_tls
            if mutual_tls.is_used(forwarded):
                forwarded = dataclasses.replace(forwarded, header=forwarded.header or "client-cert")
            installation.policy = dataclasses.replace(installation.policy, trusted_proxies=trusted, mutual_tls=forwarded)
        elif self.command["fault"] == Fault.OUTAGES:
            installation.recompile()  # a store on a network is exchanged for this copy's own memory first
            faults.plant(installation)
        elif self.command["fault"] in _LAYERS:
            server.change_layers(app, _LAYERS[self.command["fault"]])
        elif self.command["fault"] and self.command["fault"] != Fault.INTERNAL:
            broken = faults.broken_identify(self.command["fault"], canary)
            installation.policy = dataclasses.replace(installation.policy, identify=broken, identify_seconds=1.0)
        if self.command["names_leaf"]:
            _name_leaf(installation, Path(self.command["tls"]))
        without = frozenset(ControlId(control) for control in self.command["without"])
        # Against checks that trip over each other's rates: only the checks of the rates themselves meet them as configured.
        patience = 1 if self.command["limits"] else _PATIENCE
        installation.recompile(without=without, origin=self.command["origin"], production=self.command["production"], patience=patience)

    def _ready(self) -> None:
        channel.send(self.control, {"ready": True})
        threading.Thread(target=self._obey, name="ringwork-control", daemon=True).start()

    def _obey(self) -> None:
        """Answer the prover's questions about this copy, one at a time."""
        with contextlib.suppress(channel.ChannelClosed):
            while True:
                command, _ = channel.receive(self.control)
                channel.send(self.control, self._look(command["do"]))
        os._exit(0)

    def _look(self, what: str) -> Any:
        if what.startswith("strike "):
            faults.SWITCH.turn(what.removeprefix("strike "))
        if what.startswith("call-out "):
            return self._call_out(*what.removeprefix("call-out ").split(" ", 1))
        if what.startswith("stored "):
            return storing.answer(self.zygote.app, self.zygote.copy, what.removeprefix("stored "))
        if what.startswith("watch "):
            watching.arm(what.removeprefix("watch "))
        if what.startswith("kept "):
            return kept.holding(self.zygote.copy, what.removeprefix("kept "))
        if what.startswith("hashed "):
            return remembering.computed(json.loads(what.removeprefix("hashed ")))
        known: dict[str, Callable[[], Any]] = {
            "sockets": sockets.listening,
            "memory": sockets.memory,
            "accounts": self._accounts,
            "watched": watching.seen,
            "forget": remembering.forget,
            "differences": lambda: self.looks.differences(self.zygote.copy),
            "bearers": lambda: bearers.known(self.zygote.copy),
            "withheld": lambda: [*accounts.kept(self.zygote.copy), *bearers.keys(self.zygote.copy)],
        }
        known |= {"state": lambda: state.digest(self.zygote.copy), "refused": lambda: confine.refused()[self.refused_before :]}
        known |= {"records": self.zygote.records.items, "events": self.zygote.records.security}
        return known[what]() if what in known else None

    def _accounts(self) -> dict[str, Any]:
        """Accounts that the application made by starting, and what was done to have them sign in."""
        before = len(confine.refused())
        return {"held": accounts.known(self.zygote.copy, is_running=True), "refused": confine.refused()[before:]}

    def _call_out(self, extent: str, papers: str) -> Any:
        """Let clients in this copy meet rogue servers; the application's own ones too, where the policy names them."""
        installation = installed(self.zygote.app)
        own = installation.policy.certificate_verification.clients if installation is not None else ()
        factories = {name: loading.named(name, self.zygote.copy) for name in own}
        return rogues.meet(Path(papers), factories, brief=extent == "brief")

    def _last_records(self) -> str:
        lines = [line for record in self.zygote.records.items()[-3:] for line in record.strip().splitlines()[-4:]]
        return " / ".join(lines)[-600:] or "the server ended without a message"


def _name_leaf(installation: Installation, folder: Path) -> None:
    """Let the copy's policy name the certificate that it is served with, as a production's policy does."""
    pair = CertificateFiles(certificate=str(folder / "leaf.pem"), key=str(folder / "leaf.key"))
    named = dataclasses.replace(installation.policy.certificate_lifecycle, files=(pair,))
    installation.policy = dataclasses.replace(installation.policy, certificate_lifecycle=named)


def _as_variant(zygote: Zygote, command: dict[str, Any], fds: list[int]) -> None:
    """What the forked process does; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    namespaces.die_with_parent()
    zygote.control.close()
    variant = Variant(zygote, command, fds)
    try:
        variant.run()
    except TargetFailed as error:
        failed = {"step": error.step, "problem": error.problem, "advice": error.advice}
    except BaseException as error:  # noqa: BLE001  # whatever ends the start is told to the prover
        told = loading.failure("start", error, zygote.copy) if not isinstance(error, RingworkError) else error
        failed = {
            "step": "start",
            "problem": getattr(told, "problem", str(told)),
            "advice": getattr(told, "advice", "correct what the lines say"),
        }
    with contextlib.suppress(channel.ChannelClosed):
        channel.send(variant.control, {"failed": failed})
    os._exit(1)


def main(arguments: list[str]) -> None:
    """Serve the prover on the given descriptor."""
    control = socket.socket(fileno=int(arguments[0]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the prover's; it ends its copies in order
    # Against a copy that signs with a key of the user's: this one is made here and dies with the process. Only the project's own
    # settings of the prover name another, by which its links are forged; the user's environment never reaches a copy.
    os.environ["RINGWORK_KEY"] = os.environ.get("RINGWORK_KEY") or base64.b64encode(secrets.token_bytes(32)).decode()
    setup, _ = channel.receive(control)
    zygote = Zygote(control, setup)
    zygote.build_walls()
    channel.send(control, {"confinement": zygote.confinement})
    zygote.run()


if __name__ == "__main__":
    main(sys.argv[1:])
