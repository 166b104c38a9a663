"""A naive tree of units: what is known of each, looked up anew for every question."""

from dataclasses import dataclass, field
from datetime import date


@dataclass
class Place:
    """A unit: since which position it is known, where it belongs from which days on (position,
    day, parent), and its end (position, day, heir)."""

    position: int
    parents: list[tuple[int, date, str | None]]
    end: tuple[int, date, str | None] | None = None


@dataclass
class NaiveTree:
    """All units of a history."""

    places: dict[str, Place] = field(default_factory=dict)

    def heir(self, code: str, position: int, on: date) -> str | None:
        """Who stands for a unit on a day; None where it closed and nobody does."""
        place = self.places.get(code)
        if place is None or place.position > position:
            return None
        if place.end is None or place.end[0] > position or on < place.end[1]:
            return code
        return self.heir(place.end[2], position, on) if place.end[2] else None

    def counts_at(self, code: str, position: int, on: date) -> str:
        """The unit at which a school's pupils count: its own where nobody stands for it."""
        return self.heir(code, position, on) or code

    def path(self, code: str, position: int, on: date) -> list[str]:
        """That unit and every one above it."""
        found: list[str] = []
        at: str | None = self.counts_at(code, position, on)
        while at is not None:
            found.append(at)
            held = [p for p in self.places[at].parents if p[0] <= position and p[1] <= on]
            parent = max(held, key=lambda one: (one[1], one[0]))[2]
            at = self.heir(parent, position, on) if parent else None
        return found

    def same(self, one: str, other: str, position: int, on: date) -> bool:
        """Whether two codes mean one school on a day."""
        return self.counts_at(one, position, on) == self.counts_at(other, position, on)
