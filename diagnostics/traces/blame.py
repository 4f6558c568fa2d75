"""Whose code raised inside of the loader: the dataset's, a collate function's, a sampler's."""

from dataclasses import dataclass

from diagnostics.traces.errors import Error
from diagnostics.traces.frames import Frame
from diagnostics.traces.places import Place

_HANDS_OVER = (
    "_utils/worker.py",
    "_utils/fetch.py",
    "_utils/pin_memory.py",
    "data/dataloader.py",
    "multiprocessing/spawn.py",
)
_SAMPLE = ("__getitem__", "__getitems__", "__iter__", "__next__", "__len__")


@dataclass(frozen=True)
class Blamed:
    """Who raised.

    Attributes
    ----------
    part : str
        "dataset", "collate_fn", "default collate", "sampler", "worker_init_fn" or "__len__".
    frame : Frame or None
        The innermost of the user's frames there, else of a library's; None where the log is cut before it.
    """

    part: str
    frame: Frame | None


def _inside(error: Error) -> tuple[tuple[Frame, ...], Frame | None]:
    """Return the frames that the loader called, and the loader's frame that called them."""
    frames = error.frames
    for index in range(len(frames) - 1, -1, -1):
        if frames[index].path.endswith(_HANDS_OVER):
            return frames[index + 1 :], frames[index]
    for index, frame in enumerate(frames):
        if frame.function in _SAMPLE or "collate" in frame.function:
            return frames[index:], None
    is_workers = not any(frame.function == "<module>" for frame in frames)
    return (frames, None) if is_workers else ((), None)


def blame(error: Error, place: Place) -> Blamed:
    """Return whose code raised an error that lies inside of the loader.

    Parameters
    ----------
    error : Error
    place : str
        Where it was raised, of `place_of`.
    """
    inner, caller = _inside(error)
    own = next((frame for frame in reversed(inner) if frame.is_user), None)
    deepest = own or next((frame for frame in reversed(inner) if not frame.is_loader), None)
    code = caller.code if caller else ""
    if "init_fn(" in code:
        return Blamed("worker_init_fn", deepest)
    if own and own.function == "__len__":
        return Blamed("__len__", own)
    if place == "sampler":
        return Blamed("sampler", deepest)
    if place in {"construct", "reraise"}:
        return Blamed("dataset", own)
    if place == "collate":
        is_default = deepest is None and any(frame.path.endswith("collate.py") for frame in inner)
        return Blamed("default collate" if is_default else "collate_fn", deepest)
    return Blamed("dataset", deepest)
