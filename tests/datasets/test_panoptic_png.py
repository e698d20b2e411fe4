from __future__ import annotations

import numpy as np
import pytest

from mmmaskattn.datasets.panoptic_png import MAX_ID, bgr_to_id, id_to_rgb, replace_ids, rgb_to_id


def test_ids_survive_the_picture():
    ids = np.random.default_rng(0).integers(0, MAX_ID + 1, (20, 30)).astype(np.int32)
    ids[0, :2] = 0, MAX_ID
    picture = id_to_rgb(ids)
    assert picture.shape == (20, 30, 3)
    assert picture.dtype == np.uint8
    for decoded in (rgb_to_id(picture), bgr_to_id(picture[..., ::-1]), bgr_to_id(picture[..., ::-1].copy())):
        assert decoded.dtype == np.int32
        assert np.array_equal(decoded, ids)


def test_order_of_the_bytes_is_the_official_one():
    assert rgb_to_id(np.array([[[1, 2, 3]]], np.uint8)).tolist() == [[1 + 2 * 256 + 3 * 65536]]
    assert bgr_to_id(np.array([[[3, 2, 1]]], np.uint8)).tolist() == [[1 + 2 * 256 + 3 * 65536]]
    assert id_to_rgb(np.array([3937500])).tolist() == [[220, 20, 60]]  # a person of the official samples


@pytest.mark.parametrize('number', [-1, MAX_ID + 1])
def test_ids_of_more_than_three_bytes_are_refused(number):
    with pytest.raises(ValueError, match=rf'{number}.*expected 0 to 16777215'):
        id_to_rgb(np.array([[number]]))


def test_replace_equals_a_loop():
    rng = np.random.default_rng(1)
    known = [int(number) for number in rng.choice(MAX_ID, 40, replace=False)]
    values = rng.integers(0, 200, 40).astype(np.uint8)
    ids = rng.choice(known, (50, 70)).astype(np.int32)
    expected = np.zeros(ids.shape, np.uint8)
    for number, value in zip(known, values):
        expected[ids == number] = value
    replaced = replace_ids(ids, known, values)
    assert replaced.dtype == np.uint8
    assert np.array_equal(replaced, expected)


def test_replace_names_all_unknown_ids():
    with pytest.raises(KeyError) as error:
        replace_ids(np.array([[5, 7], [9, 6]], np.int32), [6, 7], np.array([1, 2]))
    assert error.value.args[0] == [5, 9]
