"""What refuses somebody is found and can be taken out; what merely looks like it is left alone."""

from __future__ import annotations

import pytest

from ringwork.survey.mutants import places
from ringwork.survey.syntax import File

REFUSING = {
    "a decorator": (
        "@app.get('/a')\n@login_required\ndef a(id):\n    return id\n",
        "the decorator @login_required",
        "@app.get('/a')\ndef a",
    ),
    "a decorator with arguments": ("@require_role('admin')\ndef a():\n    return 1\n", "the decorator @require_role", "def a"),
    "a condition that raises": (
        "def a(n):\n    if n.owner != me:\n        raise PermissionDenied\n",
        "the refusal if n.owner != me",
        "if False and (n.owner != me):",
    ),
    "a condition that aborts": (
        "def a(n):\n    if n.owner != me:\n        log(n)\n        abort(403)\n",
        "the refusal if n.owner != me",
        "if False and (n.owner",
    ),
    "a status of the framework": (
        "def a(n):\n    if n.owner != me:\n        raise HTTPException(status_code=status.HTTP_403_FORBIDDEN)\n",
        "the refusal if n.owner != me",
        "if False and (n",
    ),
    "a page of the login": (
        "def a(u):\n    if not u:\n        return redirect('/login')\n",
        "the refusal if not u",
        "if False and (not u)",
    ),
    "a page of the login for a form that nobody may send": (
        "def a(r, u):\n    if r.method == 'POST' and not u:\n        return redirect(url_for('login_page'))\n",
        "the refusal if r.method == 'POST' and not u",
        "if False and (r.method == 'POST' and not u)",
    ),
    "the answer of a judge": (
        "def is_owner(n):\n    if n is None:\n        return False\n    return True\n",
        "the refusal if n is None",
        "if False and (n is None)",
    ),
    "a call that verifies": (
        "def a(r):\n    verify_signature(r)\n    return 1\n",
        "the call of verify_signature",
        "    pass\n    return 1",
    ),
    "an awaited call": ("async def a(r):\n    await require_admin(r)\n", "the call of require_admin", "    pass\n"),
    "a comparison of secrets": ("def a(x, y):\n    return hmac.compare_digest(x, y)\n", "the answer of compare_digest", "return True"),
    "permissions of a view": (
        "class V(APIView):\n    permission_classes = [IsAuthenticated]\n",
        "permission_classes",
        "permission_classes = []",
    ),
    "dependencies": ("r = APIRouter(dependencies=[Depends(require_user)])\n", "dependencies of routes", "dependencies=[]"),
    "a mixin": ("class V(LoginRequiredMixin, View):\n    x = 1\n", "the class LoginRequiredMixin", "class V(View):"),
}
HARMLESS = {
    "a decorator that exempts": "@csrf_exempt\ndef a():\n    return 1\n",
    "a route": "@app.get('/login')\ndef a():\n    return 1\n",
    "a fixture": "@pytest.fixture\ndef auth():\n    return 1\n",
    "another fault": "def a(x):\n    if x < 0:\n        raise ValueError(x)\n",
    "an answer of no judge": "def first(x):\n    if not x:\n        return False\n    return x[0]\n",
    "an ordinary call": "def a(x):\n    check_stock(x)\n    save(x)\n",
    "other lists": "class V:\n    fields = [1]\nx = f(dependencies=[1])\n",
    "a form that was sent": "def signup(r):\n    if r.method == 'POST':\n        save(r)\n        return redirect('/login')\n",
    "a form that was right": "def signup(f):\n    if f.validate_on_submit():\n        return redirect('/login')\n",
    "a form that did work": "def a(f):\n    if f.ok():\n        u = User(f)\n        u.save()\n        f()\n        return login(u)\n",
    "half a file": "@login_required\ndef a(:\n",
}


def _found(text):
    data = text.encode()
    return [(place, places.mutated(data, place).decode()) for place in places.of(File(data))]


@pytest.mark.parametrize(("text", "said", "left"), REFUSING.values(), ids=REFUSING)
def test_takes_out_what_refuses_somebody(text, said, left):
    """One edit, whose file reads whole and has no such line any more."""
    ((place, mutated),) = _found(text)
    assert place.said.startswith(said)
    assert left in mutated
    assert File(mutated.encode()).is_whole
    assert text.splitlines()[place.line - 1] != (mutated.splitlines() + [""] * 9)[place.line - 1]


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_leaves_what_refuses_nobody(text):
    """Against mutants that say nothing: each costs a run of tests."""
    assert _found(text) == []


def test_takes_nothing_out_in_parts():
    """A condition that holds a comparison of secrets is taken out whole, once."""
    text = "def a(x, y):\n    if not compare_digest(x, y):\n        raise Forbidden\n"
    assert [place.said for place, _ in _found(text)] == ["the refusal if not compare_digest(x, y)"]


def test_a_decorator_is_reached_by_its_function():
    """Its own line runs at the import, which is no test's; the lines of the body are."""
    ((place, _),) = _found("@login_required\ndef a(id):\n    '''Words.'''\n    return id\n")
    assert place.reached == (3, 4)


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ("x.key != 'a-long-and-secret-word'", 'x.key != "..."'),
        ("x.get('key') != 'hunter2'", "x.get('key') != \"...\""),
        ("x.pin != 84712", 'x.pin != "..."'),
        ("r.method == 'POST' and r.headers.get('k') != 'a-long-and-secret-word'", "r.method == 'POST' and r.headers.get('k') != \"...\""),
        ("k == \"it's\" or k != 'c0ffee00c0ffee00'", 'k == "..." or k != "..."'),
        ("k not in ('one' 'two', 'three')", 'k not in ("...", "...")'),
    ],
)
def test_shows_no_secret_of_a_condition(condition, shown):
    """A record of mutants goes where reports go."""
    ((place, _),) = _found(f"def a(x):\n    if {condition}:\n        abort(403)\n")
    assert place.said == f"the refusal if {shown}"
