"""A log, read: its errors, what it says outside of code, and the platform it shows."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import takewhile

from diagnostics.traces.cleaning import Line, clean, decode, messages, rejoin, split_lines, unfold, unwrap
from diagnostics.traces.errors import Error
from diagnostics.traces.joining import join_apart
from diagnostics.traces.places import Place, place_of
from diagnostics.traces.platforms import Platform, read_platform
from diagnostics.traces.prefixes import learn_prefixes, strip_prefixes
from diagnostics.traces.tracebacks import read_errors
from diagnostics.traces.windows import select

MOST_SPEAKERS = 64
LEAST_SPEAKERS = 8  # that are taken for speakers however few lines there are
_NOTHING = re.compile(r"(?:`{3}[\w+-]{0,20})?")  # said: an empty quoted line, a fence of Markdown
_OTHER_FRAMEWORKS = re.compile(r"-packages/(?:paddle|tensorflow|keras|mxnet|jax|mindspore)/")
_CAPITAL = re.compile(r"(?<![\w.'\"])[A-Z](?=[a-z]+ )")  # of a word that another one follows
MOST_ERRORS = 300  # kept of a log that repeats itself; the first and the last ones


@dataclass(frozen=True)
class Trace:
    """A log as checks see it."""

    errors: tuple[Error, ...] = ()
    lines: tuple[Line, ...] = ()
    platform: Platform = field(default_factory=Platform)
    num_lines: int = 0
    flat: str = ""
    offsets: tuple[int, ...] = ()
    code: str = ""
    everything: tuple[Line, ...] = ()
    _places: dict[int, Place] = field(default_factory=dict, compare=False, repr=False)

    def find(self, pattern: str, is_title: bool = False) -> "Quote | None":
        """Return the first place where the log's text, line ends aside and code left out, has a pattern.

        People write a message that begins with a small letter with a capital one where it is their title.
        """
        found = compiled(pattern).search(self._untitled if is_title else self.flat)
        return self._quote(found) if found else None

    def find_all(self, pattern: str, limit: int = 20_000) -> "list[Quote]":
        """Return all such places, at most `limit`."""
        quotes = []
        for found in compiled(pattern).finditer(self.flat):
            quotes.append(self._quote(found))
            if len(quotes) >= limit:
                break
        return quotes

    @cached_property
    def _untitled(self) -> str:
        return _CAPITAL.sub(lambda found: found[0].lower(), self.flat)

    def _quote(self, found: re.Match[str]) -> "Quote":
        first = max(bisect_right(self.offsets, found.start()) - 1, 0)
        last = max(bisect_right(self.offsets, max(found.end() - 1, found.start())) - 1, first)
        return Quote(found, self.lines[first : last + 1])

    def find_line(self, pattern: str) -> Line | None:
        """Return the first line that has a pattern, frames and code included."""
        return next((line for line in self.everything if compiled(pattern).search(line.text)), None)

    def raised(self, where: Callable[[Error], bool]) -> Error | None:
        """Return the first error for which `where` holds."""
        return next((error for error in self.errors if where(error)), None)

    def handled_at(self, error: Error) -> Error | None:
        """Return the error during whose handling another one was raised."""
        if error.relation != "context":
            return None
        before = takewhile(lambda one: one is not error, self.errors)
        own = [one for one in before if one.source == error.source and one.is_handled]
        return own[-1] if own else None

    def place(self, error: Error) -> Place:
        """Return where an error was raised."""
        if id(error) not in self._places:
            self._places[id(error)] = place_of(error)
        return self._places[id(error)]

    @property
    def mentions_loader(self) -> bool:
        """Whether a DataLoader or a worker plays any part in the log."""
        return bool(
            any(frame.is_loader for error in self.errors for frame in error.frames)
            or self.find(r"(?i)data ?loader|num_workers|pt_data_worker|worker process")
        )

    @property
    def is_training(self) -> bool:
        """Whether torch, or a training, plays any part in the log."""
        words = (
            r"(?i)\bepochs?\b|torch|lightning|\bcuda|tensor|\bloss\b|fine-?tun|\btrain(?:ing|er|\.py)\b"
            r"|DataLoader"
        )
        has_frames = any(frame.is_torch for error in self.errors for frame in error.frames)
        return bool(
            self.mentions_loader or has_frames or self.find(words) or compiled(words).search(self.code)
        )

    @property
    def is_of_another_framework(self) -> bool:
        """Whether its frames are another framework's, and nothing speaks of torch."""
        frames = [frame for error in self.errors for frame in error.frames]
        is_torchs = any(frame.is_torch for frame in frames) or self.find(r"(?i)torch")
        return not is_torchs and any(_OTHER_FRAMEWORKS.search(frame.path) for frame in frames)


