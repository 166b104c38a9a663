"""Scenes 4 to 7: the new teacher's sheet, the same results on both sides, the year's end, and a
mark that the old school mends after the release."""

import random
from datetime import date
from typing import Any
from uuid import UUID

from rich.text import Text

from ledger.events.pupil import Released
from ledger.reader import Reader
from ledger.subjects import SUBJECTS
from projections.history import FoldEntry
from projections.persons import Key
from projections.transcript import released_digest
from services.demo.sample import Child, write_marks
from services.demo.scene import (
    LAST_DAY,
    NEW_CLASS,
    NEW_KEY,
    SEED,
    YEAR_END,
    Scene,
    comma,
    term_of,
    write_csv,
)
from services.demo.stage import Side
from transfer import supplement, supplement_decision
from transfer.build import record_of
from transfer.supplement import Choice


class Year(Scene):
    """What the new school sees and does."""

    def show_sheet(self) -> None:
        """The new teacher's sheet: the origin's marks grey and locked, with the school's name."""
        screen = self.screen
        screen.scene(
            "4. Sổ điểm của giáo viên mới: Toán, học kỳ 2",
            "4. The new teacher's sheet: mathematics, term 2",
        )
        rows = []
        keys = [child.key for child in self.classmates[:4]] + [NEW_KEY]
        for key in keys:
            answer = self.receiver.views.transcript(Key("local", key), on=date(2025, 3, 15))
            term = term_of(answer, "TOAN", "2")
            schools = {s["school_code"]: s["name"] for s in answer["years"][0]["schools"]}
            cells: list[Any] = [answer["profile"]["full_name"]]
            brought = 2 if key == NEW_KEY else 0
            for index in range(4):
                regular = term["marks"]["TX"] if term else []
                value = comma(regular[index]) if index < len(regular) else "–"
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

    def compare_results(self, case: UUID) -> None:
        screen = self.screen
        screen.scene("5. Cùng một kết quả ở hai nơi", "5. The same results, computed on both sides")
        rows = []
        for side, key in ((self.origin, self.leaver.key), (self.receiver, NEW_KEY)):
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
        pupil = self.pupil_id(side, key)
        theirs = self.pupil_id(self.origin, self.leaver.key)
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

    def end_the_year(self) -> None:
        """The rest of the year at the new school; the year's result from both schools' marks."""
        screen = self.screen
        screen.scene(
            "6. Cuối năm: kết quả tính từ điểm của cả hai trường",
            "6. The year's end: results from the marks of both schools",
        )
        newcomer = Child(NEW_KEY, self.leaver.name, self.leaver.sex, self.leaver.birth_date,
                         self.leaver.ability, NEW_CLASS)  # fmt: skip
        folder = self.folder / "term2"
        folder.mkdir(exist_ok=True)
        rng = random.Random(f"{SEED}/term2")
        everybody = [*self.classmates, newcomer]
        province = self.cast.receiver
        write_marks(folder / "marks.csv", everybody, province, rng, since=LAST_DAY, until=YEAR_END)
        write_csv(
            folder / "conduct.csv",
            [["pupil_key", "school_year", "period", "level", "effective_on"],
             [NEW_KEY, "2024-2025", "HK2", "T", "2025-05-20"]],
        )  # fmt: skip
        self.take_in(self.receiver, folder)
        answer = self.receiver.views.transcript(Key("local", NEW_KEY), on=YEAR_END)
        year = answer["years"][0]
        rows = []
        for subject in year["subjects"][:8]:
            first, second = (subject["semesters"][n] for n in ("1", "2"))
            by = sorted({mark["ledger"] for n in (first, second) for mark in n["by"]})
            rows.append(
                [
                    SUBJECTS[subject["subject"]].short_name,
                    " ".join(comma(v) for v in second["marks"]["TX"]),
                    comma(first["average"]),
                    comma(second["average"]),
                    comma(subject["year"]),
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

    def supplement(self, case: UUID) -> None:
        """The old school finds a mark of term 1 wrong; the new one decides about it."""
        screen, child = self.screen, self.leaver
        screen.scene(
            "7. Hồ sơ bổ sung: trường cũ sửa một điểm sau khi đã bàn giao",
            "7. A supplement: the old school mends a mark after the release",
        )
        folder = self.folder / "supplement"
        folder.mkdir(exist_ok=True)
        write_csv(
            folder / "corrections.csv",
            [["pupil_key", "school_year", "subject", "semester", "slot", "value", "reason"],
             [child.key, "2024-2025", "TOAN", 1, "CK", "10", "Chấm sót một câu"]],
        )  # fmt: skip
        self.take_in(self.origin, folder)
        today = date.today()
        supplement.offer(self.origin.office, case, today=today, who=self.origin.who)
        self.origin.exchange()
        self.receiver.exchange()
        told = supplement_decision.look(self.receiver.office, case, today=today).proposals[0]
        before = self._average(NEW_KEY)
        supplement_decision.decide(
            self.receiver.office,
            case,
            choice=Choice("all", "not_accepted"),
            today=today,
            who=self.receiver.who,
        )
        self.receiver.exchange()
        self.origin.exchange()
        after = self._average(NEW_KEY)
        screen.table(
            [
                ("Đề nghị của trường cũ", "Proposed by the old school"),
                ("Điểm cũ", "Before"),
                ("Điểm mới", "After"),
                ("ĐTBmhk1", "Term 1"),
                ("ĐTBmcn", "Year"),
            ],
            [
                [
                    f"{SUBJECTS['TOAN'].short_name} · CK · HK1",
                    comma(str(told.effect.before)),
                    comma(str(told.effect.after)),
                    f"{before[0]} → {after[0]}",
                    f"{before[1]} → {after[1]}",
                ]
            ],
        )
        screen.say(
            "Trường đang quản lý hồ sơ đồng ý: kết quả tính lại ngay, mục cũ vẫn còn nguyên.",
            "The school with custody agreed: results are computed anew, the old entry stays.",
            style="bold",
        )

    def _average(self, key: str) -> tuple[str, str]:
        """The first term's and the year's average in mathematics at the new school."""
        answer = self.receiver.views.transcript(Key("local", key), on=YEAR_END)
        subject = next(s for s in answer["years"][0]["subjects"] if s["subject"] == "TOAN")
        return comma(subject["semesters"]["1"]["average"]), comma(subject["year"])
