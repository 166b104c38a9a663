"""Scenes 1 to 3: the data, the child who comes before the papers, the transfer."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from rich.text import Text

from services.demo.sample import write_province
from services.demo.scene import (
    FIRST_DAY,
    LAST_DAY,
    NEW_CLASS,
    NEW_KEY,
    SEED,
    Scene,
    day_text,
    write_csv,
)
from services.words import STEPS, word
from transfer import acceptance, conversation, inbox


class Arrival(Scene):
    """From the import to the acceptance."""

    def import_data(self) -> None:
        screen = self.screen
        screen.scene("1. Hai tỉnh nhập dữ liệu của mình", "1. Two provinces import their data")
        rows = []
        plays = ((self.origin, self.cast.origin), (self.receiver, self.cast.receiver))
        for side, province in plays:
            folder = self.folder / province.code
            children = write_province(folder, province, seed=SEED, until=LAST_DAY)
            answer = self.take_in(side, folder)
            if side is self.origin:
                self.children = children
            else:
                self.classmates = children
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

    def arrive_before_the_papers(self) -> None:
        """The child sits in class on day 1 and gets a mark: "Học tạm – chờ hồ sơ"."""
        screen, child = self.screen, self.leaver
        screen.scene(
            "2. Em ngồi vào lớp mới trước khi có hồ sơ",
            "2. The child sits in the new class before the papers arrive",
        )
        folder = self.folder / "arrival"
        folder.mkdir(exist_ok=True)
        write_csv(
            folder / "pupils.csv",
            [
                ["pupil_key", "full_name", "birth_date", "sex"],
                [NEW_KEY, child.name, child.birth_date, child.sex],
            ],
        )
        write_csv(
            folder / "enrolments.csv",
            [
                ["pupil_key", "class_code", "kind", "effective_on"],
                [NEW_KEY, NEW_CLASS, "provisional", FIRST_DAY],
            ],
        )
        teacher = "GV-QN-HG-TOAN"
        write_csv(
            folder / "marks.csv",
            [["class_code", "subject", "semester", "slot", "pupil_key", "value",
              "effective_on", "recorded_by"],
             [NEW_CLASS, "Toán", 2, "TX1", NEW_KEY, "7,5", "2025-03-10", teacher]],
        )  # fmt: skip
        self.take_in(self.receiver, folder)
        answer = self.receiver.views.roster(NEW_CLASS, on=FIRST_DAY)
        newcomer = next(p for p in answer["pupils"] if p["pupil_key"] == NEW_KEY)
        screen.say(
            f"{newcomer['full_name']} học tạm ở {NEW_CLASS} từ {day_text(FIRST_DAY)}, "
            "đã có một điểm Toán của trường mới.",
            f"{newcomer['full_name']} is in {NEW_CLASS} provisionally from {FIRST_DAY} and has "
            "a first mark in mathematics there.",
        )

    def transfer(self) -> UUID:
        screen = self.screen
        screen.scene("3. Chuyển hồ sơ, từng bước", "3. The transfer, step by step")
        origin, receiver = self.origin, self.receiver
        ours = self.pupil_id(receiver, NEW_KEY)
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
            pupil=self.pupil_id(origin, self.leaver.key),
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
            f"{entries} mục của {self.leaver.name} đã sang Quảng Ninh, nguyên văn.",
            f"{entries} entries of {self.leaver.name} are in Quảng Ninh now, verbatim.",
            style="bold",
        )
        return case

    def _step(self, steps: list[list[Any]], who: str, vi: str, en: str) -> None:
        now = datetime.now().strftime("%H:%M:%S.%f")[:-3]
        steps.append([who, self.screen.words(vi, en), now])
