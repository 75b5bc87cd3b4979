"""`ringwork keys`: make the root and the first keys, look at them, rotate, retire and destroy them, as the settings say."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ringwork.cli.terminal import console, say, show_rows
from ringwork.clock import as_utc
from ringwork.crypto.chance import random_bytes
from ringwork.errors import KeyRefused, KeyUnavailable, PolicyInvalid
from ringwork.events import Event, as_line
from ringwork.keys import settings as key_settings
from ringwork.keys.hierarchy import BY_KEY
from ringwork.keys.keyring import Keyring
from ringwork.keys.lifecycle import Lifecycle
from ringwork.keys.root import require_wrapping
from ringwork.keys.roots import environment, file
from ringwork.keys.rotation import Outcome, Rotation, Told
from ringwork.keys.rows import KeyRow, Owner, State, answer
from ringwork.keys.settings import KeySettings
from ringwork.policy import files

FINDINGS = 1
FORMAT = "ringwork.keys/1"
_DAY = 86_400

Folder = Annotated[Path, typer.Option("--folder", help="The project, where ringwork.toml or pyproject.toml stands.")]
Kid = Annotated[int, typer.Argument(metavar="KEY", help="Number of a key, as `ringwork keys status` shows it.")]
Class = Annotated[str, typer.Option("--class", help="Data class of the values.")]
Tenant = Annotated[str, typer.Option(help="Whose keys, where tenants have their own.")]
Subject = Annotated[str, typer.Option(help="Whose keys, where subjects have their own.")]
Events = Annotated[
    Path | None, typer.Option("--events", help="Append the events as JSON lines to this file instead of telling them on stderr.")
]
HERE = Path()


class Project:
    """What [keys] of a folder says."""

    def __init__(self, folder: Path, events: Path | None = None) -> None:
        found = files.find(folder)
        if found is None:
            raise PolicyInvalid(['no ringwork.toml and no [tool.ringwork] here; write [keys] with root = "file:keys/root.key" into one'])
        table = files.read(found).get("keys")
        if not isinstance(table, dict):
            raise PolicyInvalid([f'{found.name}: [keys] is missing; write it with root = "file:keys/root.key", or another root'])
        self.folder, self._events = folder, events
        # The project's own modules: its settings of Django, and the functions that give its sealed columns.
        if str(folder.absolute()) not in sys.path:
            sys.path.insert(0, str(folder.absolute()))
        self.settings: KeySettings = key_settings.settings_of(table, where=found.name)

    def ring(self) -> Keyring:
        """Its keyring, whose roots have shown that they wrap."""
        made = key_settings.keyring_of(self.settings, base=self.folder)
        for root in made.hierarchy.roots:
            require_wrapping(root)
        return made

    def life(self, ring: Keyring) -> Lifecycle:
        """The steps of its keys."""
        return Lifecycle(ring, events=self._tell)

    def rotation(self, ring: Keyring, tell: Callable[[Told], None] = lambda told: None) -> Rotation:
        """Over its sealed columns."""
        return Rotation(self.life(ring), key_settings.load_sources(self.settings.columns, _function), tell=tell)

    def _tell(self, event: Event) -> None:
        if self._events is None:
            # For a person a line, for a program that collects what comes there the whole.
            told = f"event: {event.detail or event.reason}" if sys.stderr.isatty() else as_line(event)
            print(told, file=sys.stderr, flush=True)
            return
        with self._events.open("a", encoding="utf-8") as to:
            to.write(as_line(event) + "\n")


def init(*, data_class: Annotated[list[str] | None, typer.Option("--class", help="A data class that gets a key.")] = None,
         folder: Folder = HERE, events: Events = None) -> None:  # fmt: skip
    """Make the root key where it is missing, the key table, and the first key of each class. Nothing that is there is changed."""
    project = Project(folder, events)
    root = project.settings.root
    if root["kind"] == "file" and not (folder / root["path"]).exists():
        _require_no_lost_root(project)
        passphrase = key_settings.secret_of(root["passphrase"], base=folder) if "passphrase" in root else None
        file.make(folder / root["path"], passphrase=passphrase)
        print(f"made the root key {root['path']}; keep a copy apart from the database, since without it nothing opens")
    if root["kind"] == "env":
        _offer_variable(root.get("variable", environment.VARIABLE))
    ring = project.ring()
    answer(ring.table.prepare)
    for name in [*project.settings.classes, *(data_class or ())]:
        owner = Owner(data_class=name)
        row = answer(lambda owner=owner: ring.table.active(owner))  # type: ignore[misc]  # bound at once
        print(f"{owner}: key {(row or project.life(ring).publish(owner)).kid} {'is there already' if row else 'made'}")


def _require_no_lost_root(project: Project) -> None:
    """Against a root file that was lost or not mounted, and a new one in its place under which nothing opens and all looks well."""
    table = key_settings.table_of(project.settings, base=project.folder)
    answer(table.prepare)
    known = {key_settings.root_of(each, base=project.folder).reference for each in project.settings.old_roots}
    lost = {row.wrapped_by for row in answer(lambda: list(table.rows())) if row.state is not State.DESTROYED and _is_orphan(row, known)}
    if lost:
        raise KeyUnavailable(
            f"{project.settings.root['path']} is not there, and the key table has keys under the root {', '.join(sorted(lost))}; bring its"
            " file back, or name it in [keys] old_roots when a new root shall follow it"
        )


def _is_orphan(row: KeyRow, roots: Collection[str]) -> bool:
    return row.wrapped_by not in roots and not row.wrapped_by.startswith(BY_KEY)


def status(*, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
           everything: Annotated[bool, typer.Option("--all", help="Destroyed too.")] = False, folder: Folder = HERE) -> None:  # fmt: skip
    """Show the keys, their state and age, and how many values each has. Ends with 1 where a key is due for rotation."""
    project = Project(folder)
    ring = project.ring()
    rotation = project.rotation(ring)
    rows = answer(lambda: [row for row in ring.table.rows() if everything or row.state is not State.DESTROYED])
    now, roots = ring.clock.now(), [root.reference for root in ring.hierarchy.roots]
    told = [
        _told(
            row,
            now=now,
            settings=project.settings,
            roots=roots,
            values=rotation.count(row.kid) if project.settings.columns else None,
        )
        for row in rows
    ]
    if as_json:
        print(json.dumps({"format": FORMAT, "roots": roots, "keys": told}, indent=1))
    else:
        out = console()
        heads = ("Key", "Owner", "State", "Made", "Values", "Root", "Advice")
        cells = [
            (str(one["kid"]), one["owner"], one["state"], one["created"][:10], "-" if one["values"] is None else str(one["values"]),
             one["wrapped_by"].partition(":")[0], one["advice"])
            for one in told
        ]  # fmt: skip
        show_rows(out, heads, cells, folding={"Owner", "Advice"})
        if not told:
            say(out, "no keys yet; make them with: ringwork keys init")
    if any(one["advice"] for one in told):
        raise typer.Exit(FINDINGS)


def rotate(*, data_class: Class = "default", tenant: Tenant = "", subject: Subject = "",
           every: Annotated[bool, typer.Option("--every-owner", help="Each tenant and subject of the class, too.")] = False,
           root: Annotated[bool, typer.Option("--root", help="Wrap the keys under the root named today; no value is touched.")] = False,
           dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
           no_wait: Annotated[bool, typer.Option("--no-wait", help="End where time has to pass; call again later.")] = False,
           folder: Folder = HERE, events: Events = None) -> None:  # fmt: skip
    """Rotate: a new key, every value sealed again under it, the old one retired. Killed or ended, it goes on when called again."""
    project = Project(folder, events)
    ring = project.ring()
    with _progress() as tell:
        if root:
            _rewrap(project, ring, dry_run=dry_run, tell=tell)
            return
        rotation = project.rotation(ring, tell)
        active = answer(lambda: list(ring.table.rows(states=[State.PENDING, State.ACTIVE])))
        one = Owner(data_class=data_class, tenant=tenant, subject=subject)
        whole = list(dict.fromkeys(row.owner for row in active if row.owner.data_class == data_class and row.owner.purpose == one.purpose))
        owners = whole if every else [one]
        if not every and one not in whole:
            raise KeyRefused(f"{one} has no key to rotate; look with: ringwork keys status")
        for owner in owners:
            if dry_run:
                print("\n".join(f"{owner}: would {step}" for step in rotation.plan(owner)))
            else:
                _say_outcome(owner, rotation.run(owner, wait=not no_wait))


def retire(kid: Kid, *, folder: Folder = HERE, events: Events = None) -> None:
    """Let a decrypt-only key open nothing any more; it can be called back."""
    project, ring, row = _one(kid, folder, events)
    _require_columns(project, "whether values are left under it")
    project.life(ring).retire(row, values=project.rotation(ring).count(kid))
    print(f"key {kid} is retired; to read with it again: ringwork keys restore {kid}")


def restore(kid: Kid, *, folder: Folder = HERE, events: Events = None) -> None:
    """Let a retired key open again."""
    project, ring, row = _one(kid, folder, events)
    project.life(ring).restore(row)
    print(f"key {kid} opens again; every process sees it within {project.settings.cache_seconds:.0f} s")


def destroy(kid: Kid, *, erase: Annotated[bool, typer.Option("--erase", help="Give up the values that are sealed under it.")] = False,
            yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
            dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be lost, and do nothing.")] = False,
            folder: Folder = HERE, events: Events = None) -> None:  # fmt: skip
    """Throw a key away, for ever: what is sealed under it never opens again."""
    project, ring, row = _one(kid, folder, events)
    if not erase:
        _require_columns(project, "whether values would be lost")
    values = project.rotation(ring).count(kid)
    lost = f"{values} values" if project.settings.columns else "whatever is sealed under it, which nobody has counted,"
    print(f"key {kid} ({row.owner}) is {row.state}; {lost} would never open again", file=sys.stderr)
    if dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise KeyRefused("is destroyed for ever, so somebody has to say so: add --yes", kid=kid)
        if typer.prompt("To destroy it, write its number", err=True) != str(kid):
            raise KeyRefused("was not destroyed: the number was another one", kid=kid)
    project.life(ring).destroy(row, values=values, erase=erase)
    print(f"key {kid} is destroyed; copies of the key table, such as backups, still hold it until they are deleted")


WORDS = (("init", init), ("status", status), ("rotate", rotate), ("retire", retire), ("restore", restore), ("destroy", destroy))


def _one(kid: int, folder: Path, events: Path | None) -> tuple[Project, Keyring, KeyRow]:
    project = Project(folder, events)
    ring = project.ring()
    row = answer(lambda: ring.table.find(kid))
    if row is None:
        raise KeyRefused("is not in the key table; look with: ringwork keys status", kid=kid)
    return project, ring, row


def _require_columns(project: Project, what: str) -> None:
    if not project.settings.columns:
        raise KeyRefused(f'nobody knows {what}, since no sealed columns are named; write [keys] columns = ["package.module:function"]')


def _offer_variable(name: str) -> None:
    try:
        environment.read(name)
    except KeyUnavailable as error:
        if "is not set" not in str(error):
            raise
        print(environment.text_of(random_bytes(32)))
        print(f"put this root key into {name}, kept apart from the database, and call again; it is shown once", file=sys.stderr)
        raise typer.Exit(FINDINGS) from error


def _rewrap(project: Project, ring: Keyring, *, dry_run: bool, tell: Callable[[Told], None]) -> None:
    today = ring.hierarchy.roots[0].reference
    if dry_run:
        rows = answer(lambda: [row for row in ring.table.rows() if row.wrapped and row.wrapped_by.partition(":")[0] != "kid"])
        print(f"would wrap {sum(row.wrapped_by != today for row in rows)} of {len(rows)} keys under {today}")
        return
    done = project.life(ring).rewrap(lambda done, whole: tell(Told(step="wrapping keys", done=done, whole=whole)))
    print(f"{done} keys were wrapped under {today}; afterwards take the former root out of [keys] old_roots")


def _say_outcome(owner: Owner, came: Outcome) -> None:
    print(f"{owner}: key {came.seals} seals; {came.resealed} values were sealed again" + (f"; {came.said}" if came.said else ""))
    for kid in came.retired:
        print(f"{owner}: key {kid} is retired; once you are sure: ringwork keys destroy {kid}")
    for kid, values in came.left:
        print(f"{owner}: key {kid} stays decrypt-only, since {values} values still name it")
    for broken in came.broken:
        print(f"{owner}: {broken.place} does not open: {broken.problem}")
    if came.left or came.broken:
        raise typer.Exit(FINDINGS)


def _told(row: KeyRow, *, now: float, settings: KeySettings, roots: Collection[str], values: int | None) -> dict[str, Any]:
    days = int((now - (row.activated or row.created)) // _DAY)
    advice = ""
    if row.state is not State.DESTROYED and _is_orphan(row, roots):
        advice = f"nothing opens it: its root {row.wrapped_by} is not among those in use; bring it back, or name it in [keys] old_roots"
    elif row.state is State.ACTIVE and days >= settings.lifetime_days:
        advice = f"in use for {days} days; rotate it: ringwork keys rotate --class {row.owner.data_class}"
    elif row.state is State.ACTIVE and row.written >= settings.limits.values // 4 * 3:
        advice = f"three quarters of its values are sealed; rotate it: ringwork keys rotate --class {row.owner.data_class}"
    elif row.state is State.DECRYPT_ONLY:
        advice = f"a rotation is not finished: ringwork keys rotate --class {row.owner.data_class}"
    dates = {name: _date(at) for name, at in (("created", row.created), ("activated", row.activated), ("changed", row.changed))}
    return {
        "kid": row.kid, "owner": str(row.owner), "purpose": row.owner.purpose.value, "class": row.owner.data_class,
        "tenant": row.owner.tenant, "subject": row.owner.subject, "state": row.state.value, **dates, "leased": row.written,
        "values": values, "wrapped_by": row.wrapped_by, "advice": advice,
    }  # fmt: skip


def _date(seconds: int) -> str:
    return as_utc(seconds).isoformat(timespec="seconds") if seconds else ""


def _function(name: str) -> Callable[[], Any]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise PolicyInvalid([f"keys.columns: {name} cannot be loaded ({error}); name a function that gives the sealed columns"]) from error
    return found  # type: ignore[no-any-return]  # what it gives is looked at by rotation


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[Told], None]]:
    """A bar on a terminal; in a pipe nothing, since steps are events there."""
    err = console(stderr=True)
    bar = Progress(BarColumn(bar_width=20), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), TextColumn("{task.description}"),
                   console=err, transient=True, disable=not err.is_terminal)  # fmt: skip
    with bar:
        task = bar.add_task("", total=None)
        yield lambda told: bar.update(task, description=told.step, completed=told.done, total=told.whole or None)
