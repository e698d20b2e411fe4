"""Checks of the folders and lists that mmseg's data sets read, made before they do.

mmseg's `BaseSegDataset` follows every link, so that two links to their own folder keep it busy for ever; takes an
empty folder for a data set of no images; and joins what a list says to its folder, ``../..`` too.
"""

from __future__ import annotations

import inspect
from pathlib import Path, PurePosixPath

from mmengine.registry import DATASETS

from mmmaskattn.utils.files import check_regular, walk_files

_READER = 'BaseSegDataset.load_data_list'


def check_scanned_folder(option: str, dataset: dict, scope: str | None) -> None:
    """Check the images of a data set that mmseg's `BaseSegDataset` lists; another one passes.

    Args:
        option: Name of its option.
        dataset: Its config.
        scope: The config's default scope.

    Raises:
        FileNotFoundError: If no image has the suffix.
        ValueError: If links lead in a circle, or the list is none or names a file outside of its folder.
    """
    kind = _class_of(dataset.get('type'), scope)
    prefix = dataset.get('data_prefix') or {}
    remote = '://' in str(prefix.get('img_path', ''))
    if kind is None or remote or getattr(kind, 'load_data_list', check_name_list).__qualname__ != _READER:
        return
    root = Path(dataset.get('data_root') or '')
    listed = root / dataset['ann_file'] if dataset.get('ann_file') else root
    if listed.is_file():
        check_name_list(listed)
        return
    if 'img_path' not in prefix:
        return
    suffix = dataset.get('img_suffix') or inspect.signature(kind).parameters['img_suffix'].default
    folder = root / prefix['img_path']
    if not sum(name.endswith(suffix) for name in walk_files(folder)):  # all of them: a circle may come late
        raise FileNotFoundError(f'{option}.data_prefix.img_path: {folder}: no file named *{suffix} in it or below.')


def _class_of(kind: str | type | None, scope: str | None) -> type | None:
    """The class of a data set, None if its name is unknown."""
    if not isinstance(kind, str):
        return kind
    with DATASETS.switch_scope_and_registry(scope) as registry:
        return registry.get(kind)


def read_name_list(path: Path) -> list[str]:
    """Read a list of names, one a line.

    Args:
        path: The file.

    Returns:
        The names.

    Raises:
        ValueError: If it is no regular file or no UTF-8 text.
    """
    check_regular(path)
    try:
        return path.read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: no list of names: not UTF-8 ({error.reason}). Expected one name a line.') from None


def check_name_list(path: Path) -> None:
    """Check that no name of a list leaves its folder.

    Args:
        path: See `read_name_list`.

    Raises:
        ValueError: If it is no list, or a name is absolute or has a step upwards.
    """
    names = read_name_list(path)
    for number, name in enumerate(names, 1):
        place = PurePosixPath(name.strip().replace('\\', '/'))
        if place.is_absolute() or '..' in place.parts or '\0' in name:
            raise ValueError(
                f'{path}: line {number}: found {name!r}, expected a relative name that stays in its folder.'
            )
