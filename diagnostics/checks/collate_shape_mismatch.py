"""Samples of a batch differ in shape.

What it means
-------------
The default collate stacks the samples; all must have the same shape. In a worker it writes into shared
memory, where the same mistake reads "Trying to resize storage that is not resizable".

Why it matters
--------------
It depends on which samples meet in a batch: with batch_size=1 or by luck it does not show.

How to fix
----------
Give all samples one shape (resize, crop, convert("RGB")), or pad in a collate_fn.

When it is fine
---------------
With a collate_fn that returns lists.

References
----------
PyTorch documentation, torch.utils.data.default_collate; torch.nn.utils.rnn.pad_sequence.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, raised_in, recognised

CODE = "DL225"
SLUG = "collate-shape-mismatch"
TITLE = "Samples of a batch differ in shape"
_WORDS = (
    r"stack expects each tensor to be equal size,? ?(?:but got (\[[\d, ]*\]) at entry \d+ and (\[[\d, ]*\]))?"
    r"|[Tt]rying to resize storage that is not resizable"
    r"|invalid argument 0: (?:Sizes of tensors must match except in dimension 0|Tensors "
    r"must have same number of dimensions)"
    r"|inconsistent tensor sizes? at .{0,80}THTensorMath"
)
_IN_COLLATE = (
    r"Sizes of tensors must match|inconsistent tensor size|must have (?:the )?same "
    r"(?:number of dim|shape)|input array dimensions|could not broadcast"
)
LOG_FIRES = (
    "RuntimeError: stack expects each tensor to be equal size, but got [3, 224, 224] at "
    "entry 0 and [1, 224, 224] "
    "at entry 5\n",
    "RuntimeError: invalid argument 0: Sizes of tensors must match except in dimension 0. Got 300 and 259 in "
    "dimension 2 at /pytorch/aten/src/TH/generic/THTensor.cpp:612\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/unet.py", line 77, in forward\n'
    "    x = torch.cat([skip, x], dim=1)\n"
    '  File "/opt/lib/site-packages/torch/nn/modules/module.py", line 889, in '
    "_call_impl\n    result = self.forward()\n"
    "RuntimeError: Sizes of tensors must match except in dimension 1. Expected size 45 but got size 44\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for a failed stack, unless a network did it."""
    found = raised_in(trace, "collate", pattern=_WORDS) or phrase(trace, _WORDS, guarded=True)
    found = found or raised_in(trace, "collate", pattern=_IN_COLLATE)
    if found is None:
        return None
    shapes = [group for group in found.groups if group.startswith("[")]
    told = f": {shapes[0]} against {shapes[1]}" if len(shapes) == 2 else ""
    remedy = Remedy(
        "Bring samples to one shape, or pad them in a collate_fn.",
        (
            'image = Image.open(path).convert("RGB").resize((224, 224))',
            "torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)",
        ),
    )
    return recognised(
        found, f"Samples of one batch differ in shape{told}; they cannot be stacked.", remedy, score=65
    )
