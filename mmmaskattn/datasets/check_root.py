"""A check that the data is there, made before the Runner is built, with a message that says how to mend it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TEMPLATE = re.compile(r'\{\{\s*\$(\w+)\s*:\s*(\S*?)\s*\}\}')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def check_data_roots(cfg: Any, loaders: tuple[str, ...] = LOADERS) -> None:
    """Check that the files and folders that a config's data sets name exist.

    Wrapped data sets (`RepeatDataset`, `ConcatDataset`, ...) are followed. Paths of remote file backends
    (``s3://...``) are left to those.

    Args:
        cfg: The `mmengine.Config`.
        loaders: The dataloaders to look at, for example only ``('test_dataloader',)`` when testing.

    Raises:
        FileNotFoundError: If a path is missing; the message names the option, the path and the environment variable
            that the config takes it from, if any.
    """
    variables = root_variables(cfg)
    for loader in loaders:
        dataset = (cfg.get(loader) or {}).get('dataset')
        for option, leaf in leaf_datasets(dataset, f'{loader}.dataset'):
            check_dataset_paths(option, leaf, variables)


def root_variables(cfg: Any) -> dict[str, str]:
    """Value of each environment variable that the config's files name, set or by default.

    mmengine keeps only those that are set, but the files' text names them all.
    """
    text = getattr(cfg, 'text', '') or ''
    return {name: os.environ.get(name, default) for name, default in _TEMPLATE.findall(text)}


def leaf_datasets(dataset: Any, option: str) -> Iterator[tuple[str, dict]]:
    """Every data set under wrappers, with the name of its option."""
    if not isinstance(dataset, dict):
        return
    if isinstance(dataset.get('dataset'), dict):
        yield from leaf_datasets(dataset['dataset'], f'{option}.dataset')
    elif isinstance(dataset.get('datasets'), (list, tuple)):
        for index, inner in enumerate(dataset['datasets']):
            yield from leaf_datasets(inner, f'{option}.datasets.{index}')
    else:
        yield option, dataset


def check_dataset_paths(option: str, dataset: dict, variables: dict[str, str]) -> None:
    """Check one data set's root first, then what lies under it."""
    root = dataset.get('data_root') or ''
    if '://' in root:
        return
    if root:
        _check_path(f'{option}.data_root', root, root, variables)
    named = {f'{option}.data_prefix.{key}': value for key, value in (dataset.get('data_prefix') or {}).items()}
    named[f'{option}.ann_file'] = dataset.get('ann_file')
    for name, value in named.items():
        if value:
            _check_path(name, str(Path(root) / value) if '://' not in value else value, root, variables)


def _check_path(option: str, path: str, root: str, variables: dict[str, str]) -> None:
    """Raise if a local path does not exist."""
    if '://' in path or Path(path).exists():
        return
    names = [name for name, value in variables.items() if value == root]
    mend = f'set the environment variable {names[0]} to the data set, or ' if names else ''
    root_option = option.split('.data_prefix')[0].removesuffix('.ann_file').removesuffix('.data_root') + '.data_root'
    raise FileNotFoundError(
        f'{option}: {Path(path).absolute()} does not exist. To mend it, put the data there, {mend}pass '
        f'--cfg-options {root_option}=/path/to/data.'
    )
