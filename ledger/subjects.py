"""School subjects: names in every spelling, form of assessment, required and allowed marks.

Keys are those of the contract. Forms are confirmed (TT 22/2021 Điều 5); lessons a year stand in
`ledger.subject_periods`.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from ledger.assessment import primary
from ledger.assessment.regime import Regulation, require_supported
from ledger.codes import Programme, Stage, stage_of
from ledger.errors import Refused
from ledger.events.pupil_year import Form
from ledger.spelling import spelling_key
from ledger.subject_periods import lessons_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One subject (môn học, hoạt động giáo dục).

    Under the 2018 programme it is taught in the grades that `ledger.subject_periods` has lessons
    for; `grades_2006` are those of the 2006 programme, of which not all lessons are recorded.
    `commented` names the stages that assess by Đ/CĐ only.
    """

    key: str
    name: str
    short_name: str
    aliases: tuple[str, ...]
    commented: frozenset[Stage]
    grades_2006: frozenset[int]

    def taught_in(self, grade: int, programme: Programme) -> bool:
        """Whether the subject exists in that grade and programme."""
        if programme is Programme.GDPT2006:
            return grade in self.grades_2006
        return grade in lessons_of(self.key, programme)

    def form(self, grade: int) -> Form:
        """Return the form of assessment in that grade: score, comment, or level in primary.

        It is the same in both general programmes wherever a subject is taught in both: physical
        education, and music and fine arts, were assessed by comment under TT 58/2011 too.
        """
        stage = stage_of(grade)
        if stage is Stage.PRIMARY:
            return "level"
        return "comment" if stage in self.commented else "score"

    def periods_a_year(self, grade: int, programme: Programme) -> int:
        """Return lessons a year; raises `Refused("periods_unknown")` where none are recorded."""
        lessons = lessons_of(self.key, programme)
        if grade not in lessons:
            raise Refused(
                "periods_unknown",
                f"no periods a year are recorded for {self.key} in grade {grade} of {programme}",
                field="subject",
            )
        return lessons[grade]


def _subject(
    key: str,
    name: str,
    short_name: str,
    *aliases: str,
    commented: tuple[Stage, ...] = (),
    grades_2006: tuple[range, ...] = (),
) -> Subject:
    return Subject(
        key=key,
        name=name,
        short_name=short_name,
        aliases=aliases,
        commented=frozenset(commented),
        grades_2006=frozenset(grade for grades in grades_2006 for grade in grades),
    )


_ALL = range(1, 13)
_PRIMARY, _THCS, _THPT = range(1, 6), range(6, 10), range(10, 13)
_BOTH = (Stage.LOWER_SECONDARY, Stage.UPPER_SECONDARY)

SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        subject.key: subject
        for subject in (
            _subject("TIENGVIET", "Tiếng Việt", "Tiếng Việt", grades_2006=(_PRIMARY,)),
            _subject("TOAN", "Toán", "Toán", "Toán học", grades_2006=(_ALL,)),
            _subject("NGUVAN", "Ngữ văn", "Ngữ văn", "Văn", "Văn học", grades_2006=(_THCS, _THPT)),
            _subject(
                *("NGOAINGU1", "Ngoại ngữ 1", "Ngoại ngữ 1"),
                *("Ngoại ngữ", "Tiếng Anh", "Anh văn", "NN1"),
                grades_2006=(_ALL,),
            ),
            _subject("NGOAINGU2", "Ngoại ngữ 2", "Ngoại ngữ 2", "NN2", grades_2006=(_THCS, _THPT)),
            _subject("LICHSU", "Lịch sử", "Lịch sử", "Sử", grades_2006=(_THCS, _THPT)),
            _subject("DIALI", "Địa lí", "Địa lí", "Địa", grades_2006=(_THCS, _THPT)),
            _subject(
                *("LSDL", "Lịch sử và Địa lí", "Lịch sử và Địa lí", "Sử Địa", "LS&ĐL"),
                grades_2006=(range(4, 6),),
            ),
            _subject("KHTN", "Khoa học tự nhiên", "Khoa học tự nhiên"),
            _subject("VATLI", "Vật lí", "Vật lí", "Lí", grades_2006=(_THCS, _THPT)),
            _subject("HOAHOC", "Hoá học", "Hoá học", "Hoá", grades_2006=(range(8, 13),)),
            _subject("SINHHOC", "Sinh học", "Sinh học", "Sinh", grades_2006=(_THCS, _THPT)),
            _subject("TINHOC", "Tin học", "Tin học", "Tin", grades_2006=(range(3, 13),)),
            _subject(
                *("CONGNGHE", "Công nghệ", "Công nghệ"),
                *("Công nghệ công nghiệp", "Công nghệ nông nghiệp"),
                grades_2006=(_THCS, _THPT),
            ),
            _subject(
                *("TINHOCCONGNGHE", "Tin học và Công nghệ", "Tin học, Công nghệ"),
                "Tin học và Công nghệ (Tin học)",
            ),
            _subject(
                "GDCD", "Giáo dục công dân", "GD công dân", "Công dân", grades_2006=(_THCS, _THPT)
            ),
            _subject(
                *("GDKTPL", "Giáo dục kinh tế và pháp luật", "GD kinh tế, PL"),
                *("Kinh tế và pháp luật", "GDKT&PL", "GD KT&PL", "GDKT-PL"),
            ),
            _subject(
                *("GDQPAN", "Giáo dục quốc phòng và an ninh", "GDQP và AN"),
                *("GDQP-AN", "GDQP&AN", "GDQP", "Giáo dục quốc phòng", "Quốc phòng an ninh"),
                "Giáo dục quốc phòng - an ninh",
                grades_2006=(_THPT,),
            ),
            _subject(
                *("GDTC", "Giáo dục thể chất", "GD thể chất", "Thể dục"),
                commented=_BOTH,
                grades_2006=(_ALL,),
            ),
            _subject("NGHETHUAT", "Nghệ thuật", "Nghệ thuật", commented=_BOTH),
            _subject(
                *("AMNHAC", "Âm nhạc", "Âm nhạc", "Nhạc"),
                commented=_BOTH,
                grades_2006=(_PRIMARY, _THCS),
            ),
            _subject(
                "MITHUAT", "Mĩ thuật", "Mĩ thuật", commented=_BOTH, grades_2006=(_PRIMARY, _THCS)
            ),
            _subject(
                *("HDTNHN", "Hoạt động trải nghiệm, hướng nghiệp", "HĐ trải nghiệm, HN"),
                *("Hoạt động trải nghiệm", "Trải nghiệm hướng nghiệp", "HĐTN-HN", "HĐTN"),
                commented=_BOTH,
            ),
            _subject(
                *("GDDP", "Nội dung giáo dục của địa phương", "GD địa phương"),
                *("Giáo dục địa phương", "Nội dung giáo dục địa phương", "GDĐP"),
                commented=_BOTH,
            ),
            _subject(
                *("TIENGDTTS", "Tiếng dân tộc thiểu số", "Tiếng DTTS", "Tiếng dân tộc"),
                grades_2006=(_ALL,),
            ),
            _subject("DAODUC", "Đạo đức", "Đạo đức", grades_2006=(_PRIMARY,)),
            _subject(
                *("TNXH", "Tự nhiên và Xã hội", "Tự nhiên và Xã hội", "TN&XH"),
                grades_2006=(range(1, 4),),
            ),
            _subject("KHOAHOC", "Khoa học", "Khoa học", grades_2006=(range(4, 6),)),
            _subject("HDTN", "Hoạt động trải nghiệm", "HĐ trải nghiệm", "HĐTN"),
        )
    }
)


def _spellings() -> dict[str, tuple[Subject, ...]]:
    found: dict[str, tuple[Subject, ...]] = {}
    for subject in SUBJECTS.values():
        names = (subject.key, subject.name, subject.short_name, *subject.aliases)
        for spelling in dict.fromkeys(map(spelling_key, names)):
            found[spelling] = (*found.get(spelling, ()), subject)
    return found


_BY_SPELLING: Mapping[str, tuple[Subject, ...]] = MappingProxyType(_spellings())


def subjects_named(text: str) -> tuple[Subject, ...]:
    """Every subject that has this key or name in some grade; none where nobody knows it."""
    return tuple(_BY_SPELLING.get(spelling_key(text), ()))


