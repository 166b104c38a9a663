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
given by a `Held`; without one those steps are not checked, and say so. Nothing here, and nothing
that is imported here, needs a database or a server.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from cryptography import x509

from signing import certificates
from signing.certificates import Purpose
from signing.errors import SignatureError, TrustError
from signing.jws import JwsSignature
from signing.sealing import KeyPair
from signing.trust import LedgerTrust
from signing.truststore import KnownBundles, Trust
from transfer import disclosure, message
from transfer.completeness import check_complete, check_unaltered
from transfer.disclosure import Disclosed
from transfer.dossier import Audience, Dossier, Inspector, ReadEntry
from transfer.errors import CheckFailed
from transfer.evidence import Evidence, Signers, check_closings, check_naming, check_sheets
from transfer.in_log import Shown, check_in_log
from transfer.message import Frame, Opened
from transfer.own_records import Held
from transfer.supplement_completeness import (
    check_supplements_complete,
    check_supplements_in_log,
)
from transfer.understanding import check_digest, check_understood

STEPS = (
    "frame", "known", "addressed", "opens", "reads", "signed", "requested", "complete",
    "unaltered", "in_log", "understood", "digest", "copies",
)  # fmt: skip


NOT_SEALED: Final = "not_sealed"
NO_RECORDS: Final = "no_records"
NO_KEY: Final = "no_key"
AFTER_FAILURE: Final = "after_failure"
"""Why a step was not checked: the form is not sealed; it needs the receiver's own records; the
file was not opened; an earlier step failed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One check: its number, its name, whether it held (None: not checked, for `reason`)."""

    n: int
    name: str
    ok: bool | None
    reason: str | None = None


@dataclass(slots=True)
class Report:
    """What a verification found, step by step. What a step gives is there once it has held."""

    steps: list[Step] = field(default_factory=list)
    failure: CheckFailed | None = None
    frame: Frame | None = None
    disclosed: Disclosed | None = None
    dossier: Dossier | None = None
    opened: Opened | None = None
    shown: list[Shown] = field(default_factory=list)
    entries: list[ReadEntry] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    erased: int = 0

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return self.failure is None

    def held(self, n: int) -> bool:
        """Whether step `n` was checked and held."""
        return any(step.n == n and step.ok for step in self.steps)


