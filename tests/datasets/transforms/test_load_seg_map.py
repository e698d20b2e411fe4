from __future__ import annotations

import numpy as np
import pytest
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image

from mmmaskattn.datasets.transforms import LoadSegMap


def write(path, array: np.ndarray) -> str:
    Image.fromarray(array).save(path)
    return str(path)


@pytest.mark.parametrize('reduce_zero_label', [False, True])
@pytest.mark.parametrize('label_map', [None, {0: 3, 3: 0, 7: 255}])
def test_equals_mmseg(tmp_path, reduce_zero_label, label_map):
    labels = np.random.default_rng(0).integers(0, 256, (37, 51)).astype(np.uint8)
    path = write(tmp_path / 'a.png', labels)
    given = dict(seg_map_path=path, reduce_zero_label=reduce_zero_label, label_map=label_map)
    ours = LoadSegMap()(dict(given, seg_fields=[]))
    theirs = LoadAnnotations()(dict(given, seg_fields=[]))
    assert np.array_equal(ours['gt_seg_map'], theirs['gt_seg_map'])
    assert ours['gt_seg_map'].dtype == np.uint8
    assert ours['seg_fields'] == ['gt_seg_map']


def test_palette_picture_gives_its_indices(tmp_path):
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    picture = Image.fromarray(labels, mode='P')
    picture.putpalette(list(range(255, -1, -1)) * 3)
    picture.save(tmp_path / 'p.png')
    assert np.array_equal(LoadSegMap()(dict(seg_map_path=str(tmp_path / 'p.png')))['gt_seg_map'], labels)


def test_16_bit_picture_of_small_labels_is_read(tmp_path):
    labels = np.array([[0, 18], [255, 3]], np.uint16)
    results = LoadSegMap()(dict(seg_map_path=write(tmp_path / 'a.png', labels)))
    assert np.array_equal(results['gt_seg_map'], labels)


def test_labels_above_255_are_refused_where_mmseg_wraps_them(tmp_path):
    path = write(tmp_path / 'instances.png', np.array([[26001, 7]], np.uint16))
    theirs = LoadAnnotations()(dict(seg_map_path=path, reduce_zero_label=False, seg_fields=[]))
    assert theirs['gt_seg_map'].max() < 256
    with pytest.raises(ValueError, match=r'instances\.png: labels from 7 to 26001'):
        LoadSegMap()(dict(seg_map_path=path))


def test_colour_picture_is_refused(tmp_path):
    path = write(tmp_path / 'colour.png', np.zeros((4, 5, 3), np.uint8))
    with pytest.raises(ValueError, match=r'colour\.png: a label picture of shape \(4, 5, 3\)'):
        LoadSegMap()(dict(seg_map_path=path))


@pytest.mark.parametrize('keep', [0, 20, 200])
def test_broken_file_is_named(tmp_path, keep):
    path = tmp_path / 'broken.png'
    write(path, np.random.default_rng(0).integers(0, 9, (64, 64)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r'broken\.png: cannot be decoded'):
        LoadSegMap()(dict(seg_map_path=str(path)))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.png'):
        LoadSegMap()(dict(seg_map_path=str(tmp_path / 'absent.png')))


def test_sample_without_label_passes():
    assert LoadSegMap()(dict(img=1)) == dict(img=1)
