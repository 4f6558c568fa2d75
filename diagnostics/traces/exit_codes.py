"""What a process's exit code says: Windows' status codes, and the shell's 128 + signal."""

_STATUS = {  # NTSTATUS values, [MS-ERREF] 2.3.1
    0xC0000005: "access violation, which is Windows' segmentation fault",
    0xC0000017: "no memory",
    0xC000001D: "illegal instruction: a library built for another processor",
    0xC0000094: "division by zero in native code",
    0xC00000FD: "stack overflow",
    0xC0000135: "a DLL was not found",
    0xC0000139: "a DLL lacks a function: versions that do not fit",
    0xC000013A: "ended by Ctrl-C",
    0xC0000142: "a DLL could not be initialised",
    0xC0000374: "heap corruption in native code",
    0xC0000409: "a library aborted (stack buffer check)",
}
_SIGNALS = {
    4: "SIGILL: a library built for another processor",
    6: "SIGABRT: a library aborted",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL: mostly for want of memory",
    11: "SIGSEGV: a crash in native code",
    15: "SIGTERM: somebody ended it",
}


def meaning(code: int) -> str:
    """Return what an exit code means, "" where it is a program's own.

    >>> meaning(-1073741795)
    '0xC000001D, illegal instruction: a library built for another processor'
    """
    status = code & 0xFFFFFFFF
    if status in _STATUS:
        return f"0x{status:08X}, {_STATUS[status]}"
    return _SIGNALS.get(-code if code < 0 else code - 128, "")
