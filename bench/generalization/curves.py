"""Which settings of the studies belong on one line: curves over a strength, and lines held side by side."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.generalization.setting import Setting
from bench.generalization.studies import PLAIN, joined

# Study: what its settings' names begin with, and the network without it.
PREFIXES = {
    "weight decay": ("decay ", PLAIN.name),
    "L2 under Adam": ("l2 ", PLAIN.name),
    "L1": ("l1 ", PLAIN.name),
    "L1 by subgradients": ("subgradient ", PLAIN.name),
    "dropout": ("dropout ", PLAIN.name),
    "decay, batch norm": ("batch norm, decay ", "batch norm"),
    "SGD, L2": ("sgd, l2 ", "sgd"),
    "SGD, weight decay": ("sgd, decay ", "sgd"),
}
NORMS = {"none": "no normalization", "batch": "batch norm", "layer": "layer norm"}
Lines = dict[str, list[list[str]]]  # a line's name to [label on the axis, setting]


def curves(grid: Sequence[Setting]) -> dict[str, list[tuple[float, str]]]:
    """Return which settings form a curve: study to (strength, name), the network without it at 0."""
    names = [setting.name for setting in grid]
    found = {}
    for study, (prefix, first) in PREFIXES.items():
        members = [(float(name[len(prefix) :]), name) for name in names if name.startswith(prefix)]
        if members and first in names:
            found[study] = [(0.0, first), *sorted(members)]
    plain = next(one for one in grid if one.name == PLAIN.name)
    stops = [
        (float(one.patience), one.name)
        for one in grid
        if one.patience is not None and one.label_noise == plain.label_noise
    ]
    if len(stops) > 1:
        found["patience"] = sorted(stops)
    sizes = {float(one.num_train): one.name for one in grid if one.name.endswith(" samples")}
    found["training samples"] = sorted({float(plain.num_train): plain.name, **sizes}.items())
    noises = [
        (one.label_noise, one.name)
        for one in grid
        if one.name.endswith("% wrong labels") and one.norm == "none"
    ]
    found["wrong labels"] = sorted([*noises, (plain.label_noise, plain.name)])
    return found


def comparisons(grid: Sequence[Setting], targets: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return which settings are held against each other.

    Parameters
    ----------
    grid : sequence of Setting
    targets : sequence of str
        Names of the made-up targets that the linear model and an MLP learned.

    Returns
    -------
    list of dict
        `name`; `axis`, what its labels are values of; `lines`: a line's name to [[label, setting], …].
    """
    names = {setting.name for setting in grid}
    truths = {kind: [[t, f"{kind.lower()}, {t}"] for t in targets] for kind in ("linear model", "MLP")}
    found = (
        ("learning rates of SGD", "learning rate", _rates(grid), names),
        ("weight decay with dropout", "weight decay", _decay_and_dropout(grid), names),
        ("hostile inputs under AdamW", "", _hostile(""), names),
        ("hostile inputs under SGD", "", _hostile("sgd"), names),
        ("right and wrong labels", "", _labels(), names),
        ("inductive bias: images", "", _images(), names),
        ("inductive bias: against regularizers", "", _against_regularizers(), names),
        (
            "inductive bias: linear truths",
            "",
            truths,
            {name for points in truths.values() for _, name in points},
        ),
    )
    return [
        {"name": name, "axis": axis, "lines": lines}
        for name, axis, wanted, present in found
        if (lines := dict(_present(wanted, present)))
    ]


def _present(lines: Lines, names: set[str]) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the lines that have more than one point among the settings."""
    for line, points in lines.items():
        kept = [point for point in points if point[1] in names]
        if len(kept) > 1:
            yield line, kept


def _rates(grid: Sequence[Setting]) -> Lines:
    """Return SGD without a penalty, a line a normalization, by learning rate."""
    plain = [
        one
        for one in grid
        if one.optimizer == "sgd" and one.input_scale == "plain" and not (one.l2 or one.weight_decay)
    ]
    plain.sort(key=lambda one: one.learning_rate)
    return {
        word: [[f"{one.learning_rate:g}", one.name] for one in plain if one.norm == norm]
        for norm, word in NORMS.items()
    }


def _decay_and_dropout(grid: Sequence[Setting]) -> Lines:
    """Return a line a dropout rate, by weight decay."""
    both = [one for one in grid if one.weight_decay and one.dropout]
    decays = [0.0, *sorted({one.weight_decay for one in both})]
    rates = [0.0, *sorted({one.dropout for one in both})]
    return {
        f"dropout {rate:g}": [[f"{decay:g}", _combined(decay, rate)] for decay in decays] for rate in rates
    }


def _combined(decay: float, rate: float) -> str:
    if decay and rate:
        return f"both: decay {decay:g}, dropout {rate:g}"
    return f"decay {decay:g}" if decay else f"dropout {rate:g}" if rate else PLAIN.name


def _hostile(optimizer: str) -> Lines:
    kinds = ("badly scaled", "outliers")
    return {
        norm or "no normalization": [
            ["as they are", joined(norm, optimizer) or PLAIN.name],
            *([kind, joined(norm, optimizer, kind)] for kind in kinds),
        ]
        for norm in ("", "batch norm", "layer norm")
    }


def _labels() -> Lines:
    right, wrong = "all right", f"{PLAIN.label_noise:.0%} wrong"
    normed = {
        norm: [[right, f"{norm}, 0% wrong labels"], [wrong, norm]] for norm in ("batch norm", "layer norm")
    }
    return {"no normalization": [[right, "0% wrong labels"], [wrong, PLAIN.name]], **normed}


def _against_regularizers() -> Lines:
    right, wrong = "all labels right", f"{PLAIN.label_noise:.0%} wrong"
    kinds = {"CNN": "cnn"} | {f"MLP, {name}": name for name in ("decay 1", "dropout 0.5", "early stopping")}
    return {line: [[right, f"right labels: {name}"], [wrong, name]] for line, name in kinds.items()}


def _images() -> Lines:
    return {
        "CNN": [["images", "cnn"], ["pixels permuted", "cnn, permuted"]],
        "MLP": [["images", PLAIN.name], ["pixels permuted", "permuted"]],
    }
