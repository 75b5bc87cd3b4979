"""No versions in headers, and from folders of static files nothing but web assets.

Against banners that tell which known hole fits, and against what was left in a served folder: a repository, an environment
file, a key, a backup, a database. Source: ASVS 5.0, 13.4.1, 13.4.3, 13.4.6, 13.4.7; OWASP WSTG-CONF-04; CWE-497, CWE-538, CWE-552.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import field

from ringwork.enforce.guard import Decision, Enter, Guard, Hooks, Judge, Refusal, Site, Surroundings
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Public, Route, RouteKind
from ringwork.words import Words

CONTROL = ControlId("output.information-disclosure")

REMOVES = frozenset(
    {
        # Against names and versions of what runs here, which tell an attacker what to look up.
        b"server",
        b"via",
        b"x-application-version",
        b"x-aspnet-version",
        b"x-aspnetmvc-version",
        b"x-backend",
        b"x-backend-server",
        b"x-framework",
        b"x-generator",
        b"x-powered-by",
        b"x-runtime",
        b"x-server",
        b"x-served-by",
        b"x-version",
        # Against links into a debugger's or profiler's records.
        b"x-debug-token",
        b"x-debug-token-link",
        b"x-sourcemap",
        b"sourcemap",
    }
)
"""Headers that are taken out of every answer."""

EXTENSIONS = (
    # What pages are made of.
    "css", "htm", "html", "js", "json", "mjs", "txt", "wasm", "webmanifest", "xml",
    # Pictures.
    "apng", "avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp",
    # Type.
    "eot", "otf", "ttf", "woff", "woff2",
    # Sound and film.
    "flac", "m4a", "m4v", "mp3", "mp4", "oga", "ogg", "ogv", "opus", "vtt", "wav", "webm",
    # Documents.
    "pdf",
)  # fmt: skip

BUILD_FILES = frozenset(
    {
        # Against the list of what an application is built from, which names every known hole; each has an extension of the web.
        "appsettings.json",
        "bower.json",
        "cmakelists.txt",
        "composer.json",
        "config.json",
        "constraints.txt",
        "credentials.json",
        "deno.json",
        "jsconfig.json",
        "npm-shrinkwrap.json",
        "package-lock.json",
        "package.json",
        "phpinfo.html",
        "pom.xml",
        "requirements-dev.txt",
        "requirements.txt",
        "secrets.json",
        "service-account.json",
        "tsconfig.json",
        "web.xml",
    }
)

WELL_KNOWN = ".well-known"
"""The one name with a leading dot that is meant to be served (RFC 8615)."""

REPOSITORIES = frozenset({".git", ".hg", ".svn", ".bzr", "cvs", "_darcs"})
KEYS = frozenset({"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "authorized_keys", ".htpasswd", ".netrc", ".pypirc", ".npmrc", ".pgpass"})
ENDINGS: dict[str, str] = {
    **dict.fromkeys((".key", ".pem", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk"), "a key"),
    **dict.fromkeys(
        (".bak", ".backup", ".old", ".orig", ".save", ".swp", ".swo", "~", ".tar", ".tgz", ".tar.gz", ".rar", ".7z"), "a backup"
    ),
    **dict.fromkeys((".sql", ".sqlite", ".sqlite3", ".db", ".db3", ".mdb", ".dump", ".rdb", ".ldif"), "a database"),
    ".env": "an environment file",
}

SCAN_ENTRIES = 20_000
SHOWN = 10


class InformationDisclosureSettings(Frozen):
    """What may be served from folders of static files."""

    static_extensions: tuple[str, ...] = field(
        default=EXTENSIONS,
        metadata={
            "doc": "endings that files of static routes may have; any other is answered like a missing file",
            "unit": "names without dot",
            "source": "ASVS 13.4.7; list our choice",
        },
    )


class InformationDisclosureReason(Words):
    """Why a request was refused."""

    HIDDEN_FILE = "hidden-file"
    EXTENSION = "extension"
    BUILD_FILE = "build-file"
    NO_EXTENSION = "no-extension"


def plan(settings: InformationDisclosureSettings, site: Site, route: Route | None) -> Hooks:
    """Banners go from every answer; routes that serve a folder look at the name of the file."""
    if route is None or not _serves_a_folder(route):
        return Hooks(removes=REMOVES)
    prefix = route.path.partition("{")[0].rstrip("/")
    return Hooks(removes=REMOVES, enter=_check_name(frozenset(settings.static_extensions), prefix), judge=_check_answer(prefix))


def faults(settings: InformationDisclosureSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    return [
        f'static_extensions[{i}]: {name!r} is no ending; write it in lower case without dot, for example "zip"'
        for i, name in enumerate(settings.static_extensions)
        if not name or not name.isalnum() or name != name.lower()
    ]


def at_start(settings: InformationDisclosureSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Each file in a served folder that should not be there, by name; at most SCAN_ENTRIES entries are looked at."""
    found: list[str] = []
    for folder, path in dict.fromkeys(around.static_folders):
        for name, kind in _strays(folder, frozenset(settings.static_extensions)):
            if len(found) == SHOWN:
                return [*found, f"more than {SHOWN} files of these kinds lie in served folders; the first are named above"]
            found.append(f"{name} ({kind}) lies in the folder served under {path or '/'}; move it out of {folder}")
    return found


