"""Where samples come from: data sets on board, the user's arrays, image folders and Datasets.

Nothing is downloaded, and nothing in a file is unpickled.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset

from bench.generalization.data import Data
from bench.heartbeat import beat
from bench.user_data import UserDataError, is_user_data, load_object

ON_BOARD = ("digits", "breast_cancer")
IMAGE_SIDE = 16  # pixels: small networks on small images, so that a population fits a CPU
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
COLOURS = (1, 3, 4)  # channels that tell on which side an array has them
MIN_SAMPLES, MIN_A_CLASS = 30, 6
MAX_SAMPLES, MAX_FEATURES = 20_000, 1024
MAX_VALUES = 1_500_000  # samples times features: every seed and every change of the data holds a copy


def load_data(spec: str = "digits") -> Data:
    """Return a data set by name, from a file or from a folder.

    Parameters
    ----------
    spec : str
        `digits` or `breast_cancer` (scikit-learn's own), `FILE.npz` with arrays x and y, a folder with one
        folder of images a class, or `FILE.py:NAME` with a map-style Dataset of (x, y) pairs, a DataLoader of
        one, or a function that returns either. Images larger than 16 x 16 are shrunk to that; of many samples
        a part is drawn, always the same.

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
    if spec and path.is_dir():
        return _from_folder(path)
    raise UserDataError(
        f"{spec or 'no name'}: there is no such data; expected {', '.join(ON_BOARD)}, a FILE.npz with x and "
        "y, a folder with one folder of images a class, or FILE.py:NAME"
    )


def _on_board(name: str) -> Data:
    if name == "digits":
        x, y = sklearn.datasets.load_digits(return_X_y=True)
        return Data(name, (x / 16).astype(np.float32), y.astype(np.int64), (1, 8, 8))
    x, y = sklearn.datasets.load_breast_cancer(return_X_y=True)
    return Data(name, x, y.astype(np.int64))


def _from_npz(path: Path) -> Data:
    with path.open("rb") as file:
        try:
            arrays = np.load(file, allow_pickle=False)
            names = list(arrays.files)
            found = [arrays[name] for name in ("x", "y") if name in names]
        except Exception as error:  # whatever the reader meets in a broken or hostile file
            raise UserDataError(
                f"{path} cannot be read as arrays without pickled objects: {_told(error)}"
            ) from None
    if len(found) < 2:
        raise UserDataError(
            f"{path} holds {', '.join(names) or 'nothing'}: arrays x and y are wanted, as "
            "np.savez(FILE, x=samples, y=labels) writes them"
        )
    x, y = found
    _shaped(str(path), x, y)
    _numbers(str(path), x)
    return _checked(str(path), *_drawn(x, y, _size(x[:1])), num_found=len(x))


def _from_folder(folder: Path) -> Data:
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(path, one.name) for one in classes for path in sorted(one.rglob("*"))]
    files = [(path, c) for path, c in files if path.suffix.lower() in IMAGE_SUFFIXES and not path.is_dir()]
    if len({label for _, label in files}) < 2:
        raise UserDataError(f"{folder}: at least two folders with images are wanted, one folder a class")
    chosen = _chosen(len(files), 3 * IMAGE_SIDE**2)
    x = np.stack([_pixels(files[i][0]) for i in chosen])
    return _checked(str(folder), x, np.array([files[i][1] for i in chosen]), num_found=len(files))


def _pixels(path: Path) -> np.ndarray:
    beat()
    try:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BILINEAR)
    except Exception as error:  # each format's reader raises what it likes
        raise UserDataError(f"{path} cannot be read as an image: {_told(error)}") from None
    return np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 255


def _from_dataset(spec: str) -> Data:
    dataset, number = _dataset(spec)
    first, _ = _sample(dataset, 0, spec)
    pairs = [_sample(dataset, int(i), spec) for i in _chosen(number, _size(first[None]))]
    if len({x.shape for x, _ in pairs}) > 1:
        shapes = sorted({x.shape for x, _ in pairs})[:2]
        raise UserDataError(f"{spec}: samples of shapes {shapes[0]} and {shapes[1]}; one shape is wanted")
    return _checked(spec, np.stack([x for x, _ in pairs]), np.array([y for _, y in pairs]), num_found=number)


def _dataset(spec: str) -> tuple[Any, int]:
    """Return the user's Dataset and its length."""
    try:
        found: Any = load_object(spec)
    except UserDataError:
        raise
    except (Exception, SystemExit) as error:
        raise UserDataError(f"{spec} cannot be loaded: {_told(error)}{_place(error, spec)}") from None
    dataset = found.dataset if isinstance(found, DataLoader) else found
    is_stream = isinstance(dataset, IterableDataset | str | bytes) or not hasattr(dataset, "__len__")
    if is_stream or len(dataset) == 0:
        raise UserDataError(f"{spec}: a map-style Dataset with a length above 0 is wanted")
    return dataset, len(dataset)


