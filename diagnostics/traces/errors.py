"""An exception of a log, and a traceback that is still being read."""

from dataclasses import dataclass, field
from typing import Literal

from diagnostics.traces.frames import Frame

Relation = Literal["", "cause", "context", "original"]


@dataclass(frozen=True)
class Error:
    """An exception of the log, or a fatal signal's dump.

    Attributes
    ----------
    type : str
        Without its module: "RuntimeError"; "Fatal Python error" for faulthandler's dumps.
    module : str
        The module as written: "wandb.errors"; "" for Python's own.
    message : str
        First line of the message.
    detail : str
        The message with the lines after it that belong to it, white space made single.
    frames : tuple of Frame
        Outermost first.
    at : int
        The line of the log where type and message stand.
    source, process : str
        Who spoke (prefix), and the process or thread that Python named ("Process SpawnProcess-1").
    where : str
        Of an exception that torch carried to another process: "DataLoader worker process 0".
    relation : str
        How it came after the error before it; "original" was inside that one's message.
    is_ignored : bool
        Python wrote "Exception ignored", or a warning names it: the program went on.
    is_handled : bool
        Another one was raised while it was handled.
    is_wrapper : bool
        It only carries the next one.
    is_loose : bool
        A line without a traceback.
    is_cut : bool
        The log ends, or goes on elsewhere, before the line that names it: there may have been more frames.
    """

    type: str
    message: str
    detail: str
    frames: tuple[Frame, ...]
    at: int
    source: str = ""
    process: str = ""
    where: str = ""
    relation: Relation = ""
    is_ignored: bool = False
    is_wrapper: bool = False
    is_loose: bool = False
    module: str = ""
    is_cut: bool = False
    is_handled: bool = False

    @property
    def name(self) -> str:
        """The type, with its module where it says too little by itself: "zlib.error"."""
        return f"{self.module}.{self.type}" if self.module and self.type.lower() == "error" else self.type

    @property
    def in_worker(self) -> bool:
        """Whether it was raised in a loader's worker."""
        return "worker process" in self.where or any(
            frame.function in {"_worker_loop", "_process_worker_loop"} for frame in self.frames
        )

    @property
    def is_end_of_loader(self) -> bool:
        """Whether a loader was asked for one batch more than it had."""
        return self.type == "StopIteration" and bool(self.frames) and self.frames[-1].is_loader

    @property
    def user_frame(self) -> Frame | None:
        """The innermost frame in the user's own code."""
        return next((frame for frame in reversed(self.frames) if frame.is_user), None)


@dataclass
class OpenTraceback:
    """A traceback that is being read, and what was announced about the next one."""

    frames: list[Frame] = field(default_factory=list)
    style: str = ""
    expected: str = ""
    relation: Relation = ""
    process: str = ""
    where: str = ""
    is_ignored: bool = False
    is_reading: bool = False
    awaits_code: bool = False
    indentation: int = 0
    fatal: tuple[str, int] | None = None
    crashed: list[Frame] | None = None
    detail_of: int | None = None
    detail_lines: int = 0
    last_number: int = 0
