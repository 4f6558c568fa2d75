"""What a benchmark function returns: a configuration that can be measured again in every pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, ClassVar, Protocol, TypeVar

Params = Mapping[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass
class PassResult:
    """What one pass measured of one configuration.

    Attributes
    ----------
    rounds_seconds : list of float
        Seconds per unit (sample, call, step or epoch), one value a round.
    companions : dict of str to list of float
        Seconds of what was alternated with the rounds, one value a round.
    figures : dict of str to float
        Derived figures with the unit in their name.
    study : dict or None
        The outcome of a study as far as it has come, JSON types only.
    """

    rounds_seconds: list[float]
    companions: dict[str, list[float]] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    study: dict[str, Any] | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the pass as it stands in a result file: `seconds` is the median of its rounds."""
        record = asdict(self)
        record["companions"] = {name: median(values) for name, values in self.companions.items()}
        return {"seconds": median(self.rounds_seconds), **record}


class Configuration(Protocol):
    """One point of a benchmark's grid, alive in the measuring process from the first pass to the last."""

    unit: ClassVar[str]

    def warm_up(self) -> None:
        """Start workers, fill caches, and find out how much work fits one pass."""

    def measure(self, seconds: float, until: float) -> PassResult:
        """Measure one pass.

        Parameters
        ----------
        seconds : float
            About how long the pass should take.
        until : float
            The share of the run that is done after this pass, in (0, 1]. A study uses it to spread its
            training over the passes.
        """

    def close(self) -> None:
        """Give back workers and memory."""


@dataclass(frozen=True)
class Options:
    """What the command line says about the grids.

    An empty tuple leaves the choice to the benchmark's own grid for the profile; `dataset` is the user's own,
    as `FILE.py:NAME`, in place of the workloads; `data` is what the generalization studies train on.
    """

    profile: str = "quick"
    devices: tuple[str, ...] = ("cpu", "cuda")
    num_workers: tuple[int, ...] = ()
    start_methods: tuple[str, ...] = ()
    dataset: str = ""
    data: str = "digits"

    @property
    def is_full(self) -> bool:
        """Whether everything is wanted, however long it takes."""
        return self.profile == "full"


Grid = Callable[[Options], Sequence[Params]]


def configurations(grid: Grid, *, topic: str, group: str) -> Callable[[Function], Function]:
    """Mark a benchmark function: it takes one row of `grid` and returns a `Configuration`.

    Parameters
    ----------
    grid : callable
        Options to rows; all rows have the same keys, which are the function's parameters, and JSON values.
    topic : str
        What `reports` knows the figures by.
    group : str
        Heading of the table in the terminal, a format string over a row's keys.
    """

    def mark(function: Function) -> Function:
        function.grid, function.topic, function.group = grid, topic, group  # type: ignore[attr-defined]
        return function

    return mark