@dataclass(frozen=True)
class Quote:
    """A match in the log, and the lines it spans."""

    match: re.Match[str]
    lines: tuple[Line, ...]

    def __getitem__(self, group: int) -> str:
        return self.match[group] or ""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern once; a word ends where Chinese or Japanese begins."""
    return re.compile(pattern, re.ASCII)


def _distinct(errors: list[Error]) -> Iterator[Error]:
    """Leave out errors that repeat an earlier one, numbers aside.

    Where the earlier one has lost its beginning, as in a log that is cut, the whole one stands for it.
    """
    seen: dict[tuple[object, ...], Error] = {}
    for error in errors:
        ends = tuple(frame.path for frame in error.frames[-2:])
        key = (
            error.type,
            re.sub(r"\d+", "0", error.detail[:300]),
            ends,
            error.is_ignored,
            error.where[:20],
            error.is_wrapper,
            error.relation,
            error.is_handled,
        )
        if key not in seen or _is_end_of(seen[key], error):
            seen[key] = error
    yield from seen.values()


def _is_end_of(part: Error, whole: Error) -> bool:
    """Tell whether one traceback is the rest of another, whose beginning it lacks."""
    own, other = ([(frame.path, frame.function) for frame in error.frames] for error in (part, whole))
    return 0 < len(own) < len(other) and other[-len(own) :] == own


def _without(prefix: re.Pattern[str], line: Line) -> Line:
    """Return a line without what its log puts before lines."""
    found = prefix.match(line.text)
    if found is None:
        return line
    text, source = strip_prefixes(line.text[found.end() :])
    return replace(line, text=text, source=source or line.source)


def read_trace(data: bytes | str) -> Trace:
    """Read a log; whatever the bytes are, a trace comes back."""
    text = decode(data) if isinstance(data, bytes) else data
    numbered = split_lines(text)
    said = [(number, part) for number, content in unwrap(select(numbered)) for part in messages(content)]
    chosen = unfold([(number, clean(part)) for number, part in said])
    read = [Line(number, *strip_prefixes(content)) for number, content in chosen]
    if learnt := learn_prefixes([line.text for line in read]):
        read = [_without(learnt, line) for line in read]
    lines = [line for line in read if not _NOTHING.fullmatch(line.text.strip())]
    most = min(MOST_SPEAKERS, max(LEAST_SPEAKERS, len(lines) // 2))
    if len({line.source for line in lines}) > most:  # numbers of lines, not of ranks
        lines = [replace(line, source="") for line in lines]
    lines = rejoin(lines)
    errors, texts = read_errors(lines)
    kept = list(_distinct(join_apart(errors)))
    if len(kept) > MOST_ERRORS:
        kept = kept[: MOST_ERRORS // 2] + kept[-MOST_ERRORS // 2 :]
    words = [" ".join(line.text.split()) for line in texts]
    offsets, position = [], 0
    for word in words:
        offsets.append(position)
        position += len(word) + 1
    code = "\n".join(frame.code for error in kept for frame in error.frames if frame.code)
    sample = "\n".join(line.text for line in lines[:4000])
    return Trace(
        errors=tuple(kept),
        lines=tuple(texts),
        platform=read_platform(sample),
        num_lines=numbered[-1][0] if numbered else 0,
        flat=" ".join(words),
        offsets=tuple(offsets),
        code=code,
        everything=tuple(lines),
    )
