"""A bar on standard error while something long is read; on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.progress import Progress

from services.output import messages


@contextmanager
def showing(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what is told how many are done, of how many."""
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show


@contextmanager
def showing_if_told(what: str) -> Iterator[Callable[[int, int], None]]:
    """As `showing`, for what is seldom needed: the bar appears with the first thing told."""
    with ExitStack() as stack:
        bar: list[Callable[[int, int], None]] = []

        def show(done: int, total: int) -> None:
            if not bar:
                bar.append(stack.enter_context(showing(what)))
            bar[0](done, total)

        yield show
