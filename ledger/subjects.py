"""School subjects: names in every spelling, form of assessment, periods and required marks.

Keys are those of the contract. Forms are confirmed (TT 22/2021 Điều 5); periods a year (TT
32/2018) are **from memory** and stand in one table so that they can be corrected in one place.
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from ledger.assessment.regime import Regulation, require_supported
from ledger.codes import Programme, Stage, stage_of
from ledger.errors import Refused
from ledger.events.pupil_year import Form
from ledger.text import matching_key

_GENERAL_GRADES = range(1, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One subject (môn học, hoạt động giáo dục).

    `periods` gives lessons a year by grade under the 2018 programme; its keys are the grades
    the subject is taught in there. `grades_2006` are those of the 2006 programme, whose periods
    are not recorded. `commented` names the stages that assess by Đ/CĐ only.
    """

    key: str
    name: str
    short_name: str
    aliases: tuple[str, ...]
    commented: frozenset[Stage]
    periods: Mapping[int, int]
    grades_2006: frozenset[int]

    def taught_in(self, grade: int, programme: Programme) -> bool:
        """Whether the subject exists in that grade and programme."""
        if programme is Programme.GDPT2006:
            return grade in self.grades_2006
        return programme is not Programme.MN and grade in self.periods

    def form(self, grade: int) -> Form:
        """Return the form of assessment in that grade: score, comment, or level in primary."""
        stage = stage_of(grade)
        if stage is Stage.PRIMARY:
            return "level"
        return "comment" if stage in self.commented else "score"

    def periods_a_year(self, grade: int, programme: Programme) -> int:
        """Return lessons a year; raises `Refused("periods_unknown")` where none are recorded."""
        if programme is Programme.GDPT2006 or grade not in self.periods:
            raise Refused(
                "periods_unknown",
                f"no periods a year are recorded for {self.key} in grade {grade} of {programme}",
                field="subject",
            )
        return self.periods[grade]


def _subject(
    key: str,
    name: str,
    short_name: str,
    *aliases: str,
    commented: tuple[Stage, ...] = (),
    th: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0),
    thcs: tuple[int, int, int, int] = (0, 0, 0, 0),
    thpt: int = 0,
    grades_2006: tuple[range, ...] = (),
) -> Subject:
    weekly = (*th, *thcs, thpt, thpt, thpt)
    return Subject(
        key=key,
        name=name,
        short_name=short_name,
        aliases=aliases,
        commented=frozenset(commented),
        periods=MappingProxyType(
            {grade: n for grade, n in zip(_GENERAL_GRADES, weekly, strict=True) if n}
        ),
        grades_2006=frozenset(grade for grades in grades_2006 for grade in grades),
    )


_ALL = range(1, 13)
_PRIMARY, _THCS, _THPT = range(1, 6), range(6, 10), range(10, 13)
_BOTH = (Stage.LOWER_SECONDARY, Stage.UPPER_SECONDARY)

SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        subject.key: subject
        for subject in (
            _subject(
                *("TIENGVIET", "Tiếng Việt", "Tiếng Việt"),
                th=(420, 350, 245, 245, 245),
                grades_2006=(_PRIMARY,),
            ),
            _subject(
                *("TOAN", "Toán", "Toán", "Toán học"),
                th=(105, 175, 175, 175, 175),
                thcs=(140, 140, 140, 140),
                thpt=105,
                grades_2006=(_ALL,),
            ),
            _subject(
                *("NGUVAN", "Ngữ văn", "Ngữ văn", "Văn", "Văn học"),
                thcs=(140, 140, 140, 140),
                thpt=105,
                grades_2006=(_THCS, _THPT),
            ),
            _subject(
                *("NGOAINGU1", "Ngoại ngữ 1", "Ngoại ngữ 1"),
                *("Ngoại ngữ", "Tiếng Anh", "Anh văn", "NN1"),
                th=(70, 70, 140, 140, 140),
                thcs=(105, 105, 105, 105),
                thpt=105,
                grades_2006=(_ALL,),
            ),
            _subject(
                *("NGOAINGU2", "Ngoại ngữ 2", "Ngoại ngữ 2", "NN2"),
                thcs=(105, 105, 105, 105),
                thpt=105,
                grades_2006=(_THCS, _THPT),
            ),
            _subject(
                *("LICHSU", "Lịch sử", "Lịch sử", "Sử"),
                thpt=52,
                grades_2006=(_THCS, _THPT),
            ),
            _subject(
                *("DIALI", "Địa lí", "Địa lí", "Địa"),
                thpt=70,
                grades_2006=(_THCS, _THPT),
            ),
            _subject(
                *("LSDL", "Lịch sử và Địa lí", "Lịch sử và Địa lí", "Sử Địa", "LS&ĐL"),
                th=(0, 0, 0, 70, 70),
                thcs=(105, 105, 105, 105),
                grades_2006=(range(4, 6),),
            ),
            _subject(
                *("KHTN", "Khoa học tự nhiên", "Khoa học tự nhiên"),
                thcs=(140, 140, 140, 140),
            ),
            _subject(*("VATLI", "Vật lí", "Vật lí", "Lí"), thpt=70, grades_2006=(_THCS, _THPT)),
            _subject(*("HOAHOC", "Hoá học", "Hoá học", "Hoá"), thpt=70, grades_2006=(_THCS, _THPT)),
            _subject(
                *("SINHHOC", "Sinh học", "Sinh học", "Sinh"), thpt=70, grades_2006=(_THCS, _THPT)
            ),
            _subject(
                *("TINHOC", "Tin học", "Tin học", "Tin"),
                th=(0, 0, 35, 35, 35),
                thcs=(35, 35, 35, 35),
                thpt=70,
                grades_2006=(range(3, 13),),
            ),
            _subject(
                *("CONGNGHE", "Công nghệ", "Công nghệ"),
                *("Công nghệ công nghiệp", "Công nghệ nông nghiệp"),
                th=(0, 0, 35, 35, 35),
                thcs=(35, 35, 52, 52),
                thpt=70,
                grades_2006=(_THCS, _THPT),
            ),
            _subject(
                *("TINHOCCONGNGHE", "Tin học và Công nghệ", "Tin học, Công nghệ"),
                "Tin học và Công nghệ (Tin học)",
                th=(0, 0, 70, 70, 70),
            ),
            _subject(
                *("GDCD", "Giáo dục công dân", "GD công dân", "Công dân"),
                thcs=(35, 35, 35, 35),
                grades_2006=(_THCS, _THPT),
            ),
            _subject(
                *("GDKTPL", "Giáo dục kinh tế và pháp luật", "GD kinh tế, PL"),
                *("Kinh tế và pháp luật", "GDKT&PL", "GD KT&PL", "GDKT-PL"),
                thpt=70,
            ),
            _subject(
                *("GDQPAN", "Giáo dục quốc phòng và an ninh", "GDQP và AN"),
                *("GDQP-AN", "GDQP&AN", "GDQP", "Giáo dục quốc phòng", "Quốc phòng an ninh"),
                "Giáo dục quốc phòng - an ninh",
                thpt=35,
                grades_2006=(_THPT,),
            ),
            _subject(
                *("GDTC", "Giáo dục thể chất", "GD thể chất", "Thể dục"),
                commented=_BOTH,
                th=(70, 70, 70, 70, 70),
                thcs=(70, 70, 70, 70),
                thpt=70,
                grades_2006=(_ALL,),
            ),
            _subject(
                *("NGHETHUAT", "Nghệ thuật", "Nghệ thuật"),
                commented=_BOTH,
                th=(70, 70, 70, 70, 70),
                thcs=(70, 70, 70, 70),
            ),
            _subject(
                *("AMNHAC", "Âm nhạc", "Âm nhạc", "Nhạc"),
                commented=_BOTH,
                th=(35, 35, 35, 35, 35),
                thpt=70,
                grades_2006=(_PRIMARY, _THCS),
            ),
            _subject(
                *("MITHUAT", "Mĩ thuật", "Mĩ thuật"),
                commented=_BOTH,
                th=(35, 35, 35, 35, 35),
                thpt=70,
                grades_2006=(_PRIMARY, _THCS),
            ),
            _subject(
                *("HDTNHN", "Hoạt động trải nghiệm, hướng nghiệp", "HĐ trải nghiệm, HN"),
                *("Hoạt động trải nghiệm", "Trải nghiệm hướng nghiệp", "HĐTN-HN", "HĐTN"),
                commented=_BOTH,
                thcs=(105, 105, 105, 105),
                thpt=105,
            ),
            _subject(
                *("GDDP", "Nội dung giáo dục của địa phương", "GD địa phương"),
                *("Giáo dục địa phương", "Nội dung giáo dục địa phương", "GDĐP"),
                commented=_BOTH,
                thcs=(35, 35, 35, 35),
                thpt=35,
            ),
            _subject(
                *("TIENGDTTS", "Tiếng dân tộc thiểu số", "Tiếng DTTS", "Tiếng dân tộc"),
                th=(70, 70, 70, 70, 70),
                thcs=(105, 105, 105, 105),
                thpt=105,
                grades_2006=(_ALL,),
            ),
            _subject(
                *("DAODUC", "Đạo đức", "Đạo đức"),
                th=(35, 35, 35, 35, 35),
                grades_2006=(_PRIMARY,),
            ),
            _subject(
                *("TNXH", "Tự nhiên và Xã hội", "Tự nhiên và Xã hội", "TN&XH"),
                th=(70, 70, 70, 0, 0),
                grades_2006=(range(1, 4),),
            ),
            _subject(
                *("KHOAHOC", "Khoa học", "Khoa học"),
                th=(0, 0, 0, 70, 70),
                grades_2006=(range(4, 6),),
            ),
            _subject(
                *("HDTN", "Hoạt động trải nghiệm", "HĐ trải nghiệm", "HĐTN"),
                th=(105, 105, 105, 105, 105),
            ),
        )
    }
)

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


