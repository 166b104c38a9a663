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

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from cryptography import x509
from pydantic import ValidationError

from ledger.envelope import DataKey
from ledger.errors import LedgerError, MalformedBytes, UnknownTopic
from ledger.event import StreamKind
from ledger.events.pupil import PupilRegistered, Released
from ledger.events.pupil_year import MarkEntered, PupilYearOpened
from ledger.ids import year_stream
from ledger.log import leaf
from ledger.sheet import statement_hash
from projections.transcript import FoldEntry, released_digest
from signing import aead, canonical, certificates, hashing, merkle, note
from signing.certificates import Purpose
from signing.errors import MerkleError, NoteError, SignatureError, TrustError
from signing.note import Checkpoint
from signing.sealing import KeyPair
from signing.trust import LedgerTrust
from signing.truststore import TrustStore
from transfer import message
from transfer.dossier import (
    CarriedEntry,
    CarriedKey,
    Dossier,
    Hop,
    Inclusion,
    ReadEntry,
    read_entry,
)
from transfer.errors import CheckFailed
from transfer.message import Frame, Opened

STEPS = (
    "frame", "known", "addressed", "opens", "reads", "signed", "requested", "complete",
    "unaltered", "in_log", "understood", "digest", "copies",
)  # fmt: skip


_OPENERS = (PupilRegistered, PupilYearOpened)


class Held(Protocol):
    """What the receiver's database knows. Each method raises CheckFailed."""

    def check_known(self, frame: Frame) -> None:
        """Step 2."""

    def check_incarnation(self, sender: UUID, incarnation: int) -> None:
        """Step 3, second half."""

    def check_requested(self, opened: Opened) -> None:
        """Step 7, second half: the request made, and the pupil it named."""

    def check_checkpoint(self, ledger: UUID, checkpoint: Checkpoint) -> None:
        """Step 10, last part: against the newest checkpoint of that ledger held."""

    def check_copies(self, dossier: Dossier) -> None:
        """Step 13."""


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
        run.step(8, lambda: check_complete(dossier))
        run.step(9, lambda: check_unaltered(dossier))
        run.step(10, lambda: check_in_log(dossier, trust, held))
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


def check_complete(dossier: Dossier) -> None:
    """Step 8: per hop, every stream whole, versions contiguous, each hop released to the next."""
    released = [_release(hop) for hop in dossier.hops]
    _check_chain(dossier, released)
    covered: dict[UUID, int] = {}
    for hop, release in zip(dossier.hops, released, strict=True):
        if hop.entries != release.entries or hop.root != release.root:
            raise CheckFailed(8, "truncated", "the hop does not say what its release says")
        if sum(last for _, last in release.streams) != release.entries:
            raise CheckFailed(8, "truncated", "the release's counts do not add up")
        for released_stream, version in release.streams:
            covered[released_stream] = max(version, covered.get(released_stream, 0))
    carried = {stream.id: stream for stream in dossier.streams}
    if len(carried) != len(dossier.streams):
        raise CheckFailed(8, "extra_entry", "a stream comes twice")
    for stream in dossier.streams:
        last = covered.get(stream.id)
        if last is None:
            raise CheckFailed(8, "extra_entry", f"stream {stream.id} was not released")
        versions = [entry.record.version for entry in stream.entries]
        if sorted(versions) != versions:
            raise CheckFailed(8, "reordered", f"stream {stream.id} is out of order")
        if len(versions) > last or versions[-1:] > [last]:
            raise CheckFailed(8, "extra_entry", f"stream {stream.id} holds more than released")
        if versions != list(range(1, len(versions) + 1)):
            raise CheckFailed(8, "missing_entry", f"stream {stream.id} has a gap")
        if len(versions) < last:
            raise CheckFailed(8, "truncated", f"stream {stream.id} ends before the release")
    absent = covered.keys() - carried.keys()
    if absent:
        raise CheckFailed(8, "missing_entry", f"stream {min(absent)} is not there")


def _release(hop: Hop) -> Released:
    try:
        read = read_entry(hop.release)
    except (MalformedBytes, UnknownTopic, ValidationError) as error:
        raise CheckFailed(8, "broken_custody_chain", "a release cannot be read") from error
    if not isinstance(read.event, Released) or read.envelope.author != hop.ledger:
        raise CheckFailed(8, "broken_custody_chain", "a hop without a release of its ledger")
    return read.event


def _check_chain(dossier: Dossier, released: Sequence[Released]) -> None:
    following = [hop.ledger for hop in dossier.hops[1:]] + [dossier.aud.ledger]
    for release, receiver in zip(released, following, strict=True):
        if release.to_ledger != receiver:
            raise CheckFailed(8, "broken_custody_chain", "a hop was released to another ledger")
    if dossier.last_hop.ledger != dossier.iss or released[-1].case != dossier.transfer_id:
        raise CheckFailed(8, "broken_custody_chain", "the last release is not this transfer's")


