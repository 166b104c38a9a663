"""What is wrong with a line, as the answer lists it."""

from dataclasses import asdict, dataclass

from ledger.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One named line, or a whole file where `line` is None.

    `line` is the first physical line, the header being 1. `value` is the cell at fault: it is
    shown to whoever sent the file and never logged.
    """

    file: str
    line: int | None
    column: str | None
    value: str | None
    reason: str
    message: str
    suggestion: str | None = None

    def document(self) -> dict[str, str | int | None]:
        """The problem as the answer's JSON holds it."""
        return asdict(self)


def of_refusal(refused: Refused, *, file: str, line: int, value: str | None) -> Problem:
    """A rule's refusal, placed at its line."""
    return Problem(
        file=file,
        line=line,
        column=refused.field,
        value=value,
        reason=refused.code,
        message=refused.message,
        suggestion=refused.suggestion,
    )
