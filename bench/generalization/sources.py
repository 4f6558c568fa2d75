"""Where samples come from: data sets on board, the user's arrays, image folders and Datasets.

Nothing is downloaded, and nothing in a file is unpickled.
"""

import contextlib
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets
import torch
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, IterableDataset

from bench.generalization.data import CONSTANT, Data
from bench.heartbeat import beat
from bench.user_data import UserDataError, is_user_data, load_object

ON_BOARD = ("digits", "breast_cancer")
IMAGE_SIDE = 16  # pixels: small networks on small images, so that a population fits a CPU
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
COLOURS = (1, 3, 4)  # channels that tell on which side an array has them
MIN_SAMPLES, MIN_A_CLASS = 30, 6
MAX_SAMPLES, MAX_FEATURES = 20_000, 1024
MAX_VALUES = 1_500_000  # samples times features: every seed and every change of the data holds a copy
LARGEST, SMALLEST = 1e30, 1e-30  # sizes that networks in single precision can still calculate with
FULL_SCALE = {"F": 1.0, "I": 65535.0}  # of Pillow's modes; 16 bits are I;16 or, in older versions, I


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
    with _told_of(f"{spec} cannot be read:", kind=OSError):
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
    with path.open("rb") as file, _told_of(f"{path} cannot be read as arrays without pickled objects:"):
        arrays = np.load(file, allow_pickle=False)
        names = list(arrays.files)
        found = [arrays[name] for name in ("x", "y") if name in names]
    if len(found) < 2:
        raise UserDataError(
            f"{path} holds {', '.join(names) or 'nothing'}; expected arrays x and y, as "
            "np.savez(FILE, x=samples, y=labels) writes them"
        )
    x, y = found
    _shaped(str(path), x, y)
    _numbers(str(path), x)
    return _checked(str(path), *_drawn(x, y), num_found=len(x))


def _from_folder(folder: Path) -> Data:
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(path, one.name) for one in classes for path in sorted(one.rglob("*"))]
    files = [(path, c) for path, c in files if path.suffix.lower() in IMAGE_SUFFIXES and _may_be_read(path)]
    if len({label for _, label in files}) < 2:
        raise UserDataError(f"{folder}: expected at least two folders with images, one folder per class")
    chosen = _chosen(len(files), 3 * IMAGE_SIDE**2)
    x = np.stack([_read_pixels(files[i][0]) for i in chosen])
    return _checked(str(folder), x, np.array([files[i][1] for i in chosen]), num_found=len(files))


def _may_be_read(path: Path) -> bool:
    """Whether this is a file, or a link to one that is gone, which is worth a message; no folder, no pipe."""
    return path.is_file() or not path.exists()


