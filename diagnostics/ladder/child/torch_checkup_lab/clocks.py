"""How long this thread waited for a processor: others had it, which is no matter of the data."""

from contextlib import suppress

SCHEDULE_FILE = "/proc/thread-self/schedstat"  # Linux: nanoseconds on the processor, waiting for one, turns


class Delay:
    """A clock of the time that the thread which made it waited for a processor; stands still off Linux."""

    def __init__(self) -> None:
        self.file = None
        with suppress(OSError):
            self.file = open(SCHEDULE_FILE, "rb", buffering=0)  # noqa: PTH123, SIM115

    def seconds(self) -> float:
        """Read it."""
        if self.file is None:
            return 0.0
        self.file.seek(0)
        return int(self.file.read().split()[1]) / 1e9
