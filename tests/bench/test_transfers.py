import pytest
import torch

from bench import bench_transfers as transfers
from bench.bench_transfers import CEILING_BYTES, MIB, SIZES, copies, grid, link_figures
from bench.clocks import Rotation
from bench.configuration import Options


def test_sizes_go_from_4_kib_to_256_mib_and_the_quick_profile_keeps_both_ends() -> None:
    assert (SIZES[0], SIZES[-1]) == (4096, 256 * MIB)
    rows = grid(Options(devices=("cpu", "cuda")))
    assert {row["device"] for row in rows} == {"cuda"}
    assert {row["size_bytes"] for row in rows} == {4096, 65536, MIB, 16 * MIB, 256 * MIB}
    assert len(grid(Options(profile="full", devices=("cuda",)))) == 2 * 2 * len(SIZES)


def test_the_cpu_alone_has_nothing_to_transfer() -> None:
    assert grid(Options(profile="full", devices=("cpu",))) == []


def test_figures_set_a_copy_against_the_link_of_the_same_pass() -> None:
    figures = link_figures(MIB, {"call": 1e-4, "link": CEILING_BYTES / 25e9})
    assert figures["bytes_per_second"] == pytest.approx(MIB * 1e4)
    assert figures["link_fraction"] == pytest.approx(MIB * 1e4 / 25e9)


@pytest.mark.parametrize("direction", ["to_device", "to_host"])
def test_a_copy_brings_random_bytes_over_in_its_direction(direction: str) -> None:
    rotation = copies(4096, "cpu", direction, is_pinned=False)
    assert isinstance(rotation, Rotation)
    assert len(rotation.calls) == 3
    for call in rotation.calls:
        target, source = call.func.__self__, call.args[0]  # type: ignore[attr-defined]
        target.zero_()
        call()
        assert torch.equal(target, source) or target.data_ptr() == source.data_ptr()


def test_without_a_gpu_a_transfer_is_skipped_with_the_reason() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(pytest.skip.Exception, match="no CUDA"):
        transfers.bench_transfers("cuda", "to_device", "pinned", 4096)


@pytest.mark.cuda
@pytest.mark.parametrize("direction", ["to_device", "to_host"])
def test_on_a_gpu_a_large_pinned_copy_reaches_the_link_and_a_small_one_does_not(direction: str) -> None:
    fractions = {}
    for size_bytes in (4096, 64 * MIB):
        copy = transfers.bench_transfers("cuda", direction, "pinned", size_bytes)
        copy.warm_up()
        fractions[size_bytes] = copy.measure(0.1, 1.0).figures["link_fraction"]
    assert 0.8 < fractions[64 * MIB] < 1.2
    assert fractions[4096] < 0.2
