"""No versions in headers, and from folders of static files nothing but web assets."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.enforce.guard import Refusal, Surroundings
from ringwork.enforce.output import information_disclosure
from ringwork.enforce.output.information_disclosure import GUARD, SHOWN, InformationDisclosureSettings
from ringwork.route import Public, Requires, Route, RouteKind, Rule
from tests.enforce.making import PUBLIC, ask, enter, make_route, make_site

SETTINGS = InformationDisclosureSettings()
SITE = make_site()
STATIC = make_route("/static", "GET", rule=PUBLIC, kind=RouteKind.STATIC)


def asked(path: str, *, route: Route = STATIC, settings: InformationDisclosureSettings = SETTINGS) -> Refusal | None:
    """What is decided on a file's name."""
    return enter(GUARD, settings, SITE, route, ask("GET", path))


def judged(path: str, kind: bytes | None, *, status: int = 200) -> Refusal | None:
    """What is decided on an answer's type."""
    judge = GUARD.plan(SETTINGS, SITE, STATIC).judge
    assert judge is not None
    return judge(ask("GET", path), status, [] if kind is None else [(b"Content-Type", kind)])


def sender(path: str, rule: Rule) -> Route:
    """A handler of the application's own that sends files."""
    route = make_route(path, "GET", rule=rule)
    return Route(kind=route.kind, path=path, methods=route.methods, handler=route.handler, rule=rule, sends_files=True)


@pytest.mark.parametrize("name", [b"server", b"via", b"x-powered-by", b"x-generator", b"x-runtime", b"x-aspnet-version", b"x-version"])
def test_takes_banners_out_of_every_answer(name: bytes) -> None:
    """A version in a header says which known hole fits."""
    for route in (None, make_route(), STATIC):
        assert name in GUARD.plan(SETTINGS, SITE, route).removes


@pytest.mark.parametrize(
    "path",
    [
        "/static/clinic.css",
        "/static/js/app.min.js",
        "/static/PICTURE.PNG",
        "/static/fonts/a.woff2",
        "/static/robots.txt",
        "/static/",
        "/static",
        "/static/pages/about",
        "/static/.well-known/security.txt",
        "/static/.well-known/apple-app-site-association",
    ],
)
def test_serves_what_pages_are_made_of(path: str) -> None:
    """Style sheets, scripts, pictures, type and pages pass, in whatever letter case."""
    assert asked(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/static/.env", "hidden-file"),
        ("/static/.git/HEAD", "hidden-file"),
        ("/static/js/.git/config", "hidden-file"),
        ("/static/js\\.git\\config", "hidden-file"),
        ("/static/../settings.css", "hidden-file"),
        ("/static/.well-known/../.env", "hidden-file"),
        ("/static/.env.css", "hidden-file"),
        ("/static/backup.sql", "extension"),
        ("/static/backup.SQL/", "extension"),
        ("/static/clinic.css.bak", "extension"),
        ("/static/clinic.css~", "extension"),
        ("/static/main.js.map", "extension"),
        ("/static/db.sqlite3", "extension"),
        ("/static/settings.py", "extension"),
        ("/static/x.css.", "extension"),
        ("/static/x.css\x00", "extension"),
        ("/static/x.php::$DATA", "extension"),
        ("/static/package.json", "build-file"),
        ("/static/deep/Requirements.txt", "build-file"),
    ],
)
def test_refuses_what_was_left_behind(path: str, reason: str) -> None:
    """Repositories, environments, dumps, sources and source maps are answered like a missing file, whether they are there or not."""
    refusal = asked(path)
    assert refusal is not None
    assert (refusal.control, refusal.status, refusal.reason) == ("output.information-disclosure", 404, reason)


@pytest.mark.parametrize("kind", [b"text/plain; charset=utf-8", b"application/octet-stream", b"application/x-sh"])
def test_refuses_a_file_without_an_ending(kind: bytes) -> None:
    """Dockerfile and id_rsa have no ending to be known by, so the type of the answer decides."""
    refusal = judged("/static/Dockerfile", kind)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (404, "no-extension")


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/static/pages/about", b"text/html; charset=utf-8", 200),
        ("/static/", b"text/html", 200),
        ("/static/Dockerfile", b"text/plain", 404),
        ("/static/pages", b"text/plain", 307),
        ("/static/pages", None, 204),
        ("/static/x.txt", b"text/plain", 200),
        ("/static/.well-known/acme-challenge/abc", b"text/plain", 200),
    ],
)
def test_lets_pages_of_a_front_end_pass_without_an_ending(path: str, kind: bytes | None, status: int) -> None:
    """A page of a front end has no ending either, and is HTML; what is no success carries no file."""
    assert judged(path, kind, status=status) is None


