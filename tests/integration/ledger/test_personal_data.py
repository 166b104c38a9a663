"""Personal data lies encrypted under the person's key, and nowhere else."""

import base64
import os
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from ledger import log
from ledger.errors import WrongKey
from ledger.event import Sealed
from ledger.events.pupil import Place, PupilContacts, PupilProfile
from ledger.events.staff import StaffProfile
from ledger.ledger import Ledger, SealedPart
from ledger.movement import Movement, StatusLine, move_pupils
from ledger.pupil import ChangeStatus
from ledger.registration import Number, record_pupils
from ledger.structure import RecordStaff, record_staff
from ledger.year_commands import comment, correction, decision
from ledger.year_lines import YearLine, write_years
from signing import aead
from tests import school

KEK = os.urandom(32)
SECRETS = {
    "name": "Đặng Thị Quỳnh Hương",
    "sort name": "Hương Quỳnh",
    "birth place": "Bệnh viện Phụ sản Kiến An",
    "home town": "Thôn Đoài, Vĩnh Bảo",
    "residence": "Số 17 ngõ 243 Trần Nguyên Hãn",
    "residence code": "11359-x",
    "father": "Đặng Văn Khoát",
    "mother": "Phạm Thị Nhẫn",
    "guardian": "Bùi Thị Lượt",
    "telephone": "0912345678",
    "ethnicity": "Sán Dìu",
    "nationality": "Lào-quốc-tịch",
    "disability": "khiếm thính nhẹ",
    "policy category": "hộ cận nghèo",
    "register number": "SDB-7741",
    "birth date": "2012-11-23",
    "personal number": "031312004567",
    "ministry code": "3101234567",
    "identity reason": "sai ngày sinh trên dữ liệu dân cư",
    "local key": "HS-khoá-riêng-88",
    "teacher": "Vũ Đình Trọng",
    "teacher's number": "031080001234",
    "teacher's reason": "giấy tờ mờ",
    "note": "gia đình xin chuyển vì bố đi công tác",
    "leaving note": "nghỉ vì ốm dài ngày",
    "correction": "chép nhầm điểm của bạn cùng bàn",
    "comment": "Em chăm ngoan nhưng còn rụt rè",
    "legal ground": "theo đơn của bà ngoại",
}
PUBLIC = "THCS Lê Lợi"
"""A school's name is no secret: the scan must find it, or it finds nothing at all."""


def hand_in_everything(ledger: Ledger) -> UUID:
    """Every kind of line that carries something personal, as an import would bring it."""
    who = school.operator(ledger)
    school.open_school(ledger)
    described = PupilProfile(
        full_name=SECRETS["name"],
        sort_name=SECRETS["sort name"],
        birth_date=SECRETS["birth date"],
        sex="nu",
        ethnicity=SECRETS["ethnicity"],
        nationality=SECRETS["nationality"],
        birth_place=Place(text=SECRETS["birth place"], code=None),
        home_town=Place(text=SECRETS["home town"], code=None),
        residence=Place(text=SECRETS["residence"], code=SECRETS["residence code"]),
        father_name=SECRETS["father"],
        mother_name=SECRETS["mother"],
        guardian_name=SECRETS["guardian"],
        disability=SECRETS["disability"],
        policy_category=SECRETS["policy category"],
        register_number=SECRETS["register number"],
    )
    line = school.record_pupil(
        SECRETS["local key"],
        described,
        contacts=PupilContacts(guardian_phone=SECRETS["telephone"]),
        numbers=(
            Number(kind="personal_id", value=SECRETS["personal number"]),
            Number(kind="moet", value=SECRETS["ministry code"]),
        ),
        identity_reason=SECRETS["identity reason"],
    )
    # The second time the details are new, the third time another pupil bears the same numbers.
    school.sound(ledger.carry_out(record_pupils, school.numbered([line]), who=who))
    school.sound(ledger.carry_out(record_pupils, school.numbered([line]), who=who))
    other = school.record_pupil("other", school.profile("Lê Văn A"), numbers=line.numbers)
    school.sound(ledger.carry_out(record_pupils, school.numbered([other]), who=who))
    (pupil,) = school.find(ledger, [SECRETS["local key"]])
    teacher = RecordStaff(
        code="GV1",
        profile=StaffProfile(
            full_name=SECRETS["teacher"],
            birth_date="1980-02-03",
            sex="nam",
            personal_id=SECRETS["teacher's number"],
        ),
        unit_code=school.SCHOOL,
        level="THCS",
        role="teacher",
        identity="mismatched",
        identity_checked_at=None,
        identity_reason=SECRETS["teacher's reason"],
        effective_on=school.FIRST_DAY,
    )
    school.sound(ledger.carry_out(record_staff, school.numbered([teacher]), who=who))
    school.enrol(ledger, [pupil], note=SECRETS["note"])
    school.sound(school.hand_in(ledger, [school.mark(pupil)]))
    write_about(ledger, pupil)
    leaving = ChangeStatus(
        kind="suspend",
        school_code=school.SCHOOL,
        effective_on=date(2025, 2, 3),
        note=SECRETS["leaving note"],
    )
    moves: list[Movement] = [StatusLine(pupil=pupil, change=leaving)]
    school.sound(ledger.carry_out(move_pupils, school.numbered(moves), who=who))
    school.release(ledger, pupil)
    write_about(ledger, pupil, value="9.5")  # proposals now
    return pupil


