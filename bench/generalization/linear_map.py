"""An example: (a1, a2, a3) -> (a1 + a2, a2 - a3) is linear, reduces dimension and is no projection."""

from typing import Any

import numpy as np

MATRIX = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, -1.0]])
NUM_TRIALS = 1000
DEFINITIONS = {
    "linear": "f(s u + t v) = s f(u) + t f(v) for all vectors u, v and numbers s, t",
    "reduces dimension": "the image has fewer dimensions than the domain: rank 2 of 3; the kernel is a line",
    "projection": "P maps a space into itself and P P = P: what it has projected it leaves where it is",
    "projection, then new coordinates": "f = C P with a projection P and coordinates C of the plane: so is "
    "every linear map that reaches its whole target, which is why the two are easily taken for one",
}


def example(a: np.ndarray) -> np.ndarray:
    """Return (a1 + a2, a2 - a3) of vectors (..., 3), component by component."""
    return np.stack([a[..., 0] + a[..., 1], a[..., 1] - a[..., 2]], axis=-1)


def verified() -> list[dict[str, Any]]:
    """Hold the example against each definition by numbers.

    Returns
    -------
    list of dict
        `property`, `definition`, `holds`, `evidence`: the largest error over random vectors, or a
        counterexample.
    """
    chance = np.random.default_rng(0)
    u, v = chance.standard_normal((2, NUM_TRIALS, 3))
    s, t = chance.standard_normal((2, NUM_TRIALS, 1))
    error = float(np.abs(example(s * u + t * v) - (s * example(u) + t * example(v))).max())
    rank = int(np.linalg.matrix_rank(MATRIX))
    kernel = np.linalg.svd(MATRIX)[2][-1]
    kernel = kernel / np.abs(kernel).max() * np.sign(kernel[np.abs(kernel).argmax()])
    square = np.vstack([MATRIX, np.zeros(3)])  # the plane it maps to, as part of the space
    moved = next((v for v in np.eye(3) if not np.allclose(square @ square @ v, square @ v)), None)
    back = np.linalg.pinv(MATRIX)  # from the plane's new coordinates to vectors of the space
    along = back @ MATRIX
    lines = (
        ("linear", error < 1e-9, f"largest error over {NUM_TRIALS} random u, v, s, t: {error:.1e}"),
        (
            "reduces dimension",
            rank < 3,
            f"rank {rank} of 3; it maps {_vector(kernel.round(9))} and its multiples to 0",
        ),
        (
            "projection",
            moved is None,
            "it leads from three numbers to two, so it cannot be applied twice; as a map into the plane of "
            "the first two axes it "
            + (
                "leaves there what it has brought there"
                if moved is None
                else f"takes {_vector(moved)} to {_vector(square @ moved)} and that to "
                f"{_vector(square @ square @ moved)}"
            ),
        ),
        (
            "projection, then new coordinates",
            bool(np.allclose(along @ along, along)) and rank == len(MATRIX),
            f"with R such that f R = 1, P = R f has P P = P (largest error "
            f"{np.abs(along @ along - along).max():.1e}): it projects along the kernel, and f names the "
            "result by two numbers that are not lengths in the plane: f fᵀ is "
            f"({', '.join(_vector(row) for row in MATRIX @ MATRIX.T)}), not the identity",
        ),
    )
    return [
        {"property": name, "definition": DEFINITIONS[name], "holds": holds, "evidence": evidence}
        for name, holds, evidence in lines
    ]


def _vector(values: np.ndarray) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"
