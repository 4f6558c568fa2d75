"""Where a process stands, on request: POSIX only."""

import faulthandler
import signal
import sys


def show_stack_on_signal() -> None:
    """Have SIGUSR1 write the main thread's stack to stderr."""
    number = getattr(signal, "SIGUSR1", None)
    if number is not None and hasattr(faulthandler, "register") and sys.__stderr__ is not None:
        faulthandler.register(number, file=sys.__stderr__, all_threads=False)