def _serves_a_folder(route: Route) -> bool:
    # A handler of the application's own that sends files by name counts where everybody may ask; behind a login it hands out
    # what users put there, of any kind.
    return route.kind is RouteKind.STATIC or (route.sends_files and isinstance(route.rule, Public))


def _inside(path: str, prefix: str) -> list[str]:
    """The segments of a path behind the route's own literal part."""
    below = path[len(prefix) :] if prefix and path.startswith(prefix) else path
    # Against a backslash that a file system of Windows reads as a slash.
    return [segment for segment in below.replace("\\", "/").split("/") if segment]


def _check_name(allowed: frozenset[str], prefix: str) -> Enter:
    def enter(exchange: Exchange) -> Decision:
        segments = _inside(exchange.path, prefix)
        for segment in segments:
            # Against .git, .env, .htpasswd, and against "..": nothing that begins with a dot is an asset.
            if segment[0] == "." and segment != WELL_KNOWN:
                return _refuse(InformationDisclosureReason.HIDDEN_FILE, "a name that begins with a dot was asked for")
        name = segments[-1].lower() if segments else ""
        _, dot, extension = name.rpartition(".")
        if not dot or name == WELL_KNOWN:
            return None  # a folder, or a page of a front end: the answer's own type decides
        # Against backups, databases, sources and source maps, whatever they are called: only what pages are made of is served.
        if extension not in allowed:
            detail = (
                f'a file of another kind was asked for; if it is an asset, add its ending: static_extensions = [..., "{_shown(extension)}"]'
            )
            return _refuse(InformationDisclosureReason.EXTENSION, detail)
        if name in BUILD_FILES:
            return _refuse(InformationDisclosureReason.BUILD_FILE, "a file that lists what the application is built from was asked for")
        return None

    return enter


def _shown(extension: str) -> str:
    return "".join(letter for letter in extension[:12] if letter.isalnum())


def _check_answer(prefix: str) -> Judge:
    def judge(exchange: Exchange, status: int, headers: list[Header]) -> Refusal | None:
        if not 200 <= status < 300:
            return None
        segments = _inside(exchange.path, prefix)
        if not segments or "." in segments[-1] or WELL_KNOWN in segments:
            return None
        # Against Dockerfile, id_rsa and the like, which have no ending: without one only pages and empty answers leave.
        kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        if not kind or kind.lower().startswith(b"text/html"):
            return None
        return _refuse(
            InformationDisclosureReason.NO_EXTENSION, "a file without an ending was about to be served; give assets their ending"
        )

    return judge


def _refuse(reason: InformationDisclosureReason, detail: str) -> Refusal:
    return Refusal(control=CONTROL, status=404, reason=reason.value, detail=detail)


def _strays(folder: str, allowed: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Names relative to the folder, with what each is; links are not followed."""
    waiting, left = [folder], SCAN_ENTRIES
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue  # a folder that is not there serves nothing
        for entry in listed:
            left -= 1
            if left < 0:
                # Against a folder of millions of uploads that would hold up the start.
                return
            kind = _kind_of(entry.name, allowed)
            if kind:
                yield os.path.relpath(entry.path, folder), kind
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)


def _kind_of(name: str, allowed: frozenset[str]) -> str:
    lower = name.lower()
    if lower in REPOSITORIES:
        return "a repository"
    if lower in KEYS:
        return "a key"
    if lower == ".env" or lower.startswith(".env."):
        return "an environment file"
    if lower.rpartition(".")[2] in allowed:
        return ""  # an ending that the settings say is meant to be served, such as "gz" in a folder of downloads
    return next((kind for ending, kind in ENDINGS.items() if lower.endswith(ending)), "")


GUARD: Guard[InformationDisclosureSettings] = Guard(
    control=CONTROL, settings=InformationDisclosureSettings, plan=plan, faults=faults, at_start=at_start
)
