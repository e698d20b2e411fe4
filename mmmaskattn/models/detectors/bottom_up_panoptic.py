"""One detector for the instance and the panoptic task: pixels are labelled and grouped, no boxes are proposed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmdet.models.detectors.base import BaseDetector
from mmdet.structures import DetDataSample
from mmengine.model import ModuleList
from mmengine.structures import PixelData
from torch import Tensor

from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import InitConfig, ModuleConfig


@MODELS.register_module()
class BottomUpPanoptic(BaseDetector):
    """Backbone, neck and a head that labels and groups pixels, in one pass.

    ::

        image (B, 3, H, W) --> backbone --> neck --> segment head --> class logits, embeddings, seeds (B, ., h, w)
                                                                        --> groups --> instances, panoptic map

    The instance task is the same detector with one stuff class, the background. Backbone and neck have the names and
    weights that they have in mmseg's `EncoderDecoder`: a checkpoint of one task starts another (``load_from``, or
    ``init_cfg`` with a ``prefix``).

    Args:
        backbone: Config of the backbone.
        segment_head: Config of the head, such as `ContrastiveInstanceHead`.
        neck: Config of the neck; without one the head takes the backbone's features.
        data_preprocessor: Config of the data preprocessor.
        train_cfg: Settings of training, handed to the head.
        test_cfg: Settings of prediction, handed to the head.
        init_cfg: Initialisation, as mmengine takes it.
        auxiliary_head: Configs of heads that serve training only, such as `AuxiliaryClassHead`.

    Raises:
        ValueError: If an option is not what it must be, or the head's config has settings of its own.
    """

    def __init__(
        self,
        backbone: ModuleConfig,
        segment_head: ModuleConfig,
        neck: ModuleConfig | None = None,
        data_preprocessor: ModuleConfig | None = None,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        init_cfg: InitConfig = None,
        auxiliary_head: Sequence[ModuleConfig] | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        for name in ('train_cfg', 'test_cfg'):
            if segment_head.get(name) is not None:
                raise ValueError(f'segment_head has a {name}, which has no effect there; give it to the detector')
        self.backbone = MODELS.build(backbone)
        if neck is not None:
            self.neck = MODELS.build(neck)
        self.segment_head = MODELS.build({**segment_head, 'train_cfg': train_cfg, 'test_cfg': test_cfg})
        self.auxiliary_head = ModuleList([MODELS.build(head) for head in auxiliary_head or ()])
        self.train_cfg, self.test_cfg = train_cfg, test_cfg

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """Compute the features that the head takes.

        Args:
            batch_inputs: (B, 3, H, W).

        Returns:
            The neck's maps, or the backbone's if there is no neck.
        """
        feats = self.backbone(batch_inputs)
        return self.neck(feats) if self.with_neck else feats

    def loss(self, batch_inputs: Tensor, batch_data_samples: Sequence[DetDataSample]) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: Samples with their truth.

        Returns:
            Scalars by name.
        """
        feats, size = self.extract_feat(batch_inputs), batch_inputs.shape[-2:]
        losses = self.segment_head.loss(feats, batch_data_samples, size)
        for number, head in enumerate(self.auxiliary_head):
            for name, value in head.loss(feats, batch_data_samples, size).items():
                losses[f'aux_{number}.{name}'] = value
        return losses

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: Sequence[DetDataSample], rescale: bool = True
    ) -> Sequence[DetDataSample]:
        """Predict for a batch.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: Samples whose ``ori_shape`` says how large the predictions shall be.
            rescale: Whether to resize to ``ori_shape``; otherwise they stay at ``img_shape``, the network's size
                without padding.

        Returns:
            The samples, with ``pred_instances``, ``pred_panoptic_seg``, ``pred_sem_seg`` and, on request,
            ``pred_embeddings`` and ``pred_instance_map``; see `SegmentPrediction` for what is in them.
        """
        size = batch_inputs.shape[-2:]
        inner = [tuple(sample.metainfo.get('img_shape', size))[:2] for sample in batch_data_samples]
        sizes = inner
        if rescale:
            sizes = [tuple(sample.metainfo.get('ori_shape', size))[:2] for sample in batch_data_samples]
        found = self.segment_head.predict(self.extract_feat(batch_inputs), sizes, size, inner)
        for sample, one in zip(batch_data_samples, found):
            sample.pred_instances = one.instances
            sample.pred_panoptic_seg = one.panoptic
            sample.pred_sem_seg = one.semantic
            if one.embeddings is not None:
                sample.pred_embeddings = PixelData(data=one.embeddings)
            if one.instance_map is not None:
                sample.pred_instance_map = PixelData(data=one.instance_map[None])
        return batch_data_samples

    def _forward(
        self, batch_inputs: Tensor, batch_data_samples: Sequence[DetDataSample] | None = None
    ) -> tuple[Tensor, ...]:
        """Compute the head's maps, for counting, timing and export, each at the size that it is computed in.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: Not used.

        Returns:
            Class logits (B, T + S, h, w) at the size of the head's feature and, where the head has them, embeddings
            (B, D, h', w') and seed logits (B, 1, h', w'), its ``upsample`` times larger.
        """
        maps = self.segment_head(self.extract_feat(batch_inputs), batch_inputs.shape[-2:])
        return tuple(one for one in maps if one.shape[1])
