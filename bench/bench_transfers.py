"""Copies between host and GPU against their size, pinned and not, beside what the link itself gives."""

from collections.abc import Mapping
from functools import lru_cache, partial

import torch
from torch import Tensor

from bench.alternating_calls import AlternatingCalls
from bench.clocks import Call, Rotation, clock_for
from bench.configuration import Options, Params, configurations
from bench.devices import require_device

KIB, MIB, GIB = 2**10, 2**20, 2**30
SIZES = tuple(4 * KIB * 4**power for power in range(9))  # 4 KiB, 16 KiB, … 256 MiB
STEPS = {"full": 1, "quick": 2, "smoke": 8}  # through the sizes
CEILING_BYTES = 64 * MIB  # pinned and large: starting a copy costs nothing beside it
ROTATED_BYTES = 256 * MIB  # of one size together at most


def grid(options: Options) -> list[Params]:
    """Both directions, both kinds of memory, every size; quick takes every second one, smoke the ends."""
    return [
        {"device": device, "direction": direction, "memory": memory, "size_bytes": size_bytes}
        for device in options.devices
        if device != "cpu"
        for direction in ("to_device", "to_host")
        for memory in ("pageable", "pinned")
        for size_bytes in SIZES[:: STEPS[options.profile]]
    ]


def buffers(size_bytes: int, device: str, *, is_pinned: bool) -> tuple[Tensor, Tensor]:
    """Return random bytes on the host and on the device."""
    host = torch.randint(0, 256, (size_bytes,), dtype=torch.uint8)
    return (host.pin_memory() if is_pinned else host), host.to(device)


def copies(size_bytes: int, device: str, direction: str, *, is_pinned: bool) -> Call:
    """Return the copy in one direction, on up to three pairs of buffers in turn.

    A pinned copy does not make the host wait; with pageable memory CUDA waits whatever is asked for.
    """
    calls = []
    for _ in range(max(1, min(3, ROTATED_BYTES // size_bytes))):
        host, there = buffers(size_bytes, device, is_pinned=is_pinned)
        source, target = (host, there) if direction == "to_device" else (there, host)
        calls.append(partial(target.copy_, source, non_blocking=is_pinned))
    return Rotation(calls)


@lru_cache
def link_copies(device: str, direction: str) -> Call:
    """Return the large pinned copies of a direction: one set for all sizes, or memory would be short."""
    return copies(CEILING_BYTES, device, direction, is_pinned=True)


def link_figures(size_bytes: int, seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the figures of copies of one size: their pace, the link's, and the one over the other."""
    pace, link = size_bytes / seconds["call"], CEILING_BYTES / seconds["link"]
    return {"bytes_per_second": pace, "link_bytes_per_second": link, "link_fraction": pace / link}


@configurations(grid, topic="transfers", group="Copies {direction} ({device}), {memory}: seconds per copy")
def bench_transfers(device: str, direction: str, memory: str, size_bytes: int) -> AlternatingCalls:
    """One copy, in alternation with a large pinned one in the same direction: the link's ceiling."""
    require_device(device)
    call = copies(size_bytes, device, direction, is_pinned=memory == "pinned")
    link = link_copies(device, direction)
    # no replay: a graph cannot hold a copy of pageable memory; so issuing is part of what all of them cost
    clock = clock_for(torch.device(device), is_cold=False, may_replay=False)
    figures = partial(link_figures, size_bytes)
    return AlternatingCalls(call, {"link": link}, figures, device=device, clock=clock)
