import pickle

import pytest
import torch

from bench.workloads import WORKLOADS, ImageFiles


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_sample_is_the_same_in_a_process_that_got_the_dataset_pickled(name: str) -> None:
    dataset = WORKLOADS[name].dataset()
    twin = pickle.loads(pickle.dumps(dataset))
    assert all(torch.equal(dataset[index], twin[index]) for index in (0, 5, len(dataset) - 1))


def test_images_are_crops_of_real_photographs() -> None:
    images = torch.stack([ImageFiles()[index] for index in range(8)])
    assert images.shape == (8, 3, 224, 224)
    assert images.dtype == torch.float32
    assert 0 <= images.min() < 0.1
    assert 0.9 < images.max() <= 1
    assert images.std() > 0.1


def test_crops_differ_between_samples_of_one_photograph() -> None:
    images = ImageFiles()
    assert not torch.equal(images[0], images[len(images.files)])
