"""`hocba demo`: the whole story on sample data."""

import shutil
import sys
import time
from datetime import date
from pathlib import Path

import click

from services.demo.stage import Screen, sides
from services.demo.story import Story
from services.embedded import Home, stop_all
from services.errors import ServiceError
from services.workplace import Workplace

MARKER = "demo"
PROVINCES = ("31", "22")
SCHOOL_YEAR_BEGINS = date(2024, 8, 1)


@click.command()
@click.option("--fast", is_flag=True, help="A dozen pupils instead of some hundred.")
@click.pass_obj
def demo(workplace: Workplace, fast: bool) -> int:
    """Two provinces, one pupil who moves, everything real; ends with what to try next."""
    began = time.monotonic()
    home = _fresh(workplace.home)
    screen = Screen(workplace.lang)
    workplace = Workplace(
        home=home,
        account=workplace.account,
        database=None,
        nats=None,
        ledger=None,
        format=workplace.format,
        lang=workplace.lang,
    )
    folder = home.path / "demo-files"
    folder.mkdir(exist_ok=True)
    with workplace.servers() as servers:
        for province in PROVINCES:
            workplace.ledgers.create(
                servers,
                province=province,
                name=None,
                database=None,
                operator=workplace.account,
                today=SCHOOL_YEAR_BEGINS,
            )
        with sides(workplace.ledgers, servers, PROVINCES, workplace.account) as (one, other):
            Story(screen, one, other, folder, fast=fast).tell()
    _what_next(screen, home.path, folder, time.monotonic() - began)
    return 0


def _fresh(home: Home) -> Home:
    """The home given, emptied of an earlier demo; a home with ledgers of its own is not touched,
    nor one where somebody has made a ledger beside the demo's.

    Raises:
        ServiceError: the home holds ledgers that no demo made.
    """
    ledgers = {path.stem for path in (home.path / "ledgers").glob("*.json")}
    if (home.path / MARKER).exists() and ledgers <= set(PROVINCES):
        stop_all(home)
        home.remove()
    elif (home.path / "ledgers").exists():
        raise ServiceError(
            f"{home.path} holds ledgers already; give the demo a home of its own: "
            "hocba demo --home FOLDER"
        )
    home.ensure()
    (home.path / MARKER).touch()
    return home


def _what_next(screen: Screen, home: Path, folder: Path, seconds: float) -> None:
    screen.scene("Thử tiếp", "Try next")
    program = Path(sys.argv[0])
    on_path = shutil.which("hocba") == str(program.resolve())
    hocba = f"{'hocba' if on_path else program} --home '{home}'"
    for command in (
        f"{hocba} --ledger 22 transcript --pupil MOI-1 --on 2025-05-31",
        f"{hocba} --ledger 22 audit --pupil MOI-1",
        f"{hocba} transfer verify '{folder / 'dossier.hbt'}'",
    ):
        screen.command(command)
    screen.say(
        f"Xong sau {seconds:.0f} giây. Máy chủ tự dừng sau ít phút, hoặc:",
        f"Done in {seconds:.0f} s. The servers stop by themselves in a while, or:",
    )
    screen.command(f"{hocba} stop")
