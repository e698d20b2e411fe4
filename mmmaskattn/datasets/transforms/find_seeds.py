"""A point well inside each instance, from which grouping is to start; the target of the seed map."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmmaskattn.registry import TRANSFORMS


def find_seeds(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the innermost pixel of each mask: the one farthest from the mask's edge or the image's.

    One distance transform serves all masks. It runs on the map of the edges between them, on a grid of half pixels,
    so that distances to an edge are exact and masks that touch keep apart. Of equally far pixels the first is taken,
    row by row. Where masks overlap, the later hides the earlier and its edge counts for both.

    Args:
        masks: (n, H, W), nonzero inside; meant to be exclusive.

    Returns:
        Points float32 (n, 2), x and y of the pixel; inscribed radii float32 (n,) in pixels, from the pixel's centre
        to the nearest edge, so 0.5 for a single pixel.

    Raises:
        ValueError: If a mask is empty.
    """
    number, height, width = masks.shape
    inside = np.flatnonzero(masks.astype(bool, copy=False))
    starts = np.searchsorted(inside, np.arange(number + 1) * (height * width))
    counts = np.diff(starts)
    if not counts.all():
        raise ValueError(f'mask {int(counts.argmin())} of {number} has no pixel')
    rows, pixels = np.repeat(np.arange(number, dtype=np.int32), counts), inside % (height * width)
    id_map = np.full(height * width, -1, np.int32)
    id_map[pixels] = rows
    if not number:
        return np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    distances = edge_distances(id_map.reshape(height, width)).ravel()[pixels]
    radii = np.maximum.reduceat(distances, starts[:-1])
    farthest = np.flatnonzero(distances == radii[rows])
    seeds = pixels[farthest[np.searchsorted(farthest, starts[:-1])]]
    return np.stack([seeds % width, seeds // width], axis=1).astype(np.float32), radii


def edge_distances(id_map: np.ndarray) -> np.ndarray:
    """Distance of every pixel's centre from the nearest edge between ids; the image's border is one too.

    Args:
        id_map: Signed integers (H, W), any but -2, which stands for what is beyond the border.

    Returns:
        float32 (H, W) in pixels.
    """
    height, width = id_map.shape
    padded = np.full((height + 2, width + 2), -2, id_map.dtype)
    padded[1:-1, 1:-1] = id_map
    across, down = padded[:, :-1] != padded[:, 1:], padded[:-1] != padded[1:]
    inside = np.ones((2 * height + 1, 2 * width + 1), np.uint8)  # odd rows and columns hold the pixels' centres
    inside[1::2, ::2] = ~across[1:-1]
    inside[::2, 1::2] = ~down[:, 1:-1]
    inside[::2, ::2] = ~(across[:-1] | across[1:] | down[:, :-1] | down[:, 1:])
    return cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1::2, 1::2] / 2


@TRANSFORMS.register_module()
class FindSeeds(BaseTransform):
    """Add a seed for each instance, for the training pipeline of a head that learns seeds.

    Put it after `MakeInstances`, hence after all that moves pixels, and before `PackSegments`. Ignored instances
    (crowds) get seeds too, so that the rows stay the same. A sample without ``gt_masks`` passes unchanged.

    Required key: ``gt_masks`` (n, H, W). Added: ``gt_seed_points`` float32 (n, 2), x and y of a pixel inside;
    ``gt_seed_radii`` float32 (n,), inscribed radius in pixels; see `find_seeds`.

    Raises:
        ValueError: If a mask is empty; the message names the image and the mask.
    """

    def transform(self, results: dict) -> dict[str, Any]:
        """Find the seeds of one sample.

        Args:
            results: Result dictionary, see the class.

        Returns:
            The same dictionary.
        """
        if results.get('gt_masks') is None:
            return results
        try:
            points, radii = find_seeds(results['gt_masks'].to_ndarray())
        except ValueError as error:
            raise ValueError(
                f'{results.get("img_path")}: FindSeeds: {error}, but every instance needs one for its seed. Remove '
                f'empty masks before this step, as MakeInstances does.'
            ) from None
        results['gt_seed_points'], results['gt_seed_radii'] = points, radii
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
