"""The story: one pupil leaves Hải Phòng in the middle of term 2 and arrives in Quảng Ninh."""

import csv
import random
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.text import Text

from ledger.events.pupil import Released
from ledger.reader import Reader
from ledger.subjects import SUBJECTS
from projections.history import FoldEntry
from projections.persons import Key
from projections.transcript import released_digest
from services.demo.forgery import forge
from services.demo.sample import Child, Province, School, write_marks, write_province
from services.demo.stage import Screen, Side
from services.importing import Importer
from services.words import FAILURES, STATUSES, STEPS, word
from transfer import acceptance, by_file, conversation, inbox
from transfer.build import record_of
from transfer.errors import CheckFailed

SEED = 31
LAST_DAY = date(2025, 2, 28)
FIRST_DAY = date(2025, 3, 3)
YEAR_END = date(2025, 5, 31)
NEW_KEY = "MOI-1"
NEW_CLASS = "HG-10B1"
OLD_CLASS = "AD-10A1"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in the story: the two provinces as they are sampled."""

    origin: Province
    receiver: Province


def cast(*, fast: bool) -> Cast:
    """Some hundred pupils, or a dozen for tests."""
    size = 8 if fast else 44
    more = () if fast else ("AD-10A2", "AD-10A3")
    schools = [School("HP-AD", "THPT An Dương", (OLD_CLASS, *more), size)]
    if not fast:
        schools.append(School("HP-CB", "THPT Cát Bà", ("CB-10A1",), 38))
    hon_gai = School("QN-HG", "THPT Hòn Gai", (NEW_CLASS,), size)
    return Cast(
        Province("31", "Hải Phòng", tuple(schools)), Province("22", "Quảng Ninh", (hon_gai,))
    )


class Story:
    """The scenes, in order. Each does the real thing and shows what came of it."""

    def __init__(
        self, screen: Screen, origin: Side, receiver: Side, folder: Path, *, fast: bool
    ) -> None:
        """`folder` takes the sample files and the dossiers written on the way."""
        self._screen = screen
        self._origin = origin
        self._receiver = receiver
        self._folder = folder
        self._cast = cast(fast=fast)
        self._children: list[Child] = []
        self._classmates: list[Child] = []

    def tell(self) -> None:
        """The whole story."""
        self._import()
        self._roster(self._origin, OLD_CLASS, LAST_DAY)
        self._arrives_before_the_papers()
        case = self._transfer()
        self._roster(self._origin, OLD_CLASS, FIRST_DAY)
        self._sheet()
        self._digest(case)
        self._year_goes_on()
        self._correction()
        self._forgery()

    def _import(self) -> None:
        screen = self._screen
        screen.scene("1. Hai tỉnh nhập dữ liệu của mình", "1. Two provinces import their data")
        rows = []
        plays = ((self._origin, self._cast.origin), (self._receiver, self._cast.receiver))
        for side, province in plays:
            folder = self._folder / province.code
            children = write_province(folder, province, seed=SEED, until=LAST_DAY)
            answer = self._take_in(side, folder)
            if side is self._origin:
                self._children = children
            else:
                self._classmates = children
            rows.append(
                [
                    f"{province.code} {province.name}",
                    ", ".join(school.name for school in province.schools),
                    len(children),
                    answer["appended"],
                    len(answer["rejected"]),
                ]
            )
        screen.table(
            [
                ("Tỉnh", "Province"),
                ("Trường", "Schools"),
                ("Học sinh", "Pupils"),
                ("Mục đã ghi", "Entries"),
                ("Dòng bị trả", "Lines refused"),
            ],
            rows,
        )

    def _take_in(self, side: Side, folder: Path) -> dict[str, Any]:
        with Importer(
            side.ledger, name=side.profile.name, account=side.who.recorded_by
        ) as importer:
            return importer.run([folder]).document()

    @property
    def _leaver(self) -> Child:
        return self._children[2]

    def _roster(self, side: Side, class_code: str, on: date) -> None:
        screen = self._screen
        answer = side.views.roster(class_code, on=on)
        screen.scene(
            f"Danh sách lớp {class_code} – tính đến ngày {_day(on)}",
            f"Class list {class_code} – on {on}",
        )
        shown = answer["pupils"][:6]
        screen.table(
            [("Mã", "Key"), ("Họ tên", "Name"), ("Ngày sinh", "Born"), ("Trạng thái", "Status")],
            [
                [
                    pupil["pupil_key"],
                    pupil["full_name"],
                    _born(pupil["birth_date"]),
                    word(STATUSES, pupil["status"], screen.words("vi", "en")),
                ]
                for pupil in shown
            ],
        )
        leaver = self._leaver
        there = any(pupil["pupil_key"] == leaver.key for pupil in answer["pupils"])
        screen.say(
            f"Sĩ số {answer['count']}; {leaver.name} "
            + ("có trong danh sách." if there else "không còn trong danh sách."),
            f"{answer['count']} pupils; {leaver.name} is "
            + ("on the list." if there else "no longer on the list."),
            style="bold",
        )

    def _arrives_before_the_papers(self) -> None:
        """The child sits in class on day 1 and gets a mark: "Học tạm – chờ hồ sơ"."""
        screen, child = self._screen, self._leaver
        screen.scene(
            "2. Em ngồi vào lớp mới trước khi có hồ sơ",
            "2. The child sits in the new class before the papers arrive",
        )
        folder = self._folder / "arrival"
        folder.mkdir(exist_ok=True)
        _write(
            folder / "pupils.csv",
            [
                ["pupil_key", "full_name", "birth_date", "sex"],
                [NEW_KEY, child.name, child.birth_date, child.sex],
            ],
        )
        _write(
            folder / "enrolments.csv",
            [
                ["pupil_key", "class_code", "kind", "effective_on"],
                [NEW_KEY, NEW_CLASS, "provisional", FIRST_DAY],
            ],
        )
        teacher = "GV-QN-HG-TOAN"
        _write(
            folder / "marks.csv",
            [["class_code", "subject", "semester", "slot", "pupil_key", "value",
              "effective_on", "recorded_by"],
             [NEW_CLASS, "Toán", 2, "TX1", NEW_KEY, "7,5", "2025-03-10", teacher]],
        )  # fmt: skip
        self._take_in(self._receiver, folder)
        answer = self._receiver.views.roster(NEW_CLASS, on=FIRST_DAY)
        newcomer = next(p for p in answer["pupils"] if p["pupil_key"] == NEW_KEY)
        screen.say(
            f"{newcomer['full_name']} học tạm ở {NEW_CLASS} từ {_day(FIRST_DAY)}, "
            "đã có một điểm Toán của trường mới.",
            f"{newcomer['full_name']} is in {NEW_CLASS} provisionally from {FIRST_DAY} and has "
            "a first mark in mathematics there.",
        )

    def _transfer(self) -> UUID:
        screen = self._screen
        screen.scene("3. Chuyển hồ sơ, từng bước", "3. The transfer, step by step")
        origin, receiver = self._origin, self._receiver
        ours = self._pupil(receiver, NEW_KEY)
        case = conversation.request(
            receiver.office,
            pupil=ours,
            from_ledger=origin.ledger.id,
            school_code="QN-HG",
            first_day=FIRST_DAY,
            who=receiver.who,
        )
        steps: list[list[Any]] = []
        receiver.exchange()
        self._step(steps, "22 → 31", "Đề nghị tiếp nhận", "request")
        origin.exchange()
        conversation.release(
            origin.office,
            case,
            pupil=self._pupil(origin, self._leaver.key),
            last_day=LAST_DAY,
            today=date.today(),
            who=origin.who,
        )
        origin.exchange()
        self._step(steps, "31 → 22", "Bàn giao, niêm phong, gửi", "release, seal, send")
        receiver.exchange()
        report = inbox.reopen(receiver.office, case)
        self._step(steps, "22", "Kiểm tra 13 bước, giấy biên nhận", "13 checks, receipt")
        acceptance.accept(
            receiver.office,
            case,
            report,
            pupil=ours,
            remark=None,
            today=date.today(),
            who=receiver.who,
        )
        receiver.exchange()
        self._step(steps, "22 → 31", "Tiếp nhận", "accept")
        origin.exchange()
        self._step(steps, "31", "Đã nhận trả lời, khép hồ sơ", "answer stored, closed")
        screen.table([("Ai", "Who"), ("Việc", "Step"), ("Lúc", "At")], steps)
        screen.table(
            [("", ""), ("Kiểm tra", "Check"), ("", "")],
            [
                [step.n, word(STEPS, step.name, screen.words("vi", "en")),
                 Text("✓" if step.ok else "–", style="green")]
                for step in report.steps
            ],
        )  # fmt: skip
        assert report.dossier is not None
        entries = sum(len(stream.entries) for stream in report.dossier.streams)
        screen.say(
            f"{entries} mục của {self._leaver.name} đã sang Quảng Ninh, nguyên văn.",
            f"{entries} entries of {self._leaver.name} are in Quảng Ninh now, verbatim.",
            style="bold",
        )
        return case

    def _step(self, steps: list[list[Any]], who: str, vi: str, en: str) -> None:
        now = datetime.now().strftime("%H:%M:%S.%f")[:-3]
        steps.append([who, self._screen.words(vi, en), now])

    def _pupil(self, side: Side, key: str) -> UUID:
        answer = side.views.transcript(Key("local", key), on=YEAR_END)
        return UUID(answer["pupil_id"])

    def _sheet(self) -> None:
        """The new teacher's sheet: the origin's marks grey and locked, with the school's name."""
        screen = self._screen
        screen.scene(
            "4. Sổ điểm của giáo viên mới: Toán, học kỳ 2",
            "4. The new teacher's sheet: mathematics, term 2",
        )
        rows = []
        keys = [child.key for child in self._classmates[:4]] + [NEW_KEY]
        for key in keys:
            answer = self._receiver.views.transcript(Key("local", key), on=date(2025, 3, 15))
            term = _term(answer, "TOAN", "2")
            schools = {s["school_code"]: s["name"] for s in answer["years"][0]["schools"]}
            cells: list[Any] = [answer["profile"]["full_name"]]
            brought = 2 if key == NEW_KEY else 0
            for index in range(4):
                regular = term["marks"]["TX"] if term else []
                value = _comma(regular[index]) if index < len(regular) else "–"
                style = "dim italic" if index < brought else ""
                cells.append(Text(value + (" 🔒" if index < brought else ""), style=style))
            there = next((n for c, n in schools.items() if c != "QN-HG"), "")
            cells.append(Text(there or "", style="dim italic"))
            rows.append(cells)
        screen.table(
            [
                ("Họ tên", "Name"),
                ("ĐĐGtx 1", "TX 1"),
                ("ĐĐGtx 2", "TX 2"),
                ("ĐĐGtx 3", "TX 3"),
                ("ĐĐGtx 4", "TX 4"),
                ("Điểm mang đến từ", "Marks brought from"),
            ],
            rows,
        )

    def _digest(self, case: UUID) -> None:
        screen = self._screen
        screen.scene("5. Cùng một kết quả ở hai nơi", "5. The same results, computed on both sides")
        rows = []
        for side, key in ((self._origin, self._leaver.key), (self._receiver, NEW_KEY)):
            rows.append([side.profile.name, self._released(side, key, case)])
        screen.table(
            [("Tính tại", "Folded at"), ("Mã kết quả đã bàn giao", "Released digest")], rows
        )
        screen.say(
            "Hai nơi tính riêng, ra cùng một mã."
            if rows[0][1] == rows[1][1]
            else "KHÁC NHAU: có lỗi!",
            "Folded apart, the same." if rows[0][1] == rows[1][1] else "DIFFERENT: this is a bug!",
            style="bold",
        )

    def _released(self, side: Side, key: str, case: UUID) -> str:
        """The released digest folded again from what this side holds of the origin's entries."""
        pupil = self._pupil(side, key)
        theirs = self._pupil(self._origin, self._leaver.key)
        with side.ledger.database.connection() as connection:
            reader = Reader(connection, side.ledger.keyring, side.ledger.id)
            state = reader.pupils([pupil])[pupil]
            assert state is not None
            entries = record_of(connection, state, size=reader.size)
        release = next(
            e.event for e in entries if isinstance(e.event, Released) and e.event.case == case
        )
        last = dict(release.streams)
        folded = [FoldEntry.of(e) for e in entries if e.version <= last.get(e.stream.id, 0)]
        return released_digest(folded, pupil=theirs, on=release.effective_on)

    def _year_goes_on(self) -> None:
        """The rest of the year at the new school; the year's result from both schools' marks."""
        screen = self._screen
        screen.scene(
            "6. Cuối năm: kết quả tính từ điểm của cả hai trường",
            "6. The year's end: results from the marks of both schools",
        )
        newcomer = Child(NEW_KEY, self._leaver.name, self._leaver.sex, self._leaver.birth_date,
                         self._leaver.ability, NEW_CLASS)  # fmt: skip
        folder = self._folder / "term2"
        folder.mkdir(exist_ok=True)
        rng = random.Random(f"{SEED}/term2")
        everybody = [*self._classmates, newcomer]
        province = self._cast.receiver
        write_marks(folder / "marks.csv", everybody, province, rng, since=LAST_DAY, until=YEAR_END)
        _write(
            folder / "conduct.csv",
            [["pupil_key", "school_year", "period", "level", "effective_on"],
             [NEW_KEY, "2024-2025", "HK2", "T", "2025-05-20"]],
        )  # fmt: skip
        self._take_in(self._receiver, folder)
        answer = self._receiver.views.transcript(Key("local", NEW_KEY), on=YEAR_END)
        year = answer["years"][0]
        rows = []
        for subject in year["subjects"][:8]:
            first, second = (subject["semesters"][n] for n in ("1", "2"))
            by = sorted({mark["ledger"] for n in (first, second) for mark in n["by"]})
            rows.append(
                [
                    SUBJECTS[subject["subject"]].short_name,
                    " ".join(_comma(v) for v in second["marks"]["TX"]),
                    _comma(first["average"]),
                    _comma(second["average"]),
                    _comma(subject["year"]),
                    " + ".join(by),
                ]
            )
        screen.table(
            [
                ("Môn", "Subject"),
                ("ĐĐGtx HK2", "TX term 2"),
                ("ĐTBmhk1", "Term 1"),
                ("ĐTBmhk2", "Term 2"),
                ("ĐTBmcn", "Year"),
                ("Điểm của", "Marks of"),
            ],
            rows,
        )
        study, conduct = year["study"], year["conduct"]
        screen.say(
            f"Học tập cả năm: {study['CN'] or 'chưa đủ'} · Rèn luyện: {conduct['CN'] or 'chưa đủ'}",
            f"Study: {study['CN'] or 'incomplete'} · conduct: {conduct['CN'] or 'incomplete'}",
            style="bold",
        )

    def _correction(self) -> None:
        screen, child = self._screen, self._children[4]
        screen.scene(
            "7. Sửa một điểm, và điều đã biết trước đó",
            "7. A correction, and what was known before it",
        )
        key, on = Key("local", child.key), date(2025, 1, 15)
        before = self._origin.views.transcript(key, on=on)
        position = before["known_at"]["position"]
        old = _term(before, "TOAN", "1")["marks"]["GK"]
        new = "9.0" if old != "9.0" else "8.0"
        folder = self._folder / "correction"
        folder.mkdir(exist_ok=True)
        _write(
            folder / "corrections.csv",
            [["pupil_key", "school_year", "subject", "semester", "slot", "value", "reason"],
             [child.key, "2024-2025", "TOAN", 1, "GK", new, "Cộng nhầm điểm bài kiểm tra"]],
        )  # fmt: skip
        self._take_in(self._origin, folder)
        now = self._origin.views.transcript(key, on=on)
        then = self._origin.views.transcript(key, on=on, known_at=position)
        screen.table(
            [
                ("Toán, giữa kỳ 1, tính đến 15/01/2025", "Mathematics, mid term 1, on 2025-01-15"),
                ("Điểm", "Mark"),
            ],
            [
                [
                    screen.words("theo dữ liệu đã ghi đến nay", "as known now"),
                    _comma(_term(now, "TOAN", "1")["marks"]["GK"]),
                ],
                [
                    screen.words(
                        f"theo dữ liệu đã ghi đến @{position}", f"as known at @{position}"
                    ),
                    _comma(_term(then, "TOAN", "1")["marks"]["GK"]),
                ],
            ],
        )
        same = then == before
        screen.say(
            "Danh sách in trước khi sửa vẫn in lại y nguyên." if same else "KHÔNG Y NGUYÊN!",
            "What was printed before prints the same again." if same else "NOT THE SAME!",
            style="bold",
        )

    def _forgery(self) -> None:
        screen, child = self._screen, self._children[5]
        screen.scene(
            "8. Một hồ sơ bị sửa điểm, đóng dấu thật", "8. A forged record under the true seal"
        )
        case, data = by_file.export(
            self._origin.office,
            pupil=self._pupil(self._origin, child.key),
            to_ledger=self._receiver.ledger.id,
            last_day=LAST_DAY,
            today=date.today(),
            who=self._origin.who,
        )
        path = self._folder / "dossier.hbt"
        path.write_bytes(data)
        flipped = bytearray(data)
        flipped[-100] ^= 1
        rows = []
        attempts = (
            (screen.words("một bit hỏng trên đường", "one bit flipped on the way"), bytes(flipped)),
            (
                screen.words(
                    "điểm đầu tiên nâng lên 10, đóng dấu lại", "first mark raised to 10, resealed"
                ),
                forge(self._origin.office, case, "10.0"),
            ),
        )
        for name, attempt in attempts:
            rows.append([name, *self._refusal(attempt)])
        screen.table(
            [("Tệp", "File"), ("Bước", "Step"), ("Mã", "Code"), ("Nghĩa là", "Meaning")], rows
        )

    def _refusal(self, data: bytes) -> tuple[int | str, str, str]:
        try:
            by_file.import_dossier(
                self._receiver.office,
                data,
                pupil=None,
                new=True,
                today=date.today(),
                who=self._receiver.who,
            )
        except CheckFailed as failure:
            sentence = word(FAILURES, failure.code, self._screen.words("vi", "en"))
            return failure.step, failure.code, sentence
        return "!", "accepted", "ACCEPTED: this is a bug!"


def _term(answer: dict[str, Any], subject: str, term: str) -> dict[str, Any]:
    for found in answer["years"][0]["subjects"]:
        if found["subject"] == subject:
            semester: dict[str, Any] = found["semesters"][term]
            return semester
    return {"marks": {"TX": [], "GK": None, "CK": None}}


def _comma(value: str | None) -> str:
    return value.replace(".", ",") if value else "–"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _born(text: str) -> str:
    return _day(date.fromisoformat(text))


def _write(path: Path, rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
