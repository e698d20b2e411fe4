"""Areas, boxes and codes against a plain recount."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmmaskattn.data_tools.segments import encode_mask, label_png, measure_segments, panoptic_png
from mmmaskattn.datasets.panoptic_png import rgb_to_id


def recount(ids: np.ndarray) -> dict[int, tuple[int, list[int]]]:
    found = {}
    for number in np.unique(ids):
        rows, cols = np.nonzero(ids == number)
        box = [cols.min(), rows.min(), cols.max() - cols.min() + 1, rows.max() - rows.min() + 1]
        found[int(number)] = (len(rows), [int(side) for side in box])
    return found


@pytest.mark.parametrize('shape', [(1, 1), (1, 9), (9, 1), (17, 23)])
@pytest.mark.parametrize('seed', range(4))
def test_extents_equal_a_recount(shape: tuple[int, int], seed: int):
    rng = np.random.default_rng(seed)
    ids = rng.choice(np.array([0, 3, 7000, 2**24 - 1]), size=shape).astype(np.int32)
    assert measure_segments(ids) == recount(ids)


def test_a_segment_that_runs_over_the_end_of_a_row():
    ids = np.array([[0, 0, 5], [5, 0, 0]])
    assert measure_segments(ids)[5] == (2, [0, 0, 3, 2])


def test_mask_code_decodes_to_the_mask():
    mask = np.random.default_rng(0).random((13, 21)) > 0.6
    code = encode_mask(mask)
    assert code['size'] == [13, 21]
    assert isinstance(code['counts'], str)
    np.testing.assert_array_equal(coco_mask.decode(code), mask)


def test_pictures_hold_the_ids():
    ids = np.array([[0, 255, 256], [65536, 150255, 2**24 - 1]], np.int32)
    picture = cv2.imdecode(np.frombuffer(panoptic_png(ids), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(rgb_to_id(picture[..., ::-1]), ids)
    labels = np.array([[0, 300], [65535, 7]], np.uint16)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(label_png(labels), np.uint8), -1), labels)
