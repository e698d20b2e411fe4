"""Masks of COCO jsons, polygons and run-length codes, checked before pycocotools sees them.

pycocotools trusts what it is given: of a code that fills less than the image it returns memory as it comes, and for a
coordinate of 1e30 it asks for as much of it.
"""

from __future__ import annotations

from typing import Any

from pycocotools import mask as coco_mask

from mmmaskattn.datasets.coco_schema import Mask, fault_of

MOST_BITS = 35
"""Of one count: more than any image has pixels."""


def to_run_lengths(mask: Any, size: tuple[int, int]) -> dict:
    """Turn any of COCO's three forms of a mask into a compressed run-length code that fills the image.

    Polygons of fewer than three points, or of an odd count of numbers, are left out.

    Args:
        mask: List of polygons [x, y, x, y, ...] in pixels, or a code with ``size`` and ``counts`` (list or string).
        size: (H, W) of the image.

    Returns:
        Dictionary with ``size`` and ``counts`` (bytes or text).

    Raises:
        ValueError: If it is none of these, a code of another size or one that does not fill it, or a polygon far
            outside the image.
    """
    if not isinstance(mask, (list, dict)):
        raise ValueError(f'a mask given as {type(mask).__name__}, expected polygons or a run-length code')
    if isinstance(mask, dict) and isinstance(mask.get('counts'), bytes):
        mask = {**mask, 'counts': mask['counts'].decode('ascii', 'replace')}
    fault = fault_of(mask, Mask) if mask else None
    if fault:
        raise ValueError(f'a mask with {fault}')
    return _code_of_polygons(mask, size) if isinstance(mask, list) else _checked_code(mask, size)


def is_usable(polygon: list[float]) -> bool:
    """Whether a polygon encloses something: x and y of three points or more."""
    return len(polygon) >= 6 and len(polygon) % 2 == 0


def instance_code(instance: dict, number: Any, size: tuple[int, int]) -> dict:
    """Run-length code of one instance of a sample, with an error that names it.

    Args:
        instance: mmdet's entry, with ``mask``.
        number: What it is called in the error.
        size: (H, W) of the image.

    Returns:
        See `to_run_lengths`.

    Raises:
        ValueError: See `to_run_lengths`; the message does not name the image.
    """
    try:
        return to_run_lengths(instance.get('mask'), size)
    except ValueError as error:
        raise ValueError(f'instance {number} has {error}. Mend or remove it in the instance json.') from None


def _code_of_polygons(mask: list[list[float]], size: tuple[int, int]) -> dict:
    polygons = [polygon for polygon in mask if is_usable(polygon)]
    if not polygons:
        raise ValueError('a mask with no polygon of 3 or more points')
    longest = max(size)
    for polygon in polygons:
        far = [value for value in polygon if not -longest <= value <= 2 * longest]
        if far:
            raise ValueError(f'a polygon with the coordinate {far[0]}, but its image is {list(size)} (H, W)')
    return coco_mask.merge(coco_mask.frPyObjects(polygons, *size))


def _checked_code(mask: dict, size: tuple[int, int]) -> dict:
    if tuple(mask['size']) != tuple(size):
        raise ValueError(f'a run-length code of size {list(mask["size"])}, but its image is {list(size)} (H, W)')
    packed = isinstance(mask['counts'], str)
    runs = unpack_counts(mask['counts']) if packed else mask['counts']
    filled, pixels = sum(runs), size[0] * size[1]
    if filled != pixels or min(runs) < 0:
        raise ValueError(
            f'a damaged run-length code: its counts fill {filled} pixels, expected {pixels} (image of {list(size)})'
        )
    return mask if packed else coco_mask.frPyObjects(mask, *size)


def unpack_counts(text: str) -> list[int]:
    """Read the text of a compressed run-length code.

    A count is written as characters of six bits above '0': five bits of the number, the lowest first, and one that
    says whether more follow; the highest bit of the last one is the sign. From the fourth count on, it is the
    difference from the count two places before.

    Args:
        text: ``counts``.

    Returns:
        Lengths of the runs of 0, 1, 0, 1, ...

    Raises:
        ValueError: If it is no such text.
    """
    runs: list[int] = []
    number = shift = 0
    for character in text.encode():
        bits = character - ord('0')
        if not 0 <= bits < 64 or shift == MOST_BITS:
            raise ValueError('a damaged run-length code: its counts are no text of whole numbers')
        number |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            number -= (bits & 16) << (shift - 4)
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number = shift = 0
    if shift or not runs:
        raise ValueError('a damaged run-length code: its counts are cut short')
    return runs
