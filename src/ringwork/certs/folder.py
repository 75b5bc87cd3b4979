"""Where `ringwork certs` keeps its authority, what it issued, and the list of what was revoked: one folder, for its owner alone.

Against keys that others can read, that are half written when a server looks, or that end in a repository: keys are made with mode
0600 in a folder of 0700 outside the project, and a file is replaced whole or not at all.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ringwork.clock import SYSTEM_CLOCK, Clock
from ringwork.crypto import authority, certificates
from ringwork.crypto.authority import LEAF_DAYS, Pair, Revoked
from ringwork.errors import CertificateUnusable
from ringwork.frozen import Frozen, replace
from ringwork.secret import Secret

FORMAT = "ringwork.certs/1"
CERTIFICATE, KEY, LIST, INDEX = "authority.pem", "authority.key", "revoked.pem", "issued.json"

_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_ADDRESS = re.compile(r"spiffe://[a-z0-9._-]+/[A-Za-z0-9._/-]+")
_LONGEST = 253


class Issued(Frozen):
    """A certificate that was issued. stem: of its files, STEM.pem and STEM.key. revoked_at: seconds since 1970 UTC, 0 for never."""

    stem: str
    serial: str
    names: tuple[str, ...]
    client: bool
    not_after: float
    revoked_at: float = 0.0


def default_place() -> Path:
    """Outside every project, so that no key is committed or copied into an image."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "ringwork" / "certs"


