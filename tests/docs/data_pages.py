"""The reference pages made from data: columns of import files, code lists, subjects."""

from collections.abc import Iterator, Mapping
from typing import get_args

from ledger.assessment import primary
from ledger.assessment.regime import Regulation
from ledger.code_lists import CODE_LISTS, CodeList, Entry
from ledger.codes import Programme
from ledger.events.pupil_year import MentionRecorded
from ledger.identity_causes import CAUSES
from ledger.presets import PRESETS
from ledger.subject_periods import PERIOD_TABLES, PeriodTable
from ledger.subjects import SUBJECTS, Subject, allowed_slots, regular_marks_required
from services.importing.kinds import KINDS, FileKind
from tests.docs.tables import NOTICE, table

_GRADES = range(1, 13)


class _Reads(dict[str, str]):
    """Cells that are all empty and remember which of them were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, None] = {}

    def __missing__(self, column: str) -> str:
        self.asked[column] = None
        return ""


def columns_page() -> str:
    """Every file of an import with its columns, in the order in which they are taken in."""
    parts = [
        NOTICE,
        "# Columns of the import files\n",
        "In the order in which the files are taken in; files of one step are taken in together. "
        "A *required* column must be there and filled in, unless its cells may be empty because "
        "another column can stand for them. What the cells mean, with an example of each file: "
        "[import files](import-files.md).\n",
        *table(
            ("step", "file", "key of a line", "two lines of one key that differ"),
            (
                (kind.step, f"[{kind.name}.csv](#{kind.name}csv)", _key(kind), _clash(kind))
                for kind in sorted(KINDS.values(), key=lambda kind: kind.step)
            ),
        ),
    ]
    for kind in sorted(KINDS.values(), key=lambda kind: kind.step):
        parts += [
            f"## {kind.name}.csv\n",
            *table(
                ("column", "required", "longest"),
                ((f"`{name}`", _required(kind, name), kind.limit(name)) for name in kind.columns),
            ),
        ]
    return _page(parts)


def _key(kind: FileKind) -> str:
    if kind.slot is None:
        return "the whole line"
    cells = _Reads()
    kind.slot(cells)
    return ", ".join(f"`{column}`" for column in kind.columns if column in cells.asked)


def _clash(kind: FileKind) -> str:
    return "are two lines" if kind.slot is None else f"`{kind.clash}`"


def _required(kind: FileKind, column: str) -> str:
    if column not in kind.required:
        return ""
    return "yes; a cell may be empty" if column in kind.may_be_empty else "yes"


def code_lists_page() -> str:
    """Every official code list with its source and standing, and the project's own lists."""
    parts = [
        NOTICE,
        "# Code lists\n",
        "Official lists as dated data. *Standing* says how sure a list is: *confirmed* in an "
        "official text or several independent sources; seen in *one code base* only; or written "
        "from *memory*, to be checked before it is relied on. A code holds from its first day on, "
        "before its last; a code of several meanings is refused without a day "
        "(`ambiguous_code`).\n",
        *table(
            ("list", "title", "entries", "standing", "source"),
            (
                (f"[{k.name}](#{k.name})", k.title_vi, len(k.entries), _standing(k), k.source)
                for k in CODE_LISTS.values()
            ),
        ),
    ]
    for known in CODE_LISTS.values():
        parts += [f"## {known.name}\n", f"{known.title_vi}. Source: {known.source}.\n"]
        parts += _entries(known)
    return _page([*parts, *_own_lists()])


def _standing(known: CodeList) -> str:
    others = dict.fromkeys(entry.standing for entry in known.entries if entry.standing)
    return "; ".join((known.standing, *(f"some {other}" for other in others)))


def _entries(known: CodeList) -> list[str]:
    columns: Mapping[str, tuple[object, ...]] = {
        "from": tuple(entry.valid_from for entry in known.entries),
        "before": tuple(entry.valid_to for entry in known.entries),
        "standing": tuple(entry.standing for entry in known.entries),
    }
    used = {heading: cells for heading, cells in columns.items() if any(cells)}
    return table(
        ("code", "name", *used),
        (
            (*_code(entry), *(cells[place] for cells in used.values()))
            for place, entry in enumerate(known.entries)
        ),
    )


def _code(entry: Entry) -> tuple[str, str]:
    return f"`{entry.code}`", entry.name