def find_subject(text: str, grade: int, programme: Programme) -> Subject:
    """Return the subject of that grade and programme by key or by name in any spelling.

    Raises `Refused("unknown_subject")` with the nearest name, or
    `Refused("subject_not_in_grade")` for a subject that the grade does not have.
    """
    named = _BY_SPELLING.get(spelling_key(text), ())
    for subject in named:
        if subject.taught_in(grade, programme):
            return subject
    if named:
        raise Refused(
            "subject_not_in_grade",
            f"{named[0].key} is not taught in grade {grade} of {programme}",
            field="subject",
        )
    nearest = _nearest(spelling_key(text), grade, programme)
    raise Refused(
        "unknown_subject",
        "no subject has this key or name",
        field="subject",
        suggestion=f"{nearest.key} ({nearest.name})" if nearest else None,
    )


def _nearest(spelling: str, grade: int, programme: Programme) -> Subject | None:
    taught = {
        known: subject
        for known, subjects in _BY_SPELLING.items()
        for subject in subjects
        if subject.taught_in(grade, programme)
    }
    close = difflib.get_close_matches(spelling, taught, n=1)
    return taught[close[0]] if close else None


def regular_marks_required(periods: int) -> int:
    """Return the regular marks (ĐĐGtx) a semester for `periods` lessons a year.

    Up to 35: 2; up to 70: 3; more: 4 (TT 22/2021 Điều 6, domain reference 1.1).
    """
    if periods <= 35:
        return 2
    return 3 if periods <= 70 else 4


def required_slots(
    subject: Subject, grade: int, programme: Programme, regulation: Regulation
) -> tuple[str, ...]:
    """Return the slots a result needs: of a semester, as `("TX1", "TX2", "GK", "CK")`, or of a
    primary year, as `("GK1", "CK1", "GK2", "CN", "KT_CK1", "KT_CN")`.

    Empty before grade 1, for a school abroad, and under TT 58/2011 before its amendment, whose
    number of marks is not recorded here. Raises `Refused` with `regulation_not_supported`, or
    `periods_unknown` where the subject has none in that grade and programme.
    """
    require_supported(regulation)
    if regulation in primary.REGULATIONS:
        times = _primary_times(regulation)
        tested = (t for t in times if primary.has_test(subject.key, t, grade, regulation))
        return (*times, *map(_test_slot, tested))
    if regulation not in _BY_PERIODS:
        return ()
    regular = regular_marks_required(subject.periods_a_year(grade, programme))
    return (*_numbered("TX", regular), "GK", "CK")


MAX_REGULAR_SLOTS = 12
"""Highest TX slot a sheet may name (contract, Import files)."""
MAX_PERIODIC_SLOTS = 6
"""Highest DK slot (tests of one lesson or more, TT 58/2011 before its amendment)."""
_BY_PERIODS = frozenset({Regulation.TT22_2021, Regulation.TT26_2020, Regulation.TT43_2021})
"""Where the number of regular marks follows the periods (TT 22 Điều 6, TT 26/2020)."""


@cache
def allowed_slots(regulation: Regulation) -> tuple[str, ...]:
    """Return every slot a mark may be entered in; regular ones beyond the required are surplus.

    Raises `Refused("regulation_not_supported")`.
    """
    require_supported(regulation)
    if regulation in primary.REGULATIONS:
        times = _primary_times(regulation)
        return (*times, *map(_test_slot, times))
    regular = _numbered("TX", MAX_REGULAR_SLOTS)
    if regulation is Regulation.TT58_2011:
        return (*regular, *_numbered("DK", MAX_PERIODIC_SLOTS), "CK")
    return (*regular, "GK", "CK") if regulation in _BY_PERIODS else ()


def _numbered(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{n}" for n in range(1, count + 1))


def _primary_times(regulation: Regulation) -> tuple[str, ...]:
    """The times of a primary year; TT 30/2014 assesses at the end of either term (from memory)."""
    return ("CK1", "CN") if regulation is Regulation.TT30_2014 else ("GK1", "CK1", "GK2", "CN")


def _test_slot(time: str) -> str:
    return f"KT_{time}"
