"""Runs the scripts that break a DataLoader through `run`, several at once."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
SMALL_SHM = ('mount -t tmpfs -o size=8m tmpfs /dev/shm && exec "$@"', "sh")
TIME_LIMIT_SECONDS = 100
OURS = ("\nWhat happened\n", "\ntorch-checkup: ")


@dataclass(frozen=True)
class Ran:
    """What `run` gave for one script."""

    code: int
    document: dict
    stdout: str
    stderr: str

    @property
    def first(self):
        return self.document["findings"][0]

    @property
    def slugs(self):
        return [finding["slug"] for finding in self.document["findings"]]

    @property
    def log(self):
        """What the script itself wrote to stderr."""
        text = self.stderr if self.stderr.startswith("\n") else f"\n{self.stderr}"
        return text[: min((text.find(mark) for mark in OURS if mark in text), default=len(text))]


def with_small_shm(command):
    """Return a command that sees a /dev/shm of 8 MiB of its own; None where that is not permitted."""
    if shutil.which("unshare") is None:
        return None
    wrapped = ["unshare", "--mount", "sh", "-c", *SMALL_SHM]
    tried = subprocess.run([*wrapped, "true"], capture_output=True, check=False)
    return None if tried.returncode else [*wrapped, *command]


def run_watched(words, folder, *options, wrap=lambda command: command, **keywords):
    """Run a command through `run` and return what came of it."""
    target = folder / "run.json"
    command = [sys.executable, "-m", "diagnostics", "run", "--json", str(target), *options, "--", *words]
    done = subprocess.run(
        wrap(command),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        cwd=ROOT,
        timeout=TIME_LIMIT_SECONDS,
        check=False,
        **keywords,
    )
    assert target.exists(), done.stderr
    return Ran(done.returncode, json.loads(target.read_text("utf-8")), done.stdout, done.stderr)