def check_unaltered(dossier: Dossier) -> None:
    """Step 9: bytes give the hashes of the records, and the records give the released roots."""
    entries = [entry for stream in dossier.streams for entry in stream.entries]
    for entry in [*entries, *(hop.release for hop in dossier.hops)]:
        if hashing.entry_hash(entry.stored).hex() != entry.record.entry_hash:
            raise _altered(entry)
    for stream in dossier.streams:
        for entry in stream.entries:
            if (entry.record.stream, entry.record.ledger) != (stream.id, stream.ledger):
                raise _altered(entry)
    for hop in dossier.hops:
        release = _release(hop)
        last = dict(release.streams)
        own = [e for e in entries if e.record.version <= last.get(e.record.stream, 0)]
        own = [e for e in own if e.record.ledger == hop.ledger]
        own.sort(key=lambda entry: entry.record.position)
        if records_root(own).hex() != hop.root:
            raise CheckFailed(9, "wrong_root", f"the entries of hop {hop.ledger} give another root")


def _altered(entry: CarriedEntry) -> CheckFailed:
    where = f"stream {entry.record.stream}, version {entry.record.version}"
    return CheckFailed(9, "altered_entry", where)


def records_root(entries: Sequence[CarriedEntry]) -> bytes:
    """The RFC 6962 root over SHA-256(0x00 canonical(record)) of entries in position order."""
    return merkle.root_of(
        [hashing.leaf_hash(canonical.dumps(entry.record.canonical)) for entry in entries]
    )


def check_in_log(dossier: Dossier, trust: TrustStore, held: Held | None) -> None:
    """Step 10: releases and closings are in the logs of signed checkpoints."""
    for hop in dossier.hops:
        _check_inclusion(hop.release, hop.inclusion, trust, held)
    carried = {
        (entry.record.stream, entry.record.version): entry
        for stream in dossier.streams
        for entry in stream.entries
    }
    for closing in dossier.closings:
        entry = carried.get((closing.stream, closing.version))
        if entry is None:
            raise CheckFailed(10, "not_in_log", "a proof for an entry that is not there")
        _check_inclusion(entry, closing.inclusion, trust, held)


def _check_inclusion(
    entry: CarriedEntry, inclusion: Inclusion, trust: TrustStore, held: Held | None
) -> None:
    author = entry.record.ledger
    try:
        verifier = trust.by_id(author).verifier()
        text, _ = note.verify_note(inclusion.checkpoint, [verifier])
        checkpoint = Checkpoint.parse(text)
    except (TrustError, NoteError) as error:
        raise CheckFailed(10, "bad_checkpoint", str(error)) from error
    if checkpoint.origin != verifier.name:
        raise CheckFailed(10, "bad_checkpoint", "the checkpoint is of another log")
    if any(bundle.quorum > 0 for bundle in trust.bundles()):
        raise CheckFailed(10, "not_witnessed", "the trust bundle asks for witnesses")
    if held is not None:
        held.check_checkpoint(author, checkpoint)
    if inclusion.index != entry.record.position:
        raise CheckFailed(10, "not_in_log", "the proof is for another position")
    try:
        merkle.verify_inclusion(
            index=inclusion.index,
            size=checkpoint.size,
            leaf_hash=leaf(entry.record.recorded_at, entry.record.canonical),
            proof=[bytes.fromhex(part) for part in inclusion.proof],
            root=checkpoint.root,
        )
    except MerkleError as error:
        raise CheckFailed(10, "not_in_log", str(error)) from error


def _understand(dossier: Dossier, report: Report) -> None:
    report.entries = check_understood(dossier)
    held = {key.key_id for key in dossier.keys}
    report.erased = sum(
        sealed.key_id not in held
        for entry in report.entries
        for category, sealed in entry.envelope.personal.items()
        if category == "statutory"
    )


def check_understood(dossier: Dossier) -> list[ReadEntry]:
    """Step 11: every entry decodes, its keys are those it commits to, its sheets' paths hold."""
    keys = {key.key_id: key for key in dossier.keys}
    if len(keys) != len(dossier.keys):
        raise CheckFailed(11, "wrong_key", "a key comes twice")
    entries = []
    for carried in (entry for stream in dossier.streams for entry in stream.entries):
        try:
            read = read_entry(carried)
        except UnknownTopic as error:
            raise CheckFailed(11, "unknown_topic", error.topic) from error
        except MalformedBytes as error:
            raise CheckFailed(11, "unknown_topic", error.message) from error
        except ValidationError as error:
            where = f"version {carried.record.version} of stream {carried.record.stream}"
            raise CheckFailed(11, "unknown_code", f"{carried.record.topic}, {where}") from error
        _check_envelope(read)
        entries.append(read)
    persons = _check_streams(dossier, entries)
    for read in entries:
        _check_keys(read, keys, persons[read.stream])
    _check_no_other_keys(entries, keys)
    _check_sheets(dossier, entries, persons)
    return entries


