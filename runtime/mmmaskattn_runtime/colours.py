"""Colours that colour-blind people can tell apart, and one of its own for each object."""

from __future__ import annotations

import numpy as np

Colour = tuple[int, int, int]
_SAFE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (170, 170, 170),
)
"""Okabe and Ito's colours (2008), their black replaced by grey: pictures of the night have enough of it."""
BACKDROP: Colour = (90, 90, 90)
"""Of a class that is only what lies behind the others."""
_SHADES = (1.0, 0.62, 1.45, 0.8, 1.25)


def safe_colours(count: int) -> tuple[Colour, ...]:
    """Give colours by Okabe and Ito; from the ninth on lighter and darker shades of them.

    Args:
        count: How many.

    Returns:
        RGB; after 40 they repeat.
    """
    return tuple(_shade(_SAFE[k % len(_SAFE)], _SHADES[k // len(_SAFE) % len(_SHADES)]) for k in range(count))


def object_colours(labels: list[int], colours: tuple[Colour, ...], apart: bool) -> np.ndarray:
    """Give each object a colour.

    Args:
        labels: Class of each object.
        colours: RGB by class.
        apart: Take unlike colours (where there is a single class of objects) and not shades of the class's.

    Returns:
        uint8 (objects, 3).
    """
    if apart:
        found = [safe_colours(len(_SAFE) - 1)[number % (len(_SAFE) - 1)] for number in range(len(labels))]
    else:
        found = [_shade(colours[label], (1.0, 0.8, 1.25)[number % 3]) for number, label in enumerate(labels)]
    return np.array(found, np.uint8).reshape(-1, 3)


def _shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1; above 1 as much nearer to white."""
    values = [value * factor if factor <= 1 else 255 - (255 - value) * (2 - factor) for value in colour]
    return round(values[0]), round(values[1]), round(values[2])
