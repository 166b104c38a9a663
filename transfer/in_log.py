"""Check 10: releases and closings are in the logs of signed checkpoints, and each log is one log.

A checkpoint is compared with every other of the same log that is known: those of this dossier,
the log's first one in the trust bundle, and those the receiver was shown before. Of one size they
have one root; of two sizes a consistency proof, where one travels, ties them. An older checkpoint
than the newest held is honest: it is the first that covered the entry.

All this within one incarnation: a log that was restored from a backup goes on as another one, and
says so in the origin line of its checkpoints (`signing.note.origin_line`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledger.record import own_leaf
from signing import merkle, note
from signing.errors import MerkleError, NoteError, TrustError
from signing.note import Checkpoint, NoteVerifier
from signing.trust import LedgerTrust, TrustBundle
from signing.truststore import Trust
from transfer.dossier import CarriedEntry, Consistency, Dossier, Inclusion
from transfer.errors import CheckFailed
from transfer.own_records import Held


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint that a dossier shows, verified. `consistent_with` are the sizes of known
    checkpoints of the same log that a proof ties it to; `proven_at` is when the witnesses asked
    for had all signed (None: no time is proven)."""

    ledger: UUID
    checkpoint: Checkpoint
    incarnation: int
    witnesses: tuple[str, ...]
    proven_at: datetime | None
    consistent_with: tuple[int, ...]


