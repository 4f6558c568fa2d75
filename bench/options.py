"""The suite's own command-line options."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.configuration import Options
from bench.start_methods import START_METHODS

PROFILES = ("quick", "full", "smoke")
DEVICE_PATTERN = re.compile(r"cpu|cuda(:\d+)?")


def add(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("torch-checkup")
    group.addoption(
        "--profile",
        choices=PROFILES,
        default="quick",
        help="How much to measure: quick (at most 4 minutes on 2 cores), full (everything), or smoke "
        "(only whether everything runs). Default: %(default)s.",
    )
    group.addoption(
        "--passes",
        type=positive,
        metavar="N",
        help="How often each configuration is measured. Default: 5; smoke: 1.",
    )
    group.addoption(
        "--order-seed", type=int, metavar="N", help="Seed of the passes' orders. Default: drawn anew."
    )
    group.addoption(
        "--workers",
        type=counts,
        default=(),
        metavar="0,1,2",
        help="DataLoader worker counts. Default: the profile's.",
    )
    group.addoption(
        "--start-methods",
        type=start_methods,
        default=(),
        metavar="fork,spawn,forkserver",
        help="How workers are started. Default: the platform's, the first one with every worker count.",
    )
    group.addoption(
        "--devices",
        type=devices,
        default=("cpu", "cuda"),
        metavar="cpu,cuda",
        help="Devices; one that is not there is skipped with the reason. Default: cpu,cuda.",
    )
    group.addoption(
        "--dataset",
        type=user_data,
        metavar="FILE.py:NAME",
        help="Your own Dataset or DataLoader, or a function that returns one, in all loader benchmarks.",
    )
    group.addoption(
        "--budget",
        type=seconds,
        metavar="S",
        help="Stop after so many seconds, once every configuration was measured in one pass; what was "
        "measured is kept. Default: all passes.",
    )
    group.addoption(
        "--data",
        default="digits",
        metavar="DATA",
        help="What the generalization studies train on: digits, breast_cancer, a FILE.npz with x and y, a "
        "folder with one folder of images a class, or FILE.py:NAME. Default: %(default)s.",
    )
    group.addoption(
        "--hang-after",
        type=seconds,
        default=60.0,
        metavar="S",
        help="Seconds after which a configuration counts as hung: it is stopped and the rest goes on. "
        "Default: %(default)s.",
    )
    group.addoption(
        "--include-private", action="store_true", help="Store the host's and the user's name as well."
    )


def read(config: pytest.Config) -> Options:
    """Return what the command line says about the grids."""
    return Options(
        profile=config.getoption("profile"),
        devices=config.getoption("devices"),
        num_workers=config.getoption("workers"),
        start_methods=config.getoption("start_methods"),
        dataset=config.getoption("dataset") or "",
        data=config.getoption("data"),
    )


def num_passes(config: pytest.Config) -> int:
    """Return the number of passes."""
    once = config.getoption("profile") == "smoke" or config.getoption("benchmark_disable")
    return config.getoption("passes") or (1 if once else 5)


def storage_folder(config: pytest.Config) -> Path | None:
    """Return pytest-benchmark's storage folder where this run is to be saved, else None."""
    if not any(config.getoption(f"benchmark_{way}") for way in ("autosave", "save", "json")):
        return None
    uri: str = config.getoption("benchmark_storage")
    return Path(".benchmarks") if uri.startswith("elasticsearch") else Path(uri.removeprefix("file://"))


def unopened_json(config: pytest.Config) -> Path | None:
    """Return what `--benchmark-json` names; None where pytest-benchmark, up to 5.2.3, has opened it."""
    given = config.getoption("benchmark_json")
    return given if isinstance(given, Path) else None


def positive(text: str) -> int:
    """Parse a whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number of at least 1")
    return number


def from_zero(text: str) -> int:
    """Parse a whole number from 0."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number of at least 0")
    return number


def user_data(text: str) -> str:
    """Check that a text names an object in a file that is there."""
    file, _, name = text.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r}: expected FILE.py:NAME, such as train.py:make_dataset")
    if not Path(file).is_file():
        raise argparse.ArgumentTypeError(f"{file}: there is no such file")
    return text


def seconds(text: str) -> float:
    """Parse a number of seconds above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: expected a number of seconds above 0")
    return number


def counts(text: str) -> tuple[int, ...]:
    """Parse worker counts: whole numbers from 0, separated by commas."""
    if not re.fullmatch(r"\d{1,4}(,\d{1,4})*", text):
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected whole numbers separated by commas, such as 0,1,2,4"
        )
    return tuple(sorted({int(part) for part in text.split(",")}))


def start_methods(text: str) -> tuple[str, ...]:
    """Parse start methods separated by commas."""
    return _words(text, lambda word: word in START_METHODS, ", ".join(START_METHODS))


def device(text: str) -> str:
    """Parse one device."""
    if not DEVICE_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: expected cpu, cuda, or one GPU such as cuda:0")
    return text


def devices(text: str) -> tuple[str, ...]:
    """Parse devices separated by commas; auto is cpu,cuda."""
    if text == "auto":
        return ("cpu", "cuda")
    return _words(text, DEVICE_PATTERN.fullmatch, "cpu, cuda, cuda:0, …, auto")


def _words(text: str, is_valid: Callable[[str], object], valid: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(text.split(",")))
    if unknown := [word for word in words if not is_valid(word)]:
        raise argparse.ArgumentTypeError(f"{', '.join(map(repr, unknown))}: valid are {valid}")
    return words
