"""What every attention module of a U-Net's stage has around its attention."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmmaskattn.models.layers.initialise import initialise_linear


class AttentionFrame(nn.Module):
    """Base of the attention modules: norm, attention, residual; norm, feed-forward network, residual::

        x (B,C,H,W) -> tokens (B,N,C) -+- norm - attention - (+) -+- norm - feed-forward - (+) -> (B,C,H,W)
                                       |______________________|   |_________________________|

    A subclass makes its attention between ``__init__`` and :meth:`_add_ffn`: so the order of the weights, and of the
    random numbers that they are drawn from, is that of the computation.

    Args:
        channels: C of the map.
        with_cp: recompute the module in the backward pass instead of keeping its activations.
    """

    def __init__(self, channels: int, with_cp: bool) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.norm = nn.LayerNorm(channels)

    def _add_ffn(self, channels: int, ratio: float) -> None:
        """Make the second half, of hidden width ``channels * ratio``, and initialise the whole module."""
        hidden = max(1, round(channels * ratio))
        self.ffn_norm = nn.LayerNorm(channels)
        self.ffn = nn.Sequential(nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels))
        self.apply(initialise_linear)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map.

        Args:
            x: float (B, C, H, W).

        Returns:
            float (B, C, H, W).
        """
        if self.with_cp and x.requires_grad:
            return checkpoint(self._refine, x, use_reentrant=False)
        return self._refine(x)

    def _refine(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        tokens = tokens + self._attend(self.norm(tokens), (x.shape[2], x.shape[3]))
        tokens = tokens + self.ffn(self.ffn_norm(tokens))
        return tokens.transpose(1, 2).reshape(x.shape)

    @abstractmethod
    def _attend(self, tokens: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Attend among the normalised tokens of a map of (H, W): (B, H * W, C) -> (B, H * W, C)."""
