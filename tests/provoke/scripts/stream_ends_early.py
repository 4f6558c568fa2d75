from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Kept(IterableDataset):
    """Announces every row, and leaves out some of them."""

    def __len__(self):
        return 400

    def __iter__(self):
        info = get_worker_info()
        yield from (row for row in range(info.id, len(self), info.num_workers) if row % 5)


def batches(loader):
    iterator = iter(loader)
    for _ in range(len(loader)):
        yield next(iterator)


if __name__ == "__main__":
    print(sum(len(batch) for batch in batches(DataLoader(Kept(), batch_size=4, num_workers=2))))
