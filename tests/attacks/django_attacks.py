"""A process of its own: the attacks A2 and A9 to A14 on the encrypted fields of Django, theirs and ours, printed as JSON.

Django is configured once in a process, so these do not run in that of the tests. Each attack is one function that is run on every library;
it returns whether the attacker got what he wanted, or the honest user lost something.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

import django
from cryptography.fernet import Fernet
from django.conf import settings

SECRET, OWN = "the victim's diagnosis", "the attacker's own"


def configure(folder: Path) -> None:
    """A project with one database file, which threads open for themselves."""
    settings.configure(
        SECRET_KEY="s" * 50,
        SALT_KEY="salt",
        FIELD_ENCRYPTION_KEY=Fernet.generate_key().decode(),
        USE_TZ=True,
        INSTALLED_APPS=["ringwork.sealed.django"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "attacked.sqlite"), "OPTIONS": {"timeout": 30}}
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def libraries() -> dict[str, Any]:
    """One model for each: a text of at most 60 characters, and where the library has them a number, a yes or no, and JSON."""
    from django.db import connection, models
    from encrypted_fields import fields as fernet_fields
    from encrypted_model_fields import fields as model_fields

    from ringwork.crypto.plaintexts import Json
    from ringwork.keys.keyring import memory_keyring
    from ringwork.sealed import keyrings
    from ringwork.sealed.django.fields import SealedField

    class Meta:
        app_label = "attacked"

    def model(name: str, **fields: Any) -> Any:
        return type(name, (models.Model,), {"__module__": __name__, "Meta": type("Meta", (Meta,), {}), **fields})

    keyrings.use(memory_keyring())
    found = {
        "django-encrypted-model-fields": model("EncryptedModel", text=model_fields.EncryptedCharField(max_length=60)),
        "django-fernet-encrypted-fields": model(
            "FernetModel",
            text=fernet_fields.EncryptedCharField(max_length=60),
            number=fernet_fields.EncryptedIntegerField(null=True, blank=True),
            flag=fernet_fields.EncryptedBooleanField(null=True, blank=True),
            data=fernet_fields.EncryptedJSONField(null=True, blank=True),
        ),
        "ringwork": model(
            "SealedModel",
            text=SealedField(str, max_length=60),
            number=SealedField(int, optional=True, default=None, blank=True),
            flag=SealedField(bool, optional=True, default=None, blank=True),
            data=SealedField(Json, optional=True, default=None, blank=True),
        ),
    }
    with connection.schema_editor() as editor:
        for each in found.values():
            editor.create_model(each)
    return found


def stored(model: Any, key: int, column: str = "text") -> Any:
    """What the database holds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"select {column} from {model._meta.db_table} where id = %s", [key])
        return cursor.fetchone()[0]


