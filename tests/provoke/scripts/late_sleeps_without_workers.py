"""Sample 30,001 of quick ones never comes, in the main process."""

import time

from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 40_000

    def __getitem__(self, index):
        if index == 30_001:
            time.sleep(3600)
        return index


if __name__ == "__main__":
    for _ in DataLoader(Numbers(), batch_size=4):
        pass
