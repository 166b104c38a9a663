"""The fields of the exchange's tables: types, lengths, required marks, and what the meaning adds.

`TABLES` is the dictionary itself. What the dictionary says only in its prose (ranges, code lists,
"not required if …") stands in the tables below it, each with the words it comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, cast

from services.exchange.dictionary import LINES

Type = Literal["varchar", "boolean", "int", "decimal", "double", "date", "timestamp"]

PRIMARY = "thongtinsohocbasotieuhoc"
SECONDARY = "thongtinsohocbasothcsthpt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a table. `length` as the dictionary writes it (`18,4`), None where it has
    none; `key` is PK, FK or None."""

    name: str
    type: Type
    length: str | None
    required: bool
    key: str | None

    @property
    def limit(self) -> int | None:
        """The most characters of a text or digits of a whole number; None where none is said."""
        if self.length is None or "," in self.length:
            return None
        return int(self.length)


def _field(line: str) -> Field:
    name, kind, length, required, key = line.split()
    return Field(
        name=name,
        type=cast(Type, kind),
        length=None if length == "-" else length,
        required=required == "Y",
        key=None if key == "-" else key,
    )


TABLES: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {table: tuple(map(_field, lines.split("\n")[1:-1])) for table, lines in LINES.items()}
)
"""Every table this system writes, with its fields in the dictionary's order."""


def children(table: str) -> tuple[str, ...]:
    """The short names of a table's child tables: `bangdiem`, `quatrinhhoctap` …"""
    return tuple(name[len(table) + 1 :] for name in TABLES if name.startswith(f"{table}_"))


ENVELOPE = ("idbanghi", "sukien", "phienban", "thoigiancapnhat", "ngaycapnhat")
"""On every record of every table; a record's content is the rest."""

OF_THE_SENDING = frozenset({*ENVELOPE, "trangthaithongtinhocba", "phienbanthongtinhocba"})
"""Fields that say how and when a record was sent, not what it says: not part of its digest."""

_SCORE = frozenset({"diemhocky1", "diemhocky2", "diemcanam", "diemkttralai"})
"""A number from 0 to 10, or Đ, CĐ, or M where the subject is not asked of the pupil."""

_LEVELS = frozenset({"T", "K", "Đ", "CĐ"})
_QUALITY = frozenset({"T", "Đ", "C"})
_STUDY = ("hocky1", "hocky2", "canam", "kqhoctaplai")
_TRAINING = ("renluyenhocky1", "renluyenhocky2", "renluyencanam", "renluyenlai")
COMPETENCES = MappingProxyType(
    {
        **{"TUCHU": "nangluctuhoc", "GIAOTIEP": "nanglucgiaotiep"},
        **{"GIAIQUYET": "nanglucgiaiquyet", "NGONNGU": "nanglucngonngu"},
        **{"TINHTOAN": "nangluctinhtoan", "KHOAHOC": "nangluckhoahoc"},
        **{"CONGNGHE": "nangluccongnghe", "TINHOC": "nangluctinhoc"},
        **{"THAMMI": "nanglucthammi", "THECHAT": "nanglucthechat"},
        **{"YEUNUOC": "phamchatyeunuoc", "NHANAI": "phamchatnhanai"},
        **{"CHAMCHI": "phamchatchamchi", "TRUNGTHUC": "phamchattrungthuc"},
        **{"TRACHNHIEM": "phamchattrachnhiem"},
    }
)
"""Qualities and competences of TT 27/2020 by their codes here, and their fields."""

VALUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "trangthaithongtinhocba": frozenset({"1", "2"}),
        "gioitinh": frozenset({"0", "1", "2"}),
        "sukien": frozenset({"NEW", "UPDATE", "CANCEL"}),
        "mucdatduoc": frozenset({"T", "H", "C", "M"}),
        **dict.fromkeys((*_STUDY, *_TRAINING), _LEVELS),
        **dict.fromkeys(COMPETENCES.values(), _QUALITY),
    }
)
"""Closed lists that the dictionary writes out in a field's meaning."""

PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "sodinhdanh": r"\d{12}",
        "soddcngiamhieu": r"\d{12}",
        "soddcngvcn": r"\d{12}",
        "soddcngvbm": r"\d{12}",
        "namhoc": r"\d{4}-\d{4}",
        "thangnamsinh": r"\d{4}-(0[1-9]|1[0-2])",
        "namsinh": r"\d{4}",
        "quoctich": r"[A-Z]{2}",
        "thongtintruong_diachi_matinh": r"\d{2}",
        "diemkiemtradinhky": r"10|\d(\.\d)?|M",
        **dict.fromkeys(_SCORE, r"10(\.0)?|\d(\.\d)?|Đ|CĐ|M"),
    }
)
"""The form of a text, where the dictionary's meaning gives one (numbers: domain reference 5)."""

RANGES: Mapping[str, tuple[Decimal, Decimal]] = MappingProxyType(
    {
        "cannang": (Decimal(1), Decimal(300)),
        "chieucao": (Decimal(10), Decimal(300)),
        "nghicophep": (Decimal(0), Decimal(200)),
        "nghikhongphep": (Decimal(0), Decimal(200)),
        "sobuoinghi": (Decimal(1), Decimal(300)),
    }
)
"""Least and greatest value ("Giá trị nhỏ nhất", "Giá trị lớn nhất")."""

NOT_ASKED = "cokhuyettatkhongdanhgia"

UNLESS_NOT_ASKED: frozenset[str] = frozenset(
    {
        "xeploai",
        *_STUDY[:3],
        *_TRAINING[:3],
        *(
            name
            for name in COMPETENCES.values()
            if name not in ("nangluccongnghe", "nangluctinhoc")
        ),
    }
)
"""Required unless the pupil is a disabled one of whom no levels are asked ("Không bắt buộc nếu
CoKhuyetTatKhongDanhGia = 1"). Of training the dictionary does not say it; the field descriptions
of the transcript form do (domain reference 2.3)."""

BIRTH = ("ngaythangnamsinh", "thangnamsinh", "namsinh")
"""Exactly one of them is filled in: as much of the birth date as is known."""
