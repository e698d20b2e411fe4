"""A drawn scene: the kinds of stuff and things that can be in it, its picture, semantic map and instances.

A kind is neutral: each layout's writer says under which official class name it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Kind:
    """One kind of region.

    Attributes:
        name: neutral name of the kind, the key of the writers' class tables.
        colours: RGB colour of each part; stuff has one part.
        texture: a key of ``textures.TEXTURES``.
        contrast: amplitude of the texture, in grey levels.
        shape: a key of ``shapes.SHAPES`` for things, empty for stuff.
        aspect: height over width of a thing.
    """

    name: str
    colours: tuple[Colour, ...]
    texture: str
    contrast: float
    shape: str = ''
    aspect: float = 1.0


SKY = Kind('sky', ((130, 180, 235),), 'clouds', 22)
BUILDING = Kind('building', ((165, 110, 85),), 'bricks', 26)
TREE = Kind('tree', ((45, 95, 50),), 'leaves', 32)
GRASS = Kind('grass', ((105, 160, 60),), 'grain', 24)
ROAD = Kind('road', ((95, 95, 100),), 'grain', 12)
PAVEMENT = Kind('pavement', ((170, 165, 155),), 'tiles', 22)

PERSON = Kind('person', ((200, 60, 90), (235, 190, 160), (50, 50, 90)), 'clouds', 14, 'person', 2.2)
CAR = Kind('car', ((200, 30, 30), (175, 210, 230), (25, 25, 25)), 'clouds', 10, 'car', 0.5)
BUS = Kind('bus', ((235, 185, 30), (60, 80, 110), (25, 25, 25)), 'clouds', 10, 'bus', 0.55)
BICYCLE = Kind('bicycle', ((30, 150, 150), (15, 15, 20)), 'grain', 8, 'bicycle', 0.62)
BALL = Kind('ball', ((240, 240, 240), (230, 110, 20)), 'clouds', 8, 'ball', 1.0)
BOAT = Kind('boat', ((250, 245, 225), (110, 60, 130)), 'stripes', 14, 'boat', 1.15)

BACKGROUNDS = (SKY,)
BACKDROPS = (BUILDING, TREE)
GROUNDS = (GRASS, ROAD, PAVEMENT)
THINGS = (PERSON, CAR, BUS, BICYCLE, BALL, BOAT)
KINDS = (*BACKGROUNDS, *BACKDROPS, *GROUNDS, *THINGS)


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
