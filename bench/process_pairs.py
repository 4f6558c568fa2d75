"""A and B as whole processes: two interpreters, environments or revisions cannot share one."""

import os
import random
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from statistics import median

from bench.contrasts import Contrast, SettingError
from bench.host import Host
from bench.user_data import is_user_data

NUM_VALUES = 5
VALUE_SECONDS = 0.2


@dataclass(frozen=True)
class Side:
    """Where one side of a comparison runs.

    Attributes
    ----------
    python : str
        Interpreter.
    variables : mapping of str to str
        Environment variables beside those of this process.
    folder : Path
        Working folder: relative files are found here.
    """

    python: str
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path.cwd)

    def values(self, contrast: Contrast, params: Mapping[str, object], limit_seconds: float) -> list[float]:
        """Start a process, measure a configuration in it, and return its values in seconds per unit.

        Raises
        ------
        MeasurementError
        """
        settings = dict(params)
        if is_user_data(str(settings.get("workload", ""))):
            settings["workload"] = str(self.folder / str(settings["workload"]))
        with Host(limit_seconds, self.python, self.variables) as host:
            return [
                host.measure(
                    "side", contrast.file, contrast.function, settings, seconds=VALUE_SECONDS, until=1.0
                )["seconds"]
                for _ in range(NUM_VALUES)
            ]


@dataclass
class ProcessPairs:
    """Pairs of processes: A B, then B A, and so on, the first order drawn by the seed.

    Attributes
    ----------
    a, b : Side
    limit_seconds : float
    """

    a: Side
    b: Side
    limit_seconds: float = 60.0
    _last_order: dict[str, list[str]] = field(default_factory=dict)

    def log_ratio(self, contrast: Contrast, seed: int) -> float:
        """Measure one pair of processes; the logarithm of b's median time over a's."""
        a, b = self.values(contrast, seed)
        return log(median(b) / median(a))

    def values(self, contrast: Contrast, seed: int) -> tuple[list[float], list[float]]:
        """Measure one pair of processes; a's and b's values in seconds per unit."""
        order = self._last_order.get(contrast.name) or random.Random(seed).sample(["a", "b"], 2)
        self._last_order[contrast.name] = order[::-1]
        sides = {"a": (self.a, contrast.a), "b": (self.b, contrast.b)}
        found = {name: sides[name][0].values(contrast, sides[name][1], self.limit_seconds) for name in order}
        return found["a"], found["b"]


@contextmanager
def revision(name: str | None) -> Iterator[Path]:
    """Check a revision of the repository that one stands in out into a temporary work tree.

    Parameters
    ----------
    name : str or None
        A commit, branch or tag; None gives the folder as it is.

    Raises
    ------
    SettingError
        There is no repository, or no such revision.
    """
    if name is None:
        yield Path.cwd()
        return
    try:
        commit = _git("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except SettingError as error:
        raise SettingError(f"there is no revision {name!r} here ({error})") from None
    with tempfile.TemporaryDirectory(prefix="torch-checkup-") as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", "--force", str(tree), commit)
        try:
            yield tree / _git("rev-parse", "--show-prefix")
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise SettingError("git is not installed: revisions need it") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SettingError(f"git {arguments[0]}: {last}") from None
    return done.stdout.strip()
