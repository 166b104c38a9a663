"""The form of a school year's results, whatever regulation gave them."""

from dataclasses import dataclass, field

from ledger.contribution import Mark


@dataclass(frozen=True, slots=True)
class SemesterResult:
    """One subject in one term: the marks that count, the result, and what is missing for it.

    `periodic` are the tests of one lesson or more (KTđk) of TT 58/2011. `stated` says that the
    result stands on paper without its marks.
    """

    regular: tuple[Mark, ...]
    periodic: tuple[Mark, ...]
    midterm: Mark | None
    final: Mark | None
    surplus: tuple[Mark, ...]
    result: str | None
    missing: tuple[str, ...]
    stated: bool = False

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks that count."""
        ends = (mark for mark in (self.midterm, self.final) if mark is not None)
        return (*self.regular, *self.periodic, *ends)


@dataclass(frozen=True, slots=True)
class TimeResult:
    """One subject at one of the four times of a primary year: level and test mark."""

    level: Mark | None
    test: Mark | None


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """One subject's year. `year` is before re-assessment, `reassessed` what replaces it.

    Secondary years have `semesters` (1 and 2), primary ones `times` and `surplus`. `dropped`: an
    elective given up within the year, left out of its levels.
    """

    subject: str
    form: str
    semesters: dict[int, SemesterResult]
    year: str | None
    reassessed: str | None
    missing: tuple[str, ...]
    times: dict[str, TimeResult] = field(default_factory=dict)
    surplus: tuple[Mark, ...] = ()
    dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class YearRecord:
    """The year's results. Levels are codes after adjustment; None where a part is missing.

    `overall` are the averages over all subjects (TT 58 only), `qualities` item to time to level
    (primary only). `from_paper` names what is stated on paper and not computed
    ("study/CN", "TOAN/1"). `promotion_by_rule` is what the secondary rules conclude, whatever the
    head decided.
    """

    school_year: str
    grade: int
    programme: str
    regulation: str
    strategy: str | None
    subjects: tuple[SubjectResult, ...]
    conduct: dict[str, str | None]
    study: dict[str, str | None]
    adjusted: tuple[str, ...]
    excused: int | None
    unexcused: int | None
    promotion: str | None
    promotion_reasons: tuple[str, ...]
    title: str | None
    missing: tuple[str, ...] = ()
    overall: dict[str, str | None] | None = None
    qualities: dict[str, dict[str, str | None]] | None = None
    levels_asked: bool = True
    from_paper: tuple[str, ...] = ()
    promotion_by_rule: str | None = None