def overwrite(model: Any, key: int, value: Any) -> None:
    """An UPDATE of somebody who may write to the database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"update {model._meta.db_table} set text = %s where id = %s", [value, key])


def read(model: Any, key: int) -> Any:
    """What the application reads; None where the library refuses."""
    from ringwork.errors import SealBroken

    with contextlib.suppress(SealBroken):
        return model.objects.get(pk=key).text
    return None


def flipped(value: Any) -> Any:
    """The last bit but some of the stored value changed, as text or as bytes."""
    if isinstance(value, str):
        return value[:-10] + ("A" if value[-10] != "A" else "B") + value[-9:]
    return value[:-10] + bytes([value[-10] ^ 1]) + value[-9:]


def copies_a_value(model: Any) -> bool:
    """A2: the victim's value, copied into the attacker's row, is read there."""
    victim, attacker = model.objects.create(text=SECRET), model.objects.create(text=OWN)
    overwrite(model, attacker.pk, stored(model, victim.pk))
    return bool(read(model, attacker.pk) == SECRET)


def writes_plain_text(model: Any) -> bool:
    """A9: plain text in the column is read as a value that the application itself protected."""
    row = model.objects.create(text="role=user")
    overwrite(model, row.pk, "role=admin" if isinstance(stored(model, row.pk), str) else b"role=admin")
    as_bytes = read(model, row.pk)
    overwrite(model, row.pk, "role=admin")
    return "role=admin" in {as_bytes, read(model, row.pk)}


def goes_unnoticed(model: Any) -> bool:
    """A10: an altered value raises nothing; what is stored comes back in its place."""
    row = model.objects.create(text=SECRET)
    overwrite(model, row.pk, flipped(stored(model, row.pk)))
    return read(model, row.pk) is not None


def pastes_a_stolen_token(model: Any) -> bool:
    """A11: the stored value of a victim, sent in a form field, is decrypted for the attacker."""
    from django.forms import modelform_factory

    token = stored(model, model.objects.create(text=SECRET).pk)
    tokens = (
        [token]
        if isinstance(token, str)
        else [base64.b64encode(token).decode(), base64.urlsafe_b64encode(token).decode().rstrip("="), token.hex(), token.decode("latin-1")]
    )
    for each in tokens:
        form = modelform_factory(model, fields=["text"])({"text": each})
        if form.is_valid() and SECRET in {form.cleaned_data["text"], form.save(commit=False).text}:
            return True
        # A limit on length is no defence: the value of a program, cleaned by the field alone.
        with contextlib.suppress(Exception):
            if model._meta.get_field("text").to_python(each) == SECRET:
                return True
    return False


def breaks_after_one_bad_form(model: Any) -> bool:
    """A12: one value that fails validation, and every later read of the field in this process gives something else."""
    from django.core.exceptions import ValidationError

    row = model.objects.create(text=OWN)
    failed = False
    try:
        model(text="x" * 61).clean_fields()
    except ValidationError:
        failed = True
    wrong = sum(read(model, row.pk) != OWN for _ in range(20))
    vars(model._meta.get_field("text")).pop("_already_decrypted", None)  # theirs would spoil what comes after
    return failed and wrong > 0


def breaks_beside_a_validating_thread(model: Any) -> bool:
    """A13: while one thread validates a form, another reads ciphertext."""
    from django.db import connection

    row = model.objects.create(text=OWN)
    done = threading.Event()

    def validate() -> None:
        while not done.is_set():
            # Theirs: two validating threads take the mark away from each other.
            with contextlib.suppress(AttributeError):
                model(text="a valid text").clean_fields()
        connection.close()

    thread = threading.Thread(target=validate)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        return any(read(model, row.pk) != OWN for _ in range(400))
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)
        vars(model._meta.get_field("text")).pop("_already_decrypted", None)


def loses_what_looks_empty(model: Any) -> bool:
    """A14: 0 and False are stored as nothing; in JSON keys stand in clear, and numbers come back as text."""
    data = {"ssn": 1, "ok": True, "none": None, "text": "1"}
    row = model.objects.create(text=OWN, number=0, flag=False, data=data)
    again = model.objects.get(pk=row.pk)
    shown = "ssn" in str(stored(model, row.pk, "data"))
    lost = [(type(each), each) for each in (again.number, again.flag)] != [(int, 0), (bool, False)]
    return bool(shown or lost or json.dumps(again.data, sort_keys=True) != json.dumps(data, sort_keys=True))


ATTACKS = {
    "A2": copies_a_value,
    "A9": writes_plain_text,
    "A10": goes_unnoticed,
    "A11": pastes_a_stolen_token,
    "A12": breaks_after_one_bad_form,
    "A13": breaks_beside_a_validating_thread,
    "A14": loses_what_looks_empty,
}


def honest(model: Any) -> bool:
    """The control: what an honest user stores comes back, and a form of his is taken."""
    from django.forms import modelform_factory

    form = modelform_factory(model, fields=["text"])({"text": "his own"})
    return form.is_valid() and bool(read(model, form.save().pk) == "his own")


def main(folder: Path) -> None:
    """Every attack on every library; A14 where it has such fields."""
    configure(folder)
    found: dict[str, dict[str, bool]] = {}
    for name, model in libraries().items():
        fields = {field.name for field in model._meta.get_fields()}
        found[name] = {"honest": honest(model)}
        for attack, run in ATTACKS.items():
            if attack != "A14" or "flag" in fields:
                found[name][attack] = run(model)
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
