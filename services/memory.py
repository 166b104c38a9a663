"""How often Python looks for garbage: seldom, in a program that makes large models of records.

A dossier is some hundred thousand small objects and no cycles; looking through them again and
again while they are made costs a quarter of the time of checking one.
"""

import gc


def look_seldom() -> None:
    """For a command: what it makes is let go by counting, nearly all of it."""
    gc.set_threshold(100_000, 20, 20)


def settle() -> None:
    """For a process that lasts: what was loaded so far is never looked at again; what has cycles
    after all (connections, errors) is let go often enough for its size to stay level."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 5, 5)
