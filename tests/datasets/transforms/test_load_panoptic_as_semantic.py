from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmmaskattn.datasets.transforms import LoadPanopticAsSemantic


def write_ids(path, ids: np.ndarray) -> str:
    rgb = np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8)
    cv2.imwrite(str(path), rgb[..., ::-1])
    return str(path)


def test_labels_equal_a_loop_over_segments(tmp_path):
    generator = np.random.default_rng(1)
    segment_ids = generator.choice(2**24 - 1, 40, replace=False) + 1
    segments = [dict(id=int(i), category=int(generator.integers(0, 133))) for i in segment_ids]
    ids = generator.choice(np.append(segment_ids, 0), (50, 70)).astype(np.int32)
    expected = np.full(ids.shape, 255, np.uint8)
    for segment in segments:
        expected[ids == segment['id']] = segment['category']
    path = write_ids(tmp_path / 'a.png', ids)
    results = LoadPanopticAsSemantic()(dict(seg_map_path=path, segments_info=segments, seg_fields=[]))
    assert np.array_equal(results['gt_seg_map'], expected)
    assert results['gt_seg_map'].dtype == np.uint8
    assert results['seg_fields'] == ['gt_seg_map']


def test_void_is_ignored_even_without_segments(tmp_path):
    path = write_ids(tmp_path / 'void.png', np.zeros((3, 4), np.int32))
    labels = LoadPanopticAsSemantic()(dict(seg_map_path=path, segments_info=[]))['gt_seg_map']
    assert (labels == 255).all()


@pytest.mark.parametrize('stray', [1, 500, 2**24 - 1])
def test_unknown_id_names_file_and_id(tmp_path, stray):
    ids = np.full((4, 4), 300, np.int32)
    ids[1, 1] = stray
    path = write_ids(tmp_path / 'pan.png', ids)
    with pytest.raises(ValueError, match=rf'pan\.png: segment ids \[{stray}\]'):
        LoadPanopticAsSemantic()(dict(seg_map_path=path, segments_info=[dict(id=300, category=2)]))


def test_picture_without_colours_is_refused(tmp_path):
    path = str(tmp_path / 'grey.png')
    cv2.imwrite(path, np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match=r'grey\.png: a picture of shape \(4, 4\)'):
        LoadPanopticAsSemantic()(dict(seg_map_path=path, segments_info=[]))


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.png'):
        LoadPanopticAsSemantic()(dict(seg_map_path=str(tmp_path / 'absent.png'), segments_info=[]))
    (tmp_path / 'broken.png').write_bytes(b'no')
    with pytest.raises(ValueError, match=r'broken\.png: cannot be decoded'):
        LoadPanopticAsSemantic()(dict(seg_map_path=str(tmp_path / 'broken.png'), segments_info=[]))


def test_sample_without_label_passes():
    assert LoadPanopticAsSemantic()(dict(img=1)) == dict(img=1)
