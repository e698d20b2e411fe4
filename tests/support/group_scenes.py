"""Crafted embeddings, seeds and probabilities of known instances."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def directions(count: int, channels: int = 32, seed: int = 0) -> Tensor:
    """Unit vectors (count, channels), no two of which have a cosine above 0.5."""
    pool = F.normalize(torch.randn(4000, channels, generator=torch.Generator().manual_seed(seed)), dim=1)
    chosen = [0]
    while len(chosen) < count:
        chosen.append(int((pool @ pool[chosen].T).amax(1).argmin()))
    vectors = pool[chosen]
    assert float((vectors @ vectors.T - 2 * torch.eye(count)).max()) < 0.5
    return vectors


def embed(ids: Tensor, noise: float = 0.05, seed: int = 0, channels: int = 32) -> Tensor:
    """Noisy unit embeddings (B, D, H, W) of an id map (B, H, W), 0 = background."""
    vectors = directions(int(ids.max()) + 1, channels)
    jitter = torch.randn(*ids.shape, channels, generator=torch.Generator().manual_seed(seed))
    return F.normalize(vectors[ids] + noise * jitter, dim=3).permute(0, 3, 1, 2).contiguous()


def seed_pixels(ids: Tensor, low: float = 0.5, high: float = 0.95) -> Tensor:
    """Seed map (B, H, W): one pixel of each instance, its middle one in reading order; scores rise with the id."""
    seeds = torch.zeros(ids.shape)
    for image, of_image in zip(seeds, ids):
        count = int(of_image.max())
        for number in range(1, count + 1):
            places = (of_image == number).nonzero()
            y, x = places[len(places) // 2]
            image[y, x] = low + (high - low) * number / count
    return seeds


def thing_probability(ids: Tensor) -> Tensor:
    """0.9 on instances, 0.1 elsewhere, (B, H, W)."""
    return torch.where(ids > 0, 0.9, 0.1)


def grid_ids(side: int, per_side: int, gap: int = 0) -> Tensor:
    """Id map (1, side, side) of per_side^2 squares, touching if gap is 0."""
    cell = torch.arange(side) * per_side // side
    ids = cell[:, None] * per_side + cell + 1
    edge = torch.cat([torch.zeros(1, dtype=torch.bool), cell[1:] != cell[:-1]])
    return ids.masked_fill((edge[:, None] | edge) & (gap > 0), 0)[None]


def same_partition(assignment: Tensor, ids: Tensor) -> bool:
    """Whether slots and ids (both (H, W)) cut the map into the same parts, none = 0."""
    pairs = torch.unique(torch.stack([assignment.flatten(), ids.flatten() - 1]), dim=1)
    none_alike = bool(((pairs[0] < 0) == (pairs[1] < 0)).all())
    return none_alike and len(pairs[0].unique()) == len(pairs[0]) == len(pairs[1].unique())
