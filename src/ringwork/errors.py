"""Everything ringwork raises.

RingworkError
  PolicyInvalid      configuration is wrong; carries every fault at once
  CatalogueInvalid   a row of the catalogue is wrong; carries every fault at once
  ExtraMissing       an optional third party is not installed; names the extra
  UnsupportedApp     protect() or prove was given something it does not know
  OutsideRequest     current() was called where no request is being served
  Refused            a guard or a rule refused; carries control, status and reason
  StoreDown          a store did not answer; what follows is the caller's named fail mode
  TagWrong           a value does not carry the tag that its maker gave it: altered, moved, or of another key
  OutOfTime          a signed value is genuine, and not yet valid or no longer
  SealBroken         a sealed value does not open where it stands: not sealed at all, altered, moved, or of another key
  TargetFailed       prove could not import, start, or enter the target
  ServerInvalid      a server's settings are wrong, or its port or certificate cannot be used; carries every fault at once
  ReportUnreadable   a stored report is damaged, or of a version that this ringwork does not read
  KeyUnusable        a key file cannot sign or check a statement; says why, never what it holds
  PeerUnverified     a client was about to speak to somebody without making sure who it is
  CertificateUnusable   a certificate or its key cannot be read, made or used; says why, never what the key holds
  SealBroken         a sealed value does not open where it stands: not sealed at all, altered, moved, or of another key
  KeyUnavailable     a root key or the key table cannot be reached or used as it is set up; says what to write instead
  KeyRefused         a key's state or limits do not allow this use, or it was destroyed; says what to do
  KeyMisplaced       a sealed value names a key of another class, tenant or subject than its place; a KeyRefused and a SealBroken
  SealMisused        a sealed field is asked for what it cannot do, or a value would be written unsealed; says what to write instead
"""

from __future__ import annotations

from collections.abc import Sequence

from ringwork.names import ControlId


class RingworkError(Exception):
    """The root of the tree. Its text is for the operator, never for a client."""


class PolicyInvalid(RingworkError):
    """The policy has faults; all are listed, each with where it stands and what to write instead."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        lines = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(f"{len(self.faults)} fault(s) in the ringwork policy:{lines}")


class CatalogueInvalid(RingworkError):
    """The catalogue of controls has faults; all are listed, each with its file and row."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        lines = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(f"{len(self.faults)} fault(s) in the catalogue of controls:{lines}")


class ExtraMissing(RingworkError):
    """A feature was asked for whose third party is not installed."""

    def __init__(self, *, feature: str, package: str, extra: str) -> None:
        self.feature, self.package, self.extra = feature, package, extra
        super().__init__(f"{feature} needs {package}; install it with: pip install 'ringwork[{extra}]'")


class UnsupportedApp(RingworkError):
    """The object is no application that ringwork knows."""


class OutsideRequest(RingworkError):
    """A per-request value was asked for outside a request that ringwork guards."""


class Refused(RingworkError):
    """A request was refused. The client sees the status and an incident number, nothing of this text."""

    def __init__(self, *, control: ControlId, status: int, reason: str) -> None:
        self.control, self.status, self.reason = control, status, reason
        super().__init__(f"{control}: refused with {status} ({reason})")


class StoreDown(RingworkError):
    """A store did not answer within its deadline."""


class TagWrong(RingworkError):
    """A tag and what it stands on do not belong together. Says nothing more: a forger learns from details."""


class OutOfTime(RingworkError):
    """A signed value is genuine, and its time has not come yet or is over."""


class TargetFailed(RingworkError):
    """The prover could not get the target to run; `step` says how far it came, `advice` what to try."""

    def __init__(self, *, step: str, problem: str, advice: str) -> None:
        self.step, self.problem, self.advice = step, problem, advice
        super().__init__(f"{step}: {problem}\n  {advice}")


class ServerInvalid(RingworkError):
    """A server cannot be started as asked; all faults are listed, each with what to write instead."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class ReportUnreadable(RingworkError):
    """A stored report cannot be read; `where` is the place in it ("results[3].verdict", "" for the whole), `problem` what is wrong."""

    def __init__(self, *, where: str, problem: str) -> None:
        self.where, self.problem = where, problem
        super().__init__(f"report: {where}: {problem}" if where else f"report: {problem}")


class KeyUnusable(RingworkError):
    """A key file cannot be used; the text says why and what to write instead, and quotes nothing of the file."""


class CertificateUnusable(RingworkError):
    """A certificate or its key cannot be read, made or used; the text says why and what to write instead, and quotes nothing of a key."""


class PeerUnverified(RingworkError):
    """A client was about to speak to somebody without making sure who it is. What is raised is an ssl.SSLCertVerificationError too."""


class SealBroken(RingworkError):
    """A sealed value does not open where it stands. It is never an empty value: what was stored is not what was sealed.

    where: table and column, "" where nobody knows. problem: what was seen from outside; neither plaintext nor the stored bytes.
    """

    def __init__(self, problem: str, *, where: str = "") -> None:
        self.problem, self.where = problem, where
        super().__init__(f"{where}: {problem}" if where else problem)


class KeyUnavailable(RingworkError):
    """A root key or the key table cannot be reached, or is not what its settings say. Nothing was sealed or opened."""


class KeyRefused(RingworkError):
    """A key may not be used for this: its state or its limit forbids it, there is none, or it was destroyed. kid: 0 for none."""

    def __init__(self, problem: str, *, kid: int = 0) -> None:
        self.kid = kid
        super().__init__(f"key {kid}: {problem}" if kid else problem)


class KeyMisplaced(KeyRefused, SealBroken):
    """A sealed value names a key of another class, tenant or subject than the place that it stands in. It is forged, or was moved."""

    def __init__(self, *, kid: int) -> None:
        SealBroken.__init__(self, "is a key of another class, tenant or subject; the value is forged, or its row was given to another")
        KeyRefused.__init__(self, self.problem, kid=kid)


class SealMisused(RingworkError, TypeError):
    """A sealed field was used in a way that would leave a value unsealed or unreadable; the text says what to write instead."""
