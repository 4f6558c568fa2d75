"""All workers read through one zip file that was opened before fork."""

import pathlib
import random
import tempfile
import zipfile

from torch.utils.data import DataLoader, Dataset


class Members(Dataset):
    def __init__(self, path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for index in range(64):
                archive.writestr(str(index), random.Random(index).randbytes(200_000))
        self.archive = zipfile.ZipFile(path)

    def __len__(self):
        return 64

    def __getitem__(self, index):
        return len(self.archive.read(str(index)))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        members = Members(pathlib.Path(folder) / "members.zip")
        for _ in range(50):
            for _ in DataLoader(members, batch_size=2, num_workers=4):
                pass
