"""Contrasts: one configuration under two settings, from the suite's grids or the user's own file."""

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from bench import gpu_lock
from bench.alternating_calls import AlternatingCalls
from bench.configuration import Configuration, Options, Params
from bench.measuring import load_file
from bench.start_methods import IN_PROCESS
from bench.user_data import is_user_data

FOLDER = Path(__file__).resolve().parent
LOADER_FILE, LOADER_FUNCTION = FOLDER / "bench_loader_throughput.py", "bench_loader_throughput"


class SettingError(ValueError):
    """A target or a setting that does not exist; the message lists those that do."""


@dataclass(frozen=True)
class Contrast:
    """One benchmark function under two settings.

    Attributes
    ----------
    name : str
        The configuration's name in the suite.
    file, function : where it is found
    a, b : dict
        The parameters of either side.
    """

    name: str
    file: Path
    function: str
    a: Params
    b: Params

    def build(self, params: Params) -> Configuration:
        """Return the configuration of one side, warmed up.

        Raises
        ------
        RuntimeError
            Another benchmark has the GPU.
        """
        device = str(params.get("device", "cpu"))
        if reason := gpu_lock.why_not_free(device):
            raise RuntimeError(reason)
        configuration: Configuration = getattr(load_file(self.file), self.function)(**params)
        if isinstance(configuration, AlternatingCalls):
            configuration.drop_companions()
        configuration.warm_up()
        return configuration


@dataclass(frozen=True)
class Candidate:
    """A row of the suite's quick grid."""

    name: str
    file: Path
    function: str
    params: Params


def parse_settings(text: str) -> dict[str, Any]:
    """Parse `key=value,key=value`: values as Python literals where they are, as words otherwise.

    Raises
    ------
    SettingError
        A part has no `=`.
    """
    settings = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip().isidentifier():
            raise SettingError(f"{part!r}: expected key=value, such as num_workers=2")
        settings[key.strip()] = _literal(value.strip())
    return settings


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def candidates() -> Iterator[Candidate]:
    """Every configuration of the quick profile on the CPU."""
    options = Options(devices=("cpu",))
    for file in sorted(FOLDER.glob("bench_*.py")):
        for name, function in inspect.getmembers(load_file(file), inspect.isfunction):
            if hasattr(function, "grid") and Path(inspect.getfile(function)) == file:
                for params in function.grid(options):
                    label = "-".join(map(str, params.values()))
                    yield Candidate(f"{name}[{label}]", file, name, params)


def require_file(target: str) -> None:
    """Raise SettingError where the file of a `FILE.py:NAME` is not there."""
    file = target.rpartition(":")[0]
    if not Path(file).is_file():
        raise SettingError(f"{file}: there is no such file")


def find(target: str) -> list[Candidate]:
    """Return the configurations that a target means: a name, the name of a function, or `FILE.py:NAME`.

    Raises
    ------
    SettingError
        There is none of that name.
    """
    if is_user_data(target):
        require_file(target)
        params = {"workload": target, "device": "cpu", "start_method": IN_PROCESS, "num_workers": 0}
        return [Candidate(target, LOADER_FILE, LOADER_FUNCTION, params)]
    every = list(candidates())
    chosen = [one for one in every if target in {one.name, one.function}]
    if not chosen:
        functions = ", ".join(sorted({one.function for one in every}))
        raise SettingError(
            f"{target!r}: FILE.py:NAME, or one of {functions}, if need be with its [parameters]"
        )
    return chosen


def contrast_all(targets: Sequence[str], a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Contrast]:
    """Put two settings on every configuration that the targets mean; equal contrasts count once.

    Raises
    ------
    SettingError
        A target or a setting does not exist.
    """
    contrasts: dict[tuple[Any, ...], Contrast] = {}
    for one in (found for target in targets for found in find(target)):
        sides = [{**one.params, **settings} for settings in (a, b)]
        for side in sides:
            _check(one, side)
        key = (one.function, *(tuple(sorted(side.items(), key=str)) for side in sides))
        contrasts.setdefault(key, Contrast(one.name, one.file, one.function, *sides))
    return list(contrasts.values())


def _check(one: Candidate, params: Params) -> None:
    """Refuse settings that the benchmark function, or the DataLoader behind it, does not have."""
    function: Callable[..., Any] = getattr(load_file(one.file), one.function)
    parameters = inspect.signature(function).parameters
    valid = {name for name, p in parameters.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    if len(valid) < len(parameters):
        taken = {"self", "dataset", "shuffle", "sampler", "batch_sampler", "multiprocessing_context"}
        valid |= set(inspect.signature(DataLoader.__init__).parameters) - taken
    if unknown := sorted(set(params) - valid):
        raise SettingError(f"{one.function} has no {', '.join(unknown)}; it has {', '.join(sorted(valid))}")
