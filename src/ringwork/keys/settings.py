"""From the table [keys] of the settings to a keyring: which root, where the key table is, how long keys live.

Against secrets that are committed with the settings: whatever is secret is named by the variable or file that holds it, and anything
else in its place is refused. Every fault is told at once, with the line to write instead.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ringwork.crypto.sealing import Suite
from ringwork.errors import ExtraMissing, KeyUnavailable, PolicyInvalid
from ringwork.frozen import Frozen
from ringwork.keys.held import Limits
from ringwork.keys.keyring import Keyring
from ringwork.keys.root import Root
from ringwork.keys.roots import environment, file
from ringwork.keys.roots.aws import AwsRoot, AwsSettings
from ringwork.keys.roots.pkcs11 import Pkcs11Root, Pkcs11Settings
from ringwork.keys.roots.vault import VaultRoot, VaultSettings
from ringwork.keys.rows import KeyTable
from ringwork.secret import Secret
from ringwork.stores.sqlite_keys import SqliteKeyTable

Named = Mapping[str, Any]

_ROOT = 'write root = "file:keys/root.key", "env:RINGWORK_ROOT_KEY" or a table such as {kind = "aws", key = "alias/ringwork"}'
_TABLE = 'write table = "sqlite:keys.db", "django", or "env:DATABASE_URL", where the variable holds an address for SQLAlchemy'
FIELDS: Mapping[str, tuple[set[str], set[str]]] = {
    "file": ({"path"}, {"passphrase"}),
    "env": (set(), {"variable"}),
    "vault": ({"address", "key"}, {"mount", "token", "role_id", "secret_id", "namespace", "ca"}),
    "aws": ({"key"}, {"region", "endpoint"}),
    "pkcs11": ({"module", "token", "key", "pin"}, set()),
}
"""Of each kind of root: what has to be said, and what may be."""
_SECRETS = {"passphrase", "token", "secret_id", "pin"}
"""Fields that name a variable or a file; pkcs11 calls the label of its token so as well, which is none."""


class KeySettings(Frozen):
    """The table [keys]. root, old_roots: tables with a kind. table: "sqlite:PATH", "django" or "env:NAME".

    columns: "package.module:function". classes: data classes that `init` makes keys for. lifetime_days: after which a key is due.
    strict: FIPS algorithms alone.
    """

    root: Named
    table: str = "sqlite:keys.db"
    old_roots: tuple[Named, ...] = ()
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ("default",)
    tenant_keys: bool = False
    strict: bool = False
    cache_seconds: float = 300.0
    root_seconds: float = 3600.0
    lifetime_days: int = 365

    @property
    def limits(self) -> Limits:
        """How long keys stay in a process."""
        return Limits(cache_seconds=self.cache_seconds, root_seconds=self.root_seconds)


def settings_of(table: Named, *, where: str) -> KeySettings:
    """The settings in `table`, checked whole. Raises PolicyInvalid with every fault."""
    faults: list[str] = []
    known = tuple(KeySettings.__shape__.declared)
    values = {name: _value(name, value, f"{where}: keys.{name}", faults) for name, value in table.items() if name in known}
    for name in set(table) - set(known):
        near = difflib.get_close_matches(name, known, n=1)
        faults.append(f"{where}: keys.{name} is unknown; " + (f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"))
    if "root" not in table:
        faults.append(f"{where}: keys.root is missing; {_ROOT}")
    if faults:
        raise PolicyInvalid(sorted(faults))
    made = KeySettings(**values)
    try:
        made.limits  # noqa: B018  # it is checked when it is made
    except ValueError as error:
        raise PolicyInvalid([f"{where}: keys: {error}"]) from error
    return made


def root_of(named: Named, *, base: Path) -> Root:
    """The root key that a table names. base: what relative paths start from. Raises KeyUnavailable, ExtraMissing."""
    kind = named["kind"]
    given = {name: named[name] for name in named if name != "kind"}
    if kind == "file":
        passphrase = secret_of(given["passphrase"], base=base) if "passphrase" in given else None
        return file.read(base / given["path"], passphrase=passphrase)
    if kind == "env":
        return environment.read(given.get("variable", environment.VARIABLE))
    secrets = {name: secret_of(given[name], base=base) for name in _secret_fields(kind) & set(given)}
    if kind == "aws":
        return AwsRoot(AwsSettings(**given))
    if kind == "vault":
        return VaultRoot(VaultSettings(**{**given, **secrets}))
    return Pkcs11Root(Pkcs11Settings(**{**given, **secrets}))


def table_of(settings: KeySettings, *, base: Path) -> KeyTable:
    """The key table that the settings name. Raises KeyUnavailable."""
    kind, _, rest = settings.table.partition(":")
    if kind == "sqlite":
        return SqliteKeyTable(base / rest)
    if kind == "django":
        return _django_table()
    address = os.environ.get(rest, "")
    if not address:
        raise KeyUnavailable(f"the variable {rest} is not set; put the address of the database into it, as SQLAlchemy takes it")
    try:
        import sqlalchemy
    except ImportError as error:
        raise KeyUnavailable("a key table in a database needs SQLAlchemy: pip install 'ringwork[sqlalchemy]'") from error
    from ringwork.stores.sqlalchemy_keys import SqlalchemyKeyTable

    try:
        return SqlalchemyKeyTable(sqlalchemy.create_engine(address, hide_parameters=True))
    except ModuleNotFoundError as error:
        driver = f"the variable {rest} names a database whose driver {error.name} is not installed"
        raise KeyUnavailable(f"{driver}; install it, for PostgreSQL: pip install 'psycopg[binary]'") from error
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        # Against a password in a message: the address is not quoted.
        raise KeyUnavailable(f"the variable {rest} holds no address that SQLAlchemy can use ({type(error).__name__})") from error


def _django_table() -> KeyTable:
    try:
        import django
        from django.apps import apps
        from django.core.exceptions import ImproperlyConfigured
    except ImportError as error:
        raise ExtraMissing(feature="a key table in a Django project", package="Django", extra="django") from error
    try:
        if not apps.models_ready:  # in a project's own AppConfig.ready() they are, and setup() is under way
            django.setup()
        from ringwork.stores.django_orm.keys import DjangoKeyTable
    except (ImproperlyConfigured, RuntimeError) as error:
        advice = 'set DJANGO_SETTINGS_MODULE, and write "ringwork.stores.django_orm" into INSTALLED_APPS'
        raise KeyUnavailable(f"Django has no key table here ({type(error).__name__}); {advice}") from error
    return DjangoKeyTable()


def keyring_of(settings: KeySettings, *, base: Path) -> Keyring:
    """The keyring of an application. Nothing is asked yet; call `start`. Raises KeyUnavailable, ExtraMissing."""
    roots = [root_of(named, base=base) for named in (settings.root, *settings.old_roots)]
    suite = Suite.XAES_256_GCM if settings.strict else Suite.AES_256_GCM_SIV
    table = table_of(settings, base=base)
    return Keyring(table, roots, limits=settings.limits, tenant_keys=settings.tenant_keys, suite=suite)


def secret_of(text: str, *, base: Path) -> Secret[str]:
    """The secret behind "env:NAME" or "file:PATH". Raises KeyUnavailable that names it, and nothing of its content."""
    kind, _, name = text.partition(":")
    if kind == "env":
        value = os.environ.get(name, "")
        if not value:
            raise KeyUnavailable(f"the variable {name} is not set; put the secret into it that the settings name by it")
        return Secret(value)
    try:
        with (base / name).open(encoding="utf-8") as file:
            # Against a secret that somebody else chose. Read by others it may be: containers hand secrets in with mode 0444.
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o022:
                raise KeyUnavailable(f"{name} can be written by others, and holds a secret; write: chmod 600 {name}")
            return Secret(file.read().strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnavailable(f"{name} cannot be read ({type(error).__name__}); the settings name it as the file of a secret") from error


def _secret_fields(kind: str) -> set[str]:
    return _SECRETS - ({"token"} if kind == "pkcs11" else set())


def _value(name: str, value: Any, where: str, faults: list[str]) -> Any:
    """One value in the shape that KeySettings has it."""
    if name == "root":
        return _root(value, where, faults)
    if name == "old_roots":
        return tuple(_root(each, f"{where}[{i}]", faults) for i, each in enumerate(value if isinstance(value, list) else [value]))
    texts = name in {"columns", "classes"}
    kind: Any = str if texts or name == "table" else bool if name in {"tenant_keys", "strict"} else (int, float)
    values = value if isinstance(value, list) and texts else [value]
    if not all(isinstance(each, kind) and (kind is bool or not isinstance(each, bool)) for each in values):
        faults.append(f"{where}: give {'a list of texts' if texts else _shown(kind)}, not {type(value).__name__}")
    elif name == "table" and value != "django" and not (value.startswith(("sqlite:", "env:")) and value.partition(":")[2]):
        # Against a password that is committed with the settings: an address of a database stands in a variable.
        faults.append(f"{where}: {_TABLE}")
    elif name == "columns" and not all(each.count(":") == 1 for each in values):
        faults.append(f'{where}: write each as "package.module:function"')
    elif name == "lifetime_days" and value < 1:
        faults.append(f"{where}: give 1 day or more")
    return tuple(values) if texts else float(value) if name.endswith("_seconds") and not faults else value


def _shown(kind: Any) -> str:
    return {str: "a text", bool: "true or false"}.get(kind, "a number") if isinstance(kind, type) else "a number"


def _root(value: Any, where: str, faults: list[str]) -> Named:
    if isinstance(value, str) and value.partition(":")[2]:
        kind, _, rest = value.partition(":")
        value = {"kind": kind, {"file": "path", "env": "variable"}.get(kind, "key"): rest}
    if not isinstance(value, Mapping) or value.get("kind") not in FIELDS:
        faults.append(f"{where}: {_ROOT}; kinds: {', '.join(FIELDS)}")
        return {}
    needed, others = FIELDS[value["kind"]]
    given = set(value) - {"kind"}
    faults += [f"{where}: a root of kind {value['kind']} needs {name}" for name in sorted(needed - given)]
    faults += [f"{where}.{name} is unknown; known here: {', '.join(sorted(needed | others))}" for name in sorted(given - needed - others)]
    for name in sorted(given):
        if not isinstance(value[name], str):
            faults.append(f"{where}.{name}: give a text, not {type(value[name]).__name__}")
        elif name in _secret_fields(value["kind"]) and not value[name].startswith(("env:", "file:")):
            faults.append(f'{where}.{name}: a secret never stands in the settings; write {name} = "env:NAME" or "file:PATH"')
    return value


def load_sources(names: Sequence[str], load: Callable[[str], Callable[[], Any]]) -> list[Any]:
    """What the functions that `columns` names give: one source of sealed columns, or several."""
    found: list[Any] = []
    for name in names:
        made = load(name)()
        found += made if isinstance(made, list | tuple) else [made]
    return found