def _check_envelope(read: ReadEntry) -> None:
    record = read.carried.record
    said = (read.envelope.author, read.envelope.stream, read.envelope.topic)
    if said != (record.ledger, record.stream, record.topic):
        raise CheckFailed(11, "unknown_topic", "an entry's bytes are of another stream or topic")


def _check_streams(dossier: Dossier, entries: Sequence[ReadEntry]) -> dict[UUID, UUID]:
    """Each stream begins as a pupil's or a pupil-year's does, and goes on as one: a fold can rely
    on it. Returns whom each is about."""
    persons: dict[UUID, UUID] = {}
    for read in entries:
        if read.version == 1:
            persons[read.stream] = _whose(read)
            continue
        own = read.stream == persons[read.stream]
        kind = StreamKind.PUPIL if own else StreamKind.PUPIL_YEAR
        if read.event.STREAM is not kind or isinstance(read.event, _OPENERS):
            raise _misplaced(read)
    if persons.get(dossier.pupil) != dossier.pupil:
        raise CheckFailed(11, "unknown_topic", "no entry of the pupil's own stream is there")
    return persons


def _whose(first: ReadEntry) -> UUID:
    event = first.event
    if isinstance(event, PupilRegistered):
        expected = event.pupil_id
    elif isinstance(event, PupilYearOpened):
        expected = year_stream(first.ledger, event.pupil_id, event.school_year)
    else:
        raise _misplaced(first)
    if expected != first.stream:
        raise _misplaced(first)
    return event.pupil_id


def _misplaced(read: ReadEntry) -> CheckFailed:
    where = f"version {read.version} of stream {read.stream}"
    return CheckFailed(11, "unknown_topic", f"{read.envelope.topic} has no place there ({where})")


def _check_no_other_keys(entries: Sequence[ReadEntry], keys: dict[UUID, CarriedKey]) -> None:
    """A key that no entry commits to would be one that we might write with, and others know."""
    used = {sealed.key_id for read in entries for sealed in read.envelope.personal.values()}
    for key_id in keys.keys() - used:
        raise CheckFailed(11, "wrong_key", f"no entry is sealed under key {key_id}")


def _check_keys(read: ReadEntry, keys: dict[UUID, CarriedKey], person: UUID) -> None:
    for category, sealed in read.envelope.personal.items():
        carried = keys.get(sealed.key_id)
        if carried is None:
            continue
        if (carried.person, carried.ledger, carried.category) != (person, read.ledger, category):
            raise CheckFailed(11, "wrong_key", f"key {sealed.key_id} is of somebody else")
        if data_key(carried).commitment.hex() != sealed.commitment:
            raise CheckFailed(11, "wrong_key", f"key {sealed.key_id} is not the one committed to")


def data_key(carried: CarriedKey) -> DataKey:
    """A carried key with its commitment."""
    key = base64.b64decode(carried.key)
    if len(key) != 32:
        raise CheckFailed(11, "wrong_key", f"key {carried.key_id} is not a key")
    return DataKey(carried.key_id, key, aead.commitment(key, carried.key_id.bytes))


def _check_sheets(dossier: Dossier, entries: Sequence[ReadEntry], pupils: dict[UUID, UUID]) -> None:
    marks = {(entry.stream, entry.version): entry for entry in entries}
    for sheet in dossier.sheets:
        entry = marks.get((sheet.stream, sheet.version))
        said = sheet.statement
        if entry is None or not isinstance(entry.event, MarkEntered):
            raise CheckFailed(11, "bad_sheet", "a path for a mark that is not there")
        mark = entry.event
        place = (mark.class_code, mark.subject, mark.semester, mark.slot, mark.effective_on)
        if place != (said.class_code, said.subject, said.semester, said.slot, said.date):
            raise CheckFailed(11, "bad_sheet", "a mark under the statement of another sheet")
        hashed = statement_hash(
            *place, pupil=pupils[entry.stream], value=mark.value, salt=mark.salt
        )
        try:
            merkle.verify_inclusion(
                index=sheet.index,
                size=said.count,
                leaf_hash=hashed,
                proof=[bytes.fromhex(part) for part in sheet.path],
                root=bytes.fromhex(said.root),
            )
        except MerkleError as error:
            raise CheckFailed(11, "bad_sheet", str(error)) from error


def check_digest(dossier: Dossier, entries: Sequence[ReadEntry]) -> None:
    """Step 12: folded here, the entries give the digest the sender states and released."""
    try:
        folded = released_digest(
            [FoldEntry(e.ledger, e.stream, e.version, e.event) for e in entries],
            pupil=dossier.pupil,
            on=dossier.digest.on,
        )
    except (ArithmeticError, LookupError, TypeError, ValueError, LedgerError) as error:
        # Well-formed and signed, and yet of a year, grade or day that no rule knows.
        what = type(error).__name__
        raise CheckFailed(12, "digest_differs", f"the entries cannot be folded ({what})") from error
    released = _release(dossier.last_hop).digest
    if not folded == dossier.digest.value == released:
        raise CheckFailed(12, "digest_differs", f"folded here {folded}, released {released}")
