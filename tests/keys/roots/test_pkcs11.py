"""A root key in a real SoftHSM2, which cannot be taken out of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pkcs11
import pytest

from ringwork.errors import ExtraMissing, KeyRefused, KeyUnavailable
from ringwork.frozen import replace
from ringwork.keys.root import require_wrapping
from ringwork.keys.roots.pkcs11 import Pkcs11Root, Pkcs11Settings
from ringwork.secret import Secret

KEY = Secret(bytes(range(32)))
PIN = "loopback-only"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pkcs11Settings]:
    """A token of its own with a key that stays inside, and one that does not."""
    module = next((path for path in MODULES if Path(path).exists()), "")
    if not module or shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 is not installed; ./run setup-system")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    words = ["--init-token", "--free", "--label", "clinic", "--pin", PIN, "--so-pin", "officer-only"]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    library = pkcs11.lib(module)
    library.reinitialize()
    with library.get_token(token_label="clinic").open(user_pin=PIN, rw=True) as session:
        inside = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
        session.generate_key(pkcs11.KeyType.AES, 256, label="ringwork", store=True, template=inside)
        loose = {pkcs11.Attribute.EXTRACTABLE: True, pkcs11.Attribute.SENSITIVE: False}
        session.generate_key(pkcs11.KeyType.AES, 256, label="loose", store=True, template=loose)
        session.generate_key(pkcs11.KeyType.AES, 128, label="short", store=True, template=inside)
    yield Pkcs11Settings(module=module, token="clinic", key="ringwork", pin=Secret(PIN))
    pkcs11.unload(module)
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def opened(softhsm: Pkcs11Settings) -> Iterator[Callable[..., Pkcs11Root]]:
    """Roots by changes of the settings; their sessions end with the test, since a login is the whole process's."""
    made: list[Pkcs11Root] = []

    def make(**changed: object) -> Pkcs11Root:
        made.append(Pkcs11Root(replace(softhsm, **changed)))
        return made[-1]

    yield make
    for root in made:
        root.close()


@pytest.mark.real
def test_wraps_inside_and_gives_back(opened: Callable[..., Pkcs11Root]) -> None:
    """The key comes back in its row alone, unaltered alone, also by another session."""
    root = opened()
    require_wrapping(root)
    wrapped = root.wrap(KEY, bound=b"row")
    assert opened().unwrap(wrapped, bound=b"row") == KEY
    assert root.wrap(KEY, bound=b"row") != wrapped
    for bad, bound in ((wrapped, b"other"), (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"row"), (wrapped[:20], b"row"), (b"", b"row")):
        with pytest.raises(KeyRefused, match="does not open it"):
            root.unwrap(bad, bound=bound)
    assert root.unwrap(wrapped, bound=b"row") == KEY


@pytest.mark.real
def test_the_root_cannot_be_read(opened: Callable[..., Pkcs11Root]) -> None:
    """Neither by us nor by whoever takes the application over: the module refuses."""
    root = opened()
    root.wrap(KEY, bound=b"row")
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        root._key[pkcs11.Attribute.VALUE]


@pytest.mark.real
@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"key": "loose"}, "can be taken out"),
        ({"key": "short"}, "no AES key of 256"),
        ({"key": "none"}, "no single secret key none"),
        ({"token": "none"}, "no single token none"),
        ({"pin": Secret("wrong")}, "does not take this PIN"),
        ({"module": "/none.so"}, "cannot be loaded"),
    ],
)
def test_refuses_what_is_set_up_wrongly(opened: Callable[..., Pkcs11Root], changed: dict[str, object], problem: str) -> None:
    """Each says what to change, and no PIN."""
    with pytest.raises(KeyUnavailable, match=problem) as refused:
        require_wrapping(opened(**changed))
    assert PIN not in str(refused.value)


@pytest.mark.real
def test_a_forked_child_opens_a_session_of_its_own(softhsm: Pkcs11Settings) -> None:
    """Workers of a server that imports the application first go on with the same root."""
    script = """
import os, sys
from ringwork.keys.roots.pkcs11 import Pkcs11Root, Pkcs11Settings
from ringwork.secret import Secret
key = Secret(bytes(32))
root = Pkcs11Root(Pkcs11Settings(module=sys.argv[1], token="clinic", key="ringwork", pin=Secret(sys.argv[2])))
wrapped = root.wrap(key, bound=b"row")
if os.fork() == 0:
    os._exit(0 if root.unwrap(wrapped, bound=b"row") == key else 3)
_, status = os.wait()
sys.exit(os.waitstatus_to_exitcode(status) or root.unwrap(wrapped, bound=b"row") != key)
"""
    done = subprocess.run([sys.executable, "-c", script, softhsm.module, PIN], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without python-pkcs11 the message says what to install."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(ExtraMissing, match=r"ringwork\[pkcs11\]"):
        Pkcs11Root(Pkcs11Settings(module="m", token="t", key="k", pin=Secret("p")))
