"""Label maps mixed into images: image, truth and prediction side by side."""

from __future__ import annotations

import cv2
import numpy as np
from mmengine.structures import BaseDataElement


def side_by_side(image: np.ndarray, sample: BaseDataElement, palette: np.ndarray, alpha: float = 0.7) -> np.ndarray:
    """Image, truth (if known) and prediction in one row.

    Args:
        image: RGB image, shape (H, W, 3), uint8.
        sample: Has ``pred_sem_seg`` and maybe ``gt_sem_seg``, each with a (1, h, w) map of labels of any size.
        palette: Colours by label, shape (classes, 3), uint8.
        alpha: Share of the label colours in the mixture.

    Returns:
        RGB picture, shape (H, 3 W, 3), or (H, 2 W, 3) without truth.
    """
    fields = [name for name in ('gt_sem_seg', 'pred_sem_seg') if name in sample]
    maps = [sample.get(name).data.squeeze(0).cpu().numpy() for name in fields]
    return np.concatenate([image, *(overlay_labels(image, labels, palette, alpha) for labels in maps)], axis=1)


def overlay_labels(image: np.ndarray, labels: np.ndarray, palette: np.ndarray, alpha: float) -> np.ndarray:
    """Mix the label colours into the image; pixels without a label stay dark.

    Args:
        image: RGB image, shape (H, W, 3), uint8.
        labels: Map of labels, shape (h, w) of any size; it is enlarged by nearest neighbour.
        palette: Colours by label, shape (classes, 3), uint8.
        alpha: Share of the label colours in the mixture.

    Returns:
        RGB picture, shape (H, W, 3).
    """
    known = (labels >= 0) & (labels < len(palette))
    colours = np.where(known[..., None], palette[np.where(known, labels, 0)], 0).astype(np.uint8)
    enlarged = cv2.resize(colours, image.shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return cv2.addWeighted(enlarged, alpha, image, 1 - alpha, 0)
