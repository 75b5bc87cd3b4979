"""What is open on routes, in models and in shared state: on code that is wrong and on its twin that is right."""

from __future__ import annotations

from textwrap import dedent

import pytest

from ringwork.survey.taint.handlers import Brought, Handler

_NOTE = (
    Handler(function="app.note", path="/notes/{note_id}", methods=("GET",), brought={"note_id": Brought(source="path")}, framework="flask"),
)
_HOOK = (Handler(function="app.hook", path="/webhooks/pay", methods=("POST",), framework="flask"),)
_BUG = (Handler(function="app.bug", path="/debug/state", methods=("GET",), framework="flask"),)


@pytest.mark.parametrize(
    ("kind", "strength", "handlers", "bad", "safe"),
    [
        (
            "unscoped-load",
            "weak",
            _NOTE,
            "def note(note_id):\n    return show(Note.query.get(note_id))\n",
            "def note(note_id):\n    return show(Note.query.filter_by(owner=current_user).get(note_id))\n",
        ),
        (
            "unscoped-load",
            "weak",
            _NOTE,
            "@token_required\ndef note(note_id):\n    return show(Account.query.get(note_id))\n",
            "@token_required\ndef note(note_id):\n    account = Account.query.get(note_id)\n    return show(account, current_user)\n",
        ),
        (
            "unscoped-load",
            "weak",
            _NOTE,
            "def note(note_id):\n    found = Note.query.get(note_id)\n    print(found.owner)\n    return {'owner': found.owner_id}\n",
            "def note(note_id):\n    found = Note.query.get(note_id)\n    assert found.owner_id == me.id\n    return {'id': found.id}\n",
        ),
        (
            "inline-rule",
            "weak",
            _NOTE,
            "def note(note_id):\n    if current_user.role == 'admin':\n        return everything()\n",
            "def note(note_id):\n    require(current_user, 'notes.read')\n    return everything()\n",
        ),
        (
            "unverified-message",
            "weak",
            _HOOK,
            "def hook():\n    event = request.get_json()\n    mark_paid(event['order'])\n",
            """
            def hook():
                verify_signature(request.data, request.headers['X-Sign'])
                event = request.get_json()
                mark_paid(event['order'])
            """,
        ),
        (
            "unverified-message",
            "weak",
            _HOOK,
            """
            def hook():
                event = request.get_json()
                verify_signature(event, request.headers['X-Sign'])
                mark_paid(event['order'])
            """,
            """
            def hook():
                body = request.get_data()
                verify_signature(body, request.headers['X-Sign'])
                mark_paid(json.loads(body))
            """,
        ),
        ("test-route", "strong", _BUG, "def bug():\n    return state()\n", ""),
        ("test-route", "weak", _BUG, "def bug():\n    if app.config['SAFE_MODE']:\n        return state()\n", ""),
        (
            "mutable-state",
            "strong",
            _NOTE,
            "def note(note_id, seen=[]):\n    seen.append(note_id)\n    return seen\n",
            "def note(note_id, seen=None):\n    seen = seen or []\n    seen.append(note_id)\n    return seen\n",
        ),
        (
            "mutable-state",
            "strong",
            _NOTE,
            "current_user = None\ndef note(note_id):\n    global current_user\n    current_user = load(note_id)\n",
            "current_user = None\ndef note(note_id):\n    current_user = load(note_id)\n    return current_user\n",
        ),
        (
            "mutable-state",
            "weak",
            _NOTE,
            "CACHE = {}\ndef note(note_id):\n    CACHE[note_id] = load(note_id)\n",
            "CACHE = {}\ndef note(note_id):\n    with cache_lock:\n        CACHE[note_id] = load(note_id)\n",
        ),
    ],
    ids=[
        "load",
        "load by users",
        "load that tells its owner",
        "rule",
        "hook",
        "hook parsed early",
        "debug",
        "debug behind a switch",
        "default",
        "global",
        "container",
    ],
)
def test_tells_what_a_handler_leaves_open(looked, kind, strength, handlers, bad, safe):
    """Only what answers requests is told, with the names of its routes."""
    found = looked(bad, kind, handlers)
    assert [(flow.strength.value, flow.routes) for flow in found] == [(strength, (handlers[0].name,))]
    assert not looked(safe, kind, handlers)


