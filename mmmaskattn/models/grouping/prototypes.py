"""Grouping around prototypes, the mean embeddings of instances, and who owns a pixel.

Owners are found by passes that compare with the greatest value: torch.argmax over an axis other than the last gives the
same and is several times slower on a CPU. Nothing is a scatter, whose sums are not repeatable on a GPU.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmmaskattn.models.grouping.groups import GroupingOptions, Groups, invalid_bias, static_shapes
from mmmaskattn.models.grouping.seeds import compact, distinct_seeds, embeddings_at


def group_by_prototypes(embeddings: Tensor, seed_map: Tensor, p_thing: Tensor, options: GroupingOptions) -> Groups:
    """Group pixels by their embeddings; no gradient flows.

    Peaks of the seed map give prototypes; of alike ones the better stays. A foreground pixel belongs to the prototype
    of the greatest cosine, if that exceeds ``similarity``. Then prototypes become the normalised mean of their pixels
    and pixels are given anew, ``iterations`` times: k-means on the sphere. No step depends on the number of instances,
    and no sum is a scatter, so results repeat bitwise, images do not affect each other, and the function can be
    exported. The paper says no more than that instances are grouped by embeddings; all of this is our own.

    Args:
        embeddings: float (B, D, H, W), unit length; outside autocast, else cosines are rounded to half precision.
        seed_map: float (B, H, W), 0 to 1: seed quality times ``p_thing``.
        p_thing: float (B, H, W), 0 to 1: probability of being any thing.
        options: how to group.

    Raises:
        ValueError: The shapes do not agree.
    """
    check_maps(embeddings, seed_map, p_thing)
    pixels = embeddings.detach().float().flatten(2)
    foreground = (p_thing > options.foreground).flatten(1)
    seeds = compact(distinct_seeds(embeddings, seed_map, options), options.max_instances)
    prototypes = embeddings_at(embeddings, seeds.places)
    places, counted = _places_to_group(foreground)
    own = F.pad(_taken_at(pixels, places), (0, 0, 0, 1), value=1.0)  # a channel of ones, for the bias
    # One buffer for all rounds, since the system would have to hand out fresh memory for each (B, K, N).
    values = own.new_empty(*prototypes.shape[:2], own.shape[2])
    for _ in range(options.iterations):
        _multiply_into(values, prototypes, seeds.valid, own)
        best = _best_value_above(values, counted, options.similarity)
        prototypes = _mean_directions(prototypes, values.ge_(best[:, None]), own)
    scale = 1 / options.temperature
    _multiply_into(values, prototypes * scale, seeds.valid, own)
    best = _best_value_above(values, counted, options.similarity * scale)
    owners, valid = assign_pixels(values, best, seeds.valid, options.min_area)
    affinity = torch.baddbmm(invalid_bias(valid), prototypes * scale, pixels)
    scores = torch.where(valid, seeds.scores, 0.0)
    size = p_thing.shape[1:]
    assignment = _put_back(owners, places, pixels.shape[2])
    return Groups(valid, scores, affinity.unflatten(2, size), assignment.unflatten(1, size))


def _places_to_group(foreground: Tensor) -> tuple[Tensor, Tensor]:
    """The pixels that may belong to an instance: only they take part in the rounds.

    Args:
        foreground: bool (B, N).

    Returns:
        Places int64 (B, M), N where an image has fewer than M, and whether there is one, bool (B, M). In recorded
        graphs, whose shapes are fixed, all N pixels, and whether they are of the foreground.
    """
    batch, number = foreground.shape
    if static_shapes():
        return torch.arange(number, device=foreground.device).expand(batch, -1), foreground
    counts = foreground.sum(1)
    images, pixels = foreground.nonzero(as_tuple=True)
    ranks = torch.arange(len(pixels), device=pixels.device) - (counts.cumsum(0) - counts)[images]
    places = pixels.new_full((batch, max(1, int(counts.max()))), number)
    places[images, ranks] = pixels
    return places, places < number


def _taken_at(pixels: Tensor, places: Tensor) -> Tensor:
    """(B, D, M) those of the pixels (B, D, N)."""
    if static_shapes():
        return pixels
    index = places.clamp(max=pixels.shape[2] - 1)[:, None].expand(-1, pixels.shape[1], -1)
    return pixels.gather(2, index)


def _put_back(owners: Tensor, places: Tensor, number: int) -> Tensor:
    """int64 (B, N) owners of all pixels, -1 = none, from those (B, M) of the places."""
    if static_shapes():
        return owners
    return owners.new_full((len(owners), number + 1), -1).scatter_(1, places, owners)[:, :number]


def check_maps(vectors: Tensor, seed_map: Tensor, p_thing: Tensor) -> None:
    """Refuse maps whose shapes do not agree.

    Args:
        vectors: expected (B, any, H, W).
        seed_map: expected (B, H, W).
        p_thing: expected (B, H, W).

    Raises:
        ValueError: They do not.
    """
    shapes = [tuple(maps.shape) for maps in (vectors, seed_map, p_thing)]
    if len(shapes[0]) != 4 or any(shape != (shapes[0][0], *shapes[0][2:]) for shape in shapes[1:]):
        raise ValueError(
            f'maps to group have shapes {shapes[0]}, {shapes[1]} and {shapes[2]}; expected (B, D, H, W) and two times '
            'its (B, H, W): embeddings or offsets, seed or centre map, probability of a thing'
        )


def _multiply_into(values: Tensor, prototypes: Tensor, valid: Tensor, pixels: Tensor) -> None:
    """Fill values (B, K, N) with prototypes (B, K, D) * pixels (B, D + 1, N); -1e9 for slots that are not valid."""
    rows = torch.cat([prototypes * valid[:, :, None], invalid_bias(valid)], dim=2)
    values.baddbmm_(rows, pixels, beta=0)


def _best_value_above(values: Tensor, foreground: Tensor, threshold: float) -> Tensor:
    """(B, N) greatest of the values (B, K, N) of foreground pixels, infinite where it is not above the threshold."""
    best = values.amax(1)
    return best.masked_fill(~(foreground & (best > threshold)), math.inf)


def _mean_directions(prototypes: Tensor, masks: Tensor, pixels: Tensor) -> Tensor:
    """Normalised sums of the pixels (B, D + 1, N) of each mask (B, K, N); the prototype stays where there are none."""
    sums = torch.bmm(masks, pixels.transpose(1, 2))
    return torch.where(sums[:, :, -1:] > 0, F.normalize(sums[:, :, :-1], dim=2), prototypes)


def best_value_where(values: Tensor, wanted: Tensor) -> Tensor:
    """Best value of each pixel, infinite where no slot shall own it.

    Args:
        values: float (B, K, N), finite.
        wanted: bool (B, N).

    Returns:
        float (B, N).
    """
    return values.amax(1).masked_fill(~wanted, math.inf)


def assign_pixels(values: Tensor, best: Tensor, valid: Tensor, min_area: int) -> tuple[Tensor, Tensor]:
    """Give each pixel to its best slot, and drop slots that got too few.

    Args:
        values: float (B, K, N), finite, lower for slots that are not valid than for any valid one.
        best: float (B, N), the greatest values; infinite = none shall own the pixel.
        valid: bool (B, K).
        min_area: fewest pixels of a slot.

    Returns:
        The owners, int64 (B, N), -1 = none; and which slots remain valid, bool (B, K).
    """
    slots = values.shape[1]
    precedence = torch.arange(slots, 0, -1, device=values.device, dtype=values.dtype)
    ranked = (values - best[:, None]).ge_(0).mul_(precedence[:, None])  # K for slot 0, ... 1, 0 where not the best
    first = ranked.amax(1)
    own = ranked.eq_(first.masked_fill(first == 0, math.inf)[:, None])
    remaining = valid & (own.sum(2) >= min_area)
    owners = torch.where(first > 0, slots - first, -1.0).long()
    return unassign_invalid(owners, remaining), remaining


def unassign_invalid(assignment: Tensor, valid: Tensor) -> Tensor:
    """Take the pixels from slots that are not valid.

    Args:
        assignment: int64 (B, N); -1 = none.
        valid: bool (B, K).

    Returns:
        int64 (B, N).
    """
    kept = valid.gather(1, assignment.clamp(min=0))
    return torch.where(kept, assignment, -1)  # an owner of -1 stays -1 either way


def one_hot(assignment: Tensor, slots: int) -> Tensor:
    """Hard masks of an assignment.

    Args:
        assignment: int64 (B, N); -1 = none.
        slots: K.

    Returns:
        float (B, K, N), 0 or 1.
    """
    numbers = torch.arange(slots, device=assignment.device, dtype=torch.float)
    return (assignment.float()[:, None] - numbers[:, None]).eq_(0)
