"""Masks of a json: whole codes pass unchanged, damaged ones never reach pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmmaskattn.datasets.transforms.coco_masks import to_run_lengths, unpack_counts


def code_of(mask: np.ndarray) -> dict:
    code = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {'size': [int(side) for side in code['size']], 'counts': code['counts'].decode()}


def test_counts_are_those_that_pycocotools_wrote():
    generator = np.random.default_rng(0)
    for _ in range(200):
        mask = generator.random(generator.integers(1, 60, 2)) < generator.random()
        code = code_of(mask)
        runs = unpack_counts(code['counts'])
        assert np.array_equal(np.arange(len(runs)).repeat(runs) % 2, mask.ravel(order='F'))
        assert to_run_lengths(code, mask.shape) == code
        assert np.array_equal(coco_mask.decode(to_run_lengths({**code, 'counts': runs}, mask.shape)), mask)


def test_every_cut_of_a_code_is_refused():
    mask = np.zeros((60, 80), bool)
    mask[10:50, 20:50] = True
    code = code_of(mask)
    for end in range(len(code['counts'])):
        with pytest.raises(ValueError, match='damaged run-length code'):
            to_run_lengths({**code, 'counts': code['counts'][:end]}, mask.shape)


@pytest.mark.parametrize(
    ('mask', 'message'),
    [
        (None, 'a mask given as NoneType, expected polygons or a run-length code'),
        ([], 'no polygon of 3 or more points'),
        ([[1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7]], 'no polygon of 3 or more points'),
        ([1, 2, 3, 4, 5, 6], r'\[0\]: found 1, expected array'),
        ([[1, 2, 3, 4, 5, None]], r'\[0\]\[5\]: found null, expected float'),
        ([[1, 2, 3, 4, 5, float('nan')]], r'a polygon with the coordinate nan, but its image is \[4, 5\]'),
        ([[1, 2, 3, 1e30, 5, 6]], r'a polygon with the coordinate 1e\+30, but its image is \[4, 5\]'),
        ({'size': [4, 5]}, "no 'counts'"),
        ({'size': None, 'counts': '9'}, 'size: found null, expected array'),
        ({'size': [5, 4], 'counts': [20]}, r'of size \[5, 4\], but its image is \[4, 5\]'),
        ({'size': [4, 5], 'counts': [3, 4]}, 'its counts fill 7 pixels, expected 20'),
        ({'size': [4, 5], 'counts': [10, 11]}, 'its counts fill 21 pixels, expected 20'),
        ({'size': [4, 5], 'counts': [-1, 21]}, r'counts\[0\]: found -1, expected int >= 0'),
        ({'size': [4, 5], 'counts': []}, 'its counts fill 0 pixels, expected 20'),
        ({'size': [4, 5], 'counts': '9'}, 'its counts fill 9 pixels, expected 20'),
        ({'size': [4, 5], 'counts': 'oooooooooooo0'}, 'its counts are no text of whole numbers'),
        ({'size': [4, 5], 'counts': '\u00e9'}, 'its counts are no text of whole numbers'),
    ],
)
def test_what_is_no_mask_of_the_image_is_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        to_run_lengths(mask, (4, 5))


def test_polygons_that_enclose_nothing_are_left_out():
    triangle = [0, 0, 4, 0, 4, 4]
    whole = to_run_lengths([triangle], (4, 5))
    assert to_run_lengths([triangle, [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7]], (4, 5)) == whole
