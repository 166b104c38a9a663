"""What can go wrong in `transfer`."""


class TransferError(Exception):
    """Root of the package's errors. `exit_code` is the command line's."""

    exit_code = 1


class CheckFailed(TransferError):
    """A dossier or message failed a numbered check: `step` 1-13 and a stable `code`."""

    exit_code = 10

    def __init__(self, step: int, code: str, detail: str) -> None:
        """Say which step, the code, and what was found, without personal data."""
        detail = detail[:300]  # it may repeat what the file says
        super().__init__(f"check {step} failed: {code} ({detail})")
        self.step = step
        self.code = code
        self.detail = detail


class CaseRefused(TransferError):
    """The case is not in a state, or the pupil not in a place, for what was asked."""

    exit_code = 7


class CourierUnavailable(TransferError):
    """NATS cannot be reached or refuses; what was to be sent waits in the outbox."""

    exit_code = 11


class BoxDrifted(CourierUnavailable):
    """A durable is not set as it must be: its box is not read until it is provisioned anew."""


class NotYet(TransferError):
    """A delivery cannot be taken in now and will be later: it is put off, nothing is said."""


class Fenced(NotYet):
    """This ledger was restored from a backup: it takes mail in once it has recovered."""

    exit_code = 7
