"""Samples with labels, and how a seed splits them."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.generalization.setting import OF_DATA, Setting

TEST_SHARE, VALIDATION_SHARE = 1 / 3, 1 / 6
OUTLIER_SHARE, OUTLIER_FACTOR = 0.05, 30.0
SCALE_DECADES = 2.0
SMALLEST_SIDE = 4  # pixels
CONSTANT = 1e-9  # a deviation below this share of the largest value is rounding


@dataclass(frozen=True, eq=False)
class Data:
    """Samples with labels.

    Attributes
    ----------
    x_ND : array of float
    y_N : array, int64
        Classes 0, 1, ….
    image_shape : tuple of int or None
        (channels, height, width) where a sample is an image: its pixels are scaled by the training samples'
        range; other features are standardised with the training samples' mean and deviation.
    num_found : int or None
        Samples that there were, of which these were drawn; None where these are all.
    """

    name: str
    x_ND: np.ndarray
    y_N: np.ndarray
    image_shape: tuple[int, int, int] | None = None
    num_found: int | None = None

    @property
    def num_classes(self) -> int:
        """Classes that occur."""
        return int(self.y_N.max()) + 1

    @property
    def has_images(self) -> bool:
        """Whether a CNN can see them: images that stand two poolings."""
        return self.image_shape is not None and min(self.image_shape[1:]) >= SMALLEST_SIDE

    @property
    def max_train(self) -> int:
        """Samples left for training when test and validation have their share."""
        return len(self.x_ND) - round(len(self.x_ND) * TEST_SHARE) - round(len(self.x_ND) * VALIDATION_SHARE)


@dataclass(frozen=True, eq=False)
class Split:
    """One seed's samples; training and validation labels hold the wrong ones too, test labels none.

    `y_test_spoiled` are the test labels with as many wrong ones as training has: a generalization gap is one
    between samples of the same distribution.
    """

    x_train: Tensor
    y_train: Tensor
    x_validation: Tensor
    y_validation: Tensor
    x_test: Tensor
    y_test: Tensor
    y_test_spoiled: Tensor

    def to(self, dtype: torch.dtype) -> "Split":
        """Return the inputs in another precision."""
        names = ("x_train", "x_validation", "x_test")
        return replace(self, **{name: getattr(self, name).to(dtype) for name in names})


def split(data: Data, setting: Setting, seed: int) -> Split:
    """Split the data as the seed says; settings that agree in what concerns data share one split."""
    return _split(data, setting.of(OF_DATA), seed)


@lru_cache(maxsize=64)
def _split(data: Data, of_data: tuple[Any, ...], seed: int) -> Split:
    label_noise, num_train, input_scale, permuted = of_data
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(data.x_ND))
    num_test, num_validation = (round(len(order) * share) for share in (TEST_SHARE, VALIDATION_SHARE))
    test, rest = order[:num_test], order[num_test:]
    validation, train = rest[:num_validation], rest[num_validation:][:num_train]
    x = _scaled(data, train)
    if permuted:
        x = x[:, np.random.default_rng([seed, 1]).permutation(x.shape[1])]
    if input_scale == "badly_scaled":
        exponents = np.random.default_rng([seed, 2]).uniform(-SCALE_DECADES, SCALE_DECADES, x.shape[1])
        x = (x * 10**exponents).astype(np.float32)
    x_train = x[train]
    if input_scale == "outliers":
        outliers = np.random.default_rng([seed, 3]).permutation(len(train))[
            : round(OUTLIER_SHARE * len(train))
        ]
        x_train = x_train.copy()
        x_train[outliers] *= OUTLIER_FACTOR
    noisy = [
        _spoiled(data.y_N[part], label_noise, data.num_classes, [seed, 4 + i])
        for i, part in enumerate((train, validation, test))
    ]
    arrays = (x_train, noisy[0], x[validation], noisy[1], x[test], data.y_N[test], noisy[2])
    return Split(*(torch.from_numpy(np.ascontiguousarray(one)) for one in arrays))


def _scaled(data: Data, train: np.ndarray) -> np.ndarray:
    """Return all samples on the scale of the training samples; what is constant there is only shifted."""
    seen = data.x_ND[train].astype(np.float64)
    if data.image_shape is None:
        shift, scale, largest = seen.mean(0), seen.std(0), np.abs(seen).max(0)
    else:
        shift, scale, largest = seen.min(), np.ptp(seen), np.abs(seen).max()
    return ((data.x_ND - shift) / np.where(scale > CONSTANT * largest, scale, 1.0)).astype(np.float32)


def _spoiled(labels: np.ndarray, share: float, num_classes: int, seed: list[int]) -> np.ndarray:
    """Return the labels with a share of them replaced by one of the wrong classes."""
    chance = np.random.default_rng(seed)
    wrong = chance.permutation(len(labels))[: round(share * len(labels))]
    spoiled = labels.copy()
    spoiled[wrong] = (spoiled[wrong] + chance.integers(1, num_classes, len(wrong))) % num_classes
    return spoiled
