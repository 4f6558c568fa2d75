import pytest

from reports.private_patterns import HIDDEN, HIDDEN_PATH, hidden_words

HIDES = {
    "/srv/project/data.bin": HIDDEN_PATH,
    "/tmp/pytest-of-ann/x": HIDDEN_PATH,
    "-I/home/ann/include": f"-I{HIDDEN_PATH}",
    "src:/home/ann": f"src:{HIDDEN_PATH}",
    r"C:\Users\John Smith\x.py": HIDDEN_PATH,
    r'"C:\\Users\\ann\\x"': f'"{HIDDEN_PATH}"',
    "D:/work/x": HIDDEN_PATH,
    r"\\nas\share\x": HIDDEN_PATH,
    "~/x/y": HIDDEN_PATH,
    "/mnt/My Data/x": HIDDEN_PATH,
    "bench[/data/x]": f"bench[{HIDDEN_PATH}]",
    "at 10.20.30.40:80": f"at {HIDDEN}:80",
    "fe80::1": HIDDEN,
    "MAC 00-1A-2B-3C-4D-5E": f"MAC {HIDDEN}",
    "ann@box": HIDDEN,
    "Bearer abcdefgh1234": f"Bearer {HIDDEN}",
    "password: hunter2": f"password: {HIDDEN}",
    "DATA_DIR=abc python x": f"DATA_DIR={HIDDEN} python x",
    "hf_abcdefghijklmnop": HIDDEN,
}
STAYS = (
    "a/b/c.py::test_users",
    "3,910 samples/s",
    "n/a and/or 1/2",
    "/dev/shm",
    "mount -o remount,size=8G /dev/shm",
    "/proc/self/status",
    "/sys/fs/cgroup/cpu.max",
    "https://docs.example/stable/data.html",
    "OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false python train.py",
    "TMPDIR=/tmp",
    "12:00:00",
    "2026-03-01T11:57:00+00:00",
    "2.13.0+cpu, glibc2.36",
    "127.0.0.1",
    "bench[tokens-4096x256-train]",
    "a.py::bed",
    "lambda x: x",
)


@pytest.mark.parametrize("text", HIDES)
def test_private_words_are_hidden(text: str) -> None:
    assert hidden_words(text)[0] == HIDES[text]
    assert hidden_words(text)[1]


@pytest.mark.parametrize("text", STAYS)
def test_other_words_stay(text: str) -> None:
    assert hidden_words(text) == (text, frozenset())
