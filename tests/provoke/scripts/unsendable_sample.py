"""A sample that the queue's feeder thread cannot pickle: the run would hang for ever."""

from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return (lambda: index) if index == 13 else index


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4, num_workers=2, collate_fn=list):
        pass
