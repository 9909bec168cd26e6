"""The benchmark's detectors in PyTorch: seven convolutions, and EfficientNet-B0 (Tan & Le 2019), each with two logits.

Images are [N, 3, H, W] in [0, 1]; both networks see 2x - 1. Every batch norm has a main and an auxiliary branch, as `src/ops/layers.ts`
has; `go_through` chooses one for the whole network.
"""

import torch
from torch import nn
from torch.nn import functional as F

CNN7_CHANNELS = (32, 64, 64, 128, 128, 256, 256)
CNN7_STRIDES = (1, 2, 1, 2, 1, 2, 1)
# expansion, kernel, stride of the first block, output channels, number of blocks
B0_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
B0_STEM, B0_HEAD = 32, 1280


class Convolution(nn.Conv2d):
    """A convolution without bias. `like_tensorflow` pads at stride 2 as TensorFlow's SAME does, more below and to the right: the same
    mathematics, for the price of a copy. Without it padding is even, as a PyTorch user writes it, and the work the same."""

    def __init__(self, inputs, outputs, kernel, stride, groups=1, bias=False, like_tensorflow=False):
        self.uneven = like_tensorflow and stride == 2
        padding = 0 if self.uneven else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias)

    def forward(self, x):
        if self.uneven:
            pads = []
            for length in (x.shape[3], x.shape[2]):
                total = max((-(-length // 2) - 1) * 2 + self.kernel_size[0] - length, 0)
                pads += [total // 2, total - total // 2]
            x = F.pad(x, pads)
        return super().forward(x)


class BranchNorm(nn.Module):
    """Batch norm with a main and an auxiliary branch (AdvProp, Xie et al. 2020)."""

    def __init__(self, channels, epsilon, rate):
        super().__init__()
        self.main = nn.BatchNorm2d(channels, eps=epsilon, momentum=rate)
        self.auxiliary = nn.BatchNorm2d(channels, eps=epsilon, momentum=rate)
        self.branch = "main"

    def forward(self, x):
        return getattr(self, self.branch)(x)


class Centre(nn.Module):
    def forward(self, x):
        return x * 2 - 1


class SqueezeExcite(nn.Module):
    """Channels weighted by what the whole image says of them (Hu et al. 2018)."""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.squeeze = Convolution(channels, squeezed, 1, 1, bias=True)
        self.excite = Convolution(squeezed, channels, 1, 1, bias=True)

    def forward(self, x):
        gate = self.excite(F.silu(self.squeeze(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(gate)


class Bottleneck(nn.Module):
    """Mobile inverted bottleneck; a shortcut where input and output have one shape."""

    def __init__(self, inputs, outputs, expand, kernel, stride, block):
        super().__init__()
        inner = inputs * expand
        layers = [] if expand == 1 else block(inputs, inner, 1, 1)
        layers += block(inner, inner, kernel, stride, groups=inner)
        layers += [SqueezeExcite(inner, max(1, inputs // 4)), *block(inner, outputs, 1, 1, activate=False)]
        self.body = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


def cnn7(channels=CNN7_CHANNELS, strides=CNN7_STRIDES, like_tensorflow=False):
    """3x3 convolutions, batch norm and ReLU, global average pooling, a linear layer."""
    layers, inputs = [Centre()], 3
    for outputs, stride in zip(channels, strides):
        layers += [
            Convolution(inputs, outputs, 3, stride, like_tensorflow=like_tensorflow),
            BranchNorm(outputs, 1e-5, 0.1),
            nn.ReLU(inplace=True),
        ]
        inputs = outputs
    return nn.Sequential(*layers, *_head(inputs))


def efficientnet_b0(like_tensorflow=False):
    def block(inputs, outputs, kernel, stride, groups=1, activate=True):
        convolution = Convolution(inputs, outputs, kernel, stride, groups, like_tensorflow=like_tensorflow)
        # not in place: SiLU's gradient needs what it was given, and PyTorch would copy that first
        return [convolution, BranchNorm(outputs, 1e-3, 0.01), *([nn.SiLU()] if activate else [])]

    layers, inputs = [Centre(), *block(3, B0_STEM, 3, 2)], B0_STEM
    for expand, kernel, stride, outputs, blocks in B0_STAGES:
        for i in range(blocks):
            layers.append(Bottleneck(inputs, outputs, expand, kernel, stride if i == 0 else 1, block))
            inputs = outputs
    return nn.Sequential(*layers, *block(inputs, B0_HEAD, 1, 1), *_head(B0_HEAD))


NETWORKS = {"cnn7": cnn7, "efficientnet-b0": efficientnet_b0}


def go_through(model, branch):
    """Sends what comes next through one branch of every batch norm: "main" or "auxiliary"."""
    for module in model.modules():
        if isinstance(module, BranchNorm):
            module.branch = branch


def _head(features):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 2)]
