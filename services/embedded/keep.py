"""The program of the keeper: ``python -m services.embedded.keep HOME``."""

import sys
from pathlib import Path

from services.embedded.home import Home
from services.embedded.keeper import keep
from services.errors import ServiceError


def main(arguments: list[str]) -> int:
    """Keep the home named by the one argument; errors go to the keeper's log."""
    try:
        keep(Home(Path(arguments[0])))
    except (ServiceError, OSError) as error:
        print(f"keeper: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
