"""What users of an application have: objects made through its own routes or shown in its lists, with the words by which each is known.

Against an accusation about what everybody may see: whose an object is has to be told by the application itself, by a list that shows it to
one user and not to the other, by a field that names its owner, or by what it is.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ringwork.prove import composing, witness
from ringwork.prove.check import Served
from ringwork.prove.composing import Draft
from ringwork.prove.witness import Cast
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client

MOST_PAGES, MOST_IDS = 40, 6
_OWN_IDS = ("id", "pk", "uuid", "guid", "slug", "key", "ref")
_NO_THING = re.compile(r"(?<!b)log|audit|event|history|session|queue|outbox|migration", re.IGNORECASE)
_NAMES = ("id", "pk", "uuid", "guid", "key", "slug", "ref", "reference", "number", "name")
_LOGINS = frozenset({"username", "login", "user", "name", "handle", "nickname"})
_ADMINISTRATION = frozenset({"admin", "administration", "administrator", "backoffice", "manage", "management", "superuser"})
_OWN_PAGES = frozenset({"my", "mine", "me", "own", "self", "dashboard", "profile", "account", "home", "feed", "timeline", "activity"})
_FOLLOWED = re.compile(r"follow|friend|subscri", re.IGNORECASE)
PLAIN = frozenset({"api", "new", "add", "create", "v"})
"""Words of paths that say nothing of what a thing is."""
_LINKED = re.compile(r"(?:href|action|value|data-[\w-]+)\s*=\s*[\"']?([^\"'\s<>]{1,300})", re.IGNORECASE)
_HREF = re.compile(r"<a\b[^>]*?\shref\s*=\s*[\"']?([^\"'\s<>#]+)", re.IGNORECASE)
_IDLIKE = re.compile(r"(?=.*\d)[\w.-]{1,64}")
_OWNER = re.compile(
    r"(owner|user|author|account|customer|client|member|patient|seller|buyer|sender|uploader|belongs_to)(_?(id|name|uuid|pk|email))?"
    r"|(owner|user|author|account|customer)(Id|Name)|username",
)
_MADE_BY = re.compile(r"by$|by_id$|creat|made|edit|updat|modif|approv|assign", re.IGNORECASE)
_PRIVATE = frozenset({
    "note", "order", "invoice", "payment", "message", "inbox", "mail", "account", "address", "prescription", "diary", "journal", "receipt",
    "statement", "wallet", "cart", "basket", "draft", "vault", "secret", "credential", "reservation", "booking", "appointment",
    "transaction", "transfer", "subscription", "salary", "payslip", "claim", "letter",
})  # fmt: skip
"""What belongs to somebody by its nature."""
PEOPLE = frozenset({"user", "profile", "account", "member", "person", "people", "customer", "employee", "patient"})
"""Words of paths that mean somebody."""
_SENSITIVE = re.compile(
    r"secret|passw|token|api_?key|private|ssn|iban|card|cvv|balance|salary|e?mail|phone|mobile|address|birth|dob|diagnos|passport|tax",
    re.IGNORECASE,
)


@dataclass(slots=True, kw_only=True)
class Thing:
    """One object. marks: words that stand in it and nowhere else, to their fields. path: of the route that made it, or of its list.

    sent: what was sent to make it. answer: what came back. listed: paths of pages that show it to its owner. is_made: it was made now.
    kept: the row or object of the copy that holds it.
    """

    path: str
    marks: Mapping[str, str]
    sent: Mapping[str, Any] = field(default_factory=dict)
    ids: list[tuple[str, str]] = field(default_factory=list)
    item: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    is_made: bool = True
    is_self: bool = False
    control: Answer | None = None

    @property
    def stems(self) -> set[str]:
        """What it is, in words of its path."""
        return composing.stems(self.path) | (PEOPLE if self.is_self else frozenset())

    def shown_in(self, answer: Answer | None, asked: str = "") -> list[str]:
        """The fields of it whose words an answer holds. asked: what the request brought itself, which an answer may only repeat."""
        if answer is None or not 200 <= answer.status < 300:
            return []
        return [name for word, name in self.marks.items() if word != asked and word in answer.text]

    def candidates(self, name: str) -> list[str]:
        """Values that may name it where a parameter of this name is asked for, likeliest first."""
        low = name.lower()
        exact = [value for key, value in self.ids if key.lower() == low]
        # `/links/{code}`: the parameter itself tells that the column is a name of the thing; whose it is is none.
        told = [*self.item.items(), *self.kept.items()] if not _OWNER.fullmatch(name) else []
        exact += [str(value) for key, value in told if key.lower() == low and type(value) in {str, int} and value != ""]
        sent = [str(value) for key, value in self.sent.items() if key.lower() == low]
        plain = [value for wanted in _NAMES for key, value in self.ids if key.lower() == wanted]
        found = [*exact, *sent, *plain, *(value for _, value in self.ids)]
        return list(dict.fromkeys(found))[:MOST_IDS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """By what the copy's rows name a user."""

    name: str = ""
    ids: frozenset[str] = frozenset()

    def has(self, value: Any) -> bool:
        """Whether a value of a row is one of them."""
        return str(value) == self.name or str(value) in self.ids


