from __future__ import annotations

import mmdet.datasets.transforms  # noqa: F401  registers mmdet's loaders
import numpy as np
import pytest
from mmcv.transforms import Compose
from pictures import disc

from mmmaskattn.datasets.transforms import LowResResize
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.registry import TRANSFORMS


def sample(native: tuple[int, int] = (480, 640)) -> dict:
    image, labels = disc(native, (native[0] / 2, native[1] / 3), native[0] / 5)
    return dict(img=image, gt_seg_map=labels, seg_fields=['gt_seg_map'], img_shape=native, ori_shape=native)


@pytest.mark.parametrize('size', [128, 64, 32, (64, 48), (48, 64), (33, 17)])
@pytest.mark.parametrize('native', [(480, 640), (479, 641), (100, 75), (128, 128), (16, 500)])
def test_lowres_resizes_image_and_labels_alike(size, native):
    given = sample(native)
    truth = given['gt_seg_map']
    expected = (size, size) if isinstance(size, int) else size
    results = LowResResize(size)(given)
    assert results['img'].shape == (*expected, 3)
    assert results['img_shape'] == results['ori_shape'] == expected
    assert np.array_equal(results['gt_seg_map'], resize_labels(truth, expected))
    assert results['scale_factor'] == (1, 1), 'image, labels and predictions have one size'
    assert results['keep_ratio'] is False


def test_size_is_height_then_width():
    results = LowResResize((64, 48))(sample((480, 640)))
    assert results['img'].shape[:2] == results['gt_seg_map'].shape == (64, 48)


def test_native_leaves_labels_and_ori_shape():
    given = sample()
    truth = given['gt_seg_map'].copy()
    results = LowResResize(128, protocol='native')(given)
    assert results['img'].shape == (128, 128, 3)
    assert results['ori_shape'] == (480, 640)
    assert results['scale_factor'] == (128 / 640, 128 / 480)
    assert np.array_equal(results['gt_seg_map'], truth)


def test_every_seg_field_is_resized():
    given = sample()
    given['gt_instances'] = np.arange(480 * 640, dtype=np.int32).reshape(480, 640)
    given['seg_fields'].append('gt_instances')
    results = LowResResize(64)(given)
    assert results['gt_instances'].shape == (64, 64)
    assert results['gt_instances'].dtype == np.int32


def test_without_labels_the_image_is_resized():
    results = LowResResize(64)(dict(img=np.zeros((100, 90, 3), np.uint8)))
    assert results['img'].shape == (64, 64, 3)


@pytest.mark.parametrize('protocol', ['lowres', 'native'])
@pytest.mark.parametrize(
    'loader',
    [
        'mmmaskattn.LoadSegMap',
        'mmmaskattn.LoadPanopticAsSemantic',
        'mmmaskattn.LoadPanoptic',
        'mmmaskattn.LoadInstances',
        'mmdet.LoadAnnotations',
    ],
)
def test_a_picture_without_labels_keeps_its_size_under_both_protocols(protocol, loader):
    picture = dict(img=np.zeros((100, 90, 3), np.uint8), img_path=None)
    steps = [
        dict(type='mmdet.LoadImageFromNDArray'),
        dict(type=loader, **(dict(with_bbox=False, with_seg=True) if 'Annotations' in loader else {})),
        dict(type='mmmaskattn.LowResResize', size=64, protocol=protocol, scale=1.5),
    ]
    results = Compose([TRANSFORMS.build(step) for step in steps])(picture)
    assert results['img'].shape == (96, 96, 3)
    assert results['ori_shape'] == (100, 90)
    assert results['scale_factor'] == (96 / 90, 96 / 100)


@pytest.mark.parametrize(
    ('protocol', 'ori_shape', 'factor'),
    [('lowres', (64, 48), (1.5, 1.5)), ('native', (480, 640), (72 / 640, 96 / 480))],
)
def test_scale_concerns_the_image_alone(protocol, ori_shape, factor):
    results = LowResResize((64, 48), protocol, scale=1.5)(sample())
    assert results['img'].shape[:2] == results['img_shape'] == (96, 72)
    assert results['gt_seg_map'].shape == results['ori_shape'] == ori_shape
    assert results['scale_factor'] == factor, 'width before height, as mmdet has it'


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(size=8), r'LowResResize: option size is 8.*at least 16'),
        (dict(size=(128, 15)), r'size is \(128, 15\)'),
        (dict(size=128, protocol='Native'), r"protocol is 'Native'.*lowres.*native"),
        (dict(size=128, scale=0), r'scale is 0'),
    ],
)
def test_wrong_options_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        LowResResize(**options)


def test_is_built_from_a_config():
    built = TRANSFORMS.build(dict(type='mmmaskattn.LowResResize', size=[64, 48]))
    assert built.size == (64, 48)
    assert 'protocol=' in repr(built)
