"""Named SQL: every statement stands in a `.sql` file under its name, with a line saying why.

-- name: head
-- The size of the log and the newest recorded_at.
SELECT …
"""

from functools import cache
from importlib.resources import files


@cache
def queries(package: str, file: str) -> dict[str, str]:
    """The statements of `file` (in the package's `sql` folder) by name."""
    text = (files(package) / "sql" / file).read_text(encoding="utf-8")
    parts = text.split("-- name: ")[1:]
    named = {}
    for part in parts:
        name, _, body = part.partition("\n")
        lines = [line for line in body.splitlines() if not line.startswith("--")]
        named[name.strip()] = "\n".join(lines).strip().rstrip(";")
    return named


@cache
def schema(package: str, file: str) -> str:
    """A whole `.sql` file, to be run once."""
    return (files(package) / "sql" / file).read_text(encoding="utf-8")