def _sample(dataset: Any, i: int, spec: str) -> tuple[np.ndarray, Any]:
    """Return one sample, already shrunk, and its label."""
    beat()
    try:
        pair = dataset[i]
    except Exception as error:
        raise UserDataError(f"{spec}: sample {i} raised {_told(error)}{_place(error, spec)}") from None
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise UserDataError(f"{spec}: sample {i} is {type(pair).__name__}; pairs (x, y) are wanted")
    x, y = (np.asarray(one.detach().cpu() if isinstance(one, torch.Tensor) else one) for one in pair)
    _numbers(spec, x)
    if y.size != 1 or y.dtype.kind not in "biufU":
        raise UserDataError(f"{spec}: sample {i} has no label that is one number or text: {y!r:.60}")
    return _shrunk(x[None])[0], y.item()


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).partition('. ')[0]}"[:200]


def _place(error: BaseException, spec: str) -> str:
    """Return the last line of the user's own file that led to an error."""
    own = Path(spec.rpartition(":")[0]).resolve()
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if Path(one.filename) == own]
    return f" ({own.name}, line {lines[-1]})" if lines else ""


def _chosen(number: int, size: int) -> np.ndarray:
    """Return the indices of as many samples as are taken, always the same."""
    wanted = min(number, MAX_SAMPLES, MAX_VALUES // max(size, 1))
    return np.sort(np.random.default_rng(0).choice(number, wanted, replace=False))


def _drawn(x: np.ndarray, y: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    chosen = _chosen(len(x), size)
    parts = [_shrunk(x[some]) for some in _parts(chosen)]
    return np.concatenate(parts), y[chosen]


def _parts(chosen: np.ndarray, length: int = 256) -> Iterator[np.ndarray]:
    for start in range(0, len(chosen), length):
        beat()
        yield chosen[start : start + length]


def _shaped(name: str, x: np.ndarray, y: np.ndarray) -> None:
    """Refuse arrays that are no samples with a label each."""
    if not 2 <= x.ndim <= 4 or 0 in x.shape or y.ndim != 1 or len(x) != len(y):
        raise UserDataError(
            f"{name}: x {x.shape} and y {y.shape}; wanted are x (samples, features) or (samples, [channels,] "
            "height, width) and y (samples,), a label each"
        )


def _numbers(name: str, x: np.ndarray) -> None:
    if x.dtype.kind not in "biuf":
        raise UserDataError(f"{name}: x holds {x.dtype}; real numbers are wanted")


def _size(x: np.ndarray) -> int:
    """Return the features of a sample that is not too large, as it is kept."""
    size = int(_shrunk(x[:1]).size)
    return min(size, MAX_FEATURES)


def _shrunk(x: np.ndarray) -> np.ndarray:
    """Return images as (N, channels, height, width), at most 16 x 16, and other samples as they are."""
    if x.ndim not in (3, 4):
        return x
    images = x[:, None] if x.ndim == 3 else x
    if images.shape[1] not in COLOURS and images.shape[3] in COLOURS:
        images = np.moveaxis(images, 3, 1)
    if max(images.shape[2:]) <= IMAGE_SIDE:
        return images
    pixels = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
    small = torch.nn.functional.interpolate(pixels, size=(IMAGE_SIDE, IMAGE_SIDE), mode="area")
    return small.numpy()


def _checked(name: str, x: np.ndarray, y: np.ndarray, num_found: int) -> Data:
    """Return arrays as data, classes numbered from 0."""
    if len(x) < MIN_SAMPLES:
        raise UserDataError(f"{name}: {len(x)} samples; {MIN_SAMPLES} samples or more are wanted")
    shape = (x.shape[1], x.shape[2], x.shape[3]) if x.ndim == 4 else None
    x = x.reshape(len(x), -1).astype(np.float64)
    if x.shape[1] > MAX_FEATURES:
        raise UserDataError(
            f"{name}: {x.shape[1]} features a sample; at most {MAX_FEATURES} are taken: choose some"
        )
    if not np.isfinite(x).all():
        raise UserDataError(f"{name}: x holds NaN or infinite values")
    labels = _labels(name, y)
    if (x == x[0]).all():
        raise UserDataError(f"{name}: all samples are alike: x says nothing about y")
    return Data(name, x, labels, shape, num_found)


def _labels(name: str, y: np.ndarray) -> np.ndarray:
    """Return whole numbers from 0 for whatever the labels are."""
    if y.dtype.kind not in "biufUS":
        raise UserDataError(f"{name}: y holds {y.dtype}; numbers or texts are wanted")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise UserDataError(f"{name}: y holds NaN or infinite values")
    classes, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    if not 2 <= len(classes) <= len(y) // 5:
        raise UserDataError(
            f"{name}: y has {len(classes)} classes in {len(y)} samples; 2 or more, few, are wanted"
        )
    if counts.min() < MIN_A_CLASS:
        raise UserDataError(
            f"{name}: class {classes[counts.argmin()]!s} has {counts.min()} of {len(y)} samples; "
            f"{MIN_A_CLASS} or more of each class are wanted, so that training and test can both hold it"
        )
    return labels.astype(np.int64)
