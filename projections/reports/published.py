"""Where published identity tables disagree with themselves: computed from the tables alone.

The tables are a JSON object: lists of rows with `pupils`, `pupils_unmatched`, `staff`,
`staff_unmatched` under keys that begin with `annex_N_`, and under `…_stated_total` what was
printed as an annex's total. Annex 1 has a row for each level; another annex whose rows are the
schools of one level is compared with that level's row (`LEVEL_OF`).
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

FIELDS: Final = ("pupils", "pupils_unmatched", "staff", "staff_unmatched")
_TOTAL: Final = "_stated_total"
LEVEL_OF: Final[Mapping[str, str]] = MappingProxyType({"annex_2": "THPT", "annex_3": "GDTX"})
"""Which level's schools an annex lists (Hải Phòng's notice of 23 June 2023)."""


def disagreements(tables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """{"where", "against", "field", "stated", "computed", "difference"} for every two figures
    that should be one.

    Raises:
        ValueError: the file holds no such tables.
    """
    annexes = _annexes(tables)
    if not annexes:
        raise ValueError("no list of rows under a key that begins with annex_")
    found: list[dict[str, Any]] = []
    for name, rows in annexes.items():
        stated = _stated(tables, name)
        if stated is not None:
            found += _compare(f"{name}: stated total", stated, "sum of its rows", _sum(rows))
        found += _impossible(name, rows)
    by_level = annexes.get("annex_1", [])
    for name, level in LEVEL_OF.items():
        row = next((row for row in by_level if row.get("level") == level), None)
        if row is None or name not in annexes:
            continue
        where = f"annex_1: {level}"
        found += _compare(where, row, f"{name}: sum of its rows", _sum(annexes[name]))
        stated = _stated(tables, name)
        if stated is not None:
            found += _compare(where, row, f"{name}: stated total", stated)
    return found


def _annexes(tables: Mapping[str, Any]) -> dict[str, Sequence[Mapping[str, Any]]]:
    return {
        "_".join(key.split("_")[:2]): value
        for key, value in tables.items()
        if key.startswith("annex_") and isinstance(value, list)
    }


def _stated(tables: Mapping[str, Any], annex: str) -> Mapping[str, Any] | None:
    for key, value in tables.items():
        if key.startswith(f"{annex}_") and key.endswith(_TOTAL) and isinstance(value, dict):
            return value
    return None


def _sum(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {name: sum(int(row.get(name) or 0) for row in rows) for name in FIELDS}


def _compare(
    where: str, stated: Mapping[str, Any], against: str, computed: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for name in FIELDS:
        if name in stated and name in computed and stated[name] != computed[name]:
            yield {
                "where": where,
                "against": against,
                "field": name,
                "stated": stated[name],
                "computed": computed[name],
                "difference": stated[name] - computed[name],
            }


def _impossible(annex: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row with more unmatched than there are."""
    for row in rows:
        for whole in ("pupils", "staff"):
            part = f"{whole}_unmatched"
            if int(row.get(part) or 0) > int(row.get(whole) or 0):
                yield {
                    "where": f"{annex}: {row.get('unit') or row.get('level')}",
                    "against": whole,
                    "field": part,
                    "stated": row[part],
                    "computed": row[whole],
                    "difference": row[part] - row[whole],
                }