def subject_key(text: str) -> str:
    """Return the key by which two spellings of a subject's name are the same.

    Case does not count, nor on which vowel of a word the tone stands (Toán = Tóan), nor i and y
    (Vật lý = Vật lí); `&` reads `và`, and punctuation goes.
    """
    words = re.split(r"[\W_]+", matching_key(text).replace("&", " và "))
    return "".join(map(_tone_last, words))


def _tone_last(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    bare = "".join(letter for letter in letters if letter not in _TONES).replace("y", "i")
    tone = "".join(letter for letter in letters if letter in _TONES)
    return unicodedata.normalize("NFC", bare) + tone


def _spellings() -> dict[str, tuple[Subject, ...]]:
    found: dict[str, tuple[Subject, ...]] = {}
    for subject in SUBJECTS.values():
        names = (subject.key, subject.name, subject.short_name, *subject.aliases)
        for spelling in dict.fromkeys(map(subject_key, names)):
            found[spelling] = (*found.get(spelling, ()), subject)
    return found


_BY_SPELLING: Mapping[str, tuple[Subject, ...]] = MappingProxyType(_spellings())


def subjects_named(text: str) -> tuple[Subject, ...]:
    """Every subject that has this key or name in some grade; none where nobody knows it."""
    return tuple(_BY_SPELLING.get(subject_key(text), ()))


def find_subject(text: str, grade: int, programme: Programme) -> Subject:
    """Return the subject of that grade and programme by key or by name in any spelling.

    Raises `Refused("unknown_subject")` with the nearest name, or
    `Refused("subject_not_in_grade")` for a subject that the grade does not have.
    """
    named = _BY_SPELLING.get(subject_key(text), ())
    for subject in named:
        if subject.taught_in(grade, programme):
            return subject
    if named:
        raise Refused(
            "subject_not_in_grade",
            f"{named[0].key} is not taught in grade {grade} of {programme}",
            field="subject",
        )
    nearest = _nearest(subject_key(text), grade, programme)
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
    """Return the slots a semester's result needs, as `("TX1", "TX2", "GK", "CK")`.

    Empty before grade 1. Raises `Refused` with `regulation_not_supported`, or `periods_unknown`
    where the subject has none in that grade and programme.
    """
    require_supported(regulation)
    if regulation is Regulation.PRESCHOOL:
        return ()
    regular = regular_marks_required(subject.periods_a_year(grade, programme))
    return (*(f"TX{n}" for n in range(1, regular + 1)), "GK", "CK")


MAX_REGULAR_SLOTS = 12
"""Highest TX slot a sheet may name (contract, Import files)."""


@cache
def allowed_slots(regulation: Regulation) -> tuple[str, ...]:
    """Return every slot a mark may be entered in; regular ones beyond the required are surplus.

    Raises `Refused("regulation_not_supported")`.
    """
    require_supported(regulation)
    if regulation is Regulation.PRESCHOOL:
        return ()
    return (*(f"TX{n}" for n in range(1, MAX_REGULAR_SLOTS + 1)), "GK", "CK")
