"""The kinds of file of the contract: columns, which of them may not be empty, which name a slot.

The order of `KINDS` is the order in which files are taken in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.importing import line_keys
from services.importing.line_keys import Cells

MAX_CODE = 80
MAX_NAME = 300
MAX_TEXT = 10_000

_CODES = frozenset(
    {
        *("unit_code", "parent_code", "merged_into", "class_code", "school_code", "staff_key"),
        *("pupil_key", "recorded_by", "on_behalf_of", "reason_code", "level", "role", "code"),
        *("attested_by", "checked_by", "responsible", "cause", "scan_sha256", "recoded_to"),
    }
)
_TEXTS = frozenset(
    {"note", "text", "reason", "legal_ground", "identity_reason", "remedy", "findings", "notes"}
)
_NAMES = frozenset(
    {
        *("name", "full_name", "sort_name", "father_name", "mother_name", "guardian_name"),
        *("birth_place_text", "home_town_text", "residence_text"),
        *("note", "text", "reason", "identity_reason", "school_name", "remedy"),
        *("findings", "notes"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One kind of file.

    `step` is when its lines are taken in (kinds of one step are merged). `slot` names what a
    line is about and `says` what it says of it: two lines of one file that say different things
    of one slot are both refused, with reason `clash`. `order` sorts the lines of a step; lines
    that sort the same stay in one transaction. `may_be_empty` are required columns whose cells
    may be empty, because others can stand for them.
    """

    name: str
    step: int
    columns: tuple[str, ...]
    required: frozenset[str]
    may_be_empty: frozenset[str] = frozenset()
    slot: Callable[[Cells], str] | None = None
    says: Callable[[Cells], str] | None = None
    clash: str = "two_values_for_key"
    order: Callable[[Cells], str] | None = None

    def limit(self, column: str) -> int:
        """How many characters a cell of `column` may hold."""
        if column in _CODES:
            return MAX_CODE
        return MAX_TEXT if column in _TEXTS else MAX_NAME

    def is_name(self, column: str) -> bool:
        """Whether the column holds Vietnamese text, where an old encoding would show."""
        return column in _NAMES


def _kind(
    name: str,
    step: int,
    required: str,
    optional: str,
    *,
    key: tuple[str, ...] = (),
    slot: Callable[[Cells], str] | None = None,
    says: Callable[[Cells], str] | None = None,
    clash: str = "two_values_for_key",
    order: Callable[[Cells], str] | None = None,
    may_be_empty: str = "",
) -> FileKind:
    needed = tuple(required.split())
    columns = (*needed, *optional.split())
    return FileKind(
        name=name,
        step=step,
        columns=columns,
        required=frozenset(needed),
        may_be_empty=frozenset(may_be_empty.split()),
        slot=slot or (line_keys.key(*key) if key else None),
        says=says or line_keys.key(*columns),
        clash=clash,
        order=order,
    )


_SLOT = "two_values_for_slot"
MOVEMENTS = 60
PAPER = 66
MARKS = 70

