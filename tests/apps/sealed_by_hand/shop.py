"""A shop that never heard of ringwork: it remembers what was looked at in a cookie, sealed by hand in one app and by Fernet in the other.

By hand: HMAC, then AES-CBC over both, as SSL 3 did it. A wrong padding raises and becomes a 500, a wrong tag starts anew.
"""

import base64
import hashlib
import hmac
import os

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from flask import Flask, make_response, request

KEY = os.urandom(32)
FERNET = Fernet(Fernet.generate_key())


def seal(text):
    tagged = hmac.new(KEY, text, hashlib.sha256).digest() + text
    padder = padding.PKCS7(128).padder()
    iv = os.urandom(16)
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + encryptor.update(padder.update(tagged) + padder.finalize()) + encryptor.finalize()).decode()


def unseal(value):
    raw = base64.b64decode(value)
    decryptor = Cipher(algorithms.AES(KEY), modes.CBC(raw[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    tagged = unpadder.update(decryptor.update(raw[16:]) + decryptor.finalize()) + unpadder.finalize()
    if not hmac.compare_digest(tagged[:32], hmac.new(KEY, tagged[32:], hashlib.sha256).digest()):
        return None
    return tagged[32:]


def unseal_fernet(value):
    try:
        return FERNET.decrypt(value.encode())
    except InvalidToken:
        return None


def make_app(close, open_):
    app = Flask(__name__)

    @app.get("/")
    def home():
        seen = open_(request.cookies["seen"]) if "seen" in request.cookies else None
        return f"<p>You looked at {seen.decode()}</p>" if seen else "<p>Welcome</p>"

    @app.get("/tea")
    def tea():
        answer = make_response("<p>Tea</p>")
        answer.set_cookie("seen", close(b"a pound of green tea from the hills"))
        return answer

    return app


app = make_app(seal, unseal)
sound = make_app(lambda text: FERNET.encrypt(text).decode(), unseal_fernet)
