"""Excerpts of logs, `logs/<slug>.txt`: a line "%%% origin" begins each; made neutral, shortened."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "logs"


@dataclass(frozen=True)
class Excerpt:
    slug: str
    origin: str
    text: str

    def __str__(self) -> str:
        return f"{self.slug}: {self.origin}"


def read_excerpts(folder: Path = FOLDER) -> list[Excerpt]:
    excerpts = []
    for path in sorted(folder.glob("*.txt")):
        for part in ("\n" + path.read_text(encoding="utf-8")).split("\n%%% ")[1:]:
            origin, _, text = part.partition("\n")
            excerpts.append(Excerpt(path.stem, origin, text))
    return excerpts
