"""Graphs of whole models, run by torch, beside the inferencer: the same in all tasks, before anything is recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pictures import smooth_photo
from random_checkpoint import write_checkpoint
from shared_exports import PUBLISHED, nuclei_pictures

from mmmaskattn.apis import MaskAttnInferencer
from mmmaskattn.apis.deploy.graph import VOID, graph_of
from mmmaskattn.models.grouping.fusion import FusionOptions


def run(inferencer: MaskAttnInferencer, picture: np.ndarray, layout: str = 'nhwc') -> tuple[torch.Tensor, ...]:
    """The graph's outputs for a picture in BGR, at its own size."""
    rgb = torch.from_numpy(np.ascontiguousarray(picture[..., ::-1]))[None]
    rgb = rgb if layout == 'nhwc' else rgb.permute(0, 3, 1, 2)
    with torch.no_grad():
        found = graph_of(inferencer.ready, layout)(rgb, torch.tensor(picture.shape[:2]))
    return found if isinstance(found, tuple) else (found,)


def test_semantic():
    inferencer = MaskAttnInferencer('nano_ccp_semantic', device='cpu')
    for layout, size in (('nhwc', (97, 203)), ('nchw', (150, 131))):
        picture = smooth_photo(size)
        (labels,) = run(inferencer, picture, layout)
        expected = inferencer(picture).labels
        assert labels.dtype == torch.int32
        assert (labels[0].numpy() == expected).mean() > 0.999
        assert len(np.unique(expected)) > 1


@pytest.mark.parametrize('task', ['panoptic', 'instance', 'semantic'])
def test_a_panoptic_model_serves_all_tasks(task):
    inferencer = MaskAttnInferencer(PUBLISHED, device='cpu', task=task, score_thr=0.0)
    for picture in nuclei_pictures():
        found, expected = run(inferencer, picture), inferencer(picture)
        if task != 'instance':
            labels = found[0].numpy().reshape(expected.size)
            assert (np.where(labels == VOID, -1, labels) == expected.labels).mean() > 0.999
        if task != 'semantic':
            same_instances(found[-4:], expected)


def same_instances(found, expected):
    owners, classes, scores, class_scores = (one.numpy() for one in found)
    present = np.unique(owners[owners >= 0])
    assert len(present) == len(expected.instances)
    assert len(classes) == len(scores) == len(class_scores) >= 1
    assert np.sort(scores[present])[::-1] == pytest.approx([one.score for one in expected.instances], abs=1e-2)
    for one in expected.instances:
        owner = np.bincount(owners[one.mask.to_mask()] + 1).argmax() - 1
        assert (owners == owner).sum() == pytest.approx(one.area, abs=2)
        assert classes[owner] == one.label


def test_many_classes(tmp_path):
    """COCO's 133, random weights: several pairs of one object and a class."""
    model = write_checkpoint('coco_panoptic_128_nano', tmp_path)
    inferencer = MaskAttnInferencer(*model, device='cpu', score_thr=0.0)
    inferencer.model.to(memory_format=torch.contiguous_format)  # of random weights, roundings change the groups
    labels, owners, _, _, class_scores = (one.numpy() for one in run(inferencer, smooth_photo((128, 128))))
    expected = inferencer(smooth_photo((128, 128)))
    assert class_scores.shape[1] == 80
    assert (np.where(labels == VOID, -1, labels) == expected.labels).mean() > 0.999
    present = np.unique(owners[owners >= 0])
    best = np.sort(class_scores[present].ravel())[::-1][:100]
    assert best == pytest.approx([one.score for one in expected.instances], abs=1e-4)


def test_fusion_that_a_file_cannot_have_is_refused():
    inferencer = MaskAttnInferencer(PUBLISHED, device='cpu')
    head = inferencer.model.segment_head
    head.prediction_options = replace(head.prediction_options, panoptic=FusionOptions(mask_threshold=0.4))
    with pytest.raises(
        ValueError, match=r"mask_threshold=0.4 and residual='void'; an exported file needs at least 0.5"
    ):
        graph_of(inferencer.ready)
