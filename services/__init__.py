"""How people and programs reach the ledger: command line, HTTP, workers, and the servers they use.

Here live entry points, the embedded PostgreSQL and NATS, and the wiring of the packages below.
Rules of the domain, folds and message formats may not live here; nothing below imports this one.
"""
