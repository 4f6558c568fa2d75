"""What a process's exit code says and asks for: Windows' status codes, the shell's 128 + signal."""

from diagnostics.findings import Remedy
from diagnostics.traces.platforms import Platform
from diagnostics.traces.remedies import show_kills, show_memory

_STATUS = {  # NTSTATUS values, [MS-ERREF] 2.3.1
    0xC0000005: ("access violation, which is Windows' segmentation fault", "crash"),
    0xC0000017: ("no memory", "memory"),
    0xC000001D: ("illegal instruction: a library built for another processor", "build"),
    0xC0000094: ("division by zero in native code", "crash"),
    0xC00000FD: ("stack overflow", "stack"),
    0xC0000135: ("a DLL was not found", "library"),
    0xC0000139: ("a DLL lacks a function: versions that do not fit", "library"),
    0xC000013A: ("ended by Ctrl-C", "told"),
    0xC0000142: ("a DLL could not be initialised", "library"),
    0xC0000374: ("heap corruption in native code", "crash"),
    0xC0000409: ("a library aborted (stack buffer check)", "crash"),
}
_SIGNALS = {
    4: ("SIGILL: a library built for another processor", "build"),
    6: ("SIGABRT: a library aborted", "crash"),
    7: ("SIGBUS", "crash"),
    8: ("SIGFPE", "crash"),
    9: ("SIGKILL: mostly for want of memory", "memory"),
    11: ("SIGSEGV: a crash in native code", "crash"),
    15: ("SIGTERM: somebody ended it", "told"),
}
_DUMP = "python -X faulthandler train.py  # prints the line that crashes"
_REMEDIES = {
    "crash": Remedy(
        "Run it under faulthandler, then update or reinstall the library in which it stops.",
        (_DUMP, "python -m pip list --outdated"),
    ),
    "build": Remedy(
        "Install a build for this processor, often one without AVX, of the library in which it stops.",
        (_DUMP, "python -m pip install --force-reinstall --no-cache-dir torch torchvision"),
    ),
    "library": Remedy(
        "Reinstall the library whose DLL does not load, in versions that fit one another.",
        ("python -m pip check", "python -m pip install --force-reinstall --no-cache-dir torch torchvision"),
    ),
    "stack": Remedy(
        "Look for functions that call each other without end.",
        (_DUMP, "for attempt in range(3): ...  # rather than to call oneself again"),
    ),
    "told": Remedy(
        "If it was not you, look at the scheduler's log, and at the first error of all ranks.",
        ("torchrun --log-dir logs --tee 3 train.py",),
    ),
}


def _known(code: int) -> tuple[str, str]:
    status = code & 0xFFFFFFFF
    if status in _STATUS:
        words, kind = _STATUS[status]
        return f"0x{status:08X}, {words}", kind
    return _SIGNALS.get(-code if code < 0 else code - 128, ("", ""))


def meaning(code: int) -> str:
    """Return what an exit code means, "" where it is a program's own.

    >>> meaning(-1073741795)
    '0xC000001D, illegal instruction: a library built for another processor'
    """
    return _known(code)[0]


def remedy_of(code: int, platform: Platform) -> Remedy | None:
    """Return what to do about an exit code, None where it means nothing by itself."""
    kind = _known(code)[1]
    if kind == "memory":
        return Remedy(
            "See whether the system ended it for want of memory.",
            (*show_kills(platform), *show_memory(platform)),
        )
    return _REMEDIES.get(kind)