KINDS: Mapping[str, FileKind] = {
    kind.name: kind
    for kind in (
        _kind(
            "rules",
            0,
            "regulation school_year source",
            "strategy subjects_at",
            key=("regulation", "school_year"),
        ),
        _kind(
            "calendars",
            1,
            "school_year term_2_from summer_from source",
            "",
            key=("school_year",),
        ),
        _kind(
            "deadlines",
            2,
            "report preset school_year due_on source",
            "level",
            key=("report", "preset", "school_year", "level"),
        ),
        _kind(
            "comment_bank",
            3,
            "code text",
            "subject effective_on",
            key=("code",),
            may_be_empty="text",
        ),
        _kind(
            "units",
            10,
            "unit_code kind name",
            "parent_code levels opened_on closed_on merged_into changed_on recoded_to",
            key=("unit_code",),
        ),
        _kind(
            "classes",
            20,
            "class_code school_code school_year grade name",
            "programme changed_on closed_on successors",
            key=("class_code",),
            order=lambda cells: "closed" if cells["closed_on"] else "",
        ),
        _kind(
            "staff",
            30,
            "staff_key full_name",
            "birth_date sex personal_id unit_code level role "
            "identity_status identity_checked_at identity_reason",
            key=("staff_key",),
        ),
        _kind("assignments", 40, "class_code staff_key effective_from", "subject effective_to"),
        _kind(
            "pupils",
            50,
            "pupil_key full_name birth_date sex",
            "ethnicity nationality personal_id moet_code passport birth_place_text "
            "birth_place_code home_town_text home_town_code residence_text residence_code "
            "father_name mother_name guardian_name guardian_phone disability policy_category "
            "register_number sort_name identity_status identity_checked_at identity_reason",
            key=("pupil_key",),
        ),
        _kind("identifiers", 55, "pupil_key kind value", "issuer valid_from valid_to"),
        _kind("links", 57, "pupil_key kind other_key reason", "effective_on"),
        _kind(
            "identity_checks",
            58,
            "who key status checked_at",
            "cause remedy due_on responsible outcome note",
            key=("who", "key", "checked_at"),
        ),
        _kind(
            "enrolments",
            MOVEMENTS,
            "pupil_key class_code kind effective_on",
            "grade note",
            order=line_keys.key("pupil_key"),
        ),
        _kind(
            "statuses",
            MOVEMENTS,
            "pupil_key school_code kind effective_on",
            "reason_code note",
            order=line_keys.key("pupil_key"),
        ),
        _kind(
            "presence",
            62,
            "pupil_key class_code month present effective_on",
            "last_seen_on left_on",
            key=("pupil_key", "month"),
            order=line_keys.key("class_code", "month"),
        ),
        _kind(
            "health",
            64,
            "pupil_key measured_on",
            "height_cm weight_kg position vision_left vision_right findings notes",
            key=("pupil_key", "measured_on"),
            clash=_SLOT,
        ),
        _kind(
            "paper_results",
            PAPER,
            "pupil_key school_year school_name kind value scan_sha256 attested_by checked_by "
            "effective_on",
            "province_code country regulation subject semester slot grade reason",
            slot=line_keys.paper_slot,
            says=line_keys.key("value"),
            clash=_SLOT,
            order=line_keys.key("pupil_key", "school_year"),
        ),
        _kind(
            "exemptions",
            67,
            "pupil_key school_year subject period part legal_ground effective_on",
            "recorded_by",
            key=("pupil_key", "school_year", "subject", "period"),
        ),
        _kind(
            "education_plans",
            68,
            "pupil_key school_year levels_asked legal_ground effective_on",
            "left_out recorded_by",
            key=("pupil_key", "school_year", "effective_on"),
        ),
        _kind(
            "electives",
            69,
            "pupil_key school_year subjects effective_on",
            "recorded_by",
            key=("pupil_key", "school_year", "effective_on"),
        ),
        _kind(
            "marks",
            MARKS,
            "class_code subject slot pupil_key value effective_on",
            "sheet_key semester recorded_by on_behalf_of components",
            slot=line_keys.mark_slot,
            says=line_keys.mark_says,
            clash=_SLOT,
            order=line_keys.sheet,
            may_be_empty="value",
        ),
        _kind(
            "corrections",
            80,
            "pupil_key school_year subject slot value",
            "semester old_value reason effective_on recorded_by",
            slot=line_keys.correction_slot,
            says=lambda cells: line_keys.canonical_mark(cells["value"]),
            clash=_SLOT,
        ),
        _kind(
            "qualities",
            85,
            "pupil_key school_year time item level effective_on",
            "recorded_by",
            key=("pupil_key", "school_year", "time", "item", "effective_on"),
            says=line_keys.key("level"),
            clash=_SLOT,
        ),
        _kind(
            "comments",
            90,
            "pupil_key school_year time effective_on",
            "text code subject recorded_by",
            key=("pupil_key", "school_year", "subject", "time", "effective_on"),
            says=line_keys.key("text"),
            clash=_SLOT,
        ),
        _kind(
            "conduct",
            100,
            "pupil_key school_year period level effective_on",
            "recorded_by",
            key=("pupil_key", "school_year", "period", "effective_on"),
            says=line_keys.key("level"),
            clash=_SLOT,
        ),
        _kind(
            "absences",
            110,
            "pupil_key school_year period effective_on",
            "excused unexcused",
            key=("pupil_key", "school_year", "period", "effective_on"),
            says=line_keys.key("excused", "unexcused"),
            clash=_SLOT,
        ),
        _kind(
            "mentions",
            115,
            "pupil_key school_year kind text effective_on",
            "code recorded_by",
        ),
        _kind(
            "decisions",
            120,
            "pupil_key school_year kind effective_on",
            "subject value legal_ground recorded_by",
            order=line_keys.key("effective_on"),
        ),
    )
}

# A pupil on a list that need not hold everything (the ministry's templates): the columns of
# pupils.csv, but an empty cell says nothing. Never a file of its own.
LISTED_PUPILS = _kind(
    "listed_pupils",
    50,
    "pupil_key full_name birth_date sex",
    " ".join(column for column in KINDS["pupils"].columns[4:]),
    key=("pupil_key",),
)
# What a OneRoster set is turned into beside the kinds above; never files of their own.
SECTION_CLASSES = _kind(
    "section_classes",
    20,
    "class_code school_code school_year grade name",
    "programme",
    key=("class_code",),
)
SCHOOL_STAYS = _kind(
    "school_stays",
    MOVEMENTS,
    "pupil_key school_code school_year grade programme effective_on",
    "",
    order=line_keys.key("pupil_key"),
)
SECTION_STAYS = _kind(
    "section_stays",
    MOVEMENTS,
    "pupil_key class_code effective_on",
    "until",
    order=line_keys.key("pupil_key"),
)

ALL_KINDS: Mapping[str, FileKind] = {
    **KINDS,
    **{kind.name: kind for kind in (LISTED_PUPILS, SECTION_CLASSES, SCHOOL_STAYS, SECTION_STAYS)},
}
