"""The user's own data: good ones come through, others are refused in a sentence."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.generalization.sources import MAX_VALUES, load_data
from bench.user_data import UserDataError

Y = np.arange(60) % 3
X = np.random.default_rng(0).random((60, 4))


def saved(path: Path, **arrays: np.ndarray) -> str:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return str(path)


def images(folder: Path, **colours: int) -> str:
    for label, colour in colours.items():
        (folder / label).mkdir(parents=True)
        for number in range(20):
            mode = ("L", "RGB", "RGBA", "P")[number % 4]
            Image.new("L", (10 + number, 40 - number), colour).convert(mode).save(
                folder / label / f"{number}.png"
            )
    return str(folder)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "labels",
    [np.array(["a", "bb", "c"])[Y], Y * 0.5 - 1, Y.astype(float), Y == 1, Y.astype("S1"), 7 * Y],
)
def test_labels_may_be_texts_or_any_few_numbers(labels: np.ndarray, tmp_path: Path) -> None:
    data = load_data(saved(tmp_path / "a.npz", x=X, y=labels))
    assert np.array_equal(data.y_N, np.unique(labels, return_inverse=True)[1])
    assert data.y_N.dtype == np.int64


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((60, 3, 4, 4), (3, 4, 4)),
        ((60, 12, 10, 3), (3, 12, 10)),
        ((60, 9, 7), (1, 9, 7)),
        ((60, 40, 30), (1, 16, 16)),
        ((60, 3, 50, 60), (3, 16, 16)),
        ((60, 64, 64, 4), (4, 16, 16)),
    ],
)
def test_images_have_their_channels_on_either_side_and_large_ones_shrink(
    shape: tuple[int, ...], expected: tuple[int, int, int], tmp_path: Path
) -> None:
    x = (255 * np.random.default_rng(0).random(shape)).astype(np.uint8)
    data = load_data(saved(tmp_path / "a.npz", x=x, y=Y))
    assert data.image_shape == expected
    assert data.x_ND.shape == (60, np.prod(expected))
    assert data.x_ND.mean() == pytest.approx(x.mean(), rel=0.05)


def test_images_too_small_for_poolings_are_no_matter_for_a_cnn(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((60, 3, 3))
    assert not load_data(saved(tmp_path / "a.npz", x=x, y=Y)).has_images


def test_of_many_samples_a_part_is_drawn_that_is_always_the_same(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((8_000, 300)).astype(np.float32)
    spec = saved(tmp_path / "many.npz", x=x, y=np.arange(8_000) % 2)
    first, again = (load_data(spec) for _ in range(2))
    assert first.num_found == 8_000
    assert 0 <= MAX_VALUES - first.x_ND.size < 300
    assert np.array_equal(first.x_ND, again.x_ND)


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    spec = images(tmp_path / "set", cats=0, dogs=255)
    (tmp_path / "set" / "cats" / "notes.txt").write_text("no image")
    (tmp_path / "set" / "empty").mkdir()
    (tmp_path / "set" / "dogs" / "folder.png").mkdir()
    data = load_data(spec)
    assert (data.image_shape, data.num_classes) == ((3, 16, 16), 2)
    assert np.array_equal(data.x_ND.mean(1) > 0.5, data.y_N == 1)


@pytest.mark.parametrize(
    "name",
    ["samples", "loader", "make", "pictures", "palettes", "texts", "short", "float8", "sparse", "labels"],
)
def test_an_object_of_ones_own(name: str, tmp_path: Path) -> None:
    file = written(
        tmp_path / f"mine_{name}.py",
        """
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset
samples = [([float(i), float(-i)], i % 2) for i in range(50)]
loader = DataLoader(TensorDataset(torch.rand(50, 6, requires_grad=True), torch.arange(50) % 2))
def make():
    return loader.dataset
