from __future__ import annotations

import numpy as np
import pytest
from mmdet.structures.mask import BitmapMasks

from mmmaskattn.datasets.transforms import FindSeeds
from mmmaskattn.datasets.transforms.find_seeds import find_seeds


def masks_of(id_map: np.ndarray) -> np.ndarray:
    return (id_map[None] == np.unique(id_map[id_map > 0])[:, None, None]).astype(np.uint8)


def random_masks(seed: int, size: tuple[int, int] = (30, 37), count: int = 9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    id_map = np.zeros(size, np.int32)
    for k in range(1, count + 1):
        top, left = rng.integers(-3, size[0] - 1), rng.integers(-3, size[1] - 1)
        id_map[max(top, 0) : top + rng.integers(5, 20), max(left, 0) : left + rng.integers(5, 20)] = k
    return masks_of(id_map)


def plain_seed(mask: np.ndarray) -> tuple[tuple[int, int], float]:
    """Distance of each pixel's centre from the nearest square of a pixel outside, or of the image's surroundings."""
    outside = np.argwhere(np.pad(mask, 1) == 0) - 1
    best, place = -1.0, (0, 0)
    for y, x in np.argwhere(mask):
        gaps = np.maximum(np.abs(outside - (y, x)) - 0.5, 0)
        distance = np.sqrt((gaps**2).sum(axis=1)).min()
        if distance > best + 1e-6:
            best, place = distance, (x, y)
    return place, best


@pytest.mark.parametrize('seed', range(6))
def test_equals_a_loop_over_pixels(seed):
    masks = random_masks(seed)
    points, radii = find_seeds(masks)
    assert len(masks) > 4
    assert points.dtype == radii.dtype == np.float32
    expected = [plain_seed(mask) for mask in masks]
    assert points.tolist() == [list(place) for place, _ in expected]
    assert np.allclose(radii, [radius for _, radius in expected], atol=1e-5)


def test_lies_inside_where_the_centre_of_mass_does_not():
    ring = np.zeros((1, 21, 21), np.uint8)
    ring[0, 2:19, 2:19] = 1
    ring[0, 5:16, 5:16] = 0
    ((x, y),), (radius,) = find_seeds(ring)
    assert ring[0, int(y), int(x)] == 1
    assert 1.5 <= radius <= 2.5


def test_touching_instances_at_the_border_get_separate_seeds():
    id_map = np.ones((12, 20), np.int32)
    id_map[:, 10:] = 2
    points, radii = find_seeds(masks_of(id_map))
    assert points.tolist() == [[4, 4], [14, 4]]  # of equally far pixels the first
    assert radii.tolist() == [4.5, 4.5]


def test_one_instance_fills_the_image():
    points, radii = find_seeds(np.ones((1, 9, 33), np.uint8))
    assert points.tolist() == [[4, 4]]
    assert radii.tolist() == [4.5]


def test_one_pixel_and_one_line():
    id_map = np.zeros((6, 8), np.int32)
    id_map[5, 7], id_map[2, 1:6] = 1, 2
    points, radii = find_seeds(masks_of(id_map))
    assert points.tolist() == [[7, 5], [1, 2]]
    assert radii.tolist() == [0.5, 0.5]


def test_every_pixel_an_instance():
    points, radii = find_seeds(masks_of(np.arange(1, 49).reshape(6, 8)))
    assert points.tolist() == [[i % 8, i // 8] for i in range(48)]
    assert (radii == 0.5).all()


def test_overlapping_masks_have_their_seeds_inside():
    masks = np.zeros((3, 16, 16), np.uint8)
    masks[0], masks[1, 2:10, 2:10], masks[2, 2:10, 2:10] = 1, 1, 1
    points, radii = find_seeds(masks)
    assert all(mask[int(y), int(x)] for mask, (x, y) in zip(masks, points))
    assert (radii >= 0.5).all()


def test_no_instance():
    results = FindSeeds()(dict(gt_masks=BitmapMasks(np.zeros((0, 8, 6), np.uint8), 8, 6)))
    assert results['gt_seed_points'].shape == (0, 2)
    assert results['gt_seed_radii'].shape == (0,)
    assert results['gt_seed_points'].dtype == results['gt_seed_radii'].dtype == np.float32


def test_sample_without_truth_passes():
    assert FindSeeds()(dict(img=1)) == dict(img=1)


def test_an_empty_mask_is_named():
    masks = np.ones((3, 8, 6), np.uint8)
    masks[1] = 0
    with pytest.raises(ValueError, match=r'street\.png: FindSeeds: mask 1 of 3 has no pixel'):
        FindSeeds()(dict(gt_masks=BitmapMasks(masks, 8, 6), img_path='street.png'))
