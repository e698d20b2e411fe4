"""mmdet's head of RTMDet-Ins, whose masks have the image's size for images that are not square too."""

from __future__ import annotations

from typing import Any

from mmdet.models.dense_heads import RTMDetInsSepBNHead
from mmdet.structures.bbox import scale_boxes
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from mmmaskattn.registry import MODELS


@MODELS.register_module()
class RescalingRTMDetInsHead(RTMDetInsSepBNHead):
    """`RTMDetInsSepBNHead` that takes the factors of width and height for what they are when it resizes masks.

    mmdet's head (3.3) divides boxes by ``scale_factor`` (w, h) rightly, but multiplies the height of its masks by the
    inverse of w and their width by that of h: predictions at the size of an image that is resized to another aspect
    ratio get masks of the wrong size. Weights and options are those of mmdet's head.
    """

    def _bbox_mask_post_process(
        self,
        results: InstanceData,
        mask_feat: Tensor,
        cfg: ConfigDict,
        rescale: bool = False,
        with_nms: bool = True,
        img_meta: dict[str, Any] | None = None,
    ) -> InstanceData:
        """Hand mmdet the factors in the order in which it applies them to masks, and boxes that undo that order."""
        if rescale and img_meta is not None:
            width, height = img_meta['scale_factor']
            results.bboxes = scale_boxes(results.bboxes, (height / width, width / height))
            img_meta = {**img_meta, 'scale_factor': (height, width)}
        return super()._bbox_mask_post_process(results, mask_feat, cfg, rescale, with_nms, img_meta)
