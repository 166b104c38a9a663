"""The stage of the demo: two ledgers opened on the home's servers, and how scenes are shown."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ledger.event import Who
from ledger.ledger import Ledger
from projections.views import Views
from services.embedded import Servers
from services.ledgers import Ledgers, Profile
from services.offices import embedded_route, office_of
from transfer import courier
from transfer.courier import Route
from transfer.inbox import Taken
from transfer.office import Office

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Side:
    """One province on stage."""

    profile: Profile
    ledger: Ledger
    office: Office
    route: Route
    views: Views
    who: Who

    def exchange(self) -> list[Taken]:
        """Sends what waits and takes in what came."""
        return courier.exchange(self.office, self.route, who=self.who)


@contextmanager
def sides(
    ledgers: Ledgers, servers: Servers, names: Sequence[str], account: str
) -> Iterator[list[Side]]:
    """The named ledgers, opened."""
    short = {ledgers.profile(name).id: name for name in names}
    with ExitStack() as stack:
        opened = []
        for name in names:
            profile, ledger = stack.enter_context(ledgers.open(servers, name))
            office = office_of(ledgers, profile, ledger)
            route = embedded_route(ledgers, servers, office.trust.by_id(profile.id).nats_account)
            views = Views(ledger, ledgers=short)
            opened.append(Side(profile, ledger, office, route, views, ledger.who(account)))
        yield opened


class Screen:
    """Prints scenes in Vietnamese or English."""

    def __init__(self, lang: str) -> None:
        """`lang` is vi or en."""
        self._vietnamese = lang == "vi"
        console = Console(highlight=False)
        self._console = console if console.is_terminal else Console(highlight=False, width=WIDTH)

    def words(self, vietnamese: str, english: str) -> str:
        """The text in the language asked for."""
        return vietnamese if self._vietnamese else english

    def scene(self, vietnamese: str, english: str) -> None:
        """A heading."""
        self._console.print()
        self._console.print(Rule(self.words(vietnamese, english), align="left", style="bold"))

    def say(self, vietnamese: str, english: str, *, style: str = "") -> None:
        """A sentence."""
        self._console.print(Text(self.words(vietnamese, english), style=style))

    def command(self, text: str) -> None:
        """A command to copy: on one line, whatever the width, for a break would end up in it."""
        self._console.print(Text(text, style="cyan"), soft_wrap=True)

    def table(
        self, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]], title: str = ""
    ) -> None:
        """A table; a cell may be rich text."""
        table = Table(title=title or None, title_justify="left", title_style="bold")
        for vietnamese, english in columns:
            table.add_column(self.words(vietnamese, english))
        for row in rows:
            table.add_row(*(_cell(cell) for cell in row))
        self._console.print(table)


def _cell(cell: Any) -> Text:
    if isinstance(cell, Text):
        return cell
    return Text("–" if cell is None else str(cell))
