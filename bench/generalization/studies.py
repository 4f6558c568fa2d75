"""What is trained: the settings of every study, and the measurements that need no population.

The names are what the claims in `diagnostics/claims/` go by. One plain network is the baseline of all: an MLP
under AdamW, too large for its few samples, of whose labels a part is wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.generalization.setting import Setting

PLAIN = Setting("plain", label_noise=0.2, epochs=60, num_train=300, learning_rate=3e-3)
SGD_RATE, LARGE_RATE = 0.05, 0.4

QUICK_DECAYS, FULL_DECAYS = (0.3, 1.0, 10.0), (0.03, 0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 10.0)
QUICK_L2, FULL_L2 = (0.003, 0.01), (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1)
QUICK_L1, FULL_L1 = (0.03, 0.1), (0.003, 0.01, 0.03, 0.1, 0.2, 0.3)
QUICK_DROPOUT, FULL_DROPOUT = (0.2, 0.5), (0.1, 0.2, 0.3, 0.5, 0.7)
QUICK_SAMPLES, FULL_SAMPLES = (75, 600), (40, 75, 150, 600, 890)
FULL_RATES = (0.003, 0.01, 0.05, 0.2, 0.4, 1.0, 3.0)
NOISES = (0.0, 0.1, 0.4)
STRONGEST_SUBGRADIENT = 0.1


def settings(*, is_full: bool, has_images: bool = True, max_train: int = 10**9) -> list[Setting]:
    """Return the settings of all studies; the quick ones are a cut of each.

    Parameters
    ----------
    is_full : bool
    has_images : bool
        Whether the samples are images; without them there are no CNNs and no permuted pixels.
    max_train : int
        Most samples that the data leave for training.
    """
    found = [PLAIN, *_penalties(is_full=is_full), *_normalization(is_full=is_full)]
    found += _data(is_full=is_full)
    found += _bias() if has_images else []
    found += _combinations() if is_full else []
    return [replace(one, num_train=min(one.num_train, max_train)) for one in found]


def _penalties(*, is_full: bool) -> Iterator[Setting]:
    """Yield weight decay, L2, L1, dropout and early stopping in several strengths."""
    for decay in FULL_DECAYS if is_full else QUICK_DECAYS:
        yield replace(PLAIN, name=f"decay {decay:g}", weight_decay=decay)
    for l2 in FULL_L2 if is_full else QUICK_L2:
        yield replace(PLAIN, name=f"l2 {l2:g}", optimizer="adam", l2=l2)
    for l1 in FULL_L1 if is_full else QUICK_L1:
        yield replace(PLAIN, name=f"l1 {l1:g}", l1=l1)
    yield replace(
        PLAIN,
        name=f"subgradient {STRONGEST_SUBGRADIENT:g}",
        l1=STRONGEST_SUBGRADIENT,
        l1_kind="subgradient",
    )
    for rate in FULL_DROPOUT if is_full else QUICK_DROPOUT:
        yield replace(PLAIN, name=f"dropout {rate:g}", dropout=rate)
    yield replace(PLAIN, name="early stopping", patience=PLAIN.epochs)
    if is_full:
        for l2 in FULL_L2:
            yield replace(PLAIN, name=f"sgd, l2 {l2:g}", optimizer="sgd", learning_rate=SGD_RATE, l2=l2)
            decayed = replace(PLAIN, optimizer="sgd", learning_rate=SGD_RATE, weight_decay=l2)
            yield replace(decayed, name=f"sgd, decay {l2:g}")


def _normalization(*, is_full: bool) -> Iterator[Setting]:
    """Yield batch norm and layer norm against none, on friendly and on hostile grounds."""
    for norm, word in (("none", ""), ("batch", "batch norm"), ("layer", "layer norm")):
        if norm == "layer" and not is_full:
            yield replace(PLAIN, name=word, norm=norm)
            continue
        named = replace(PLAIN, norm=norm)
        if word:
            yield replace(named, name=word)
        yield replace(named, name=_joined(word, "badly scaled"), input_scale="badly_scaled")
        yield replace(named, name=_joined(word, "outliers"), input_scale="outliers")
        sgd = replace(named, optimizer="sgd", learning_rate=SGD_RATE)
        yield replace(sgd, name=_joined(word, "sgd"))
        yield replace(sgd, name=_joined(word, "sgd large rate"), learning_rate=LARGE_RATE)
        for rate in FULL_RATES if is_full else ():
            yield replace(sgd, name=_joined(word, f"sgd rate {rate:g}"), learning_rate=rate)
    yield replace(PLAIN, name="batch norm, decay 1", norm="batch", weight_decay=1.0)


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))


def _data(*, is_full: bool) -> Iterator[Setting]:
    """Yield more and fewer samples, and more and fewer wrong labels."""
    for number in FULL_SAMPLES if is_full else QUICK_SAMPLES:
        yield replace(PLAIN, name=f"{number} samples", num_train=number)
    for noise in NOISES if is_full else NOISES[:1]:
        yield replace(PLAIN, name=f"{noise:.0%} wrong labels", label_noise=noise)


def _bias() -> Iterator[Setting]:
    """Yield the CNN and the MLP on images and on permuted pixels."""
    cnn = replace(PLAIN, network="cnn", widths=(8, 16), epochs=30)
    yield replace(cnn, name="cnn")
    yield replace(cnn, name="cnn, permuted", permuted_pixels=True)
    yield replace(PLAIN, name="permuted", permuted_pixels=True)


def _combinations() -> Iterator[Setting]:
    """Yield weight decay with dropout and under batch norm, in several strengths."""
    for decay in (0.1, 0.3, 1.0):
        for rate in (0.2, 0.5):
            name = f"both: decay {decay:g}, dropout {rate:g}"
            yield replace(PLAIN, name=name, weight_decay=decay, dropout=rate)
    for decay in (0.03, 0.1, 0.3, 3.0):
        yield replace(PLAIN, name=f"batch norm, decay {decay:g}", norm="batch", weight_decay=decay)


def curves(names: Sequence[str]) -> dict[str, list[tuple[float, str]]]:
    """Return which settings form a curve: study to (strength, name), the network without it at 0."""
    prefixes = {
        "weight decay": "decay ",
        "L2 under Adam": "l2 ",
        "L1": "l1 ",
        "dropout": "dropout ",
        "decay, batch norm": "batch norm, decay ",
        "SGD, L2": "sgd, l2 ",
        "SGD, weight decay": "sgd, decay ",
    }
    starts = {
        "decay, batch norm": "batch norm",
        "SGD, L2": "sgd",
        "SGD, weight decay": "sgd",
    }
    found = {}
    for study, prefix in prefixes.items():
        members = [(float(name[len(prefix) :]), name) for name in names if name.startswith(prefix)]
        first = starts.get(study, "plain")
        if members and first in names:
            found[study] = [(0.0, first), *sorted(members)]
    samples = [(float(name.partition(" ")[0]), name) for name in names if name.endswith(" samples")]
    if samples:
        found["training samples"] = sorted([*samples, (float(PLAIN.num_train), "plain")])
    noises = [(float(n.partition("%")[0]) / 100, n) for n in names if n.endswith("% wrong labels")]
    if noises:
        found["wrong labels"] = sorted([*noises, (PLAIN.label_noise, "plain")])
    return found
