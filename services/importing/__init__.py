"""Files read into a ledger: CSV folders of the contract and OneRoster 1.1 sets.

A file is read once, streaming, into a temporary SQLite database (`staging`), checked there against
itself, and then handed to the ledger's own handlers in chunks. Rules of the domain do not live
here: this package knows files, columns, lines and how to name what is wrong with one of them.
"""

from services.importing.run import Importer, import_files

__all__ = ["Importer", "import_files"]