pictures = [(Image.new("RGB", (30, 20), (i, 0, 0)), i % 2) for i in range(50)]
palettes = [(x.convert("P"), y) for x, y in pictures]
texts = [(x, "ab"[y]) for x, y in samples]
short = [(torch.tensor(x).bfloat16(), torch.tensor(float(y)).bfloat16()) for x, y in samples]
float8 = [(torch.tensor(x).to(torch.float8_e4m3fn), y) for x, y in samples]
sparse = [(torch.tensor(x).to_sparse(), torch.tensor([y]).to_sparse()) for x, y in samples]
labels = [(x, b"ab"[y : y + 1]) for x, y in samples]
""",
    )
    data = load_data(f"{file}:{name}")
    assert len(data.x_ND) == 50
    assert data.num_classes == 2
    assert data.image_shape == ((3, 16, 16) if name in {"pictures", "palettes"} else None)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X}, "holds a; expected arrays x and y"),
        ({"X": X, "labels": Y}, "holds X, labels; expected arrays x and y"),
        ({"x": X[:5], "y": Y[:5]}, "5 samples; expected 30 or more"),
        ({"x": X[:0], "y": Y[:0]}, r"x \(0, 4\)"),
        ({"x": X, "y": Y[:-1]}, r"x \(60, 4\) and y \(59,\)"),
        ({"x": X, "y": np.eye(3)[Y]}, "a label each"),
        ({"x": X[:, 0], "y": Y}, "a label each"),
        ({"x": np.float32(1), "y": np.float32(1)}, "a label each"),
        ({"x": X[:, :0], "y": Y}, "a label each"),
        ({"x": np.where(X > 0.9, np.nan, X), "y": Y}, "x holds NaN"),
        ({"x": np.where(X > 0.9, np.inf, X), "y": Y}, "x holds NaN, infinite values"),
        ({"x": X * 1e300, "y": Y}, r"or some beyond 1e\+30 in size"),
        ({"x": np.where(X > 0.9, np.finfo(float).max, -X), "y": Y}, "beyond 1e"),
        ({"x": np.full((60, 20, 20), 1e200) * X[:, :1, None], "y": Y}, "beyond 1e"),
        ({"x": X.astype(np.longdouble) * np.longdouble("1e400"), "y": Y}, "beyond 1e"),
        ({"x": X * 1e-200, "y": Y}, "all samples are alike but for rounding"),
        ({"x": X + 1e12, "y": Y}, "all samples are alike but for rounding"),
        ({"x": np.zeros((60, 2), dtype="M8[D]"), "y": Y}, "datetime64"),
        ({"x": X, "y": Y + 1j}, "y holds complex128"),
        ({"x": X, "y": np.where(Y == 1, np.nan, Y)}, "y holds NaN or infinite values"),
        ({"x": X + 1j, "y": Y}, "complex128; expected real numbers"),
        ({"x": X.astype(str), "y": Y}, "expected real numbers"),
        ({"x": X, "y": Y.astype("M8[s]")}, "expected numbers or texts"),
        ({"x": X, "y": 0 * Y}, "1 classes in 60 samples"),
        ({"x": X, "y": np.arange(60)}, "60 classes in 60 samples"),
        ({"x": X, "y": (np.arange(60) < 3).astype(int)}, "class 1 has 3 of 60 samples"),
        ({"x": np.ones((60, 4)), "y": Y}, "all samples are alike"),
        ({"x": np.tile(X, 1000), "y": Y}, "4000 features a sample; at most 1024"),
        ({"x": np.array([{"a": 1}] * 60, dtype=object), "y": Y}, "without pickled objects"),
        ({"x": X, "y": np.array([1, "a", None] * 20, dtype=object)}, "without pickled objects"),
    ],
)
def test_arrays_that_are_no_data_are_refused_in_a_sentence(
    arrays: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    spec = saved(tmp_path / "a.npz", **arrays)
    with pytest.raises(UserDataError, match=message) as refused:
        load_data(spec)
    assert str(refused.value).count(spec) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"words", b"\x93NUMPY\x01\x00\xff\xff{"])
def test_a_file_that_is_broken_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserDataError, match="cannot be read as arrays"):
        load_data(str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    ("kind", "full", "suffix"),
    [(np.uint8, 255, "png"), (np.uint16, 65535, "png"), (np.uint16, 65535, "tif"), (np.float32, 1.0, "tif")],
)
def test_grey_images_of_any_depth_are_scaled_by_their_range(
    kind: type, full: float, suffix: str, tmp_path: Path
) -> None:
    for label, share in (("dark", 0.25), ("light", 0.75)):
        (tmp_path / label).mkdir()
        for number in range(20):
            image = Image.fromarray(np.full((30, 20), share * full, dtype=kind))
            image.save(tmp_path / label / f"{number}.{suffix}")
    data = load_data(str(tmp_path))
    assert data.x_ND.mean(1) == pytest.approx(np.repeat([0.25, 0.75], 20), abs=0.01)


def test_a_photograph_is_seen_upright_and_of_a_moving_picture_the_first_frame(tmp_path: Path) -> None:
    left = np.zeros((16, 16, 3), np.uint8)
    left[:, :8] = 255
    image, black = Image.fromarray(left), Image.new("RGB", (16, 16))
    turned = Image.Exif()
    turned[0x0112] = 3  # orientation: upside down
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(10):
            image.save(tmp_path / label / f"{number}.png")
            image.save(tmp_path / label / f"{number}.gif", save_all=True, append_images=[black])
            image.rotate(180).save(tmp_path / label / f"{number}.tif", exif=turned)
        black.save(tmp_path / label / "black.png")
    x = load_data(str(tmp_path)).x_ND.reshape(62, 3, 16, 16)
    assert (x[:, :, :, 8:] == 0).all()
    assert (x[:, :, :, :8].mean((1, 2, 3)) == 1).sum() == 60


def test_a_link_to_nowhere_is_told_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    spec = images(tmp_path / "set", cats=0, dogs=255)
    os.mkfifo(tmp_path / "set" / "cats" / "pipe.png")
    assert len(load_data(spec).x_ND) == 40
    (tmp_path / "set" / "dogs" / "gone.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserDataError, match=r"gone\.png cannot be read as an image: FileNotFoundError"):
        load_data(spec)


@pytest.mark.parametrize("spec", ["n" * 5000, "n" * 5000 + ".npz"])
def test_a_name_that_no_file_can_have_is_refused_in_a_sentence(spec: str) -> None:
    with pytest.raises(UserDataError, match=r"cannot be read: OSError: .*too long"):
        load_data(spec)


def test_a_broken_image_or_a_folder_without_classes_is_refused_in_a_sentence(tmp_path: Path) -> None:
    spec = images(tmp_path / "broken", cats=0, dogs=255)
    (tmp_path / "broken" / "dogs" / "3.png").write_bytes(b"\x89PNG nothing")
    (tmp_path / "empty").mkdir()
    one = images(tmp_path / "one", cats=0)
    (tmp_path / "one" / "dogs").mkdir()
    for refused, message in (
        (spec, r"3\.png cannot be read as an image"),
        (str(tmp_path / "empty"), "at least two folders with images"),
        (one, "at least two folders with images"),
        ("nothing", "there is no such data; expected digits"),
        ("", "no name: there is no such data"),
        ("nowhere.py:data", "there is no such file"),
    ):
        with pytest.raises(UserDataError, match=message):
            load_data(refused)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", r"sample 3 raised KeyError: 3 \(faulty_raises.py, line 5\)"),
        ("dicts", "sample 0 is dict; expected pairs"),
        ("leaves", r"sample 7 raised SystemExit: 3 \(faulty_leaves.py, line 9\)"),
        ("lines", r"sample 0 raised ValueError: one two \(faulty_lines.py, line 11\)"),
        ("mute", r"sample 0 raised Mute \(faulty_mute.py, line 15\)"),
        ("lengthless", r"cannot be loaded: NotImplementedError \(faulty_lengthless.py, line 17\)"),
        ("endless", "is endless; expected a map-style Dataset with a length above 0"),
        ("triples", "sample 0 is tuple of 3; expected pairs"),
        ("lists", "sample 0 holds no numbers: ValueError"),
        ("listed", "sample 0 holds no numbers: ValueError"),
        ("nowhere", "sample 0 holds no numbers: NotImplementedError"),
        ("films", r"sample 0 has shape \(2, 2, 2, 2\)"),
        ("void", r"sample 0 has shape \(3, 0, 20\)"),
        ("dates", "sample 0 has no label that is one number or text"),
        ("unlabelled", "y holds NaN"),
        ("ragged", r"shapes \(1,\) and \(2,\)"),
        ("stream", "a map-style Dataset with a length above 0"),
        ("five", "a map-style Dataset with a length above 0"),
        ("nothing", "a map-style Dataset with a length above 0"),
        ("explode", r"cannot be loaded: TypeError: boom \(faulty_explode.py, line 31\)"),
        ("leave", "cannot be loaded: SystemExit: 3"),
        ("needs", "needs path; a function without arguments"),
        ("absent", "has no 'absent'"),
    ],
)
def test_an_object_that_is_no_data_is_refused_in_a_sentence(name: str, message: str, tmp_path: Path) -> None:
    file = written(
        tmp_path / f"faulty_{name}.py",
        """
