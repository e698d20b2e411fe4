"""The two folder layouts in which CamVid with 11 classes is found on disks."""

from __future__ import annotations

from pathlib import Path


def find_layout(data_root: str, split: str) -> tuple[str, str]:
    """Find the image and label folders of a split.

    Args:
        data_root: Folder of the data set.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Returns:
        Image and label folder, relative to ``data_root``.

    Raises:
        FileNotFoundError: If neither layout is there.
    """
    layouts = [(split, f'{split}annot'), (f'images/{split}', f'labels/{split}')]
    for images, labels in layouts:
        if (Path(data_root) / images).is_dir() and (Path(data_root) / labels).is_dir():
            return images, labels
    known = ' nor '.join(f'{images} with {labels}' for images, labels in layouts)
    raise FileNotFoundError(
        f'{Path(data_root).absolute()}: holds neither {known}. Set data_root of the CamVid data set (variable '
        f'CAMVID_ROOT of the environment) to a folder in one of these layouts.'
    )
