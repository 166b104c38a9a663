"""The fence: a ledger whose database was restored from a backup does not write.

Outside the database the newest signed checkpoint is kept, the guard; nothing is told to anybody
that it does not cover. A head that does not extend it has forgotten what others were told: going
on would make a second ledger of the same name. So every decision first asks here.

    open        the head extends the guard; writing is free
    fenced      it does not, or the guard is lost: nothing is written until `hocba recover`
    recovering  a new incarnation has begun and waits for what other ledgers know; only the
                recovery itself writes

The full look reads a file and asks three short questions. A process looks once and then compares
two numbers with what it knew: within an incarnation the size of the head never falls.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg

from ledger import log
from ledger.database import Connection
from ledger.errors import Conflict
from ledger.notary import Notary, replace_file
from ledger.queries import queries

_SQL = queries("ledger", "fence.sql")

State = Literal["open", "fenced", "recovering"]
RECOVER = "run `hocba recover`; until it has ended nothing is written, released, accepted or told"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ledger stands; `reason` says in a sentence why it is not open."""

    state: State
    reason: str | None = None


class Fence:
    """Asked before every decision of one opened ledger."""

    def __init__(self, notary: Notary, place_file: Path | None = None) -> None:
        """`notary` keeps the guard; `place_file` remembers on which server the database was."""
        self._notary = notary
        self._place_file = place_file
        self._known: tuple[int, int] | None = None
        self._fallen = False

    def check(self, connection: Connection, incarnation: int, size: int) -> None:
        """Lets a decision pass that begins at this head.

        Raises:
            Conflict: `fenced`, with what to do.
        """
        if self._known is None:
            self.require_open(connection)
        elif self._fallen or not self._extends(self._known, incarnation, size, connection):
            # What this program remembers, keys above all, may not be in the database any more.
            self._fallen = True
            raise Conflict(
                "fenced",
                "the database is not the one it was a moment ago: it was restored while this "
                "program ran; end the program and start it again",
            )
        self.saw(incarnation, size)

    def saw(self, incarnation: int, size: int) -> None:
        """The head was so: within the incarnation it never falls below that again."""
        self._known = max(self._known or (0, 0), (incarnation, size))

    def _extends(
        self, known: tuple[int, int], incarnation: int, size: int, connection: Connection
    ) -> bool:
        if known[0] == incarnation and known[1] <= size:
            return True
        # Another thread may have appended since this one read the head: it is read once more.
        head = log.head(connection)
        return head.incarnation == known[0] and head.size >= known[1]

    def require_open(self, connection: Connection) -> None:
        """The full look. Raises Conflict(`fenced`)."""
        found = self.standing(connection)
        if found.state != "open":
            raise Conflict("fenced", str(found.reason))
        if self._place_file is not None and not self._place_file.exists():
            self.remember_place(connection)

    def require_no_restore(self, connection: Connection) -> None:
        """Asked before the log is signed: a guard that is lost is not to be made anew in passing.
        A recovery that is under way may sign. Raises Conflict(`fenced`)."""
        found = self.standing(connection)
        if found.state == "fenced":
            raise Conflict("fenced", str(found.reason))

    def standing(self, connection: Connection) -> Standing:
        """Where the ledger stands now."""
        try:
            self._notary.check_witness(connection)
            kept = self._notary.witnessed()
        except Conflict as conflict:
            if conflict.code == "witness_unreadable":
                return Standing("fenced", conflict.message)
            return Standing("fenced", f"{conflict.message}; {RECOVER}")
        if connection.execute(_SQL["recovering"]).fetchone() is not None:
            return Standing(
                "recovering",
                "this ledger was restored from a backup and waits for what other ledgers know; "
                "`hocba recover` shows for whom",
            )
        if kept is None and self._keeps_guard and _signed_anything(connection):
            return Standing(
                "fenced",
                "the newest checkpoint is not kept beside the database any more, so nobody can "
                "tell whether entries are missing; put HOME/checkpoints back, or "
                f"{RECOVER} (--adopt where it is certain that the database was not restored)",
            )
        return Standing("open")

    @property
    def _keeps_guard(self) -> bool:
        return self._notary.witness_file is not None

    def moved(self, connection: Connection) -> str | None:
        """A sentence where the database stands on another server or time line than when the
        guard was written; None where it does not, or cannot be seen. Not a fence by itself: a
        replica that took over has lost nothing."""
        if self._place_file is None or not self._place_file.exists():
            return None
        here = _place(connection)
        try:
            was = json.loads(self._place_file.read_text("utf-8"))
        except ValueError:
            return f"{self._place_file.name} cannot be read"
        if here is None or here == was:
            return None
        return "the database stands on another server or time line than at its last checkpoint"

    def remember_place(self, connection: Connection) -> None:
        """Keeps on which server and time line the database is."""
        here = _place(connection)
        if self._place_file is not None and here is not None:
            replace_file(self._place_file, json.dumps(here))


def _signed_anything(connection: Connection) -> bool:
    row = connection.execute(_SQL["signed_anything"]).fetchone()
    return bool(row and row[0])


def _place(connection: Connection) -> dict[str, Any] | None:
    try:
        row = connection.execute(_SQL["place"]).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return None
    return None if row is None else {"system_identifier": row[0], "timeline": row[1]}
