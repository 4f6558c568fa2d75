"""What a check says of a log: how deep the cause lies, how sure, and by which lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from diagnostics.findings import Confidence, Remedy
from diagnostics.traces.cleaning import Line
from diagnostics.traces.errors import Error
from diagnostics.traces.trace import Trace

MOST_QUOTED = 4


class Role(IntEnum):
    """What a recognised thing is to the failure; a higher one comes first."""

    OPEN = 0  # nothing is known
    NOISE = 1  # follows from anything that ends a training
    STATED = 2  # what somebody says of a failure that the log does not show
    REMARK = 3  # a warning that no failure needs
    SYMPTOM = 4  # something broke, and what broke it stands elsewhere
    ELSEWHERE = 5  # the failure is no loader's
    CAUSE = 6


@dataclass(frozen=True)
class Recognition:
    """A check's answer to a log.

    Attributes
    ----------
    role : Role
    score : int
        Between causes, the more specific one: 40 for any exception of the dataset, up to 90.
    lines : tuple of Line
        The decisive ones.
    summary : str
    remedy : Remedy
    confidence : {"certain", "likely", "possible"}
    is_death : bool
        A process ended, which an earlier error may have brought about.
    """

    role: Role
    score: int
    lines: tuple[Line, ...]
    summary: str
    remedy: Remedy
    confidence: Confidence = "likely"
    is_death: bool = False

    @property
    def at(self) -> int:
        """The first decisive line."""
        return min((line.number for line in self.lines), default=0)


@dataclass(frozen=True)
class Clue:
    """Something found in a log: its lines, the error it belongs to, and the groups of the pattern."""

    lines: tuple[Line, ...]
    error: Error | None = None
    groups: tuple[str, ...] = ()

    @property
    def confidence(self) -> Confidence:
        """Certain where an exception was read, likely where only words were."""
        return "likely" if self.error is None else "certain"


def quoted(error: Error) -> tuple[Line, ...]:
    """Return the lines that show an error: where in the user's code, and what."""
    lines = []
    frame = error.user_frame or (error.frames[-1] if error.frames else None)
    if frame is not None:
        shows_code = not frame.code or frame.code in frame.written
        text = frame.written if shows_code else f"{frame.written}  {frame.code}"
        lines.append(Line(frame.at, text, error.source))
    name, said = error.type or "(cut off)", error.message or error.detail
    lines.append(Line(error.at, f"{name}: {said}" if said else name, error.source))
    return tuple(lines)


def recognised(
    found: Clue,
    summary: str,
    remedy: Remedy,
    role: Role = Role.CAUSE,
    score: int = 50,
    confidence: Confidence | None = None,
    is_death: bool = False,
) -> Recognition:
    """Return a recognition by a clue; `{0}` in the summary stands for the pattern's first group."""
    for index, group in enumerate(found.groups):
        summary = summary.replace(f"{{{index}}}", group)
    return Recognition(
        role, score, found.lines[:MOST_QUOTED], summary, remedy, confidence or found.confidence, is_death
    )


def joined(clues: Iterable[Clue | None]) -> tuple[Line, ...]:
    """Return the lines of several clues, each once, in order."""
    lines = {line: None for clue in clues if clue for line in clue.lines}
    return tuple(sorted(lines, key=lambda line: line.number))[:MOST_QUOTED]


__all__ = ["Clue", "Recognition", "Role", "Trace", "joined", "quoted", "recognised"]
