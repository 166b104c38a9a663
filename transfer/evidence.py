"""What persons and seals signed of single parts: sheets, closings, the names of schools.

Parts of checks 9 and 11. A part nobody signed is told as unsigned and fails nothing; a signature
that is false does. When a signature was made is what its ledger says (the instant at which the
entry was recorded, or `signed_at`), until a witnessed checkpoint proves that it existed. So a
certificate revoked since then costs its signatures their worth, and the dossier nothing, unless
the proven time comes before the revocation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Final, Literal
from uuid import UUID

from cryptography import x509
from cryptography.x509.oid import NameOID

from ledger import sheet
from ledger.events.pupil_year import MarkEntered, PeriodClosed
from ledger.record import instant_text
from signing import certificates, jws, merkle
from signing.certificates import Purpose
from signing.errors import MerkleError, SignatureError, TrustError
from signing.jws import Detached, JwsSignature
from signing.truststore import Trust
from transfer.dossier import (
    CLOSING,
    NAMING,
    Dossier,
    Hop,
    ReadEntry,
    SheetPath,
    closing_statement,
    naming_statement,
)
from transfer.errors import CheckFailed
from transfer.in_log import Shown

MAX_SIGNERS: Final = 500
"""Different certificates in one dossier: a pupil has some hundred teachers in twelve years."""

Part = Literal["sheet", "closing", "naming"]
State = Literal["signed", "unsigned", "untimed"]
"""`untimed`: signed, but the certificate was revoked later and no time is proven."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One part and whether it is signed; `by` is the name in the certificate."""

    part: Part
    ledger: UUID
    state: State
    by: str | None


