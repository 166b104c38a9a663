"""Which kinds of message expect an answer, what answers them, and which go stale."""

from typing import Final

from transfer.message import Kind

FINAL_KINDS: Final[frozenset[Kind]] = frozenset(
    {
        *("receipt", "accept", "reject", "decline", "problem"),
        *("supplement_answer", "moved_to", "register_answer"),
    }
)
"""Messages that expect no answer: told once, repeated when they are asked for again."""

ANSWERS: Final[dict[Kind, tuple[Kind, ...]]] = {
    "dossier": ("receipt", "accept", "reject", "cancel", "problem"),
    "request": ("decline", "dossier"),
    "recall": ("accept", "reject", "cancel"),
    "cancel": ("receipt",),
    "supplement": ("supplement_answer", "moved_to", "problem"),
    "ruling": ("receipt",),
    "register": ("register_answer",),
    "reconcile": ("reconcile",),
}
"""What answers what, by kind."""

GO_STALE: Final[frozenset[Kind]] = frozenset({"request", "dossier"})
"""Messages that are good until a day; what is stated in all others is true for ever."""

REGISTER_KINDS: Final[frozenset[Kind]] = frozenset({"register", "register_answer", "ruling"})
"""Between a party of a transfer and the ministry, which is none."""
