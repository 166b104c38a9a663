"""What can go wrong in `projections`."""


class ProjectionError(Exception):
    """Root of the package's errors."""


class ProjectionStopped(ProjectionError):
    """A projection met an entry it cannot fold; it stops there and skips nothing."""

    def __init__(self, projection: str, position: int, reason: str) -> None:
        """Name the projection, the position and why."""
        super().__init__(f"projection {projection} stopped at entry {position}: {reason}")
        self.projection = projection
        self.position = position
        self.reason = reason
