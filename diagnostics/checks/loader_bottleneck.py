"""Steps wait for data.

What it means
-------------
Of the time of a step, as the training printed it, more than half is waiting for the next batch.

Why it matters
--------------
The accelerator idles meanwhile; a faster one changes nothing.

How to fix
----------
Find what bounds the loading (storage, decoding, one slow sample, the copy), then more workers, faster
storage, less work a sample. Measure before and after.

When it is fine
---------------
In the first steps, while workers start.

References
----------
PyTorch, "Performance Tuning Guide".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, phrases, recognised

CODE = "DL253"
SLUG = "loader-bottleneck"
TITLE = "Training waits for data"
WAITING_SHARE = 0.5  # of a step's time, in the median
_STEP = (
    r"(?i)\b(?:batch[_ ]?)?time:?\s+(\d+\.\d+)s?(?: \( ?[\d.]+\))?[^\n]{0,40}?\bdata(?:[_ "
    r"]time)?:?\s+(\d+\.\d+)"
)
_REVERSED = (
    r"(?i)\bdata(?:[_ ]time)?:?\s+(\d+\.\d+)s?(?: \( ?[\d.]+\))?[^\n]{0,40}?\b(?:batch[_ "
    r"]?|iter[_ ]?|step[_ ]?)time:?\s+(\d+\.\d+)"
)
LOG_FIRES = (
    "Epoch: [0][10/500]\tTime 1.52 (1.60)\tData 1.31 (1.40)\nEpoch: [0][20/500]\tTime "
    "1.50 (1.58)\tData 1.29 (1.38)\n"
    "Epoch: [0][30/500]\tTime 1.49 (1.57)\tData 1.28 (1.37)\n",
    "Iter 50 time: 0.912, data_time: 0.801\nIter 100 time: 0.902, data_time: 0.799\nIter "
    "150 time: 0.95, data_time: 0.81\n",
)
LOG_SILENT = (
    "Epoch: [0][10/500]\tTime 1.52 (1.60)\tData 0.01 (0.02)\nEpoch: [0][20/500]\tTime "
    "1.50 (1.58)\tData 0.01 (0.02)\n"
    "Epoch: [0][30/500]\tTime 1.49 (1.57)\tData 0.01 (0.02)\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Compare the times of steps with those of data in the lines that give both."""
    clues = phrases(trace, _STEP)
    pairs = [(float(clue.groups[1]), float(clue.groups[0])) for clue in clues]
    if len(pairs) < 3:
        clues = phrases(trace, _REVERSED)
        pairs = [(float(clue.groups[0]), float(clue.groups[1])) for clue in clues]
    shares = sorted(data / step for data, step in pairs if step > 0)
    if len(shares) < 3 or not WAITING_SHARE < shares[len(shares) // 2] <= 1.0:
        return None
    share = shares[len(shares) // 2]
    remedy = Remedy(
        "Measure with other numbers of workers; see what bounds a sample.",
        ("python -m diagnostics", "DataLoader(..., num_workers=4, persistent_workers=True)"),
    )
    found = Clue(tuple(clue.lines[0] for clue in clues[:2]))
    return recognised(
        found,
        f"{share:.0%} of a step is waiting for data (median of {len(shares)} lines).",
        remedy,
        Role.REMARK,
        55,
        "likely",
    )
