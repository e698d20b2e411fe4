"""A point well inside each instance, from which grouping is to start; the target of the seed map."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmmaskattn.registry import TRANSFORMS


def find_seeds(instance_map: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the innermost pixel of each instance: the one farthest from the instance's edge or the image's.

    One distance transform serves all. It runs on the map of the edges between instances, on a grid of half pixels, so
    that distances to an edge are exact and instances that touch keep apart. Of equally far pixels the first is taken,
    row by row.

    Args:
        instance_map: Integers (H, W), 0 = no instance, 1 to n = instance.
        count: Number n of instances.

    Returns:
        Points float32 (n, 2), x and y of the pixel; inscribed radii float32 (n,) in pixels, from the pixel's centre
        to the nearest edge, so 0.5 for a single pixel.

    Raises:
        ValueError: If an instance has no pixel.
    """
    ids, width = instance_map.ravel(), instance_map.shape[1]
    counts = np.bincount(ids, minlength=count + 1)[1:]
    if not counts.all():
        raise ValueError(f'instance {int(counts.argmin()) + 1} of {count} has no pixel')
    if not count:
        return np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    inside = np.flatnonzero(ids)
    pixels = inside[np.argsort(ids[inside], kind='stable')]  # instance by instance, each row by row
    starts, rows = np.cumsum(counts) - counts, np.repeat(np.arange(count), counts)
    distances = edge_distances(instance_map).ravel()[pixels]
    radii = np.maximum.reduceat(distances, starts)
    farthest = np.flatnonzero(distances == radii[rows])
    seeds = pixels[farthest[np.searchsorted(farthest, starts)]]
    return np.stack([seeds % width, seeds // width], axis=1).astype(np.float32), radii


def edge_distances(ids: np.ndarray) -> np.ndarray:
    """Distance of every pixel's centre from the nearest edge between ids; the image's border is one too.

    Args:
        ids: Signed integers (H, W), any but -2, which stands for what is beyond the border.

    Returns:
        float32 (H, W) in pixels.
    """
    height, width = ids.shape
    padded = np.full((height + 2, width + 2), -2, ids.dtype)
    padded[1:-1, 1:-1] = ids
    across, down = padded[:, :-1] != padded[:, 1:], padded[:-1] != padded[1:]
    inside = np.ones((2 * height + 1, 2 * width + 1), np.uint8)  # odd rows and columns hold the pixels' centres
    inside[1::2, ::2] = ~across[1:-1]
    inside[::2, 1::2] = ~down[:, 1:-1]
    inside[::2, ::2] = ~(across[:-1] | across[1:] | down[:, :-1] | down[:, 1:])
    found = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1::2, 1::2]
    # Squares are whole numbers; cv2's roots are off in the last bit here and there, in each run elsewhere.
    return np.sqrt(np.rint(found * found)) / 2


@TRANSFORMS.register_module()
class FindSeeds(BaseTransform):
    """Add a seed for each instance, for the training pipeline of a head that learns seeds.

    Put it after `MakeInstances`, hence after all that moves pixels, and before `PackSegments`. Ignored instances
    (crowds) get seeds too, so that the rows stay the same. A sample without ``gt_instance_map`` passes unchanged.

    Required keys: ``gt_instance_map`` (H, W) and ``gt_bboxes_labels`` (n,), see `MakeInstances`. Added:
    ``gt_seed_points`` float32 (n, 2), x and y of a pixel inside; ``gt_seed_radii`` float32 (n,), inscribed radius in
    pixels; see `find_seeds`.

    Raises:
        ValueError: If an instance has no pixel; the message names the image and the instance.
    """

    def transform(self, results: dict) -> dict[str, Any]:
        """Find the seeds of one sample."""
        if results.get('gt_instance_map') is None:
            return results
        try:
            points, radii = find_seeds(results['gt_instance_map'], len(results['gt_bboxes_labels']))
        except ValueError as error:
            raise ValueError(
                f'{results.get("img_path")}: FindSeeds: {error}, but every instance needs one for its seed. Put '
                f'MakeInstances, which drops such instances, after all that moves pixels.'
            ) from None
        results['gt_seed_points'], results['gt_seed_radii'] = points, radii
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
