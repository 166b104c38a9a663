"""Scenes 8 to 10: what was known before a correction, a forgery refused, a record recalled."""

from datetime import date
from uuid import UUID

from projections.persons import Key
from services.cases import case_answer
from services.demo.forgery import forge
from services.demo.scene import LAST_DAY, Scene, comma, term_of, write_csv
from services.demo.stage import Side
from services.words import FAILURES, STATES, word
from transfer import by_file, recall
from transfer.errors import CaseRefused, CheckFailed


class Doubt(Scene):
    """What an inspector would ask."""

    def correct(self) -> None:
        screen, child = self.screen, self.children[4]
        screen.scene(
            "8. Sửa một điểm, và điều đã biết trước đó",
            "8. A correction, and what was known before it",
        )
        key, on = Key("local", child.key), date(2025, 1, 15)
        before = self.origin.views.transcript(key, on=on)
        position = before["known_at"]["position"]
        old = term_of(before, "TOAN", "1")["marks"]["GK"]
        new = "9.0" if old != "9.0" else "8.0"
        folder = self.folder / "correction"
        folder.mkdir(exist_ok=True)
        write_csv(
            folder / "corrections.csv",
            [["pupil_key", "school_year", "subject", "semester", "slot", "value", "reason"],
             [child.key, "2024-2025", "TOAN", 1, "GK", new, "Cộng nhầm điểm bài kiểm tra"]],
        )  # fmt: skip
        self.take_in(self.origin, folder)
        now = self.origin.views.transcript(key, on=on)
        then = self.origin.views.transcript(key, on=on, known_at=position)
        screen.table(
            [
                ("Toán, giữa kỳ 1, tính đến 15/01/2025", "Mathematics, mid term 1, on 2025-01-15"),
                ("Điểm", "Mark"),
            ],
            [
                [
                    screen.words("theo dữ liệu đã ghi đến nay", "as known now"),
                    comma(term_of(now, "TOAN", "1")["marks"]["GK"]),
                ],
                [
                    screen.words(
                        f"theo dữ liệu đã ghi đến @{position}", f"as known at @{position}"
                    ),
                    comma(term_of(then, "TOAN", "1")["marks"]["GK"]),
                ],
            ],
        )
        same = then == before
        screen.say(
            "Danh sách in trước khi sửa vẫn in lại y nguyên." if same else "KHÔNG Y NGUYÊN!",
            "What was printed before prints the same again." if same else "NOT THE SAME!",
            style="bold",
        )

    def refuse_forgery(self) -> UUID:
        """Returns the transfer that the true record was released in."""
        screen, child = self.screen, self.children[5]
        screen.scene(
            "9. Một hồ sơ bị sửa điểm, đóng dấu thật", "9. A forged record under the true seal"
        )
        case, data = by_file.export(
            self.origin.office,
            pupil=self.pupil_id(self.origin, child.key),
            to_ledger=self.receiver.ledger.id,
            last_day=LAST_DAY,
            today=date.today(),
            who=self.origin.who,
        )
        path = self.folder / "dossier.hbt"
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
                forge(self.origin.office, case, "10.0"),
            ),
        )
        for name, attempt in attempts:
            rows.append([name, *self._refusal(attempt)])
        screen.table(
            [("Tệp", "File"), ("Bước", "Step"), ("Mã", "Code"), ("Nghĩa là", "Meaning")], rows
        )
        return case

    def recall(self, case: UUID) -> None:
        """The child stays after all: what was released comes back, the file is worth nothing."""
        screen, child = self.screen, self.children[5]
        screen.scene(
            "10. Em không chuyển nữa: thu hồi hồ sơ đã bàn giao",
            "10. The child stays after all: the record is recalled",
        )
        recall.recall(
            self.origin.office,
            case,
            reason="family_stays",
            words=None,
            today=date.today(),
            who=self.origin.who,
        )
        rows = [self._state("31", self.origin, case)]
        self.origin.exchange()
        self.receiver.exchange()
        rows.append(self._state("22", self.receiver, case))
        self.origin.exchange()
        rows.append(self._state("31", self.origin, case))
        screen.table([("Ai", "Who"), ("Hồ sơ", "Case")], rows)
        data = (self.folder / "dossier.hbt").read_bytes()
        *_, sentence = self._refusal(data)
        screen.say(
            f"{child.name} lại thuộc trường cũ; đưa tệp vào lúc này: {sentence}",
            f"{child.name} is with the old school again; the file handed in now: {sentence}",
            style="bold",
        )

    def _state(self, name: str, side: Side, case: UUID) -> list[str]:
        state = case_answer(side.office, case)["state"]
        return [name, word(STATES, state, self.screen.words("vi", "en"))]

    def _refusal(self, data: bytes) -> tuple[int | str, str, str]:
        try:
            by_file.import_dossier(
                self.receiver.office,
                data,
                pupil=None,
                new=True,
                today=date.today(),
                who=self.receiver.who,
            )
        except CheckFailed as failure:
            sentence = word(FAILURES, failure.code, self.screen.words("vi", "en"))
            return failure.step, failure.code, sentence
        except CaseRefused:
            return (
                "–",
                "decided",
                self.screen.words("đã trả lại, không nhận nữa", "sent back, refused"),
            )
        return "!", "accepted", "ACCEPTED: this is a bug!"
