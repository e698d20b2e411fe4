"""What a result depends on: the config's content, the data; and what it was made with: versions and revision."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmmaskattn.datasets.check_root import LOADERS, leaf_datasets
from mmmaskattn.utils.environment import installed_version
from mmmaskattn.version import SUPPORTED, __version__

LENGTH = 10
"""Hexadecimal digits of a fingerprint."""


def fingerprint_of(cfg: Config) -> str:
    """Tell configs and data apart by their content.

    Args:
        cfg: The config, options merged.

    Returns:
        A few hexadecimal digits: others if any setting differs, wherever it is written, or if the data is other data:
        an annotation or list file of another size or time, or a folder whose files have other names or sizes.
    """
    content = json.dumps(_normal(cfg.to_dict()), sort_keys=True)
    data = [f'{name} {size} {when}' for name, size, when in _data_files(cfg)]
    return hashlib.sha256('\n'.join([content, *data]).encode()).hexdigest()[:LENGTH]


def _normal(value: Any) -> Any:
    """A setting in a form that does not depend on how it was written: tuples are lists, classes their names."""
    if isinstance(value, dict):
        return {str(key): _normal(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normal(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return f'{value.__module__}.{value.__qualname__}' if hasattr(value, '__qualname__') else repr(value)


def _data_files(cfg: Config) -> Iterator[tuple[str, int, int]]:
    """Name, size and time (0 where it does not count) of what the data sets read."""
    places: set[tuple[Path, bool]] = set()
    for loader in LOADERS:
        for _, leaf in leaf_datasets((cfg.get(loader) or {}).get('dataset'), loader):
            places |= set(_places(leaf))
    for place, timed in sorted(places):
        if place.is_file():
            yield str(place), place.stat().st_size, place.stat().st_mtime_ns if timed else 0
        else:
            yield from ((name, size, 0) for name, size in sorted(_files_in(place)))


def _places(leaf: dict[str, Any]) -> Iterator[tuple[Path, bool]]:
    """Files and folders of one data set, and whether their time counts."""
    root, lists = Path(leaf.get('data_root') or ''), leaf.get('ann_file') or ''
    folders = [name for name in (leaf.get('data_prefix') or {}).values() if name]
    if lists:
        yield root / lists, True
    yield from ((root / name, False) for name in folders)
    if not lists and not folders and leaf.get('data_root'):
        yield root, False


def _files_in(folder: Path) -> Iterator[tuple[str, int]]:
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            yield path, os.path.getsize(path) if os.path.isfile(path) else 0


def provenance() -> dict[str, Any]:
    """Say what results are made with.

    Returns:
        ``versions`` of the package and of what it builds on, and ``revision``: the commit of the package's repository,
        with ``+changes`` where files differ from it; None where there is no repository.
    """
    versions = {'mmmaskattn': __version__, **{name: installed_version(name) for name in SUPPORTED}}
    return dict(versions=versions, revision=_revision())


def _revision() -> str | None:
    folder = Path(__file__).resolve().parents[3]
    commit = _git(folder, 'rev-parse', 'HEAD') if (folder / '.git').exists() else None
    return commit and commit + ('+changes' if _git(folder, 'status', '--porcelain') else '')


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None if it is not installed or fails."""
    try:
        done = subprocess.run(['git', '-C', str(folder), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
