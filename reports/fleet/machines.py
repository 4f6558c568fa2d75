"""The machines of a fleet as one table of times, and how far each of them is from its peers.

Times of different configurations are put on one scale by dividing each by its median over the fleet, or over
the machines of one model. All of it is done on logarithms, so that twice and half are equally far.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from diagnostics.comparisons import EQUIVALENCE
from reports.comparison.measured import Key
from reports.frames import Column, Frame
from reports.summaries import Summary, hosts

FEWEST_PEERS = 8  # fewer machines of a model do not show how far such machines usually differ
ERROR_RATE = 0.05  # of one false claim or more in a whole fleet
MAD_EFFICIENCY = 0.37  # against the standard deviation of normal values (Rousseeuw and Croux 1993)


@dataclass(frozen=True, eq=False)
class Fleet:
    """The results of many machines.

    Attributes
    ----------
    summaries : sequence of Summary
        Newest first, one a result.
    """

    summaries: Sequence[Summary]

    @cached_property
    def machines(self) -> list[list[Summary]]:
        """The results of each machine, its newest first."""
        return list(hosts(self.summaries).values())

    @cached_property
    def names(self) -> list[str]:
        """What each machine is called: its newest result's label, numbered where several share one."""
        labels = [runs[0].label for runs in self.machines]
        seen: Counter[str] = Counter()
        named = []
        for label in labels:
            seen[label] += 1
            named.append(label if seen[label] == 1 else f"{label} #{seen[label]}")
        return named

    @cached_property
    def models(self) -> Column:
        """The hardware of each machine in one line."""
        return pd.Series([runs[0].model for runs in self.machines], dtype=object)

    @cached_property
    def num_peers(self) -> Column:
        """How many machines of its model there are, each itself included."""
        return self.models.groupby(self.models).transform("size")

    @cached_property
    def keys(self) -> list[Key]:
        """Every configuration that some machine measured, in the order of the files."""
        return list(dict.fromkeys(key for one in self.summaries for key in one.seconds))

    @cached_property
    def log_seconds(self) -> Frame:
        """Mean log of the time over a machine's results: one row a machine, one column a configuration."""
        table = np.full((len(self.machines), len(self.keys)), np.nan)
        place = {key: column for column, key in enumerate(self.keys)}
        for row, runs in enumerate(self.machines):
            found: dict[int, list[float]] = {}
            for one in runs:
                for key, seconds in one.seconds.items():
                    found.setdefault(place[key], []).append(np.log(seconds))
            table[row, list(found)] = [np.mean(values) for values in found.values()]
        return pd.DataFrame(table)

    @cached_property
    def over_fleet(self) -> Frame:
        """Log of each time over the fleet's median of the configuration."""
        return self.log_seconds - self.log_seconds.median()

    @cached_property
    def over_peers(self) -> Frame:
        """Log of each time over the median of the machines of the same model."""
        return self.log_seconds - self.log_seconds.groupby(self.models).transform("median")

    @cached_property
    def speed(self) -> Column:
        """Each machine's typical time over the fleet's: the median over its configurations, no logarithm."""
        return np.exp(self.over_fleet.median(axis=1))

    def label(self, key: Key) -> str:
        """Return what a configuration is called: its name, or all of its identity where names clash."""
        is_clear = self._name_counts[key[-1]] == 1
        return key[-1] if is_clear else "::".join(part for part in key if part)

    @cached_property
    def _name_counts(self) -> Counter[str]:
        return Counter(key[-1] for key in self.keys)


@dataclass(frozen=True)
class Deviation:
    """A machine that is further from its peers than they are from each other.

    Attributes
    ----------
    machine : int
        Row in the fleet's table.
    key : Key or None
        The configuration it deviates in; None where it deviates as a whole.
    ratio : float
        Its time over its peers' median.
    num_peers : int
        How many machines of its model measured the same.
    """

    machine: int
    key: Key | None
    ratio: float
    num_peers: int


def deviations(fleet: Fleet) -> list[Deviation]:
    """Return the machines that deviate from their model, furthest first: as a whole, or in a configuration.

    The distance is the modified z-score of Iglewicz and Hoaglin (1993), with the median absolute deviation of
    the peers as scale. Its limit is a quantile of Student's t, whose degrees of freedom allow for what such a
    scale knows, at an error rate divided among all that is looked at (Bonferroni): where log-times are
    normal, fewer than one fleet in 20 holds a false claim. What is within ±5 % is no deviation.
    """
    whole = fleet.over_peers.median(axis=1).to_frame()
    found = _beyond(fleet, whole, [None])
    known = {one.machine for one in found}
    # A machine that is slow as a whole is told once; what is left is told by configuration.
    rest = fleet.over_peers.sub(whole[0], axis=0)
    found += [one for one in _beyond(fleet, rest, list(fleet.keys)) if one.machine not in known]
    return sorted(found, key=lambda one: -abs(np.log(one.ratio)))


def _beyond(fleet: Fleet, distances: Frame, keys: Sequence[Key | None]) -> list[Deviation]:
    grouped = distances.groupby(fleet.models)
    num_peers = grouped.transform("count").to_numpy()
    centred = (distances - grouped.transform("median")).to_numpy()
    own = grouped.transform(_spread)
    # Among many configurations some spread looks small by chance: none counts as below the model's usual one.
    scale = own.clip(lower=own.median(axis=1), axis=0).to_numpy()
    tested = (num_peers >= FEWEST_PEERS) & np.isfinite(centred)
    freedom = MAD_EFFICIENCY * np.maximum(1, num_peers - 1)
    limit = stats.t.isf(ERROR_RATE / 4 / max(1, tested.sum()), freedom)  # two sides, two looks at a fleet
    is_beyond = tested & (np.abs(centred) > limit * scale) & (np.abs(centred) > np.log1p(EQUIVALENCE))
    return [
        Deviation(int(row), keys[column], float(np.exp(centred[row, column])), int(num_peers[row, column]))
        for row, column in np.argwhere(is_beyond)
    ]


def _spread(values: Column) -> float:
    known = values.dropna()
    return float(stats.median_abs_deviation(known, scale="normal")) if len(known) > 1 else np.nan


def unusual_facts(fleet: Fleet) -> list[dict[str, tuple[str, str]]]:
    """Return for each machine the facts in which it differs from most of its model: its own and the usual."""
    newest = [runs[0] for runs in fleet.machines]
    by_model: dict[str, dict[str, Counter[str]]] = {}
    for one in newest:
        counters = by_model.setdefault(one.model, {})
        for key, value in one.facts.items():
            counters.setdefault(key, Counter())[value] += 1
    usual = {
        model: {key: counter.most_common(1)[0][0] for key, counter in counters.items()}
        for model, counters in by_model.items()
    }
    return [
        {
            key: (one.facts[key], value)
            for key, value in usual[one.model].items()
            if one.facts.get(key, value) != value
        }
        for one in newest
    ]
