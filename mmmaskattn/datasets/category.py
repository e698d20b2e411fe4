"""The row of a class table."""

from __future__ import annotations

from typing import NamedTuple


class Category(NamedTuple):
    """One category: the id that json files carry, name, whether it is a thing, RGB colour."""

    id: int
    name: str
    isthing: bool
    colour: tuple[int, int, int]
