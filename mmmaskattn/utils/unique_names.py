"""One file name for each image of a data set, the same in every process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath


def unique_names(paths: Iterable[str]) -> dict[str, str]:
    """Name each image by its file's stem if these are all different, else by its number and its stem.

    Args:
        paths: Paths of the images of a whole data set, in its order; a path may come more than once.

    Returns:
        A name for each path, without suffix, no two alike.
    """
    distinct = list(dict.fromkeys(paths))
    stems = [PurePath(path).stem for path in distinct]
    if len(set(stems)) < len(stems):
        stems = [f'{number:06d}_{stem}' for number, stem in enumerate(stems)]
    return dict(zip(distinct, stems))