@dataclass(slots=True)
class _Log:
    """What is known of one ledger's log: its key, and of each incarnation roots by size."""

    trusted: LedgerTrust
    verifier: NoteVerifier
    roots: dict[int, dict[int, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Note:
    """A note verified: its checkpoint, who witnessed it, and the time that proves."""

    checkpoint: Checkpoint
    incarnation: int
    witnesses: tuple[str, ...]
    proven_at: datetime | None


def check_in_log(dossier: Dossier, trust: Trust, held: Held | None) -> list[Shown]:
    """Step 10: releases and closings are in the logs of signed checkpoints. Returns those of the
    releases, in the order of the hops, then those of the closings."""
    reading = _Reading(trust, held)
    shown = [reading.check(hop.release, hop.inclusion, hop.consistency) for hop in dossier.hops]
    carried = {(entry.record.stream, entry.record.version): entry for entry in dossier.carried}
    for closing in dossier.closings:
        entry = carried.get((closing.stream, closing.version))
        if entry is None:
            raise CheckFailed(10, "not_in_log", "a proof for an entry that is not there")
        shown.append(reading.check(entry, closing.inclusion, None))
    return shown


def check_inclusion(
    entry: CarriedEntry, inclusion: Inclusion, trust: Trust, held: Held | None
) -> Shown:
    """One entry that travels outside a dossier, as step 10 checks it. Raises CheckFailed(10)."""
    return _Reading(trust, held).check(entry, inclusion, None)


class _Reading:
    """The checkpoints of one dossier: each note is verified once, however many entries use it."""

    def __init__(self, trust: Trust, held: Held | None) -> None:
        self._trust = trust
        self._held = held
        self._logs: dict[UUID, _Log] = {}
        self._notes: dict[tuple[UUID, str], _Note] = {}
        self._witnesses = [
            (bundle, [NoteVerifier.parse(key) for key in bundle.witnesses])
            for bundle in trust.bundles()
        ]

    def check(
        self, entry: CarriedEntry, inclusion: Inclusion, consistency: Consistency | None
    ) -> Shown:
        """One entry under its checkpoint. Raises CheckFailed(10)."""
        author = entry.record.ledger
        log = self._log(author)
        signed = self._checkpoint(author, log, inclusion.checkpoint)
        checkpoint = signed.checkpoint
        tied = self._check_one_log(author, log, signed, consistency)
        check_place(entry, inclusion, checkpoint, signed.incarnation)
        return Shown(
            author, checkpoint, signed.incarnation, signed.witnesses, signed.proven_at, tied
        )

    def _log(self, author: UUID) -> _Log:
        known = self._logs.get(author)
        if known is None:
            try:
                trusted = self._trust.by_id(author)
                known = _Log(trusted, trusted.verifier())
                if trusted.first_checkpoint is not None:
                    first, incarnation = _read(trusted.first_checkpoint, known.verifier)
                    known.roots[incarnation] = {first.size: first.root}
            except (TrustError, NoteError) as error:
                raise CheckFailed(10, "bad_checkpoint", str(error)) from error
            self._logs[author] = known
        return known

    def _checkpoint(self, author: UUID, log: _Log, text: str) -> _Note:
        known = self._notes.get((author, text))
        if known is None:
            try:
                checkpoint, incarnation = _read(text, log.verifier)
            except NoteError as error:
                raise CheckFailed(10, "bad_checkpoint", str(error)) from error
            witnesses, proven_at = self._witnessed(author, text)
            known = _Note(checkpoint, incarnation, witnesses, proven_at)
            self._notes[author, text] = known
        return known

    def _witnessed(self, author: UUID, text: str) -> tuple[tuple[str, ...], datetime | None]:
        """Our bundle asks for its quorum, and so does one that knows the author for its own."""
        names: dict[str, None] = {}
        proven_at: datetime | None = None
        for number, (bundle, keys) in enumerate(self._witnesses):
            found = note.witnesses_of(text, keys)
            names |= dict.fromkeys(witness.name for witness in found)
            if not bundle.quorum or (number and not _knows(bundle, author)):
                continue
            if len(found) < bundle.quorum:
                raise CheckFailed(
                    10,
                    "not_witnessed",
                    f"{len(found)} of the witnesses signed, {bundle.quorum} are asked for",
                )
            times = sorted(witness.at for witness in found if witness.at is not None)
            if proven_at is None and len(times) >= bundle.quorum:
                proven_at = times[bundle.quorum - 1]
        return tuple(names), proven_at

    def _check_one_log(
        self, author: UUID, log: _Log, signed: _Note, consistency: Consistency | None
    ) -> tuple[int, ...]:
        checkpoint = signed.checkpoint
        roots = log.roots.setdefault(signed.incarnation, {})
        asked = {checkpoint.size} | ({consistency.size} if consistency else set())
        if self._held is not None:
            roots |= self._held.roots(author, asked - roots.keys(), signed.incarnation)
        if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            raise CheckFailed(10, "rollback", "that log showed another root for the same size")
        if consistency is None or consistency.size not in roots:
            return ()
        other = (consistency.size, roots[consistency.size])
        first, second = sorted([other, (checkpoint.size, checkpoint.root)])
        try:
            merkle.verify_consistency(
                size1=first[0],
                size2=second[0],
                root1=first[1],
                root2=second[1],
                proof=[bytes.fromhex(part) for part in consistency.proof],
            )
        except MerkleError as error:
            raise CheckFailed(
                10, "rollback", f"that log does not go on from what it showed before ({error})"
            ) from error
        return (consistency.size,)


def check_place(
    entry: CarriedEntry, inclusion: Inclusion, checkpoint: Checkpoint, incarnation: int
) -> None:
    """That the entry is the leaf at `inclusion.index` of the log that the checkpoint, of that
    incarnation, is of.

    A leaf holds the log's own instant beside the record. They are those of the record itself; but
    an entry that its author lost and got back from copies stands in the log of a later
    incarnation, at another index, with a later instant: `inclusion.recorded_at` names it. Author,
    stream, version and bytes are in the leaf either way.

    Raises:
        CheckFailed: 10 `not_in_log`.
    """
    recorded_at = entry.record.recorded_at
    if inclusion.recorded_at is None:
        if inclusion.index != entry.record.position:
            raise CheckFailed(10, "not_in_log", "the proof is for another position")
    else:
        if incarnation == 1 or inclusion.recorded_at <= recorded_at:
            raise CheckFailed(10, "not_in_log", "put back into a log that lost nothing")
        recorded_at = inclusion.recorded_at
    try:
        merkle.verify_inclusion(
            index=inclusion.index,
            size=checkpoint.size,
            leaf_hash=own_leaf(recorded_at, entry.record.canonical_text),
            proof=[bytes.fromhex(part) for part in inclusion.proof],
            root=checkpoint.root,
        )
    except MerkleError as error:
        raise CheckFailed(10, "not_in_log", str(error)) from error


def _read(text: str, verifier: NoteVerifier) -> tuple[Checkpoint, int]:
    """A checkpoint of the verifier's log, and of which incarnation it is. Raises NoteError."""
    said, _ = note.verify_note(text, [verifier])
    checkpoint = Checkpoint.parse(said)
    return checkpoint, checkpoint.incarnation(verifier.name)


def _knows(bundle: TrustBundle, ledger: UUID) -> bool:
    return any(known.id == ledger for known in bundle.ledgers)
