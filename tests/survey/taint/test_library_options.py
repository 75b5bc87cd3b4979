"""What a call is given beside the text decides whether it is dangerous: options, parsers, contexts and lists, each beside its safe twin."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.flows import Strength
from ringwork.survey.taint import analysis

HEAD = """
import io, os, socket, ssl, subprocess, tarfile, zipfile
import xml.dom.minidom, xml.sax
from configparser import ConfigParser
from email.message import EmailMessage
from email.mime.text import MIMEText
from xml.sax.handler import feature_external_ges

import jwt, requests, yaml
from flask import Flask, request
from distributed.security import Security
from aiohttp import web
from lxml import etree
from mako.lookup import TemplateLookup
from mako.template import Template
from multiprocessing.connection import Listener
from pathlib import Path
from pyramid.authentication import AuthTktCookieHelper

app = Flask(__name__)

@app.route("/read", methods=["POST"])
def read():
    text = request.form["text"]
"""

BAD = {
    "a parser that was told to put in entities": ("etree.fromstring(text, etree.XMLParser(resolve_entities=True))", "xml"),
    "the same parser in a variable": ("parser = etree.XMLParser(resolve_entities=True)\netree.fromstring(text, parser=parser)", "xml"),
    "a feature that is switched on": (
        "parser = xml.sax.make_parser()\nparser.setFeature(feature_external_ges, True)\nxml.dom.minidom.parseString(text, parser)",
        "xml",
    ),
    "an archive that is taken out as it is": ('tarfile.open(fileobj=request.files["file"]).extractall("/srv/in")', "archive"),
    "a loader that makes any object": ("yaml.load(text, Loader=yaml.UnsafeLoader)", "deserialise"),
    "a signature that is not checked": ('jwt.decode(text, options={"verify_signature": False})', "jwt-unverified"),
    "a context that takes any name": ("context = ssl.create_default_context()\ncontext.check_hostname = False", "tls-unverified"),
    "a context that checks nothing": ("context = ssl.create_default_context()\ncontext.verify_mode = ssl.CERT_NONE", "tls-unverified"),
    "a session that checks nothing": ("session = requests.Session()\nsession.verify = False", "tls-unverified"),
    "a socket on every interface": ('listener = socket.socket()\nlistener.bind(("0.0.0.0", 80))', "bind-all"),
    "a shell inside a list": ('subprocess.run(["sh", "-c", text])', "command"),
    "the program of a list": ("subprocess.run([text, '-v'])", "argv"),
    "what was written into a buffer": ("buffer = io.StringIO()\nbuffer.write(text)\nos.system(buffer.getvalue())", "command"),
    "the option that was set": ('kept = ConfigParser()\nkept.set("a", "b", text)\nos.system(kept.get("a", "b"))', "command"),
    "a header of an older message": ('mail = MIMEText("hello")\nmail["Subject"] = text', "mail"),
    "a host that is chosen": ('requests.get("https://" + text, timeout=3)', "ssrf"),
    "values of a network device in clear": ('from pysnmp.hlapi import CommunityData\nCommunityData("public")', "cleartext"),
    "a user of a network device without a key": ('from pysnmp.hlapi import UsmUserData\nUsmUserData("reader")', "cleartext"),
    "a name among the names in scope": ("globals()[text]()", "code"),
    "a loader of any object for a file": ('yaml.load(open("settings.yml"), Loader=yaml.Loader)', "loader"),
    "folders that are listed": ('web.static("/files", "/srv", show_index=True)', "debug"),
    "folders that are listed by a router": ('web.Application().router.add_static("/files", "/srv", show_index=True)', "debug"),
    "pages that escape nothing": ('TemplateLookup(directories=["pages"])', "autoescape"),
    "a page that a request writes": ("Template(text)", "template"),
    "a connection that asks for no proof": ('Listener(("localhost", 6000))', "loader"),
    "a socket that is wrapped without a look": ("ssl.wrap_socket(line, cert_reqs=ssl.CERT_NONE)", "tls-unverified"),
    "a path that others may write": ('Path("notes").chmod(0o602)', "permissions"),
    "a cluster that takes connections in clear": ("Security(require_encryption=False)", "cleartext"),
    "a ticket that scripts may read": ("AuthTktCookieHelper(secret=text, secure=True)", "cookie-flags"),
}

SAFE = {
    "a parser that was told to leave entities alone": "etree.fromstring(text, etree.XMLParser(resolve_entities=False))",
    "a feature that is switched off": (
        "parser = xml.sax.make_parser()\nparser.setFeature(feature_external_ges, False)\nxml.dom.minidom.parseString(text, parser)"
    ),
    "an archive that is taken out through the filter": 'tarfile.open(fileobj=request.files["file"]).extractall("/srv/in", filter="data")',
    "a loader of plain values for a file": 'yaml.load(open("settings.yml"), Loader=yaml.SafeLoader)',
    "folders that are not listed": 'web.static("/files", "/srv")',
    "pages that escape": 'TemplateLookup(directories=["pages"], default_filters=["h"])',
    "a page that shows what a request says": 'Template("<b>${name | h}</b>").render(name=text)',
    "a connection that asks for proof": 'Listener(("localhost", 6000), authkey=key)',
    "a path that its owner alone may write": 'Path("notes").chmod(0o644)',
    "a cluster that takes no connection in clear": "Security(require_encryption=True)",
    "a ticket that scripts may not read": "AuthTktCookieHelper(secret=text, secure=True, http_only=True)",
    "a socket that is wrapped with a look": "ssl.create_default_context().wrap_socket(line, server_hostname=name)",
    "a loader of plain values": "yaml.load(text, Loader=yaml.SafeLoader)",
    "a signature that is checked": 'jwt.decode(text, "key", algorithms=["HS256"])',
    "a context that checks": "context = ssl.create_default_context()\ncontext.verify_mode = ssl.CERT_REQUIRED",
    "a session that checks": "session = requests.Session()\nsession.verify = True",
    "a socket on one interface": 'listener = socket.socket()\nlistener.bind(("127.0.0.1", 80))',
    "an argument of a list": 'subprocess.run(["ls", "--", text])',
    "a buffer that was not written to": "buffer = io.StringIO()\nother = io.StringIO()\nother.write(text)\nos.system(buffer.getvalue())",
    "another option": 'kept = ConfigParser()\nkept.set("a", "b", text)\nkept.set("a", "c", "ls")\nos.system(kept.get("a", "c"))',
    "a header of a message that refuses line ends": 'mail = EmailMessage()\nmail["Subject"] = text',
    "a path on a host of our own": 'requests.get("https://shop.example/" + text, timeout=3)',
    "a user of a network device with both keys": 'from pysnmp.hlapi import UsmUserData\nUsmUserData("reader", text, text)',
    "a file that was uploaded": 'zipfile.ZipFile(request.files["file"])',
}


def strong(folder: Path, lines: str) -> set[str]:
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    (folder / "app.py").write_text(f'{HEAD}{body}    return "read"\n', encoding="utf-8")
    return {flow.kind for flow in analysis.analyse(folder).flows if flow.strength is Strength.STRONG}


@pytest.mark.parametrize("name", BAD)
def test_tells_what_the_options_make_dangerous(name: str, tmp_path: Path) -> None:
    """The call and what it is given together are the hole."""
    lines, kind = BAD[name]
    assert kind in strong(tmp_path, lines)


@pytest.mark.parametrize("name", SAFE)
def test_is_silent_where_the_options_make_it_safe(name: str, tmp_path: Path) -> None:
    """The same call as its users are told to write it."""
    assert not strong(tmp_path, SAFE[name])
