"""Errors by which a process reports that another one died: an echo, raised where it looked."""

from diagnostics.findings import Remedy
from diagnostics.traces.errors import Error
from diagnostics.traces.remedies import show_kills, show_memory
from diagnostics.traces.trace import Trace, compiled

DIED = (
    r"(?i)background workers? (?:\w+ )?(?:are|is) no longer alive|subprocess(?:es)? ha(?:s|ve) abruptly died"
    r"|process(?:es)? in the process pool was terminated|\bBrokenProcessPool\b|\bTerminatedWorkerError\b"
    r"|worker process managed by the executor was unexpectedly terminated|\bWorkerLostError\b"
    r"|\bworker proc\w* .{0,40}\bdied unexpectedly"
)
_FEWER = (  # who watched, by a word of its frames, and how it is told to start fewer processes
    (
        r"(?i)nnunet|batchgenerators",
        "nnUNet_n_proc_DA=4 nnUNetv2_train …  # and -npp, -nps for predictions",
    ),
    (r"(?:^|/)datasets/|\.map\($", "dataset.map(..., num_proc=1)  # shows the real error, in this process"),
    (r"joblib|loky", "joblib.Parallel(n_jobs=1)  # shows the real error, in this process"),
)


def is_watchdogs(error: Error) -> bool:
    """Tell an error that only reports the death of another process."""
    return bool(compiled(DIED).search(f"{error.type}: {error.detail}"))


def after_a_death(trace: Trace) -> Remedy:
    """Return how to see why a background process died, and how to start fewer."""
    seen = "\n".join(f"{frame.path} {frame.code}" for error in trace.errors for frame in error.frames)
    fewer = next((line for pattern, line in _FEWER if compiled(pattern).search(seen)), "")
    return Remedy(
        "Look at what that process printed, and whether memory ran out: what reports it only watched.",
        (
            *show_kills(trace.platform),
            *show_memory(trace.platform),
            fewer or "max_workers=1  # or num_proc, n_jobs: fewer processes need less memory",
        ),
    )
