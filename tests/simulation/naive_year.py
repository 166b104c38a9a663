"""A naive school year of one pupil: a list of facts, and what they say on a day.

Nothing is folded beforehand: every question filters the facts by position and day and computes
the year with `naive_results`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.simulation import naive_results as results
from tests.simulation.naive_results import Term

EXEMPT = "M"
PERIODS = ("HK1", "HK2", "CN")
TIMES = ("GK1", "CK1", "GK2", "CN")
CHOICES = ("DIALI", "VATLI", "HOAHOC", "TINHOC", "GDKTPL", "AMNHAC")
"""Electives of upper secondary school, as far as the kinds below have them."""


@dataclass(frozen=True)
class Kind:
    """A kind of school year: scored and commented subjects with their regular marks a term (0
    where nobody counts them); of primary years `scored` are those with a test at the year's end."""

    regulation: str
    school_year: str
    grade: int
    programme: str
    scored: dict[str, int]
    commented: dict[str, int]
    items: tuple[str, ...] = ()

    @property
    def old(self) -> bool:
        """Whether TT 58/2011 applies, amended or not."""
        return self.regulation in ("TT58_2011", "TT26_2020")

    @property
    def primary(self) -> bool:
        return self.regulation == "TT27_2020"

    @property
    def first(self) -> int:
        return int(self.school_year[:4])

    @property
    def core(self) -> tuple[str, ...]:
        """The subjects of which one must lead (Điều 13)."""
        core = ("TOAN", "NGUVAN")
        return core if self.regulation == "TT58_2011" else (*core, "NGOAINGU1")

    def wanted(self, subject: str) -> int:
        return {**self.scored, **self.commented}[subject]

    def slots(self, subject: str) -> list[tuple[str, int, str]]:
        """(subject, term, slot) of every mark the year asks for; term 0 of a primary year."""
        if self.primary:
            tests = ["KT_CK1", "KT_CN"] if subject in self.scored else []
            return [(subject, 0, slot) for slot in (*TIMES, *tests)]
        regular = [f"TX{n}" for n in range(1, (self.wanted(subject) or 3) + 1)]
        ends = ["DK1", "DK2", "CK"] if self.regulation == "TT58_2011" else ["GK", "CK"]
        return [(subject, term, slot) for term in (1, 2) for slot in (*regular, *ends)]


KINDS = (
    Kind(
        *("TT22_2021", "2024-2025", 7, "GDPT2018"),
        scored={
            **dict.fromkeys(("TOAN", "NGUVAN", "NGOAINGU1", "LSDL", "KHTN"), 4),
            **dict.fromkeys(("GDCD", "CONGNGHE", "TINHOC"), 2),
        },
        commented={"GDTC": 3, "GDDP": 2},
    ),
    Kind(
        *("TT22_2021", "2024-2025", 10, "GDPT2018"),
        scored={
            **dict.fromkeys(("TOAN", "NGUVAN", "NGOAINGU1"), 4),
            **{"LICHSU": 3, "GDQPAN": 2},
            **dict.fromkeys(("DIALI", "VATLI", "HOAHOC", "TINHOC", "GDKTPL"), 3),
        },
        commented={"GDTC": 3, "AMNHAC": 3},
    ),
    Kind(
        *("TT26_2020", "2021-2022", 9, "GDPT2006"),
        scored={
            **{"TOAN": 4, "NGUVAN": 4, "NGOAINGU1": 3, "GDCD": 2, "VATLI": 3, "HOAHOC": 3},
            **{"LICHSU": 3, "CONGNGHE": 2},
        },
        commented={"GDTC": 3, "AMNHAC": 2},
    ),
    Kind(
        *("TT58_2011", "2018-2019", 8, "GDPT2006"),
        scored=dict.fromkeys(("TOAN", "NGUVAN", "NGOAINGU1", "VATLI", "SINHHOC", "GDCD"), 0),
        commented=dict.fromkeys(("GDTC", "MITHUAT"), 0),
    ),
    Kind(
        *("TT27_2020", "2024-2025", 3, "GDPT2018"),
        scored=dict.fromkeys(("TIENGVIET", "TOAN", "NGOAINGU1", "TINHOC", "CONGNGHE"), 0),
        commented=dict.fromkeys(("DAODUC", "TNXH", "GDTC"), 0),
        items=(
            *("YEUNUOC", "NHANAI", "CHAMCHI", "TRUNGTHUC", "TRACHNHIEM"),
            *("TUCHU", "GIAOTIEP", "GIAIQUYET", "NGONNGU", "TINHTOAN"),
            *("KHOAHOC", "CONGNGHE", "TINHOC", "THAMMI", "THECHAT"),
        ),
    ),
)


