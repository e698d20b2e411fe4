"""Predictions as a picture: colours at their places, whatever the sample has or lacks; embeddings as colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from segment_samples import METAINFO, instances_of, segment_sample

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.legend import GAP, LEGEND, MARGIN, TITLE
from mmmaskattn.visualization.segment_picture import PictureOptions, draw_labels, draw_segments, embedding_colours

TABLE = ClassTable.from_metainfo(METAINFO)
WHITE = [255, 255, 255]
SIDE = 384
CAT, DOG = TABLE.instance_colours([0, 1]).tolist()
SKY, GRASS = ([round(0.6 * channel) for channel in METAINFO['palette'][label]] for label in (3, 2))


def draw(sample, image_size=(16, 16), **options):
    """The panels of a picture, alpha 1 unless told."""
    image = np.full((*image_size, 3), 77, np.uint8)
    image[0, 0] = 250
    picture = draw_segments(image, sample, TABLE, PictureOptions(**{'alpha': 1.0, **options}))
    height, width = picture.shape[0] - 2 * MARGIN - TITLE, picture.shape[1] - 2 * MARGIN - LEGEND
    assert max(image_size) < SIDE
    factor = -(-SIDE // max(image_size))
    each = image_size[1] * factor
    assert height == image_size[0] * factor
    assert width % (each + GAP) == 0
    lefts = range(MARGIN, MARGIN + width, each + GAP)
    return [picture[MARGIN + TITLE : MARGIN + TITLE + height, left : left + each] for left in lefts]


def at(panel, row, column, size=(16, 16)):
    """Colour at the centre of a pixel of the map."""
    y, x = (int((place + 0.5) * length / side) for place, length, side in zip((row, column), panel.shape, size))
    return panel[y, x].tolist()


def test_image_truth_instances_and_panoptic_map_in_their_order():
    image, truth, instances, panoptic = draw(segment_sample())
    assert image.shape == (384, 384, 3)
    assert (image[:24, :24] == 250).all(), 'one pixel is a square of 24'
    assert (image[24:] == 77).all()
    for panel in (truth, panoptic):
        assert at(panel, 0, 0) == SKY
        assert at(panel, 15, 0) == GRASS
        assert at(panel, 5, 3) == CAT
        assert at(panel, 12, 9) == DOG
    assert at(instances, 5, 3) == CAT
    assert at(instances, 12, 9) == DOG
    assert at(instances, 0, 0) == [250] * 3, 'the image where there is no instance'
    assert at(instances, 15, 0) == [77] * 3


def test_things_are_outlined_and_stuff_is_not():
    _, truth, instances, panoptic = draw(segment_sample())
    for panel in (truth, instances, panoptic):
        edge = panel[7 * 24, 2 * 24 : 6 * 24]
        assert (panel[8 * 24 - 1, 2 * 24 : 6 * 24] == WHITE).all()
        assert (edge[1:-1] == CAT).all()
    assert (panoptic[8 * 24 - 30 : 8 * 24 + 30, 7 * 24] != WHITE).any(axis=1).all(), 'no line between sky and grass'


def test_ignored_pixels_are_striped_in_the_truth_and_void_shows_the_image():
    _, truth, _, panoptic = draw(segment_sample())
    assert set(np.unique(truth[:, 14 * 24 :])) == {40, 150}
    assert (panoptic[:, 14 * 24 :] == 77).all()


def test_instances_of_a_class_have_tones_of_their_own():
    sample = segment_sample()
    sample.pred_panoptic_seg.sem_seg[0, 10:14, 8:12] = 2000
    panoptic = draw(sample)[3]
    first, second = at(panoptic, 5, 3), at(panoptic, 12, 9)
    assert [first, second] == TABLE.instance_colours([0, 0]).tolist()
    assert first != second


def test_scores_are_written_and_low_ones_are_left_out():
    panels = draw(segment_sample(), score_thr=0.7)
    assert at(panels[2], 5, 3) == CAT
    assert at(panels[2], 12, 9) == [77] * 3, 'score .6'
    assert (panels[2][3 * 24 : 4 * 24, 2 * 24 : 6 * 24] == 0).all(axis=2).sum() > 200, 'a text over the cat'
    assert at(panels[3], 12, 9) == DOG


@pytest.mark.parametrize('image_size', [(96, 64), (50, 128)])
def test_maps_at_the_networks_size_are_laid_over_an_image_of_another(image_size):
    """Protocol lowres: the prediction has the network's size, the file its own."""
    _, truth, instances, panoptic = draw(segment_sample(), image_size)
    for panel in (truth, panoptic):
        assert at(panel, 1, 1) == SKY
        assert at(panel, 5, 3) == CAT
        assert at(panel, 12, 9) == DOG
    assert at(instances, 12, 9) == DOG


