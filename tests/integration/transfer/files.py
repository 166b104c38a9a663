"""Files in place of a network: what one ledger writes for another, handed over."""

from datetime import date
from uuid import UUID

from tests.integration.transfer.conftest import Side
from tests.integration.transfer.story import LAST_DAY, TODAY
from transfer import by_file, file_courier
from transfer.file_courier import FileMessage
from transfer.inbox import Taken


def written(side: Side, case: UUID, to: Side) -> list[FileMessage]:
    """The files of a case that are for one ledger."""
    found = file_courier.export_case(side.office, case)
    return [message for message in found if message.receiver == to.office.ledger.id]


def released_to_file(
    giver: Side, pupil: UUID, *, to: Side, last_day: date | None = LAST_DAY, today: date = TODAY
) -> tuple[UUID, bytes]:
    """A release that nobody asked for, and its dossier."""
    return by_file.export(
        giver.office,
        pupil=pupil,
        to_ledger=to.office.ledger.id,
        last_day=last_day,
        today=today,
        who=giver.who,
    )


def hand_over(case: UUID, giver: Side, taker: Side) -> list[Taken]:
    """Everything but dossiers, taken in; a dossier is brought on its own."""
    files = [m for m in written(giver, case, taker) if not file_courier.is_dossier(m.data)]
    return [file_courier.take_file(taker.office, m.data, who=taker.who) for m in files]


def bring(case: UUID, giver: Side, taker: Side, *, pupil: UUID | None = None) -> UUID:
    """The dossier among the files, checked and accepted; our pupil."""
    (dossier,) = [m for m in written(giver, case, taker) if file_courier.is_dossier(m.data)]
    _, ours = by_file.import_dossier(
        taker.office, dossier.data, pupil=pupil, new=False, today=TODAY, who=taker.who
    )
    return ours
