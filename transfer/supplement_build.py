"""Building a supplement: the pupil-years that hold what is proposed, proven from our own log."""

from typing import Any
from uuid import UUID

from ledger import ids, log
from ledger.case import Case
from ledger.database import Connection
from ledger.event import StreamKind
from ledger.events.pupil_year import Proposed
from ledger.events.supplement import SupplementSent
from ledger.log import Entry
from ledger.proposal import Decisions
from ledger.reader import Reader
from transfer.acceptances import signed_answers
from transfer.bodies import Offer, SupplementBody
from transfer.build import keys_of, record_of
from transfer.dossier import CarriedStream
from transfer.entries import carried, own
from transfer.errors import CaseRefused
from transfer.office import Office
from transfer.proofs import inclusion_of


def build_supplement(
    office: Office, connection: Connection, case: Case, number: int
) -> dict[str, Any]:
    """The payload of one supplement of a case, as things stood when it was made.

    Raises:
        CaseRefused: none was made under that number.
    """
    sent, size = _sent(office, connection, case, number)
    assert case.pupil is not None
    reader = Reader(connection, office.ledger.keyring, office.ledger.id)
    pupil = reader.pupils([case.pupil])[case.pupil]
    assert pupil is not None
    years: dict[UUID, list[Entry]] = {}
    for entry in own(record_of(connection, pupil, size=size), office.ledger.id):
        if entry.stream.kind is StreamKind.PUPIL_YEAR and entry.stream.person == pupil.id:
            years.setdefault(entry.stream.id, []).append(entry)
    proposed = {
        entry.event.proposal: entry
        for written in years.values()
        for entry in written
        if isinstance(entry.event, Proposed)
    }
    lost = [proposal for proposal in sent.proposals if proposal not in proposed]
    if lost:
        raise CaseRefused(f"{len(lost)} of the proposals sent are not in the log any more")
    offered = [proposed[proposal] for proposal in sent.proposals]
    streams = tuple(
        CarriedStream(
            id=stream,
            ledger=office.ledger.id,
            entries=tuple(carried(entry) for entry in years[stream]),
        )
        for stream in dict.fromkeys(entry.stream.id for entry in offered)
    )
    body = SupplementBody(
        v=1,
        kind="supplement",
        iss=office.ledger.id,
        aud=sent.to_ledger,
        transfer_id=case.id,
        number=number,
        via=sent.via,
        pupil=pupil.id,
        streams=streams,
        proposals=tuple(
            Offer(
                proposal=proposal,
                stream=proposed[proposal].stream.id,
                version=proposed[proposal].version,
                inclusion=inclusion_of(office, connection, proposed[proposal])[0],
            )
            for proposal in sent.proposals
        ),
        keys=keys_of(office, connection, [entry for s in streams for entry in years[s.id]]),
        answers=_answers(office, connection, reader.decisions(pupil), sent),
    )
    return body.model_dump(mode="json")


def _answers(
    office: Office, connection: Connection, decisions: Decisions, sent: SupplementSent
) -> tuple[str, ...] | None:
    """What the custodian signed about proposals that are all decided: it asked for them again."""
    if any((office.ledger.id, one) not in decisions for one in sent.proposals):
        return None
    return signed_answers(office, connection, sent.case, sent.to_ledger, sent.proposals)


def _sent(
    office: Office, connection: Connection, case: Case, number: int
) -> tuple[SupplementSent, int]:
    """What was sent under the number, and the size of the log it speaks of."""
    stream = ids.case_stream(office.ledger.id, case.id)
    size = log.head(connection).size
    for entry in log.of_streams(connection, [stream], size=size):
        if isinstance(entry.event, SupplementSent) and entry.event.number == number:
            return entry.event, entry.position
    raise CaseRefused(f"no supplement {number} was made in this case")
