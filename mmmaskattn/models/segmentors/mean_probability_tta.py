"""Test-time augmentation of semantic models, those of one output channel too."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from mmmaskattn.registry import MODELS


@MODELS.register_module()
class MeanProbabilityTTA(BaseTTAModel):
    """Average the class probabilities of an image's augmented versions, and predict from the mean.

    mmseg's `SegTTAModel` does the same for two and more output channels. With one (``out_channels=1``) it applies the
    sigmoid to what mmseg's models have made probabilities already, so that all lie above one half.

    Args:
        module: The model, or its config; ``decode_head.threshold`` is used if it has one output channel.
        data_preprocessor: See `BaseTTAModel`.
    """

    def merge_preds(self, data_samples_list: Sequence[Sequence[SegDataSample]]) -> list[SegDataSample]:
        """Merge the predictions of each image.

        Args:
            data_samples_list: For each image the samples of its versions, with ``seg_logits`` of one size; the first
                one's truth is kept.

        Returns:
            For each image the first sample, with ``pred_sem_seg`` int64 (1, H, W), and with the mean probabilities
            (C, H, W) as ``seg_logits``.
        """
        return [self._merge(samples) for samples in data_samples_list]

    def _merge(self, samples: Sequence[SegDataSample]) -> SegDataSample:
        mean = torch.stack([self._probabilities(sample.seg_logits.data) for sample in samples]).mean(0)
        single = len(mean) == 1
        labels = (mean > self.module.decode_head.threshold).long() if single else mean.argmax(0, keepdim=True)
        merged = samples[0]
        merged.set_data({'seg_logits': PixelData(data=mean), 'pred_sem_seg': PixelData(data=labels)})
        return merged

    @staticmethod
    def _probabilities(logits: Tensor) -> Tensor:
        """Of mmseg's ``seg_logits`` (C, H, W), which are probabilities already if there is one channel."""
        return logits if len(logits) == 1 else logits.softmax(0)
