from pathlib import Path
from typing import Any

import pytest

from diagnostics.quantities import GIB, MIB
from diagnostics.tuning.limits import Room, problem, read_room
from diagnostics.tuning.settings import Setting

ROOMY = Room(memory=64 * GIB, shared_memory=32 * GIB)


def why(
    setting: Setting, room: Room = ROOMY, batch_bytes: int = MIB, method: str = "fork", **facts: Any
) -> str:
    return problem(setting, room, batch_bytes, {"num_batches": None, "pickled_bytes": 0, **facts}, method)


def test_a_setting_that_fits_has_no_problem() -> None:
    assert why(Setting(16, 4)) == ""


def test_batches_ahead_that_fill_shared_memory_are_a_problem() -> None:
    docker = Room(64 * GIB, 64 * MIB)
    assert "of /dev/shm, which has 64 MiB free" in why(Setting(8, 4), docker, 2 * MIB)
    assert why(Setting(8, 2), docker, 2 * MIB) == ""


def test_without_a_dev_shm_only_memory_counts() -> None:
    assert why(Setting(16, 4), Room(64 * GIB, None), 64 * MIB) == ""
    assert "of memory" in why(Setting(16, 4), Room(4 * GIB, None), 64 * MIB)


def test_spawned_workers_take_the_pickled_dataset_each() -> None:
    room = Room(8 * GIB, None)
    assert why(Setting(8), room) == ""
    assert "of memory" in why(Setting(8), room, method="spawn", pickled_bytes=GIB)


@pytest.mark.parametrize(("number", "is_too_many"), [(3, False), (4, True)])
def test_workers_without_a_batch_to_load_are_a_problem(number: int, is_too_many: bool) -> None:
    assert ("no more than 3 batches" in why(Setting(number), num_batches=3)) is is_too_many


def test_an_epoch_below_one_batch_still_allows_a_worker() -> None:
    assert why(Setting(1), num_batches=0) == ""


def test_where_there_is_no_dev_shm_its_size_is_none(tmp_path: Path) -> None:
    assert read_room(tmp_path).shared_memory is None
