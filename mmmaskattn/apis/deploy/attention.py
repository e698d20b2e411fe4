"""What mask attention keeps of its keys, as maps: one more output of an exported file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.models.layers.attention_masks import GateMask, MaskTerms, RandomMask

KEEPING = (GateMask, RandomMask)
"""Masks that say of each key, for all queries alike, how much of it is kept; `TopKMask` is a `GateMask`."""
PARTS = {'backbone': 'encoder', 'neck': 'decoder'}


class KeptKeys:
    """The shares of the keys that the masks of a model kept when it ran last.

    Args:
        module: The model; `kept_keys` makes it tell.
    """

    def __init__(self, module: nn.Module) -> None:
        self.masks = {name: part for name, part in module.named_modules() if isinstance(part, KEEPING)}
        self.found: list[tuple[str, Tensor]] = []

    def hook(self, name: str) -> Any:
        """Make what notes the terms of a mask."""

        def note(_: nn.Module, given: tuple[Tensor, tuple[int, int]], terms: MaskTerms) -> None:
            """Keep what the mask said of its keys."""
            tokens, map_size = given
            self.found.append((name, kept_shares(terms, tokens).unflatten(1, map_size)))

        return note

    def names(self) -> list[str]:
        """Where in the network each map is from, and its size: ``'2: decoder 16x16'``, in order of computation."""
        parts = [name.split('.')[0] for name, _ in self.found]
        sizes = [f'{one.shape[1]}x{one.shape[2]}' for _, one in self.found]
        return [f'{k}: {PARTS.get(part, part)} {size}' for k, (part, size) in enumerate(zip(parts, sizes), 1)]

    def maps(self) -> Tensor:
        """float32 (N, M, h, w), 0 to 1: one map for each attention, cells repeated up to the size of the finest."""
        size = max((one.shape[1:] for _, one in self.found), key=lambda size: size.numel())
        return torch.cat([F.interpolate(one[:, None], tuple(size), mode='nearest') for _, one in self.found], 1)


@contextlib.contextmanager
def kept_keys(module: nn.Module) -> Iterator[KeptKeys]:
    """Note what the masks of a model keep, as long as the block lasts.

    Args:
        module: The model.

    Yields:
        What they kept; empty ``found`` before each run.
    """
    kept = KeptKeys(module)
    handles = [mask.register_forward_hook(kept.hook(name)) for name, mask in kept.masks.items()]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def kept_shares(terms: MaskTerms, tokens: Tensor) -> Tensor:
    """How much of each key a mask keeps.

    Args:
        terms: What it adds, for each key.
        tokens: float (B, N, C).

    Returns:
        float32 (B, N): the factor, 0 to 1, that the softmax's share of a key gets before all are made to sum to 1; 0
        for keys that are left out.
    """
    kept = tokens.new_ones(tokens.shape[:2] if terms.keep is None else terms.keep.shape, dtype=torch.float32)
    if terms.key_bias is not None:
        kept = terms.key_bias.float().exp()
    if terms.keep is None:
        return kept
    return tokens.new_zeros(tokens.shape[:2], dtype=torch.float32).scatter(1, terms.keep, kept)


@contextlib.contextmanager
def attention_told(graph: nn.Module, module: nn.Module) -> Iterator[KeptKeys]:
    """Let a graph give one output more, as long as the block lasts: `KeptKeys.maps` of its model.

    By hooks, so that all its parts keep the names by which those that become int8 are found.

    Args:
        graph: The graph.
        module: Its model.
    """
    with kept_keys(module) as kept:
        before = graph.register_forward_pre_hook(lambda *_: kept.found.clear())
        after = graph.register_forward_hook(lambda _, given, outputs: (*_tuple(outputs), kept.maps()))
        try:
            yield kept
        finally:
            before.remove()
            after.remove()


def _tuple(outputs: Any) -> tuple[Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)


def attention_names(graph: nn.Module, kept: KeptKeys, pictures: Tensor, output_size: Tensor) -> list[str]:
    """Run a graph once, to know which attention gives which map.

    Args:
        graph: The graph.
        kept: What its model's masks keep.
        pictures: As the graph takes them.
        output_size: The same.

    Raises:
        ValueError: If there is no attention that keeps some keys more than others.
    """
    if not kept.masks:
        raise ValueError(
            'attention: the model has none whose mask is gate, topk or random, so nothing can be shown; leave it out'
        )
    with torch.no_grad():
        graph(pictures, output_size)
    return kept.names()
