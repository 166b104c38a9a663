"""The one root of what can go wrong in ``services``."""


class ServiceError(Exception):
    """Root of the errors of this package; its text is one line a user can act on.

    ``exit_code`` is the process exit code of the command line (see the contract: 11 means a needed
    server cannot be reached, 1 anything not named there).
    """

    exit_code = 1


class ServerUnavailable(ServiceError):
    """A needed server cannot be reached or started: says what, where, and what to do."""

    exit_code = 11


class HomeUnusable(ServiceError):
    """The home folder cannot be used as it is (owner, permissions, a copied pointer)."""

    exit_code = 11


class HomeInUse(ServiceError):
    """Another command of this home still runs, so its servers are not stopped under it."""

    exit_code = 7


class LedgerExists(ServiceError):
    """A ledger of that name is in this home already."""

    exit_code = 7


class UnsafeServer(ServiceError):
    """A given server's settings would lose or leak mail; each is named."""

    exit_code = 7
