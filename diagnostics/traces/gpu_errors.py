"""What an assertion on the GPU says, and what fills its memory."""

from diagnostics.traces.clues import Clue
from diagnostics.traces.errors import Error
from diagnostics.traces.trace import Trace, compiled

_ASSERTED = r"Assertion [`'\"]?(.{3,160}?)[`'\"]? ?failed"
# Of ATen/native/cuda: NLLLoss, Indexing, ScatterGatherKernel, Loss, MultinomialKernel, IndexKernel.
_MEANINGS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        r"n_classes|num_classes|cur_target",
        "labels outside of 0 … classes - 1",
        (
            "print(y.min(), y.max(), logits.shape)  # of each batch, on the CPU, before the loss",
            "CrossEntropyLoss(ignore_index=255)  # where 255 stands for no label",
        ),
    ),
    (
        r"srcSelectDimSize|num_embeddings",
        "an index past the end of an embedding, or of what index_select picks from",
        ("print(ids.min(), ids.max(), embedding.num_embeddings)  # on the CPU",),
    ),
    (
        r"idx_dim|indexValue|index_size",
        "an index of gather or scatter outside of its tensor, mostly labels outside of 0 … classes - 1",
        ("print(y.min(), y.max(), logits.shape)  # of each batch, on the CPU, before the loss",),
    ),
    (
        r"(?:input|target)_val [<>]=|\*input [<>]=",
        "values outside of 0 … 1, or NaN, in a binary cross-entropy",
        (
            "BCEWithLogitsLoss()  # on logits, in place of BCELoss on probabilities",
            "print(p.min(), p.max(), y.min(), y.max())  # before the loss",
        ),
    ),
    (
        r"(?:val|sum|cumdist|prob)\w*(?:\[.{0,20}\])? ?>=? ?(?:zero|accZero|0)|isnan|probability tensor",
        "probabilities of torch.multinomial that are negative, NaN, or sum to 0",
        ("print(p.min(), p.isnan().any(), p.sum(-1).min())  # before multinomial",),
    ),
    (
        r"index out of bounds|sizes\[",
        "an index outside of the tensor that it picks from",
        ("print(index.min(), index.max(), x.shape)  # on the CPU, before that line",),
    ),
)
_LATE = "CUDA_LAUNCH_BLOCKING=1 python train.py  # names the line: the GPU reports late"
_MODEL = r"\b\w*(?:model|net)\w*\.(?:cuda|to)\("
_MOVES = {"cuda", "to", "_apply", "convert"}


def assertion(trace: Trace) -> tuple[str, tuple[str, ...], Clue] | None:
    """Return what a failed assertion on the GPU means, lines to paste, and where it stands."""
    for quote in trace.find_all(_ASSERTED, limit=20):
        for pattern, means, commands in _MEANINGS:
            if compiled(pattern).search(quote[1]):
                return means, (*commands, _LATE), Clue(quote.lines)
    return None


def moves_model(error: Error) -> bool:
    """Tell an error that was raised while a model was moved to the GPU, before any batch."""
    if error.frames and compiled(_MODEL).search(error.frames[-1].code):
        return True
    moving = (frame for frame in error.frames if frame.function in _MOVES)
    return any(frame.path.endswith("torch/nn/modules/module.py") for frame in moving)