def write_about(ledger: Ledger, pupil: UUID, value: str = "9.0") -> None:
    on = date(2024, 11, 4)
    decisions = [
        correction(
            subject="TOAN",
            semester=1,
            slot="TX1",
            value=value,
            old_value=None,
            reason=SECRETS["correction"],
            effective_on=None,
        ),
        comment(subject=None, time="CN", text=SECRETS["comment"], on=on),
        decision(
            kind="missing_term",
            subject=None,
            value=None,
            legal_ground=SECRETS["legal ground"],
            on=on,
        ),
    ]
    lines = [
        YearLine(pupil=pupil, school_year=school.YEAR, decide=decide, on=on, proposable=True)
        for decide in decisions
    ]
    who = school.operator(ledger)
    school.sound(ledger.carry_out(write_years, school.numbered(lines), who=who))


def spellings(secret: str) -> set[bytes]:
    """How a text might lie somewhere: either normal form, JSON escapes, hexadecimal, base64."""
    forms = {unicodedata.normalize(form, secret) for form in ("NFC", "NFD")}
    forms |= {form.lower() for form in forms} | {form.upper() for form in forms}
    plain = {form.encode() for form in forms}
    escaped = {form.encode("unicode_escape") for form in forms}
    coded = {raw.hex().encode() for raw in plain}
    coded |= {base64.b64encode(raw).rstrip(b"=")[:-1] for raw in plain}
    return plain | escaped | coded


def everything(url: str) -> dict[str, bytes]:
    """Every column of every table that is not PostgreSQL's own, as bytes."""
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            "SELECT n.nspname, c.relname, a.attname, a.atttypid = 'bytea'::regtype "
            "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 AND NOT a.attisdropped "
            "AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
            "AND n.nspname NOT LIKE 'pg_toast%'"
        ).fetchall()
        content = {}
        for schema, table, column, is_bytes in columns:
            kind = sql.SQL("" if is_bytes else "::text")
            statement = sql.SQL("SELECT {}{} FROM {}").format(
                sql.Identifier(column), kind, sql.Identifier(schema, table)
            )
            cells = [row[0] for row in connection.execute(statement) if row[0] is not None]
            content[f"{schema}.{table}.{column}"] = b"\n".join(
                cell if isinstance(cell, bytes) else cell.encode() for cell in cells
            )
    return content


def found_in(content: dict[str, bytes], secret: str) -> list[str]:
    return [
        column
        for column, raw in content.items()
        if any(spelling in raw for spelling in spellings(secret))
    ]


def test_no_table_holds_anything_personal_in_clear(database: str) -> None:
    with school.new_ledger(database, kek=KEK) as ledger:
        hand_in_everything(ledger)
    content = everything(database)
    assert found_in(content, PUBLIC), "the scan finds nothing, not even what is public"
    assert len(content["ledger.entry.body"]) > 10_000
    leaks = {what: found for what, text in SECRETS.items() if (found := found_in(content, text))}
    assert leaks == {}


def test_every_secret_of_that_scan_can_be_read_with_the_keys(database: str) -> None:
    with school.new_ledger(database, kek=KEK) as ledger:
        hand_in_everything(ledger)
        with ledger.database.connection() as connection:
            clear = str(ledger.reveal(connection, sealed_parts(ledger)))
    assert [what for what, text in SECRETS.items() if text not in clear] == []


def test_neither_key_nor_secret_lies_unwrapped(database: str) -> None:
    with school.new_ledger(database, kek=KEK) as ledger:
        (pupil,) = school.register(ledger, ["P1"])
        with ledger.database.connection() as connection:
            ledger.keyring.load(connection, [pupil])
        key = ledger.keyring.key_for(pupil, "statutory").key
        content = everything(database)
    for secret in (KEK, key):
        written = (secret, secret.hex().encode())
        assert [c for c, raw in content.items() if any(form in raw for form in written)] == []


def sealed_parts(ledger: Ledger) -> Sequence[SealedPart]:
    parts = []
    with ledger.database.connection() as connection:
        for page in log.pages(connection, start=0, end=log.head(connection).size):
            for entry in page:
                envelope = entry.envelope
                parts += [
                    SealedPart(sealed, envelope.author, entry.stream.id, envelope.topic)
                    for sealed in envelope.personal.values()
                ]
    return parts


@pytest.fixture
def part(ledger: Ledger) -> SealedPart:
    """The sealed profile of one pupil."""
    school.register(ledger, ["P1"])
    return sealed_parts(ledger)[0]


