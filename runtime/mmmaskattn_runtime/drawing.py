"""Pictures of results: the segments in colour over a dimmed picture, a title, and a legend with counts and areas."""

from __future__ import annotations

from functools import cache
from typing import Literal, Union

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmmaskattn_runtime.colours import object_colours
from mmmaskattn_runtime.resizing import nearest
from mmmaskattn_runtime.result import Result

Style = Literal['overlay', 'map', 'side-by-side']
Font = Union[ImageFont.FreeTypeFont, ImageFont.ImageFont]
STYLES = ('overlay', 'map', 'side-by-side')
SMALLEST, LARGEST = 512, 1600
"""Pixels of the longer side: smaller pictures are enlarged by whole factors, larger ones reduced."""
PAPER, INK, FAINT = (255, 255, 255), (25, 25, 25), (105, 105, 105)
_OUTLINE = (255, 255, 255)
_MARGIN, _TITLE, _ROW, _LEGEND = 12, 44, 24, 260
_NEUTRAL, _DARKER = 0.55, 0.75  # share of grey in the dimmed picture, and its brightness
_EMPTY = (32, 32, 32)


@cache
def font(size: int) -> Font:
    """The font that pillow carries, so that every machine has it.

    Args:
        size: Height in pixels.
    """
    return ImageFont.load_default(size)


def draw(picture: np.ndarray, result: Result, style: Style = 'overlay', opacity: float = 0.6) -> np.ndarray:
    """Draw a result with its title and legend.

    Args:
        picture: RGB, uint8, (H, W, 3), of the result's size.
        result: What was found.
        style: ``'overlay'``: colours over the dimmed picture; ``'map'``: colours alone; ``'side-by-side'``: the
            picture as it is, and the overlay.
        opacity: Share of the colours in the mixture.

    Returns:
        RGB, uint8, (h, w, 3).

    Raises:
        ValueError: If the style is unknown or the picture has another size than the result.
    """
    if style not in STYLES:
        raise ValueError(f'style: found {style!r}, expected one of {", ".join(STYLES)}')
    if picture.shape[:2] != tuple(result.size):
        raise ValueError(f'the picture has {picture.shape[:2]} rows and columns and the result {tuple(result.size)}')
    size = shown_size(result.size)
    base = np.asarray(Image.fromarray(picture).resize(size[::-1], _method(result.size, size)))
    panels = [base] if style == 'side-by-side' else []
    panels.append(colour_in(base, result, 1.0 if style == 'map' else opacity, plain=style == 'map'))
    return _sheet(panels, result)


