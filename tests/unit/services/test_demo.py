"""What the demo does with the home and the screen it is given."""

from pathlib import Path

import pytest

from services.commands.demo import MARKER, _fresh
from services.demo.stage import Screen
from services.embedded import Home
from services.errors import ServiceError


@pytest.mark.parametrize(("marked", "ledgers"), [(True, ("31", "22", "24")), (False, ("31",))])
def test_a_home_with_somebody_elses_ledger_is_left_alone(
    marked: bool, ledgers: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "ledgers").mkdir()
    for name in ledgers:
        (tmp_path / "ledgers" / f"{name}.json").touch()
    if marked:
        (tmp_path / MARKER).touch()
    with pytest.raises(ServiceError, match="holds ledgers already"):
        _fresh(Home(tmp_path))
    assert {path.stem for path in (tmp_path / "ledgers").iterdir()} == set(ledgers)


def test_a_command_to_copy_stands_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    command = "hocba transfer verify '" + "/nhà mới" * 40 + "/dossier.hbt'"
    Screen("en").command(command)
    assert capsys.readouterr().out == command + "\n"
