"""What memory, arithmetic and link come to here, beside what their makers publish.

A figure above what the maker publishes means that the clock is wrong, one far below that the GPU is
throttled, shared, or a slice of what its name says.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from bench.bench_transfers import CEILING_BYTES, GIB, MIB, copies
from bench.clocks import Call, clock_for
from bench.commands import require_free, write_json
from bench.devices import why_not
from diagnostics.probes import cpu
from diagnostics.sources import attempt

COPY_BYTES = {"cpu": 256 * MIB, "cuda": GIB}  # many times any cache
SIDES = {  # of the matrices: a product takes milliseconds, so that launching it does not count
    ("cpu", torch.float32): 1024,
    ("cuda", torch.float32): 4096,
    ("cuda", torch.bfloat16): 8192,
}
NUM_ROUNDS = 15
MOST_SHARE, LEAST_SHARE = 1.05, 0.4
PRODUCTS = {torch.float32: "product, fp32", torch.bfloat16: "product, bf16"}
COPY, FROM_HOST, TO_HOST = "copy, read + written", "pinned, to the device", "pinned, to the host"

# Memory in bytes a second; bf16 with tensor cores (dense) and fp32 without, in floating-point operations a
# second, by the name that torch tells. From NVIDIA's datasheets of these products; GeForce RTX 4090 and 3090:
# NVIDIA's architecture whitepapers (Ada, Ampere GA102).
PUBLISHED = {
    "NVIDIA H200": (4.8e12, 989e12, 67e12),
    "NVIDIA H100 80GB HBM3": (3.35e12, 989e12, 67e12),
    "NVIDIA H100 PCIe": (2.0e12, 756e12, 51e12),
    "NVIDIA A100-SXM4-80GB": (2.039e12, 312e12, 19.5e12),
    "NVIDIA A100 80GB PCIe": (1.935e12, 312e12, 19.5e12),
    "NVIDIA A100-SXM4-40GB": (1.555e12, 312e12, 19.5e12),
    "NVIDIA L40S": (0.864e12, 362e12, 91.6e12),
    "NVIDIA L4": (0.300e12, 121e12, 30.3e12),
    "NVIDIA GeForce RTX 4090": (1.008e12, 165e12, 82.6e12),
    "NVIDIA GeForce RTX 3090": (0.936e12, 71e12, 35.6e12),
    "Tesla T4": (0.320e12, None, 8.1e12),
}


@dataclass(frozen=True)
class Ceiling:
    """One quantity of one device.

    Attributes
    ----------
    device, model, quantity : str
    unit : {"bytes/s", "FLOP/s"}
    value, low, high : float
        Median, least and most of the rounds.
    published : float or None
        None where nothing is known of this model.
    """

    device: str
    model: str
    quantity: str
    unit: str
    value: float
    low: float
    high: float
    published: float | None = None

    @property
    def share(self) -> float | None:
        """The figure over what is published."""
        return None if self.published is None else self.value / self.published

    @property
    def doubt(self) -> str:
        """Why the figure is not to be believed, nothing where it may be."""
        if self.share is None or LEAST_SHARE <= self.share <= MOST_SHARE:
            return ""
        if self.share > MOST_SHARE:
            return "more than there can be: the clock is wrong"
        return "far below: throttled, used by others (see nvidia-smi), or a MIG slice"

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {**asdict(self), "share": self.share, "doubt": self.doubt}

    def as_line(self) -> str:
        """Return a row of the table."""
        line = f"{self.device:7} {self.quantity:22} {readable(self.value, self.unit):>15}"
        if self.share is not None:
            line += f" {self.share:6.0%} of {readable(self.published, self.unit)}  {self.doubt}"
        return line.rstrip()


def readable(value: float | None, unit: str) -> str:
    """Return a rate in powers of a thousand: 4.31 TB/s, 788 TFLOP/s."""
    word = unit.replace("bytes", "B")
    for factor, prefix in ((1e12, "T"), (1e9, "G")):
        if value is not None and value >= factor:
            return f"{value / factor:.3g} {prefix}{word}"
    return f"{(value or 0) / 1e6:.3g} M{word}"


def published(model: str) -> dict[str, float | None]:
    """Return what is known of a model, by quantity."""
    memory, bf16, fp32 = PUBLISHED.get(model, (None, None, None))
    return {COPY: memory, PRODUCTS[torch.bfloat16]: bf16, PRODUCTS[torch.float32]: fp32}


def measure(device: str) -> Iterator[Ceiling]:
    """Measure everything that a device has."""
    model = model_of(device)
    known = published(model)
    for quantity, unit, amount, call in works(device):
        rates = [amount / seconds for seconds in _seconds(call, device)]
        found = (median(rates), min(rates), max(rates))
        yield Ceiling(device, model, quantity, unit, *found, known.get(quantity))


def works(device: str) -> Iterator[tuple[str, str, float, Call]]:
    """Yield quantity, unit, how much of it a call does, and the call, on random numbers."""
    kind = torch.device(device).type
    number = COPY_BYTES[kind] // 4
    if kind == "cuda":
        number = min(number, int(torch.cuda.mem_get_info(torch.device(device))[0] // 32))
    source = torch.randn(number, device=device)
    yield COPY, "bytes/s", 2.0 * source.nbytes, partial(torch.empty_like(source).copy_, source)
    del source
    for dtype, name in PRODUCTS.items():
        if (side := SIDES.get((kind, dtype))) and _computes(dtype, device):
            a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
            yield name, "FLOP/s", 2.0 * side**3, partial(torch.mm, a, b, out=torch.empty_like(a))
    for quantity, direction in ((FROM_HOST, "to_device"), (TO_HOST, "to_host")) if kind == "cuda" else ():
        yield (
            quantity,
            "bytes/s",
            float(CEILING_BYTES),
            copies(CEILING_BYTES, device, direction, is_pinned=True),
        )


def _computes(dtype: torch.dtype, device: str) -> bool:
    """Whether the device has the type itself: emulated, its product would take seconds."""
    if dtype is not torch.bfloat16:
        return True
    return torch.cuda.get_device_capability(torch.device(device)) >= (8, 0)


def _seconds(call: Call, device: str) -> list[float]:
    clock = clock_for(torch.device(device), is_cold=False, may_replay=False)
    (ready,) = clock.prepare([call])
    clock.settle(ready)
    return [seconds for (seconds,) in clock.time([[ready]] * NUM_ROUNDS, 1)]


def model_of(device: str) -> str:
    """Return a device's name: as torch tells it, or as the processor does."""
    if torch.device(device).type == "cuda":
        return str(torch.cuda.get_device_name(torch.device(device)))
    fact = (attempt(lambda: cpu.read(Path("/"))) or {}).get("cpu.model_name")
    return f"{fact.value if fact else 'CPU'}, {torch.get_num_threads()} threads"


def print_ceilings(arguments: argparse.Namespace) -> int:
    """Print the table; 1 where a figure is not to be believed."""
    found: list[Ceiling] = []
    skipped: dict[str, str] = {}
    for device in arguments.devices:
        if reason := why_not(device):
            skipped[device] = reason
            print(f"{device}: {reason}", file=sys.stderr)
            continue
        require_free(device)
        print(f"{device}: {model_of(device)}{_heading(device)}")
        for one in measure(device):
            found.append(one)
            print(one.as_line(), flush=True)
    write_json(arguments.json, "ceilings", {"ceilings": [one.as_dict() for one in found], "skipped": skipped})
    return 1 if any(one.doubt for one in found) else 0


def _heading(device: str) -> str:
    is_known = any(published(model_of(device)).values())
    return "" if is_known or device == "cpu" else ": what its maker publishes is not known here"
