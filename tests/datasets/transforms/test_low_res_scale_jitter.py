from __future__ import annotations

import numpy as np
import pytest
from mmcv.transforms import RandomFlip
from pictures import centre_of_mass, disc

from mmmaskattn.datasets.transforms import LowResResize, LowResScaleJitter
from mmmaskattn.datasets.transforms.low_res_resize import resize_image, resize_labels, scale_size
from mmmaskattn.datasets.transforms.low_res_scale_jitter import overlap, pad


def sample(native: tuple[int, int] = (480, 640)) -> dict:
    image, labels = disc(native, (native[0] / 2, native[1] / 2), native[0] / 4)
    return dict(img=image, gt_seg_map=labels, seg_fields=['gt_seg_map'], img_shape=native, ori_shape=native)


def test_ratio_one_equals_the_plain_resize():
    jittered = LowResScaleJitter(128, (1, 1))(sample())
    plain = LowResResize(128)(sample())
    assert np.array_equal(jittered['img'], plain['img'])
    assert np.array_equal(jittered['gt_seg_map'], plain['gt_seg_map'])
    assert jittered['img_shape'] == (128, 128)


@pytest.mark.parametrize('size', [128, (64, 48), 32])
def test_output_size_is_fixed_and_the_range_is_used(size):
    np.random.seed(0)
    jitter = LowResScaleJitter(size)
    factors = []
    for _ in range(200):
        results = jitter(sample((96, 128)))
        assert results['img'].shape[:2] == results['gt_seg_map'].shape == jitter.size
        factors.append(results['scale_factor'][0] * 128 / jitter.size[1])
    assert 0.45 < min(factors) < 0.6
    assert 1.9 < max(factors) < 2.05


@pytest.mark.parametrize('flip', [0.0, 1.0])
def test_image_and_labels_stay_aligned_through_jitter_and_flip(flip):
    np.random.seed(1)
    jitter, mirror = LowResScaleJitter(128, img_pad_value=(0, 0, 0)), RandomFlip(prob=flip)
    for _ in range(50):
        results = mirror(jitter(sample()))
        assert results['flip'] == bool(flip)
        on_disc = (results['gt_seg_map'] == 1).astype(np.uint8)
        shift = (centre_of_mass(results['img'][..., 0]) - centre_of_mass(on_disc)) * 128
        assert np.abs(shift).max() < 0.6
        # Inside and outside agree wherever the image is unmixed.
        assert (on_disc[results['img'][..., 0] == 255] == 1).mean() > 0.99


def test_small_scale_shows_all_and_pads_with_mean_and_ignore():
    np.random.seed(2)
    results = LowResScaleJitter(128, (0.5, 0.5), img_pad_value=(1, 2, 3))(sample())
    padded = results['gt_seg_map'] == 255
    assert padded.sum() == 128 * 128 - 64 * 64
    assert (results['img'][padded] == (1, 2, 3)).all()
    assert set(np.unique(results['gt_seg_map'])) == {0, 1, 255}


def test_id_map_is_padded_with_its_own_ignore_value():
    given = sample()
    given['gt_id_map'] = given['gt_seg_map'].astype(np.int32) + 7
    given['seg_fields'].append('gt_id_map')
    results = LowResScaleJitter(128, (0.5, 0.5))(given)
    padded = results['gt_seg_map'] == 255
    assert np.array_equal(results['gt_id_map'] == 0, padded)
    assert np.array_equal(results['gt_id_map'][~padded], results['gt_seg_map'][~padded].astype(np.int32) + 7)


def test_places_are_drawn_over_the_whole_range():
    np.random.seed(3)
    jitter = LowResScaleJitter(32, (0.5, 0.5))
    corners = {tuple(np.argwhere(jitter(sample((48, 64)))['gt_seg_map'] != 255)[0]) for _ in range(400)}
    assert {row for row, _ in corners} == set(range(17))
    assert {column for _, column in corners} == set(range(17))


def test_a_ratio_drawn_before_is_used_and_taken_away():
    given = sample()
    given['jitter_ratio'] = 1.0
    results = LowResScaleJitter(64, (2, 2))(given)
    assert results['scale_factor'] == (0.1, 64 / 480)
    assert 'jitter_ratio' not in results


def test_same_seed_gives_the_same_sample():
    outputs = []
    for _ in range(2):
        np.random.seed(5)
        outputs.append(LowResScaleJitter(64)(sample())['img'])
    assert np.array_equal(*outputs)


def test_crop_one_axis_and_pad_the_other():
    array = np.arange(12).reshape(2, 6)
    take, put = overlap((2, 6), (4, 3), (-1, 2))
    window = pad(array[take], (4, 3), put, 99)
    assert window.tolist() == [[99] * 3, [2, 3, 4], [8, 9, 10], [99] * 3]


def test_padding_has_a_value_per_channel():
    window = pad(np.zeros((1, 2, 3), np.uint8), (3, 2), (slice(1, 2), slice(0, 2)), (1, 2, 3))
    assert window.tolist() == [[[1, 2, 3]] * 2, [[0, 0, 0]] * 2, [[1, 2, 3]] * 2]


@pytest.mark.parametrize('size', [(128, 128), (64, 48), (200, 40)])
def test_equals_resizing_all_and_cutting_afterwards(size):
    labels = np.random.default_rng(0).integers(0, 200, (90, 120)).astype(np.uint8)
    image = np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    for seed in range(25):
        np.random.seed(seed)
        ratio = np.random.uniform(0.5, 2)
        scaled = scale_size(size, ratio)
        row, column = (np.random.randint(min(n - m, 0), max(n - m, 0) + 1) for n, m in zip(scaled, size))
        np.random.seed(seed)
        given = dict(img=image, gt_seg_map=labels, seg_fields=['gt_seg_map'], ori_shape=(90, 120))
        results = LowResScaleJitter(size, (0.5, 2), img_pad_value=(1, 2, 3))(given)
        margin = max(*size, *scaled)
        wide = np.pad(resize_labels(labels, scaled), margin, constant_values=255)
        top, left = margin + row, margin + column
        assert np.array_equal(results['gt_seg_map'], wide[top : top + size[0], left : left + size[1]])
        planes = [
            np.pad(plane, margin, constant_values=fill)
            for plane, fill in zip(np.moveaxis(resize_image(image, scaled), 2, 0), (1, 2, 3))
        ]
        assert np.array_equal(results['img'], np.stack(planes, -1)[top : top + size[0], left : left + size[1]])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(size=64, img_pad_value=(1, 2)), r'img_pad_value is \(1, 2\); expected a sequence of 3'),
        (dict(size=8), r'LowResScaleJitter: option size is 8'),
        (dict(size=64, ratio_range=(2, 0.5)), r'ratio_range=\(2, 0.5\).*low <= high'),
        (dict(size=64, ratio_range=(0, 1)), r'ratio_range is \(0, 1\)'),
    ],
)
def test_wrong_options_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        LowResScaleJitter(**options)


def test_padding_is_the_mean_colour_that_the_preprocessor_takes_away():
    """Images are BGR here and RGB after it: padding is about 0 then, in each channel."""
    window = LowResScaleJitter(32, (0.5, 0.5))(dict(img=np.zeros((32, 32, 3), np.uint8)))['img']
    colours, counts = np.unique(window.reshape(-1, 3), axis=0, return_counts=True)
    colour = colours[counts.argmax()]
    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    assert np.abs((colour[::-1] - mean) / std).max() < 0.02
