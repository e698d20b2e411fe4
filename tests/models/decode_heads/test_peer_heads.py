"""Heads of peers that mmseg has otherwise or not: edges, pooling, sums."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import GenerateEdge
from mmseg.models.decode_heads import LRASPPHead, PIDHead
from mmseg.structures import SegDataSample

from mmmaskattn.models import EdgePIDHead, GlobalLRASPPHead, SummedMapsHead
from mmmaskattn.models.decode_heads.edge_pid_head import edges_of


@pytest.mark.parametrize('width', [1, 2, 3, 4])
def test_edges_are_those_of_mmsegs_transform(width):
    random = np.random.default_rng(width)
    maps = np.kron(random.integers(0, 3, (2, 5, 6)), np.ones((1, 7, 5))).astype(np.int64)
    maps[random.random(maps.shape) < 0.05] = 255
    transform = GenerateEdge(edge_width=width)
    expected = [transform(dict(img_shape=one.shape, gt_seg_map=one))['gt_edge_map'] for one in maps]
    found = edges_of(torch.from_numpy(maps), width)
    assert found.numpy().tolist() == np.stack(expected).tolist()
    assert 0 < found.float().mean() < 1


def test_pid_head_learns_from_labels_alone_what_mmsegs_learns_with_edges():
    options = dict(in_channels=32, channels=16, num_classes=4, align_corners=True, dropout_ratio=0.0)
    options['loss_decode'] = [
        dict(type='mmseg.CrossEntropyLoss', loss_weight=0.4),
        dict(type='mmseg.OhemCrossEntropy', thres=0.9, min_kept=100),
        dict(type='mmseg.BoundaryLoss', loss_weight=20.0),
        dict(type='mmseg.OhemCrossEntropy', thres=0.9, min_kept=100),
    ]
    theirs, ours = PIDHead(**options), EdgePIDHead(edge_width=3, **options)
    ours.load_state_dict(theirs.state_dict())
    features = (torch.randn(2, 16, 8, 8), torch.randn(2, 32, 8, 8), torch.randn(2, 16, 8, 8))
    labels = torch.randint(0, 4, (2, 1, 4, 4)).repeat_interleave(8, 2).repeat_interleave(8, 3)
    samples = [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in labels]
    found = ours.loss(features, samples, None)
    for sample, one in zip(samples, labels):
        edge = GenerateEdge(edge_width=3)(dict(img_shape=(32, 32), gt_seg_map=one[0].numpy()))['gt_edge_map']
        sample.gt_edge_map = PixelData(data=torch.from_numpy(edge)[None])
    expected = theirs.loss(features, samples, None)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    assert found['loss_bd'] > 0


def test_lraspp_gives_mmsegs_logits_where_mmsegs_window_is_the_whole_map_and_takes_small_maps():
    options = dict(in_channels=(4, 6, 8), in_index=(0, 1, 2), channels=16, num_classes=3, branch_channels=(4, 4))
    options['input_transform'] = 'multiple_select'
    theirs, ours = LRASPPHead(**options).eval(), GlobalLRASPPHead(**options).eval()
    ours.load_state_dict(theirs.state_dict())

    def maps(side):
        return [torch.randn(1, channels, side * scale, side * scale) for channels, scale in ((4, 4), (6, 2), (8, 1))]

    large = maps(49)
    torch.testing.assert_close(ours(large), theirs(large))
    assert ours(maps(16)).shape == (1, 3, 64, 64)
    with pytest.raises(RuntimeError, match='too small'):
        theirs(maps(16))


def test_summed_maps_head_adds_all_at_the_size_of_the_first():
    head = SummedMapsHead(in_channels=[8, 8], channels=8, num_classes=3).eval()
    maps = [torch.randn(2, 8, 12, 10), torch.randn(2, 8, 6, 5)]
    assert head(maps).shape == (2, 3, 12, 10)
    enlarged = torch.nn.functional.interpolate(maps[1], (12, 10), mode='bilinear')
    torch.testing.assert_close(head(maps), head([maps[0] + enlarged, torch.zeros_like(maps[1])]))
    with pytest.raises(ValueError, match='expected each to be channels, 8'):
        SummedMapsHead(in_channels=[8, 4], channels=8, num_classes=3)
