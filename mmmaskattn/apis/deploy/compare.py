"""An exported file beside PyTorch, on pictures of odd sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from mmmaskattn.apis.deploy.attention import kept_keys
from mmmaskattn.apis.deploy.formats import open_file
from mmmaskattn.apis.deploy.graph import VOID
from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.data_tools.mini.draw import draw_scene
from mmmaskattn.data_tools.mini.scene import KINDS
from mmmaskattn_runtime import UNLABELLED, Instance, Result
from mmmaskattn_runtime.outputs import ATTENTION

SIZES = ((128, 128), (97, 203), (203, 97), (131, 77), (61, 90), (480, 640))
SAME = 0.95
"""Overlap, intersection over union, from which on an object of the file is one that PyTorch has."""
LEAST = {'float32': 0.999, 'int8': 0.9}
"""Share of pixels, and of objects, that must be the same, by precision."""
SAME_SHARE = {'float32': 0.02, 'int8': 0.2}
"""Difference of what is kept of a key, 0 to 1, up to which it is the same, by precision."""


@dataclass
class Differences:
    """How far a file is from PyTorch, over all pictures.

    Attributes:
        precision: Of the file.
        pictures: How many were compared.
        pixels: Their pixels.
        other_labels: Pixels with another label.
        objects: Objects that PyTorch found.
        other_objects: Those that the file has not.
        score: The largest difference of the scores of an object that both have.
        worst_share: Of a single picture, the largest share of pixels with another label.
        keys: Keys of attentions of which the file says what is kept of them.
        other_keys: Those of which it says something else than PyTorch.
        kept: The largest difference of what is kept of a key.
        tasks: What was compared.
    """

    precision: str = 'float32'
    pictures: int = 0
    pixels: int = 0
    other_labels: int = 0
    objects: int = 0
    other_objects: int = 0
    score: float = 0.0
    worst_share: float = 0.0
    keys: int = 0
    other_keys: int = 0
    kept: float = 0.0
    tasks: set[str] = field(default_factory=set)

    def lines(self) -> list[str]:
        """The differences, for people."""
        found = [f'compared with PyTorch on {self.pictures} pictures:']
        if self.tasks & {'semantic', 'panoptic'}:
            found.append(
                f'  {self.other_labels} of {self.pixels} pixels have another label, at worst '
                f'{100 * self.worst_share:.2f} % of a picture'
            )
        if self.tasks & {'instance', 'panoptic'}:
            found.append(
                f'  {self.other_objects} of {self.objects} objects are other ones, scores differ by at most '
                f'{self.score:.1e}'
            )
            if not self.objects:
                found.append('  there were no objects to compare: name pictures that have some with --pictures')
        if self.keys:
            found.append(f'  what is kept of {self.keys} keys of attention differs by at most {self.kept:.1e}')
        return found

    def check(self) -> None:
        """See that the file does what the model does.

        Raises:
            RuntimeError: If it does not.
        """
        least = LEAST[self.precision]
        equal = 1 - self.other_labels / max(self.pixels, 1), 1 - self.other_objects / max(self.objects, 1)
        kept = 1 - self.other_keys / max(self.keys, 1)
        if min(equal[0], kept) < least or (self.precision == 'float32' and equal[1] < least and self.other_objects > 1):
            raise RuntimeError(
                f'the exported file disagrees with PyTorch and is not kept: {" ".join(self.lines()).replace("  ", " ")}'
            )


def compare(path: Path, inferencer: MaskAttnInferencer, pictures: Sequence[np.ndarray]) -> Differences:
    """Run a file and its model on the same pictures.

    Args:
        path: The file.
        inferencer: The model.
        pictures: RGB, uint8, (H, W, 3).

    Returns:
        The differences.
    """
    opened = open_file(path)
    found = Differences(precision=opened.info.precision, tasks={inferencer.task})
    threshold, inferencer.score_thr = inferencer.score_thr, 0.0
    try:
        with kept_keys(inferencer.ready.module) as kept:
            for picture in pictures:
                kept.found.clear()
                expected, given = inferencer(np.ascontiguousarray(picture[..., ::-1])), opened.outputs(picture)
                _add(found, given, expected)
                if ATTENTION in given:
                    _add_kept(found, given[ATTENTION], kept.maps()[0])
    finally:
        inferencer.score_thr = threshold
    return found


def _add(found: Differences, given: dict[str, np.ndarray], expected: Result) -> None:
    """Count the differences of one picture."""
    found.pictures += 1
    found.pixels += expected.size[0] * expected.size[1]
    if expected.labels is not None:
        labels = given['labels']
        other = int((np.where(labels == VOID, UNLABELLED, labels) != expected.labels).sum())
        found.other_labels += other
        found.worst_share = max(found.worst_share, other / labels.size)
    for one in expected.instances or ():
        found.objects += 1
        owner = _owner(given['owners'], one)
        if owner is None:
            found.other_objects += 1
        else:
            found.score = max(found.score, abs(float(given['class_scores'][owner, one.label]) - one.score))


def _add_kept(found: Differences, given: np.ndarray, expected: torch.Tensor) -> None:
    """Count the differences of what the attention keeps."""
    apart = np.abs(given - expected.numpy())
    found.keys += apart.size
    found.other_keys += int((apart > SAME_SHARE[found.precision]).sum())
    found.kept = max(found.kept, float(apart.max()))


def _owner(owners: np.ndarray, one: Instance) -> int | None:
    """The object of the file that is an object of PyTorch; None if there is none."""
    assert one.mask is not None
    mask = one.mask.to_mask()
    numbers, counts = np.unique(owners[mask], return_counts=True)
    owner = int(numbers[counts.argmax()])
    whole = owners == owner
    same = owner >= 0 and (mask & whole).sum() >= SAME * (mask | whole).sum()
    return owner if same else None


def drawn_pictures(sizes: Sequence[tuple[int, int]] = SIZES) -> list[np.ndarray]:
    """Draw pictures, scenes and bright spots on a dark ground by turns.

    Args:
        sizes: (H, W) of each.

    Returns:
        RGB, uint8, (H, W, 3).
    """
    rng = np.random.default_rng(0)
    return [_spots(rng, *size) if number % 2 else _scene(rng, *size) for number, size in enumerate(sizes)]


def _scene(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return draw_scene(rng, height, width, [kind.name for kind in KINDS]).image


def _spots(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    grey = np.full((height, width), 20.0)
    for _ in range(25):
        y, x, radius = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(0.02, 0.07) * (height + width) / 2
        distance = np.hypot((rows - y) / rng.uniform(0.8, 1.2), columns - x) / radius
        grey = np.maximum(grey, rng.uniform(90, 200) / (1 + np.exp(8 * (distance - 1))))
    return np.repeat((grey + rng.normal(0, 2, grey.shape)).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
