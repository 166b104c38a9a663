"""What every scene of the demo has: the two sides, the children, and how to show a class."""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from projections.persons import Key
from services.demo.sample import Child, Province, School
from services.demo.stage import Screen, Side
from services.importing import Importer
from services.words import STATUSES, word

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


class Scene:
    """The stage as the scenes before have left it."""

    def __init__(
        self, screen: Screen, origin: Side, receiver: Side, folder: Path, *, fast: bool
    ) -> None:
        """`folder` takes the sample files and the dossiers written on the way."""
        self.screen = screen
        self.origin = origin
        self.receiver = receiver
        self.folder = folder
        self.cast = cast(fast=fast)
        self.children: list[Child] = []
        self.classmates: list[Child] = []

    def take_in(self, side: Side, folder: Path) -> dict[str, Any]:
        with Importer(
            side.ledger, name=side.profile.name, account=side.who.recorded_by
        ) as importer:
            return importer.run([folder]).document()

    @property
    def leaver(self) -> Child:
        return self.children[2]

    def show_roster(self, side: Side, class_code: str, on: date) -> None:
        screen = self.screen
        answer = side.views.roster(class_code, on=on)
        screen.scene(
            f"Danh sách lớp {class_code} – tính đến ngày {day_text(on)}",
            f"Class list {class_code} – on {on}",
        )
        shown = answer["pupils"][:6]
        screen.table(
            [("Mã", "Key"), ("Họ tên", "Name"), ("Ngày sinh", "Born"), ("Trạng thái", "Status")],
            [
                [
                    pupil["pupil_key"],
                    pupil["full_name"],
                    birth_text(pupil["birth_date"]),
                    word(STATUSES, pupil["status"], screen.words("vi", "en")),
                ]
                for pupil in shown
            ],
        )
        leaver = self.leaver
        there = any(pupil["pupil_key"] == leaver.key for pupil in answer["pupils"])
        screen.say(
            f"Sĩ số {answer['count']}; {leaver.name} "
            + ("có trong danh sách." if there else "không còn trong danh sách."),
            f"{answer['count']} pupils; {leaver.name} is "
            + ("on the list." if there else "no longer on the list."),
            style="bold",
        )

    def pupil_id(self, side: Side, key: str) -> UUID:
        answer = side.views.transcript(Key("local", key), on=YEAR_END)
        return UUID(answer["pupil_id"])


def term_of(answer: dict[str, Any], subject: str, term: str) -> dict[str, Any]:
    """A subject's term in a transcript answer; empty marks where there is none yet."""
    for found in answer["years"][0]["subjects"]:
        if found["subject"] == subject:
            semester: dict[str, Any] = found["semesters"][term]
            return semester
    return {"marks": {"TX": [], "GK": None, "CK": None}}


def comma(value: str | None) -> str:
    """A decimal as people here write it."""
    return value.replace(".", ",") if value else "–"


def day_text(day: date) -> str:
    """A day as people here write it: 28/02/2025."""
    return f"{day:%d/%m/%Y}"


def birth_text(text: str) -> str:
    """A whole birth date as people here write it."""
    return day_text(date.fromisoformat(text))


def write_csv(path: Path, rows: list[list[object]]) -> None:
    """Writes an import file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
