"""What a line of a file is about: the keys by which two lines of one file clash or go together."""

from collections.abc import Callable, Mapping
from functools import cache

from ledger.codes import Programme
from ledger.errors import Refused
from ledger.subjects import find_subject

Cells = Mapping[str, str]
"""Column to cleaned cell; an absent optional column is the empty string."""


def key(*columns: str) -> Callable[[Cells], str]:
    """The cells of these columns, joined."""
    return lambda cells: "\x1f".join(cells[column] for column in columns)


@cache
def subject_key(text: str) -> str:
    """A subject's key however it is spelt; the text itself where no grade has it."""
    for programme in (Programme.GDPT2018, Programme.GDPT2006):
        for grade in range(12, 0, -1):
            try:
                return find_subject(text, grade, programme).key
            except Refused:
                continue
    return text


def canonical_mark(value: str) -> str:
    """A mark as far as sameness goes: 8, 8.0 and 8,0 are one."""
    value = value.replace(",", ".").upper()
    return value[:-2] if value.endswith(".0") else value


def mark_slot(cells: Cells) -> str:
    """Whose mark in which slot of which year."""
    day = cells["effective_on"]
    # A school year runs from August: its first calendar year stands for it.
    year = day[:4] if day[5:7] >= "08" else f"<{day[:4]}"
    subject = subject_key(cells["subject"])
    return "\x1f".join(
        (cells["pupil_key"], year, subject, cells["semester"], cells["slot"].upper())
    )


def mark_says(cells: Cells) -> str:
    """The value of a mark and its day."""
    return f"{canonical_mark(cells['value'])}\x1f{cells['effective_on']}"


def sheet(cells: Cells) -> str:
    """The column of a grade book that a mark belongs to."""
    columns = ("semester", "slot", "effective_on", "sheet_key")
    return "\x1f".join(
        (cells["class_code"], subject_key(cells["subject"]), *(cells[c] for c in columns))
    )


def correction_slot(cells: Cells) -> str:
    """Whose mark is put right, from which day."""
    columns = ("pupil_key", "school_year", "semester", "slot", "effective_on")
    return "\x1f".join((*(cells[c] for c in columns), subject_key(cells["subject"])))


def paper_slot(cells: Cells) -> str:
    """What a result from paper is of."""
    columns = ("pupil_key", "school_year", "school_name", "kind", "semester")
    return "\x1f".join(
        (*(cells[c] for c in columns), subject_key(cells["subject"]), cells["slot"].upper())
    )
