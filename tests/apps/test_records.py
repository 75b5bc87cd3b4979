"""Applications that keep sensitive records in the ways that others have written: the proof names what lies open, and accuses nothing else.

Their encrypted fields are those of sqlalchemy-utils and of the two packages for Django, and types of their own.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import tempfile
from pathlib import Path

import pytest

from ringwork.prove import run
from ringwork.prove.evidence import Outcome, Report, Verdict
from ringwork.prove.progress import Progress
from ringwork.prove.settings import Settings
from ringwork.prove.target import resolve

HERE = Path(__file__).resolve().parent
SQLALCHEMY, DJANGO = "plain_records.main:app", "plain_records_django/manage.py"
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("records")]

FILES, LOG, REQUEST = "canary in the raw files of the store", "canary in the log of statements", "canary stored by a request"
TWICE, FLIPPED, CUT = "same value twice", "bits flipped", "cut short"
ROW, COLUMN, PLAIN = "moved to another row", "moved to another column", "plain text in its place"


@functools.cache
def proved(text: str) -> tuple[Report, dict[str, str], dict[str, str]]:
    """One run, where a stranger would keep the application; and the user's own files before and after."""
    with tempfile.TemporaryDirectory(prefix="stranger-") as name:
        folder = Path(name).resolve()
        package = text.replace("/", ".").partition(".")[0]
        shutil.copytree(HERE / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.db", "*.sqlite3"))
        before = digests(folder)
        settings = Settings(max_time=300.0, select=("data.encryption-at-rest", "data.key-management"))
        return run.prove(resolve(text, here=folder), settings, Progress()), before, digests(folder)


def digests(folder: Path) -> dict[str, str]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def outcomes(text: str, check: str) -> dict[tuple[str, str], Outcome]:
    """By field (its class and attribute) or key, and by attack."""
    result = next(result for result in proved(text)[0].results if result.check == check)
    assert result.evidence is not None
    assert not result.evidence.not_verified, result.evidence.not_verified
    is_field = check.startswith("data.encryption-at-rest")
    return {(o.where.partition(" (")[0] if is_field else o.where, o.attack): o.outcome for o in result.evidence.observations}


BROKEN = {
    (SQLALCHEMY, "dump-search"): {
        ("Person.ssn", FILES), ("Person.ssn", REQUEST), ("Login.api_key", FILES),
        ("Person.iban", LOG), ("Person.card_number", LOG), ("Person.diagnosis", LOG), ("Person.phone", LOG),
    },
    (SQLALCHEMY, "tamper-and-swap"): {
        ("Person.iban", TWICE), ("Person.iban", CUT), ("Person.iban", ROW), ("Person.iban", COLUMN),
        ("Person.card_number", TWICE), ("Person.card_number", CUT), ("Person.card_number", ROW), ("Person.card_number", COLUMN),
        ("Person.diagnosis", ROW), ("Person.phone", ROW),
        ("Person.remarks", FLIPPED), ("Person.remarks", CUT), ("Person.remarks", ROW), ("Person.remarks", PLAIN),
    },
    (DJANGO, "dump-search"): {("Patient.national_id", FILES), ("Patient.national_id", REQUEST), ("Visit.medical_notes", FILES)},
    (DJANGO, "tamper-and-swap"): {
        *(("Patient.iban", attack) for attack in (FLIPPED, CUT, ROW, COLUMN, PLAIN)),
        *(("Patient.diagnosis", attack) for attack in (FLIPPED, CUT, ROW, COLUMN, PLAIN)),
        ("Patient.born", ROW), ("Patient.born", COLUMN), ("Patient.born", PLAIN),
    },
}  # fmt: skip
"""All that must be found, and nothing else may be."""


@pytest.mark.parametrize(("text", "check"), BROKEN, ids=lambda value: value)
def test_names_each_field_and_attack_that_gets_through(text: str, check: str) -> None:
    """Equal values in a dump, a secret in another's row, plain text that is believed: each at its own field; no honest one is accused."""
    found = outcomes(text, f"data.encryption-at-rest/{check}")
    assert {at for at, outcome in found.items() if outcome is Outcome.BROKEN} == BROKEN[text, check]


def test_lets_a_field_pass_that_is_bound_to_its_row() -> None:
    """Its author sealed it for row and column, without ringwork: every attack was made on it, and failed."""
    found = outcomes(SQLALCHEMY, "data.encryption-at-rest/tamper-and-swap")
    assert {attack for (field, attack), outcome in found.items() if field == "Passport.number" and outcome is Outcome.HELD} == {
        TWICE, FLIPPED, CUT, ROW, PLAIN,
    }  # fmt: skip


def test_does_not_accuse_a_column_that_holds_digests() -> None:
    """The model would take a token as it is; the application stores its digest, and says so at a line."""
    found = outcomes(SQLALCHEMY, "data.encryption-at-rest/dump-search")
    assert found["Login.session_token", FILES] is Outcome.UNTRIED


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (SQLALCHEMY, {"SessionMiddleware(secret_key)", "Person.iban (key of its column)"}),
        (DJANGO, {"SECRET_KEY", "FIELD_ENCRYPTION_KEY", "SALT_KEY"}),
    ],
)
def test_names_each_key_that_others_know_or_guess(text: str, keys: set[str]) -> None:
    """A word of a tutorial, a phrase, and whatever stands in the code."""
    found = outcomes(text, "data.key-management/key-quality")
    assert {key for (key, _), outcome in found.items() if outcome is Outcome.BROKEN} == keys


