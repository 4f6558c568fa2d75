"""Data sets for the studies, and how a seed splits them. Nothing is downloaded."""

import zipfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets
import torch
from PIL import Image
from torch import Tensor

from bench.generalization.setting import OF_DATA, Setting
from bench.user_data import UserDataError, is_user_data, load_object

ON_BOARD = ("digits", "breast_cancer")
IMAGE_SIDE = 16  # pixels: small networks on small images, so that a population fits a CPU
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
MAX_SAMPLES = 20_000
TEST_SHARE, VALIDATION_SHARE = 1 / 3, 1 / 6
OUTLIER_SHARE, OUTLIER_FACTOR = 0.05, 30.0
SCALE_DECADES = 2.0


@dataclass(frozen=True, eq=False)
class Data:
    """Samples with labels.

    Attributes
    ----------
    x_ND : array, float32
    y_N : array, int64
        Classes 0, 1, ….
    image_shape : tuple of int or None
        (channels, height, width) where a sample is an image, its pixels already between 0 and 1; other
        features are standardised with the training samples' mean and deviation.
    """

    name: str
    x_ND: np.ndarray
    y_N: np.ndarray
    image_shape: tuple[int, int, int] | None = None

    @property
    def num_classes(self) -> int:
        """Classes that occur."""
        return int(self.y_N.max()) + 1

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


def load_data(spec: str = "digits") -> Data:
    """Return a data set by name, from a file or from a folder.

    Parameters
    ----------
    spec : str
        `digits` or `breast_cancer` (scikit-learn's own), `FILE.npz` with arrays x and y, a folder with one
        folder of images a class, or `FILE.py:NAME` with a map-style Dataset of (x, y) pairs, or a function
        that returns one.

    Raises
    ------
    UserDataError
        There is no such data, or it is not of that form; the message says what is expected.
    """
    if spec in ON_BOARD:
        return _on_board(spec)
    if is_user_data(spec):
        return _from_dataset(spec)
    path = Path(spec)
    if path.suffix == ".npz" and path.is_file():
        return _from_npz(path)
    if path.is_dir():
        return _from_folder(path)
    raise UserDataError(
        f"{spec}: there is no such data; expected {', '.join(ON_BOARD)}, a FILE.npz with x and y, a folder "
        "with one folder of images a class, or FILE.py:NAME"
    )


def _on_board(name: str) -> Data:
    if name == "digits":
        x, y = sklearn.datasets.load_digits(return_X_y=True)
        return Data(name, (x / 16).astype(np.float32), y.astype(np.int64), (1, 8, 8))
    x, y = sklearn.datasets.load_breast_cancer(return_X_y=True)
    return Data(name, x.astype(np.float32), y.astype(np.int64))


def _from_npz(path: Path) -> Data:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if not {"x", "y"} <= set(arrays.files):
                raise UserDataError(
                    f"{path} holds {', '.join(arrays.files) or 'nothing'}: arrays x and y are wanted"
                )
            return _checked(str(path), arrays["x"], arrays["y"])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserDataError(f"{path} cannot be read as arrays without pickled objects: {error}") from None


def _from_folder(folder: Path) -> Data:
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(path, label) for label, one in enumerate(classes) for path in sorted(one.rglob("*"))]
    files = [(path, label) for path, label in files if path.suffix.lower() in IMAGE_SUFFIXES]
    if len(classes) < 2 or not files:
        raise UserDataError(f"{folder}: at least two folders with images are wanted, one folder a class")
    chosen = np.random.default_rng(0).permutation(len(files))[:MAX_SAMPLES]
    pixels = [_pixels(files[i][0]) for i in chosen]
    return _checked(str(folder), np.stack(pixels), np.array([files[i][1] for i in chosen]))


def _pixels(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BILINEAR)
    except OSError as error:
        raise UserDataError(f"{path} cannot be read as an image: {error}") from None
    return np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 255


def _from_dataset(spec: str) -> Data:
    dataset: Any = load_object(spec)
    try:
        pairs = [dataset[i] for i in range(min(len(dataset), MAX_SAMPLES))]
        x = np.stack([np.asarray(x, dtype=np.float32) for x, _ in pairs])
        y = np.array([int(y) for _, y in pairs])
    except (TypeError, ValueError) as error:
        raise UserDataError(
            f"{spec}: samples (x, y) of one shape with a whole label are wanted: {error}"
        ) from None
    return _checked(spec, x, y)


def _checked(name: str, x: np.ndarray, y: np.ndarray) -> Data:
    """Return arrays as data, classes numbered from 0, pixels scaled to [0, 1]."""
    if len(x) != len(y) or y.ndim != 1 or x.ndim < 2 or len(x) < 30:
        raise UserDataError(
            f"{name}: x {x.shape} and y {y.shape}; wanted are 30 samples or more, a label each"
        )
    x = x.astype(np.float32)
    if not np.isfinite(x).all():
        raise UserDataError(f"{name}: x holds NaN or infinite values")
    classes, labels = np.unique(y, return_inverse=True)
    if not 2 <= len(classes) <= len(x) // 5:
        raise UserDataError(
            f"{name}: y has {len(classes)} classes in {len(x)} samples; 2 or more, few, are wanted"
        )
    shape = None
    if x.ndim in (3, 4):
        images = x if x.ndim == 4 else x[:, None]
        shape = (images.shape[1], images.shape[2], images.shape[3])
        low, high = float(x.min()), float(x.max())
        x = (x - low) / max(high - low, 1e-12)
    return Data(name, x.reshape(len(x), -1), labels.astype(np.int64), shape)


def split(data: Data, setting: Setting, seed: int) -> Split:
    """Split the data as the seed says; settings that agree in what concerns data share one split."""
    return _split(data, setting.of(OF_DATA), seed)


@lru_cache(maxsize=256)
def _split(data: Data, of_data: tuple[Any, ...], seed: int) -> Split:
    label_noise, num_train, input_scale, permuted = of_data
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(data.x_ND))
    num_test, num_validation = (round(len(order) * share) for share in (TEST_SHARE, VALIDATION_SHARE))
    test, rest = order[:num_test], order[num_test:]
    validation, train = rest[:num_validation], rest[num_validation:][:num_train]
    x = data.x_ND
    if data.image_shape is None:
        x = (x - x[train].mean(0)) / np.maximum(x[train].std(0), 1e-6)
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


def _spoiled(labels: np.ndarray, share: float, num_classes: int, seed: list[int]) -> np.ndarray:
    """Return the labels with a share of them replaced by one of the wrong classes."""
    chance = np.random.default_rng(seed)
    wrong = chance.permutation(len(labels))[: round(share * len(labels))]
    spoiled = labels.copy()
    spoiled[wrong] = (spoiled[wrong] + chance.integers(1, num_classes, len(wrong))) % num_classes
    return spoiled
