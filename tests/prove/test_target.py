from __future__ import annotations

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import target

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"


def test_resolves_a_module_and_its_object(tmp_path):
    """`shop.main:app` names the project's root, the module and the object."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "main.py").write_text(FASTAPI)
    found = target.resolve("shop.main:app", here=tmp_path)
    assert (found.root, found.module, found.attribute, found.paths[0]) == (tmp_path, "shop.main", "app", ".")


def test_resolves_a_file_inside_a_src_folder(tmp_path):
    """A src folder is where imports begin, not a package."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").write_text("")
    (tmp_path / "src" / "shop" / "main.py").write_text(FASTAPI)
    found = target.resolve("src/shop/main.py:app", here=tmp_path)
    assert (found.module, found.paths[0]) == ("shop.main", "src")


def test_finds_the_application_of_a_folder(tmp_path):
    """`ringwork prove .` needs no name."""
    (tmp_path / "server.py").write_text(FASTAPI.replace("app =", "application ="))
    (tmp_path / "tools.py").write_text("import os\n")
    found = target.resolve(".", here=tmp_path)
    assert (found.module, found.attribute) == ("server", "application")


def test_finds_a_factory_where_no_object_is(tmp_path):
    """create_app is the name that Flask's own documentation gives."""
    (tmp_path / "shop.py").write_text("from flask import Flask\ndef create_app():\n    return Flask(__name__)\n")
    assert target.resolve(".", here=tmp_path).attribute == "create_app"


@pytest.mark.parametrize(
    ("made", "attribute"),
    [
        ("api = FastAPI()\napp = CORSMiddleware(api)\n", "app"),
        ("server = FastAPI()\ninner = GZipMiddleware(server)\napplication = CORSMiddleware(server)\n", "application"),
        ("server = FastAPI()\nadmin = Admin(server)\n", "server"),
        ("server = FastAPI()\napi = Api(server)\n", "server"),
        ("server = FastAPI()\napp = settings(title)\n", "server"),
    ],
)
def test_takes_what_is_served_where_something_stands_around_the_application(tmp_path, made, attribute):
    """The headers of the wrapper belong to what is attacked; an extension that knows the application is none."""
    (tmp_path / "main.py").write_text(f"from fastapi import FastAPI\n{made}")
    assert target.resolve(".", here=tmp_path).attribute == attribute


def test_finds_an_application_behind_protect(tmp_path):
    """app = protect(FastAPI()) is an application too."""
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\nfrom ringwork import protect\napp = protect(FastAPI())\n")
    assert target.resolve(".", here=tmp_path).attribute == "app"


def test_prefers_the_application_over_the_ones_of_tests(tmp_path):
    """An application inside tests is a sample."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "main.py").write_text(FASTAPI)
    (tmp_path / "shop.py").write_text(FASTAPI)
    found = target.resolve(".", here=tmp_path)
    assert found.module == "shop"
    assert found.others == ("tests/main.py:app",)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("nothere:app", "path/to/file.py:app"),
        ("nothere.py", "check the path"),
        ("a b c", "write module:app"),
        ("https://shop.example", "name the application"),
        (".", "name what holds it: ringwork prove"),
    ],
)
def test_says_what_to_write_instead(tmp_path, text, advice):
    """A name that leads nowhere is answered with what would."""
    with pytest.raises(TargetFailed, match=advice.replace(".", r"\.")):
        target.resolve(text, here=tmp_path)


def test_finds_an_application_of_aiohttp_and_a_factory_that_waits(tmp_path):
    """`Application` is a common name: it counts where aiohttp is spoken of; its factories are often coroutines."""
    (tmp_path / "tornado_shop.py").write_text("import tornado.web\napp = tornado.web.Application()\n")
    (tmp_path / "shop.py").write_text("from aiohttp import web\napp = web.Application()\n")
    assert target.resolve(".", here=tmp_path).module == "shop"
    (tmp_path / "shop.py").write_text("from aiohttp import web\nasync def init_app():\n    return web.Application()\n")
    found = target.resolve(".", here=tmp_path)
    assert (found.module, found.attribute) == ("shop", "init_app")


@pytest.mark.parametrize(
    "source",
    [
        "from apiflask import APIFlask\napp = APIFlask(__name__)\n",
        "import connexion\napp = connexion.FlaskApp(__name__)\n",
        "from flask import Flask\nclass ShopFlask(Flask):\n    pass\napp = ShopFlask(__name__)\n",
    ],
)
def test_finds_applications_of_classes_that_are_made_of_known_ones(tmp_path, source):
    """A class of the project, or of a library, that is a Flask or a FastAPI or holds one."""
    (tmp_path / "app.py").write_text(source)
    assert target.resolve(".", here=tmp_path).attribute == "app"


def test_asks_which_of_two_equal_applications_is_meant(tmp_path):
    """Two candidates of the same rank are not guessed between."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(FASTAPI)
    with pytest.raises(TargetFailed, match=r"ringwork prove one\.py:app, ringwork prove two\.py:app"):
        target.resolve(".", here=tmp_path)