def test_rotates_keys_that_a_setting_holds_as_a_list() -> None:
    """Both packages for Django can put a new key in front; rows that are saved again need the old one no more."""
    found = outcomes(DJANGO, "data.key-management/rotation")
    assert {way for way, _ in found} == {"the setting FIELD_ENCRYPTION_KEY", "the setting SALT_KEY"}
    assert set(found.values()) == {Outcome.HELD}


def test_says_where_a_key_cannot_be_replaced() -> None:
    """sqlalchemy-utils takes one key: no pass, and the lines at which it stands."""
    result = next(result for result in proved(SQLALCHEMY)[0].results if result.check == "data.key-management/rotation")
    assert result.verdict is Verdict.NOT_VERIFIED
    assert "sqlalchemy-utils: its key is one and no list" in result.reason
    assert "models.py, line " in result.reason


@pytest.mark.parametrize("text", [SQLALCHEMY, DJANGO])
def test_points_at_the_line_of_the_field_and_says_what_to_write(text: str) -> None:
    """Somebody has to mend it."""
    report = proved(text)[0]
    placed = [f for f in report.findings if f.control == "data.encryption-at-rest"]
    assert placed
    assert all(f.file.endswith("models.py") and f.line > 0 for f in placed)
    plain = [f for f in placed if "raw files" in f.summary]
    assert plain
    assert all("; write " in f.summary for f in plain)


@pytest.mark.parametrize("text", [SQLALCHEMY, DJANGO])
def test_never_shows_a_key(text: str) -> None:
    """The report goes to more people than the settings."""
    told = repr(proved(text)[0])
    for secret in ("correct-horse", "4$0c8!w3n2m", "Zm9yLXRoZS10ZXN0cy", "0123456789abcdefghij"):
        assert secret not in told


@pytest.mark.parametrize("text", [SQLALCHEMY, DJANGO])
def test_leaves_the_files_of_the_user_as_they_were(text: str) -> None:
    """Everything was stored in the copy."""
    _, before, after = proved(text)
    assert after == before


@pytest.mark.parametrize("text", [SQLALCHEMY, DJANGO])
def test_lists_what_was_not_looked_at(text: str) -> None:
    """Disks and policies belong to other checks, which are named and not passed."""
    results = {result.check: result.verdict for result in proved(text)[0].results}
    for check in ("data.encryption-at-rest/storage-encryption", "data.key-management/key-policy"):
        assert results[check] is Verdict.NOT_VERIFIED


def test_reads_the_weak_engines_of_the_models() -> None:
    """An engine that gives equal texts equal bytes is found in the source; a model whose library chose well passes nothing by itself."""
    results = {text: {one.check: one.verdict for one in proved(text)[0].results} for text in (SQLALCHEMY, DJANGO)}
    assert results[SQLALCHEMY]["data.encryption-at-rest/weak-engine"] is Verdict.VIOLATED
    assert results[DJANGO]["data.encryption-at-rest/weak-engine"] is Verdict.NOT_VERIFIED