def test_large_images_are_reduced():
    image = np.zeros((1000, 2000, 3), np.uint8)
    picture = draw_segments(image, segment_sample(), TABLE, PictureOptions())
    assert picture.shape == (2 * MARGIN + TITLE + 384, 2 * MARGIN + 4 * (768 + GAP) + LEGEND, 3)


def label_sample(**maps):
    sample = BaseDataElement(metainfo=dict(img_path='shots/a.png'))
    for name, labels in maps.items():
        setattr(sample, name, PixelData(data=torch.tensor(labels)[None]))
    return sample


@pytest.mark.parametrize('kind', [int, float])  # mmseg's labels are floats where it predicts by a sigmoid
def test_label_maps_stand_beside_the_image_with_a_legend(kind):
    image = np.full((16, 16, 3), 77, np.uint8)
    predicted = [[kind(2), kind(9)], [kind(3), kind(3)]]
    sample = label_sample(gt_sem_seg=[[2, 255], [3, 3]], pred_sem_seg=predicted)
    sheet = draw_labels(image, sample, TABLE, PictureOptions(alpha=1.0))
    assert sheet.shape == (2 * MARGIN + TITLE + SIDE, 2 * MARGIN + 3 * (SIDE + GAP) + LEGEND, 3)
    lefts = [MARGIN + k * (SIDE + GAP) for k in range(3)]
    first, truth, prediction = (sheet[MARGIN + TITLE : MARGIN + TITLE + SIDE, left : left + SIDE] for left in lefts)
    assert (first == 77).all()
    grass, sky = (list(METAINFO['palette'][label]) for label in (2, 3))
    for panel in (truth, prediction):
        assert at(panel, 0, 0, (2, 2)) == grass
        assert at(panel, 1, 1, (2, 2)) == sky
    assert set(np.unique(truth[: SIDE // 2, SIDE // 2 :])) == {40, 150}, 'stripes where the truth says nothing'
    assert at(prediction, 0, 1, (2, 2)) == [77] * 3, 'the image where there is no such class'
    alone = draw_labels(image, label_sample(pred_sem_seg=predicted), TABLE, PictureOptions())
    assert alone.shape[1] == sheet.shape[1] - SIDE - GAP


def test_what_is_missing_is_left_out():
    sample = segment_sample()
    del sample.pred_panoptic_seg
    assert at(draw(sample)[2], 5, 3) == CAT, 'Mask R-CNN'
    sample = segment_sample()
    del sample.pred_instances
    assert at(draw(sample)[2], 0, 0) == SKY, 'a panoptic model without instances'
    del sample.gt_instances, sample.gt_sem_seg
    assert [at(panel, 12, 9) for panel in draw(sample)] == [[77] * 3, DOG], 'no truth'
    del sample.pred_panoptic_seg
    assert len(draw(sample)) == 1


def test_nothing_found_shows_the_image():
    sample = segment_sample()
    sample.pred_instances = instances_of([], [], [], (16, 16))
    sample.pred_panoptic_seg.sem_seg[:] = 4
    image, _, instances, panoptic = draw(sample)
    assert np.array_equal(instances, image)
    assert np.array_equal(panoptic, image)


def test_boxes_are_drawn_where_there_are_no_masks():
    sample = segment_sample()
    boxes = torch.tensor([[2.0, 4, 6, 8]])
    sample.pred_instances = InstanceData(bboxes=boxes, labels=torch.tensor([0]), scores=torch.tensor([0.9]))
    panel = draw(sample)[2]
    assert at(panel, 5, 3) == [77] * 3
    assert panel[150, 48].tolist() == CAT


def test_legend_compares_truth_and_prediction():
    image = np.full((16, 16, 3), 77, np.uint8)
    picture = draw_segments(image, segment_sample(), TABLE, PictureOptions(alpha=0.0))
    legend = picture[:, -MARGIN - LEGEND :]
    for label in range(4):
        colour = TABLE.instance_colours([label])[0] if label < 2 else TABLE.palette[label]
        assert (legend == colour).all(axis=2).sum() > 50, METAINFO['classes'][label]


def with_embeddings(size=(16, 16)):
    sample = segment_sample()
    values = torch.randn(8, *size, generator=torch.Generator().manual_seed(0)) * 0.01
    values[0, size[0] // 2 :] += 1
    sample.pred_embeddings = PixelData(data=values)
    return sample


@pytest.mark.parametrize('size', [(16, 16), (32, 32)])
def test_embeddings_are_one_more_panel(size):
    panels = draw(with_embeddings(size), embeddings='all')
    assert len(panels) == 5
    red = panels[4][..., 0]
    assert red[:192].max() < 40
    assert red[192:].min() > 200
    darkened = draw(with_embeddings(size), embeddings='foreground')[4]
    assert darkened[:90].max() <= 77, 'no thing is there'
    assert darkened[10 * 24 : 14 * 24, 8 * 24 : 12 * 24, 0].min() > 200, 'the dog'


def test_embeddings_that_the_model_does_not_give_are_asked_for():
    with pytest.raises(ValueError, match=r'no pred_embeddings.*model\.test_cfg\.return_embeddings=True'):
        draw(segment_sample(), embeddings='all')


@pytest.mark.parametrize(('option', 'value'), [('alpha', 1.5), ('side', 10), ('embeddings', 'some')])
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(ValueError, match=f'{option}: found {value!r}'):
        PictureOptions(**{option: value})


def test_the_sample_and_the_image_are_left_as_they_are():
    image, sample = np.full((16, 16, 3), 77, np.uint8), segment_sample()
    before = sample.pred_panoptic_seg.sem_seg.clone(), sample.pred_instances.masks.clone()
    draw_segments(image, sample, TABLE, PictureOptions())
    assert (image == 77).all()
    assert torch.equal(before[0], sample.pred_panoptic_seg.sem_seg)
    assert torch.equal(before[1], sample.pred_instances.masks)
    assert cv2.countNonZero(image[..., 0]) == 256


@pytest.fixture
def noise():
    scales = np.array([9.0, 4.0, 2.0, 0.1, 0.1])[:, None, None]
    return np.random.default_rng(0).normal(size=(5, 20, 30)) * scales


def test_components_come_in_the_order_of_their_variance(noise):
    colours = embedding_colours(noise).astype(float)
    for channel in range(3):
        assert np.corrcoef(colours[..., channel].ravel(), noise[channel].ravel())[0, 1] > 0.98


def test_the_sign_makes_the_largest_loading_positive_so_that_negated_embeddings_are_inverted(noise):
    first, second = embedding_colours(noise).astype(int), embedding_colours(-noise).astype(int)
    assert np.abs(first + second - 255).max() <= 1
    assert np.array_equal(embedding_colours(noise), embedding_colours(noise.copy()))


def test_outliers_do_not_flatten_the_rest(noise):
    noise[0, 0, 0] = 1e4
    noise[1:, 0, 0] = 0
    red = embedding_colours(noise)[..., 0]
    assert red[0, 0] == 255
    assert red.std() > 50


def test_groups_of_equal_embeddings_have_equal_colours_unlike_each_other():
    groups = np.repeat(np.arange(4), 40).reshape(8, 20)
    vectors = np.random.default_rng(1).normal(size=(4, 16))
    colours = embedding_colours(vectors[groups].transpose(2, 0, 1))
    own = [np.unique(colours[groups == k].reshape(-1, 3), axis=0) for k in range(4)]
    assert [len(colour) for colour in own] == [1] * 4
    assert all(np.abs(own[i][0].astype(int) - own[j][0]).max() > 40 for i in range(4) for j in range(i))


def test_foreground_decides_and_the_rest_is_dark(noise):
    foreground = np.zeros((20, 30), bool)
    foreground[5:15, 5:25] = True
    noise[3, ~foreground] *= 1e3
    colours = embedding_colours(noise, foreground)
    red, given = colours[..., 0].astype(float), noise[0]
    assert np.corrcoef(red[foreground], given[foreground])[0, 1] > 0.98, 'not the component of the background'
    assert colours[foreground].max() == 255
    assert colours[~foreground].max() <= 77


def test_too_small_a_foreground_means_all_pixels(noise):
    foreground = np.zeros((20, 30), bool)
    foreground[0, 0] = True
    assert np.array_equal(embedding_colours(noise, foreground), embedding_colours(noise))


@pytest.mark.parametrize('depth', [1, 2, 3])
def test_missing_components_are_mid_grey(depth, noise):
    colours = embedding_colours(noise[:depth])
    assert (colours[..., depth:] == 128).all()
    assert all(len(np.unique(colours[..., channel])) > 50 for channel in range(depth))


def test_constant_and_broken_embeddings_do_not_crash():
    assert (embedding_colours(np.full((8, 4, 5), 0.3)) == 128).all()
    broken = np.random.default_rng(0).normal(size=(4, 6, 6))
    broken[0, 0, 0] = np.nan
    colours = embedding_colours(broken)
    assert (colours[0, 0] == 0).all()
    assert (colours.reshape(-1, 3).max(axis=0) == 255).all()
    assert not embedding_colours(np.full((4, 6, 6), np.inf)).any()
