"""How large a cache of a training's samples will be, whether there is room for it, and its making."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.dist import all_gather_object, get_rank

from mmmaskattn.datasets.cache.steps import SLOTS, CachedSteps, put_cache, steps_text, steps_to_cache
from mmmaskattn.datasets.cache.stores import FolderStore, MemoryStore, Store
from mmmaskattn.utils.memory import free_memory, size_text

CachePlace = Literal['none', 'ram', 'disk', 'auto']
CACHE_PLACES: tuple[str, ...] = get_args(CachePlace)
_MEASURED = 16
"""Samples of a data set whose size is taken for that of all."""


class CachePlan(NamedTuple):
    """What became of the wish for a cache.

    Attributes:
        where: ``ram``, ``disk`` or ``none``.
        text: One line for the user.
    """

    where: str
    text: str


def leaves_of(dataset: Any) -> Iterator[BaseDataset]:
    """The data sets under wrappers.

    Args:
        dataset: A built data set.

    Yields:
        Those of mmengine's `BaseDataset` family.
    """
    if isinstance(dataset, BaseDataset):
        yield dataset
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for one in inner if not isinstance(dataset, BaseDataset) else ():
        if one is not None:
            yield from leaves_of(one)


def plan_cache(datasets: Sequence[Any], where: CachePlace, share: float, folder: str | Path) -> CachePlan:
    """Give data sets a cache if there is room.

    To be called by all processes of a training at once. The first process of each machine measures and makes the
    store, the others of that machine use it.

    Args:
        datasets: Built data sets, wrapped or not; their pipelines are changed in place.
        where: ``ram``, ``disk``, ``auto`` (in memory if there is room, else none) or ``none``.
        share: Most of the free memory, or of the free disk, that the cache may take, over 0 and up to 1.
        folder: Folder of a cache on disk.

    Returns:
        What was done.

    Raises:
        ValueError: If there is no room, or nothing that can be cached.
    """
    found = {id(leaf): leaf for dataset in datasets for leaf in leaves_of(dataset)}
    leaves = [leaf for leaf in found.values() if steps_to_cache(leaf.pipeline.transforms) and len(leaf)]
    if where == 'none':
        return CachePlan('none', 'none')
    if not leaves:
        return _without(where, f'--cache {where}: no pipeline begins with steps that can be cached; leave --cache out')
    if where != 'disk' and find_spec('fcntl') is None:
        return _without(where, f'--cache {where}: this system cannot share memory between processes; use --cache disk')
    host = socket.gethostname()
    hosts = all_gather_object(host)
    leads = hosts.index(host) == get_rank()
    free = free_memory() if where != 'disk' else _free_disk(Path(folder))
    limit = int(share * free)
    stores = [_new_store(leaf, where, folder, limit) for leaf in leaves] if leads else []
    told = _measure(leaves, stores, where, limit, free, share) if leads else None
    notes = all_gather_object((told, [getattr(store, 'path', None) for store in stores]))
    told, paths = notes[hosts.index(host)]
    text, fits = told
    if not fits:
        return _without(where, text)
    if not leads:
        stores = [_joined_store(leaf, where, folder, limit, path) for leaf, path in zip(leaves, paths)]
    for leaf, store in zip(leaves, stores):
        put_cache(leaf, store)
    return CachePlan('disk' if where == 'disk' else 'ram', text)


def _without(where: CachePlace, text: str) -> CachePlan:
    if where != 'auto':
        raise ValueError(text)
    return CachePlan('none', text.removeprefix('--cache auto: '))


def _measure(
    leaves: Sequence[BaseDataset], stores: Sequence[Store], where: str, limit: int, free: int, share: float
) -> tuple[str, bool]:
    """One line on the size, and whether it fits."""
    size = added = 0.0
    for leaf, store in zip(leaves, stores):
        cached = CachedSteps(steps_to_cache(leaf.pipeline.transforms), store)
        numbers = np.unique(np.linspace(0, len(leaf) - 1, min(len(leaf), _MEASURED)).astype(int))
        found = np.array([cached.fill(partial(leaf.get_data_info, int(number))) for number in numbers], float)
        size, added = size + len(leaf) * found[:, 0].mean(), added + len(leaf) * found[:, 1].mean()
    samples = sum(map(len, leaves))
    kind = 'disk' if where == 'disk' else 'memory'
    text = f'about {size_text(size)} of {kind} for {samples} decoded samples, {size_text(free)} are free'
    if added <= limit:
        return text, True
    instead = 'another folder' if where == 'disk' else '--cache disk'
    refusal = f'--cache {where}: {text}, of which at most {share:.0%} may be taken; use a copy of the data made by '
    return f'{refusal}tools/data/shrink.py, {instead}, or a larger --cache-share', False


def _new_store(leaf: BaseDataset, where: str, folder: str | Path, limit: int) -> Store:
    if where == 'disk':
        return FolderStore(folder, steps_text(steps_to_cache(leaf.pipeline.transforms)))
    return MemoryStore(len(leaf), SLOTS, limit)


def _joined_store(leaf: BaseDataset, where: str, folder: str | Path, limit: int, path: str | None) -> Store:
    """The store that the machine's first process made; where the system gives no way to it, one of our own."""
    if where == 'disk':
        return _new_store(leaf, where, folder, limit)
    try:
        return MemoryStore(len(leaf), SLOTS, limit, path)
    except OSError:
        return _new_store(leaf, where, folder, limit)


def _free_disk(folder: Path) -> int:
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
    return shutil.disk_usage(there).free
