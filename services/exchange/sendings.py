"""What was sent before, and whether it may be sent now: read from the log as it is now."""

from collections.abc import Iterator
from uuid import UUID

from ledger import ids, log
from ledger.database import Connection
from ledger.events.pupil import PupilEnrolled
from ledger.events.pupil_year import ExchangeRecordSent
from ledger.ledger import Ledger
from ledger.pupil_year import Sent
from ledger.reader import Reader


class Sendings:
    """The sendings on record, whatever prefix an export is made of."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        """Reads nothing yet."""
        self._ledger = ledger
        self._connection = connection

    def released(self, pupil: UUID) -> bool:
        """Whether another ledger manages the pupil's record now."""
        reader = Reader(self._connection, self._ledger.keyring, self._ledger.id)
        state = reader.pupils([pupil])[pupil]
        return state is not None and state.released is not None

    def schools(self, pupil: UUID) -> Iterator[str]:
        """Every school the pupil was ever enrolled at here, also by mistake."""
        entries = log.of_streams(
            self._connection,
            [pupil],
            size=log.head(self._connection).size,
            topics=[PupilEnrolled.TOPIC],
        )
        for entry in entries:
            if isinstance(entry.event, PupilEnrolled):
                yield entry.event.school_code

    def newer(self, pupil: UUID, school_year: str, last: Sent, size: int) -> bool:
        """Whether the last sending was recorded after the prefix of `size` entries, so that the
        prefix holds an older state than what was sent."""
        entries = log.of_streams(
            self._connection,
            [ids.year_stream(self._ledger.id, pupil, school_year)],
            size=log.head(self._connection).size,
            topics=[ExchangeRecordSent.TOPIC],
        )
        positions = [
            entry.position
            for entry in entries
            if isinstance(entry.event, ExchangeRecordSent) and entry.event.record == last.record
        ]
        return bool(positions) and positions[-1] >= size
