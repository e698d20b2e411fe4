"""How mobile networks draw their first weights."""

from __future__ import annotations

import math

from torch import nn


def draw_by_fan_out(module: nn.Module) -> None:
    """Draw every convolution of a module normally with variance 2 / fan-out, as mobile networks do; biases are 0.

    The fan-out is that of a group, so a depthwise 3x3 convolution has 9.

    Args:
        module: Changed in place.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            height, width = part.kernel_size
            nn.init.normal_(part.weight, std=math.sqrt(2 * part.groups / (height * width * part.out_channels)))
            if part.bias is not None:
                nn.init.zeros_(part.bias)