def _own_lists() -> Iterator[str]:
    yield "## Lists of this project\n"
    yield "Closed lists that no official text numbers.\n"
    yield "### Causes of an identity case\n"
    yield from table(
        ("cause", "Vietnamese", "English"), ((f"`{key}`", *words) for key, words in CAUSES.items())
    )
    yield "### Occasions of a report\n"
    yield from table(("preset",), ((f"`{preset}`",) for preset in PRESETS))
    yield "### Kinds of mention\n"
    kinds = get_args(MentionRecorded.model_fields["kind"].annotation)
    yield from table(("kind",), ((f"`{kind}`",) for kind in kinds))
    yield "### Regulations\n"
    yield from table(("regulation",), ((f"`{regulation}`",) for regulation in Regulation))


def subjects_page() -> str:
    """Every subject: spellings, form of assessment, lessons a year, regular marks; slots."""
    parts = [
        NOTICE,
        "# Subjects and slots\n",
        "A file may name a subject by its key or by any of its names, whatever the tone marks and "
        "i/y. *score* is 0 to 10, *comment* Đ or CĐ, *level* T, H or C.\n",
        *table(
            ("key", "name", "other spellings", "grades 6-9", "grades 10-12"),
            (
                (
                    f"`{one.key}`",
                    one.name,
                    ", ".join(_spellings(one)),
                    _form(one, 6),
                    _form(one, 10),
                )
                for one in SUBJECTS.values()
            ),
        ),
        "Where a subject is taught in grades 1 to 5 it is assessed by *level*.\n",
    ]
    tables: dict[str, tuple[PeriodTable, list[Programme]]] = {}
    for programme, one in PERIOD_TABLES.items():
        tables.setdefault(one.source, (one, []))[1].append(programme)
    for one, programmes in tables.values():
        parts += _lessons(one, programmes)
    return _page([*parts, *_slots(), *_qualities()])


def _names(one: Subject) -> tuple[str, ...]:
    spellings = ", ".join(_spellings(one))
    return f"`{one.key}`", one.name, spellings, _form(one, 6), _form(one, 10)


def _spellings(subject: Subject) -> Iterator[str]:
    names = dict.fromkeys((subject.short_name, *subject.aliases))
    return (name for name in names if name != subject.name)


def _form(subject: Subject, grade: int) -> str:
    grades = {*subject.grades_2006}
    for programme in PERIOD_TABLES:
        grades |= {one for one in _GRADES if subject.taught_in(one, programme)}
    stage = range(6, 10) if grade < 10 else range(10, 13)
    return subject.form(grade) if grades & set(stage) else ""


def _lessons(known: PeriodTable, programmes: list[Programme]) -> Iterator[str]:
    last = known.last_year or "today"
    yield f"## Lessons a year, {' and '.join(programmes)}\n"
    yield (
        f"School years beginning {known.first_year} to {last}. Source: {known.source}. In brackets "
        "the regular marks a term that TT 22/2021 asks for in grades 6 to 12. A question mark: "
        "taught, with no number known here (`periods_unknown`).\n"
    )
    shown = (
        (f"`{one.key}`", *(_cell(one, grade, known.programme) for grade in _GRADES))
        for one in SUBJECTS.values()
    )
    yield from table(("subject", *map(str, _GRADES)), (cells for cells in shown if any(cells[1:])))


def _cell(subject: Subject, grade: int, programme: Programme) -> str:
    if not subject.taught_in(grade, programme):
        return ""
    lessons = PERIOD_TABLES[programme].lessons.get(subject.key, {}).get(grade)
    if lessons is None:
        return "?"
    return str(lessons) if grade < 6 else f"{lessons} ({regular_marks_required(lessons)})"


def _slots() -> Iterator[str]:
    yield "## Slots\n"
    yield "What a mark may be entered in, by regulation.\n"
    yield from table(("regulation", "slots"), ((f"`{one}`", _slots_of(one)) for one in Regulation))


def _slots_of(regulation: Regulation) -> str:
    if regulation is Regulation.QD02_2007:
        return "not supported"
    return ", ".join(allowed_slots(regulation)) or "none"


def _qualities() -> Iterator[str]:
    yield "## Qualities and competences\n"
    yield "`item` of qualities.csv, by key or name.\n"
    listed = (
        ("TT27_2020", "quality", primary.QUALITIES_2020),
        ("TT27_2020", "competence", primary.COMPETENCES_2020),
        ("TT22_2016", "quality", primary.QUALITIES_2016),
        ("TT22_2016", "competence", primary.COMPETENCES_2016),
    )
    yield from table(
        ("regulation", "kind", "key", "name"),
        (
            (f"`{regulation}`", kind, f"`{key}`", name)
            for regulation, kind, items in listed
            for key, name in items.items()
        ),
    )


def _page(parts: list[str]) -> str:
    return "\n".join(parts).rstrip() + "\n"