def _read_pixels(path: Path) -> np.ndarray:
    beat()
    with _told_of(f"{path} cannot be read as an image:"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # twice as many pixels are an error
        with Image.open(path) as image:
            return _pixels(ImageOps.exif_transpose(image))


def _pixels(image: Image.Image) -> np.ndarray:
    """Return an image's first frame as (3, 16, 16), full scale 1, as Pillow has it for its mode."""
    side = (IMAGE_SIDE, IMAGE_SIDE)
    if image.mode[0] in FULL_SCALE:  # a conversion would clip them to 8 bits
        grey = Image.fromarray(np.asarray(image, dtype=np.float32) / np.float32(FULL_SCALE[image.mode[0]]))
        return np.stack([np.asarray(grey.resize(side, Image.Resampling.BILINEAR))] * 3)
    small = image.convert("RGB").resize(side, Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 255


def _from_dataset(spec: str) -> Data:
    dataset, number = _dataset(spec)
    first, _ = _sample(dataset, 0, spec)
    pairs = [_sample(dataset, int(i), spec) for i in _chosen(number, _size(first[None]))]
    if len({x.shape for x, _ in pairs}) > 1:
        shapes = sorted({x.shape for x, _ in pairs})[:2]
        raise UserDataError(f"{spec}: samples of shapes {shapes[0]} and {shapes[1]}; expected one shape")
    return _checked(spec, np.stack([x for x, _ in pairs]), np.array([y for _, y in pairs]), num_found=number)


def _dataset(spec: str) -> tuple[Any, int]:
    """Return the user's Dataset and its length."""
    with _told_of(f"{spec} cannot be loaded:", spec):
        found: Any = load_object(spec)
        dataset = found.dataset if isinstance(found, DataLoader) else found
        is_stream = isinstance(dataset, IterableDataset | str | bytes) or not hasattr(dataset, "__len__")
        number = 0 if is_stream else len(dataset)
    if number == 0:
        kind = type(dataset).__name__
        raise UserDataError(f"{spec} is {kind}; expected a map-style Dataset with a length above 0")
    return dataset, number


def _sample(dataset: Any, i: int, spec: str) -> tuple[np.ndarray, Any]:
    """Return one sample, already shrunk, and its label."""
    beat()
    with _told_of(f"{spec}: sample {i} raised", spec):
        pair = dataset[i]
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        number = f" of {len(pair)}" if isinstance(pair, tuple | list) else ""
        raise UserDataError(f"{spec}: sample {i} is {type(pair).__name__}{number}; expected pairs (x, y)")
    with _told_of(f"{spec}: sample {i} holds no numbers:", spec):
        x, y = (_array(one) for one in pair)
    _numbers(spec, x)
    if y.size != 1 or y.dtype.kind not in "biufUS":
        raise UserDataError(f"{spec}: sample {i} has no label that is one number or text: {y!r:.60}")
    if x.ndim > 3 or x.size == 0:
        raise UserDataError(
            f"{spec}: sample {i} has shape {x.shape}; expected features or ([channels,] height, width)"
        )
    return _shrunk(x[None])[0], y.item()


def _array(one: Any) -> np.ndarray:
    """Return a tensor of any layout and precision, an image or numbers as an array that numpy can hold."""
    if isinstance(one, Image.Image) and one.mode.startswith("P"):
        one = one.convert("RGB")  # else its numbers would be places in the palette
    if not isinstance(one, torch.Tensor):
        return np.asarray(one)
    dense = one.detach().cpu().to_dense()
    is_short = dense.is_floating_point() and dense.itemsize < 4  # bfloat16 and others are not numpy's
    return (dense.float() if is_short else dense).numpy()


@contextlib.contextmanager
def _told_of(what: str, spec: str = "", kind: type[Exception] = Exception) -> Iterator[None]:
    """Tell in a sentence what a file's reader or the user's own code, which may do anything, raises."""
    try:
        yield
    except UserDataError:
        raise
    except (kind, SystemExit) as error:
        raise UserDataError(f"{what} {_told(error)}{_place(error, spec)}") from None


def _told(error: BaseException) -> str:
    """Return what an exception says in one line, its first sentence."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of the user's own class
        text = ""
    return f"{type(error).__name__}: {text.partition('. ')[0]}".removesuffix(": ")[:200]


def _place(error: BaseException, spec: str) -> str:
    """Return the last line of the user's own file that led to an error."""
    own = Path(spec.rpartition(":")[0]).resolve()
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if Path(one.filename) == own]
    return f" ({own.name}, line {lines[-1]})" if lines else ""


def _chosen(number: int, size: int) -> np.ndarray:
    """Return the indices of as many samples as are taken, always the same."""
    wanted = min(number, MAX_SAMPLES, MAX_VALUES // max(size, 1))
    return np.sort(np.random.default_rng(0).choice(number, wanted, replace=False))


def _drawn(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = _chosen(len(x), _size(x))
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
            f"{name}: x {x.shape} and y {y.shape}; expected x (samples, features) or (samples, [channels,] "
            "height, width) and y (samples,), a label each"
        )


def _numbers(name: str, x: np.ndarray) -> None:
    if x.dtype.kind not in "biuf":
        raise UserDataError(f"{name}: x holds {x.dtype}; expected real numbers")


def _size(x: np.ndarray) -> int:
    """Return how many features of a sample are kept; one that has too many is refused later."""
    return min(int(_shrunk(x[:1]).size), MAX_FEATURES)


def _shrunk(x: np.ndarray) -> np.ndarray:
    """Return images as (N, channels, height, width), at most 16 x 16, and other samples as they are."""
    if x.ndim not in (3, 4):
        return x
    images = x[:, None] if x.ndim == 3 else x
    if images.shape[1] not in COLOURS and images.shape[3] in COLOURS:
        images = np.moveaxis(images, 3, 1)
    if max(images.shape[2:]) <= IMAGE_SIDE:
        return images
    with np.errstate(over="ignore"):  # what is infinite then is refused
        pixels = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
    small = torch.nn.functional.interpolate(pixels, size=(IMAGE_SIDE, IMAGE_SIDE), mode="area")
    return small.numpy()


def _checked(name: str, x: np.ndarray, y: np.ndarray, num_found: int) -> Data:
    """Return arrays as data, classes numbered from 0."""
    if len(x) < MIN_SAMPLES:
        raise UserDataError(f"{name}: {len(x)} samples; expected {MIN_SAMPLES} or more")
    shape = (x.shape[1], x.shape[2], x.shape[3]) if x.ndim == 4 else None
    with np.errstate(over="ignore"):
        x = x.reshape(len(x), -1).astype(np.float64)
    if x.shape[1] > MAX_FEATURES:
        raise UserDataError(
            f"{name}: {x.shape[1]} features a sample; at most {MAX_FEATURES} are taken: choose some"
        )
    if not (np.abs(x) < LARGEST).all():
        raise UserDataError(f"{name}: x holds NaN, infinite values, or some beyond {LARGEST:g} in size")
    labels = _labels(name, y)
    if (np.ptp(x, axis=0) <= np.maximum(CONSTANT * np.abs(x).max(0), SMALLEST)).all():
        raise UserDataError(f"{name}: all samples are alike but for rounding: x says nothing about y")
    return Data(name, x, labels, shape, num_found)


def _labels(name: str, y: np.ndarray) -> np.ndarray:
    """Return whole numbers from 0 for whatever the labels are."""
    if y.dtype.kind not in "biufUS":
        raise UserDataError(f"{name}: y holds {y.dtype}; expected numbers or texts")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise UserDataError(f"{name}: y holds NaN or infinite values")
    classes, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    if not 2 <= len(classes) <= len(y) // 5:
        raise UserDataError(
            f"{name}: y has {len(classes)} classes in {len(y)} samples; expected at least 2, and at most one "
            "for every 5 samples"
        )
    if counts.min() < MIN_A_CLASS:
        raise UserDataError(
            f"{name}: class {classes[counts.argmin()]!s} has {counts.min()} of {len(y)} samples; "
            f"expected {MIN_A_CLASS} or more of each class, so that training and test can both hold it"
        )
    return labels.astype(np.int64)
