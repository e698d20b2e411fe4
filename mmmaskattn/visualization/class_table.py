"""Names and colours of a data set's classes, and a colour of its own for each instance."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

UNKNOWN_COLOUR = (255, 0, 255)
"""Colour of labels outside the classes."""
_GOLDEN = 0.618034
_GREY = (64, 64, 64)


@dataclass(frozen=True)
class ClassTable:
    """Classes of a data set.

    Attributes:
        names: Class names by index.
        palette: RGB colours by index, shape (classes, 3), uint8.
        things: Names of the classes that are things, empty where the data set does not say.
    """

    names: tuple[str, ...]
    palette: np.ndarray
    things: frozenset[str] = frozenset()

    @classmethod
    def from_metainfo(cls, metainfo: Mapping[str, Any]) -> ClassTable:
        """Read ``classes``, ``palette``, ``thing_classes`` and ``stuff_classes``, each optional.

        Args:
            metainfo: That of a data set. Kinds of stuff outside ``classes`` follow these, as the
                background of our instance data sets does, in grey.

        Returns:
            The table; classes without a colour get one.
        """
        names = tuple(metainfo.get('classes') or ())
        stuff = tuple(name for name in metainfo.get('stuff_classes') or () if name not in names)
        given = [tuple(colour) for colour in (metainfo.get('palette') or ())][: len(names)]
        colours = given + [_spread_colour(index) for index in range(len(given), len(names))] + [_GREY] * len(stuff)
        palette = np.array(colours, np.uint8).reshape(-1, 3)
        return cls(names + stuff, palette, frozenset(metainfo.get('thing_classes') or ()))

    def name(self, label: int) -> str:
        """Name of a class; of a label outside the classes, what it is."""
        return self.names[label] if 0 <= label < len(self.names) else f'label {label}: no such class'

    def colour(self, label: int) -> tuple[int, int, int]:
        """RGB colour of a class."""
        if not 0 <= label < len(self.names):
            return UNKNOWN_COLOUR
        red, green, blue = (int(value) for value in self.palette[label])
        return red, green, blue

    def colours(self, labels: np.ndarray) -> np.ndarray:
        """Paint a map of labels.

        Args:
            labels: Integer array of any shape.

        Returns:
            RGB, uint8, the labels' shape and 3 more.
        """
        known = (labels >= 0) & (labels < len(self.names))
        table = np.concatenate([self.palette, np.array([UNKNOWN_COLOUR], np.uint8)])
        return table[np.where(known, labels, len(self.names))]

    def instance_colours(self, labels: Sequence[int]) -> np.ndarray:
        """Colours of instances: near their class's colour, unlike each other.

        With a single class of things the whole colour circle is used, as there is no other class to be confused with.

        Args:
            labels: Class index of each instance.

        Returns:
            RGB, uint8, shape (instances, 3).
        """
        single = len(self.things or self.names) == 1
        seen: dict[int, int] = {}
        colours = []
        for label in labels:
            number = seen[label] = seen.get(label, -1) + 1
            colours.append(_vary(self.colour(label), number, 1.0 if single else 0.14))
        return np.array(colours, np.uint8).reshape(-1, 3)


def _spread_colour(number: int) -> tuple[int, int, int]:
    """The n-th of a sequence of colours that lie far apart."""
    return _rgb(number * _GOLDEN, 0.55 + 0.4 * (number % 2), 0.95 - 0.15 * (number % 3))


def _vary(colour: tuple[int, int, int], number: int, hue_range: float) -> tuple[int, int, int]:
    """The n-th variation of a colour, never too dark or too grey to be seen."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))
    shift = hue_range * ((number * _GOLDEN + 0.5) % 1 - 0.5)
    return _rgb(hue + shift, max(saturation, 0.6), max(value, 0.85) * (1 - 0.15 * (number % 3)))


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * channel) for channel in colorsys.hsv_to_rgb(hue % 1, saturation, value))
    return red, green, blue