class Pages:
    """The plain pages of an application as one browser sees them."""

    def __init__(self, cast: Cast, client: Client, *, only: Sequence[str] | None = None) -> None:
        plain = [route.path for route in witness.reads(cast.stage.facts) if "{" not in route.path]
        acting = witness.deeds(cast.stage.facts)
        plain = [path for path in plain if not witness.is_entrance(path) and path not in acting]
        self._client = client
        self._behind = [route.path for route in witness.reads(cast.stage.facts) if "{" in route.path and not is_administration(route.path)]
        # Against a link to a way out, or to a deed, that a wider route's path matches too.
        self._apart = [route.path for route in witness.http_routes(cast.stage.facts) if "{" not in route.path or route.path in acting]
        self.answers: dict[str, Answer] = {}
        self._led: dict[str, Answer] | None = None
        for path in list(dict.fromkeys(plain if only is None else only))[:MOST_PAGES]:
            with contextlib.suppress(OSError):
                self.answers[path] = client.get(path)

    def showing(self, thing: Thing) -> list[str]:
        """The paths of pages that show it, those of an administration apart: who may see those is another question."""
        return [path for path, answer in self.answers.items() if not is_administration(path) and thing.shown_in(answer)]

    def linked(self, thing: Thing) -> list[str]:
        """The paths of pages behind ids that show it, where links of its reader's own pages lead there, some steps away.

        Against taking a board for private that stands below its course: no plain list shows its posts, and everybody is led to them.
        """
        if self._led is None:
            self._led, texts = {}, [answer.text for answer in self.answers.values() if answer.status == 200 and "html" in answer.media_type]
            for text in texts:  # which grows by what is read
                for path in dict.fromkeys(unquote(urlsplit(link).path) for link in _HREF.findall(text)):
                    if path in self._led or len(self._led) >= MOST_PAGES or not self._leads(path):
                        continue
                    with contextlib.suppress(OSError):
                        self._led[path] = self._client.get(quote(path))
                        texts += [self._led[path].text] if self._led[path].status == 200 else []
        return [path for path, answer in self._led.items() if thing.shown_in(answer)]

    def _leads(self, path: str) -> bool:
        """Whether a path is a page behind an id, which looks and does nothing."""
        is_apart = witness.ends_session(path) or any(witness.matches(one, path) for one in self._apart)
        return not is_apart and any(witness.matches(one, path) for one in self._behind)

    def holds(self, word: str) -> bool:
        """Whether any page holds a word, those of an administration apart."""
        return any(answer.status == 200 and word in answer.text for path, answer in self.answers.items() if not is_administration(path))


def made(draft: Draft, answer: Answer, client: Client) -> Thing:
    """What a request may have made, with what its answer tells of it."""
    thing = Thing(path=draft.route.path, marks=draft.marks, sent=draft.fields, control=answer)
    with contextlib.suppress(ValueError):
        value = json.loads(answer.text)
        dicts = list(objects_in(value))
        if dicts:
            thing.item = next((one for one in dicts if _carries(one, draft.marks)), {})
            thing.ids += [pair for one in (thing.item, *dicts) for pair in _scalars(one)]
    target = client.led_to(answer)
    if target:
        thing.ids += _of_link(target)
    return thing


def find_kept(thing: Thing, served: Served) -> None:
    """Add what the copy keeps of it, and under which ids: no page and no answer need tell them."""
    rows = [row for word in list(thing.marks)[:1] for row in rows_kept(served, word)]
    thing.kept = rows[0] if rows else {}
    thing.ids += ids_in(rows)


def rows_kept(served: Served, word: str) -> list[Mapping[str, Any]]:
    """The rows and objects of the copy that hold a word, records about things apart."""
    return [row.values for row in served.kept(word) if not is_record(row.store)]


