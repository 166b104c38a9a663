"""What a sheet is taken for: its columns, and the lines of the contract that its rows become."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ledger.errors import Refused
from services.importing.kinds import FileKind
from services.sheets.reading import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the sender says where a file does not say it itself (options of `hocba import`)."""

    class_code: str = ""
    school_code: str = ""
    school_year: str = ""
    subject: str = ""
    semester: str = ""
    time: str = ""
    on: str = ""

    def require(self, option: str) -> str:
        """The option's value.

        Raises:
            Refused: `missing_option`, naming it.
        """
        value: str = getattr(self, option)
        if not value:
            name = {"class_code": "class", "school_code": "school"}.get(option, option)
            flag = "--" + name.replace("_", "-")
            raise Refused(
                "missing_option",
                f"the file does not say it: give {flag}",
                suggestion=f"hocba import FILE {flag} …",
            )
        return value


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its heading as it stands, and what it was taken for.

    `taken_for` is `kind.column`, empty where nothing of it is needed (row numbers, averages that
    are computed here), None where it has no home.
    """

    index: int
    heading: str
    taken_for: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """A line of the contract made from a row; `read_from` names the heading of each column."""

    kind: FileKind
    cells: Mapping[str, str]
    read_from: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row, or one cell of it, that becomes no line."""

    heading: str | None
    value: str | None
    reason: str
    message: str
    suggestion: str | None = None
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A cell that holds what is on record already."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one cell says of something that is computed here."""

    what: Literal["completion", "promotion", "result", "average"]
    heading: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a row says of results that are computed here: compared once the import is done, never
    taken over. `pupil` is (kind, value) of a number; `subject` and `semester` are those of an
    average, whose semester is empty for the year's."""

    pupil: tuple[str, str]
    school_year: str
    on: str
    told: tuple[Told, ...]
    subject: str = ""
    semester: str = ""


Result = Made | Fault | Unchanged | Claim


class Plan(Protocol):
    """How one sheet is read."""

    @property
    def name(self) -> str:
        """What the sheet was taken for."""
        ...

    @property
    def header(self) -> int:
        """The first row of the header."""
        ...

    @property
    def first(self) -> int:
        """The first row of data."""
        ...

    @property
    def columns(self) -> Sequence[Column]:
        """What each column was taken for."""
        ...

    def results(self, rows: Sequence[Row]) -> Iterator[tuple[int, Result]]:
        """(row number, result) of some data rows, in their order."""
        ...


def of_refused(refused: Refused, heading: str | None, value: str | None) -> Fault:
    """A rule's refusal of one cell."""
    return Fault(heading, value, refused.code, refused.message, refused.suggestion)
