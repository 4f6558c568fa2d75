"""A residual network as in He et al. 2015 with 18 layers, its normalization left open."""

from torch import Tensor, nn

from bench.layers import Layer

WIDTHS = (64, 128, 256, 512)


def _convolution(
    channels_in: int, channels_out: int, stride: int, layer: Layer, side: int = 3
) -> nn.Sequential:
    extra = layer(channels_out)
    convolution = nn.Conv2d(channels_in, channels_out, side, stride, side // 2, bias=extra is None)
    return nn.Sequential(convolution, *([extra] if extra else []))


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, layer: Layer) -> None:
        super().__init__()
        self.first = _convolution(channels_in, channels_out, stride, layer)
        self.second = _convolution(channels_out, channels_out, 1, layer)
        is_same = stride == 1 and channels_in == channels_out
        self.around = nn.Identity() if is_same else _convolution(channels_in, channels_out, stride, layer, 1)
        self.relu = nn.ReLU()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Add what the convolutions make of the input to the input."""
        return self.relu(self.second(self.relu(self.first(x_NCHW))) + self.around(x_NCHW))


def residual_network(layer: Layer, num_classes: int = 10) -> nn.Sequential:
    """Return the network for (N, 3, H, W) images."""
    blocks = [
        Block(channels_in, channels_out, stride, layer)
        for stage, channels_out in enumerate(WIDTHS)
        for channels_in, stride in (
            (WIDTHS[max(0, stage - 1)], 2 if stage else 1),
            (channels_out, 1),
        )
    ]
    stem = [_convolution(3, WIDTHS[0], 2, layer, 7), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(
        *stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], num_classes)
    )