def shown_size(size: tuple[int, int]) -> tuple[int, int]:
    """Size (H, W) at which a picture is drawn: see `SMALLEST` and `LARGEST`."""
    longest = max(size)
    factor = float(-(-SMALLEST // longest)) if longest < SMALLEST else min(1.0, LARGEST / longest)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _method(size: tuple[int, int], shown: tuple[int, int]) -> Image.Resampling:
    return Image.Resampling.BOX if shown[0] < size[0] else Image.Resampling.NEAREST


def colour_in(base: np.ndarray, result: Result, opacity: float = 0.6, plain: bool = False) -> np.ndarray:
    """Lay the colours of a result over a picture of any size; nothing else is written.

    Stuff is flat, objects are outlined in white, a backdrop is the dimmed picture.

    Args:
        base: RGB, uint8, (h, w, 3).
        result: What was found, at any size; its maps are enlarged by nearest neighbour.
        opacity: Share of the colours.
        plain: Leave the picture out, also where nothing was found.

    Returns:
        RGB, uint8, (h, w, 3).
    """
    shape = (base.shape[0], base.shape[1])
    colours, known, ids = _layers(result, shape, plain)
    if plain:
        mixed = np.where(known[..., None], colours, np.array(_EMPTY, np.uint8))
    else:
        dimmed = _dim(base)
        dimmed[known] = opacity * colours[known] + (1 - opacity) * dimmed[known]
        mixed = (dimmed + 0.5).astype(np.uint8)
    mixed[outlines(ids)] = _OUTLINE
    return mixed


def _dim(base: np.ndarray) -> np.ndarray:
    """A picture greyer and darker, so that the colours speak."""
    colours = base.astype(np.float32)
    grey = (colours[..., 0] + colours[..., 1] + colours[..., 2]) / 3
    return _DARKER * (_NEUTRAL * grey[..., None] + (1 - _NEUTRAL) * colours)


def _layers(result: Result, shape: tuple[int, int], backdrop: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours (h, w, 3), where they are known (h, w), and the objects' numbers (h, w), 0 outside."""
    palette = np.array(result.classes.colours, np.uint8).reshape(-1, 3)
    colours = np.zeros((*shape, 3), np.uint8)
    known = np.zeros(shape, bool)
    if result.labels is not None:
        labels = nearest(result.labels, shape)
        shown = [backdrop or not result.classes.is_backdrop(label) for label in range(len(palette))]
        known = np.array([*shown, False])[np.where((labels >= 0) & (labels < len(palette)), labels, -1)]
        colours[known] = palette[labels[known]]
    ids = object_map(result, shape)
    own = object_colours([one.label for one in result.objects], result.classes.colours, _apart(result))
    inside = ids > 0
    colours[inside] = own[ids[inside] - 1] if len(own) else 0
    return colours, known | inside, ids


def _apart(result: Result) -> bool:
    return len(result.classes.things) == 1


def object_map(result: Result, shape: tuple[int, int]) -> np.ndarray:
    """Number the objects of a result in a map; of instances that overlap the better one lies on top.

    Args:
        result: What was found.
        shape: (h, w) of the map.

    Returns:
        int32 (h, w): k for ``result.objects[k - 1]``, 0 for none.
    """
    if result.segment_ids is not None:
        things = [one.id for one in result.segments if one.is_thing]
        table = np.zeros(max((one.id for one in result.segments), default=0) + 1, np.int32)
        table[things] = np.arange(1, len(things) + 1)
        return table[nearest(result.segment_ids, shape)]
    ids = np.zeros(shape, np.int32)
    for number in range(len(result.instances or ()), 0, -1):
        mask = result.instances[number - 1].mask  # type: ignore[index]
        if mask is not None:
            ids[nearest(mask.to_mask(), shape)] = number
    return ids


def outlines(ids: np.ndarray) -> np.ndarray:
    """Find the pixels of objects that touch another one or none; between two objects the line is one pixel wide.

    Args:
        ids: int (h, w), 0 outside.

    Returns:
        bool (h, w).
    """
    around = np.pad(ids, 1)
    inner = around[1:-1, 1:-1]
    beside = (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
    return (inner > 0) & np.logical_or.reduce([inner > other for other in beside])


def _sheet(panels: list[np.ndarray], result: Result) -> np.ndarray:
    """Panels from left to right under a title, the legend at their right."""
    rows = legend(result)
    height = max(panels[0].shape[0], _ROW * (min(len(rows), 12) + 1))
    width = sum(one.shape[1] + _MARGIN for one in panels)
    canvas = Image.new('RGB', (width + 2 * _MARGIN + _LEGEND, height + _TITLE + 2 * _MARGIN), PAPER)
    pen = ImageDraw.Draw(canvas)
    room = width - _MARGIN
    pen.text((_MARGIN, _MARGIN), shorten(result.name, room, font(16)), INK, font(16))
    pen.text((_MARGIN, _MARGIN + 22), shorten(_subtitle(result), room, font(13)), FAINT, font(13))
    left = _MARGIN
    for one in panels:
        canvas.paste(Image.fromarray(one), (left, _MARGIN + _TITLE))
        left += one.shape[1] + _MARGIN
    _draw_legend(pen, rows, (left, _MARGIN + _TITLE), height)
    return np.asarray(canvas)


def _subtitle(result: Result) -> str:
    height, width = result.size
    text = f'{width} x {height} pixels, {result.task}'
    return text if result.task == 'semantic' else f'{text}, {len(result.objects)} objects'


LegendRow = tuple[str, tuple[int, int, int], str]


def legend(result: Result) -> list[LegendRow]:
    """List the classes found.

    Returns:
        Name, colour, and for objects their number, for the rest its share of the picture; objects first.
    """
    colours = dict(zip(result.classes.names, result.classes.colours))
    counts, pixels = result.counts(), result.size[0] * result.size[1]
    rows = [(name, colours.get(name, _EMPTY), f'{number}') for name, number in counts.items()]
    shares = [(name, area) for name, area in result.areas().items() if name not in counts]
    return rows + [(name, colours.get(name, _EMPTY), f'{100 * area / pixels:.1f} %') for name, area in shares]


def _draw_legend(pen: ImageDraw.ImageDraw, rows: list[LegendRow], corner: tuple[int, int], height: int) -> None:
    left, top = corner
    room = max(1, height // _ROW)
    shown = rows if len(rows) <= room else rows[: room - 1]
    for name, colour, amount in shown:
        pen.rectangle((left, top + 4, left + 26, top + 18), colour, (60, 60, 60))
        pen.text((left + 34, top + 2), shorten(name, _LEGEND - 34 - 70, font(14)), INK, font(14))
        pen.text((left + _LEGEND - 4, top + 2), amount, INK, font(14), anchor='ra')
        top += _ROW
    if len(shown) < len(rows):
        pen.text((left, top + 2), f'and {len(rows) - len(shown)} more', FAINT, font(14))
    if not rows:
        pen.text((left, top + 2), 'nothing found', FAINT, font(14))


def shorten(text: str, width: float, face: Font) -> str:
    """Cut a text that is wider than ``width`` pixels in the middle, where names differ least.

    Args:
        text: The text.
        width: Room in pixels.
        face: The font.

    Returns:
        The text, or its ends around an ellipsis.
    """
    if face.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = f'{text[: (kept + 1) // 2]}\u2026{text[len(text) - kept // 2 :]}'
        if face.getlength(short) <= width:
            return short
    return '\u2026'
