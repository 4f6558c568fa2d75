"""Keeps a processor or the memory busy until it is killed; the standard library alone.

`python antagonist.py spin` computes and touches no memory, `stream` copies memory larger than any cache, and
`spin SECONDS` prints how many loops it made.
"""

import ctypes
import sys
import time

STREAM_BYTES = 1 << 26


def spin(seconds: float) -> int:
    """Count loops until the time is up."""
    loops, ends = 0, time.perf_counter() + seconds
    while time.perf_counter() < ends:
        for _ in range(2000):
            pass
        loops += 1
    return loops


def stream(seconds: float) -> None:
    """Copy memory until the time is up."""
    source, target = ((ctypes.c_char * STREAM_BYTES)() for _ in range(2))
    ctypes.memset(source, 1, STREAM_BYTES)  # pages that were never written are all the same one
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        ctypes.memmove(target, source, STREAM_BYTES)


if __name__ == "__main__":
    kind, limit = sys.argv[1], float(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    if kind == "spin":
        print(spin(limit), flush=True)
    else:
        stream(limit)
