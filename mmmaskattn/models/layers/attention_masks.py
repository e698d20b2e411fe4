"""The masks M of Eq. 1, as small strategies chosen in the config.

The paper calls M "a learnable (or dynamically computed) mask" in section 3.2 and "a learnable binary mask" in section
4.1, and leaves its form open. The authors' released scripts, all nine, learn none: they add 0 or -inf to the scores,
each key kept with probability 1/2, drawn once when the network is built, for each place in the batch and one head, and
not saved with the weights. Each reading is a strategy here:

========== ====================================================== ================
name       M                                                      products a query
========== ====================================================== ================
``none``   0: plain self-attention (the peer of Table 7)          N
``dense``  a learnable bias for every pair of positions           N
``gate``   log sigmoid(w.x_j + b) for key j: soft, input-dependent N
``topk``   -inf outside the K best scored keys, which are never   K
           computed; the kept ones carry log sigmoid(score)
``random`` -inf outside a fixed random half of the keys: nothing   N / 2
           is learned (ablation only)
========== ====================================================== ================
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.precision import at_least_float32, without_autocast
from mmmaskattn.utils.option_types import ModuleConfig


class MaskTerms(NamedTuple):
    """What a mask contributes to one attention.

    Attributes:
        keep: int64 (B, K) positions of the keys that are kept; None keeps all N.
        key_bias: float (B, K) addend for each kept key, the same for all queries and heads.
        pair_bias: float (1 or heads, N, N) addend for each pair of query and key.
    """

    keep: Tensor | None = None
    key_bias: Tensor | None = None
    pair_bias: Tensor | None = None


class NoMask(nn.Module):
    """M = 0: plain self-attention."""

    def __init__(self, channels: int, num_heads: int, map_size: tuple[int, int]) -> None:
        super().__init__()

    def forward(self, tokens: Tensor, map_size: tuple[int, int]) -> MaskTerms:
        """Add nothing.

        Args:
            tokens: float (B, N, C).
            map_size: (H, W) with H * W = N.
        """
        return MaskTerms()


class DenseMask(nn.Module):
    """A learnable bias for every pair of positions, zero at first.

    Args:
        channels: unused; every mask takes the same arguments.
        num_heads: heads of the attention.
        map_size: (H, W) of the maps it is made for; N = H * W, and the bias holds N * N parameters a head.
        per_head: one bias for each head instead of one for all.
    """

    def __init__(self, channels: int, num_heads: int, map_size: tuple[int, int], per_head: bool = False) -> None:
        super().__init__()
        self.map_size = map_size
        tokens = map_size[0] * map_size[1]
        self.bias = nn.Parameter(torch.zeros(num_heads if per_head else 1, tokens, tokens))

    def forward(self, tokens: Tensor, map_size: tuple[int, int]) -> MaskTerms:
        """Return the bias, resized bilinearly over queries and over keys when ``map_size`` is not the one it was made
        for.

        Args:
            tokens: float (B, N, C).
            map_size: (H, W) with H * W = N.
        """
        if map_size == self.map_size:
            return MaskTerms(pair_bias=self.bias)
        keys_resized = self._resize_last(self.bias, map_size)
        queries_resized = self._resize_last(keys_resized.transpose(1, 2), map_size)
        return MaskTerms(pair_bias=queries_resized.transpose(1, 2))

    def _resize_last(self, bias: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Resize the last axis of (heads, M, H * W) to the positions of another map."""
        maps = bias.unflatten(2, self.map_size)
        return F.interpolate(maps, size=map_size, mode='bilinear', align_corners=False).flatten(2)


class GateMask(nn.Module):
    """M_j = log sigmoid(w.x_j + b): a soft gate for each key, computed from the input.

    Args:
        channels: C of the tokens.
        num_heads: unused; the gate is shared by the heads.
        map_size: unused; works at any size.
    """

    def __init__(self, channels: int, num_heads: int, map_size: tuple[int, int]) -> None:
        super().__init__()
        self.scorer = nn.Linear(channels, 1)

    def forward(self, tokens: Tensor, map_size: tuple[int, int]) -> MaskTerms:
        """Score every key.

        Args:
            tokens: float (B, N, C).
            map_size: (H, W) with H * W = N.
        """
        return MaskTerms(key_bias=F.logsigmoid(self._scores(tokens)))

    def _scores(self, tokens: Tensor) -> Tensor:
        """w.x + b of each key, (B, N); outside autocast, since half precision makes ties of most scores."""
        wide = at_least_float32(tokens)
        with without_autocast(wide.device):
            return F.linear(wide, self.scorer.weight.to(wide.dtype), self.scorer.bias.to(wide.dtype)).squeeze(-1)


