"""Runs a command from start to end and returns what was observed of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from diagnostics.children import kill_tree
from diagnostics.outcomes import UsageError
from diagnostics.watch.folder import private_folder
from diagnostics.watch.keeping import keeper
from diagnostics.watch.launching import Command, started
from diagnostics.watch.observing import Observed, Observer
from diagnostics.watch.tee import Tee

TICK_SECONDS = 0.5
STDERR = 2
KILLED_FOR_HANGING = 124  # as timeout(1) has it


def watch(
    words: Sequence[str],
    hang_after_seconds: float,
    kills_on_hang: bool,
    on_hang: Callable[[Observed], None],
) -> Observed:
    """Run a command with the probe in its Python processes.

    Parameters
    ----------
    words : sequence of str
    hang_after_seconds : float
    kills_on_hang : bool
        End a command that hangs, with everything that it started.
    on_hang : callable
        Told of each hang once, while the command goes on.

    Raises
    ------
    UsageError
        The command cannot be started.
    """
    with private_folder() as folder, keeper(folder) as keep:
        tee = Tee(STDERR)
        observer = Observer(folder, hang_after_seconds)
        with _started(words, folder, tee) as command:
            if not command.shares_keyboard:
                keep(command.process.pid)
            tee.start()
            code = standing = None
            while code is None:
                code = command.wait(TICK_SECONDS)
                standing = standing if command.received else observer.hangs.standing
                hang = observer.tick() if code is None else None
                if hang is not None and kills_on_hang:
                    kill_tree(command.process)
                    command.wait(TICK_SECONDS)
                    code = KILLED_FOR_HANGING
                elif hang is not None:
                    on_hang(observer.seen_so_far(bytes(tee.kept)))
            observed = observer.finish(code, tee.finish())
        if command.received:
            observed.hang = observed.hang or standing
        if code == 0:
            observed.hang = None  # it was told, and it went on after all
        observed.interrupted_by = command.received[-1] if command.received else None
        return observed


@contextmanager
def _started(words: Sequence[str], folder: Path, tee: Tee) -> Iterator[Command]:
    """Start the command, or say in one sentence that it cannot be."""
    context = started(words, folder, tee.theirs, tee.resize)
    try:
        command = context.__enter__()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{words[0]} cannot be started ({reason}); name a program after --.") from None
    try:
        yield command
    finally:
        context.__exit__(None, None, None)
