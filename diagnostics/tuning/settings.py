"""What is chosen: one setting of a DataLoader's worker arguments, and which of two is the smaller."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

COUNTS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
PREFETCH_FACTORS = (2, 4)
LEAST_MOST_WORKERS = 16  # waiting samples want many workers however few processors there are


@dataclass(frozen=True, order=True)
class Setting:
    """Worker arguments; the order is by what they cost: processes, memory, what is unusual."""

    num_workers: int
    prefetch_factor: int = 2
    is_unordered: bool = False

    def arguments(self, method: str | None = None) -> dict[str, Any]:
        """Return DataLoader's own arguments; those that need workers only where there are some."""
        if not self.num_workers:
            return {"num_workers": 0}
        chosen: dict[str, Any] = {"num_workers": self.num_workers, "prefetch_factor": self.prefetch_factor}
        if method is not None:
            chosen["multiprocessing_context"] = method
        if self.is_unordered:
            chosen["in_order"] = False
        return chosen

    @property
    def plain(self) -> "Setting":
        """The same number of workers with everything else as usual."""
        return Setting(self.num_workers)

    @property
    def name(self) -> str:
        """Return it in a few words."""
        if not self.num_workers:
            return "0 workers"
        words = [f"{self.num_workers} worker{'s' * (self.num_workers > 1)}"]
        if self.prefetch_factor != PREFETCH_FACTORS[0]:
            words.append(f"prefetch {self.prefetch_factor}")
        return ", ".join([*words, *(["unordered"] if self.is_unordered else [])])


def most_workers(cores: int) -> int:
    """Return how many workers are tried where nobody says: far more than cores, since samples may wait."""
    return max(LEAST_MOST_WORKERS, 2 * cores)


def candidates(cores: int, about: Mapping[str, Any], most: int | None = None) -> Iterator[Setting]:
    """Yield every setting that the platform has, up to so many workers."""
    usual = most_workers(cores)
    wanted = [one for one in COUNTS if one <= (usual if most is None else most)]
    yield Setting(0)
    for number in sorted({*wanted, *([] if most is None else [most])} - {0}):
        for prefetch in PREFETCH_FACTORS:
            yield Setting(number, prefetch)
            if about["has_in_order"]:
                yield Setting(number, prefetch, True)
