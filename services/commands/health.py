"""`hocba health`: a pupil's measurements with z-scores and channels of growth."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import click

from ledger.growth.channels import BOUNDARIES, CHANNEL_TABLES, Boundary, Channel
from services.output import print_csv, print_json, print_table
from services.reading import open_views, parse_day, parse_key, parse_when
from services.words import word
from services.workplace import Workplace

_INDICATORS = ("WAZ", "HAZ", "BAZ", "WHZ")
_MEASURED = (
    *("height_cm", "weight_kg", "position", "bmi", "vision_left", "vision_right"),
    *("findings", "notes"),
)
COLUMNS = (
    *("measured_on", "age_days", "age_months", *_MEASURED),
    *("standard", "at", "unit", "indicator", "z", "channel", "implausible", "missing"),
)
HEADINGS = {
    "vi": (
        *("Ngày đo", "Tháng tuổi", "Cao (cm)", "Nặng (kg)", "BMI", "Mắt T", "Mắt P", "Chuẩn"),
        *("Cân nặng/tuổi", "Chiều cao/tuổi", "BMI/tuổi", "Cân nặng/chiều cao", "Khám", "Ghi chú"),
    ),
    "en": (
        *("Measured on", "Months", "Height (cm)", "Weight (kg)", "BMI", "Left eye", "Right eye"),
        *("Standard", "Weight/age", "Height/age", "BMI/age", "Weight/height", "Findings", "Notes"),
    ),
}
_STANDARDS = {"who2006": "WHO 2006", "who2007": "WHO 2007"}
_CHANNELS: dict[str, Channel] = {
    channel.key: channel
    for table in CHANNEL_TABLES
    for listed in table.channels.values()
    for channel in listed
}
_CHECK = {"vi": "kiểm tra lại", "en": "to be checked"}
_MISSING: dict[str, tuple[str, str]] = {
    "no_birth_date": ("không có ngày sinh", "no birth date"),
    "partial_birth_date": ("ngày sinh không đầy đủ", "birth date not full"),
    "no_table_for_sex": ("không có bảng cho giới tính này", "no table for this sex"),
    "before_birth": ("đo trước ngày sinh", "measured before birth"),
    "age_outside_tables": ("ngoài bảng tuổi", "age outside the tables"),
    "height_outside_table": ("ngoài bảng chiều cao", "height outside the table"),
    "no_height": ("chưa đo cao", "height not taken"),
    "no_weight": ("chưa cân", "weight not taken"),
    "unreadable": ("số đo không đọc được", "cannot be read"),
    "erased": ("đã xóa theo yêu cầu", "erased"),
}


@click.command()
@click.option("--pupil", required=True, metavar="KEY", help="kind:value or a local key.")
@click.option("--on", metavar="DATE", help="Measurements up to this day (default: today).")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.option(
    "--boundary",
    type=click.Choice(BOUNDARIES),
    default="exclusive",
    show_default=True,
    help="Whether a z-score exactly on a cut-off lies beyond it (inclusive) or not.",
)
@click.pass_obj
def health(
    workplace: Workplace, pupil: str, on: str | None, known_at: str | None, boundary: Boundary
) -> int:
    """Measurements of a pupil with z-scores and channels of growth."""
    key, when = parse_key(pupil), parse_when(known_at)
    day = parse_day(on) if on else date.today()
    with open_views(workplace) as views:
        answer = views.health(key, on=day, known_at=when, boundary=boundary)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COLUMNS, list(csv_rows(answer)))
    else:
        _print_table(answer, workplace.lang)
    return 0


def csv_rows(answer: dict[str, Any]) -> Iterator[list[Any]]:
    """One row for each indicator of each reading, and one for a day that has none."""
    for day in answer["measurements"]:
        taken = [day[name] for name in COLUMNS[: 3 + len(_MEASURED)]]
        if not day["readings"]:
            yield [*taken, *(None,) * 7, day["missing"]]
        for reading in day["readings"]:
            place = [*taken, reading["standard"], reading["at"], reading["unit"]]
            for score in reading["scores"]:
                shown = (score["indicator"], score["z"], score["channel"])
                yield [*place, *shown, "yes" if score["implausible"] else "no", None]
            for indicator, reason in reading["missing"].items():
                yield [*place, indicator, None, None, None, reason]


def _print_table(answer: dict[str, Any], lang: str) -> None:
    profile = answer["profile"]
    shown = (profile["full_name"], profile["birth_date"], answer["pupil_key"])
    known_at = answer["known_at"]["position"]
    title = " · ".join(str(part) for part in shown if part)
    rows = [line for day in answer["measurements"] for line in table_lines(day, lang)]
    print_table(f"{title} · {answer['on']} · @{known_at}", HEADINGS[lang], rows)


def table_lines(day: dict[str, Any], lang: str) -> Iterator[list[Any]]:
    """A line for each reading: around 60 months there are two, the governing one first."""
    names = ("age_months", "height_cm", "weight_kg", "bmi", "vision_left", "vision_right")
    taken = [day["measured_on"], *(_comma(day[name], lang) for name in names)]
    texts = [day["findings"], day["notes"]]
    for number, reading in enumerate(day["readings"]):
        scores = {score["indicator"]: score for score in reading["scores"]}
        cells = [
            _score(scores[one], lang) if one in scores else _why(reading["missing"].get(one), lang)
            for one in _INDICATORS
        ]
        yield [
            *(taken if number == 0 else [None] * len(taken)),
            _STANDARDS[reading["standard"]],
            *cells,
            *(texts if number == 0 else [None, None]),
        ]
    if not day["readings"]:
        yield [*taken, _why(day["missing"], lang), *[None] * len(_INDICATORS), *texts]


def _score(score: dict[str, Any], lang: str) -> str:
    channel = _CHANNELS[score["channel"]]
    text = f"{_comma(score['z'], lang)} {channel.vi if lang == 'vi' else channel.en}"
    return f"{text} ({_CHECK[lang]})" if score["implausible"] else text


def _why(reason: str | None, lang: str) -> str | None:
    return None if reason is None else word(_MISSING, reason, lang)


def _comma(text: str | None, lang: str) -> str | None:
    """A decimal as people of the language write it."""
    return text.replace(".", ",") if text is not None and lang == "vi" else text