@pytest.mark.parametrize(("text", "meant"), [("shpo:app", "did you mean shop?"), ("./shop", "did you mean ./shop.py?")])
def test_names_the_file_that_was_probably_meant(tmp_path, text, meant):
    """A mistyped module and a file without its ending are answered with what is there."""
    (tmp_path / "shop.py").write_text("app = None\n", encoding="utf-8")
    with pytest.raises(TargetFailed) as caught:
        target.resolve(text, here=tmp_path)
    assert meant in caught.value.advice


@pytest.mark.parametrize(
    ("files", "anchor"),
    [
        ({"shop/ringwork.toml": "", "ringwork.toml": ""}, "shop/ringwork.toml"),
        ({"ringwork.toml": ""}, "ringwork.toml"),
        ({"pyproject.toml": "[tool.ringwork]\n"}, "pyproject.toml"),
        ({"pyproject.toml": "[tool.black]\n"}, "shop/main.py"),
    ],
)
def test_findings_without_a_file_have_an_anchor(tmp_path, files, anchor):
    """A finding about a setting is shown at the settings, else at the module of the target; never at a URL."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "main.py").write_text(FASTAPI)
    for name, text in {"pyproject.toml": "", **files}.items():
        (tmp_path / name).write_text(text)
    found = target.resolve("shop.main:app", here=tmp_path)
    assert target.anchor_of(found) == anchor


def test_takes_the_application_that_the_settings_name(tmp_path):
    """`ringwork prove .` of two applications asks no question where `prove.target` has answered it."""
    (tmp_path / "one.py").write_text(FASTAPI)
    (tmp_path / "two.py").write_text(FASTAPI)
    (tmp_path / "ringwork.toml").write_text('[prove]\ntarget = "two:app"\n')
    found = target.resolve(".", here=tmp_path)
    assert (found.text, found.root, found.module, found.attribute) == ("two:app", tmp_path, "two", "app")


def test_reads_the_named_application_from_the_folder_of_the_settings(tmp_path):
    """A monorepo: the settings of backend/ speak of backend/."""
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "shop.py").write_text(FASTAPI)
    (tmp_path / "backend" / "pyproject.toml").write_text('[tool.ringwork.prove]\ntarget = "shop.py:app"\n')
    found = target.resolve("backend", here=tmp_path)
    assert (found.root, found.module) == (tmp_path / "backend", "shop")


@pytest.mark.parametrize("named", ['"."', "3"])
def test_refuses_settings_that_name_no_application(tmp_path, named):
    """A folder that names itself would be asked for ever."""
    (tmp_path / "ringwork.toml").write_text(f"[prove]\ntarget = {named}\n")
    with pytest.raises(TargetFailed, match="names no application"):
        target.resolve(".", here=tmp_path)


def test_takes_a_name_in_a_package_for_what_its_own_file_calls_so(tmp_path):
    """Against a package that is looked through as a folder, whatever the name behind it."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("def make(): ...\n")
    found = target.resolve("shop:make", here=tmp_path, factory=True)
    assert (found.module, found.attribute, found.factory) == ("shop", "make", True)