class TopKMask(GateMask):
    """The learned binary mask: the K best scored keys are kept, the others get -inf, so they are never computed.

    The kept keys carry log sigmoid(score), which is how the scorer learns. Where N <= K all keys are kept, and this
    is ``gate``.

    Args:
        channels: C of the tokens.
        num_heads: unused; the heads share the kept keys.
        map_size: unused; works at any size.
        k: number of keys kept.
    """

    def __init__(self, channels: int, num_heads: int, map_size: tuple[int, int], k: int = 256) -> None:
        super().__init__(channels, num_heads, map_size)
        self.k = _positive(k, 'k of the topk mask')

    def forward(self, tokens: Tensor, map_size: tuple[int, int]) -> MaskTerms:
        """Score every key and keep the best.

        Args:
            tokens: float (B, N, C).
            map_size: (H, W) with H * W = N.
        """
        scores = self._scores(tokens)
        if scores.shape[1] <= self.k:
            return MaskTerms(key_bias=F.logsigmoid(scores))
        best = scores.topk(self.k, dim=1, sorted=False)
        return MaskTerms(keep=best.indices, key_bias=F.logsigmoid(best.values))


class RandomMask(nn.Module):
    """Fixed random keys, the same for every image and head: what the released code does, for the ablation only.

    It keeps every key with probability 1/2, which is where the default of ``keep`` comes from, and has a draw for each
    place in the batch and none in its checkpoints. Here exactly that share is kept, so that the cost is known, one
    draw serves all images, so that an image gets the same result wherever in a batch it stands, and the draw comes
    from a seed, so that a checkpoint gives the network that was trained.

    Args:
        channels: unused.
        num_heads: unused.
        map_size: unused; for each number of tokens the keys are those of the greatest of so many draws.
        keep: share of the keys that is kept, rounded to whole keys, one at least.
        seed: seed of the draw.

    Raises:
        ValueError: ``keep`` is no number above 0 and up to 1.
    """

    MAX_TOKENS = 128 * 128

    def __init__(
        self, channels: int, num_heads: int, map_size: tuple[int, int], keep: float = 0.5, seed: int = 0
    ) -> None:
        super().__init__()
        self.keep = _share(keep, 'keep of the random mask')
        draws = torch.rand(self.MAX_TOKENS, generator=torch.Generator().manual_seed(seed))
        # Written by the seed alone, so it needs no place in a checkpoint.
        self.register_buffer('draws', draws, persistent=False)
        self.draws: Tensor

    def forward(self, tokens: Tensor, map_size: tuple[int, int]) -> MaskTerms:
        """Keep the same keys whatever the tokens hold.

        Args:
            tokens: float (B, N, C).
            map_size: (H, W) with H * W = N.
        """
        number = tokens.shape[1]
        count = max(1, round(self.keep * number))
        if count == number:
            return MaskTerms()
        repeats = -(-number // self.MAX_TOKENS)
        keep = self.draws.repeat(repeats)[:number].topk(count).indices
        return MaskTerms(keep=keep.expand(tokens.shape[0], -1))


AttentionMask = Union[NoMask, DenseMask, GateMask, TopKMask, RandomMask]
MaskName = Literal['none', 'dense', 'gate', 'topk', 'random']
AttentionMaskConfig = Union[MaskName, ModuleConfig]
ATTENTION_MASKS: dict[str, type] = {
    'none': NoMask,
    'dense': DenseMask,
    'gate': GateMask,
    'topk': TopKMask,
    'random': RandomMask,
}


def build_attention_mask(
    config: AttentionMaskConfig, channels: int, num_heads: int, map_size: tuple[int, int]
) -> AttentionMask:
    """Build a mask from its name or from ``dict(type=name, ...)``.

    Args:
        config: a name of :data:`ATTENTION_MASKS`, or a dict with that name under ``type`` and the mask's own options.
        channels: C of the tokens.
        num_heads: heads of the attention.
        map_size: (H, W) of the map at the network's input size.

    Raises:
        ValueError: unknown name or option.
    """
    options = {'type': config} if isinstance(config, str) else dict(config)
    name = options.pop('type', None)
    if name not in ATTENTION_MASKS:
        raise ValueError(f'mask type {name!r} is unknown; the option `mask` takes one of {", ".join(ATTENTION_MASKS)}')
    try:
        return ATTENTION_MASKS[name](channels, num_heads, map_size, **options)
    except TypeError as error:
        raise ValueError(f'mask {name!r} does not take the options {sorted(options)}: {error}') from error


def _positive(value: int, name: str) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f'{name} is {value!r}; it must be a whole number of at least 1')
    return value


def _share(value: float, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise ValueError(f'{name} is {value!r}; it must be a number above 0 and up to 1, such as 0.5')
    return float(value)
