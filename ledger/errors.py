"""Errors of the `ledger` package.

Every error carries a stable `code` (the `reason` of a rejected import line) and a message that
says what was wrong and what to do. Messages hold no personal data: a field is named, its value
is not.
"""


class LedgerError(Exception):
    """Root of the package's errors. `code` is stable; `message` is for people."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code
        self.message = message


class Refused(LedgerError):
    """A rule refuses what was asked; nothing was appended.

    `field` names the field or column at fault, `suggestion` what would be accepted. The
    suggestion never repeats a personal value.
    """

    def __init__(
        self, code: str, message: str, *, field: str | None = None, suggestion: str | None = None
    ) -> None:
        """Name the rule (`code`), the field and, where known, the way out."""
        super().__init__(code, message)
        self.field = field
        self.suggestion = suggestion


class Conflict(LedgerError):
    """Somebody else changed the same thing first, or a repeated command has other content."""


class NotFound(LedgerError):
    """Nothing is recorded under the key, position or instant that was named."""


class NotAllowed(LedgerError):
    """The account has no grant for this act on this unit."""


class DamagedEntry(LedgerError):
    """A stored entry cannot be read. Reading stops at its position; nothing is skipped."""

    def __init__(self, position: int, reason: str) -> None:
        """Name the position (0 = first entry) and what is wrong with its bytes."""
        super().__init__("damaged_entry", f"entry {position} is damaged: {reason}")
        self.position = position
        self.reason = reason


class WrongKey(LedgerError):
    """A personal part does not open with the key at hand, or the key is missing."""

    def __init__(self, key_id: str, reason: str) -> None:
        """Name the key by its identifier, never by its bytes."""
        super().__init__("wrong_key", f"key {key_id}: {reason}")
        self.key_id = key_id
        self.reason = reason


class UnknownTopic(LedgerError):
    """An entry's topic is not in the closed registry of this version."""

    def __init__(self, topic: str) -> None:
        """Name the topic."""
        super().__init__("unknown_topic", f"topic {topic!r} is not known to this version")
        self.topic = topic


class MalformedBytes(LedgerError):
    """Bytes are not an entry's stored bytes; whoever knows the position adds it."""

    def __init__(self, reason: str) -> None:
        """Say what is wrong, without quoting the bytes."""
        super().__init__("malformed", reason)


class OtherVersion(LedgerError):
    """The database was made by another version of this program, and this one cannot go on."""


class Stale(LedgerError):
    """What a decision was made from has changed since it was read: decide again."""

    def __init__(self) -> None:
        """Carries nothing: the caller reads again."""
        super().__init__("stale", "the facts changed while the decision was made")


class LogAltered(LedgerError):
    """The log, its tiles or its tables no longer give what was signed or recorded."""

    def __init__(self, reason: str) -> None:
        """Say what differs, and at which size or position."""
        super().__init__("log_altered", reason)