@pytest.mark.parametrize(
    ("kind", "strength", "bad", "safe"),
    [
        (
            "auth-optional",
            "weak",
            "class Notes(APIView):\n    permission_classes = [AllowAny]\n",
            "class Notes(APIView):\n    permission_classes = [IsAuthenticated]\n",
        ),
        ("auth-optional", "weak", "@login_exempt\ndef page():\n    return 1\n", "@login_required\ndef page():\n    return 1\n"),
        (
            "test-route",
            "weak",
            "if app.debug:\n    app.add_url_rule('/state', view_func=state)\n",
            "app.add_url_rule('/state', view_func=state)\n",
        ),
        (
            "mutable-state",
            "strong",
            "class Notes(MethodView):\n    seen = []\n    def get(self):\n        self.seen.append(1)\n",
            "class Notes(MethodView):\n    seen = ()\n    def get(self):\n        self.own = []\n        self.own.append(1)\n",
        ),
        (
            "mutable-state",
            "strong",
            "class Notes(View):\n    def get(self, request):\n        Notes.who = request.user\n",
            "class Notes(View):\n    def get(self, request):\n        self.who = request.user\n",
        ),
        (
            "raw-column",
            "strong",
            "from sqlalchemy_utils import StringEncryptedType\nclass A(Base):\n    card = Column(StringEncryptedType(String, key))\n",
            """
            from sqlalchemy_utils import StringEncryptedType
            class A(Base):
                card = Column(StringEncryptedType(String, key, AesGcmEngine))
            """,
        ),
        (
            "raw-column",
            "weak",
            "class Patient(Model):\n    iban = CharField(max_length=40)\n",
            "class Patient(Model):\n    iban = EncryptedCharField(max_length=40)\n    title = CharField(max_length=40)\n",
        ),
        (
            "unmarked-field",
            "weak",
            "class Patient(Base):\n    phone = mapped_column(String)\n",
            """
            class Patient(Base):
                phone = mapped_column(String, info={'classification': 'personal'})
                colour = mapped_column(String)
            """,
        ),
        (
            "taint-cast",
            "strong",
            "from typing import cast\ndef show(name):\n    return cast(Markup, f'<b>{name}</b>')\n",
            "from typing import cast\ndef show(name):\n    return cast(str, name)\n",
        ),
        (
            "sanitise-order",
            "strong",
            "import markdown, nh3\ndef show(text):\n    return markdown.markdown(nh3.clean(text))\n",
            "import markdown, nh3\ndef show(text):\n    return nh3.clean(markdown.markdown(text))\n",
        ),
        (
            "bytes",
            "weak",
            "import ctypes\ndef read(at):\n    return ctypes.string_at(at)\n",
            "import ctypes\nL = ctypes.CDLL('libm.so.6')\n",
        ),
        (
            "regex-backtracking",
            "strong",
            "import re\nNAMES = re.compile(r'^(\\w+\\s?)+$')\n",
            "import re\nNAMES = re.compile(r'^\\w+(?:\\s\\w+)*$')\n",
        ),
    ],
    ids=["view", "decorator", "switch", "list", "attribute", "engine", "plain", "unmarked", "cast", "order", "foreign", "regex"],
)
def test_tells_what_a_module_leaves_open(looked, kind, strength, bad, safe):
    """What is wrong is told once, with its strength; what does the same rightly is not."""
    assert [flow.strength.value for flow in looked(bad, kind)] == [strength]
    assert not looked(safe, kind)


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        ("other = seen\n    other.append(1)", True),
        ("if True:\n        seen = list(seen)\n    seen.append(1)", True),
        ("seen = list(seen)\n    seen.append(1)", False),
        ("if not seen:\n        seen = []\n    seen.append(1)", False),
        ("return list(seen)", False),
    ],
)
def test_a_default_is_told_where_it_is_changed_under_any_name(looked, body, is_told):
    """A copy is made in time, or it is made for nothing."""
    assert bool(looked(f"def note(seen=[]):\n    {body}\n", "mutable-state")) is is_told


def test_a_form_of_all_fields_is_strong_where_the_model_has_privileges(looked):
    """A field is_staff in a form makes everybody staff."""
    model = "class User(Model):\n    is_staff = BooleanField()\n    name = CharField()\n"
    form = """
        from django.forms import ModelForm
        from shop.models import User
        class UserForm(ModelForm):
            class Meta:
                model = User
                fields = {fields}
        """
    files = {"shop/__init__.py": "", "shop/models.py": model}
    found = looked({**files, "shop/forms.py": dedent(form).format(fields='"__all__"')}, "bind")
    assert [(flow.strength.value, flow.place.line) for flow in found] == [("strong", 7)]
    assert not looked({**files, "shop/forms.py": dedent(form).format(fields='["name"]')}, "bind")