def ids_in(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Name and text of each column of rows that holds the row's own id."""
    return [(name, str(value)) for row in rows for name, value in row.items() if name in _OWN_IDS and type(value) in {int, str}]


def keys_of(served: Served, username: str) -> Keys:
    """By what rows may name a user: his name, and the ids of the rows that are kept under it."""
    rows = [row for row in rows_kept(served, username) if username in row.values()] if username else []
    return Keys(name=username, ids=frozenset(text for _, text in ids_in(rows)))


def is_record(store: str) -> bool:
    """Whether a table or a container, by its own name and not its file's, keeps something about things, and no things."""
    return bool(_NO_THING.search(re.split(r"[/.]", store)[-1]))


def complete(thing: Thing, pages: Pages) -> None:
    """Add what the pages of its owner tell of it: where it is listed, and under which ids."""
    thing.listed = pages.showing(thing)
    for path in thing.listed:
        answer = pages.answers[path]
        if "json" in answer.media_type:
            for one in objects_in(_json(answer)):
                if _carries(one, thing.marks):
                    thing.item = thing.item or one
                    thing.ids += _scalars(one)
        elif "html" in answer.media_type:
            thing.ids += _near(answer.text, next(word for word in thing.marks if word in answer.text))


def listed_for_one(mine: Pages, theirs: Pages) -> Iterator[Thing]:
    """What a list shows to its reader and the same list of another does not: objects that were there before."""
    for path, answer in mine.answers.items():
        other = theirs.answers.get(path)
        if other is None or answer.status != 200 or other.status != 200 or "json" not in answer.media_type:
            continue
        known = {key for one in rows(_json(other)) for key in _scalars(one)[:1]}
        for one in [row for row in rows(_json(answer)) if _scalars(row) and _scalars(row)[0] not in known][:2]:
            words = {v: k for k, v in one.items() if isinstance(v, str) and len(v) >= 6 and not theirs.holds(v)}
            if words:
                yield Thing(path=path, marks=words, ids=_scalars(one), item=one, listed=[path], is_made=False)


def about_oneself(mine: Pages, theirs: Pages) -> Iterator[Thing]:
    """What a page tells its reader of himself, as far as it is nobody else's to read: the same page tells another something else."""
    for path, answer in mine.answers.items():
        other = theirs.answers.get(path)
        one, another = _json(answer), _json(other) if other is not None else None
        if not isinstance(one, dict) or not isinstance(another, dict) or answer.status != 200 or one == another:
            continue
        told = [pair for inner in objects_in(one) for pair in inner.items()] if not rows(one) else []
        words = {v: k for k, v in told if isinstance(v, str) and len(v) >= 6 and _SENSITIVE.search(k) and not theirs.holds(v)}
        ids = [(k, str(v)) for k, v in told if isinstance(v, str | int) and (composing.is_id(k) or k.lower() in _LOGINS)]
        if words and ids:
            yield Thing(path=path, marks=words, ids=ids, item=one, listed=[path], is_made=False, is_self=True)


def about(cast: Cast, client: Client) -> Iterator[Thing]:
    """What pages tell a user of himself, whatever it is: by which ids he is known."""
    nobody = Pages(cast, cast.nobody()).answers
    for path, answer in Pages(cast, client).answers.items():
        one, open_ = _json(answer), nobody.get(path)
        if answer.status == 200 and isinstance(one, dict) and not rows(one) and (open_ is None or open_.status != 200):
            told = [pair for inner in objects_in(one) for pair in inner.items()]
            ids = [(key, str(value)) for key, value in told if isinstance(value, str | int) and not isinstance(value, bool)]
            yield Thing(path=path, marks={}, ids=ids, item=one, is_made=False, is_self=True)


def _carries(one: Mapping[str, Any], marks: Mapping[str, str]) -> bool:
    """Whether one of the words stands in a field of the object itself."""
    return any(word in value for value in one.values() if isinstance(value, str) for word in marks)


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.text)
    except ValueError:
        return None


