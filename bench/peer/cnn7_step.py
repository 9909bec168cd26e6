"""One training step of the 7-convolution network in PyTorch, timed as `npm run bench -- step` times ours; prints the same JSON.

The same mathematics: 3x3 convolutions without bias, batch norm, ReLU, global average pooling, a linear layer to two logits, mean
cross-entropy, AdamW; float32, channels_last, random images. Padding is 1 on each side (TensorFlow's SAME differs at stride 2).
"""

import argparse
import json
import resource
import time

import torch
from torch import nn

CHANNELS = [32, 64, 64, 128, 128, 256, 256]
STRIDES = [1, 2, 1, 2, 1, 2, 1]
WARM_UP = 3

parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, default=128)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--rounds", type=int, default=20)
options = parser.parse_args()

torch.manual_seed(1)
layers = []
inputs = 3
for channels, stride in zip(CHANNELS, STRIDES):
    layers += [
        nn.Conv2d(inputs, channels, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    ]
    inputs = channels
model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 2))
model = model.to(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
images = torch.rand(options.batch, 3, options.size, options.size).contiguous(memory_format=torch.channels_last)
labels = torch.arange(options.batch) % 2

times = []
for _ in range(WARM_UP + options.rounds):
    start = time.perf_counter()
    loss = nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()
    times.append((time.perf_counter() - start) * 1000)
counted = sorted(times[WARM_UP:])
median = counted[len(counted) // 2]
print(
    json.dumps(
        {
            "bench": "step",
            "framework": f"torch {torch.__version__}",
            "parameters": sum(p.numel() for p in model.parameters()),
            "size": options.size,
            "batch": options.batch,
            "rounds": options.rounds,
            "ms_per_step": {"median": round(median, 1), "min": round(counted[0], 1), "max": round(counted[-1], 1)},
            "images_per_second": round(options.batch / median * 1000, 1),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "precision": "float32",
        }
    )
)