def test_a_form_of_all_fields_of_a_plain_model_is_weak(looked):
    """Nothing in it decides what somebody may do, today."""
    text = """
        from django.forms import ModelForm
        class Note(Model):
            text = CharField()
        class NoteForm(ModelForm):
            class Meta:
                model = Note
                exclude = []
        """
    assert [flow.strength.value for flow in looked(text, "bind")] == ["weak"]


def test_a_schema_that_takes_more_than_it_declares_is_told(looked):
    """Where it is the body of a request and knows of roles, an extra field is one step from a role."""
    text = """
        from pydantic import BaseModel, ConfigDict
        class Account(BaseModel):
            model_config = ConfigDict(extra="{extra}")
            name: str
            role: str = "reader"
        """
    body = (Handler(function="app.make", path="/", methods=("POST",), brought={"account": Brought(source="body", type="app.Account")}),)
    assert [flow.strength.value for flow in looked(dedent(text).format(extra="allow"), "bind", body)] == ["strong"]
    assert [flow.strength.value for flow in looked(dedent(text).format(extra="allow"), "bind")] == ["weak"]
    assert not looked(dedent(text).format(extra="forbid"), "bind", body)


# -- what is surely wrong, because the project itself does it rightly beside -----------------------------------------


def _routes(*functions: str, path: str = "/notes", asks: tuple[str, ...] = ()) -> tuple[Handler, ...]:
    return tuple(
        Handler(
            function=f"app.{name}",
            path=f"{path}/{name}/{{note_id}}",
            methods=("GET",),
            brought={"note_id": Brought(source="path")},
            authenticated_by=asks,
            framework="flask",
        )
        for name in functions
    )


@pytest.mark.parametrize(
    "beside",
    [
        "return Note.query.filter_by(owner=me).all()",
        "return session.scalars(select(Note).where(Note.owner_id == me.id)).all()",
        "return get_object_or_404(Note, owner=request.user)",
    ],
)
def test_a_load_is_strong_where_another_handler_asks_for_the_owner(looked, beside):
    """Whoever wrote the list knew whose notes they are; the same list of another model says nothing of notes."""
    text = f"def mine(note_id):\n    {beside}\ndef note(note_id):\n    return show(Note.query.get(note_id))\n"
    handlers = _routes("mine", "note")
    assert [(one.strength.value, one.place.line) for one in looked(text, "unscoped-load", handlers)] == [("strong", 4)]
    assert [one.strength.value for one in looked(text.replace("Note.query.get", "Word.query.get"), "unscoped-load", handlers)] == ["weak"]
    assert not looked(text.replace("get(note_id)", "filter_by(owner=me).get(note_id)"), "unscoped-load", handlers)


CHIEF = """
def chief(who=Depends(me)):
    if who.DECIDES:
        raise HTTPException(403)
    return who
def mine():
    return show(Note.query.filter_by(owner_id=me.id).all())
def note(note_id, who=Depends(chief)):
    return show(Note.query.get(note_id))
"""


@pytest.mark.parametrize(
    ("decides", "is_told"), [("role != 'chief'", False), ("is_admin is False", False), ("name is None", True), ("is_locked", True)]
)
def test_what_only_a_role_may_ask_for_is_nobodys_own(looked, decides, is_told):
    """A dependency that refuses by role, whatever its name, is the rule of the route; one that asks only who is there is none."""
    handlers = (*_routes("mine"), *_routes("note", asks=("chief",)))
    found = looked(CHIEF.replace("DECIDES", decides), "unscoped-load", handlers)
    assert [one.strength.value for one in found] == ["strong"] * is_told


