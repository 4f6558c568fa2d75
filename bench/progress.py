"""A progress bar on standard error, in a terminal only."""

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class PassProgress:
    """Shows pass, configuration and time left; silent where standard error is no terminal.

    Parameters
    ----------
    num_passes, num_configurations : int
    """

    def __init__(self, num_passes: int, num_configurations: int) -> None:
        self.num_passes = num_passes
        self._bar = Progress(
            TextColumn("pass {task.fields[number]}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[name]}", markup=False),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task(
            "", total=num_passes * num_configurations, number=f"1/{num_passes}", name="…"
        )

    def __enter__(self) -> "PassProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, what: str) -> None:
        """Show what is going on before the first measurement."""
        self._bar.update(self._task, name=what)

    def advance(self, number: int, name: str) -> None:
        """Show that `name` was measured in pass `number`, counted from 0."""
        self._bar.update(self._task, advance=1, number=f"{number + 1}/{self.num_passes}", name=name)