class Signers:
    """The certificates of one dossier's parts: each is read and traced to its root once."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._trusted: dict[tuple[str, UUID, Purpose], list[tuple[datetime, datetime]]] = {}
        self._known_roots: dict[UUID, Sequence[x509.Certificate]] = {}
        self._names: dict[str, tuple[str, datetime | None]] = {}

    @cached_property
    def _revoked(self) -> Mapping[int, datetime]:
        times: dict[int, datetime] = {}
        for bundle in self._trust.bundles():
            for serial, since in bundle.revocations().items():
                times[serial] = min(since, times.get(serial, since))
        return times

    def state(
        self,
        text: str,
        said: bytes,
        *,
        kind: str,
        ledger: UUID,
        purposes: Sequence[Purpose],
        at: datetime,
        proven_at: datetime | None,
    ) -> tuple[State, str]:
        """Whether a detached signature over `said` holds, and whose it is.

        Raises:
            SignatureError: it is false, or was by no certificate of that ledger good at `at`.
        """
        signature = jws.parse_detached(text, kind=kind)
        signature.verify(said)
        self._require_trusted(signature.protected, signature.by, ledger, purposes, at)
        name, since = self._who(signature)
        if since is None or (proven_at is not None and proven_at < since):
            return "signed", name
        if since <= at:
            raise SignatureError("signed after its revocation", code="revoked_signer")
        return "untimed", name

    def _who(self, signature: Detached) -> tuple[str, datetime | None]:
        """The name in a certificate, and since when any of its chain is revoked."""
        known = self._names.get(signature.protected)
        if known is None:
            chain = signature.by.chain
            since = [self._revoked.get(certificate.serial_number) for certificate in chain]
            known = _name(chain[0]), min((at for at in since if at is not None), default=None)
            self._names[signature.protected] = known
        return known

    def _require_trusted(
        self,
        header: str,
        by: JwsSignature,
        ledger: UUID,
        purposes: Sequence[Purpose],
        at: datetime,
    ) -> None:
        for purpose in purposes:
            spans = self._trusted.get((header, ledger, purpose), ())
            if any(start <= at <= end for start, end in spans):
                return
        if len(self._trusted) >= MAX_SIGNERS:
            raise SignatureError(f"more than {MAX_SIGNERS} signers", code="too_large")
        roots = self._roots(ledger)
        failed: SignatureError | None = None
        for purpose in purposes:
            try:
                certificates.verify_chain(
                    by.chain, roots=roots, at=at, purpose=purpose, ledger_id=ledger
                )
            except SignatureError as error:
                failed = failed or error
                continue
            # Good at one instant, it is good as long as every certificate concerned is.
            used = [*by.chain, *roots]
            start = max(certificate.not_valid_before_utc for certificate in used)
            end = min(certificate.not_valid_after_utc for certificate in used)
            self._trusted.setdefault((header, ledger, purpose), []).append((start, end))
            return
        assert failed is not None
        raise failed

    def _roots(self, ledger: UUID) -> Sequence[x509.Certificate]:
        known = self._known_roots.get(ledger)
        if known is None:
            try:
                known = certificates.load_pem(self._trust.by_id(ledger).seal_root)
            except TrustError as error:
                raise SignatureError(str(error), code="untrusted_signer") from error
            self._known_roots[ledger] = known
        return known


def _name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value)[:200] if found else f"{certificate.serial_number:x}"


def check_naming(dossier: Dossier, signers: Signers) -> list[Evidence]:
    """Of check 9: where a ledger sealed its references, those told of it are the sealed ones."""
    latest: dict[UUID, Hop] = {hop.ledger: hop for hop in dossier.hops}
    found = []
    for ledger, hop in latest.items():
        told = dossier.references.get(str(ledger))
        if hop.naming is None:
            if told is not None:
                found.append(Evidence("naming", ledger, "unsigned", None))
            continue
        signed = hop.naming.signature
        at = instant_text(signed.signed_at)
        try:
            state, by = signers.state(
                signed.value,
                naming_statement(hop.naming.references, hop.release, at),
                kind=NAMING,
                ledger=ledger,
                purposes=(Purpose.SEAL,),
                at=signed.signed_at,
                proven_at=None,
            )
        except SignatureError as error:
            raise CheckFailed(9, "altered_entry", f"names told by {ledger}: {error}") from error
        if told != hop.naming.references:
            raise CheckFailed(9, "altered_entry", f"names told by {ledger} are not those it sealed")
        found.append(Evidence("naming", ledger, state, by))
    return found


def check_sheets(
    dossier: Dossier,
    entries: Sequence[ReadEntry],
    pupils: Mapping[UUID, UUID],
    signers: Signers,
    shown: Sequence[Shown],
) -> list[Evidence]:
    """Of check 11: each path leads from a mark to its sheet's root, and what a person signed of
    the sheet is true."""
    marks: dict[UUID, dict[int, ReadEntry]] = {stream: {} for stream in pupils}
    for stream, found in groupby(entries, key=attrgetter("stream")):
        marks[stream].update((entry.version, entry) for entry in found)
    # Positions speak of one incarnation of a log; a release, of any, holds all that it covers.
    placed = [one for n, one in enumerate(shown) if one.incarnation == 1 or n < len(dossier.hops)]
    nothing: dict[int, ReadEntry] = {}
    return [
        _check_sheet(
            path, marks.get(path.stream, nothing).get(path.version), pupils, signers, placed
        )
        for path in dossier.sheets
    ]


def _check_sheet(
    path: SheetPath,
    entry: ReadEntry | None,
    pupils: Mapping[UUID, UUID],
    signers: Signers,
    shown: Sequence[Shown],
) -> Evidence:
    said = path.statement
    if entry is None or not isinstance(entry.event, MarkEntered):
        raise CheckFailed(11, "bad_sheet", "a path for a mark that is not there")
    mark = entry.event
    place = (mark.class_code, mark.subject, mark.semester, mark.slot, mark.effective_on)
    column = (said.class_code, said.subject, said.semester, said.slot, said.date)
    if place != column or said.ledger != entry.ledger:
        raise CheckFailed(11, "bad_sheet", "a mark under the statement of another sheet")
    hashed = sheet.statement_hash(
        *place, pupil=pupils[entry.stream], value=mark.value, salt=mark.salt
    )
    try:
        merkle.verify_inclusion(
            index=path.index,
            size=said.count,
            leaf_hash=hashed,
            proof=[bytes.fromhex(part) for part in path.path],
            root=bytes.fromhex(said.root),
        )
        if path.signature is None:
            return _unsigned_sheet(entry.ledger)
        record = entry.carried.record
        state, by = signers.state(
            path.signature,
            said.canonical,
            kind=sheet.SIGNATURE,
            ledger=entry.ledger,
            purposes=(Purpose.PERSON,),
            at=record.recorded_at,
            proven_at=_proven(shown, entry.ledger, record.position),
        )
    except (MerkleError, SignatureError) as error:
        raise CheckFailed(11, "bad_sheet", str(error)) from error
    return Evidence("sheet", entry.ledger, state, by)


@lru_cache(maxsize=64)
def _unsigned_sheet(ledger: UUID) -> Evidence:
    return Evidence("sheet", ledger, "unsigned", None)


def check_closings(
    dossier: Dossier, entries: Sequence[ReadEntry], signers: Signers, shown: Sequence[Shown]
) -> list[Evidence]:
    """Of check 11: what a seal or a head signed of a closing is true."""
    known = {(entry.stream, entry.version): entry for entry in entries}
    found = []
    for closing in dossier.closings:
        entry = known[closing.stream, closing.version]  # check 10 looked for it
        if not isinstance(entry.event, PeriodClosed):
            raise CheckFailed(11, "bad_sheet", "a closing's proof for another kind of entry")
        signed = closing.signature
        if signed is None:
            found.append(Evidence("closing", entry.ledger, "unsigned", None))
            continue
        try:
            state, by = signers.state(
                signed.value,
                closing_statement(entry.carried, instant_text(signed.signed_at)),
                kind=CLOSING,
                ledger=entry.ledger,
                purposes=(Purpose.SEAL, Purpose.PERSON),
                at=signed.signed_at,
                proven_at=None,
            )
        except SignatureError as error:
            raise CheckFailed(11, "bad_sheet", f"a closing: {error}") from error
        found.append(Evidence("closing", entry.ledger, state, by))
    return found


def _proven(shown: Iterable[Shown], ledger: UUID, position: int) -> datetime | None:
    """When witnesses had seen a log that holds the entry; None where no time is proven. A sheet's
    own entry stands after its marks' in the log: the mark's place is the earlier one, and the
    mark's salted statement fixes what was signed."""
    times = [
        checkpoint.proven_at
        for checkpoint in shown
        if checkpoint.proven_at is not None
        and checkpoint.ledger == ledger
        and checkpoint.checkpoint.size > position
    ]
    return min(times, default=None)
