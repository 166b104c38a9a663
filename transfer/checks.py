"""The numbered checks of a dossier, each with its failure code. They return None or raise.

     1 frame              malformed, too_large, unsupported_version
     2 known already      equivocation                        (the receiver's own database)
     3 addressed to us    wrong_addressee, unknown_sender, old_incarnation, expired
     4 opens              cannot_decrypt
     5 reads              decompression_limit, bad_json
     6 signed             bad_signature, untrusted_signer, revoked_signer, untimed_signature,
                          wrong_purpose
     7 asked for          wrong_addressee, not_requested
     8 complete           missing_entry, extra_entry, reordered, truncated, broken_custody_chain
     9 unaltered          altered_entry, wrong_root
    10 in the log         not_in_log, bad_checkpoint, not_witnessed, rollback
    11 understood         unknown_topic, wrong_key, unknown_code, bad_sheet
    12 digest             digest_differs
    13 fits our copies    conflicting_copy                    (the receiver's own database)

The order and the codes are those of the transfer design. What needs the receiver's database is
given by a `Held`; without one those steps are not checked, and say so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography import x509

from signing import certificates
from signing.certificates import Purpose
from signing.errors import SignatureError, TrustError
from signing.sealing import KeyPair
from signing.trust import LedgerTrust
from signing.truststore import TrustStore
from transfer import message
from transfer.completeness import check_complete, check_unaltered
from transfer.dossier import (
    Dossier,
    ReadEntry,
)
from transfer.errors import CheckFailed
from transfer.held import Held
from transfer.in_log import check_in_log
from transfer.message import Frame, Opened
from transfer.supplement_completeness import (
    check_supplements_complete,
    check_supplements_in_log,
)
from transfer.understanding import check_digest, check_understood

STEPS = (
    "frame", "known", "addressed", "opens", "reads", "signed", "requested", "complete",
    "unaltered", "in_log", "understood", "digest", "copies",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One check: its number, its name, and whether it held (None: not checked)."""

    n: int
    name: str
    ok: bool | None


@dataclass(slots=True)
class Report:
    """What a verification found, step by step."""

    steps: list[Step] = field(default_factory=list)
    failure: CheckFailed | None = None
    frame: Frame | None = None
    dossier: Dossier | None = None
    opened: Opened | None = None
    entries: list[ReadEntry] = field(default_factory=list)
    erased: int = 0

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return self.failure is None


def verify_dossier(
    data: bytes,
    *,
    trust: TrustStore,
    key: Callable[[Frame], KeyPair | None],
    receiver: UUID | None,
    held: Held | None,
    now: datetime,
) -> Report:
    """Runs every check in order and stops at the first failure.

    `key` gives the private key for a frame (None: sealed, not opened); `receiver` is the ledger
    that checks (None: anybody, offline).
    """
    report = Report()
    run = _Run(report, trust, held)
    try:
        frame = report.frame = run.step(1, lambda: message.read_frame(data))
        run.step(2, (lambda: held.check_known(frame)) if held else None)
        sender = run.step(3, lambda: check_addressed(frame, trust, receiver, held, now))
        private = key(frame)
        if private is None:
            run.skip_from(4)
            return report
        plain = run.step(4, lambda: message.unseal(frame, private))
        opened = run.step(5, lambda: _read(frame, plain, report))
        dossier = report.dossier
        assert dossier is not None
        run.step(6, lambda: check_signed(opened, sender, trust, Purpose.SEAL))
        run.step(7, lambda: check_requested(opened, dossier, held))
        run.step(8, lambda: _complete(dossier))
        run.step(9, lambda: check_unaltered(dossier))
        run.step(10, lambda: _in_log(dossier, trust, held))
        run.step(11, lambda: _understand(dossier, report))
        run.step(12, lambda: check_digest(dossier, report.entries))
        run.step(13, (lambda: held.check_copies(dossier)) if held else None)
    except CheckFailed as failure:
        report.failure = failure
        # A false signature is found while reading (5): what it covers is then not read at all.
        run.skip(len(report.steps) + 1, failure.step)
        report.steps.append(Step(failure.step, STEPS[failure.step - 1], False))
        run.skip_from(failure.step + 1)
    return report


