"""Whether files that nobody meant to publish can be fetched, and whether answers tell which versions run.

Against a status that says little: what a file contains decides, and a 403 counts only where a name that cannot exist is answered
otherwise. Stray files are also left in the copy's own folders, so that the defence is tried with something to give away.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Fault, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client

CONTROL = "output.information-disclosure"

_ENVIRONMENT = re.compile(rb"(?m)^(?:export +)?[A-Z][A-Z0-9_]{2,} *=")
_PYTHON = re.compile(rb"(?m)^(?:from [\w.]+ import |import \w|def \w+\(|class \w+)")
_SQLITE = re.compile(rb"^SQLite format 3\x00")
_DUMP = re.compile(rb"CREATE TABLE|INSERT INTO|(?m:^-- .*dump)", re.IGNORECASE)
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_MAP = re.compile(rb'"mappings"\s*:|"sources"\s*:')
_BUILD = re.compile(
    rb'"dependencies"\s*:|"scripts"\s*:|(?m:^FROM \S+)|(?m:^[\w.-]+ *(?:==|>=|~=))|(?m:^\[(?:project|tool\.[\w.-]+)\])|(?m:^services:)'
)
_LISTING = re.compile(rb"<title>Index of /|Directory listing for ", re.IGNORECASE)

STRAYS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    (".git/HEAD", re.compile(rb"^(?:ref: refs/|[0-9a-f]{40}\s*$)")),
    (".git/config", re.compile(rb"\[core\]")),
    (".svn/wc.db", _SQLITE),
    (".hg/requires", re.compile(rb"^(?:revlogv1|dotencode|fncache|store)", re.MULTILINE)),
    (".env", _ENVIRONMENT),
    (".env.production", _ENVIRONMENT),
    (".htpasswd", re.compile(rb"^[^:\s<]+:\$?\w")),
    (".DS_Store", re.compile(rb"^\x00\x00\x00\x01Bud1")),
    ("id_rsa", _KEY),
    ("server.key", _KEY),
    ("backup.sql", _DUMP),
    ("dump.sql", _DUMP),
    ("db.sqlite3", _SQLITE),
    ("app.db", _SQLITE),
    ("settings.py", _PYTHON),
    ("app.py~", _PYTHON),
    ("main.py.bak", _PYTHON),
    (".main.py.swp", re.compile(rb"^b0VIM")),
    ("main.js.map", _MAP),
    ("package.json", _BUILD),
    ("requirements.txt", _BUILD),
    ("pyproject.toml", _BUILD),
    ("Dockerfile", _BUILD),
    ("docker-compose.yml", _BUILD),
)
"""A file that is often left behind, and what it looks like inside."""

_PLANTED = (".env", "backup.sql", "main.js.map")
_FEW = frozenset({".git/HEAD", ".env", "backup.sql", "db.sqlite3"})
_CLIMBS = ("../{}", "..%2f{}", "%2e%2e/{}", "..%5c{}")
_MOST_PARENTS = 8
_ASSET = re.compile(r"""(?:href|src)=["'](/[^"'?#]+\.(?:css|js|svg|png|ico|woff2?|jpg))["']""")
_EVERYWHERE = "all answers"


# -- stray-files --------------------------------------------------------------------------------------------


def stray_files(stage: Stage) -> Evidence:
    """Ask for what is often left behind at each root of static files and above each route; then for what was left there on purpose."""
    check = CheckId(f"{CONTROL}/stray-files")
    cast = Cast(stage)
    assets = _assets(cast)
    honest = _control(cast, assets)
    if honest is None:
        return Evidence(check=check, not_verified="nothing was served to anybody, so a refusal would say nothing")
    roots = _roots(stage, assets)
    seen: list[Observation] = []
    if stage.facts.guard is not None and roots:
        seen += _left_behind(stage, roots, honest)
    if stage.brief and any(o.outcome is Outcome.BROKEN for o in seen):
        return Evidence(check=check, observations=tuple(seen))
    nobody = cast.nobody()
    for root in roots:
        seen.append(_root_asked(nobody, root, STRAYS, honest, climbs=_sources(stage)))
    few = tuple(pair for pair in STRAYS if pair[0] in _FEW)
    for parent in _parents(stage, roots):
        seen.append(_root_asked(nobody, parent, STRAYS if parent == "/" else few, honest))
    return Evidence(check=check, observations=tuple(seen))


def _assets(cast: Cast) -> list[str]:
    """Paths of style sheets, scripts and pictures that the pages link to."""
    found: dict[str, None] = {}
    for route in witness.reads(cast.stage.facts)[:12]:
        if "{" not in route.path:
            with contextlib.suppress(OSError, TargetFailed):
                answer = cast.nobody().page(route.path)
                if "html" in answer.media_type:
                    found.update(dict.fromkeys(_ASSET.findall(answer.text)))
        if len(found) >= 8:
            break
    return list(found)


def _control(cast: Cast, assets: Sequence[str]) -> Exchanged | None:
    """An asset, else anything, that is served to everybody."""
    for path in (*assets, cast.served.probe_path(ProbeRoute.PLAIN)):
        with contextlib.suppress(OSError):
            answer = cast.nobody().get(path)
            if answer.status == 200:
                return shown(answer)
    return None


def _roots(stage: Stage, assets: Sequence[str]) -> list[str]:
    """Where files are served: static routes, routes that end in a file's name, and the folders of linked assets."""
    found: dict[str, RouteFacts | None] = {}
    for route in stage.facts.routes:
        literal = route.path.partition("{")[0]
        if route.kind == "static":
            found[literal.rstrip("/") + "/"] = route
        elif route.kind == "http" and "GET" in route.methods and _takes_a_file(route):
            found[literal] = route
    for asset in assets:
        if not any(asset.startswith(root) for root in found):
            found[asset.rpartition("/")[0] + "/"] = None
    return list(found)