def reveal(ledger: Ledger, part: SealedPart) -> object:
    with ledger.database.connection() as connection:
        return ledger.reveal(connection, [part])[0]


def test_a_sealed_part_opens_where_it_belongs(ledger: Ledger, part: SealedPart) -> None:
    opened = reveal(ledger, part)
    assert isinstance(opened, dict)
    assert opened["full_name"] == "Nguyễn Văn P1"


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("stream", UUID(int=1)),
        ("author", UUID(int=1)),
        ("topic", "ledger.PupilDetailsChanged.v1"),
    ],
)
def test_a_ciphertext_moved_elsewhere_does_not_open(
    ledger: Ledger, part: SealedPart, field: str, other: UUID | str
) -> None:
    changes: dict[str, Any] = {field: other}
    moved = part._replace(**changes)
    with pytest.raises(WrongKey):
        reveal(ledger, moved)


@pytest.mark.parametrize("field", ["ciphertext", "nonce", "commitment"])
def test_a_sealed_part_with_a_changed_byte_does_not_open(
    ledger: Ledger, part: SealedPart, field: str
) -> None:
    text = getattr(part.sealed, field)
    changed = ("0" if text[0] != "0" else "1") + text[1:]
    sealed = Sealed.model_validate(part.sealed.model_dump() | {field: changed})
    with pytest.raises(WrongKey):
        reveal(ledger, part._replace(sealed=sealed))


def test_a_ledger_does_not_open_under_another_kek(database: str) -> None:
    with school.new_ledger(database, kek=KEK):
        pass
    with pytest.raises(WrongKey):
        Ledger.open(database, kek=os.urandom(32))
    Ledger.open(database, kek=KEK).close()


def test_a_destroyed_key_gives_none_and_leaves_the_others(database: str) -> None:
    with school.new_ledger(database, kek=KEK) as ledger:
        gone, kept = school.register(ledger, ["P1", "P2"])
        parts = sealed_parts(ledger)
        with psycopg.connect(database) as owner:
            owner.execute("DELETE FROM vault.data_key WHERE person = %s", [gone])
    with Ledger.open(database, kek=KEK) as reopened:
        by_stream = {part.stream: reveal(reopened, part) for part in parts}
        assert by_stream[gone] is None
        assert by_stream[kept] is not None
        assert school.find(reopened, ["P2"]) == [kept]


def test_another_key_under_the_same_id_is_not_the_one_committed_to(database: str) -> None:
    with school.new_ledger(database, kek=KEK) as ledger:
        school.register(ledger, ["P1"])
        part = sealed_parts(ledger)[0]
        key_id = part.sealed.key_id
        wrapped = aead.wrap(KEK, aead.new_key(), key_id.bytes)
        with psycopg.connect(database) as owner:
            owner.execute("UPDATE vault.data_key SET wrapped = %s WHERE id = %s", [wrapped, key_id])
    with Ledger.open(database, kek=KEK) as reopened, pytest.raises(WrongKey, match="commits"):
        reveal(reopened, part)


def test_a_wrapped_key_moved_to_another_id_does_not_unwrap(database: str) -> None:
    with school.new_ledger(database, kek=KEK) as ledger:
        school.register(ledger, ["P1", "P2"])
        part = sealed_parts(ledger)[0]
        with psycopg.connect(database) as owner:
            owner.execute(
                "UPDATE vault.data_key SET wrapped = (SELECT wrapped FROM vault.data_key "
                "WHERE id <> %s LIMIT 1) WHERE id = %s",
                [part.sealed.key_id, part.sealed.key_id],
            )
    with Ledger.open(database, kek=KEK) as reopened, pytest.raises(WrongKey):
        reveal(reopened, part)


def test_equal_facts_about_two_pupils_have_different_hashes(ledger: Ledger) -> None:
    pupils = school.class_of(ledger, 2)
    school.sound(school.hand_in(ledger, [school.mark(pupil) for pupil in pupils]))
    with ledger.database.connection() as connection:
        rows = connection.execute(
            "SELECT entry_hash FROM ledger.entry WHERE topic = 'ledger.MarkEntered.v1'"
        ).fetchall()
    assert len(set(rows)) == len(rows) == 2


def test_what_consent_covers_is_under_a_key_of_its_own(ledger: Ledger) -> None:
    line = school.record_pupil(
        "P1", school.profile("A B"), contacts=PupilContacts(guardian_phone="0900000000")
    )
    lines = school.numbered([line])
    school.sound(ledger.carry_out(record_pupils, lines, who=school.operator(ledger)))
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        entries = [e for page in log.pages(connection, start=0, end=size) for e in page]
        personal = next(e.envelope.personal for e in entries if len(e.envelope.personal) == 2)
        statutory, voluntary = personal["statutory"], personal["voluntary"]
        assert statutory.key_id != voluntary.key_id
