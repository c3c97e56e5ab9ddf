"""Networks of PyTorch's that tests count, and how they do: what a function executes, by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import opcount as oc
from opcount.sources import torch as octo


def counted(f: Callable[[], Any], *given: Any, **options: Any) -> dict[str, int]:
    """What f executes that depends on what is given."""
    with oc.count() as tally, octo.counting(*given, **options):
        f()
    return tally.counts.to_dict()


class Block(nn.Module):
    """A residual block, with a bottleneck if it is asked for one (He and others, 2015)."""

    def __init__(self, channels: int, inner: int, outer: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        if bottleneck:
            sizes = [(channels, inner, 1, 1), (inner, inner, 3, stride), (inner, outer, 1, 1)]
        else:
            sizes = [(channels, inner, 3, stride), (inner, outer, 3, 1)]
        layers: list[nn.Module] = []
        for before, after, kernel, step in sizes:
            layers += [
                nn.Conv2d(before, after, kernel, step, kernel // 2, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.main = nn.Sequential(*layers[:-1])
        self.short = nn.Identity()
        if stride != 1 or channels != outer:
            self.short = nn.Sequential(nn.Conv2d(channels, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.main(x) + self.short(x))


def resnet(depths: tuple[int, ...], bottleneck: bool) -> nn.Sequential:
    """A residual network for images of 224 by 224: (2, 2, 2, 2) for 18 layers, (3, 4, 6, 3) and bottlenecks for 50."""
    channels, wide = 64, 4 if bottleneck else 1
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
                               nn.MaxPool2d(3, 2, 1)]  # fmt: skip
    for stage, depth in enumerate(depths):
        inner = 64 * 2**stage
        for index in range(depth):
            stride = 2 if stage and not index else 1
            layers.append(Block(channels, inner, inner * wide, stride, bottleneck))
            channels = inner * wide
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))
