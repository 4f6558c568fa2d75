"""Samples of a batch differ in shape.

What it means
-------------
Samples that are stacked into a batch must have one shape, whether the default collate stacks them or your
own function. In a worker the default one writes into shared memory, where the same mistake reads "Trying to
resize storage that is not resizable".

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
from diagnostics.traces.clues import Clue, Recognition, Trace, cut_in, phrase, raised_in, recognised

CODE = "DL225"
SLUG = "collate-shape-mismatch"
TITLE = "Samples of a batch differ in shape"
_WORDS = (
    r"stack expects each tensor to be equal size,? ?(?:but got (\[[\d, ]*\]) at entry \d+ and (\[[\d, ]*\]))?"
    r"|at least two tensors in the batch are not the same size"
    r"|[Tt]rying to resize storage that is not resizable"
    r"|invalid argument 0: (?:Sizes of tensors must match except in dimension 0|Tensors "
    r"must have same number of dimensions)"
    r"|inconsistent tensor sizes? at .{0,80}THTensorMath"
)
_IN_COLLATE = (
    r"Sizes of tensors must match|inconsistent tensor size|cannot unsqueeze empty tensor"
    r"|must have (?:the )?same (?:number of dim|shape)|input array dimensions|could not broadcast"
)
_PAD = ("torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)  # the first dimension varies",)
_STACK = r"\btorch\.(?:stack|cat)\(|\b_new_shared\(|np\.stack\(|\.new\(storage\)"  # which fail for this alone
_LOADING = r"(?i)collat|data ?load|dataset|num_workers|__getitem__"
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


def _fitting(shapes: list[str]) -> tuple[str, ...]:
    """Return code that fits the shapes told: images of other channels or sizes, sequences, anything."""
    sizes = [shape.strip("[]").split(", ") for shape in shapes]
    if len(sizes) == 2 and len(sizes[0]) == len(sizes[1]) == 3:
        (channels, *size), (other_channels, *other_size) = sizes
        if channels == other_channels not in {"3", "4"} and size[0] == other_size[0]:
            return ("sample = torch.nn.functional.pad(sample, (0, longest - sample.shape[-1]))",)
        if {channels, other_channels} <= {"1", "2", "3", "4"}:
            rgb = ('image = image.convert("RGB")',) if channels != other_channels else ()
            resize = ("image = image.resize((224, 224))",) if size != other_size else ()
            return (*rgb, *resize)
    if len(sizes) == 2 and len(sizes[0]) != len(sizes[1]):
        return ("print([sample.shape for sample in samples])  # numbers of dimensions differ",)
    if len(sizes) == 2:
        return _PAD
    return (*_PAD, "image = image.resize((224, 224))  # where the samples are images")


def _is_anothers(trace: Trace, found: Clue) -> bool:
    """Tell words without frames, beside a stack of one's own and nothing that loads."""
    is_loose = found.error is None or found.error.is_loose
    return is_loose and bool(trace.find(r"torch\.stack\(")) and not trace.find(_LOADING)


def recognise(trace: Trace) -> Recognition | None:
    """Look for a failed stack, unless a network did it."""
    found = raised_in(trace, "collate", pattern=_WORDS) or phrase(trace, _WORDS, guarded=True)
    found = found or raised_in(trace, "collate", pattern=_IN_COLLATE) or cut_in(trace, _STACK, "collate")
    if found is None or _is_anothers(trace, found):
        return None
    shapes = [group for group in found.groups if group.startswith("[")]
    told = f": {shapes[0]} against {shapes[1]}" if len(shapes) == 2 else ""
    where = "Samples of one batch"
    own = found.error and found.error.user_frame
    if own and found.error and trace.place(found.error) in {"dataset", "collate"}:
        who = "collate_fn" if trace.place(found.error) == "collate" else "dataset"
        where = f"Tensors that your {who} stacks at {own.place},"
    remedy = Remedy("Bring them to one shape, or pad them in a collate_fn.", _fitting(shapes))
    return recognised(found, f"{where} differ in shape{told}; they cannot be stacked.", remedy, score=65)
