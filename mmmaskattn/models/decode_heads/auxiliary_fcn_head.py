"""The classes learned on a coarser map too, in training only."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.structures import PixelData
from mmseg.models.decode_heads import FCNHead
from mmseg.structures import SegDataSample
from torch import Tensor

from mmmaskattn.models.losses.pixel_cross_entropy_loss import shrink_labels
from mmmaskattn.registry import MODELS


@MODELS.register_module()
class AuxiliaryFCNHead(FCNHead):
    """mmseg's ``FCNHead``, whose logits meet the labels at their own size.

    mmseg enlarges a head's logits to the size of the labels, so a coarse map with many classes costs what a fine one
    does. Here the labels are shrunk instead. For ``auxiliary_head``. Arguments are those of ``FCNHead``.
    """

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: Sequence[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses.

        Args:
            seg_logits: (B, classes, h, w).
            batch_data_samples: Samples with their labels, of any size.

        Returns:
            Scalars by name.
        """
        height, width = seg_logits.shape[2:]
        labels = shrink_labels(self._stack_batch_gt(batch_data_samples)[:, 0], (height, width))
        return super().loss_by_feat(seg_logits, [SegDataSample(gt_sem_seg=PixelData(data=one[None])) for one in labels])