def _takes_a_file(route: RouteFacts) -> bool:
    literal, brace, rest = route.path.partition("{")
    name = rest.rstrip("}").lower()
    return bool(brace) and literal.endswith("/") and rest.endswith("}") and "{" not in rest and ("path" in name or "file" in name)


def _parents(stage: Stage, roots: Sequence[str]) -> list[str]:
    found: dict[str, None] = {"/": None}
    for route in witness.http_routes(stage.facts):
        literal = route.path.partition("{")[0]
        if not literal.startswith("/ringwork-probe"):
            found[literal.rpartition("/")[0] + "/"] = None
    return [parent for parent in found if parent not in roots][: _MOST_PARENTS + 1]


def _sources(stage: Stage) -> list[str]:
    """Names of the application's own modules, as they would lie one folder above its static files."""
    files = dict.fromkeys(PurePosixPath(route.file).name for route in stage.facts.routes if route.file.endswith(".py"))
    return list(files)[:2]


def _left_behind(stage: Stage, roots: Sequence[str], honest: Exchanged) -> Iterator[Observation]:
    """A copy in whose folders of static files three strays were left."""
    attack = "file left in a folder of static files"
    signs = dict(STRAYS)
    try:
        with stage.serve(fault=Fault.STRAY_FILES) as served:
            client = served.client()
            for root in roots:
                for name in _PLANTED:
                    yield _file_asked(client, attack, root + name, root, signs[name], honest)
    except TargetFailed as error:
        yield saw(Outcome.UNTRIED, attack, roots[0], f"the copy with stray files did not start: {error.problem[:200]}")


def _file_asked(client: Client, attack: str, path: str, where: str, sign: re.Pattern[bytes], honest: Exchanged) -> Observation:
    try:
        answer = client.get(path)
    except OSError as error:
        return saw(Outcome.UNTRIED, attack, where, f"{path}: no answer came ({error})")
    wrong = _fault(client, path, answer, sign)
    if wrong:
        return saw(Outcome.BROKEN, attack, where, wrong, answers=[shown(answer)], control=honest)
    detail = f"{path}: {answer.status}, as a name that cannot exist"
    return saw(Outcome.HELD, attack, where, detail, answers=[shown(answer)], control=honest)


def _fault(client: Client, path: str, answer: Answer, sign: re.Pattern[bytes]) -> str:
    """What is wrong with the answer to a stray's path, "" for nothing."""
    if 200 <= answer.status < 300 and "html" not in answer.media_type and sign.search(answer.body):
        return f"{path} is handed out"
    if answer.status in {401, 403}:
        # Against a 403 that tells what is there: a name of the same shape that cannot exist must be answered alike.
        other = client.get(_same_shape(path))
        if other.status != answer.status:
            return f"{path} is answered {answer.status} and a missing name {other.status}, which tells that it is there"
    return ""


def _same_shape(path: str) -> str:
    """Another path with the same folders, leading dot and ending, which cannot exist."""
    folder, _, name = path.rpartition("/")
    dot = "." if name.startswith(".") else ""
    ending = PurePosixPath(name).suffix
    return f"{folder}/{dot}{witness.marker('lost')}{ending}"


