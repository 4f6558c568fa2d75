import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.generalization.data import Data, load_data, split
from bench.generalization.setting import Setting
from bench.user_data import UserDataError

PLAIN = Setting("plain")


def parts(data: Data, setting: Setting, seed: int) -> list[np.ndarray]:
    found = split(data, setting, seed)
    return [one.numpy() for one in (found.x_train, found.x_validation, found.x_test)]


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_no_sample_is_in_two_parts(name: str) -> None:
    data = load_data(name)
    unique = {row.tobytes() for row in data.x_ND}
    train, validation, test = parts(data, Setting("all", num_train=10**6), 3)
    assert len(train) == data.max_train
    assert len(train) + len(validation) + len(test) == len(data.x_ND)
    if name == "digits":
        seen = [{row.tobytes() for row in part} for part in (train, validation, test)]
        assert set.union(*seen) == unique
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]


def test_the_seed_alone_decides_and_less_data_is_a_part_of_more() -> None:
    data = load_data("digits")
    few, many = (parts(data, Setting("n", num_train=n), 5) for n in (40, 200))
    assert np.array_equal(few[0], many[0][:40])
    assert np.array_equal(few[2], many[2])
    assert not np.array_equal(few[2], parts(data, PLAIN, 6)[2])


def test_wrong_labels_are_as_many_as_asked_and_never_in_the_test() -> None:
    data = load_data("digits")
    clean, noisy = (split(data, Setting("n", label_noise=share), 1) for share in (0.0, 0.2))
    for part in ("train", "validation"):
        wrong = (getattr(clean, f"y_{part}") != getattr(noisy, f"y_{part}")).float().mean()
        assert float(wrong) == pytest.approx(0.2, abs=0.01)
    assert (clean.y_test == noisy.y_test).all()
    assert float((noisy.y_test != noisy.y_test_spoiled).float().mean()) == pytest.approx(0.2, abs=0.01)


def test_features_that_are_no_pixels_are_standardised_by_training_samples_alone() -> None:
    train, _, test = parts(load_data("breast_cancer"), PLAIN, 0)
    assert np.allclose(train.mean(0), 0, atol=1e-4)
    assert np.allclose(train.std(0), 1, atol=1e-3)
    assert not np.allclose(test.mean(0), 0, atol=1e-3)


def test_arrays_in_a_file(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=chance.random((60, 3, 4, 4)), y=np.array(["cat", "dog", "eel"] * 20))
    data = load_data(str(tmp_path / "a.npz"))
    assert (data.x_ND.shape, data.num_classes, data.image_shape) == ((60, 48), 3, (3, 4, 4))


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    for label, colour in (("cats", 0), ("dogs", 255)):
        for number in range(20):
            (tmp_path / label).mkdir(exist_ok=True)
            Image.new("L", (30, 20), colour).save(tmp_path / label / f"{number}.png")
        (tmp_path / label / "notes.txt").write_text("no image")
    data = load_data(str(tmp_path))
    assert data.image_shape == (3, 16, 16)
    assert np.array_equal(data.x_ND.mean(1) > 0.5, data.y_N == 1)


def test_an_object_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine_for_generalization.py"
    file.write_text("samples = [([float(i), float(-i)], i % 2) for i in range(50)]\n", encoding="utf-8")
    data = load_data(f"{file}:samples")
    assert (data.x_ND.shape, data.num_classes) == ((50, 2), 2)


def test_what_is_no_data_is_refused_in_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "wrong.npz", a=np.zeros(3))
    np.savez(tmp_path / "short.npz", x=np.zeros((5, 2)), y=np.zeros(5))
    np.savez(tmp_path / "nan.npz", x=np.full((40, 2), np.nan), y=np.arange(40) % 2)
    np.savez(tmp_path / "targets.npz", x=np.zeros((40, 2)), y=np.arange(40))
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 cut off")
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, x=np.array([{"a": 1}], dtype=object), y=np.zeros(1))
    (tmp_path / "empty").mkdir()
    for spec, message in (
        ("nothing", "there is no such data; expected digits"),
        (str(tmp_path / "wrong.npz"), "holds a: arrays x and y are wanted"),
        (str(tmp_path / "short.npz"), "30 samples or more"),
        (str(tmp_path / "nan.npz"), "NaN or infinite"),
        (str(tmp_path / "targets.npz"), "40 classes in 40 samples"),
        (str(tmp_path / "cut.npz"), "cannot be read as arrays"),
        (str(pickled), "without pickled objects"),
        (str(tmp_path / "empty"), "at least two folders"),
        ("nowhere.py:data", "there is no such file"),
    ):
        with pytest.raises(UserDataError, match=message):
            load_data(spec)


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
