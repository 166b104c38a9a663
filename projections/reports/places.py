"""Where a school's pupils count: the unit that stands for it on the report's day, and all above.

A school that has closed with nobody in its place still counts its pupils, under its own code and
the units it last stood under: the totals lose nobody, and the exceptions name the pupils.
"""

from ledger.codes import Programme, Stage, stage_of
from ledger.errors import NotFound
from projections.tree import Node, Tree

_ORDER = {level: at for at, level in enumerate(("MN", "TH", "THCS", "THPT", "GDTX"))}


class Places:
    """The units of one day as a report uses them; `unit` limits it to what stands below."""

    def __init__(self, tree: Tree, unit: str | None) -> None:
        """Raises NotFound(`unknown_unit`) where `unit` was never known."""
        self.tree = tree
        if unit is not None and tree.known(unit) is None:
            raise NotFound("unknown_unit", f"no unit {unit} was known; `hocba units` lists them")
        self.unit = None if unit is None else tree.current(unit) or unit
        self._paths: dict[str, tuple[Node, ...]] = {}

    def path(self, school: str) -> tuple[Node, ...]:
        """The unit at which the pupils of `school` count, then every unit above it, up to the
        one asked for; empty where the school stands outside of that."""
        if school not in self._paths:
            self._paths[school] = self._limited(self._whole_path(school))
        return self._paths[school]

    def _whole_path(self, school: str) -> tuple[Node, ...]:
        path = self.tree.above(school)
        if path:
            return path
        known = self.tree.known(school)
        if known is None:
            return (Node(school, "school", school, None, (), self.tree.on, None, None),)
        return (known, *(self.tree.above(known.parent) if known.parent else ()))

    def _limited(self, path: tuple[Node, ...]) -> tuple[Node, ...]:
        if self.unit is None:
            return path
        for at, node in enumerate(path):
            if node.code == self.unit:
                return path[: at + 1]
        return ()

    def counts_at(self, school: str) -> str:
        """The code of the unit at which the pupils of `school` count, within the limit or not."""
        return self._whole_path(school)[0].code

    def stands(self, school: str) -> bool:
        """Whether the school is in force on the day, or a unit in force stands for it."""
        return self.tree.current(school) is not None

    def level(self, school: str, grade: int, programme: str) -> str:
        """The level under which a pupil counts: continuing education by the programme, or where
        the school teaches nothing else; otherwise by grade."""
        levels = self._whole_path(school)[0].levels
        if programme == Programme.GDTX or tuple(levels) == (Stage.CONTINUING.value,):
            return Stage.CONTINUING.value
        return stage_of(grade).value


def level_order(level: str | None) -> tuple[int, str]:
    """Levels from preschool upwards; an unknown one last."""
    return _ORDER.get(level or "", len(_ORDER)), level or ""