@dataclass(slots=True)
class _Run:
    report: Report
    trust: TrustStore
    held: Held | None

    def step(self, n: int, check: Callable[[], Any] | None) -> Any:
        """Runs a check; None means that it cannot be run here."""
        result = check() if check else None
        self.report.steps.append(Step(n, STEPS[n - 1], True if check else None))
        return result

    def skip_from(self, n: int) -> None:
        """The steps from `n` on are not checked."""
        self.skip(n, len(STEPS) + 1)

    def skip(self, start: int, end: int) -> None:
        """The steps [start, end) are not checked."""
        for number in range(start, end):
            self.report.steps.append(Step(number, STEPS[number - 1], None))


def check_addressed(
    frame: Frame, trust: TrustStore, receiver: UUID | None, held: Held | None, now: datetime
) -> LedgerTrust:
    """Step 3: who sends, to whom, from which incarnation, still in time."""
    header = frame.header
    if receiver is not None and header.receiver != receiver:
        raise CheckFailed(3, "wrong_addressee", "it is addressed to another ledger")
    try:
        sender = trust.by_id(header.sender)
    except TrustError as error:
        raise CheckFailed(3, "unknown_sender", "the sender is in no trust bundle") from error
    if header.incarnation < sender.incarnation:
        raise CheckFailed(3, "old_incarnation", "sent before the sender was restored")
    if held is not None:
        held.check_incarnation(header.sender, header.incarnation)
    if header.not_after is not None and now > header.not_after:
        raise CheckFailed(3, "expired", f"it was good until {header.not_after.date()}")
    return sender


def _read(frame: Frame, plain: bytes, report: Report) -> Opened:
    opened = message.parse(frame, plain)
    report.opened = opened
    if frame.header.kind != "dossier":
        raise CheckFailed(5, "bad_json", f"a {frame.header.kind} is not a dossier")
    report.dossier = Dossier.read(opened.payload)
    if not report.dossier.hops:
        raise CheckFailed(5, "bad_json", "a dossier without a release")
    return opened


def check_signed(opened: Opened, sender: LedgerTrust, trust: TrustStore, purpose: Purpose) -> None:
    """Step 6: a seal of the sender signed, and was good when it did.

    No time is proven yet (that comes with witnesses), so a revocation of any date counts.
    """
    revoked: dict[int, datetime] = {}
    for bundle in trust.bundles():
        revoked |= dict.fromkeys(bundle.revocations(), datetime.min.replace(tzinfo=UTC))
    roots: Sequence[x509.Certificate] = certificates.load_pem(sender.seal_root)
    for signature in opened.signed.signatures:
        try:
            certificates.verify_chain(
                signature.chain,
                roots=roots,
                at=opened.header.created_at,
                purpose=purpose,
                ledger_id=sender.id,
                revoked=revoked,
            )
        except SignatureError as error:
            raise CheckFailed(6, str(error.code or "untrusted_signer"), str(error)) from error


def check_requested(opened: Opened, dossier: Dossier, held: Held | None) -> None:
    """Step 7: the signed payload names the same sender, receiver and transfer as the header."""
    header = opened.header
    if dossier.iss != header.sender or dossier.aud.ledger != header.receiver:
        raise CheckFailed(7, "wrong_addressee", "the signed payload is for somebody else")
    if dossier.transfer_id != header.case:
        raise CheckFailed(7, "not_requested", "the signed payload is of another transfer")
    if held is not None:
        held.check_requested(opened)


def _complete(dossier: Dossier) -> None:
    check_complete(dossier)
    check_supplements_complete(dossier)


def _in_log(dossier: Dossier, trust: TrustStore, held: Held | None) -> None:
    check_in_log(dossier, trust, held)
    check_supplements_in_log(dossier, trust, held)


def _understand(dossier: Dossier, report: Report) -> None:
    report.entries = check_understood(dossier)
    held = {key.key_id for key in dossier.keys}
    report.erased = sum(
        sealed.key_id not in held
        for entry in report.entries
        for category, sealed in entry.envelope.personal.items()
        if category == "statutory"
    )
