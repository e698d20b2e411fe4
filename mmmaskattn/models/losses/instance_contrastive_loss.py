"""The instance contrastive loss of the paper (section 3.3, Eqs. 4 to 6) on sampled pixels."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.losses.pixel_sampling import sample_pixels
from mmmaskattn.models.losses.precision import at_least_float32
from mmmaskattn.registry import MODELS

DENOMINATORS = ('all', 'negatives')


class ContrastiveTerms(NamedTuple):
    """What `InstanceContrastiveLoss` gives.

    Attributes:
        loss: Weighted scalar, for the optimizer.
        above_floor: Detached scalar for the log: the unweighted loss minus its floor, so that perfect embeddings
            read 0 whatever the number of pixels per instance.
    """

    loss: Tensor
    above_floor: Tensor


NOT_PAIRED = -1e4
"""Takes the place of the similarity of pixels that are no pair; its exponential is 0, its gradient a number."""


def _same_instance(ids: Tensor) -> Tensor:
    """1 where two pixels are of the same instance, the pixel itself included, else 0: float (B, S, S).

    Args:
        ids: int64 (B, S), as `sample_pixels` gives them.
    """
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
        temperature: float = 0.1,
        denominator: str = 'all',
        pixels_per_instance: int = 16,
        background_pixels: int = 64,
        max_instances: int = 64,
        boundary_share: float = 0.0,
        loss_weight: float = 0.5,
    ) -> None:
        super().__init__()
        self._check('temperature', temperature, temperature > 0, 'a number above 0, for example 0.1')
        self._check('denominator', denominator, denominator in DENOMINATORS, f'one of {", ".join(DENOMINATORS)}')
        self._check('pixels_per_instance', pixels_per_instance, pixels_per_instance >= 2, 'at least 2')
        self._check('background_pixels', background_pixels, background_pixels >= 0, 'at least 0')
        self._check('max_instances', max_instances, max_instances >= 1, 'at least 1')
        self._check('boundary_share', boundary_share, 0 <= boundary_share <= 1, 'a share from 0 to 1')
        self.temperature = temperature
        self.denominator = denominator
        self.pixels_per_instance = pixels_per_instance
        self.background_pixels = background_pixels
        self.max_instances = max_instances
        self.boundary_share = boundary_share
        self.loss_weight = loss_weight

    @staticmethod
    def _check(option: str, value: object, valid: bool, expected: str) -> None:
        if not valid:
            raise ValueError(f'InstanceContrastiveLoss: {option}={value!r}: expected {expected}.')

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
        with torch.autocast(embeddings.device.type, enabled=False):
            units = F.normalize(at_least_float32(drawn), dim=1, eps=1e-6)
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
