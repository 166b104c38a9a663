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
        check_inclusion(hop.release, hop.inclusion, trust, held)
    carried = {
        (entry.record.stream, entry.record.version): entry
        for stream in dossier.streams
        for entry in stream.entries
    }
    for closing in dossier.closings:
        entry = carried.get((closing.stream, closing.version))
        if entry is None:
            raise CheckFailed(10, "not_in_log", "a proof for an entry that is not there")
        check_inclusion(entry, closing.inclusion, trust, held)


def check_inclusion(
    entry: CarriedEntry, inclusion: Inclusion, trust: TrustStore, held: Held | None
) -> None:
    """Step 10 of one entry: it is in its author's log. Raises CheckFailed."""
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
