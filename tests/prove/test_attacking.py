"""What shows that an attack worked, and what merely looks like it: each kind has both."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ringwork.prove.attacking import MAKERS, Seen
from ringwork.prove.check import Noticed
from ringwork.survey.wire.client import Answer

MARK, FILE, SECRET = "rwmark0000", "/copies/1/rwmark0000.txt", "rwsecret0000"


def answer(body: str = "", *, status: int = 200, kind: str = "text/html", headers: Sequence[tuple[str, str]] = ()) -> Answer:
    lines = [(name.encode(), value.encode()) for name, value in (("content-type", kind), *headers)]
    return Answer(status=status, reason="", http_version="1.1", headers=lines, body=body.encode(), request=b"", answer=b"")


def seen(found: Answer | None = None, *noticed: tuple[str, str], records: Sequence[str] = ()) -> Seen:
    told = [Noticed(event=event, texts=(text,)) for event, text in noticed]
    return Seen(answer=found or answer(), noticed=told, records=records, secret=SECRET)


def works(kind: str, what: Seen) -> bool:
    return any(attack.judge(what) for attack in MAKERS[kind](MARK, FILE))


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("sql", seen(None, ("sql", f"SELECT 1 FROM o WHERE n = 'a' /*{MARK}*/ OR '1'='1'"))),
        ("sql", seen(None, ("sql", f"SELECT 1 FROM o WHERE n = 0 /*{MARK}*/"))),
        ("command", seen(None, ("subprocess.Popen", f"convert a;{MARK} out.png"))),
        ("command", seen(None, ("os.system", f"convert 'a' ;{MARK}; ''"))),
        ("argv", seen(None, ("subprocess.Popen", f"--{MARK}"))),
        ("code", seen(None, ("compile", MARK))),
        ("code", seen(None, ("compile", f"total + 1+{MARK}"))),
        ("format", seen(answer(f"{MARK}{{}}"))),
        ("path", seen(answer(f"x {SECRET} y"))),
        ("path", seen(None, ("open", f"documents/../{MARK}.txt"))),
        ("path", seen(None, ("open", FILE))),
        ("redirect", seen(answer(status=302, headers=[("location", f"https://{MARK}.example/")]))),
        ("redirect", seen(answer(status=303, headers=[("location", f"//{MARK}.example/")]))),
        ("html", seen(answer(f"<p>Hello <{MARK}></p>"))),
        ("header", seen(answer(headers=[(MARK, "1")]))),
        ("ssrf", seen(None, ("socket.getaddrinfo", f"{MARK}.invalid"))),
        ("deserialise", seen(None, ("pickle.find_class", MARK))),
        ("import", seen(None, ("import", MARK))),
        ("xml", seen(answer(SECRET))),
        ("log", seen(records=[f"WARNING shop: a\n{MARK}"])),
    ],
)
def test_knows_an_attack_that_worked(kind: str, what: Seen) -> None:
    """The marker stands where the harm would be."""
    assert works(kind, what)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("sql", seen(None, ("sql", f"SELECT 1 FROM o WHERE n = 'a'' /*{MARK}*/ OR ''1''=''1'"))),
        ("command", seen(None, ("subprocess.Popen", f"convert 'a;{MARK}' out.png"))),
        ("argv", seen(None, ("subprocess.Popen", f"convert -- a--{MARK}"))),
        ("code", seen(None, ("compile", f"text = '{MARK}'"))),
        ("template", seen(answer(f"{MARK}{{{{7*7}}}}"))),
        ("format", seen(answer(f"{MARK}{{{{}}}}"))),
        ("path", seen(None, ("open", f"documents/{MARK}.txt"))),
        ("redirect", seen(answer(status=302, headers=[("location", f"/login?next=https://{MARK}.example/")]))),
        ("redirect", seen(answer(status=200, headers=[("location", f"https://{MARK}.example/")]))),
        ("html", seen(answer(f"<p>Hello &lt;{MARK}&gt;</p>"))),
        ("html", seen(answer(f"<{MARK}>", kind="text/plain"))),
        ("header", seen(answer(f"{MARK}: 1"))),
        ("ssrf", seen(None, ("open", f"{MARK}.invalid"))),
        ("deserialise", seen(None, ("pickle.find_class", "builtins"))),
        ("xml", seen(answer("&x;"))),
        ("log", seen(records=[f"WARNING shop: a\\n{MARK}"])),
    ],
)
def test_is_not_taken_in_by_what_merely_looks_like_it(kind: str, what: Seen) -> None:
    """Bound, quoted, escaped, encoded or inside the folder: nothing was done."""
    assert not works(kind, what)
