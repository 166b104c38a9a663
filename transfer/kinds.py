"""Which kinds of message expect an answer, and what answers them."""

from transfer.message import Kind

FINAL_KINDS = frozenset({"receipt", "accept", "reject", "decline", "problem"})
"""Messages that expect no answer: told once, repeated when they are asked for again."""

ANSWERS: dict[Kind, tuple[Kind, ...]] = {
    "dossier": ("receipt", "accept", "reject", "cancel", "problem"),
    "request": ("decline", "dossier"),
    "recall": ("accept", "reject", "cancel"),
    "cancel": ("receipt",),
}
"""What answers what, by kind."""

GO_STALE: frozenset[Kind] = frozenset({"request", "dossier"})
"""Messages that are good until a day; what is stated in all others is true for ever."""
