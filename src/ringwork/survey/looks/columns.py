"""Columns of models that hold what nobody but the application should read, and columns whose encryption does not authenticate.

Against a copy of the database: names and types tell which columns a person has to classify.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, argument, last, mentions, text_of, written
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_SEALS = re.compile(r"sealed|encrypt|fernet|cipher|secret|vault|hash", re.IGNORECASE)
_MARKS = ("classification", "classified", "sensitive", "personal", "pii", "sealed", "data_class")
_PERSONAL = re.compile(
    r"^(?:\w+_)?(?:email|e_mail|phone|phone_number|mobile|first_name|last_name|full_name|surname|birth_?date|date_of_birth|dob|street|postal_code|zip_code"
    r"|home_address|gender|ip_address|location|latitude|longitude)$"
)
_SENSITIVE = re.compile(
    r"^(?:\w+_)?(?:ssn|social_security(?:_number)?|national_id|tax_id|passport(?:_number)?|iban|bank_account|account_number|card_number|cvv|cvc|diagnosis"
    r"|medical_history|health_data|religion|ethnicity|access_token|refresh_token|api_key|api_secret|client_secret|webhook_secret|totp_secret|otp_secret"
    r"|private_key|recovery_codes|backup_codes)$"
)
_FIELDS = re.compile(r"(?:^|\.)(?:Column|mapped_column|\w*Field|Field)$")
_TEXTS = re.compile(r"(?:Char|Text|Email|String|JSON|Binary|Column|mapped_column|Slug|Unicode|Date|Phone|GenericIPAddress)")
_MODELS = re.compile(
    r"(?:^|\.)(?:Model|Base|DeclarativeBase|SQLModel|AbstractUser|AbstractBaseUser|\w*ModelBase|\w*Model|TimeStampedModel)$"
)


def look(seen: Seen) -> Iterator[Flow]:
    """Columns of the models of one module."""
    for statement, scope in seen.of(ir.Assign):
        if isinstance(statement.targets[0], ir.Name):
            yield from _column(seen, scope, statement.targets[0].id, statement.value)
    for declared, scope in seen.of(ir.Declare):
        if declared.value is not None and isinstance(declared.target, ir.Name):
            yield from _column(seen, scope, declared.target.id, declared.value)
    for call, scope in seen.of(ir.Call):
        yield from _engine(seen, scope, call)


def _column(seen: Seen, scope: Scope, name: str, value: ir.Expression) -> Iterator[Flow]:
    if scope.owner is None or scope.function is not None or not isinstance(value, ir.Call) or not _FIELDS.search(written(value.function)):
        return
    owner = seen.unit.classes.get(scope.qualname)
    bases = {written(base) for base in scope.owner.bases} | (set(seen.project.bases(owner.dotted)) if owner is not None else set())
    if not any(_MODELS.search(base) for base in bases) or any("Serializer" in base or "Form" in base for base in bases):
        return
    if (
        not _TEXTS.search(last(value.function))
        or _SEALS.search(last(value.function))
        or any(_SEALS.search(written(part)) for part in value.arguments)
    ):
        return
    if mentions((value,), _MARKS) or any(isinstance(part, ir.Constant) and part.value in _MARKS for part in walk((value,))):
        return
    sink = f"{scope.qualname}.{name}"
    if _SENSITIVE.match(name):
        detail = f"{sink} is kept as it is; a copy of the database reveals it."
        yield seen.flow(
            "raw-column", value.at, strength=WEAK, sink=sink, detail=detail, scope=scope, said="a sensitive column of plain type"
        )
    if _SENSITIVE.match(name) or _PERSONAL.match(name):
        beside = _marked(scope.owner)
        is_forgotten = bool(beside) and bool(_SENSITIVE.match(name))
        told = f"; {beside} beside it is" if is_forgotten else ""
        detail = f"{sink} looks personal, and nothing says how it is classified{told}."
        strength = STRONG if is_forgotten else WEAK
        yield seen.flow("unmarked-field", value.at, strength=strength, sink=sink, detail=detail, scope=scope, said="an unmarked field")


def _marked(owner: ir.Class) -> str:
    """A column of the model that says how it is classified, "" for none: whoever marked it knew of the others."""
    for statement in owner.body:
        target, value = _assigned(statement)
        if isinstance(target, ir.Name) and isinstance(value, ir.Call) and _FIELDS.search(written(value.function)):
            says = mentions((value,), _MARKS) or any(isinstance(part, ir.Constant) and part.value in _MARKS for part in walk((value,)))
            if says:
                return target.id
    return ""


def _assigned(statement: object) -> tuple[ir.Expression | None, ir.Expression | None]:
    if isinstance(statement, ir.Assign):
        return statement.targets[0], statement.value
    return (statement.target, statement.value) if isinstance(statement, ir.Declare) else (None, None)


def _engine(seen: Seen, scope: Scope, call: ir.Call) -> Iterator[Flow]:
    """Encrypted types of SQLAlchemy-Utils: their default engine has a fixed initialisation vector and no authentication."""
    name = seen.name(call.function)
    if name.rpartition(".")[2] not in {"StringEncryptedType", "EncryptedType"} or (
        scope.owner is None and scope.function is None and not call.arguments
    ):
        return
    engine = argument(call, "engine", 2)
    if engine is None or last(engine) not in {"AesGcmEngine", "FernetEngine"}:
        what = last(engine) if engine is not None else "its default engine"
        detail = f"{last(call.function)} encrypts with {what}, which does not authenticate what it opens."
        yield seen.flow(
            "raw-column", call.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="encryption without authentication"
        )
    key = argument(call, "key", 1)
    if text := text_of(key) if key is not None else None:
        detail = f"The key of the column, of {len(text)} characters, is written into the code."
        yield seen.flow(
            "secret", call.at, strength=STRONG, sink="secret: key of a column", detail=detail, scope=scope, said="key of a column"
        )