@pytest.mark.parametrize(
    ("loads", "is_told"),
    [
        ("Note.query.filter_by(id=note_id, customer_id=g.customer.id).first_or_404()", False),
        ("Note.query.filter_by(id=note_id, customer_id=int(g.customer.id)).first_or_404()", False),
        ('Note.query.filter_by(id=note_id, customer_id=request.args["customer"]).first_or_404()', True),
        ('Note.query.filter_by(id=note_id, customer_id=int(request.form.get("customer"))).first_or_404()', True),
        ("Note.query.filter(Note.id == note_id, Note.patient_id == g.patient.id).one()", False),
        ("Note.query.filter_by(customer_id=note_id).first_or_404()", True),
        ("Note.query.filter(Note.customer_id == note_id).first_or_404()", False),
        ("Note.query.get(note_id)", True),
    ],
)
def test_a_column_of_its_owner_scopes_a_load_whatever_people_are_called(looked, loads, is_told):
    """Against a critical finding at the very handler that others are measured by; an owner whom the address names is nobody who asks."""
    text = "def mine():\n    return show(Note.query.filter_by(customer_id=g.customer.id).all())\n"
    text += f"def note(note_id):\n    return show({loads})\n"
    assert [one.strength.value for one in looked(text, "unscoped-load", _routes("mine", "note"))] == ["strong"] * is_told


@pytest.mark.parametrize(
    ("asks", "is_told"),
    [
        ("found.customer_id != g.customer.id", False),
        ("found.patient_id != patient.id", False),
        ("found.patient is None", True),
        ("found.shelf != place.shelf", True),
    ],
)
def test_an_owner_that_is_compared_is_asked_whatever_people_are_called(looked, asks, is_told):
    """A row whose owner is not who asks is turned away; that there is one, and where it stands, asks nobody."""
    text = "def mine():\n    return show(Note.query.filter_by(customer_id=g.customer.id).all())\n"
    text += f"def note(note_id):\n    found = Note.query.get(note_id)\n    if {asks}:\n        abort(404)\n    return show(found)\n"
    assert [one.strength.value for one in looked(text, "unscoped-load", _routes("mine", "note"))] == ["strong"] * is_told


def test_a_decorator_that_only_tells_roles_apart_refuses_nobody(looked):
    """The safe twin shows the refusal: without it the row is still anybody's."""
    text = "def marked(view):\n    def inner(note_id):\n        if g.user.role == 'chief':\n            END\n        return view(note_id)\n"
    text += "    return inner\ndef mine():\n    return show(Note.query.filter_by(owner_id=me.id).all())\n"
    text += "@marked\ndef note(note_id):\n    return show(Note.query.get(note_id))\n"
    handlers = _routes("mine", "note")
    assert [one.strength.value for one in looked(text.replace("END", "count(1)"), "unscoped-load", handlers)] == ["strong"]
    assert not looked(text.replace("END", "abort(403)"), "unscoped-load", handlers)


def test_a_rule_inside_an_office_is_strong_where_others_state_theirs_on_the_route(looked):
    """Where no route of the module states one, it is listed."""
    text = "def all_of(note_id):\n    if current_user.role == 'clerk':\n        return some()\ndef other(note_id):\n    return 1\n"
    office, ruled = _routes("all_of", path="/admin"), _routes("other", asks=("requires_role",))
    assert [one.strength.value for one in looked(text, "inline-rule", (*office, *ruled))] == ["strong"]
    assert [one.strength.value for one in looked(text, "inline-rule", office)] == ["weak"]


@pytest.mark.parametrize(
    ("bad", "safe"),
    [
        ("app.config['LOGIN_DISABLED'] = True\n", "app.config['LOGIN_DISABLED'] = False\n"),
        (
            "app.dependency_overrides[current_user] = lambda: somebody\n",
            "def test_it():\n    app.dependency_overrides[current_user] = lambda: somebody\n",
        ),
        ("@login_exempt\ndef everything(note_id):\n    return 1\n", "@login_required\ndef everything(note_id):\n    return 1\n"),
    ],
    ids=["flask-login", "fastapi", "office"],
)
def test_a_login_that_is_switched_off_is_strong(looked, bad, safe):
    """A switch that was made for tests stands in what is shipped, or an office is taken out of the login."""
    office = _routes("everything", path="/admin")
    assert [one.strength.value for one in looked(bad, "auth-optional", office)] == ["strong"]
    assert not looked(safe, "auth-optional", office)


def test_a_login_that_is_off_on_a_developers_machine_is_left_alone(looked):
    """Settings for development serve nobody else."""
    assert not looked({"settings_dev.py": "LOGIN_DISABLED = True\n"}, "auth-optional")


