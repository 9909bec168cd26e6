"""The paper's recipe as a first implementation of it goes, and as its authors' release does: what users of PyTorch start from.

Where the time goes, in comparison with tuned.py:
- NCHW memory and float32;
- the window's k*k neighbours are unfolded into memory, and each gets a weight of its own for each of three colour channels: the map is the
  inverse variance s = 1/sigma^2, [N, 3, H, W], of Euclidean length 100 an image, moved by 10 times its gradient and brought back to that length;
- real and fake images are attacked one after the other, each with half the batch;
- the attack is made in training mode by `loss.backward()`, which also computes the gradients of all of the network's weights; they accumulate
  until they are thrown away before the step;
- monitor passes: the loss of either half, clean and attacked, is measured for the log (`monitors=False` leaves them out);
- the detector learns from clean and attacked images as one batch of twice the size, by RAdam with the decay in the gradient.
"""

import torch
from torch import nn
from torch.nn import functional as F

from networks import go_through

WINDOW = 3
LENGTH, STEP = 100.0, 10.0
EPS = 0.5 / 255  # 1/255 on images in [-1, 1]
LEARNING_RATE, WEIGHT_DECAY = 5e-4, 5e-4


class PixelGaussian(nn.Module):
    """Blurs by one kernel for each pixel and channel, exp(-s * d^2 / 2) normalised to a sum of 1."""

    def __init__(self, k=WINDOW):
        super().__init__()
        self.k = k
        at = torch.arange(k) - k // 2
        squared = at[:, None] ** 2 + at[None, :] ** 2
        self.register_buffer("squared", squared.reshape(1, 1, k * k, 1, 1).float())

    def forward(self, images, inverse):
        n, channels, height, width = images.shape
        padded = F.pad(images, (self.k // 2,) * 4, mode="reflect")
        patches = F.unfold(padded, self.k).view(n, channels, self.k**2, height, width)
        weights = torch.exp(-inverse.unsqueeze(2) * self.squared / 2)
        weights = weights / weights.sum(2, keepdim=True)
        return (patches * weights).sum(2)


class Reference:
    """The work on one batch; `images` [N, 3, H, W] in [0, 1], `labels` [N], 0 and 1 both among them."""

    def __init__(self, model, images, labels, work, monitors=True):
        self.model = model
        self.images = images
        self.labels = labels
        self.halves = [labels == 0, labels == 1]
        self.work = work
        self.monitors = monitors
        self.gaussian = PixelGaussian()
        self.log = []
        self.optimizer = torch.optim.RAdam(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)

    def round(self):
        """Works once. Returns the loss of a step in nats, or the scores of an evaluation."""
        go_through(self.model, "main")  # the recipe knows no other
        return self.scores() if self.work == "evaluate" else self.step()

    def scores(self):
        self.model.eval()
        with torch.no_grad():
            return F.softmax(self.model(self.images), 1)[:, 1].tolist()

    def step(self):
        self.model.train()
        images, labels = self.images, self.labels
        if self.work != "plain":
            attack = {"fgsm": self.fgsm, "blur": self.blur}[self.work]
            attacked = [attack(self.images[half], self.labels[half]) for half in self.halves]
            images = torch.cat([images[half] for half in self.halves] + attacked)
            labels = torch.cat([labels[half] for half in self.halves] * 2)
            order = torch.randperm(len(labels))
            images, labels = images[order], labels[order]
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return [loss.item()]

    def fgsm(self, images, labels):
        varied = images.clone().requires_grad_(True)
        F.cross_entropy(self.model(varied), labels).backward()
        attacked = (images + EPS * varied.grad.sign()).detach()
        self.monitor(images, attacked, labels)
        return attacked

    def blur(self, images, labels):
        inverse = _with_length(torch.ones_like(images)).requires_grad_(True)
        F.cross_entropy(self.model(self.gaussian(images, inverse)), labels).backward()
        with torch.no_grad():
            attacked = self.gaussian(images, _with_length(inverse + STEP * inverse.grad))
        self.monitor(images, attacked, labels)
        return attacked

    def monitor(self, clean, attacked, labels):
        if not self.monitors:
            return
        with torch.no_grad():
            self.log = [F.cross_entropy(self.model(images), labels).item() for images in (clean, attacked)]


def _with_length(inverse):
    length = inverse.flatten(1).norm(dim=1).clamp_min(1e-12)
    return inverse * (LENGTH / length).view(-1, 1, 1, 1)
