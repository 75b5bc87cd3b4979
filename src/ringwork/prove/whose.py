"""Whose an object is, as the application itself tells it, and what is said of an attack by it.

Against an accusation about what everybody may see: a list shows it to one user and not to the other, a field names its owner, another
method refuses the other user, or it is by its name nobody else's. Where nothing tells, nothing is claimed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote

from ringwork.prove import composing, pages, things
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.objects import READS, Matrix, Tried
from ringwork.prove.things import Thing
from ringwork.prove.witness import saw

_LINK = re.compile(r"(?:href|action)\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)


def why_theirs(matrix: Matrix, tried: Tried) -> str:
    """What tells that this was not the other user's to ask for; "" where nothing does."""
    known, thing = tried.known, tried.known.thing
    shared = matrix.their_pages.showing(thing)
    private, secret = things.is_private(thing), things.sensitive(tried.fields)
    owner = things.owner_field(thing, known.theirs) if known.theirs is not None else ""
    column = things.owner_column(thing, known.theirs, matrix.keys) if known.theirs is not None else ""
    lists = _that_tell(matrix, thing)
    if (thing.stems & things.PEOPLE or things.is_oneself(thing.path)) and not secret and not private:
        # Against a page that shows users to each other: that one's own page shows only oneself says nothing of a name or a greeting.
        lists = [path for path in lists if not things.is_own_page(path)]
        column = "" if tried.attack == READS else column
    # Against a page that changes by what comes beside the thing: a message to its owner, a comment.
    owner = owner or (column if tried.attack == READS or tried.is_touched else "")
    if tried.attack == READS:
        return _why_not_read(matrix, tried, shared=shared, lists=lists, owner=owner, private=private, secret=secret)
    if lists and not shared:
        return f"GET {lists[0]} shows it to {matrix.mine.name} alone"
    if tried.is_beside and (shared or _is_read(matrix, tried)):
        return ""  # against a comment below what everybody may read
    if shared and (known.refused or owner == column) and _is_offered(matrix, tried):
        return ""
    if known.refused:
        return f"{known.refused[0]} refuses {matrix.theirs.name}"
    if owner:
        return f"its field {owner} names {matrix.mine.name}"
    return f"it is {_a(private)}" if private and not shared else ""


def _a(kind: str) -> str:
    """A kind of thing with its article."""
    return f"{'an' if kind[:1] in 'aeio' else 'a'} {kind}"


def _is_read(matrix: Matrix, tried: Tried) -> bool:
    """Whether the other user is shown the thing, and nothing tells that he should not be."""
    reads = [one for one in matrix.tried if one.attack == READS and one.known is tried.known and one.done]
    return bool(reads) and not any(why_theirs(matrix, one) for one in reads)


def _is_offered(matrix: Matrix, tried: Tried) -> bool:
    """Whether a page links this very deed for the other user, as a wiki does: a project may well mean what it offers to everybody."""
    names = pages.parameters_of(tried.route.path)
    ids = tried.known.thing.candidates(names[0]) if len(names) == 1 else []
    wanted = {re.sub(r"\{[^}]+\}", quote(value, safe=""), tried.route.path) for value in ids}
    answers = list(matrix.their_pages.answers.values())
    if tried.known.reader is not None:
        route, parameter = tried.known.reader
        for value in tried.known.thing.candidates(parameter)[:1]:
            with contextlib.suppress(OSError):
                answers.append(matrix.theirs.client.get(re.sub(r"\{[^}]+\}", quote(value, safe=""), route.path)))
    texts = [one.text for one in answers if one.status == 200 and "html" in one.media_type]
    return any(unquote(link).partition("?")[0] in wanted for text in texts for link in _LINK.findall(text))


def _that_tell(matrix: Matrix, thing: Thing) -> list[str]:
    """The lists that show a thing to its owner and are open to the other too, as far as it matters that they do not show it to him.

    Against taking a choice for a limit: a feed shows what its reader follows, and a page of one's own things leaves others' out, while
    a list that goes on over the page may show them to everybody.
    """
    found = [path for path in thing.listed if (other := matrix.their_pages.answers.get(path)) is not None and other.status == 200]
    if things.is_private(thing):
        return found
    if things.is_followed(matrix.routes):
        return []
    return [path for path in found if not things.is_own_page(path)] if _others(matrix, thing) else found


def _others(matrix: Matrix, thing: Thing) -> list[str]:
    """Lists of such things that do not show this one to anybody, and are no page of one's own."""
    return [
        path
        for path, answer in matrix.pages.answers.items()
        if answer.status == 200
        and path not in thing.listed
        and composing.stems(path) & thing.stems - things.PLAIN
        and not things.is_own_page(path)
        and path.rstrip("/").rpartition("/")[2] not in things.PLAIN  # where one is made, none are listed
    ]


def _why_not_read(
    matrix: Matrix, tried: Tried, *, shared: Sequence[str], lists: Sequence[str], owner: str, private: str, secret: str
) -> str:
    thing = tried.known.thing
    # The name of who sells a thing stands in his account and beside the thing, for everybody: an account is private by what it keeps.
    if tried.is_open and not (lists and not shared and (secret or (private and private not in things.PEOPLE))):
        return ""  # what is shown to everybody is not one user's
    if thing.is_self:
        return f"its {secret} is shown to {matrix.mine.name} alone by GET {thing.path}" if secret and not shared else ""
    if shared:
        seen = {name for path in shared for name in thing.shown_in(matrix.their_pages.answers[path])}
        more = things.sensitive([name for name in tried.fields if name not in seen])
        if more and owner:
            return f"its field {owner} names {matrix.mine.name}, and no list shows its {more}"
        return f"it is {_a(private)}, and its field {owner} names {matrix.mine.name}" if private and owner else ""
    if lists:
        return f"GET {lists[0]} shows it to {matrix.mine.name} alone"
    if not private and not secret and matrix.their_pages.linked(thing):
        return ""
    if owner and (private or not (_others(matrix, thing) or things.is_followed(matrix.routes))):
        return f"its field {owner} names {matrix.mine.name}, and no list shows it to {matrix.theirs.name}"
    return f"it is {_a(private)}, and no list shows it to {matrix.theirs.name}" if private else ""


def observations(matrix: Matrix) -> Iterator[Observation]:
    """What was seen, in words: broken where it is told whose the thing is."""
    for tried in matrix.tried:
        if not tried.done:
            # Against a limit or a fault that is taken for a refusal.
            outcome, more = (Outcome.HELD, "") if tried.tells else (Outcome.UNTRIED, ", which says nothing of whose it is")
            yield saw(outcome, tried.attack, tried.route, f"{tried.told}{more}", answers=tried.answers, control=tried.control)
            continue
        why = why_theirs(matrix, tried)
        if why:
            open_ = "; somebody without a login is shown it too" if tried.is_open else ""
            yield saw(
                Outcome.BROKEN, tried.attack, tried.route, f"{tried.told}; {why}{open_}", answers=tried.answers, control=tried.control
            )
        else:
            detail = f"{tried.told}; nothing tells that it is {matrix.mine.name}'s alone, so it may be meant for everybody"
            # What a stranger is shown as well is no attack of the other user; all else went through.
            outcome = Outcome.UNTRIED if tried.is_open and tried.attack == READS else Outcome.UNCLEAR
            yield saw(outcome, tried.attack, tried.route, detail, answers=tried.answers, control=tried.control)
    yield from (*matrix.seen, *matrix.untried)