def verify_dossier(
    data: bytes,
    *,
    trust: Trust,
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
    # Read once: every look at the store reads and verifies the files anew.
    run = _Run(report, KnownBundles(trust.bundles()), held)
    try:
        frame = report.frame = run.step(1, lambda: message.read_frame(data))
        run.step(2, (lambda: held.check_known(frame)) if held else None)
        sender = run.step(3, lambda: check_addressed(frame, run.trust, receiver, held, now))
        private = key(frame)
        if private is None:
            run.skip_from(4, NO_KEY)
            return report
        plain = run.step(4, lambda: message.unseal(frame, private))
        opened = run.step(5, lambda: _read(frame, plain, report))
        dossier = report.dossier
        assert dossier is not None
        run.step(6, lambda: check_signed(opened, sender, run.trust, Purpose.SEAL))
        run.step(7, lambda: check_requested(opened, dossier, held))
        run.content(dossier)
        run.step(13, (lambda: held.check_copies(dossier)) if held else None)
    except CheckFailed as failure:
        run.failed(failure)
    return report


def verify_disclosed(data: bytes, *, trust: Trust) -> Report:
    """The same checks of the disclosed form: it is sealed to nobody, and to be taken in by nobody.

    The steps that ask for a seal or for a receiver's records are not checked.
    """
    report = Report()
    run = _Run(report, KnownBundles(trust.bundles()), None)
    try:
        disclosed = report.disclosed = run.step(1, lambda: disclosure.read(data))
        run.step(2, None)
        sender = run.step(3, lambda: _known_sender(disclosed.header.sender, run.trust))
        run.step(4, None, NOT_SEALED)
        signatures, inspector = run.step(5, lambda: _read_disclosed(disclosed, report))
        dossier = report.dossier
        assert dossier is not None
        # The claimed time stands inside the signature here: nothing else would bind it.
        at = inspector.disclosed_at
        run.step(6, lambda: check_seals(signatures, sender, run.trust, Purpose.SEAL, at))
        run.step(7, lambda: _check_disclosed(disclosed, dossier))
        run.content(dossier)
        run.step(13, None)
    except CheckFailed as failure:
        run.failed(failure)
    return report


@dataclass(slots=True)
class _Run:
    report: Report
    trust: KnownBundles
    held: Held | None

    def step(self, n: int, check: Callable[[], Any] | None, reason: str = NO_RECORDS) -> Any:
        """Runs a check; None means that it cannot be run here, for `reason`."""
        result = check() if check else None
        step = Step(n, STEPS[n - 1], True) if check else Step(n, STEPS[n - 1], None, reason)
        self.report.steps.append(step)
        return result

    def content(self, dossier: Dossier) -> None:
        """Steps 8 to 12: what is in it, whoever it is for."""
        report, signers = self.report, Signers(self.trust)
        self.step(8, lambda: _complete(dossier))
        self.step(9, lambda: _unaltered(dossier, report, signers))
        report.shown = self.step(10, lambda: _in_log(dossier, self.trust, self.held))
        self.step(11, lambda: _understand(dossier, report, signers))
        self.step(12, lambda: check_digest(dossier, report.entries))

    def failed(self, failure: CheckFailed) -> None:
        """A step failed: the one it names, and none after it was checked."""
        # Its frames and causes hold all that was read, and the report would hold them: what a
        # hostile file weighs is let go at once, not when cycles are next looked for.
        failure.__traceback__ = failure.__cause__ = failure.__context__ = None
        self.report.failure = failure
        # A false signature is found while reading (5): what it covers is then not read at all.
        self.skip(len(self.report.steps) + 1, failure.step, AFTER_FAILURE)
        self.report.steps.append(Step(failure.step, STEPS[failure.step - 1], False))
        self.skip_from(failure.step + 1, AFTER_FAILURE)

    def skip_from(self, n: int, reason: str) -> None:
        """The steps from `n` on are not checked."""
        self.skip(n, len(STEPS) + 1, reason)

    def skip(self, start: int, end: int, reason: str) -> None:
        """The steps [start, end) are not checked."""
        for number in range(start, end):
            self.report.steps.append(Step(number, STEPS[number - 1], None, reason))


def check_addressed(
    frame: Frame, trust: Trust, receiver: UUID | None, held: Held | None, now: datetime
) -> LedgerTrust:
    """Step 3: who sends, to whom, from which incarnation, still in time."""
    header = frame.header
    if receiver is not None and header.receiver != receiver:
        raise CheckFailed(3, "wrong_addressee", "it is addressed to another ledger")
    sender = _known_sender(header.sender, trust)
    if header.incarnation < sender.incarnation:
        raise CheckFailed(3, "old_incarnation", "sent before the sender was restored")
    if held is not None:
        held.check_incarnation(header.sender, header.incarnation)
    if header.not_after is not None and now > header.not_after:
        raise CheckFailed(3, "expired", f"it was good until {header.not_after.date()}")
    return sender


def _known_sender(sender: UUID, trust: Trust) -> LedgerTrust:
    try:
        return trust.by_id(sender)
    except TrustError as error:
        raise CheckFailed(3, "unknown_sender", "the sender is in no trust bundle") from error


def _read(frame: Frame, plain: bytes, report: Report) -> Opened:
    opened = message.parse(frame, plain)
    report.opened = opened
    if frame.header.kind != "dossier":
        raise CheckFailed(5, "bad_json", f"a {frame.header.kind} is not a dossier")
    report.dossier = Dossier.read(opened.payload)
    return opened


def _read_disclosed(
    disclosed: Disclosed, report: Report
) -> tuple[Sequence[JwsSignature], Inspector]:
    payload, signed = message.parse_signed(disclosed.plain, disclosed.header.payload_sha256)
    report.dossier = dossier = Dossier.read(payload)
    if not isinstance(dossier.aud, Inspector):
        raise CheckFailed(7, "wrong_addressee", "a record sent to a ledger, taken out of its seal")
    return signed.signatures, dossier.aud


def check_signed(opened: Opened, sender: LedgerTrust, trust: Trust, purpose: Purpose) -> None:
    """Step 6: a seal of the sender signed, and was good when it did.

    No time is proven yet (that comes with witnesses), so a revocation of any date counts.
    """
    check_seals(opened.signed.signatures, sender, trust, purpose, opened.header.created_at)


def check_seals(
    signatures: Sequence[JwsSignature],
    sender: LedgerTrust,
    trust: Trust,
    purpose: Purpose,
    at: datetime,
) -> None:
    """Every signature is by a seal of the sender that was good at `at`. Raises CheckFailed(6)."""
    revoked: dict[int, datetime] = {}
    for bundle in trust.bundles():
        revoked |= dict.fromkeys(bundle.revocations(), datetime.min.replace(tzinfo=UTC))
    roots: Sequence[x509.Certificate] = certificates.load_pem(sender.seal_root)
    for signature in signatures:
        try:
            certificates.verify_chain(
                signature.chain,
                roots=roots,
                at=at,
                purpose=purpose,
                ledger_id=sender.id,
                revoked=revoked,
            )
        except SignatureError as error:
            raise CheckFailed(6, str(error.code or "untrusted_signer"), str(error)) from error


def check_requested(opened: Opened, dossier: Dossier, held: Held | None) -> None:
    """Step 7: the signed payload names the same sender, receiver and transfer as the header."""
    header, aud = opened.header, dossier.aud
    if not isinstance(aud, Audience):
        raise CheckFailed(7, "wrong_addressee", "a disclosed record, sealed as if it were sent")
    if dossier.iss != header.sender or aud.ledger != header.receiver:
        raise CheckFailed(7, "wrong_addressee", "the signed payload is for somebody else")
    if dossier.transfer_id != header.case:
        raise CheckFailed(7, "not_requested", "the signed payload is of another transfer")
    if held is not None:
        held.check_requested(opened)


def _check_disclosed(disclosed: Disclosed, dossier: Dossier) -> None:
    header = disclosed.header
    if dossier.iss != header.sender:
        raise CheckFailed(7, "wrong_addressee", "the signed payload is by somebody else")
    if dossier.transfer_id != header.case:
        raise CheckFailed(7, "not_requested", "the signed payload is of another transfer")


def _complete(dossier: Dossier) -> None:
    check_complete(dossier)
    check_supplements_complete(dossier)


def _in_log(dossier: Dossier, trust: Trust, held: Held | None) -> list[Shown]:
    shown = check_in_log(dossier, trust, held)
    check_supplements_in_log(dossier, trust, held)
    return shown


def _unaltered(dossier: Dossier, report: Report, signers: Signers) -> None:
    check_unaltered(dossier)
    report.evidence = check_naming(dossier, signers)


def _understand(dossier: Dossier, report: Report, signers: Signers) -> None:
    report.entries, persons = check_understood(dossier)
    report.evidence += check_sheets(dossier, report.entries, persons, signers, report.shown)
    report.evidence += check_closings(dossier, report.entries, signers, report.shown)
    held = {key.key_id for key in dossier.keys}
    report.erased = sum(
        sealed.key_id not in held
        for entry in report.entries
        for category, sealed in entry.envelope.personal.items()
        if category == "statutory"
    )
