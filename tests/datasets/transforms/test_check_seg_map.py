from __future__ import annotations

import numpy as np
import pytest

from mmmaskattn.datasets.transforms import CheckSegMap


def sample(labels: np.ndarray, shape: tuple[int, int] | None = None) -> dict:
    paths = dict(seg_map_path='root/label.png', img_path='root/image.jpg')
    return dict(paths, gt_seg_map=labels, ori_shape=shape or labels.shape)


@pytest.mark.parametrize('value', [0, 18, 255])
def test_valid_labels_pass_unchanged(value):
    labels = np.full((5, 6), value, np.uint8)
    results = CheckSegMap(19)(sample(labels))
    assert results['gt_seg_map'] is labels


@pytest.mark.parametrize('value', [19, 100, 254])
def test_label_outside_the_range_names_file_values_and_range(value):
    labels = np.zeros((5, 6), np.uint8)
    labels[2, 3] = value
    with pytest.raises(ValueError, match=rf'root/label\.png: labels \[{value}\] on 1 pixels, expected 0 to 18 or 255'):
        CheckSegMap(19)(sample(labels))


def test_other_ignore_index():
    labels = np.array([[0, 200]], np.uint8)
    CheckSegMap(2, ignore_index=200)(sample(labels))
    with pytest.raises(ValueError, match=r'\[200\]'):
        CheckSegMap(2)(sample(labels))


def test_sizes_that_differ_name_both_files_and_sizes():
    with pytest.raises(ValueError, match=r'label\.png: the label map is \(5, 6\).*image\.jpg is \(6, 5\)'):
        CheckSegMap(19)(sample(np.zeros((5, 6), np.uint8), (6, 5)))


def test_image_decoded_at_reduced_scale_is_judged_by_the_size_of_its_file():
    given = sample(np.zeros((40, 60), np.uint8))
    given['img'] = np.zeros((10, 15, 3), np.uint8)
    CheckSegMap(19)(given)


def test_sample_without_label_passes():
    assert CheckSegMap(19)(dict(img=1)) == dict(img=1)


def test_no_classes_is_refused():
    with pytest.raises(ValueError, match='CheckSegMap: option num_classes is 0'):
        CheckSegMap(0)
