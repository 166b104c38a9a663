"""The audit: every entry, what it changed, who and why, and what about it should be looked at.

Like the transcript it has no table of its own: entries are folded when read, each stream by
`ledger`'s `evolve`; an entry's `before` and `after` are taken from the states around it.
"""
