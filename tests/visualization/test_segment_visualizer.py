"""What mmdet's visualizer draws of our predictions: one layer, every label named and coloured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData

from mmmaskattn.registry import VISUALIZERS

IMAGE = np.full((60, 80, 3), 90, np.uint8)
INSIDE, OUTSIDE = (20, 10), (5, 5)
INSTANCES = dict(classes=('cell', 'crack'), palette=[(255, 0, 0), (0, 255, 0)], stuff_classes=('background',))
PANOPTIC = dict(classes=('cell', 'sky'), palette=[(255, 0, 0)], thing_classes=('cell',), stuff_classes=('sky',))


@pytest.fixture
def visualizer(request):
    return VISUALIZERS.build(dict(type='mmmaskattn.SegmentVisualizer', name=request.node.name))


def prediction(background: int, things: bool = True) -> DetDataSample:
    mask = torch.zeros(60, 80, dtype=torch.bool)
    mask[10:50, 5:35] = things
    semantic = torch.where(mask, 0, background)
    sample = DetDataSample(metainfo=dict(ori_shape=(60, 80)))
    found = dict(masks=mask[None], bboxes=torch.tensor([[5.0, 10, 35, 50]]), labels=torch.tensor([0]))
    sample.pred_instances = InstanceData(**found, scores=torch.tensor([0.9]))[: int(things)]
    sample.pred_sem_seg = PixelData(sem_seg=semantic[None])
    sample.pred_panoptic_seg = PixelData(sem_seg=torch.where(mask, 1000, semantic)[None])
    return sample


def draw(visualizer, metainfo: dict, sample: DetDataSample) -> np.ndarray:
    before = set(sample.keys())
    visualizer.dataset_meta = metainfo
    visualizer.add_datasample('picture', IMAGE, sample, draw_gt=False)
    assert set(sample.keys()) == before, 'the prediction itself stays whole'
    drawn = visualizer.get_image()
    assert drawn.shape == IMAGE.shape
    return drawn


def test_instances_are_drawn_where_classes_are_things_alone(visualizer):
    drawn = draw(visualizer, INSTANCES, prediction(background=2))
    assert np.array_equal(drawn[OUTSIDE], IMAGE[OUTSIDE]), 'the background is not painted'
    assert drawn[40, 20, 0] > 150
    assert visualizer.dataset_meta['classes'] == ('cell', 'crack', 'background')
    assert len(visualizer.dataset_meta['palette']) == 3


def test_the_panoptic_map_is_drawn_where_there_is_stuff(visualizer):
    drawn = draw(visualizer, PANOPTIC, prediction(background=1))
    assert not np.array_equal(drawn[50:, 60:], IMAGE[50:, 60:]), 'stuff is painted, in a colour of its own'
    assert len(visualizer.dataset_meta['palette']) == 2


@pytest.mark.parametrize('kept', ['pred_panoptic_seg', 'pred_sem_seg'])
def test_what_there_is_is_drawn_with_the_background(visualizer, kept):
    sample = prediction(background=2)
    for layer in {'pred_instances', 'pred_panoptic_seg', 'pred_sem_seg'} - {kept}:
        delattr(sample, layer)
    drawn = draw(visualizer, INSTANCES, sample)
    assert not np.array_equal(drawn[50:, 60:], IMAGE[50:, 60:])


@pytest.mark.parametrize('metainfo', [INSTANCES, PANOPTIC])
def test_nothing_found_leaves_the_picture(visualizer, metainfo):
    nothing = 3 if metainfo is INSTANCES else 2
    assert np.array_equal(draw(visualizer, metainfo, prediction(nothing, things=False)), IMAGE)


@pytest.mark.parametrize('palette', ['random', 'coco', ((1, 2, 3), (4, 5, 6))])
def test_palettes_of_any_form_have_a_colour_for_each_label(visualizer, palette):
    visualizer.dataset_meta = dict(INSTANCES, palette=palette)
    colours = visualizer.dataset_meta['palette']
    assert isinstance(colours, list)
    assert [len(colour) for colour in colours] == [3, 3, 3]
    visualizer.dataset_meta = None
    assert visualizer.dataset_meta['classes'] == ()
