"""What the person named on the command line, resolved without importing any of it."""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.prove import project
from ringwork.survey import copies

_CLASSES = frozenset({"FastAPI", "Starlette", "Flask", "get_wsgi_application", "get_asgi_application"})
_OF_LIBRARIES = {
    "aiohttp": {"Application"},
    "connexion": {"App", "AsyncApp", "FlaskApp"},
    "dash": {"Dash"},
    "fasthtml": {"FastHTML", "fast_app"},
    "flask_openapi3": {"OpenAPI"},
}
"""Names that others use too: they count in files that speak of the library."""
_ENDINGS = ("Flask", "FastAPI")
_OBJECTS = ("app", "application", "api")
_SERVED = _OBJECTS[:2]
_MANAGE = "manage.py"
_FACTORIES = ("create_app", "make_app", "build_app", "init_app", "app_factory", "create_application")
_FILES = ("main", "app", "application", "wsgi", "asgi", "server", "api", "run")
_IMPORT = re.compile(r"^\s*(?:from[ \t]+(\w+)|import[ \t]+([\w., \t]+))", re.MULTILINE)
_RELATIVE = re.compile(r"^\s*from\s+\.", re.MULTILINE)
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an application is found.

    text: as given. root: the project's folder, absolute; it is what gets copied. module: dotted name.
    attribute: object or factory in it, "" for the known names. paths: folders for the import, relative to the root, first wins.
    working: the working directory, relative to the root. others: further applications that were found in a folder.
    """

    text: str
    root: Path
    module: str
    attribute: str = ""
    factory: bool = False
    arguments: tuple[str, ...] = ()
    paths: tuple[str, ...] = (".",)
    working: str = "."
    others: tuple[str, ...] = ()


def resolve(text: str, *, here: Path, factory: bool = False, arguments: tuple[str, ...] = ()) -> Target:
    """`module:attr`, `path/to/file.py[:attr]` or a folder: its `prove.target`, else what is found in it.

    Raises TargetFailed with what to write instead.
    """
    if "://" in text:
        raise _bad(
            text, "only copies that ringwork starts itself are attacked, on loopback", "name the application: ringwork prove module:app"
        )
    place, _, attribute = text.partition(":")
    path = (here / place).resolve()
    given: Path | None = None
    # A package with a name behind it is a module: "shop:app" beside shop/__init__.py is what that file calls app.
    if path.is_dir() and not (attribute and (path / "__init__.py").is_file()):
        named = project.target(path)
        if named:
            return resolve(named, here=path, factory=factory, arguments=arguments)
        given, (place_file, attribute, others) = path, _of_folder(text, path)
    elif place.endswith(".py"):
        if not path.is_file():
            raise _bad(text, f"there is no file {place}", "check the path; it is read from the current folder")
        place_file, others = (path, ()) if path.name != _MANAGE else (_of_manage(text, path), ())
    else:
        place_file, others = _module_file(text, place, here), ()
    dotted = place if given is None and not place.endswith(".py") else ""
    root, base, module = _named(place_file, here, given, dotted)
    return Target(
        text=text,
        root=root,
        module=module,
        attribute=attribute,
        factory=factory,
        arguments=arguments,
        # The file's own folder comes last: it is where imports begin for who starts the file by its path.
        paths=tuple(dict.fromkeys((base, ".", *(("src",) if (root / "src").is_dir() else ()), str(place_file.parent.relative_to(root))))),
        working=str(here.relative_to(root)) if here.is_relative_to(root) else ".",
        others=others,
    )


def imports_of(root: Path) -> frozenset[str]:
    """Top-level names that the Python files below `root` import."""
    names = set[str]()
    for path in _python_files(root):
        names |= _imported(path.read_text(encoding="utf-8", errors="replace"))
    return frozenset(names)


def _imported(text: str) -> set[str]:
    """The top-level names that a source imports, several of one line too; imports relative to it apart."""
    found = set[str]()
    for one, several in _IMPORT.findall(text):
        found |= {one} if one else {word for part in several.split(",") if (word := part.strip().partition(".")[0].partition(" ")[0])}
    return found


def _bad(text: str, problem: str, advice: str) -> TargetFailed:
    return TargetFailed(step="target", problem=f"{text!r}: {problem}", advice=advice)


def _module_file(text: str, name: str, here: Path) -> Path:
    if not _DOTTED.fullmatch(name):
        meant = f"did you mean {name}.py? " if (here / f"{name}.py").is_file() else ""
        raise _bad(text, "this is no module, file or folder", f"{meant}write module:app, path/to/file.py:app, or a folder such as .")
    for base in (here, here / "src"):
        place = base.joinpath(*name.split("."))
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path
    top = name.partition(".")[0]
    spec = importlib.util.find_spec(top)
    origin = Path(spec.origin).parent if spec is not None and spec.origin and spec.origin.endswith(".py") else None
    if origin is not None:
        place = origin.parent.joinpath(*name.split("."))
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path
    near = difflib.get_close_matches(
        top, [*(path.stem for path in here.glob("*.py")), *(p.parent.name for p in here.glob("*/__init__.py"))], n=1
    )
    meant = f"did you mean {near[0]}? else " if near and near[0] != top else ""
    advice = f"{meant}run ringwork from the folder that holds {top}, or give the file: path/to/file.py:app"
    raise _bad(text, f"there is no module {name} here", advice)


def _named(file: Path, here: Path, given: Path | None, dotted: str) -> tuple[Path, str, str]:
    """Project root, import folder relative to it, and the dotted name of `file`. given, dotted: the folder or module that was named."""
    base = file.parent
    while (base / "__init__.py").is_file() and base.name.isidentifier():  # no package can have another name
        base = base.parent
    within = file.parent if file.name == "__init__.py" else file.with_suffix("")
    # A module's name says by itself where its imports begin.
    start = within.parents[dotted.count(".")] if dotted else _import_folder(file, base, here)
    root = _project_root(start)
    if given is not None and start.is_relative_to(given) and not _is_project(root):
        root = given  # where nothing marks a project, what was named is one
    return root, str(start.relative_to(root)), ".".join(within.relative_to(start).parts)


def _import_folder(file: Path, base: Path, here: Path) -> Path:
    """Where the imports of `file` begin, from the folder round its package up to the current one."""
    above = [base, *(folder for folder in base.parents if folder.is_relative_to(here))] if base.is_relative_to(here) else [base]
    text = file.read_text(encoding="utf-8", errors="replace")
    if _RELATIVE.search(text) and base == file.parent:  # its own folder is a package, though nothing in it says so
        above = above[1:] or above
    wanted = _imported(text)
    met = {folder: sum((folder / name).is_dir() or (folder / f"{name}.py").is_file() for name in wanted) for folder in above}
    # What a file imports of its own project tells best where that begins; the nearest of equals.
    if best := max(met.values()):
        return next(folder for folder in above if met[folder] == best)
    # A folder below the current one counts as a package even without __init__.py, as the interpreter itself sees it.
    return next((folder for folder in above if folder == here or _is_import_folder(folder, here)), base)


def _is_import_folder(folder: Path, here: Path) -> bool:
    return folder.name == "src" or any((folder / name).exists() for name in ("pyproject.toml", _MANAGE)) or not folder.name.isidentifier()


def _project_root(folder: Path) -> Path:
    for candidate in (folder, *folder.parents):
        if candidate in {Path.home(), Path(candidate.anchor)}:
            break
        if _is_project(candidate):
            return candidate
    return folder


def _is_project(folder: Path) -> bool:
    return (folder / "pyproject.toml").exists() or (folder / ".git").exists()


def _python_files(root: Path) -> Iterator[Path]:
    return (path for path in copies.walk(root) if path.suffix == ".py" and path.stat().st_size < 1_000_000)


def _of_folder(text: str, folder: Path) -> tuple[Path, str, tuple[str, ...]]:
    found = sorted((rank, str(path), attribute) for path in _python_files(folder) for rank, attribute in _applications(path, folder))
    if not found and (folder / _MANAGE).is_file():
        return _of_manage(text, folder / _MANAGE), "", ()
    if not found:
        raise _bad(text, "no FastAPI, Starlette, Flask, Django or aiohttp application was found in this folder", _where_made(folder))
    best = [entry for entry in found if entry[0] == found[0][0]]
    shown = [f"{Path(path).relative_to(folder)}:{attribute}" for _, path, attribute in found]
    if len({path for _, path, _ in best}) > 1:
        raise _bad(
            text,
            f"{len(best)} applications were found",
            "choose one: " + ", ".join(f"ringwork prove {name}" for name in shown[: len(best)]),
        )
    return Path(found[0][1]), found[0][2], tuple(shown[1:])


def home(chosen: Target) -> tuple[Path, list[str]]:
    """The part of the project's folder that is the application's own, and which others lie beside that: all of it where none does.

    Against a repository of several applications, of which a neighbour's templates and tests would be told as one's own. What lies above
    or below the application's file is taken for a part of it: its start file, its own suite's.
    """
    here = (chosen.root / file_of(chosen)).parent
    is_test = _is_aside(here.relative_to(chosen.root))
    beside = [
        path
        for path in _python_files(chosen.root)
        if not (here.is_relative_to(path.parent) or path.is_relative_to(here))
        and (is_test or not _is_aside(path.relative_to(chosen.root)))
        and any(True for _ in _applications(path, chosen.root))
    ]
    own = here
    while own != chosen.root and not any(path.is_relative_to(own.parent) for path in beside):
        own = own.parent
    return own, [path.relative_to(chosen.root).as_posix() for path in sorted(beside)]


def _is_aside(relative: Path) -> bool:
    return any(part.startswith("test") or part in {"examples", "docs", "conftest.py"} for part in relative.parts)


def _where_made(folder: Path) -> str:
    """What to name where no module holds an application at its top: the places at which one is made."""
    made = []
    for path in _python_files(folder):
        text = path.read_text(encoding="utf-8", errors="replace")
        with contextlib.suppress(SyntaxError):
            calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and _makes_application(node, _classes(text)))
            made += [f"{path.relative_to(folder)}:{node.lineno}" for node in calls][:1]
    seen = f"one is made at {', '.join(sorted(made)[:3])}; " if made else ""
    return f"{seen}name what holds it: ringwork prove module:app, module:object.app, or module:function --factory"


def _of_manage(text: str, manage: Path) -> Path:
    """The settings module that a Django project's manage.py names; the handler is made from it."""
    tree = ast.parse(manage.read_text(encoding="utf-8", errors="replace"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and [getattr(a, "value", None) for a in node.args[:1]] == ["DJANGO_SETTINGS_MODULE"]:
            named = getattr(node.args[-1], "value", None)
            if isinstance(named, str):
                return _module_file(text, named, manage.parent)
    raise _bad(
        text,
        "it names no settings module",
        "name the settings or the handler: ringwork prove project.settings, or project.wsgi:application",
    )


def _applications(path: Path, folder: Path) -> Iterator[tuple[tuple[int, ...], str]]:
    """Rank (lower is likelier) and name of what a file defines at its top."""
    text = path.read_text(encoding="utf-8", errors="replace")
    classes = _classes(text)
    if not any(name in text for name in (*classes, *_FACTORIES)):  # their endings are among them
        return
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    relative = path.relative_to(folder)
    tests = _is_aside(relative)
    order = _FILES.index(path.stem) if path.stem in _FILES else len(_FILES)
    for name, is_factory in _tops(tree, classes):
        known = _OBJECTS.index(name) if name in _OBJECTS else len(_OBJECTS)
        yield (int(tests), int(is_factory), len(relative.parts), order, known), name


def _classes(text: str) -> frozenset[str]:
    return _CLASSES.union(*(names for library, names in _OF_LIBRARIES.items() if library in text))


def _tops(tree: ast.Module, classes: frozenset[str]) -> Iterator[tuple[str, bool]]:
    made = set[str]()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            # `app, rt = fast_app()`: what is made stands first.
            first = [target.elts[0] if isinstance(target, ast.Tuple) else target for target in targets]
            names = [target.id for target in first if isinstance(target, ast.Name)]
            if not _makes_application(node.value, classes):
                # `app = CORSMiddleware(api)` is what is served; `admin = Admin(api)` is not.
                names = [name for name in names if name in _SERVED and _is_given(node.value, made)]
            made |= set(names)
            yield from ((name, False) for name in names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.name in _FACTORIES or _returns_application(node, classes)):
            yield node.name, True


def _is_given(value: ast.expr | None, made: set[str]) -> bool:
    """Whether a class is called on an application, first of all: a wrapper, an extension."""
    return isinstance(value, ast.Call) and any(isinstance(one, ast.Name) and one.id in made for one in value.args[:1])


def _returns_application(function: ast.FunctionDef | ast.AsyncFunctionDef, classes: frozenset[str]) -> bool:
    """Whether a function that needs no argument makes an application and gives it back."""
    given = function.args
    if len(given.args) + len(given.posonlyargs) > len(given.defaults) or any(default is None for default in given.kw_defaults):
        return False
    nodes = list(ast.walk(function))
    assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign) and _makes_application(node.value, classes)]
    targets = [target for node in assigned for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    returned = [node.value for node in nodes if isinstance(node, ast.Return)]
    return any(_makes_application(value, classes) or (isinstance(value, ast.Name) and value.id in names) for value in returned)


def _makes_application(value: ast.expr | None, classes: frozenset[str]) -> bool:
    """A call of an application's class or factory, also inside another call such as protect(...)."""
    if not isinstance(value, ast.Call):
        return False
    name = value.func.attr if isinstance(value.func, ast.Attribute) else value.func.id if isinstance(value.func, ast.Name) else ""
    # A class that is named after the one that it is made of is one of its kind (APIFlask, MyFastAPI).
    return (
        name in classes
        or name.endswith(_ENDINGS)
        or name in _FACTORIES
        or any(_makes_application(argument, classes) for argument in value.args)
    )


def anchor_of(target: Target) -> str:
    """The file, relative to the root, that findings without a file of their own are shown at: the settings, else the module."""
    folder = target.root.joinpath(target.paths[0], *target.module.split(".")[:-1])
    for candidate in (folder, *folder.parents):
        for name in ("ringwork.toml", "pyproject.toml"):
            path = candidate / name
            if path.is_file() and (name == "ringwork.toml" or "[tool.ringwork" in path.read_text(encoding="utf-8", errors="replace")):
                return path.relative_to(target.root).as_posix()
        if candidate == target.root:
            break
    return file_of(target)


def file_of(target: Target) -> str:
    """The file of the target's module, relative to the root."""
    base = target.root.joinpath(target.paths[0], *target.module.split("."))
    found = next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), base.with_suffix(".py"))
    return found.relative_to(target.root).as_posix()
