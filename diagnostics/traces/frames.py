"""Frames: one line of a traceback in any of the forms that Python, IPython, rich, pytest and py-spy write."""

import re
from dataclasses import dataclass, replace

LONGEST_FRAME = 600  # characters of a line that can be a frame
_LOADER = "torch/utils/data/"
_LIBRARY = (
    "/site-packages/",
    "/dist-packages/",
    "<frozen ",
    "/lib/python",
    "/anaconda3/lib/",
    "lib/runpy.py",
)
_PYTHON = re.compile(r"File \"([^\"\n]{1,1000})\",\s{0,4}line (\d{1,7})(?:,? in ([^\s(]{1,200})(.{0,400}))?")
_IPYTHON_NEW = re.compile(
    r"(?:File|Cell|Input) (\S.{0,400}?)[:,] ?(?:line )?(\d{1,7})(?:, in |$)(\S{0,200}?)(?:\(.*)?$"
)
_IPYTHON_CELL = re.compile(
    r"(?:Input |Cell )(In ?\[\d{1,5}\]),(?: line (\d{1,7}),?)?(?: in (\S{1,100}).{0,80})?"
)
_IPYTHON_OLD = re.compile(
    r"(<ipython-input-[^>\n]{1,80}>|[~/.\w\\:-][^()\n]{0,400}?\.(?:py|pyc|pyx|ipynb|pxi)) in "
    r"(<?[\w.]{1,100}>?)\(?"
)
_RICH = re.compile(r"(\S[^\n]{0,400}?\.pyx?):(\d{1,7}) in (\S{1,200})$")
_PYTEST = re.compile(r"(\S{1,400}\.pyx?):(\d{1,7}): (?:in )?([\w<>.]{0,100})$")
# What a web page makes of __init__, taking its underscores for emphasis.
_UNDERSCORED = {name: f"__{name}__" for name in ("init", "iter", "next", "getitem", "del")}
_PY_SPY = re.compile(r"([\w<>.]{1,100}) \(([^()\n]{1,300}\.(?:py|pyx|so|cpp)[^()\n]{0,40}):(\d{1,7})\)")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a traceback.

    Attributes
    ----------
    path : str
        As written in the log, with forward slashes.
    line_number : int
        In that file; 0 where it is not told.
    function : str
    code : str
        The source line, where the log has it.
    at : int
        The line of the log.
    written : str
        The frame as the log has it, for quoting.
    """

    path: str
    line_number: int
    function: str
    code: str = ""
    at: int = 0
    written: str = ""

    @property
    def place(self) -> str:
        """Return "train.py:12, in main", for people."""
        name = self.path.rsplit("/", 1)[-1]
        where = f"{name}:{self.line_number}" if self.line_number else name
        return f"{where}, in {self.function}" if self.function else where

    @property
    def is_loader(self) -> bool:
        """Whether it is torch's DataLoader and its parts."""
        return _LOADER in self.path

    @property
    def is_multiprocessing(self) -> bool:
        """Whether it is the standard library's multiprocessing, or torch's."""
        return "multiprocessing/" in self.path

    @property
    def is_torch(self) -> bool:
        """Whether it belongs to torch."""
        return "/torch/" in self.path or self.path.startswith("torch/")

    @property
    def is_user(self) -> bool:
        """Whether it is neither a library's nor Python's own."""
        path = self.path
        if path.startswith("<") and not path.startswith(("<ipython", "<stdin", "<cell")):
            return False
        if path.endswith((".pyx", ".pxi")) and not path.startswith(("/", "~")) and path[1:2] != ":":
            return False  # compiled elsewhere: a library keeps the path of its sources
        lowered = path.lower()
        return not (
            self.is_loader
            or self.is_multiprocessing
            or (
                self.is_torch
                and "torch/" in lowered
                and any(part in lowered for part in ("/nn/", "/lib/", "-packages"))
            )
            or any(part in lowered for part in _LIBRARY)
            or (("/lib/" in lowered) and ("python" in lowered or "conda" in lowered))
            or "importlib/" in lowered
        )


def _slashes(path: str) -> str:
    path = path.replace("\\\\", "/").replace("\\", "/").replace("\t", "/t")  # C:\train.py, unescaped
    return path[:-1] if path.endswith(".pyc") else path  # as Python 2 tells it


def _parse_cell(text: str, at: int) -> Frame | None:
    found = _IPYTHON_CELL.match(text)
    if found is None:
        return None
    function = (found.group(3) or "<module>").split("(", 1)[0].split(".")[-1]
    return Frame(f"<cell {found.group(1)}>", int(found.group(2) or 0), function, "", at)


def _parse_notebook(text: str, at: int) -> Frame | None:
    found = _IPYTHON_NEW.match(text)
    if found is None:
        return None
    path = found.group(1).split("](", 1)[0].strip("[]")
    function = found.group(3).split("(", 1)[0].split(".")[-1]
    return Frame(_slashes(path), int(found.group(2)), function, "", at)


def _parse_other(text: str, at: int) -> Frame | None:
    """Parse what rich, old IPython, pytest and py-spy write."""
    is_place = " in " in text and "://" not in text
    if is_place and (found := _RICH.match(text)):
        return Frame(_slashes(found.group(1)), int(found.group(2)), found.group(3), "", at)
    if is_place and (found := _IPYTHON_OLD.match(text)):
        return Frame(_slashes(found.group(1)), 0, found.group(2), "", at)
    if ".py:" in text and (found := _PYTEST.match(f"{text} " if text.endswith(":") else text)):
        return Frame(_slashes(found.group(1)), int(found.group(2)), found.group(3), "", at)
    if "(" in text and (found := _PY_SPY.fullmatch(text)):
        return Frame(_slashes(found.group(2)), int(found.group(3)), found.group(1), "", at)
    return None


def parse_frame(text: str, at: int) -> Frame | None:
    """Return the frame in a line, None where there is none."""
    frame = _parse(text, at)
    return frame and replace(frame, written=text.strip()[:LONGEST_FRAME])


def _parse(text: str, at: int) -> Frame | None:
    if 'File "' in text:
        found = _PYTHON.search(text)
        if found is None:
            return None
        path, number, function, rest = found.groups()
        name = _UNDERSCORED.get(function, function or "")
        return Frame(_slashes(path), int(number), name, (rest or "").strip(), at)
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_FRAME:
        return None
    frame = None
    if stripped.startswith(("Cell", "Input")):
        frame = _parse_cell(stripped, at)
    elif stripped.startswith("File "):
        frame = _parse_notebook(stripped, at)
    return frame or _parse_other(stripped, at)
