from __future__ import annotations

import numpy as np
import pytest

from mmmaskattn.datasets.transforms import FindSeeds
from mmmaskattn.datasets.transforms.find_seeds import edge_distances, find_seeds


def random_map(seed: int, size: tuple[int, int] = (30, 37), count: int = 9) -> np.ndarray:
    """Overlapping rectangles, numbered anew from 1 without a gap."""
    rng = np.random.default_rng(seed)
    ids = np.zeros(size, np.int32)
    for k in range(1, count + 1):
        top, left = rng.integers(-3, size[0] - 1), rng.integers(-3, size[1] - 1)
        ids[max(top, 0) : top + rng.integers(5, 20), max(left, 0) : left + rng.integers(5, 20)] = k
    ids[0, 0] = 0
    return np.unique(ids, return_inverse=True)[1].reshape(size).astype(np.int16)


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
    ids = random_map(seed)
    masks = ids == np.arange(1, ids.max() + 1)[:, None, None]
    points, radii = find_seeds(ids, len(masks))
    assert len(masks) > 4
    assert points.dtype == radii.dtype == np.float32
    expected = [plain_seed(mask) for mask in masks]
    assert points.tolist() == [list(place) for place, _ in expected]
    assert np.allclose(radii, [radius for _, radius in expected], atol=1e-5)


def test_lies_inside_where_the_centre_of_mass_does_not():
    ring = np.zeros((21, 21), np.int16)
    ring[2:19, 2:19] = 1
    ring[5:16, 5:16] = 0
    ((x, y),), (radius,) = find_seeds(ring, 1)
    assert ring[int(y), int(x)] == 1
    assert 1.5 <= radius <= 2.5


def test_touching_instances_at_the_border_get_separate_seeds():
    ids = np.ones((12, 20), np.int16)
    ids[:, 10:] = 2
    points, radii = find_seeds(ids, 2)
    assert points.tolist() == [[4, 4], [14, 4]]  # of equally far pixels the first
    assert radii.tolist() == [4.5, 4.5]


def test_one_instance_fills_the_image():
    points, radii = find_seeds(np.ones((9, 33), np.int16), 1)
    assert points.tolist() == [[4, 4]]
    assert radii.tolist() == [4.5]


def test_one_pixel_and_one_line():
    ids = np.zeros((6, 8), np.int16)
    ids[5, 7], ids[2, 1:6] = 1, 2
    points, radii = find_seeds(ids, 2)
    assert points.tolist() == [[7, 5], [1, 2]]
    assert radii.tolist() == [0.5, 0.5]


def test_every_pixel_an_instance():
    points, radii = find_seeds(np.arange(1, 49, dtype=np.int16).reshape(6, 8), 48)
    assert points.tolist() == [[i % 8, i // 8] for i in range(48)]
    assert (radii == 0.5).all()


def test_distances_are_the_roots_of_whole_numbers():
    """cv2's own differ in the last bit from run to run at sizes whose rows do not fill its registers."""
    for size in ((64, 48), (30, 37), (128, 128)):
        twice = 2 * edge_distances(random_map(0, size))
        assert twice.dtype == np.float32
        assert np.array_equal(twice, np.sqrt(np.rint(twice.astype(np.float64) ** 2)).astype(np.float32))


def test_no_instance():
    results = FindSeeds()(dict(gt_instance_map=np.zeros((8, 6), np.int16), gt_bboxes_labels=np.zeros(0, np.int64)))
    assert results['gt_seed_points'].shape == (0, 2)
    assert results['gt_seed_radii'].shape == (0,)
    assert results['gt_seed_points'].dtype == results['gt_seed_radii'].dtype == np.float32


def test_sample_without_truth_passes():
    assert FindSeeds()(dict(img=1)) == dict(img=1)


def test_an_instance_without_a_pixel_is_named():
    ids = np.ones((8, 6), np.int16)
    ids[1] = 3
    with pytest.raises(ValueError, match=r'street\.png: FindSeeds: instance 2 of 3 has no pixel'):
        FindSeeds()(dict(gt_instance_map=ids, gt_bboxes_labels=np.zeros(3, np.int64), img_path='street.png'))
