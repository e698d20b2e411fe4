from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmmaskattn.datasets.transforms import LoadInstances

SIZE = (12, 16)


def box_mask(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[y1:y2, x1:x2] = 1
    return mask


def code(mask: np.ndarray) -> dict:
    return coco_mask.encode(np.asfortranarray(mask))


def raw_code(mask: np.ndarray) -> dict:
    """Uncompressed run lengths, in column order, starting with zeros; written out here as a second opinion."""
    flat = mask.ravel(order='F')
    ends = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *ends, flat.size]).tolist()
    return dict(size=list(mask.shape), counts=counts if flat[0] == 0 else [0, *counts])


def instance(mask, label: int = 0, ignore: int = 0, number: int = 7) -> dict:
    return dict(id=number, bbox=[0, 0, 1, 1], bbox_label=label, mask=mask, ignore_flag=ignore)


def load(*instances: dict, **more) -> dict:
    sample = dict(instances=list(instances), background_label=3, height=SIZE[0], width=SIZE[1], img_path='b.jpg')
    return LoadInstances()({**sample, **more})


@pytest.mark.parametrize('form', ['compressed', 'string', 'raw', 'polygon'])
def test_each_form_of_a_mask_gives_its_pixels(form):
    mask = box_mask(2, 3, 9, 8)
    packed = code(mask)
    forms = dict(
        compressed=packed,
        string=dict(packed, counts=packed['counts'].decode()),
        raw=raw_code(mask),
        polygon=[[2, 3, 9, 3, 9, 8, 2, 8]],
    )
    results = load(instance(forms[form], label=1))
    assert np.array_equal(results['gt_id_map'], np.where(mask, 1, 2))
    assert results['gt_id_map'].dtype == np.int32


def test_background_is_the_last_segment():
    segments = load(instance(code(box_mask(0, 0, 2, 2)), label=1, number=41))['segments']
    assert segments[0] == dict(id=41, label=1, isthing=True, iscrowd=0)
    assert segments[1] == dict(id=0, label=3, isthing=False, iscrowd=0)


@pytest.mark.parametrize('order', [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_small_instances_stay_on_top_whatever_the_order(order):
    masks = [box_mask(0, 0, 16, 12), box_mask(2, 2, 10, 10), box_mask(4, 4, 6, 6)]
    results = load(*(instance(code(masks[i]), number=i) for i in order))
    painted = np.array([results['segments'][k - 1]['id'] for k in results['gt_id_map'].ravel()]).reshape(SIZE)
    assert np.array_equal(painted, masks[1].astype(int) + masks[2])


def test_crowd_keeps_its_number_but_does_not_hide_instances():
    crowd, single = box_mask(0, 0, 4, 4), box_mask(2, 2, 12, 12)  # the crowd is the smaller
    results = load(instance(code(single)), instance(raw_code(crowd), ignore=1))
    expected = np.where(single, 1, np.where(crowd, 2, 3))
    assert np.array_equal(results['gt_id_map'], expected)
    assert results['segments'][1]['iscrowd'] == 1


def test_more_than_255_instances():
    """pycocotools measures no more masks than that in one call."""
    pixels = [(i % 16, i // 16) for i in range(192)] * 2
    results = load(*(instance(code(box_mask(x, y, x + 1, y + 1)), number=i) for i, (x, y) in enumerate(pixels)))
    assert len(results['segments']) == 385
    assert len(np.unique(results['gt_id_map'])) == 192


def test_image_without_instances_is_all_background():
    results = load()
    assert (results['gt_id_map'] == 1).all()
    assert results['segments'] == [dict(id=0, label=3, isthing=False, iscrowd=0)]


@pytest.mark.parametrize(
    ('mask', 'message'),
    [
        (None, 'a mask given as NoneType'),
        ([], 'a mask with no polygon of 3 or more points'),
        ([[1, 1, 2, 2]], 'a mask with no polygon of 3 or more points'),
        (dict(size=[5, 6], counts=[30]), r'a run-length code of size \[5, 6\], but its image is \[12, 16\]'),
        (dict(counts=[30]), "a mask with no 'size'"),
    ],
)
def test_wrong_masks_are_named_with_image_and_instance(mask, message):
    with pytest.raises(ValueError, match=rf'b\.jpg: instance 7 has {message}'):
        load(instance(mask))


def test_image_of_another_size_than_the_json_says_is_named():
    with pytest.raises(ValueError, match=r'b\.jpg: the image is \(24, 16\) .*, but its annotation says \(12, 16\)'):
        load(instance(code(box_mask(0, 0, 2, 2))), ori_shape=(24, 16))


def test_data_sets_of_mmdet_need_the_option():
    sample = dict(instances=[], ori_shape=SIZE)
    with pytest.raises(ValueError, match=r'background_label=None.*number of thing classes'):
        LoadInstances()(dict(sample))
    assert LoadInstances(background_label=80)(dict(sample))['segments'][0]['label'] == 80


def test_sample_without_truth_passes():
    assert LoadInstances()(dict(img=1)) == dict(img=1)
