"""Names of classes: given, or found in the files that annotation tools leave beside the labels."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mmengine

FILES = ('classes.json', 'classes.txt', 'labels.txt', 'obj.names', 'data.yaml', 'dataset.yaml')
KEYS = ('classes', 'names')


def find_class_names(*folders: Path) -> tuple[str, ...]:
    """Read the names from the first file of `FILES` in some folders that holds any.

    Args:
        folders: Where to look, the likeliest first.

    Returns:
        The names by label; none if there is no such file.
    """
    for path in (folder / name for folder in folders for name in FILES):
        if path.is_file():
            try:
                return read_class_names(path)
            except ValueError:  # a file that happens to be called so
                continue
    return ()


def read_class_names(path: Path) -> tuple[str, ...]:
    """Read names: one a line, a json list, or a json or YAML object with ``classes`` or ``names``.

    Raises:
        ValueError: If it holds none.
    """
    try:
        if path.suffix in ('.json', '.yaml', '.yml'):
            return _names_of(mmengine.load(path), path)
        names = tuple(line.strip() for line in path.read_text(encoding='utf-8').splitlines() if line.strip())
    except Exception as error:  # of broken files json, yaml and the decoders of text raise errors of their own
        reason = ' '.join(str(error).split())
        raise ValueError(f'{path}: no names of classes in it ({reason}); mend or rename it') from None
    return checked_names(names, str(path))


def _names_of(content: Any, path: Path) -> tuple[str, ...]:
    if isinstance(content, dict):
        content = next((content[key] for key in KEYS if key in content), content)
    if isinstance(content, dict):  # YOLO's: {0: 'person', 1: 'car'}
        content = [content[key] for key in sorted(content, key=int)]
    return checked_names(tuple(map(str, content)), str(path))


def checked_names(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Refuse no names, and names that come twice.

    Args:
        names: The names.
        where: Their file or option.

    Raises:
        ValueError: If there are none or two alike.
    """
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if not names or twice:
        what = f'{twice[0]!r} twice' if twice else 'no name'
        raise ValueError(f'{where}: found {what}; expected a name for each class, all different')
    return tuple(names)


def distinct_colours(count: int) -> list[tuple[int, int, int]]:
    """RGB colours for classes 0, 1, ...: black for the first, then hues that are far apart."""
    hues = [(0.6180339887 * number) % 1 for number in range(count)]
    shades = [
        colorsys.hsv_to_rgb(hue, 0.75 - 0.25 * (place % 2), 0.95 - 0.25 * (place // 8 % 2))
        for place, hue in enumerate(hues)
    ]
    colours = [(round(255 * r), round(255 * g), round(255 * b)) for r, g, b in shades]
    return [(0, 0, 0), *colours[1:]][:count]
