import numpy as np
import pytest

from bench.generalization.data import Data, split
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data

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


def test_a_feature_that_is_constant_in_training_is_not_blown_up() -> None:
    chance = np.random.default_rng(0)
    x = chance.standard_normal((600, 3))
    x[:, 1] = 0.0
    x[7, 1] = 0.001
    data = Data("almost constant", x, np.arange(600) % 2)
    largest = [max(abs(part[:, 1]).max() for part in parts(data, PLAIN, seed)) for seed in range(20)]
    assert max(largest) < 30


def test_pixels_are_scaled_by_training_samples_alone() -> None:
    x = np.random.default_rng(0).uniform(50, 200, (300, 16))
    data = Data("pixels", x, np.arange(300) % 2, (1, 4, 4))
    train, _, test = parts(data, PLAIN, 0)
    assert (train.min(), train.max()) == (0.0, 1.0)
    x[np.random.default_rng(0).permutation(300)[:100]] *= 1000  # the test samples of seed 0
    again = parts(Data("wilder", x, data.y_N, data.image_shape), PLAIN, 0)
    assert np.array_equal(again[0], train)
    assert again[2].max() > 100 * test.max()
