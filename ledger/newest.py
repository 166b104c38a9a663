"""So many values, those used last: what a process that lasts may remember."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Newest(Generic[K, V]):
    """At most `most` values by key, those used last; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        """Nothing is held yet."""
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """How many are held."""
        return len(self._held)

    def get(self, key: K) -> V | None:
        """The value, used now; None where it is not held (any more)."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def drop(self, key: K) -> None:
        """Forgets a value, where it is held."""
        with self._lock:
            self._held.pop(key, None)

    def put(self, key: K, value: V) -> None:
        """Holds a value; the one that was not used for longest may go."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
