"""A tensor that requires grad would have to cross to another process.

What it means
-------------
The dataset returns or holds a tensor that was computed from parameters. Its history cannot be sent to
another process, and collate cannot stack it into shared memory.

Why it matters
--------------
Where the sample is sent by the queue's thread, the error is printed there and the loop waits for ever.

How to fix
----------
`detach()` it before it is returned or stored. Computing features with a network inside the dataset belongs
under `torch.no_grad()`.

When it is fine
---------------
Leaf tensors and parameters may be sent.

References
----------
PyTorch source, torch/multiprocessing/reductions.py; PyTorch issue 1091.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL207"
SLUG = "requires-grad-tensor"
TITLE = "A sample or the dataset holds a tensor that requires grad"
_WORDS = (
    r"Cowardly refusing to serialize non-leaf tensor|refusing to serialize non-leaf"
    r"|(?:stack|cat)\(\): functions with out=\.\.\. arguments don'?t support automatic differentiation"
)
LOG_FIRES = (
    "RuntimeError: Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does "
    "not support crossing process boundaries.\n",
    "RuntimeError: stack(): functions with out=... arguments don't support automatic "
    "differentiation, but one "
    "of the arguments requires grad.\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/plot.py", line 5, in '
    "<module>\n    plt.plot(loss)\n"
    "RuntimeError: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the refusal to send or to stack what requires grad."""
    found = phrase(trace, _WORDS, guarded=True)
    if found is None:
        return None
    remedy = Remedy(
        "Return tensors without history.", ("return sample.detach(), label", "with torch.no_grad():")
    )
    summary = "A sample (or the dataset) holds a tensor that requires grad; it cannot cross processes."
    return recognised(found, summary, remedy, score=85)
