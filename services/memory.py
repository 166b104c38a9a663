"""How often Python looks for garbage: seldom, in a program that makes large models of records.

A dossier is some hundred thousand small objects and no cycles; looking through them again and
again while they are made costs a quarter of the time of checking one.
"""

import gc

_THRESHOLDS = (100_000, 20, 20)


def look_seldom() -> None:
    """For a command: what it makes is let go by counting, nearly all of it."""
    gc.set_threshold(*_THRESHOLDS)


def settle() -> None:
    """For a process that lasts: what was loaded so far is never looked at again."""
    gc.collect()
    gc.freeze()
    look_seldom()
