"""Rules of `ledger.legacy_text`: old encodings are found, sound names are left in peace."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.legacy_text import Suspicion, detect

REPOSITORY = Path(__file__).resolve().parents[3]
UNITS = REPOSITORY / "../shared/vectors/vn-admin-units/units_34_v3.0.0.min.json"


@pytest.mark.parametrize(
    ("text", "kind", "reading"),
    [
        ("NguyÔn V¨n An", "tcvn3", "Nguyễn Văn An"),
        ("TrÇn ThÞ Hång", "tcvn3", "Trần Thị Hồng"),
        ("§ç ThÞ Lan", "tcvn3", "Đỗ Thị Lan"),
        ("®\u00adêng", "tcvn3", "đường"),
        ("Nguyeãn Vaên Taùm", "vni", "Nguyễn Văn Tám"),
        ("ÑOÃ THÒ LAN", "vni", "ĐỖ THỊ LAN"),
        ("Traàn Thò Höông", "vni", "Trần Thị Hương"),
        ("Nguyá»…n VÄƒn", "mojibake", "Nguyễn Văn"),
        ("Ä\u0090á»©c", "mojibake", "Đức"),
        ("Nguy\ufffdn", "replacement", None),
        ("Nguy?n V?n An", "replacement", None),
    ],
)
def test_an_old_or_broken_encoding_is_named_with_its_reading(
    text: str, kind: str, reading: str | None
) -> None:
    found = detect(text)
    assert found is not None
    assert (found.kind, found.reading) == (kind, reading)


@pytest.mark.parametrize(
    "name",
    [
        *("Lê Hoà", "Toán", "Cao Xuân Quý", "Lò Thoa", "Thái Nguyên", "H' Nuê Niê"),
        *("Nguyễn Văn Đức", "An Binh", "François Müller", "Noël Ñuñez", "Jürgen Groß"),
        *("Chloë", "Beyoncé", "Håkan Ångström", "Ai đó?", ""),
    ],
)
def test_sound_vietnamese_and_foreign_names_are_not_suspected(name: str) -> None:
    assert detect(name) is None


def test_a_sign_inside_a_word_is_tcvn3_even_where_no_syllable_results() -> None:
    found = detect("Bh¨mx")
    assert found == Suspicion("tcvn3", "Bhămx")


@settings(print_blob=True, max_examples=60)
@given(st.text(alphabet="aàảãáạăâbđeêiklmnoôơuưy ệắữ", min_size=1, max_size=20))
def test_utf8_read_as_latin_1_is_found_and_restored(text: str) -> None:
    broken = text.encode().decode("latin-1")
    found = detect(broken)
    if text.isascii():
        assert found is None
    else:
        assert found == Suspicion("mojibake", text)


def test_no_official_place_name_is_suspected() -> None:
    if not UNITS.exists():
        pytest.skip("the outside table of administrative units is not beside the repository")
    provinces = json.loads(UNITS.read_text(encoding="utf-8"))
    names = [ward["FullName"] for province in provinces for ward in province["Wards"] or ()]
    assert len(names) > 3000
    assert [name for name in names if detect(name)] == []
