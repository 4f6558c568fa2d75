import json
from pathlib import Path

import pytest
import torch

from bench import ceilings
from bench.__main__ import main
from bench.ceilings import COPY, FROM_HOST, PUBLISHED, Ceiling, measure, published, readable


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ceilings.COPY_BYTES, "cpu", 1 << 16)
    monkeypatch.setitem(ceilings.SIDES, ("cpu", torch.float32), 32)


def ceiling(value: float, known: float | None) -> Ceiling:
    return Ceiling("cuda", "Some GPU", COPY, "bytes/s", value, value, value, known)


@pytest.mark.parametrize(
    ("value", "known", "doubt"),
    [
        (4.3e12, 4.8e12, ""),
        (5.0e12, 4.8e12, ""),
        (6.0e12, 4.8e12, "more than there can be: the clock is wrong"),
        (0.6e12, 4.8e12, "far below: throttled, used by others (see nvidia-smi), or a MIG slice"),
        (9.9e15, None, ""),
    ],
)
def test_a_figure_is_doubted_where_it_is_beyond_or_far_below_what_is_published(
    value: float, known: float | None, doubt: str
) -> None:
    assert ceiling(value, known).doubt == doubt
    assert ceiling(value, known).as_line().endswith(doubt)


def test_rates_are_readable() -> None:
    assert readable(4.312e12, "bytes/s") == "4.31 TB/s"
    assert readable(788e12, "FLOP/s") == "788 TFLOP/s"
    assert readable(8.3e9, "bytes/s") == "8.3 GB/s"
    assert readable(2e6, "bytes/s") == "2 MB/s"


def test_a_slice_of_a_gpu_is_not_taken_for_the_whole() -> None:
    assert published("NVIDIA H200")[COPY] == 4.8e12
    assert set(published("NVIDIA H200 MIG 1g.18gb").values()) == {None}


def test_published_figures_are_rates_of_gpus_of_today() -> None:
    for memory, bf16, fp32 in PUBLISHED.values():
        assert memory is not None
        assert 1e11 < memory < 1e13
        assert fp32 is not None
        assert bf16 is None or fp32 < bf16 < 1e16


def test_a_processor_has_a_copy_and_a_product_and_no_link() -> None:
    found = {one.quantity: one for one in measure("cpu")}
    assert set(found) == {COPY, "product, fp32"}
    for one in found.values():
        assert 0 < one.low <= one.value <= one.high
        assert one.share is None


def test_the_command_prints_and_writes_what_there_is_and_says_what_there_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    path = tmp_path / "ceilings.json"
    assert main(["ceilings", "--json", str(path)]) == 0
    document = json.loads(path.read_text(encoding="utf-8"))
    assert [one["quantity"] for one in document["ceilings"]] == [COPY, "product, fp32"]
    assert document["skipped"]["cuda"].startswith("no CUDA")
    printed = capsys.readouterr()
    assert "GB/s" in printed.out or "MB/s" in printed.out
    assert "no CUDA" in printed.err


def test_the_exit_code_tells_of_a_figure_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "published", lambda model: {COPY: 1.0})
    assert main(["ceilings", "--devices", "cpu"]) == 1


@pytest.mark.cuda
def test_on_a_gpu_no_figure_is_doubted_and_the_link_is_slower_than_memory() -> None:
    found = {one.quantity: one for one in measure("cuda")}
    assert not [one.as_line() for one in found.values() if one.doubt]
    assert found[FROM_HOST].value < found[COPY].value
