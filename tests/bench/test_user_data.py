import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, SequentialSampler

from bench.loader_epochs import LoaderEpochs
from bench.streams import Stream
from bench.user_data import UserDataError, is_user_data, load, of_loaded, tensors_in

SOURCE = """
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

class Numbers(Dataset):
    def __len__(self): return 7
    def __getitem__(self, index): return {"x": torch.full((3,), float(index)), "label": index}

class Stream(IterableDataset):
    def __iter__(self): return iter([torch.zeros(1)])

class Dry(IterableDataset):
    def __iter__(self): return iter([])

class Empty(Numbers):
    def __len__(self): return 0

numbers = Numbers()
loader = DataLoader(numbers, batch_size=3, collate_fn=list)
stream = Stream()
dry = Dry()
empty = Empty()
words = "words"

def make(): return Numbers()
def make_loader(): return DataLoader(Numbers(), batch_size=5)
"""


class Streamed(IterableDataset[torch.Tensor]):
    def __iter__(self) -> Iterator[torch.Tensor]:
        return iter(torch.arange(12.0).view(3, 4))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"data_{tmp_path.name}.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "batch_size"), [("numbers", 16), ("make", 16), ("loader", 3), ("make_loader", 5)]
)
def test_a_dataset_a_loader_or_a_function_that_returns_one_is_taken(
    file: Path, name: str, batch_size: int
) -> None:
    data = load(f"{file}:{name}")
    assert len(data.dataset) == 7  # type: ignore[arg-type]
    assert data.batch_size == batch_size


def test_a_stream_is_repeated_so_that_an_epoch_can_have_any_length(file: Path) -> None:
    stream = load(f"{file}:stream").dataset
    assert isinstance(stream, Stream)
    stream.num_samples = 3
    assert len(list(stream)) == 3


def test_a_stream_without_samples_ends_in_a_sentence(file: Path) -> None:
    stream = load(f"{file}:dry").dataset
    assert isinstance(stream, Stream)
    stream.num_samples = 3
    with pytest.raises(ValueError, match="Dry yielded no sample"):
        next(iter(stream))


def test_the_loaders_own_collate_function_is_kept(file: Path) -> None:
    assert load(f"{file}:loader").collate_fn is list


def test_batches_of_a_loaders_own_are_samples_of_one_batch() -> None:
    numbers = [torch.tensor([float(one)]) for one in range(7)]
    by_length = BatchSampler(SequentialSampler(numbers), 3, drop_last=False)
    loaders = [
        DataLoader(numbers, batch_sampler=by_length),  # type: ignore[arg-type]
        DataLoader(numbers, batch_size=None),  # type: ignore[arg-type]
        DataLoader(Streamed(), batch_size=None),
    ]
    for own in loaders:
        data = of_loaded(own, "train.py:loader")
        again = LoaderEpochs(
            data.dataset, batch_size=data.batch_size, collate_fn=data.collate_fn, num_workers=0
        )
        again.epoch.num_samples = len(list(own))
        assert [batch.tolist() for batch in again.loader] == [batch.tolist() for batch in own]


def test_the_dataset_can_be_pickled_for_spawned_workers(file: Path) -> None:
    dataset = load(f"{file}:numbers").dataset
    assert len(pickle.loads(pickle.dumps(dataset))) == 7


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nothing",
            "it has Dry, Empty, Numbers, Stream, dry, empty, loader, make, make_loader, numbers",
        ),
        ("words", "is str; expected a Dataset, map-style or iterable"),
        ("empty", "a length above 0"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(file: Path, name: str, message: str) -> None:
    with pytest.raises(UserDataError, match=message):
        load(f"{file}:{name}")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UserDataError, match="there is no such file"):
        load("nowhere.py:make")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("train.py:make", True),
        (r"C:\code\train.py:make", True),
        ("image", False),
        ("train.py", False),
        ("a.py:1", False),
    ],
)
def test_files_with_names_are_told_from_workloads(text: str, answer: bool) -> None:
    assert is_user_data(text) is answer


def test_tensors_are_found_in_nested_batches() -> None:
    batch = {"a": torch.zeros(2), "b": [torch.ones(3), ("word", torch.zeros(4))], "c": 5}
    assert [len(tensor) for tensor in tensors_in(batch)] == [2, 3, 4]
