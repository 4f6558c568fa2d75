"""What is trained: the settings of every study, and the measurements that need no population.

The names are what the claims in `diagnostics/claims/` go by. One plain network is the baseline of all: an MLP
under AdamW, too large for its few samples, of whose labels a part is wrong.
"""

from collections.abc import Iterator
from dataclasses import replace

from bench.generalization.setting import Setting

PLAIN = Setting("plain", label_noise=0.2, epochs=60, num_train=300, learning_rate=3e-3)
SGD_RATE, LARGE_RATE = 0.05, 0.4

QUICK_DECAYS, FULL_DECAYS = (0.3, 1.0, 10.0), (0.03, 0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 10.0)
QUICK_L2, FULL_L2 = (0.003, 0.01), (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1)
QUICK_L1, FULL_L1 = (0.03, 0.1), (0.003, 0.01, 0.03, 0.1, 0.2, 0.3)
QUICK_DROPOUT, FULL_DROPOUT = (0.2, 0.5), (0.1, 0.2, 0.3, 0.5, 0.7)
QUICK_SAMPLES, FULL_SAMPLES = (75, 600), (40, 75, 150, 600, 890)
FULL_RATES = (0.003, 0.01, 0.2, 1.0, 3.0)  # beside SGD_RATE and LARGE_RATE
NOISES = (0.0, 0.1, 0.4)
# Adam divides a subgradient by its own size: strengths that do what the proximal ones do are smaller
QUICK_SUBGRADIENTS, FULL_SUBGRADIENTS = (0.001,), (1e-4, 3e-4, 0.001, 0.003)
# L2 in the loss, decoupled: momentum adds up the gradients, L2's among them, to ten times one step's
QUICK_SGD, FULL_SGD = ((0.01,), (0.1,)), (FULL_L2, (*FULL_L2, 0.3, 1.0))
FULL_PATIENCES = (1, 3, 10)
QUICK_BOTH, FULL_BOTH = ((0.3,), (0.5,)), ((0.1, 0.3, 1.0), (0.2, 0.5))  # weight decays, dropout rates
BATCH_NORM_DECAYS = (0.03, 0.1, 0.3, 3.0, 10.0)  # beside 1


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
    found += _data(is_full=is_full, max_train=max_train)
    found += _bias() if has_images else []
    found += _right_labels()
    found += _combinations(is_full=is_full)
    return [replace(one, num_train=min(one.num_train, max_train)) for one in found]


def _penalties(*, is_full: bool) -> Iterator[Setting]:
    """Yield weight decay, L2, L1, dropout and early stopping in several strengths."""
    for decay in FULL_DECAYS if is_full else QUICK_DECAYS:
        yield replace(PLAIN, name=f"decay {decay:g}", weight_decay=decay)
    for l2 in FULL_L2 if is_full else QUICK_L2:
        yield replace(PLAIN, name=f"l2 {l2:g}", optimizer="adam", l2=l2)
    for l1 in FULL_L1 if is_full else QUICK_L1:
        yield replace(PLAIN, name=f"l1 {l1:g}", l1=l1)
    for l1 in FULL_SUBGRADIENTS if is_full else QUICK_SUBGRADIENTS:
        yield replace(PLAIN, name=f"subgradient {l1:g}", l1=l1, l1_kind="subgradient")
    for rate in FULL_DROPOUT if is_full else QUICK_DROPOUT:
        yield replace(PLAIN, name=f"dropout {rate:g}", dropout=rate)
    for patience in FULL_PATIENCES if is_full else ():
        yield replace(PLAIN, name=f"patience {patience}", patience=patience)
    yield replace(PLAIN, name="early stopping", patience=PLAIN.epochs)
    sgd = replace(PLAIN, optimizer="sgd", learning_rate=SGD_RATE)
    for l2 in (FULL_SGD if is_full else QUICK_SGD)[0]:
        yield replace(sgd, name=f"sgd, l2 {l2:g}", l2=l2)
    for decay in (FULL_SGD if is_full else QUICK_SGD)[1]:
        yield replace(sgd, name=f"sgd, decay {decay:g}", weight_decay=decay)


def _normalization(*, is_full: bool) -> Iterator[Setting]:
    """Yield batch norm and layer norm against none, on friendly and on hostile grounds."""
    for norm, word in (("none", ""), ("batch", "batch norm"), ("layer", "layer norm")):
        named = replace(PLAIN, norm=norm)
        if word:
            yield replace(named, name=word)
        if norm != "layer" or is_full:
            yield replace(named, name=joined(word, "badly scaled"), input_scale="badly_scaled")
            yield replace(named, name=joined(word, "outliers"), input_scale="outliers")
        sgd = replace(named, optimizer="sgd", learning_rate=SGD_RATE)
        yield replace(sgd, name=joined(word, "sgd"))
        yield replace(sgd, name=joined(word, "sgd large rate"), learning_rate=LARGE_RATE)
        if norm != "layer" or is_full:
            yield replace(sgd, name=joined(word, "sgd", "badly scaled"), input_scale="badly_scaled")
            yield replace(sgd, name=joined(word, "sgd", "outliers"), input_scale="outliers")
        for rate in FULL_RATES if is_full else ():
            yield replace(sgd, name=joined(word, f"sgd rate {rate:g}"), learning_rate=rate)
    yield replace(PLAIN, name="batch norm, decay 1", norm="batch", weight_decay=1.0)


def joined(*words: str) -> str:
    """Return the name that words make, those left out that are empty."""
    return ", ".join(filter(None, words))


def _data(*, is_full: bool, max_train: int) -> Iterator[Setting]:
    """Yield more and fewer samples, at most all that there are, and more and fewer wrong labels."""
    for number in sorted({min(n, max_train) for n in (FULL_SAMPLES if is_full else QUICK_SAMPLES)}):
        yield replace(PLAIN, name=f"{number} samples", num_train=number)
    for noise in NOISES if is_full else NOISES[:1]:
        yield replace(PLAIN, name=f"{noise:.0%} wrong labels", label_noise=noise)
    for norm in ("batch", "layer"):
        yield replace(PLAIN, name=f"{norm} norm, 0% wrong labels", norm=norm, label_noise=0.0)


def _bias() -> Iterator[Setting]:
    """Yield the CNN and the MLP on images, on permuted pixels, and the CNN on right labels."""
    cnn = replace(PLAIN, network="cnn", widths=(8, 16))
    yield replace(cnn, name="cnn")
    yield replace(cnn, name="cnn, permuted", permuted_pixels=True)
    yield replace(PLAIN, name="permuted", permuted_pixels=True)
    yield replace(cnn, name="right labels: cnn", label_noise=0.0)


def _right_labels() -> Iterator[Setting]:
    """Yield regularizers where no label is wrong."""
    right = replace(PLAIN, label_noise=0.0)
    yield replace(right, name="right labels: decay 1", weight_decay=1.0)
    yield replace(right, name="right labels: dropout 0.5", dropout=0.5)
    yield replace(right, name="right labels: early stopping", patience=PLAIN.epochs)


def _combinations(*, is_full: bool) -> Iterator[Setting]:
    """Yield weight decay with dropout and under batch norm, in several strengths."""
    decays, rates = FULL_BOTH if is_full else QUICK_BOTH
    for decay in decays:
        for rate in rates:
            name = f"both: decay {decay:g}, dropout {rate:g}"
            yield replace(PLAIN, name=name, weight_decay=decay, dropout=rate)
    for decay in BATCH_NORM_DECAYS if is_full else ():
        yield replace(PLAIN, name=f"batch norm, decay {decay:g}", norm="batch", weight_decay=decay)
