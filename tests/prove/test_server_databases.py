"""What a copy does with a database that stands on a server: it gets an empty file with the models' tables, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prove import copies_of

NOTES = """
from fastapi import FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(
    "postgresql+psycopg://notes:secret@db.internal/notes", connect_args={"sslmode": "require"}, isolation_level="REPEATABLE READ",
    pool_size=5, use_native_hstore=False,
)
replica = create_engine("postgresql+psycopg://notes:secret@replica.internal/notes")

class Base(DeclarativeBase):
    pass

class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    more: Mapped[dict] = mapped_column(JSONB)

app = FastAPI()

@app.get("/")
def notes():
    with Session(engine) as session:
        session.add(Note(text="kept", more={"a": 1}))
        session.commit()
    with Session(replica) as session:
        return [[note.text, note.more] for note in session.scalars(select(Note))]
"""

WAITING = """
from fastapi import FastAPI
from sqlalchemy import MetaData, Table, Column, Integer, String, insert, select
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("postgresql+asyncpg://notes:secret@db.internal/notes")
notes = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("text", String))
app = FastAPI()

@app.get("/")
async def listed():
    async with engine.begin() as connection:
        await connection.execute(insert(notes), [{"text": "kept"}])
        return [row.text for row in await connection.execute(select(notes))]
"""

PROJECT = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n',
    "site1/__init__.py": "",
    "site1/settings.py": """
SECRET_KEY = "of-this-test-alone"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["notes"]
ROOT_URLCONF = "site1.urls"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.mysql", "NAME": "notes", "USER": "root", "HOST": "db", "OPTIONS": {"charset": "utf8mb4"}},
    "replica": {"ENGINE": "django.db.backends.mysql", "NAME": "notes", "USER": "root", "HOST": "replica"},
}
""",
    "site1/urls.py": "from django.urls import path\nfrom notes import views\nurlpatterns = [path('', views.home)]\n",
    "notes/__init__.py": "",
    "notes/models.py": "from django.db import models\nclass Note(models.Model):\n    text = models.TextField()\n",
    "notes/views.py": """
from django.http import JsonResponse
from notes.models import Note
def home(request):
    Note.objects.create(text="kept")
    return JsonResponse([note.text for note in Note.objects.using("replica")], safe=False)
""",
    "notes/migrations/__init__.py": "",
    "notes/migrations/0001_initial.py": """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS citext"),
        migrations.CreateModel("Note", [("id", models.AutoField(primary_key=True)), ("text", models.TextField())]),
    ]
""",
}


@pytest.mark.parametrize(
    ("files", "where", "told", "body"),
    [
        ({"shop.py": NOTES}, "shop.py", "the postgresql database of an engine of SQLAlchemy", '[["kept",{"a":1}]]'),
        ({"shop.py": WAITING}, "shop.py", "the postgresql database of an engine of SQLAlchemy", '["kept"]'),
        (PROJECT, ".", "the database 'default' (django.db.backends.mysql)", '["kept"]'),
    ],
    ids=["sqlalchemy", "asynchronous", "django"],
)
def test_a_database_of_a_server_becomes_a_file_of_the_copy(tmp_path: Path, files: dict[str, str], where: str, told: str, body: str) -> None:
    """The application answers with its own tables, its replica reads what was written, and the run says what was replaced."""
    with copies_of.loaded(tmp_path, files, where) as (launcher, loaded):
        assert f"{told} was replaced by an empty SQLite file" in loaded.refused
        assert copies_of.home(launcher) == (200, body)
        assert not list(tmp_path.rglob("*.sqlite3"))


def test_a_database_in_a_file_stays_the_applications_own(tmp_path: Path) -> None:
    """What is local already is copied with the rest; nothing is told of a replacement, and of its tables it is told who made them."""
    local = NOTES
    for said, instead in (
        ("postgresql+psycopg://notes:secret@db.internal/notes", "sqlite:///notes.db"),
        ("postgresql+psycopg://notes:secret@replica.internal/notes", "sqlite:///notes.db"),
        ('connect_args={"sslmode": "require"}, isolation_level="REPEATABLE READ",', ""),
        ("use_native_hstore=False,", ""),
    ):
        local = local.replace(said, instead)
    with copies_of.loaded(tmp_path, {"shop.py": local}, "shop.py") as (launcher, loaded):
        assert not [sentence for sentence in loaded.refused if "replaced" in sentence]
        assert any("filled by create_all() of its models" in sentence for sentence in loaded.refused)
        assert copies_of.home(launcher)[0] == 200
        assert not (tmp_path / "notes.db").exists()


def test_pages_without_a_manifest_of_static_files_are_shown(tmp_path: Path) -> None:
    """Nobody runs collectstatic for a proof, so such pages of a production would all fail; with the manifest its names are used."""
    settings = """
STATIC_URL = "/static/"
STATIC_ROOT = str(__import__("pathlib").Path(__file__).parent.parent / "collected")
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
"""
    project = {
        **PROJECT,
        "site1/settings.py": PROJECT["site1/settings.py"].replace('["notes"]', '["notes", "django.contrib.staticfiles"]') + settings,
        "notes/views.py": """
from django.http import HttpResponse
from django.templatetags.static import static
def home(request):
    return HttpResponse(static("notes.css"))
""",
    }
    with copies_of.loaded(tmp_path, project, ".") as (launcher, loaded):
        assert any("manifest of static files is missing" in sentence for sentence in loaded.refused)
        assert copies_of.home(launcher) == (200, "/static/notes.css")
    (tmp_path / "collected").mkdir()
    (tmp_path / "collected/staticfiles.json").write_text('{"version": "1.1", "hash": "", "paths": {"notes.css": "notes.0123.css"}}')
    with copies_of.loaded(tmp_path, project, ".") as (launcher, loaded):
        assert not any("manifest" in sentence for sentence in loaded.refused)
        assert copies_of.home(launcher) == (200, "/static/notes.0123.css")
