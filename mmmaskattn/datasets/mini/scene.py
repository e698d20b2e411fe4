"""One drawn scene: its picture, its semantic map and its instances."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mmmaskattn.datasets.mini.kinds import KINDS, Kind

VOID = 255
"""Value of ``Scene.kinds`` where nothing is known."""


@dataclass
class SceneObject:
    """One thing, or one crowd of things that are not told apart."""

    kind: Kind
    crowd: bool = False


@dataclass
class Scene:
    """A drawn scene.

    Attributes:
        image: uint8 (H, W, 3), RGB.
        kinds: uint8 (H, W), index into ``KINDS``, or ``VOID``.
        instances: int32 (H, W), 0 for stuff and void, i + 1 where ``objects[i]`` is visible.
        objects: the things, farthest first.
    """

    image: np.ndarray
    kinds: np.ndarray
    instances: np.ndarray
    objects: list[SceneObject] = field(default_factory=list)

    @classmethod
    def empty(cls, height: int, width: int) -> Scene:
        """Return a black scene of void, (height, width) pixels."""
        kinds = np.full((height, width), VOID, np.uint8)
        return cls(np.zeros((height, width, 3), np.uint8), kinds, np.zeros((height, width), np.int32))

    def add_object(self, kind: Kind, crowd: bool = False) -> int:
        """Enter an object that has no pixels yet and return its value in ``instances``."""
        self.objects.append(SceneObject(kind, crowd))
        return len(self.objects)

    def drop_hidden(self, min_area: int) -> None:
        """Turn objects with fewer than ``min_area`` visible pixels into void and number the others anew."""
        areas = np.bincount(self.instances.ravel(), minlength=len(self.objects) + 1)
        numbers = np.zeros(len(self.objects) + 1, np.int32)
        kept = [i for i, area in enumerate(areas) if i and area >= min_area]
        numbers[kept] = np.arange(1, len(kept) + 1)
        hidden = (self.instances > 0) & (numbers[self.instances] == 0)
        self.kinds[hidden] = VOID
        self.instances = numbers[self.instances]
        self.objects = [self.objects[i - 1] for i in kept]

    def kinds_present(self) -> list[tuple[int, Kind]]:
        """Return the (index, kind) pairs that have at least one pixel."""
        return [(int(i), KINDS[i]) for i in np.unique(self.kinds) if i != VOID]
