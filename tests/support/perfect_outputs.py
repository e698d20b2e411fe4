"""What the network of each detector would have to give for a perfect prediction.

The truth is encoded as the heads' own raw outputs: logits, box deltas, dynamic kernels, queries, embeddings, offsets.
Everything that mmdet's or our code does with them afterwards runs as it is. Only the features are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmcv.ops import roi_align
from mmdet.models.dense_heads import RTMDetInsHead
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.models.dense_heads.offset_voting_head import OffsetVotingHead, mass_centres, true_offsets
from mmmaskattn.models.dense_heads.segment_head import SegmentOutputs
from mmmaskattn.models.dense_heads.segment_prediction import boxes_of
from mmmaskattn.models.dense_heads.stardist_head import StarDistHead, StarOutputs

SURE = 9.0
"""Logit of what is certain."""
SLOPE = 0.5
"""Logit of a mask per pixel of distance from its outline."""


class Scene(NamedTuple):
    """Truth of one image at the input's size.

    Attributes:
        ids: int64 (H, W): 0 the background and padding, k = instance k.
        distances: (n + 1, H, W) pixels from the outline of the background and of each instance, positive inside.
        boxes: (n, 4) of the instances, x1 y1 x2 y2.
    """

    ids: Tensor
    distances: Tensor
    boxes: Tensor

    @classmethod
    def of(cls, native: np.ndarray, size: tuple[int, int], padded: tuple[int, int]) -> Scene:
        """Reduce native ids (1 the background, 2 and on instances) to the size, and pad below and right."""
        small = resize_labels(native.astype(np.int64) - 1, size)
        ids = np.pad(small, [(0, whole - side) for whole, side in zip(padded, size)])
        masks = ids == np.arange(ids.max() + 1)[:, None, None]
        distances = torch.from_numpy(np.stack([_signed_distance(mask) for mask in masks]))
        return cls(torch.from_numpy(ids), distances, boxes_of(torch.from_numpy(masks[1:])))

    def centres(self) -> Tensor:
        """Centre of each box, (n, 2) x and y."""
        return (self.boxes[:, :2] + self.boxes[:, 2:]) / 2

    def logits(self, stride: int = 1) -> Tensor:
        """Mask logits (n + 1, H / stride, W / stride)."""
        return SLOPE * F.avg_pool2d(self.distances[None], stride)[0]


def _signed_distance(mask: np.ndarray) -> np.ndarray:
    inner, outer = (cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5) for side in (mask, ~mask))
    return np.where(mask, inner - 0.5, 0.5 - outer).astype(np.float32)


def feed(model: Any, scenes: Sequence[Scene]) -> None:
    """Have the model's network give what describes the scenes.

    Args:
        model: A detector of ours or of mmdet's.
        scenes: One for each image of the batch that follows.
    """
    model.extract_feat = lambda inputs: _features(model, inputs)
    if hasattr(model, 'segment_head'):
        _feed_segment_head(model.segment_head, scenes)
    elif hasattr(model, 'panoptic_head'):
        head = model.panoptic_head
        head.forward = lambda feats, samples: _queries(head, scenes)
    elif hasattr(model, 'rpn_head'):
        _feed_two_stages(model, scenes)
    elif hasattr(model, 'mask_head'):
        model.mask_head.forward = lambda feats: _solo(model.mask_head, scenes)
    elif isinstance(model.bbox_head, RTMDetInsHead):
        model.bbox_head.forward = lambda feats: _rtmdet(model.bbox_head, scenes)
    else:
        raise NotImplementedError(f'{type(model).__name__}: no perfect outputs are known for it')


def _features(model: Any, inputs: Tensor) -> list[Tensor]:
    """Features without content; ours are pooled by the classifier of instances, so they need their shape."""
    head = getattr(model, 'segment_head', None)
    if head is None or isinstance(head, StarDistHead):
        return [inputs[:, :0]]
    channels = head.semantic_branch.out.in_channels
    height, width = (side // head.upsample for side in inputs.shape[2:])
    return [inputs.new_zeros(len(inputs), channels, height, width)] * (head.in_index + 1)


def _feed_segment_head(head: Any, scenes: Sequence[Scene]) -> None:
    ids = torch.stack([scene.ids for scene in scenes])
    if isinstance(head, StarDistHead):
        objects, distances = head._truth(ids, 2)
        stars = StarOutputs(torch.logit(objects[:, None], 1e-6), distances)
        head.forward = lambda feats, size: stars
        return
    semantic = SURE * torch.stack([2.0 * (ids > 0) - 1, 2.0 * (ids == 0) - 1], 1)
    centres = mass_centres(ids, int(ids.max()))
    seeds = torch.full_like(semantic[:, :1], -SURE)
    for image, scene in enumerate(scenes):
        for x, y in centres[image, : len(scene.boxes)].round().long().tolist():
            seeds[image, 0, y, x] = SURE
    pixels = F.one_hot(ids, int(ids.max()) + 1).permute(0, 3, 1, 2).float()
    if isinstance(head, OffsetVotingHead):
        pixels = true_offsets(ids, centres)
    head.forward = lambda feats, size: SegmentOutputs(semantic, pixels, seeds)
    for layer in getattr(head, 'classifier', [])[-1:]:
        nn.init.zeros_(layer.weight)
        layer.bias.data.copy_(torch.tensor([SURE, -SURE]))  # each group is a thing


def _queries(head: Any, scenes: Sequence[Scene]) -> tuple[list[Tensor], list[Tensor]]:
    """Class logits (B, Q, C + 1) and mask logits (B, Q, H / 4, W / 4): instances, then the background if it is one."""
    height, width = scenes[0].ids.shape
    classes = torch.full((len(scenes), head.num_queries, head.num_classes + 1), -SURE)
    masks = torch.full((len(scenes), head.num_queries, height // 4, width // 4), -SURE)
    classes[:, :, -1] = SURE
    for image, scene in enumerate(scenes):
        logits, count = scene.logits(4).roll(-1, 0), len(scene.boxes)
        found = count + head.num_stuff_classes
        masks[image, :found] = logits[:found]
        classes[image, :found] = -SURE
        classes[image, :count, 0] = SURE
        classes[image, count:found, 1] = SURE
    return [classes], [masks]


def _rtmdet(head: Any, scenes: Sequence[Scene]) -> tuple:
    """Each instance at the finest level's point nearest to its centre; its kernel picks its prototype."""
    height, width = scenes[0].ids.shape
    strides = [stride[0] for stride in head.prior_generator.strides]
    shapes = [(len(scenes), height // stride, width // stride) for stride in strides]
    scores, boxes, kernels = (
        [torch.full((shape[0], channels, *shape[1:]), value) for shape in shapes]
        for channels, value in ((head.num_classes, -SURE), (4, 0.0), (head.num_gen_params, 0.0))
    )
    prototypes = torch.zeros(len(scenes), head.num_prototypes, *shapes[0][1:])
    for image, scene in enumerate(scenes):
        prototypes[image, : len(scene.boxes)] = scene.logits(strides[0])[1:]
        for number, (box, (x, y)) in enumerate(zip(scene.boxes, scene.centres())):
            column, row = int(x) // strides[0], int(y) // strides[0]
            point = torch.tensor([column, row]) * strides[0]
            scores[0][image, 0, row, column] = SURE
            boxes[0][image, :, row, column] = torch.cat([point - box[:2], box[2:] - point])
            kernels[0][image, :, row, column] = _picking_kernel(head, number)
    return tuple(scores), tuple(boxes), tuple(kernels), prototypes


def _picking_kernel(head: Any, prototype: int) -> Tensor:
    """Weights of three 1x1 convolutions with ReLU between, that give one prototype: its positive and negative part."""
    width = head.dyconv_channels
    first, last = torch.zeros(width, 2 + head.num_prototypes), torch.zeros(width)
    first[0, 2 + prototype] = last[0] = 1
    first[1, 2 + prototype] = last[1] = -1
    weights = torch.cat([first.flatten(), torch.eye(width).flatten(), last])
    return F.pad(weights, (0, head.num_gen_params - len(weights)))  # no biases


def _solo(head: Any, scenes: Sequence[Scene]) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """Each instance in the cell of its centre, on the third grid; its kernel picks its channel of the mask features."""
    level, grid = 2, head.num_grids[2]
    height, width = scenes[0].ids.shape
    kernels = [torch.zeros(len(scenes), head.kernel_out_channels, side, side) for side in head.num_grids]
    scores = [torch.full((len(scenes), head.num_classes, side, side), -SURE) for side in head.num_grids]
    features = torch.zeros(len(scenes), head.kernel_out_channels, height // head.mask_stride, width // head.mask_stride)
    for image, scene in enumerate(scenes):
        features[image, : len(scene.boxes)] = scene.logits(head.mask_stride)[1:]
        for number, (x, y) in enumerate(scene.centres().tolist()):
            row, column = int(y / height * grid), int(x / width * grid)
            scores[level][image, 0, row, column] = SURE
            kernels[level][image, number, row, column] = 1
    return kernels, scores, features


def _feed_two_stages(model: Any, scenes: Sequence[Scene]) -> None:
    rpn, roi = model.rpn_head, model.roi_head
    rpn.forward = lambda feats: _proposals(rpn, scenes)
    roi._bbox_forward = lambda feats, rois: _boxes_of_regions(roi.bbox_head, rois, scenes)
    roi._mask_forward = lambda feats, rois: dict(mask_preds=_masks_of_regions(rois, scenes))
    if hasattr(model, 'semantic_head'):
        background = torch.stack([scene.logits(4)[0] for scene in scenes])
        model.semantic_head.forward = lambda feats: dict(seg_preds=torch.stack([background, -background], 1))


def _proposals(rpn: Any, scenes: Sequence[Scene]) -> tuple[list[Tensor], list[Tensor]]:
    """The anchor that overlaps each instance most is sure, and its deltas lead to the instance's box."""
    height, width = scenes[0].ids.shape
    shapes = [(-(-height // stride[1]), -(-width // stride[0])) for stride in rpn.prior_generator.strides]
    levels = rpn.prior_generator.grid_priors(shapes, device='cpu')
    anchors = torch.cat(levels)
    scores, deltas = torch.full((len(scenes), len(anchors)), -SURE), torch.zeros(len(scenes), len(anchors), 4)
    for image, scene in enumerate(scenes):
        best = bbox_overlaps(scene.boxes, anchors).argmax(1)
        scores[image, best] = SURE
        deltas[image, best] = rpn.bbox_coder.encode(anchors[best], scene.boxes)
    counts = [len(level) for level in levels]

    def maps(values: Tensor) -> list[Tensor]:
        parts = zip(values.split(counts, 1), shapes)
        return [part.reshape(len(scenes), *shape, -1).permute(0, 3, 1, 2) for part, shape in parts]

    return maps(scores), maps(deltas)


def _match(rois: Tensor, scenes: Sequence[Scene]) -> list[tuple[Scene, int, float]]:
    """Scene, number and overlap of the instance that each region (image, x1, y1, x2, y2) overlaps most."""
    found = []
    for roi in rois:
        scene = scenes[int(roi[0])]
        overlaps = bbox_overlaps(roi[None, 1:], scene.boxes)[0]
        found.append((scene, int(overlaps.argmax()), float(overlaps.max())))
    return found


def _boxes_of_regions(head: Any, rois: Tensor, scenes: Sequence[Scene]) -> dict[str, Tensor]:
    matches = _match(rois, scenes)
    truth = torch.stack([scene.boxes[number] for scene, number, _ in matches])
    inside = torch.tensor([overlap > 0.5 for _, _, overlap in matches])
    classes = SURE * torch.stack([2.0 * inside - 1, 1 - 2.0 * inside], 1)
    return dict(cls_score=classes, bbox_pred=head.bbox_coder.encode(rois[:, 1:], truth))


def _masks_of_regions(rois: Tensor, scenes: Sequence[Scene]) -> Tensor:
    """Mask logits (n, 1, 28, 28) cut from the instances that the regions overlap."""
    logits = [scene.logits()[1 + number] for scene, number, _ in _match(rois, scenes)]
    own = torch.cat([torch.arange(len(rois))[:, None].float(), rois[:, 1:]], 1)
    return roi_align(torch.stack(logits)[:, None], own, (28, 28), 1.0, 0, 'avg', True)
