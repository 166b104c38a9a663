"""How forged dossiers are registered: each with the step and code it must earn."""

from collections.abc import Callable

from tests.integration.transfer.forge import Forger

Forge = Callable[[Forger], bytes]
Forgeries = list[tuple[int, str, str, Forge]]


def registering(forgeries: Forgeries) -> Callable[[int, str], Callable[[Forge], Forge]]:
    """A decorator that registers a forgery there with its step and code."""

    def forgery(step: int, code: str) -> Callable[[Forge], Forge]:
        def register(forge: Forge) -> Forge:
            forgeries.append((step, code, forge.__name__, forge))
            return forge

        return register

    return forgery