@dataclass(frozen=True)
class Fact:
    """What was recorded: up to which position it is not known, and from which day it counts."""

    position: int
    on: date
    what: str
    key: Any
    value: Any


@dataclass(frozen=True)
class Mark:
    """A mark that holds on a day; `paper` from a transcript on paper."""

    slot: str
    value: str
    on: date
    paper: bool


@dataclass
class NaiveYear:
    """One pupil's year."""

    kind: Kind
    facts: list[Fact] = field(default_factory=list)

    def add(self, position: int, on: date, what: str, key: Any, value: Any) -> None:
        self.facts.append(Fact(position, on, what, key, value))

    def results(self, position: int, on: date) -> dict[str, Any]:
        """The year on a day, as far as this model computes it."""
        said = [f for f in self.facts if f.position <= position and f.on <= on]
        return _Day(self.kind, said, on).answer()


@dataclass
class _Day:
    """The facts of one question."""

    kind: Kind
    said: list[Fact]
    on: date

    def _all(self, what: str) -> list[Fact]:
        """Facts of a kind, the one that decides last."""
        found = [fact for fact in self.said if fact.what == what]
        return sorted(found, key=lambda fact: (fact.on, fact.position))

    def _last(self, what: str, key: object) -> Any:
        found = [fact.value for fact in self._all(what) if fact.key == key]
        return found[-1] if found else None

    def _marks(self, subject: str, term: int) -> list[Mark]:
        values: dict[str, Mark] = {}
        for fact in sorted(self.said, key=lambda fact: fact.position):
            if fact.what in ("mark", "correct") and fact.key[:2] == (subject, term):
                slot = fact.key[2]
                tested = values[slot].on if slot in values else fact.on
                values[slot] = Mark(slot, fact.value, tested, False)
        papers = [f for f in self._all("paper") if f.key[:2] == (subject, term)]
        return [*values.values(), *(Mark(f.key[2], f.value, f.on, True) for f in papers)]

    def answer(self) -> dict[str, Any]:
        absences = self._absences()
        conduct = self._conduct()
        if self.kind.primary:
            return self._primary(absences)
        subjects = {name: self._subject(name) for name in self._names()}
        study, adjusted, overall = self._study(subjects)
        scores = [
            Fraction(result)
            for name, subject in subjects.items()
            if name in self.kind.scored and name not in self._dropped()
            for result in [subject["reassessed"] or subject["year"]]
            if result not in (None, EXEMPT)
        ]
        return {
            "subjects": subjects,
            "conduct": conduct,
            "study": study,
            "adjusted": adjusted,
            "overall": overall,
            "absences": absences,
            "promotion": self._outcome(conduct["CN"], study["CN"], absences),
            "title": results.title(conduct["CN"], study["CN"], scores, old=self.kind.old),
        }

    def _names(self) -> list[str]:
        written = {f.key[0] for f in self.said if f.what in ("mark", "paper", "stated")}
        return sorted(written | {f.key[0] for f in self._all("exempt")})

    def _subject(self, name: str) -> dict[str, Any]:
        terms = {n: self._term(name, n) for n in (1, 2)}
        first, second = (terms[n]["average"] for n in (1, 2))
        missing = [f.value for f in self._all("decide") if f.key == ("missing_term", name)]
        decided = [value for value in missing if value]
        if first is None and not terms[1]["any"] and decided:
            first = decided[-1]
        year = self._year(name, first, second)
        if None in missing and (first is None) != (second is None):
            year = first or second
        if year is None and not any(term["any"] for term in terms.values()):
            year = self._last("stated", (name, "CN"))
        return {
            **{str(n): {k: v for k, v in term.items() if k != "any"} for n, term in terms.items()},
            "year": year,
            "reassessed": self._last("decide", ("reassess", name)),
        }

    def _term(self, name: str, n: int) -> dict[str, Any]:
        if {(name, f"HK{n}"), (name, "CN")} & {fact.key for fact in self._all("exempt")}:
            return {"TX": [], "GK": None, "CK": None, "average": EXEMPT, "any": False}
        marks, wanted = self._marks(name, n), self.kind.wanted(name)
        two_writers = len({mark.paper for mark in marks}) == 2
        tests = sorted(
            (mark for mark in marks if mark.slot not in ("GK", "CK")),
            key=lambda m: (m.on if two_writers else date.min, int(m.slot[2:])),
        )
        regular = [mark.value for mark in tests if mark.slot.startswith("TX")]
        counted = regular[:wanted] if wanted else regular
        lessons = [mark.value for mark in tests if mark.slot.startswith("DK")]
        middle, end = (
            next(
                (m.value for p in (False, True) for m in marks if (m.slot, m.paper) == (s, p)), None
            )
            for s in ("GK", "CK")
        )
        term = Term(tuple(counted), tuple(lessons), middle, end)
        average = self._result(name, term, wanted)
        if not marks:
            average = self._last("stated", (name, str(n)))
        return {
            **({"DK": lessons} if lessons else {}),
            **{"TX": counted, "GK": middle, "CK": end, "average": average, "any": bool(marks)},
        }

    def _result(self, name: str, term: Term, wanted: int) -> str | None:
        if name in self.kind.commented:
            return results.term_remark(term, wanted, self.kind.regulation)
        old = self.kind.regulation == "TT58_2011"
        return results.text(results.term_average(term, wanted, old=old))

    def _year(self, name: str, first: str | None, second: str | None) -> str | None:
        if EXEMPT in (first, second):
            return second if first == EXEMPT else first
        if name in self.kind.commented:
            return second
        averages = [None if term is None else Fraction(term) for term in (first, second)]
        return results.text(results.year_average(*averages))

    def _dropped(self) -> set[str]:
        """Electives that are not of the choice in force."""
        chosen = self._last("electives", None)
        return set() if chosen is None or self.kind.grade < 10 else set(CHOICES) - set(chosen)

    def _study(
        self, subjects: dict[str, dict[str, Any]]
    ) -> tuple[dict[str, str | None], list[str], dict[str, str | None]]:
        study: dict[str, str | None] = {}
        adjusted: list[str] = []
        overall: dict[str, str | None] = {}
        for period in PERIODS:
            graded = {
                name: self._result_in(name, subject, period)
                for name, subject in subjects.items()
                if self._asked(name, subject, period)
            }
            graded = {name: value for name, value in graded.items() if value != EXEMPT}
            scores = {
                name: None if value is None else Fraction(value)
                for name, value in graded.items()
                if name in self.kind.scored
            }
            remarks = {n: value for n, value in graded.items() if n in self.kind.commented}
            average: Fraction | None = None
            given = {self._result_in(name, subject, period) for name, subject in subjects.items()}
            if given - {None} and not self._entered(period):
                level, raised = None, False  # paper alone may not list all it was computed from
            elif self.kind.old:
                level, raised, average = results.study_58(scores, remarks, self.kind.core)
            else:
                level, raised = results.study_22(scores, remarks)
            study[period], overall[period] = level, results.text(average)
            adjusted += [period] if raised else []
        return study, adjusted, overall

    def _entered(self, period: str) -> bool:
        """Whether a mark that counts in the period was entered, not taken from paper."""
        exempt = {fact.key for fact in self._all("exempt")}
        return any(
            not mark.paper
            for name in self._names()
            for term in ((1, 2) if period == "CN" else (int(period[2:]),))
            if not {(name, f"HK{term}"), (name, "CN")} & exempt
            for mark in self._marks(name, term)
        )

    def _result_in(self, name: str, subject: dict[str, Any], period: str) -> str | None:
        year: str | None = subject["reassessed"] or subject["year"]
        term: str | None = year if period == "CN" else subject[period[2:]]["average"]
        return term

    def _asked(self, name: str, subject: dict[str, Any], period: str) -> bool:
        """An elective given up counts in a term in which it was finished; a term that the head
        decided to be missing is not asked for."""
        dropped = name in self._dropped()
        if period == "CN":
            return not dropped
        term = subject[period[2:]]
        if term["average"] is not None:
            return True
        written = bool(self._marks(name, int(period[2:])))
        missing = any(f.key == ("missing_term", name) for f in self._all("decide"))
        return not dropped and (written or not missing)

    def _conduct(self) -> dict[str, str | None]:
        found = {period: self._last("conduct", period) for period in PERIODS}
        table = results.CONDUCT_22
        computed = None
        if not self.kind.old and found["HK1"] and found["HK2"]:
            computed = table[found["HK1"]][found["HK2"]]
        summer = self._last("decide", ("summer_training", None))
        found["CN"] = summer or computed or found["CN"]
        return found

    def _absences(self) -> int | None:
        counts = {period: self._last("absences", period) for period in PERIODS}
        if counts["CN"] is not None:
            return int(counts["CN"])
        terms = [count for count in counts.values() if count is not None]
        return sum(terms) if terms else None

    def _outcome(self, conduct: str | None, study: str | None, absences: int | None) -> str | None:
        decided = [f for f in self._all("decide") if f.key[0] in ("promote", "retain")]
        if decided:
            return "promoted" if decided[-1].key[0] == "promote" else "retained"
        over = self.on > date(self.kind.first + 1, 9, 30)
        return results.outcome(conduct, study, absences, old=self.kind.old, summer_over=over)

    def _primary(self, absences: int | None) -> dict[str, Any]:
        subjects: dict[str, dict[str, Any]] = {}
        tests: list[int | None] = []
        for name in self._names():
            held = {mark.slot: mark.value for mark in self._marks(name, 0)}
            again = self._last("decide", ("reassess", name))
            subjects[name] = {
                "times": {
                    time: {"level": held.get(time), "test": held.get(f"KT_{time}")}
                    for time in TIMES
                },
                "year": held.get("CN"),
                "reassessed": again,
            }
            if name in self.kind.scored:
                tests.append(int(held["KT_CN"]) if "KT_CN" in held else None)
        levels = [subject["reassessed"] or subject["year"] for subject in subjects.values()]
        traits = [self._last("quality", (item, "CN")) for item in self.kind.items]
        done = results.primary_class(levels, tests, traits)
        decided = [f for f in self._all("decide") if f.key[0] in ("promote", "retain")]
        promotion = {None: None, "CHT": "pending"}.get(done, "promoted")
        if decided:
            promotion = "promoted" if decided[-1].key[0] == "promote" else "retained"
        return {
            "subjects": subjects,
            "study": {"HK1": None, "HK2": None, "CN": done},
            "absences": absences,
            "promotion": promotion,
            "title": "excellent_pupil" if done == "HTXS" else None,
        }


def chosen_marks(kind: Kind, taken: Sequence[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """The slots not yet taken, in a fixed order."""
    subjects = (*kind.scored, *kind.commented)
    return [place for name in subjects for place in kind.slots(name) if place not in taken]