def _root_asked(
    client: Client, root: str, strays: Sequence[tuple[str, re.Pattern[bytes]]], honest: Exchanged, *, climbs: Sequence[str] = ()
) -> Observation:
    """All names at one root; one observation, with the first fault or the last refusal."""
    attack, answers, asked = "file that is often left behind", list[Exchanged](), 0
    wanted = [*((root + name, sign) for name, sign in strays), (root, _LISTING)]
    wanted += [(root + climb.format(name), _PYTHON) for name in climbs for climb in _CLIMBS]
    for path, sign in wanted:
        try:
            answer = client.get(path)
        except OSError:
            client.close()
            continue  # a path that the server itself cuts off is not served either
        asked += 1
        answers = [shown(answer)]
        # A folder, which may be a route of its own, is no secret by being there; what stands in it may be.
        is_folder = sign is _LISTING
        wrong = (
            f"{root} lists its files" if is_folder and sign.search(answer.body) else "" if is_folder else _fault(client, path, answer, sign)
        )
        if wrong:
            return saw(Outcome.BROKEN, attack, root, wrong, answers=answers, control=honest)
    if not asked:
        return saw(Outcome.UNTRIED, attack, root, "no request was answered")
    detail = f"{asked} names asked for; none was handed out, and none can be told from a missing one"
    return saw(Outcome.HELD, attack, root, detail, answers=answers, control=honest, read=asked)


# -- banners ------------------------------------------------------------------------------------------------

_VERSION = re.compile(r"[A-Za-z][\w.-]*[/ ]v?\d+(?:\.\d+)+|^v?\d+\.\d+(?:\.\d+)*$")
_BANNER_HEADERS = frozenset(
    {
        "server", "via", "x-powered-by", "x-generator", "x-version", "x-aspnet-version", "x-aspnetmvc-version", "x-framework",
        "x-server", "x-backend-server", "x-application-version", "x-served-by",
    }
)  # fmt: skip
_BODY_VERSION = re.compile(
    rb"\b(?:Werkzeug|Python|CPython|Flask|Starlette|FastAPI|uvicorn|gunicorn|hypercorn|nginx|Apache|OpenSSL|SQLAlchemy|Jinja2?|pydantic)"
    rb"[/ ]v?\d+\.\d+|errors\.pydantic\.dev/\d+\.\d+",
    re.IGNORECASE,
)


def banners(stage: Stage) -> Evidence:
    """Read headers and error bodies of every class of answer for names with versions."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/banners")
    seen: list[Observation] = []
    for name, path, method in _asked(cast):
        try:
            answer = cast.nobody().send(method, path)
        except (OSError, TargetFailed) as error:
            seen.append(saw(Outcome.UNTRIED, f"banners of {name}", _EVERYWHERE, f"no answer came ({error})"))
            continue
        wrong = [*_header_faults(answer), *_body_faults(answer)]
        detail = f"{answer.status}: {'; '.join(wrong)}" if wrong else f"{answer.status}: {len(answer.headers)} headers tell no version"
        outcome = Outcome.BROKEN if wrong else Outcome.HELD
        seen.append(saw(outcome, f"banners of {name}", _EVERYWHERE, detail, answers=[shown(answer)], read=len(answer.headers)))
    return Evidence(check=check, observations=tuple(seen))


def _asked(cast: Cast) -> Iterator[tuple[str, str, str]]:
    """Class of answer, path, method. The copy is served by the prover's own server; what another one in front adds is not seen."""
    served = cast.served
    if cast.stage.facts.guard is not None:
        # Where nothing promises to take banners out, this probe would only show what the probe itself sends.
        yield "an answer whose handler sets them", served.probe_path(ProbeRoute.BANNERS), "GET"
    yield "an answer", served.probe_path(ProbeRoute.PLAIN), "GET"
    yield "the front page", "/", "GET"
    for asset in _assets(cast)[:1]:
        yield "a static file", asset, "GET"
    yield "a redirect", served.probe_path(ProbeRoute.MOVED), "GET"
    yield "a missing page", f"/{witness.marker('missing')}", "GET"
    yield "a method that is not listed", served.probe_path(ProbeRoute.PLAIN), "DELETE"
    yield "a refused request", served.probe_path(ProbeRoute.ABORTS) + "?status=400", "GET"
    yield "an unexpected fault", served.probe_path(ProbeRoute.RAISES), "GET"
    yield "an unexpected fault of a page", served.probe_path(ProbeRoute.RAISES_HTML), "GET"


def _header_faults(answer: Answer) -> Iterator[str]:
    for raw_name, raw_value in answer.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in _BANNER_HEADERS and _VERSION.search(value.strip()):
            yield f"{name} tells a version: {value[:60]!r}"


def _body_faults(answer: Answer) -> Iterator[str]:
    # Below 400 a page may speak of versions as it likes: that is its content.
    hit = _BODY_VERSION.search(answer.body) if answer.status >= 400 else None
    if hit is not None:
        yield f"the body names {hit.group(0).decode('ascii', 'replace')!r}"


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/stray-files"), kind=Kind.LIVE, run=stray_files),
    Check(id=CheckId(f"{CONTROL}/banners"), kind=Kind.LIVE, run=banners),
)
