"""A ledger's database in memory: every named query done in Python over plain dicts.

`Ledger`, `Desk`, `Reader`, `Keyring`, `Notary` and all of `transfer/` run on it unchanged, a
thousand times quicker to make, to copy and to kill than a server. A conformance test keeps it true
to PostgreSQL.
"""
