"""Uses of cryptography are read from a project's text, by name, file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey import algorithms

FOUND = {
    "import hashlib\nhashlib.md5(b'')": "MD5",
    "import hashlib as h\nh.sha1(b'')": "SHA-1",
    "from hashlib import sha256\nsha256(b'')": "SHA-256",
    "import hashlib\nhashlib.new('md5')": "MD5",
    "import hashlib\nhashlib.new(name)": "computed",
    "import hashlib\nhashlib.pbkdf2_hmac('sha1', p, s, 9)": "PBKDF2",
    "import hmac, hashlib\nhmac.new(k, m, hashlib.sha1)": "HMAC-SHA-1",
    "import hmac\nhmac.digest(k, m, 'sha256')": "HMAC-SHA-256",
    "import hmac\nhmac.new(k, m, digestmod=chosen)": "HMAC-computed",
    "from cryptography.hazmat.primitives.ciphers import modes\nmodes.ECB()": "AES-ECB",
    "from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES\nTripleDES(k)": "3DES",
    "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\nAESGCM(k)": "AES-GCM",
    "from cryptography.hazmat.primitives.asymmetric import rsa\nrsa.generate_private_key(65537, 2048)": "RSA-2048",
    "from cryptography.hazmat.primitives.asymmetric import rsa\nrsa.generate_private_key(public_exponent=3, key_size=n)": "RSA-computed",
    "from cryptography.hazmat.primitives.asymmetric import padding\npadding.PKCS1v15()": "RSA-PKCS1v15",
    "from Crypto.Cipher import DES\nDES.new(k, DES.MODE_ECB)": "AES-ECB",
    "import jwt\njwt.encode({}, k, algorithm='HS256')": "HMAC-SHA-256",
    "import jwt\njwt.decode(t, k, algorithms=['ES256', 'none'])": "none",
    "from ringwork.crypto import sealing\nsealing.Cipher(k, kid=1, table='t', column='c')": "AES-256-GCM-SIV",
    "from ringwork.crypto.passwords import hash_password\nhash_password(p)": "Argon2id",
}


@pytest.mark.parametrize("text", FOUND)
def test_finds_a_use_by_its_own_name(text: str) -> None:
    """However it is imported; what is made at run time is said to be."""
    assert FOUND[text] in {use.algorithm for use in algorithms.in_source(text, "app.py")}


@pytest.mark.parametrize(
    "text", ["def md5(x): ...\nmd5(b'')", "self.sha1()", "import hashlib\nhashlib.algorithms_available", "not python ("]
)
def test_finds_no_use_in_names_alone(text: str) -> None:
    """A function of the project's own, an attribute of something else, a list of names."""
    assert algorithms.in_source(text, "app.py") == []


def test_reads_a_project_without_its_tests(tmp_path: Path) -> None:
    """What only a test hashes protects nobody; file and line lead to the place."""
    for name in ("shop/keys.py", "tests/keys.py", "shop/test_keys.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("import hashlib\n\nhashlib.md5(b'')\n")
    (found,) = algorithms.uses(tmp_path)
    assert (found.file, found.line, found.call) == ("shop/keys.py", 3, "hashlib.md5")
