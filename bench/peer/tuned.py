"""The same step as ours in PyTorch, as one writes it who wants it fast on a CPU.

channels_last throughout; autocast to bfloat16 where asked for; an attack in eval mode that asks for the input's gradient alone; a blur whose
taps are summed by distance, so that there are k*k adds and one exponential a distance instead of k*k of them; each loss's backward pass
right after its forward pass, so that only one of them keeps its activations; ReLU in place; gradients set to None; the fused AdamW; nothing
computed for a log, and one number read back at the end.
"""

import torch
from torch.nn import functional as F

from networks import go_through

# configs/generator/blur.yaml and fgsm.yaml, configs/game/alternating.yaml, configs/optimizer/adamw.yaml
SIGMA, SIGMA_MIN, SIGMA_MAX, SIGMA_STEP, WINDOW = 0.4, 0.0, 1.0, 0.2, 3
EPS = 0.00784
LAMBDA = 0.1
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 0.05
SIGMA_OF_IDENTITY = 0.05


class Tuned:
    """The work on one batch; `images` [N, 3, H, W] in [0, 1], `labels` [N]."""

    def __init__(self, model, images, labels, work, precision):
        self.model = model.to(memory_format=torch.channels_last)
        self.images = images.contiguous(memory_format=torch.channels_last)
        self.labels = labels
        self.work = work
        self.precision = precision
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
        )

    def round(self):
        """Works once. Returns the losses of a step in nats, clean then adversarial, or the scores of an evaluation."""
        return self.scores() if self.work == "evaluate" else self.step()

    def scores(self):
        self.model.eval()
        go_through(self.model, "main")
        with torch.inference_mode():
            return torch.softmax(self.logits(self.images), 1)[:, 1].tolist()

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        adversarial = {"plain": lambda: None, "fgsm": self.fgsm, "blur": self.blur}[self.work]()
        self.model.train()
        losses = [self.learn(self.images, "main", 1)]
        if adversarial is not None:
            losses.append(self.learn(adversarial, "auxiliary", LAMBDA))
        self.optimizer.step()
        return torch.stack(losses).tolist()

    def learn(self, images, branch, weight):
        go_through(self.model, branch)
        loss = F.cross_entropy(self.logits(images), self.labels)
        (loss * weight).backward()
        return loss.detach()

    def logits(self, images):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits = self.model(images)
        return logits.float() if logits.dtype is torch.bfloat16 else logits

    def gradient_of(self, variable, images_of):
        """Of the sum of the losses with respect to what the attack varies; the network's parameters stay out of it."""
        self.model.eval()
        go_through(self.model, "auxiliary")
        loss = F.cross_entropy(self.logits(images_of(variable)), self.labels, reduction="sum")
        return torch.autograd.grad(loss, variable)[0]

    def fgsm(self):
        start = self.images.detach().requires_grad_(True)
        gradient = self.gradient_of(start, lambda images: images)
        return (self.images + EPS * gradient.sign()).clamp_(0, 1)

    def blur(self):
        """One step of sigma along its gradient, scaled to a root mean square of SIGMA_STEP in each image."""
        n, _, height, width = self.images.shape
        rings = ring_differences(self.images)
        sigma = torch.full((n, 1, height, width), SIGMA).requires_grad_(True)
        gradient = self.gradient_of(sigma, lambda s: blurred(self.images, rings, s))
        with torch.no_grad():
            gradient /= gradient.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-38)
            gradient /= gradient.square().mean((1, 2, 3), keepdim=True).sqrt_().clamp_min(1e-38)
            moved = (sigma + SIGMA_STEP * gradient).clamp_(SIGMA_MIN, SIGMA_MAX)
            return blurred(self.images, rings, moved)


def ring_differences(images, k=WINDOW):
    """For each squared distance in the window: how many taps lie there, and the sum of neighbour - centre over them."""
    radius = k // 2
    height, width = images.shape[2:]
    padded = F.pad(images, (radius,) * 4, mode="reflect")
    rings = {}
    for u in range(k):
        for v in range(k):
            distance = (u - radius) ** 2 + (v - radius) ** 2
            if distance == 0:
                continue
            tap = padded[:, :, u : u + height, v : v + width]
            count, total = rings.get(distance, (0, 0))
            rings[distance] = (count + 1, total + tap)
    return {distance: (count, total - count * images) for distance, (count, total) in rings.items()}


def blurred(images, rings, sigma):
    """Every pixel blurred by a Gaussian of its own standard deviation, [N, 1, H, W] in pixels."""
    inverse = sigma.clamp_min(SIGMA_OF_IDENTITY).square().reciprocal()
    change, norm = 0, 1
    for distance, (count, difference) in rings.items():
        weight = torch.exp(inverse * (-distance / 2))
        change = change + weight * difference
        norm = norm + count * weight
    return images + change / norm
