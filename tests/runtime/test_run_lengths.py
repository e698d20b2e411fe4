"""Run lengths against pycocotools, whose format they are."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmmaskattn_runtime import RunLengths, encode
from mmmaskattn_runtime.run_lengths import encode_map


def masks():
    rng = np.random.default_rng(0)
    blob = np.zeros((97, 203), bool)
    blob[20:90, 3:180] = rng.random((70, 177)) < 0.5
    return {
        'noise': rng.random((31, 17)) < 0.3,
        'blob': blob,
        'empty': np.zeros((5, 9), bool),
        'full': np.ones((5, 9), bool),
        'first pixel': np.arange(12).reshape(3, 4) == 0,
        'last pixel': np.arange(12).reshape(3, 4) == 11,
        'one pixel': np.ones((1, 1), bool),
    }


@pytest.mark.parametrize('name', masks())
def test_equal_to_pycocotools(name):
    mask = masks()[name]
    theirs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    ours = encode(mask)
    assert ours.to_coco() == dict(size=list(mask.shape), counts=theirs['counts'].decode())
    assert ours.area == coco_mask.area(theirs) == mask.sum()
    assert (ours.to_mask() == mask).all()
    assert (RunLengths.from_coco(theirs).to_mask() == mask).all()


def test_a_part_is_encoded_in_its_place():
    mask = masks()['blob']
    assert encode(mask[10:95, 2:190], mask.shape, (10, 2)).to_coco() == encode(mask).to_coco()


@pytest.mark.parametrize('counts', ['1', '5`', [3, -1, 10], [3, 4]])
def test_what_does_not_fill_the_size_is_refused(counts):
    with pytest.raises(ValueError, match='run lengths'):
        RunLengths.from_coco(dict(size=[3, 4], counts=counts))


def test_regions_of_a_map_at_once():
    owners = np.random.default_rng(0).integers(-1, 4, (13, 9))
    owners[:, 4:6] = 2
    owners[owners == 3] = 0
    found = encode_map(owners, [2, 0, 3, 1])
    assert [one.to_coco() for one in found] == [encode(owners == number).to_coco() for number in (2, 0, 3, 1)]
    assert encode_map(np.zeros((3, 4), int), [0])[0].to_mask().all()
