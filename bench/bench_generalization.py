"""What regularizers do to the generalization gap: weight decay in fine steps, and all other studies.

Everything is trained as populations; each pass takes the training a share of the epochs further, and a round
is one epoch of all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, ClassVar

import torch

from bench.configuration import Options, Params, PassResult, configurations
from bench.devices import require_device
from bench.generalization.laboratory import Laboratory
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data
from bench.generalization.training import Training
from bench.heartbeat import beat, offer
from diagnostics.intervals import mean_interval

WEIGHT_DECAYS = (0.0, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
NUM_SEEDS, FULL_SEEDS = 8, 16
CURVE = Setting("", widths=(256, 256), label_noise=0.2, num_train=300, epochs=60)


class _Trained:
    """Work that is done a share at a time; what it came to is a study.

    Parameters
    ----------
    device : str
    trained : Training or Laboratory
    work : callable
        Its generator that does the work up to a share, and yields after each piece.
    """

    unit: ClassVar[str] = "epoch"

    def __init__(
        self, device: str, trained: Training | Laboratory, work: Callable[[float], Iterator[float]]
    ) -> None:
        self.device, self.trained, self.work = device, trained, work

    def warm_up(self) -> None:
        """Nothing to do: the first epoch is part of the training."""

    def measure(self, seconds: float, until: float) -> PassResult:
        """Train up to the share `until` of all epochs, then look at every member; on the way, if asked to."""
        del seconds
        torch.set_num_threads(1)
        rounds: list[float] = []
        starts = perf_counter()
        for _ in self.work(until):
            if self.device != "cpu":
                torch.cuda.synchronize(self.device)
            rounds.append(perf_counter() - starts)
            beat()
            offer(lambda: self._result(rounds))
            starts = perf_counter()
        return self._result(rounds or [perf_counter() - starts])

    def _result(self, rounds: list[float]) -> PassResult:
        figures = {"num_members": float(self.trained.num_members)}
        if self.device != "cpu":
            figures["is_graph_replay"] = float(not self.trained.replay_problem)
        return PassResult(rounds, figures=figures, study=self.study())

    def study(self) -> dict[str, Any]:
        """Return what it has come to so far."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the populations."""
        self.__dict__.clear()


class WeightDecayStudy(_Trained):
    """Nine weight decays, several seeds: one population of a network that can memorize wrong labels."""

    def __init__(self, device: str, num_seeds: int, data: str) -> None:
        self.decay_of = {f"decay {decay:g}": decay for decay in WEIGHT_DECAYS}
        loaded = load_data(data)
        size = min(CURVE.num_train, loaded.max_train)
        self.setting = replace(CURVE, num_train=size)
        members = [replace(self.setting, name=name, weight_decay=d) for name, d in self.decay_of.items()]
        self.training = Training(members, range(num_seeds), loaded, device)
        self.num_seeds, self.data = num_seeds, loaded.name
        super().__init__(device, self.training, self.training.epochs)

    def study(self) -> dict[str, Any]:
        """Return rows and intervals by weight decay."""
        frame: Any = self.training.frame()
        frame.insert(0, "weight_decay", frame.pop("setting").map(self.decay_of))
        rows = frame.drop(columns=["epoch", "complete"]).to_dict("records")
        return {
            "name": f"weight decay on {self.data}",
            "epochs": self.training.populations[0].epoch,
            "num_epochs": self.setting.epochs,
            "seeds": self.num_seeds,
            "num_train": self.setting.num_train,
            "wrong_label_share": self.setting.label_noise,
            "network": "-".join(map(str, self.setting.widths)),
            "optimizer": f"AdamW, learning rate {CURVE.learning_rate}, batch {CURVE.batch_size}",
            "diverged": int(frame["diverged"].sum()),
            "rows": rows,
            "intervals": intervals_over_seeds(rows),
        }


class GeneralizationStudy(_Trained):
    """All other studies, and the claims judged by them."""

    def __init__(self, device: str, num_seeds: int, data: str, *, is_full: bool) -> None:
        self.laboratory = Laboratory(load_data(data), range(num_seeds), is_full=is_full, device=device)
        super().__init__(device, self.laboratory, self.laboratory.work)

    def study(self) -> dict[str, Any]:
        """Return rows, curves, learning curves and claims."""
        return self.laboratory.study()


def intervals_over_seeds(rows: Sequence[Params]) -> list[dict[str, Any]]:
    """Mean and 95 % interval over seeds of each quantity at each decay, and of its change from no decay.

    The change is paired by seed: the same data, initialisation and batch order with and without decay. What
    is not finite, as a diverged member's loss, is left out: `num_values` counts the others.
    """
    quantities = [key for key in rows[0] if key not in {"weight_decay", "seed", "diverged"}]
    values = {
        (decay, q): [row[q] for row in rows if row["weight_decay"] == decay]
        for decay in WEIGHT_DECAYS
        for q in quantities
    }
    table = []
    for (decay, quantity), with_decay in values.items():
        without = values[WEIGHT_DECAYS[0], quantity]
        change = [a - b for a, b in zip(with_decay, without, strict=True)]
        for name, series in ((quantity, with_decay), (f"{quantity}_change", change)):
            table.append({"weight_decay": decay, "quantity": name, **mean_interval(series).as_dict()})
    return table


def grid(options: Options) -> list[Params]:
    """One population on every device."""
    num_seeds = FULL_SEEDS if options.is_full else NUM_SEEDS
    return [{"device": d, "num_seeds": num_seeds, "data": options.data} for d in options.devices]


def study_grid(options: Options) -> list[Params]:
    """The same, with the cut that the profile takes of every study."""
    return [{**row, "profile": "full" if options.is_full else "quick"} for row in grid(options)]


@configurations(
    grid, topic="weight_decay", group="Weight decay on {data}, one population on {device}: seconds per epoch"
)
def bench_weight_decay(device: str, num_seeds: int, data: str) -> WeightDecayStudy:
    """Nine weight decays, several seeds, trained at once."""
    require_device(device)
    return WeightDecayStudy(device, num_seeds, data)


@configurations(
    study_grid,
    topic="generalization",
    group="Regularizers on {data}, populations on {device}: seconds per epoch",
)
def bench_generalization(device: str, num_seeds: int, data: str, profile: str) -> GeneralizationStudy:
    """Penalties, dropout, normalization, early stopping, data, inductive bias: trained, and claims judged."""
    require_device(device)
    return GeneralizationStudy(device, num_seeds, data, is_full=profile == "full")
