"""Scenes 7 and 8: what was known before a correction, and a forgery refused."""

from datetime import date

from projections.persons import Key
from services.demo.forgery import forge
from services.demo.scene import LAST_DAY, Scene, comma, term_of, write_csv
from services.words import FAILURES, word
from transfer import by_file
from transfer.errors import CheckFailed


class Doubt(Scene):
    """What an inspector would ask."""

    def correct(self) -> None:
        screen, child = self.screen, self.children[4]
        screen.scene(
            "7. Sửa một điểm, và điều đã biết trước đó",
            "7. A correction, and what was known before it",
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

    def refuse_forgery(self) -> None:
        screen, child = self.screen, self.children[5]
        screen.scene(
            "8. Một hồ sơ bị sửa điểm, đóng dấu thật", "8. A forged record under the true seal"
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
        return "!", "accepted", "ACCEPTED: this is a bug!"
