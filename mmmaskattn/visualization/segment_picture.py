"""Pictures of segments beside their image, and colours of embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.legend import Panel, draw_row, legend_rows, panel_shape
from mmmaskattn.visualization.prediction import (
    ScoredInstances,
    predicted_instances,
    predicted_labels,
    predicted_panoptic,
    write_scores,
)
from mmmaskattn.visualization.truth import Truth, draw_truth, read_truth

FEWEST_PIXELS = 16
"""A foreground with fewer pixels is no base for components; all pixels are taken then."""
_PERCENTILES = (1, 99)
_OUTSIDE = 0.3
BESIDE_THINGS = 0.6
"""Brightness of the colours of stuff, so that things stand out."""


def embedding_colours(embeddings: np.ndarray, foreground: np.ndarray | None = None) -> np.ndarray:
    """Map the three principal components of embeddings to red, green and blue.

    Each component is stretched from its 1st to its 99th percentile, so that a few outliers do not flatten the rest;
    one that does not vary is mid grey. Its sign is that which makes its largest loading positive, so that equal
    embeddings always give equal pictures.

    Args:
        embeddings: float (D, H, W).
        foreground: bool (H, W). Components and stretching are then those of the foreground, and the rest is darkened;
            None, or less than `FEWEST_PIXELS`: those of all pixels.

    Returns:
        RGB, uint8, (H, W, 3); pixels whose embedding is not finite are black.
    """
    vectors = embeddings.reshape(len(embeddings), -1).T.astype(np.float64)
    finite = np.asarray(np.isfinite(vectors).all(axis=1))
    inside = finite if foreground is None else np.logical_and(finite, foreground.ravel())
    if inside.sum() < FEWEST_PIXELS:
        inside = finite
    colours = np.zeros((len(vectors), 3))
    if inside.any():
        colours[finite] = _stretch(*_project(vectors[finite], inside[finite]), inside[finite])
    colours[~inside] *= _OUTSIDE
    return (255 * colours).round().astype(np.uint8).reshape(*embeddings.shape[1:], 3)


def _project(vectors: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (pixels, up to 3) along the principal components of the pixels inside, and which of them vary."""
    centred = vectors - vectors[inside].mean(axis=0)
    variances, axes = np.linalg.eigh(centred[inside].T @ centred[inside])
    variances, axes = variances[::-1][:3], axes[:, ::-1][:, :3]
    # Rounded, so that of two equally large loadings always the first decides.
    largest = np.abs(axes).round(6).argmax(axis=0)
    axes = axes * np.where(axes[largest, range(axes.shape[1])] < 0, -1, 1)
    scale = max(variances.max(), np.abs(vectors).max() ** 2)
    return centred @ axes, variances > 1e-10 * scale


