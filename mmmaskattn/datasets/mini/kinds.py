"""What can be seen in a drawn scene: kinds of stuff and of things, each with its colours, texture and shape.

A kind is neutral: each layout's writer says under which official class name it is written.
"""

from __future__ import annotations

from dataclasses import dataclass

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
