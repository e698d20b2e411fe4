"""The contrastive loss of instances (section 3.3, Eqs. 5 and 6), and the pixels that it looks at.

All pairs of a 128x128 image are 2.7e8; the paper allows "a sampled subset of all pixel pairs" (section 3.3, below
Eq. 6) and leaves open which. Here every instance gives the same number of pixels, so that a small one weighs as much
as a large one. One sort does the work: sorted by (instance, random number), the first M of each run are M pixels of
that instance, drawn uniformly and without replacement.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.precision import at_least_float32, saturated, without_autocast
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, CountOfPairs, CountOrZero, Fraction, NonNegative, Positive

WINDOW = 5
"""Side in pixels of the window in which another id makes a pixel one of the boundary."""

NOT_PAIRED = -1e4
"""Takes the place of the similarity of pixels that are no pair; its exponential is 0, its gradient a number."""

Denominator = Literal['all', 'negatives']
_RANDOM_BITS = 31  # whole-number keys: a float sum of id and random number could round up into the next id


class PixelSample(NamedTuple):
    """Pixels drawn from a batch of instance maps.

    Attributes:
        index: int64 (B, S), place of each pixel in its flattened map, row by row.
        ids: int64 (B, S), value of the map there: 0 = background, 1 and up = instance; -1 = padding, whose ``index``
            means nothing. The padding of an image stands at its end.
    """

    index: Tensor  # type: ignore[assignment]  # hides tuple.index, which no one calls here
    ids: Tensor


class _Columns(NamedTuple):
    """Layout of one draw: which slot a column is for and its number within the slot, both int64 (S,)."""

    slot: Tensor
    rank: Tensor


def sample_pixels(
    instance_map: Tensor,
    pixels_per_instance: int = 16,
    background_pixels: int = 64,
    max_instances: int = 64,
    boundary_share: float = 0.0,
) -> PixelSample:
    """Draw pixels of every instance and of the background, image by image, from torch's random numbers.

    Args:
        instance_map: int64 (B, H, W): -1 = ignore, which is never drawn; 0 = background; 1 and up = instance.
        pixels_per_instance: Pixels of each instance, fewer if it has fewer.
        background_pixels: Pixels of the background, fewer if it has fewer.
        max_instances: From an image with more instances, a random choice of this many; the others give no pixel.
        boundary_share: Share of the pixels of each instance and of the background that is taken first from pixels
            whose 5x5 window holds another id than their own (ignore is none), as far as there are such; the rest is
            drawn from all pixels left. 0 draws uniformly.

    Returns:
        The sample; S is the largest number of pixels that an image of the batch gives.
    """
    flat = instance_map.flatten(1)
    slots, count = _choose_instances(flat, max_instances)
    columns = _columns(count, pixels_per_instance, background_pixels, flat.device)
    quotas = torch.full((len(flat), count + 1), pixels_per_instance, device=flat.device)
    quotas[:, 0] = background_pixels
    if boundary_share > 0:
        near = torch.where(_near_another_id(instance_map).flatten(1), slots, -1)
        first, found_first, drawn = _draw(near, (quotas * boundary_share).round().long(), columns)
        index, found, _ = _draw(_without(slots, first, found_first), quotas - drawn, columns)
        index, found = torch.cat([first, index], dim=1), torch.cat([found_first, found], dim=1)
    else:
        index, found, _ = _draw(slots, quotas, columns)
    return _pack(flat, index, found)


def _choose_instances(flat: Tensor, max_instances: int) -> tuple[Tensor, int]:
    """Give each instance of an image a slot, in random order, and none to those beyond ``max_instances``.

    Args:
        flat: int64 (B, N), the maps.
        max_instances: The number of slots that there are at most.

    Returns:
        Slots int64 (B, N): -1 = not drawn, 0 = background, 1 and up = chosen instance; the number of slots.
    """
    largest = max(int(flat.max()), 0)
    count = min(largest, max_instances)
    present = flat.new_zeros((len(flat), largest + 2), dtype=torch.bool).scatter_(1, flat + 1, True)[:, 2:]
    # Ids without a pixel come last, so that they take no slot from those with one.
    draws = torch.rand(present.shape, device=flat.device).masked_fill(~present, 2.0)
    chosen = draws.argsort(dim=1)[:, :count]
    numbers = torch.arange(1, count + 1, device=flat.device).expand(len(flat), -1)
    slot_of_id = flat.new_full((len(flat), largest + 2), -1).scatter_(1, chosen + 2, numbers)
    slot_of_id[:, 1] = 0
    return slot_of_id.gather(1, flat + 1), count


def _columns(count: int, pixels_per_instance: int, background_pixels: int, device: torch.device) -> _Columns:
    """Columns for the background (slot 0), then for slots 1 to ``count``."""
    background = torch.arange(background_pixels, device=device)
    slots = torch.arange(1, count + 1, device=device).repeat_interleave(pixels_per_instance)
    ranks = torch.arange(pixels_per_instance, device=device).repeat(count)
    return _Columns(torch.cat([torch.zeros_like(background), slots]), torch.cat([background, ranks]))


def _draw(slots: Tensor, quotas: Tensor, columns: _Columns) -> tuple[Tensor, Tensor, Tensor]:
    """Draw pixels of every slot without replacement.

    Args:
        slots: int64 (B, N), -1 = not drawn.
        quotas: int64 (B, slots), pixels wanted of each, at most as many as it has columns.
        columns: S columns.

    Returns:
        Pixels int64 (B, S); whether a column holds one, bool (B, S); how many each slot gave, int64 (B, slots).
    """
    keys = (slots << _RANDOM_BITS) + torch.randint(1 << _RANDOM_BITS, slots.shape, device=slots.device)
    ordered, order = keys.sort(dim=1)
    bounds = torch.arange(quotas.shape[1] + 1, device=slots.device) << _RANDOM_BITS
    runs = torch.searchsorted(ordered, bounds.expand(len(slots), -1).contiguous())
    drawn = torch.minimum(quotas, runs.diff(dim=1))
    places = runs[:, columns.slot] + columns.rank
    index = order.gather(1, places.clamp(max=slots.shape[1] - 1))
    return index, columns.rank < drawn[:, columns.slot], drawn


def _without(slots: Tensor, index: Tensor, found: Tensor) -> Tensor:
    """Take the pixels found out of the slots (B, N); columns that hold none write into a column that is cut off."""
    aim = torch.where(found, index, slots.shape[1])
    return F.pad(slots, (0, 1)).scatter(1, aim, -1)[:, :-1]


def _near_another_id(instance_map: Tensor) -> Tensor:
    """Pixels (B, H, W) in whose window there is another id, ignore apart; for a pixel of ignore it says nothing."""
    ids = instance_map.float()  # exact to 16 million ids
    largest = F.max_pool2d(ids, WINDOW, stride=1, padding=WINDOW // 2)
    lowest = -F.max_pool2d(-ids.masked_fill(instance_map < 0, torch.inf), WINDOW, stride=1, padding=WINDOW // 2)
    return lowest < largest


def _pack(flat: Tensor, index: Tensor, found: Tensor) -> PixelSample:
    """Bring the columns that hold a pixel to the front of each image and cut off what no image needs."""
    width = int(found.sum(dim=1).max())
    order = (~found).byte().argsort(dim=1, stable=True)[:, :width]
    index, found = index.gather(1, order), found.gather(1, order)
    return PixelSample(index, torch.where(found, flat.gather(1, index), -1))


class ContrastiveTerms(NamedTuple):
    """What `InstanceContrastiveLoss` gives.

    Attributes:
        loss: Weighted scalar, for the optimizer.
        above_floor: Detached scalar for the log: the unweighted loss minus its floor, so that perfect embeddings
            read 0 whatever the number of pixels per instance.
    """

    loss: Tensor
    above_floor: Tensor


def _same_instance(ids: Tensor) -> Tensor:
    """1 where two pixels are of the same instance, itself included, else 0: float (B, S, S) from int64 (B, S)."""
    return ((ids[:, :, None] == ids[:, None, :]) & (ids > 0)[:, :, None]).float()


def _log_denominator(units: Tensor, scale: float, paired: Tensor) -> Tensor:
    """log of the sum of exp(e_i . e_j * scale) over the paired pixels j other than i.

    Args:
        units: (B, D, S).
        scale: 1 / temperature.
        paired: bool (B, S) or (B, S, S), pixels j that count.

    Returns:
        (B, S).
    """
    bias = torch.where(paired, 0.0, NOT_PAIRED).to(units.dtype)
    bias = bias[:, None] if bias.dim() == 2 else bias
    similarity = torch.baddbmm(bias, units.transpose(1, 2), units, alpha=scale)
    similarity.diagonal(dim1=1, dim2=2).fill_(NOT_PAIRED)
    return similarity.logsumexp(dim=2)


@MODELS.register_module()
class InstanceContrastiveLoss(nn.Module):
    r"""Pull the pixels of an instance together and push those of different instances apart (Eqs. 4 to 6).

    For pixel i, P_i are the sampled pixels of the same instance other than i, N_i those of other instances:

    - Eq. 4: ``D_i = sum over j in P_i and N_i of exp(e_i . e_j / temperature)``;
    - Eq. 5: ``l_ik = -log(exp(e_i . e_k / temperature) / D_i)`` for k in P_i;
    - Eq. 6: the mean of l_ik over P_i, then over the pixels i.

    Where the paper is silent: the embeddings are brought to unit length, without which a temperature means nothing;
    its value 0.1; the pixels, drawn anew at each call by `sample_pixels`; the mean of Eq. 6 runs over the pixels of
    the whole batch that have a positive partner. Background pixels and the pixel of an instance of which one alone
    was drawn are negatives only. Pixels of different images are never paired.

    Since D_i holds the positives too, the loss of perfect embeddings is not 0 but ``ln |P|`` (2.708 for 16 pixels per
    instance), which ``above_floor`` leaves out. With ``denominator='negatives'`` the denominator of Eq. 5 is that of
    contrastive learning on one positive at a time, ``exp(e_i . e_k / temperature)`` plus the sum over N_i; its floor
    is 0. Without any pair the loss is 0 and still part of the graph, so that distributed training goes on.

    Args:
        temperature: Divides the similarities.
        denominator: ``'all'`` (the paper's) or ``'negatives'``.
        pixels_per_instance: See `sample_pixels`; at least 2, since an anchor needs a partner.
        background_pixels: See `sample_pixels`.
        max_instances: See `sample_pixels`.
        boundary_share: See `sample_pixels`.
        loss_weight: lambda of Eq. 7; the paper's is 0.5.

    Raises:
        ValueError: If an option is not valid.
    """

    def __init__(
        self,
        temperature: Positive = 0.1,
        denominator: Denominator = 'all',
        pixels_per_instance: CountOfPairs = 16,
        background_pixels: CountOrZero = 64,
        max_instances: Count = 64,
        boundary_share: Fraction = 0.0,
        loss_weight: NonNegative = 0.5,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.denominator = denominator
        self.pixels_per_instance = pixels_per_instance
        self.background_pixels = background_pixels
        self.max_instances = max_instances
        self.boundary_share = boundary_share
        self.loss_weight = loss_weight

    def forward(self, embeddings: Tensor, instance_map: Tensor) -> ContrastiveTerms:
        """Draw pixels and compare their embeddings.

        Args:
            embeddings: float (B, D, H, W), of any length; half precision is widened to float32.
            instance_map: int64 (B, H, W): -1 = ignore, 0 = background, 1 and up = instance.

        Returns:
            Two scalars.

        Raises:
            ValueError: If batch or size of the two differ.
        """
        if (len(embeddings), *embeddings.shape[2:]) != tuple(instance_map.shape):
            raise ValueError(
                f'InstanceContrastiveLoss: embeddings {tuple(embeddings.shape)} and instance_map '
                f'{tuple(instance_map.shape)}: expected (B, D, H, W) and (B, H, W) of the same B, H and W.'
            )
        index, ids = sample_pixels(
            instance_map, self.pixels_per_instance, self.background_pixels, self.max_instances, self.boundary_share
        )
        drawn = embeddings.flatten(2).gather(2, index[:, None].expand(-1, embeddings.shape[1], -1))
        with without_autocast(embeddings.device):
            units = F.normalize(at_least_float32(saturated(drawn)), dim=1, eps=1e-6)
            return self._terms(units, ids)

    def _terms(self, units: Tensor, ids: Tensor) -> ContrastiveTerms:
        """Compute Eqs. 4 to 6 from the embeddings (B, D, S) of the pixels with these ids (B, S)."""
        same = _same_instance(ids).to(units.dtype)
        partners = same.sum(dim=2) - 1
        anchors = partners > 0
        number = anchors.sum().clamp(min=1)
        if self.denominator == 'all':
            of_anchor, floor = self._over_all(units, ids, same, partners), partners.clamp(min=1).log().sum() / number
        else:
            of_anchor, floor = self._over_negatives(units, ids, same, partners), units.new_zeros(())
        loss = torch.where(anchors, of_anchor, 0.0).sum() / number
        return ContrastiveTerms(self.loss_weight * loss, loss.detach() - floor)

    def _over_all(self, units: Tensor, ids: Tensor, same: Tensor, partners: Tensor) -> Tensor:
        """Mean of l_ik over P_i, (B, S): log D_i less e_i . (sum over P_i of e_k) / (|P_i| temperature)."""
        others = torch.bmm(units, same) - units
        pull = (units * others).sum(dim=1) / (self.temperature * partners.clamp(min=1))
        return _log_denominator(units, 1 / self.temperature, ids >= 0) - pull

    def _over_negatives(self, units: Tensor, ids: Tensor, same: Tensor, partners: Tensor) -> Tensor:
        """The same with the sum over N_i and exp(e_i . e_k / temperature) as the denominator of pair (i, k)."""
        against = (ids >= 0)[:, None] & (same == 0)
        normalizer = _log_denominator(units, 1 / self.temperature, against)
        similarity = torch.bmm(units.transpose(1, 2), units) / self.temperature
        # -log(a / (a + n)) = -log sigmoid(log a - log n)
        terms = -F.logsigmoid(similarity - normalizer[:, :, None]) * same
        return (terms.sum(dim=2) - terms.diagonal(dim1=1, dim2=2)) / partners.clamp(min=1)

    def extra_repr(self) -> str:
        """Name the options in the printed model."""
        return f'temperature={self.temperature}, denominator={self.denominator}, loss_weight={self.loss_weight}'
