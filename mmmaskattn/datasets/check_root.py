"""A check that the data is there, made before the Runner is built, with a message that says how to mend it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmmaskattn.datasets.checks.class_names import check_class_names
from mmmaskattn.datasets.checks.scanned_folder import check_scanned_folder
from mmmaskattn.utils.files import check_regular

_TEMPLATE = re.compile(r'\{\{\s*\$(\w+)\s*:\s*(\S*?)\s*\}\}')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_RUNS_CODE = ('.pkl', '.pickle', '.yaml', '.yml')
"""Endings of files that mmengine reads in a way that runs what code is in them."""


def check_data_roots(cfg: Any, loaders: tuple[str, ...] = LOADERS) -> None:
    """Check that the files and folders that a config's data sets name exist, and are safe to read.

    Class names that are one string are refused too.

    Wrapped data sets (`RepeatDataset`, `ConcatDataset`, ...) are followed. Paths of remote file backends
    (``s3://...``) are left to those.

    Args:
        cfg: The `mmengine.Config`.
        loaders: The dataloaders to look at, for example only ``('test_dataloader',)`` when testing.

    Raises:
        FileNotFoundError: If a path is missing, or a folder has no image; the message names the option, the path and
            the environment variable that the config takes it from, if any.
        ValueError: If class names are no list, a file of annotations may run code or is no regular file, a folder is
            linked in a circle, or a name of a list leaves its folder.
    """
    variables = root_variables(cfg)
    for loader in loaders:
        dataset = (cfg.get(loader) or {}).get('dataset')
        for option, leaf in leaf_datasets(dataset, f'{loader}.dataset'):
            check_dataset_paths(option, leaf, variables, cfg.get('default_scope'))


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


def check_dataset_paths(option: str, dataset: dict, variables: dict[str, str], scope: str | None = None) -> None:
    """Check one data set; see `check_data_roots`: its class names, its root, then what lies under it.

    Args:
        option: Name of its option.
        dataset: Its config.
        variables: See `root_variables`.
        scope: The config's default scope.
    """
    check_class_names(dataset.get('metainfo'), f'{option}.metainfo')
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
    for key in ('ann_file', 'proposal_file'):
        _check_annotation_file(f'{option}.{key}', root, dataset.get(key))
    check_scanned_folder(option, dataset, scope)


def _check_annotation_file(option: str, root: str, value: str | None) -> None:
    """Refuse what runs code when it is read, and what is no file."""
    if not value or '://' in value:
        return
    path = Path(root) / value
    if path.suffix.lower() in _RUNS_CODE:
        raise ValueError(
            f'{option}: {path}: reading it would run what code is in it. Expected a json or a list of names.'
        )
    if not path.is_dir():
        check_regular(path)


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
