"""Check 10: releases and closings are in the logs of signed checkpoints."""

from ledger.log import leaf
from signing import merkle, note
from signing.errors import MerkleError, NoteError, TrustError
from signing.note import Checkpoint
from signing.truststore import TrustStore
from transfer.dossier import (
    CarriedEntry,
    Dossier,
    Inclusion,
)
from transfer.errors import CheckFailed
from transfer.held import Held


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
    try:
        checkpoint.incarnation(verifier.name)
    except NoteError as error:
        raise CheckFailed(10, "bad_checkpoint", str(error)) from error
    if any(bundle.quorum > 0 for bundle in trust.bundles()):
        raise CheckFailed(10, "not_witnessed", "the trust bundle asks for witnesses")
    if held is not None:
        held.check_checkpoint(author, checkpoint, checkpoint.incarnation(verifier.name))
    check_place(entry, inclusion, checkpoint, verifier.name)


def check_place(
    entry: CarriedEntry, inclusion: Inclusion, checkpoint: Checkpoint, log: str
) -> None:
    """That the entry is the leaf at `inclusion.index` of the log of that name.

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
        if checkpoint.incarnation(log) == 1 or inclusion.recorded_at <= recorded_at:
            raise CheckFailed(10, "not_in_log", "put back into a log that lost nothing")
        recorded_at = inclusion.recorded_at
    try:
        merkle.verify_inclusion(
            index=inclusion.index,
            size=checkpoint.size,
            leaf_hash=leaf(recorded_at, entry.record.canonical),
            proof=[bytes.fromhex(part) for part in inclusion.proof],
            root=checkpoint.root,
        )
    except MerkleError as error:
        raise CheckFailed(10, "not_in_log", str(error)) from error
