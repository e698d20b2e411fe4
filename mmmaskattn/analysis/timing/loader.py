"""Time of a config's data loading from several copies of its data: original files against a shrunk copy."""

from __future__ import annotations

import copy
import os
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

from mmmaskattn.datasets.check_root import leaf_datasets


class LoaderTiming(NamedTuple):
    """Result of one data root.

    Attributes:
        name: What the root is called.
        native: Smallest and largest (H, W) of the images timed, by area.
        kilobytes: Mean size of an image file.
        wall: Images per second of one worker, by the clock: median over rounds.
        cpu: Images per second of processor time, which other programs on the machine disturb less: median.
        wall_ratio: Median over rounds of images per second / those of the first root.
        cpu_ratio: The same by processor time.
    """

    name: str
    native: tuple[tuple[int, int], tuple[int, int]]
    kilobytes: float
    wall: float
    cpu: float
    wall_ratio: float
    cpu_ratio: float


class LoaderBenchmark(NamedTuple):
    """Results of one run.

    Attributes:
        timings: One for each root, in the order given.
        conditions: What it was measured with, in words.
    """

    timings: list[LoaderTiming]
    conditions: str

    def table(self) -> str:
        """Return a Markdown table and a line of conditions."""
        head = '| data | images (H x W) | KiB an image | images/s | ratio | images/s of CPU time | ratio of CPU time |'
        lines = [head, '|---|---|---|---|---|---|---|']
        for timing in self.timings:
            sizes = ' to '.join(dict.fromkeys(f'{height}x{width}' for height, width in timing.native))
            lines.append(
                f'| {timing.name} | {sizes} | {timing.kilobytes:.0f} | {timing.wall:.0f} | {timing.wall_ratio:.1f} '
                f'| {timing.cpu:.0f} | {timing.cpu_ratio:.1f} |'
            )
        return '\n'.join([*lines, '', self.conditions])


def with_data_root(dataset: Any, root: str | os.PathLike[str]) -> Any:
    """Copy a data set's config with another data root, under wrappers too."""
    dataset = copy.deepcopy(dataset)
    for _, leaf in leaf_datasets(dataset, ''):
        leaf['data_root'] = str(root)
    return dataset


def build_dataset(cfg: Config, root: str | os.PathLike[str], split: str) -> BaseDataset:
    """Build one of a config's data sets over a data root.

    Args:
        cfg: The config.
        root: The data root.
        split: ``train``, ``val`` or ``test``.

    Raises:
        FileNotFoundError: If the root is missing.
        ValueError: If the config has no such split, or the data set is empty.
    """
    loader = cfg.get(f'{split}_dataloader')
    if not loader:
        raise ValueError(f'{cfg.filename}: no {split}_dataloader in it. Choose another split.')
    if not Path(root).is_dir():
        raise FileNotFoundError(f'{root}: no such folder. Expected a data root.')
    init_default_scope(cfg.get('default_scope') or ('mmdet' if 'PackDetInputs' in str(loader) else 'mmseg'))
    dataset = DATASETS.build(with_data_root(loader['dataset'], root))
    dataset.full_init()
    if not len(dataset):
        raise ValueError(f'{root}: the {split} data set is empty.')
    return dataset


def benchmark_loaders(
    cfg: Config, roots: Mapping[str, str | os.PathLike[str]], split: str = 'train', images: int = 32, rounds: int = 7
) -> LoaderBenchmark:
    """Time the loading of the same images from several data roots, in interleaved rounds.

    It is what one worker process does: the data set's pipeline from file to packed sample, on one thread. A first
    round is not timed, so that the files come from the system's cache.

    Args:
        cfg: The config.
        roots: Data roots by name; ratios are to the first.
        split: ``train`` or ``val``: the pipeline and the data.
        images: Images of a round, at most.
        rounds: Timed rounds.

    Returns:
        The timings; print their ``table()``.

    Raises:
        FileNotFoundError: If a root is missing.
        ValueError: If a data set is empty.
    """
    datasets = {name: build_dataset(cfg, root, split) for name, root in roots.items()}
    count = min(images, *(len(dataset) for dataset in datasets.values()))
    threads = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    try:
        timed = [{n: _time_round(dataset, count) for n, dataset in datasets.items()} for _ in range(rounds + 1)][1:]
    finally:
        cv2.setNumThreads(threads[0])
        torch.set_num_threads(threads[1])
    first = next(iter(datasets))
    timings = []
    for name, dataset in datasets.items():
        paths = [Path(dataset.get_data_info(index)['img_path']) for index in range(count)]
        sizes = sorted({_size(path) for path in paths}, key=lambda size: size[0] * size[1])
        wall, cpu = ([count / seconds[name][clock] for seconds in timed] for clock in (0, 1))
        ratios = ([seconds[first][clock] / seconds[name][clock] for seconds in timed] for clock in (0, 1))
        kilobytes = statistics.mean(path.stat().st_size for path in paths) / 1024
        figures = [statistics.median(values) for values in (wall, cpu, *ratios)]
        timings.append(LoaderTiming(name, (sizes[0], sizes[-1]), kilobytes, *figures))
    return LoaderBenchmark(timings, _conditions(cfg, split, count, rounds))


def _time_round(dataset: BaseDataset, count: int) -> tuple[float, float]:
    """Load the first images once; return seconds by the clock and of processor time."""
    clock, cpu = time.perf_counter(), time.process_time()
    for index in range(count):
        dataset[index]
    return time.perf_counter() - clock, time.process_time() - cpu


def _size(path: Path) -> tuple[int, int]:
    """(H, W) of an image, from its header."""
    with Image.open(path) as picture:
        return picture.height, picture.width


def _conditions(cfg: Config, split: str, count: int, rounds: int) -> str:
    """What a reader needs to repeat the measurement."""
    load = f', load {os.getloadavg()[0]:.1f}' if hasattr(os, 'getloadavg') else ''
    return (
        f'{Path(cfg.filename or "config").name}, {split} pipeline from file to packed sample; one worker, one thread; '
        f'{count} images, median of {rounds} interleaved rounds, files in the system cache; OpenCV {cv2.__version__}, '
        f'torch {torch.__version__}, {os.cpu_count()} CPU cores{load}.'
    )