def _stretch(components: np.ndarray, varies: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Colours (pixels, 3) from 0 to 1; components that do not vary or do not exist are 0.5."""
    colours = np.full((len(components), 3), 0.5)
    low, high = np.percentile(components[inside], _PERCENTILES, axis=0)
    for number in np.flatnonzero(varies & (high > low)):
        span = high[number] - low[number]
        colours[:, number] = ((components[:, number] - low[number]) / span).clip(0, 1)
    return colours


@dataclass(frozen=True)
class PictureOptions:
    """How predictions are drawn.

    Attributes:
        score_thr: Instances are drawn whose score is above it.
        alpha: Share of the colours in the mixture with the image, 0 to 1.
        side: Pixels that the longer side of each panel has at least; at most it has twice as many.
        embeddings: Draw the embeddings too: ``'foreground'`` by the principal components of the things predicted,
            ``'all'`` by those of all pixels; None: do not.

    Raises:
        ValueError: If an option is out of its range.
    """

    score_thr: float = 0.3
    alpha: float = 0.6
    side: int = 384
    embeddings: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ValueError(f'alpha: found {self.alpha!r}, expected 0 to 1.')
        if self.side < 64:
            raise ValueError(f'side: found {self.side!r}, expected 64 pixels or more.')
        if self.embeddings not in (None, 'foreground', 'all'):
            raise ValueError(f"embeddings: found {self.embeddings!r}, expected None, 'foreground' or 'all'.")


def draw_segments(image: np.ndarray, sample: Any, table: ClassTable, options: PictureOptions) -> np.ndarray:
    """Draw the image, the truth, the predicted instances, the panoptic map and the embeddings, and a legend.

    What the sample lacks is left out, but for the embeddings. Maps of any size are brought to the image's, at exact
    pixel centres. Stuff is flat and darker than things, which are outlined in white and differ from one another.

    Args:
        image: The image file decoded in full, RGB, uint8, (H, W, 3).
        sample: mmdet's data sample; ``pred_embeddings.data`` is float (D, h, w).
        table: Names and colours of the classes.
        options: How to draw.

    Returns:
        RGB, uint8; see `draw_row` for the places.

    Raises:
        ValueError: If embeddings are to be drawn and the sample has none.
    """
    base = _base(image, options)
    truth = read_truth(dict(data_samples=sample))
    instances, panoptic = predicted_instances(sample, options.score_thr), predicted_panoptic(sample, table)
    panels = _first_panels(image, base, sample)
    if truth is not None:
        panels.append(Panel('truth', _size(truth.labels), _overlay(base, truth, table, options)))
    if instances is not None:
        panels.append(_instance_panel(base, instances, table, options))
    if panoptic is not None:
        detail = f'{_size(panoptic.labels)}, {len(panoptic.instance_labels)} things'
        panels.append(Panel('predicted panoptic map', detail, _overlay(base, panoptic, table, options)))
    predicted = panoptic if panoptic is not None or instances is None else instances.truth
    if options.embeddings:
        panels.append(_embedding_panel(sample, predicted, (base.shape[0], base.shape[1]), options))
    return draw_row(panels, legend_rows(truth, predicted, table), ('truth', 'predicted'))


def draw_labels(image: np.ndarray, sample: Any, table: ClassTable, options: PictureOptions) -> np.ndarray:
    """Draw the image, the truth if it is known, the predicted label map, and a legend.

    Args:
        image: The image file decoded in full, RGB, uint8, (H, W, 3).
        sample: mmseg's data sample with ``pred_sem_seg``, and ``gt_sem_seg`` if the truth is known; maps of any size.
        table: Names and colours of the classes.
        options: How to draw.

    Returns:
        RGB, uint8; see `draw_row` for the places.
    """
    base = _base(image, options)
    truth, predicted = read_truth(dict(data_samples=sample)), predicted_labels(sample, table)
    panels = _first_panels(image, base, sample)
    for title, one in (('truth', truth), ('prediction', predicted)):
        if one is not None:
            panels.append(Panel(title, _size(one.labels), _overlay(base, one, table, options, shade=1.0)))
    return draw_row(panels, legend_rows(truth, predicted, table), ('truth', 'predicted'))


def _base(image: np.ndarray, options: PictureOptions) -> np.ndarray:
    """The image at the size of a panel."""
    height, width = panel_shape(image.shape[:2], options.side)
    method = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_NEAREST_EXACT
    return cv2.resize(image, (width, height), interpolation=method)


def _first_panels(image: np.ndarray, base: np.ndarray, sample: Any) -> list[Panel]:
    """The image, under its name."""
    return [Panel(Path(sample.metainfo.get('img_path') or 'image').name, _size(image), base)]


def _overlay(
    base: np.ndarray, truth: Truth, table: ClassTable, options: PictureOptions, shade: float = BESIDE_THINGS
) -> np.ndarray:
    return draw_truth(base, truth, table, options.alpha, stuff_shade=shade)


def _instance_panel(base: np.ndarray, instances: ScoredInstances, table: ClassTable, options: PictureOptions) -> Panel:
    """The instances with their classes and scores."""
    picture = write_scores(_overlay(base, instances.truth, table, options), instances, table)
    detail = f'{_size(instances.truth.labels)}, {len(instances.scores)} of {instances.total} above {options.score_thr}'
    return Panel('predicted instances', detail, picture)


def _embedding_panel(sample: Any, predicted: Truth | None, shape: tuple[int, int], options: PictureOptions) -> Panel:
    """The embeddings, at the size of the other panels."""
    if 'pred_embeddings' not in sample:
        raise ValueError(
            'embeddings: the predictions have no pred_embeddings to draw. Set model.test_cfg.return_embeddings=True '
            '(--show-embeddings of tools/test.py does) with a model that has embeddings, or do not ask for them.'
        )
    embeddings = sample.pred_embeddings.data.detach().float().cpu().numpy()
    foreground = None
    if options.embeddings == 'foreground' and predicted is not None:
        foreground = resize_labels(predicted.ids, embeddings.shape[1:]) > 0
    colours = embedding_colours(embeddings, foreground)
    detail = f'{_size(colours)}, 3 components of {len(embeddings)}'
    return Panel('embeddings', detail, resize_labels(colours, shape))


def _size(array: np.ndarray) -> str:
    return f'{array.shape[0]}x{array.shape[1]}'
