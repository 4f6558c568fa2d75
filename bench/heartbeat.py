"""Long work says that it still moves, so that it is not taken for a hang."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LISTENERS: list[Callable[[], None]] = []
EVERY_SECONDS = 1.0


def beat() -> None:
    """Tell whoever waits that a piece of the work is done."""
    for listener in LISTENERS:
        listener()


@contextmanager
def kept_up(seconds: float, every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Beat beside work that cannot itself, such as a compiler's, for so many seconds at most."""
    is_done = threading.Event()

    def keep() -> None:
        for _ in range(round(seconds / every_seconds)):
            if is_done.wait(every_seconds):
                return
            beat()

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_done.set()
        keeper.join()