class raises(list):
    def __init__(self): super().__init__(range(50))
    def __getitem__(self, i):
        if i == 3: raise KeyError(i)
        return [float(i)], i % 2
class leaves(raises):
    def __getitem__(self, i):
        return super().__getitem__(i % 3) if i != 7 else exit(3)
class lines(raises):
    def __getitem__(self, i): raise ValueError("one\\ntwo. three")
class Mute(Exception):
    def __str__(self): raise KeyError
class mute(raises):
    def __getitem__(self, i): raise Mute
class lengthless(raises):
    def __len__(self): raise NotImplementedError
class endless:
    def __getitem__(self, i): return [float(i)], i % 2
import numpy, torch
triples = [([0.0], 1, 2)] * 50
lists = [([[1.0, 2.0], [3.0]], 1)] * 50
listed = [([1.0], [[1], [2, 3]])] * 50
nowhere = [(torch.zeros(3, device="meta"), 1)] * 50
films = [(torch.zeros(2, 2, 2, 2), 1)] * 50
void = [(torch.zeros(3, 0, 20), 1)] * 50
dates = [([1.0], numpy.datetime64("2020-01-01"))] * 50
unlabelled = [([float(i)], float("nan") if i % 2 else 1.0) for i in range(50)]
dicts = [{"x": 1}] * 50
ragged = [([0.0] * (1 + i % 2), i % 2) for i in range(50)]
def explode(): raise TypeError("boom")
def leave(): raise SystemExit(3)
def stream(): return (pair for pair in ragged)
def needs(path): return ragged
five, nothing = 5, None
""",
    )
    with pytest.raises(UserDataError, match=message):
        load_data(f"{file}:{name}")


@pytest.mark.parametrize("text", ["import no_such_module_at_all", "def f(:"])
def test_a_file_that_cannot_be_imported_is_refused_with_its_line(text: str, tmp_path: Path) -> None:
    file = written(tmp_path / f"unimportable_{len(text)}.py", text)
    with pytest.raises(UserDataError, match=rf"cannot be loaded: .*{file.name}, line 1"):
        load_data(f"{file}:f")


def test_nothing_in_a_file_is_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "boom",))

    payload = np.array([Bomb()] * 40, dtype=object)
    with (tmp_path / "bomb.npz").open("wb") as file:
        np.savez(file, x=payload, y=np.arange(40) % 2)
    assert pickle.dumps(Bomb())
    with pytest.raises(UserDataError):
        load_data(str(tmp_path / "bomb.npz"))
    assert not (tmp_path / "boom").exists()
