"""Embeddings as a picture: their three principal components as red, green and blue."""

from __future__ import annotations

import numpy as np

FEWEST_PIXELS = 16
"""A foreground with fewer pixels is no base for components; all pixels are taken then."""
_PERCENTILES = (1, 99)
_OUTSIDE = 0.3


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
