"""One row of a study's grid: everything that a network and its training can differ in."""

from dataclasses import dataclass, fields
from typing import Any

CHOICES: dict[str, tuple[str, ...]] = {
    "network": ("mlp", "cnn", "linear"),
    "norm": ("none", "batch", "layer"),
    "optimizer": ("sgd", "adam", "adamw"),
    "l1_kind": ("proximal", "subgradient"),
    "input_scale": ("plain", "badly_scaled", "outliers"),
}
SHARED = ("network", "widths", "norm", "method", "num_train", "epochs", "batch_size")
OF_DATA = ("label_noise", "num_train", "input_scale", "permuted_pixels")


@dataclass(frozen=True)
class Setting:
    """A network, its training and its data, all but the seed.

    Attributes
    ----------
    name : str
        Label within the study.
    network : {"mlp", "cnn", "linear"}
    widths : tuple of int
        Hidden units of the MLP, channels of the CNN's convolutions; the linear model has none.
    norm : {"none", "batch", "layer"}
        Before each ReLU.
    dropout : float
        Rate after each ReLU.
    optimizer : {"sgd", "adam", "adamw"}
        SGD with momentum 0.9; AdamW is Adam with `weight_decay`.
    learning_rate : float
    l2 : float
        Weight of |w|^2 / 2 in the loss, over all parameters: what `weight_decay` of torch's SGD and Adam is.
    weight_decay : float
        Decoupled (Loshchilov and Hutter 2019): a step shrinks all parameters by the learning rate times it.
    l1 : float
        Weight of |w| in the loss, over weights, not biases.
    l1_kind : {"proximal", "subgradient"}
        Proximal steps (soft thresholding) make weights exactly zero; subgradients step across it.
    patience : int or None
        Epochs without a better validation loss before training stops; the best epoch's network is kept.
    label_noise : float
        Share of training and validation labels that say a wrong class; test labels are never spoiled.
    num_train : int
    input_scale : {"plain", "badly_scaled", "outliers"}
        Features multiplied by factors from 0.01 to 100; or one training sample in 20 multiplied by 30.
    permuted_pixels : bool
        All features in one random order, a new one for every seed.
    epochs, batch_size : int
    """

    name: str
    network: str = "mlp"
    widths: tuple[int, ...] = (64, 64)
    norm: str = "none"
    dropout: float = 0.0
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    l2: float = 0.0
    weight_decay: float = 0.0
    l1: float = 0.0
    l1_kind: str = "proximal"
    patience: int | None = None
    label_noise: float = 0.0
    num_train: int = 300
    input_scale: str = "plain"
    permuted_pixels: bool = False
    epochs: int = 60
    batch_size: int = 32

    def __post_init__(self) -> None:
        for field, choices in CHOICES.items():
            if getattr(self, field) not in choices:
                raise ValueError(f"{field}={getattr(self, field)!r}: valid are {', '.join(choices)}")
        if not 0 <= self.dropout < 1 or not 0 <= self.label_noise < 1:
            raise ValueError("dropout and label_noise are shares from 0 up to, but not including, 1")
        if self.l2 and self.weight_decay:
            raise ValueError("l2 and weight_decay exclude each other: no optimizer of torch has both")

    @property
    def method(self) -> str:
        """The optimizer's update; AdamW's is Adam's beside a decay of the weights."""
        return "sgd" if self.optimizer == "sgd" else "adam"

    @property
    def shared(self) -> tuple[Any, ...]:
        """What settings agree in that train as one population: the same operations on stacked tensors.

        SGD's steps are proportional to the learning rate, so that each member can have its own.
        """
        return (*self.of(SHARED), self.learning_rate if self.method == "adam" else None)

    def of(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        """Return the values of some fields."""
        return tuple(getattr(self, name) for name in names)

    def as_params(self) -> dict[str, Any]:
        """Return what differs from the plain setting, JSON types only."""
        told = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "name" and value != field.default:
                told[field.name] = list(value) if isinstance(value, tuple) else value
        return told