def test_a_field_is_strong_where_the_field_beside_it_is_marked(looked):
    """Whoever classified the phone number has forgotten the diagnosis; a number of a phone beside it is only listed."""
    marked = "    phone = mapped_column(String, info={'classification': 'personal'})\n"
    text = "class Patient(Base):\n{}    diagnosis = mapped_column(String)\n"
    assert [one.strength.value for one in looked(text.format(marked), "unmarked-field")] == ["strong"]
    assert [one.strength.value for one in looked(text.format(""), "unmarked-field")] == ["weak"]
    assert [one.strength.value for one in looked(text.format(marked).replace("diagnosis", "email"), "unmarked-field")] == ["weak"]


@pytest.mark.parametrize(
    ("bad", "safe"),
    [
        ("claims = {'sub': 1, 'exp': now() + timedelta(days=3650)}\n", "claims = {'sub': 1, 'exp': now() + timedelta(minutes=15)}\n"),
        ("claims['exp'] = int((now() + timedelta(weeks=52)).timestamp())\n", "claims['exp'] = now() + LIFETIME\n"),
        ("JWT_ACCESS_TOKEN_EXPIRES = False\n", "JWT_ACCESS_TOKEN_EXPIRES = timedelta(minutes=5)\n"),
        ("app.config['JWT_ACCESS_TOKEN_EXPIRES'] = timedelta(days=365)\n", "app.config['JWT_ACCESS_TOKEN_EXPIRES'] = 900\n"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES = 60 * 24 * 365\n", "ACCESS_TOKEN_EXPIRE_MINUTES = 60 * 24 * 8\n"),
        ("SIMPLE_JWT = {'ACCESS_TOKEN_LIFETIME': timedelta(days=400)}\n", "SIMPLE_JWT = {'ACCESS_TOKEN_LIFETIME': timedelta(minutes=5)}\n"),
        (
            "def login(me):\n    return create_access_token(me, expires_delta=False)\n",
            "def login(me):\n    return create_access_token(me)\n",
        ),
    ],
    ids=["claim", "claim set", "never", "config", "minutes", "mapping", "call"],
)
def test_a_token_that_lasts_is_told(looked, bad, safe):
    """A constant above three months, or never; what is computed elsewhere, and an expiry of other things, is left alone."""
    assert [one.strength.value for one in looked(bad, "jwt-no-expiry")] == ["strong"]
    assert not looked(safe, "jwt-no-expiry")


@pytest.mark.parametrize(
    ("bad", "safe"),
    [
        ("return requests.get(PRICES).text", "return requests.get(PRICES, timeout=5).text"),
        ("return requests.get(PRICES, timeout=None).text", "return requests.get(PRICES, **options).text"),
        ("return urlopen(PRICES).read()", "return urlopen(PRICES, None, 5).read()"),
        ("return httpx.get(PRICES, timeout=None).text", "return httpx.get(PRICES).text"),
    ],
    ids=["none given", "none", "urlopen", "httpx"],
)
def test_a_handler_that_waits_for_ever_is_told(looked, bad, safe):
    """httpx has a bound of its own, requests has none; outside of a handler nobody waits."""
    text = "import httpx, requests\nfrom urllib.request import urlopen\ndef price(note_id):\n    {}\n"
    assert [one.strength.value for one in looked(text.format(bad), "no-timeout", _routes("price"))] == ["strong"]
    assert not looked(text.format(safe), "no-timeout", _routes("price"))
    assert not looked(text.format(bad), "no-timeout")


def test_a_call_that_is_tried_for_ever_is_told(looked):
    """tenacity's decorator alone never gives up."""
    text = "import requests\nfrom tenacity import retry, stop_after_attempt\n{}\ndef price():\n    return requests.get(PRICES, timeout=5)\n"
    assert [one.strength.value for one in looked(text.format("@retry"), "no-timeout")] == ["strong"]
    assert not looked(text.format("@retry(stop=stop_after_attempt(3))"), "no-timeout")


@pytest.mark.parametrize(("owner", "is_told"), [("int(note_id)", True), ("g.customer.id", False), ("find(note_id).id", False)])
def test_an_owner_whom_the_address_names_is_nobody_who_asks_under_another_name_either(looked, owner, is_told):
    """Against a pass for everybody's notes by a number that was only turned; what is looked up by it may be who asks."""
    text = "def mine():\n    return show(Note.query.filter_by(customer_id=g.customer.id).all())\n"
    text += f"def note(note_id):\n    one = {owner}\n"
    text += "    return show(Note.query.filter_by(id=note_id, customer_id=one).first())\n"
    assert [one.strength.value for one in looked(text, "unscoped-load", _routes("mine", "note"))] == ["strong"] * is_told
