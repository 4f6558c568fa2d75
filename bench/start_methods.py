"""How workers are started: the methods that torch knows, and those that this platform has."""

import multiprocessing

import pytest

START_METHODS = ("fork", "spawn", "forkserver")  # the cheapest first
IN_PROCESS = "in-process"  # without workers


def start_methods_here() -> tuple[str, ...]:
    """Return the platform's start methods, the cheapest first."""
    available = multiprocessing.get_all_start_methods()
    return tuple(method for method in START_METHODS if method in available)


def require_start_method(method: str) -> None:
    """Skip the benchmark, with the reason, where the platform lacks a start method."""
    here = start_methods_here()
    if method not in (IN_PROCESS, *here):
        pytest.skip(f"this platform has no start method {method!r}: it has {', '.join(here)}")