def test_takes_the_place_of_a_mount_for_no_file_name() -> None:
    """A mount may itself have a dot in its path."""
    route = make_route("/v1.2/.assets", "GET", rule=PUBLIC, kind=RouteKind.STATIC)
    assert asked("/v1.2/.assets/", route=route) is None
    assert asked("/v1.2/.assets/a.css", route=route) is None
    assert asked("/v1.2/.assets/.env", route=route) is not None


def test_serves_a_kind_that_the_settings_add() -> None:
    """A folder of downloads names its endings."""
    settings = InformationDisclosureSettings(static_extensions=("css", "zip"))
    assert asked("/static/report.zip", settings=settings) is None
    assert asked("/static/report.js", settings=settings) is not None


def test_covers_a_handler_of_the_applications_own_that_everybody_may_ask() -> None:
    """A hand-written static route gives away as much as the framework's own."""
    public = sender("/files/{name}", Public(reason="assets"))
    assert asked("/files/a.css", route=public) is None
    assert asked("/files/.env", route=public) is not None
    assert asked("/files/backup.sql", route=public) is not None


def test_leaves_private_downloads_alone() -> None:
    """Behind a login a handler hands out what users put there, of any kind; an ordinary route is no folder."""
    for route in (sender("/files/{name}", Requires()), make_route("/notes/{name}", "GET", rule=PUBLIC)):
        hooks = GUARD.plan(SETTINGS, SITE, route)
        assert (hooks.enter, hooks.judge) == (None, None)


@pytest.mark.parametrize("wrong", [".css", "", "CSS", "tar.gz", "c s"])
def test_names_an_ending_that_can_never_match(wrong: str) -> None:
    """A setting that does nothing is a fault."""
    found = GUARD.faults(InformationDisclosureSettings(static_extensions=("js", wrong)))
    assert len(found) == 1
    assert "static_extensions[1]" in found[0]
    assert GUARD.faults(SETTINGS) == []


def at_start(folder: Path, settings: InformationDisclosureSettings = SETTINGS) -> list[str]:
    """What is told at the start about one served folder."""
    around = Surroundings(framework="flask", static_folders=((str(folder), "/static"),))
    return list(GUARD.at_start(settings, SITE, around, []))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (".git/HEAD", "a repository"),
        (".env", "an environment file"),
        ("js/.env.production", "an environment file"),
        ("prod.env", "an environment file"),
        ("deep/down/backup.sql", "a database"),
        ("clinic.sqlite3", "a database"),
        ("server.key", "a key"),
        ("id_ed25519", "a key"),
        ("clinic.css.bak", "a backup"),
        ("clinic.css~", "a backup"),
    ],
)
def test_names_at_start_what_lies_in_a_served_folder(tmp_path: Path, name: str, kind: str) -> None:
    """In production such a file stops the start, and the line says which one and where."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", encoding="utf-8")
    (tmp_path / "clinic.css").write_text("", encoding="utf-8")
    told = at_start(tmp_path)
    assert len(told) == 1
    assert kind in told[0]
    assert name.rpartition("/")[2] in told[0] or ".git" in told[0]
    assert "/static" in told[0]


def test_starts_without_a_word_over_clean_and_missing_folders(tmp_path: Path) -> None:
    """Assets, and a folder that is not there, are no fault; an ending that the settings allow is meant to be served."""
    (tmp_path / "clinic.css").write_text("", encoding="utf-8")
    (tmp_path / "tool.7z").write_text("", encoding="utf-8")
    assert at_start(tmp_path, InformationDisclosureSettings(static_extensions=("css", "7z"))) == []
    assert at_start(tmp_path / "missing") == []


def test_stops_counting_after_some_files(tmp_path: Path) -> None:
    """Against a folder of thousands of backups: the start tells the first ones and that there are more."""
    for i in range(SHOWN + 5):
        (tmp_path / f"{i:02}.bak").write_text("", encoding="utf-8")
    told = at_start(tmp_path)
    assert len(told) == SHOWN + 1
    assert "more than" in told[-1]


def test_looks_at_so_many_entries_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a folder of millions of uploads that would hold up the start."""
    for i in range(6):
        (tmp_path / f"{i}.css").write_text("", encoding="utf-8")
    (tmp_path / "z.bak").write_text("", encoding="utf-8")
    assert len(at_start(tmp_path)) == 1
    monkeypatch.setattr(information_disclosure, "SCAN_ENTRIES", 5)
    assert at_start(tmp_path) == []


def test_does_not_follow_links_out_of_the_folder(tmp_path: Path) -> None:
    """A link to a large tree must not hold up the start, nor be taken for what it points to."""
    outside, served = tmp_path / "outside", tmp_path / "served"
    outside.mkdir()
    served.mkdir()
    (outside / "backup.sql").write_text("", encoding="utf-8")
    (served / "linked").symlink_to(outside, target_is_directory=True)
    assert at_start(served) == []
