"""Norms: the default of our models, batch norm over all processes, layer norm over channels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn import functional as F

from mmmaskattn.models.precision import saturated, without_autocast
from mmmaskattn.registry import MODELS

NORM = {'type': 'mmmaskattn.CrossProcessBN'}
ACTIVATION = {'type': 'ReLU'}


class TokenNorm(nn.LayerNorm):
    """``nn.LayerNorm`` that makes no NaN of what overflowed float16; state-dict keys are those of ``nn.LayerNorm``."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis.

        Args:
            x: float (..., C).

        Returns:
            float (..., C).
        """
        return super().forward(saturated(x))


@MODELS.register_module()
class LayerNorm2d(TokenNorm):
    """`TokenNorm` over the channels at each position of a map; state-dict keys are those of ``nn.LayerNorm``.

    In a config: ``norm_cfg=dict(type='mmmaskattn.LayerNorm2d')``.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise a map.

        Args:
            x: float (B, C, H, W).

        Returns:
            float (B, C, H, W).
        """
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@MODELS.register_module(name='CrossProcessBN')
class CrossProcessBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation whose training statistics are those of all processes together, on GPUs and on CPUs.

    In evaluation, and in training with one process, it is ``nn.BatchNorm2d`` but for two cases: a training batch with a
    single value per channel (batch 1 on a 1x1 map) has no variance, so it is normalised by the running statistics
    where ``nn.BatchNorm2d`` raises; and what overflowed float16 is brought back into it, where
    ``nn.BatchNorm2d`` would make NaN of the map and of the running statistics.

    With several processes CUDA tensors go through torch's ``nn.SyncBatchNorm``. It takes no others, and torch's
    distributed training on CPUs refuses a model that holds one; so this is none, and normalises other tensors itself:
    one collective of ``2 * channels + 1`` numbers per process in the forward pass and one in the backward pass,
    statistics in float32 at least. The processes may have batches of different sizes. State-dict keys are those of
    ``nn.BatchNorm2d``.

    In a config: ``norm_cfg=dict(type='mmmaskattn.CrossProcessBN')``. Arguments are those of ``nn.BatchNorm2d``.
    """

    # What the forward of nn.SyncBatchNorm reads beside the attributes of nn.BatchNorm2d; None is all processes.
    process_group = None
    _check_non_zero_input_channels = nn.SyncBatchNorm._check_non_zero_input_channels

    def forward(self, input: Tensor) -> Tensor:
        """Normalise a map.

        Args:
            input: Shape (B, C, H, W).

        Returns:
            The normalised map, same shape and type.

        Raises:
            ValueError: If the input does not have four dimensions.
        """
        input = saturated(input)
        if not self.training:
            return super().forward(input)
        if _num_processes() > 1:
            return self._by_torch(input) if input.is_cuda else self._normalise_over_processes(input)
        if self.track_running_stats and input.dim() == 4 and input.shape[0] * input.shape[2] * input.shape[3] == 1:
            return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(input)

    def _by_torch(self, x: Tensor) -> Tensor:
        return nn.SyncBatchNorm.forward(self, x)  # type: ignore[arg-type]

    def _normalise_over_processes(self, x: Tensor) -> Tensor:
        """Normalise by the mean and variance over all processes, and follow them with the running statistics."""
        self._check_input_dim(x)
        wide = x if x.dtype == torch.float64 else x.float()
        with without_autocast(x.device):
            count, mean, var = _joint_statistics(wide)
            self._update_running_statistics(count, mean.detach(), var.detach())
            scale = torch.rsqrt(var + self.eps)
            if self.weight is not None:
                scale = scale * self.weight
            out = (wide - mean[:, None, None]) * scale[:, None, None]
            if self.bias is not None:
                out = out + self.bias[:, None, None]
        return out.to(x.dtype)

    @torch.no_grad()
    def _update_running_statistics(self, count: Tensor, mean: Tensor, var: Tensor) -> None:
        """Move the running mean and (unbiased) variance towards those of the batch, as ``nn.BatchNorm2d`` does."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        # Without a momentum the running statistics are the plain averages over all batches.
        weight = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        unbiased = var * (count / (count - 1).clamp(min=1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), weight)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), weight)


class _SumOverProcesses(torch.autograd.Function):
    """Sum of a tensor over all processes; the gradient of such a sum is the sum of the processes' gradients."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        """Add up; the input stays as it is."""
        total = tensor.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """Add up the gradients, so that this too has a gradient."""
        return _SumOverProcesses.apply(grads[0])


def _num_processes() -> int:
    """Number of processes of the default process group, 1 if there is none."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def _joint_statistics(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Count (), mean (C,) and biased variance (C,) over all processes of (B, C, H, W), B of each its own, even 0.

    Each process enters its own count, mean and variance in its row of a table of zeros, whose sum over the processes
    is the table of all. Deviations are taken from means, never as a difference of squares, so that nothing is lost
    where the mean is large.
    """
    channels, count = x.shape[1], x.numel() // x.shape[1]
    mean = x.sum((0, 2, 3)) / max(count, 1)
    var = (x - mean[:, None, None]).square().sum((0, 2, 3)) / max(count, 1)
    row = torch.cat([x.new_full((1,), float(count)), mean, var])
    one_hot = F.one_hot(torch.tensor(dist.get_rank(), device=x.device), dist.get_world_size()).to(x.dtype)
    table = _SumOverProcesses.apply(one_hot[:, None] * row)
    counts, means, variances = table[:, :1], table[:, 1 : 1 + channels], table[:, 1 + channels :]
    total = counts.sum()
    share = counts / total.clamp(min=1)
    mean = (share * means).sum(0)
    return total, mean, (share * (variances + (means - mean).square())).sum(0)
