from typing import Any

import pytest

from diagnostics.tuning.trying import start_method

LINUX: dict[str, Any] = {
    "start_methods": ["fork", "spawn", "forkserver"],
    "default_start_method": "fork",
    "is_cuda_started": False,
    "given": None,
    "preload": ["torch"],
    "module": "data",
}
PRELOADED = ("forkserver", ["torch", "data"])


def of_loader(method: str | None) -> dict[str, Any]:
    return {"given": {"num_workers": 2, "multiprocessing_context": method}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("fork", None)),
        (of_loader(None), ("fork", None)),
        (of_loader("fork"), ("fork", None)),
        (of_loader("spawn"), ("spawn", None)),
        (of_loader("spawn") | {"is_cuda_started": True}, ("spawn", None)),
        (of_loader("forkserver"), PRELOADED),
        ({"is_cuda_started": True}, ("forkserver", ["torch"])),
        (of_loader("forkserver") | {"is_cuda_started": True}, ("forkserver", ["torch"])),
        ({"default_start_method": "forkserver"}, ("fork", None)),
        ({"default_start_method": "spawn"}, ("spawn", None)),
        (of_loader("forkserver") | {"default_start_method": "spawn"}, PRELOADED),
        ({"default_start_method": "spawn", "start_methods": ["spawn", "fork", "forkserver"]}, PRELOADED),
        ({"default_start_method": "spawn", "start_methods": ["spawn"]}, ("spawn", None)),
    ],
)
def test_workers_are_forked_where_that_is_safe_and_nobody_asked_otherwise(
    changes: dict[str, Any], expected: tuple[str, list[str] | None]
) -> None:
    assert start_method({**LINUX, **changes}) == expected
