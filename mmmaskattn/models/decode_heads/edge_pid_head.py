"""mmseg's head of PIDNet, with the edges drawn from the labels of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.decode_heads import PIDHead
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count


def edges_of(labels: Tensor, width: int, ignore_index: int = 255) -> Tensor:
    """Mark where two classes meet, as mmseg's ``GenerateEdge`` does for one image.

    Args:
        labels: int (B, H, W).
        width: Of the edges, in pixels.
        ignore_index: A label that makes no edge.

    Returns:
        uint8 (B, H, W): 1 on edges.
    """
    edge = torch.zeros_like(labels, dtype=torch.bool)
    known = labels != ignore_index
    below, above, left, right, all_ = slice(1, None), slice(None, -1), slice(None, -1), slice(1, None), slice(None)
    # Each pair: the pixels marked, and the neighbours that they are compared with.
    for (rows, columns), (other_rows, other_columns) in (
        ((below, all_), (above, all_)),
        ((all_, left), (all_, right)),
        ((above, left), (below, right)),
        ((above, right), (below, left)),
    ):
        one, other = (labels[:, rows, columns], labels[:, other_rows, other_columns])
        both_known = known[:, rows, columns] & known[:, other_rows, other_columns]
        edge[:, rows, columns] |= (one != other) & both_known
    thick = F.max_pool2d(edge[:, None].float(), width, stride=1, padding=width // 2)
    return thick[:, 0, : labels.shape[1], : labels.shape[2]].to(torch.uint8)


@MODELS.register_module()
class EdgePIDHead(PIDHead):
    """mmseg's ``PIDHead`` for any pipeline: mmseg's wants edges that a step of the training pipeline has drawn.

    Args:
        edge_width: Of the edges, in pixels.
        **kwargs: Those of ``PIDHead``.
    """

    def __init__(self, edge_width: Count = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edge_width = edge_width

    def _stack_batch_gt(self, batch_data_samples: Sequence[SegDataSample]) -> tuple[Tensor, Tensor]:
        labels = torch.stack([sample.gt_sem_seg.data for sample in batch_data_samples])
        return labels, edges_of(labels[:, 0], self.edge_width, self.ignore_index)[:, None]