class Folder:
    """The folder. Its methods raise CertificateUnusable with what to do instead."""

    def __init__(self, place: Path, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.place, self.clock = place, clock

    @property
    def authority_file(self) -> Path:
        """What clients are told to trust."""
        return self.place / CERTIFICATE

    @property
    def list_file(self) -> Path:
        """The list of what was revoked, for servers and clients that look at it."""
        return self.place / LIST

    def begin(self, *, permit: Sequence[str] = (), anew: bool = False) -> None:
        """Make the authority. permit: domains, and networks in CIDR, that it may sign for beside the local ones.

        anew: in place of the one that is there, whose certificates are then worth nothing.
        """
        if self.authority_file.exists() and not anew:
            raise CertificateUnusable(f"{self.place} holds an authority already; make another one in its place with --anew")
        networks = [text for text in permit if _is_network(text)]
        domains = [_required_host(text) for text in permit if text not in networks]
        made = authority.make_authority(now=self.clock.now(), domains=domains, networks=networks)
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Against a folder that was there with the rights of others.
        self.place.chmod(0o700)
        for one in self.issued():
            for file in self.files(one):
                file.unlink(missing_ok=True)
        self._put(made, self.place / CERTIFICATE, self.place / KEY)
        self._keep((), number=1, made=made)

    def issue(self, names: Sequence[str], *, days: int = LEAF_DAYS, client: bool = False) -> Issued:
        """A new certificate with its key. One for the same first name is replaced, and stays valid until it is revoked or ends."""
        wanted = tuple(_required_name(name) for name in names)
        if not 0 < days <= LEAF_DAYS:
            raise CertificateUnusable(f"{days} days: write 1 to {LEAF_DAYS}; a certificate is renewed with `ringwork certs renew`")
        made = authority.issue(self._authority(), wanted, now=self.clock.now(), days=days, client=client)
        read = certificates.read_chain(made.certificate)[0]
        stem = _stem(wanted[0]) + ("-client" if client else "")
        one = Issued(stem=stem, serial=read.serial, names=wanted, client=client, not_after=read.not_after)
        self._put(made, *self.files(one))
        kept = tuple(old for old in self.issued() if old.stem != stem or old.revoked_at)
        self._keep((*kept, one))
        return one

    def renew(self, name: str) -> Issued:
        """A new certificate and key in the files of the one that is there, revoked or not; servers that watch them take it up."""
        old = self.find(name, revoked=True)
        return self.issue(old.names, client=old.client)

    def revoke(self, name: str) -> Issued:
        """Put a certificate on the list. Its files stay, so that a refusal can be seen."""
        old = self.find(name)
        revoked = replace(old, revoked_at=self.clock.now())
        self._keep(tuple(revoked if one.serial == old.serial else one for one in self._all()))
        return revoked

    def relist(self) -> None:
        """Sign the list of what was revoked again, with a later end."""
        self._keep(self._all())

    def issued(self) -> tuple[Issued, ...]:
        """What was issued, oldest first; those that were replaced and not revoked are not kept."""
        return tuple(self._all())

    def find(self, name: str, *, revoked: bool = False) -> Issued:
        """The certificate in use whose stem or name this is; with `revoked` the newest one, whether in use or not."""
        live = [one for one in self._all() if revoked or not one.revoked_at]
        for one in reversed(live):
            if name == one.stem or name.lower() in one.names:
                return one
        known = ", ".join(one.stem for one in live) or "none"
        raise CertificateUnusable(f"no certificate in use is for {name[:80]}; there are: {known}")

    def files(self, one: Issued) -> tuple[Path, Path]:
        """Certificate and key."""
        return self.place / f"{one.stem}.pem", self.place / f"{one.stem}.key"

    def _authority(self) -> Pair:
        try:
            key = Secret((self.place / KEY).read_bytes())
            return Pair(certificate=self.authority_file.read_bytes(), key=key)
        except OSError as error:
            raise CertificateUnusable(f"{self.place} holds no authority; make one with: ringwork certs ca") from error

    def _index(self) -> dict[str, Any]:
        try:
            found = json.loads((self.place / INDEX).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"format": FORMAT, "number": 0, "issued": []}
        except (OSError, ValueError) as error:
            raise CertificateUnusable(f"{self.place / INDEX} cannot be read; begin again with: ringwork certs ca --anew") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise CertificateUnusable(f"{self.place / INDEX} is of another release; begin again with: ringwork certs ca --anew")
        return found

    def _all(self) -> list[Issued]:
        return [Issued(**{**row, "names": tuple(row["names"])}) for row in self._index()["issued"]]

    def _keep(self, issued: Sequence[Issued], *, number: int = 0, made: Pair | None = None) -> None:
        number = number or int(self._index()["number"]) + 1
        revoked = [Revoked(serial=one.serial, at=one.revoked_at) for one in issued if one.revoked_at]
        listed = authority.revocation_list(made or self._authority(), revoked, number=number, now=self.clock.now())
        rows = [
            {
                "stem": one.stem,
                "serial": one.serial,
                "names": list(one.names),
                "client": one.client,
                "not_after": one.not_after,
                "revoked_at": one.revoked_at,
            }
            for one in issued
        ]
        _write(self.list_file, listed, mode=0o644)
        _write(self.place / INDEX, json.dumps({"format": FORMAT, "number": number, "issued": rows}, indent=1).encode(), mode=0o600)

    @staticmethod
    def _put(made: Pair, certificate: Path, key: Path) -> None:
        # A server that looks between the two finds a pair that does not fit, and keeps what it has.
        _write(key, made.key.reveal(), mode=0o600)
        _write(certificate, made.certificate, mode=0o644)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Replace a file whole. Against a key that is readable for a moment: it has its mode before it has content."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(made, mode)
        with open(made, "wb", closefd=True) as file:  # noqa: PTH123  # by its descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _required_name(name: str) -> str:
    if _ADDRESS.fullmatch(name):
        return name
    text = name.strip("[]")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return _required_host(name)


def _required_host(name: str) -> str:
    text = name.lower().rstrip(".")
    if len(text) > _LONGEST or not _HOST.fullmatch(text):
        raise CertificateUnusable(f"{name[:80]!r} is no host name, address or spiffe:// name; write for example shop.test or 127.0.0.1")
    return text


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _stem(name: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "_", name.lower().removeprefix("spiffe://").replace("*", "any")).strip(".")
