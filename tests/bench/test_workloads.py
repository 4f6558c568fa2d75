import pickle

import pytest
import torch

from bench.streams import Stream
from bench.workloads import (
    WORKLOADS,
    ImageFiles,
    PythonTokens,
    SkewedSamples,
    TensorCopies,
    TinyRows,
    open_workload,
)


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


def test_tokens_spell_the_words_that_they_came_from() -> None:
    tokens = PythonTokens()
    pieces = {number: piece for piece, number in tokens.ids.items()}
    for word in tokens.words[:50]:
        assert "".join(pieces[number] for number in tokens._tokenise(word)) == word
    assert tokens[3].shape == (1024,)
    assert tokens[3].max() <= len(pieces)


def test_one_sample_in_a_period_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("bench.workloads.time.sleep", slept.append)
    samples = SkewedSamples()
    for index in range(2 * samples.period):
        samples[index]
    assert slept == [0.080, 0.080]


def test_copies_are_not_the_stored_tensors_and_have_the_stated_size() -> None:
    copies = TensorCopies()
    assert copies[0].nbytes == 602_112
    assert copies[0].data_ptr() != copies.images[0].data_ptr()


def test_the_iterable_style_goes_through_the_same_samples() -> None:
    stream = open_workload("tiny", "iterable").dataset
    assert isinstance(stream, Stream)
    stream.num_samples = 5
    assert all(torch.equal(sample, TinyRows()[index]) for index, sample in enumerate(stream))