def objects_in(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Objects of an answer, the outer before the inner."""
    if depth > 4:
        return
    if isinstance(value, dict):
        yield value
    inner: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        if isinstance(one, dict | list):
            yield from objects_in(one, depth + 1)


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, which may stand in an envelope."""
    lists = (
        [value]
        if isinstance(value, list)
        else [inner for inner in value.values() if isinstance(inner, list)]
        if isinstance(value, dict)
        else []
    )
    return [one for found in lists for one in found if isinstance(one, dict)]


def _scalars(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What may be ids in an object: those named so, the plainest name first."""
    found = [
        (key, str(value))
        for key, value in one.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and (composing.is_id(key) or key.lower() in _NAMES)
        and not _OWNER.fullmatch(key)
    ]  # fmt: skip
    return sorted(found, key=lambda pair: _NAMES.index(pair[0].lower()) if pair[0].lower() in _NAMES else len(_NAMES))


def _of_link(target: str) -> list[tuple[str, str]]:
    """What may be ids in an address: values of its query by their name, then its segments from the end."""
    parts = urlsplit(target)
    segments = [unquote(segment) for segment in reversed(parts.path.split("/")) if _IDLIKE.fullmatch(segment)]
    return [*((name, value) for name, value in parse_qsl(parts.query) if value), *(("", segment) for segment in segments)]


def _near(html: str, word: str) -> list[tuple[str, str]]:
    """What may be ids in links, forms and hidden fields of a page, those nearest to a word first."""
    at = html.index(word)
    found = sorted(_LINKED.finditer(html), key=lambda match: abs(match.start() - at))
    pairs = [
        pair
        for match in found[:8]
        for pair in (_of_link(match[1]) or [("", match[1])] if _IDLIKE.fullmatch(match[1]) or "/" in match[1] or "?" in match[1] else [])
    ]
    return [(name, value) for name, value in pairs if _IDLIKE.fullmatch(value) and word not in value][:MOST_IDS]


def is_own_page(path: str) -> bool:
    """Whether a path says that it shows what its reader has or follows, out of more."""
    return path == "/" or bool(_OWN_PAGES & {word.lower() for word in re.split(r"[^A-Za-z]+", path)})


def is_oneself(path: str) -> bool:
    """Whether a path is where its reader himself is kept, and not what he has."""
    return path.rstrip("/").rpartition("/")[2].lower() in {"me", "self", "myself"}


def is_followed(routes: Sequence[RouteFacts]) -> bool:
    """Whether what users see of each other is by whom they follow."""
    return any(_FOLLOWED.search(route.path) for route in routes)


def is_administration(path: str) -> bool:
    """Whether a path says that it is for those who administer."""
    return bool(_ADMINISTRATION & {word.lower() for word in re.split(r"[^A-Za-z]+", path)})


def owner_field(one: Thing, another: Thing) -> str:
    """The field of an answer that names the owner; "" for none. It differs between what two users have, and neither sent it."""
    return next((name for name in _set_by_asking(one.item, another.item, one.sent) if _OWNER.fullmatch(name)), "")


def owner_column(one: Thing, another: Thing, keys: tuple[Keys, Keys]) -> str:
    """The same of what the copy keeps, also where a column holds a key of the user, whatever it is called. keys: of the two users."""
    if keys[0].name and keys[0].name in one.kept.values() and any(text in keys[0].ids for _, text in ids_in([one.kept])):
        return ""  # it is the user: what is kept of users names everybody, and tells nothing of who may see it
    for name in _set_by_asking(one.kept, another.kept, one.sent):
        is_key = keys[0].has(one.kept[name]) and keys[1].has(another.kept[name]) and name not in _OWN_IDS
        # Against who made or wrote what belongs to all: such a column says nothing of whose it is.
        if _OWNER.fullmatch(name) or (is_key and not _MADE_BY.search(name)):
            return name
    return ""


def _set_by_asking(mine: Mapping[str, Any], theirs: Mapping[str, Any], sent: Mapping[str, Any]) -> list[str]:
    """The names of values that are there for both users, are not the same, and were not sent."""
    return [n for n, value in mine.items() if n not in sent and value not in (None, "") and theirs.get(n) not in (None, "", value)]


def is_private(thing: Thing) -> str:
    """The word of its path that tells that such a thing is its owner's alone; "" for none."""
    return next((word for word in sorted(thing.stems) if word in _PRIVATE), "")


def sensitive(fields: Sequence[str]) -> str:
    """The first of these fields that is nobody else's to read; "" for none."""
    return next((name for name in fields if _SENSITIVE.search(name)), "")


def relation(route: RouteFacts, thing: Thing) -> int:
    """How much a route has to do with a thing: words that its path and its parameters share with where the thing was made."""
    words = composing.stems(route.path) | {
        composing.singular(part) for p in composing.id_parameters(route) for part in re.split(r"[_\W]+", p)
    }
    shared = len(words & (thing.stems - PLAIN))
    return shared * 2 + (route.path.startswith(thing.path.rstrip("/") + "/"))


def text_of(answer: Answer) -> str:
    """What a reader reads: markup apart, in which tokens change with every answer."""
    return (
        " ".join(re.sub(r"<script.*?</script>|<[^>]*>", " ", answer.text, flags=re.DOTALL).split())
        if "html" in answer.media_type
        else answer.text
    )
