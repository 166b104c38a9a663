"""What is wrong with a workbook as a file."""

from services.errors import ServiceError


class WorkbookRefused(ServiceError):
    """A workbook cannot be read. `reason` is `workbook_too_large` or `workbook_unreadable`."""

    exit_code = 3

    def __init__(self, reason: str, message: str, suggestion: str | None = None) -> None:
        """Carries what the answer to an import says."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.suggestion = suggestion


def too_large(message: str) -> WorkbookRefused:
    """The workbook is beyond a limit."""
    return WorkbookRefused(
        "workbook_too_large", message, "split it, or save the sheet as CSV UTF-8"
    )


def unreadable(message: str, suggestion: str | None = None) -> WorkbookRefused:
    """The workbook is encrypted, broken or no workbook."""
    return WorkbookRefused(
        "workbook_unreadable", message, suggestion or "open it and save it anew as .xlsx"
    )