FLASK = "from flask import Flask\napp = Flask('shop')\n"
LAYOUTS = {
    "a package below a folder of the back end": (
        "backend/app/main.py",
        f"from app.routes import x\n{FLASK}",
        "backend/app/routes.py",
        "backend",
        "app.main",
    ),
    "a script beside its package": ("service/run.py", f"from shop import x\n{FLASK}", "service/shop/__init__.py", "service", "run"),
    "a script beside its module": ("service/run.py", f"import routes\n{FLASK}", "service/routes.py", "service", "run"),
    "a package without __init__.py": ("shop/main.py", f"from .routes import x\n{FLASK}", "shop/routes.py", ".", "shop.main"),
    "a package that names itself": ("shop/main.py", f"from shop.routes import x\n{FLASK}", "shop/routes.py", ".", "shop.main"),
    "a folder whose name no package can have": ("my-shop/main.py", FLASK, "my-shop/__init__.py", "my-shop", "main"),
    "nothing of its own is imported": ("shop/main.py", FLASK, "shop/other.py", ".", "shop.main"),
}


@pytest.mark.parametrize(("file", "text", "beside", "base", "module"), LAYOUTS.values(), ids=LAYOUTS)
def test_imports_begin_where_what_the_file_imports_is_found(tmp_path, file, text, beside, base, module):
    """Whether the folder or the project is given, from wherever: a person types what their shell completes."""
    for name, content in ((file, text), (beside, "x = 1\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    found = target.resolve(".", here=tmp_path)
    assert (found.paths[0], found.module, found.attribute) == (base, module, "app")
    assert str((tmp_path / file).parent.relative_to(tmp_path)) in found.paths


@pytest.mark.parametrize(
    ("source", "attribute"),
    [
        ("def build():\n    return Flask('a')\n", "build"),
        ("def build(debug=False, *, port=1):\n    made = Flask('a')\n    made.debug = debug\n    return made\n", "build"),
        ("def build(settings):\n    return Flask('a')\n", ""),
        ("def name():\n    made = Flask('a')\n    return made.name\n", ""),
        ("class Server:\n    def __init__(self):\n        self.app = Flask('a')\n", ""),
    ],
)
def test_a_function_that_gives_an_application_back_is_a_factory(tmp_path, source, attribute):
    """Whatever it is called, if it needs nothing; else the place at which an application is made is named."""
    (tmp_path / "core.py").write_text(f"from flask import Flask\n{source}")
    if attribute:
        assert target.resolve(".", here=tmp_path).attribute == attribute
        return
    with pytest.raises(TargetFailed, match=r"one is made at core\.py:\d; name what holds it"):
        target.resolve(".", here=tmp_path)


@pytest.mark.parametrize(
    ("source", "attribute"),
    [
        ("from fasthtml.common import *\napp, rt = fast_app()\n", "app"),
        ("from fasthtml.common import FastHTML\nsite = FastHTML()\n", "site"),
        ("from mine import *\napp, rt = fast_app()\n", ""),
    ],
)
def test_an_application_of_fasthtml_is_found(tmp_path, source, attribute):
    """It stands first in the pair that is handed out; a function of that name that is somebody else's makes none."""
    (tmp_path / "main.py").write_text(source)
    if attribute:
        assert target.resolve(".", here=tmp_path).attribute == attribute
        return
    with pytest.raises(TargetFailed, match="no FastAPI, Starlette"):
        target.resolve(".", here=tmp_path)


def test_several_imports_of_one_line_are_all_seen(tmp_path):
    """Which libraries are replaced in a copy and whether its database is filled hang on them."""
    (tmp_path / "app.py").write_text("import os, sqlite3 as kept, xml.dom\nfrom flask import Flask, request\nfrom . import own\n")
    assert target.imports_of(tmp_path) == {"os", "sqlite3", "xml", "flask"}
