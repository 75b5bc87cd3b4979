"""`ringwork certs`: a local authority and certificates for development, and a look at any certificate; nothing of it for production."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ringwork.certs.folder import Folder, Issued, default_place
from ringwork.clock import SYSTEM_CLOCK, as_utc
from ringwork.crypto import certificates
from ringwork.enforce.transport import certificate_lifecycle as lifecycle
from ringwork.errors import CertificateUnusable
from ringwork.policy import files
from ringwork.policy.policy import Mode

FINDINGS, USAGE = 1, 2

Place = Annotated[Path | None, typer.Option("--folder", help="Where authority, certificates and keys are kept.", show_default=False)]
Name = Annotated[str, typer.Argument(help="A name of the certificate, or how its file begins.")]


def ca(
    *,
    permit: Annotated[
        list[str] | None,
        typer.Option(help="A domain, or a network in CIDR, that it may sign for beside localhost, test, example, internal."),
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="In place of the authority that is there.")] = False,
    folder: Place = None,
) -> None:
    """Make a local authority."""
    kept = _folder(folder)
    kept.begin(permit=permit or (), anew=anew)
    print(kept.authority_file)
    print(
        f"It signs for local names alone, for a year. Let clients trust it: SSL_CERT_FILE={kept.authority_file} for Python, "
        "or import it into a browser of development. Never into a server's store.",
        file=sys.stderr,
    )


def issue(
    names: Annotated[list[str], typer.Argument(help="Host names, addresses, and spiffe:// names.")],
    *,
    client: Annotated[bool, typer.Option("--client", help="It is shown by a client.")] = False,
    days: Annotated[int, typer.Option(help="How long it is good.", min=1, max=90)] = 90,
    folder: Place = None,
) -> None:
    """Issue a certificate with a key of its own."""
    kept = _folder(folder)
    _print_files(kept, kept.issue(names, days=days, client=client))


def renew(name: Name, *, folder: Place = None) -> None:
    """Issue a certificate again, into the same files."""
    kept = _folder(folder)
    _print_files(kept, kept.renew(name))


def revoke(name: Name, *, folder: Place = None) -> None:
    """Put a certificate on the list of revoked ones."""
    kept = _folder(folder)
    one = kept.revoke(name)
    print(kept.list_file)
    print(f"{one.stem} (serial {one.serial}) is revoked; whoever reads the list refuses it: --crl for servers and clients", file=sys.stderr)


def relist(*, folder: Place = None) -> None:
    """Sign the list of revoked certificates again, good for 30 days more."""
    kept = _folder(folder)
    kept.relist()
    print(kept.list_file)


def show(
    file: Annotated[Path | None, typer.Argument(help="A certificate in PEM; without it, what was issued here.")] = None,
    *,
    folder: Place = None,
) -> None:
    """Show a certificate, or list what was issued."""
    if file is not None:
        for one in certificates.read_chain(_read(file)):
            print(_described(one))
        return
    kept = Folder(folder or default_place())
    for issued in kept.issued():
        state = "revoked" if issued.revoked_at else "client" if issued.client else "server"
        print("\t".join([issued.stem, state, f"until {as_utc(issued.not_after):%Y-%m-%d}", ", ".join(issued.names)]))


def check(
    file: Annotated[Path, typer.Argument(help="The chain in PEM, as a server is given it.")],
    *,
    key: Annotated[str, typer.Option(help="Its private key in PEM.")] = "",
    host: Annotated[str, typer.Option(help="The name that clients ask for.")] = "",
    production: Annotated[bool, typer.Option("--production", help="Development certificates are faults.")] = False,
) -> None:
    """Look at a certificate and its key: time, name, strength, chain, rights of the key file. Ends with 1 where something is wrong."""
    pair = lifecycle.CertificateFiles(certificate=str(file), key=key)
    found = lifecycle.concerns(pair, now=SYSTEM_CLOCK.now(), host=host)
    for concern in found:
        print(f"{concern.level}: {concern.text}")
    accepted = {lifecycle.Level.WARNING} if production else {lifecycle.Level.WARNING, lifecycle.Level.DEVELOPMENT}
    if any(concern.level not in accepted for concern in found):
        raise typer.Exit(FINDINGS)
    if not found:
        print(f"{file}: valid, strong, in time")


WORDS = (("ca", ca), ("issue", issue), ("renew", renew), ("revoke", revoke), ("relist", relist), ("show", show), ("check", check))


def _folder(place: Path | None) -> Folder:
    """The folder, for whoever changes it. Raises CertificateUnusable in production."""
    # Against a private authority that a production comes to lean on: its key lies on one disk, and nobody watches over it.
    if _is_production():
        raise CertificateUnusable("certs: this is production, and these certificates are for development; have an authority issue them")
    return Folder(place or default_place())


def _is_production() -> bool:
    stated = os.environ.get("RINGWORK_MODE", "")
    if stated:
        return stated == Mode.PRODUCTION
    found = files.find(Path.cwd())
    return found is not None and files.read(found).get("mode") == Mode.PRODUCTION


def _print_files(kept: Folder, one: Issued) -> None:
    certificate, key = kept.files(one)
    print(certificate)
    print(key)
    print(f"for {', '.join(one.names)}, until {as_utc(one.not_after):%Y-%m-%d}; for development alone", file=sys.stderr)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateUnusable(f"{file} cannot be read ({error.strerror}); name a certificate in PEM") from error


def _described(one: certificates.Certificate) -> str:
    parts = [
        one.subject,
        f"issued by {'itself' if one.self_signed else one.issuer}",
        f"for {', '.join(one.names) or 'no name'}",
        f"from {as_utc(one.not_before):%Y-%m-%d} until {as_utc(one.not_after):%Y-%m-%d}",
        f"{one.key}, signed over {one.signed_over}, serial {one.serial}",
        *([one.development] if one.development else []),
    ]
    return "\n  ".join(parts)
