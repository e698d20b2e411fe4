from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmmaskattn.datasets.panoptic_png import id_to_rgb
from mmmaskattn.datasets.transforms import LoadPanoptic


def write_ids(path: Path, ids: np.ndarray) -> str:
    cv2.imwrite(str(path), id_to_rgb(ids)[..., ::-1])
    return str(path)


def segment(number: int, category: int, isthing: bool = True, iscrowd: int = 0) -> dict:
    return dict(id=number, category=category, isthing=isthing, iscrowd=iscrowd, area=1, bbox=[0, 0, 1, 1])


@pytest.fixture
def sample(tmp_path) -> dict:
    """Void, a thing, stuff, a crowd and a class left out, each a column; a last segment has no pixel."""
    ids = np.tile(np.array([0, 70000, 300, 20, 9], np.int32), (4, 1))
    info = [segment(300, 90, False), segment(70000, 3), segment(20, 4, iscrowd=1), segment(9, 255), segment(5, 1)]
    return dict(seg_map_path=write_ids(tmp_path / 'pan.png', ids), segments_info=info, img_path='a.jpg')


def test_map_numbers_the_segments_crowds_too_but_not_void_and_left_out(sample):
    results = LoadPanoptic()(sample)
    assert results['gt_id_map'].dtype == np.int32
    assert results['gt_id_map'].tolist() == [[0, 2, 1, 3, 0]] * 4
    assert results['seg_fields'] == ['gt_id_map']


def test_segments_keep_the_order_of_the_json(sample):
    segments = LoadPanoptic()(sample)['segments']
    assert [s['id'] for s in segments] == [300, 70000, 20, 9, 5]
    assert segments[1] == dict(id=70000, label=3, isthing=True, iscrowd=0)
    assert segments[0] == dict(id=300, label=90, isthing=False, iscrowd=0)


def test_image_of_another_size_is_named(sample):
    with pytest.raises(ValueError, match=r'pan\.png: the annotation is \(4, 5\).*a\.jpg is \(8, 5\)'):
        LoadPanoptic()(dict(sample, ori_shape=(8, 5)))


def test_id_without_segment_is_named(sample):
    with pytest.raises(ValueError, match=r'pan\.png: segment ids \[20\] are in the picture but not'):
        LoadPanoptic()(dict(sample, segments_info=[s for s in sample['segments_info'] if s['id'] != 20]))


def test_missing_corrupted_and_truncated_pictures_are_named(sample, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.png'):
        LoadPanoptic()(dict(sample, seg_map_path=str(tmp_path / 'absent.png')))
    whole = Path(sample['seg_map_path']).read_bytes()
    for name, content in (('broken.png', b'no picture'), ('empty.png', b''), ('short.png', whole[:40])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf'{name}: cannot be decoded'):
            LoadPanoptic()(dict(sample, seg_map_path=str(tmp_path / name)))


def test_label_picture_without_colours_is_refused(sample, tmp_path):
    cv2.imwrite(str(tmp_path / 'grey.png'), np.zeros((4, 5), np.uint8))
    with pytest.raises(ValueError, match=r'grey\.png: a picture of shape \(4, 5\)'):
        LoadPanoptic()(dict(sample, seg_map_path=str(tmp_path / 'grey.png')))


def test_sample_without_truth_passes():
    assert LoadPanoptic()(dict(img=1)) == dict(img=1)
