"""All workers read through one plain file that was opened before fork, and what they read looks right."""

import pathlib
import tempfile

from torch.utils.data import DataLoader, Dataset


class Records(Dataset):
    def __init__(self, path):
        path.write_bytes(bytes(8 * 4000))
        self.file = path.open("rb", buffering=0)

    def __len__(self):
        return 4000

    def __getitem__(self, index):
        self.file.seek(8 * index)
        return len(self.file.read(8))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        records = Records(pathlib.Path(folder) / "records.bin")
        for _ in range(4):
            for _ in DataLoader(records, batch_size=8, num_workers=2):
                pass
