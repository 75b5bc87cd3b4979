"""Keys are found by where they go, whatever they are called."""

from __future__ import annotations

import pytest

BAD = [
    (
        {"app.py": "import jwt\nKEY = 'not a secret name at all'\n\n\ndef make(user):\n    return jwt.encode({'sub': user}, KEY)\n"},
        "app.py",
        2,
    ),
    ({"app.py": "import jwt\n\n\ndef make(user):\n    return jwt.decode(user, 'written here', algorithms=['HS256'])\n"}, "app.py", 5),
    ({"app.py": "import hmac\n\n\ndef sign(data):\n    return hmac.new(b'written here', data, 'sha256')\n"}, "app.py", 5),
    (
        {
            "app.py": "from itsdangerous import Signer\nimport conf\n\n\ndef make():\n    return Signer(conf.SIGNING)\n",
            "conf.py": "SIGNING = 'in another module'\n",
        },
        "conf.py",
        1,
    ),
    ({"app.py": "from jose import jwt\nA = 'one'\nB = A + ' and two'\n\n\ndef make(x):\n    return jwt.encode(x, key=B)\n"}, "app.py", 3),
]
BAD += [
    ({"app.py": "from Crypto.Cipher import AES\n\n\ndef seal(iv):\n    return AES.new(b'a' * 16, AES.MODE_CFB, iv)\n"}, "app.py", 5),
    (
        {
            "app.py": "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\nCOVER = b'written here for all'\n"
            "\n\ndef seal():\n    return AESGCM(COVER)\n"
        },
        "app.py",
        2,
    ),
]
SAFE = [
    "from Crypto.Cipher import AES\n\n\ndef seal(key, iv):\n    return AES.new(key, AES.MODE_GCM, iv)\n",
    "import jwt, os\nKEY = os.environ['KEY']\n\n\ndef make(user):\n    return jwt.encode({'sub': user}, KEY)\n",
    "import jwt\n\n\ndef make(user, key):\n    return jwt.encode({'sub': user}, key)\n",
    "import jwt\nKEY = '-----BEGIN PUBLIC KEY-----\\nMFkw'\n\n\ndef read(token):\n    return jwt.decode(token, KEY)\n",
    "import jwt\n\n\ndef read(token):\n    return jwt.decode(token, '', options={'verify_signature': True})\n",
]


@pytest.mark.parametrize(("files", "file", "line"), BAD)
def test_tells_a_key_where_it_is_written(looked, files, file, line):
    """Once, at the line that has to change; its value is not told."""
    (flow,) = looked(files, "secret")
    assert (flow.place.file, flow.place.line, flow.strength) == (file, line, "strong")
    assert not any(word in flow.detail for word in ("not a secret", "written here", "another module", "and two"))


def test_tells_an_empty_key_as_one_that_is_too_short(looked):
    """It is no secret that has to be changed, and no key either."""
    text = "from Crypto.Cipher import AES\n\n\ndef seal(iv):\n    return AES.new('', AES.MODE_CFB, iv)\n"
    assert [(flow.place.line, flow.strength) for flow in looked(text, "weak-key")] == [(5, "strong")]
    assert looked(text, "secret") == []


@pytest.mark.parametrize("text", SAFE)
def test_passes_over_a_key_that_comes_from_elsewhere(looked, text):
    """From the environment, from whoever calls, one that everybody may know, and none at all."""
    assert looked(text, "secret") == []
