"""A fixed part of a data set: 10 % of it, 25 %, ..., each part within the next larger one.

The images are ranked by a hash of their names and the first ones are taken, so the choice depends on nothing but the
names, the seed and the percentage: not on the order of files on a disk, nor on the process or the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePath

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS as ROOT_DATASETS

from mmmaskattn.registry import DATASETS
from mmmaskattn.utils.option_types import ModuleConfig, Percentage, Seed

FRACTION_TYPE = 'mmmaskattn.FractionDataset'


def fraction_size(total: int, percent: float) -> int:
    """Number of images in a part.

    Args:
        total: Images of the whole set.
        percent: Over 0, at most 100.

    Returns:
        The nearest whole number (a half is rounded up), at least 1 if there is any image.

    Raises:
        ValueError: If the percentage is out of range.
    """
    if not 0 < percent <= 100:
        raise ValueError(f'percent={percent!r}: expected a percentage over 0 and at most 100, for example 25.')
    return min(total, max(1, int(total * percent / 100 + 0.5)))


def fraction_indices(names: Sequence[str], percent: float, seed: int = 0) -> list[int]:
    """Choose the images of a part.

    Args:
        names: Image names, one each; images of one name are ranked in the order given.
        percent: Over 0, at most 100.
        seed: Another seed is another choice.

    Returns:
        Indices into ``names``, ascending, so that 100 % is the set itself.

    Raises:
        ValueError: If the percentage is out of range.
    """
    ranks = [hashlib.sha256(f'{seed}/{name}'.encode()).digest() for name in names]
    ranked = sorted(range(len(names)), key=ranks.__getitem__)
    return sorted(ranked[: fraction_size(len(names), percent)])


def image_name(path: str) -> str:
    """Name of an image that does not depend on where the data set lies: its folder and file name.

    Args:
        path: Path of the image.

    Returns:
        For example ``aachen/aachen_000000_000019_leftImg8bit.png``.
    """
    return '/'.join(PurePath(path).parts[-2:])


@DATASETS.register_module(name='FractionDataset')
def fraction_dataset(dataset: ModuleConfig, percent: Percentage, seed: Seed = 0) -> BaseDataset:
    """Build a data set and keep a fixed part of its images.

    In a config: ``dict(type='mmmaskattn.FractionDataset', percent=25, dataset=dict(type=..., ...))``. The result is
    the data set itself, of its own class, with fewer samples, so whatever works on it works on the part. Images that
    its ``filter_cfg`` drops are dropped before the part is taken.

    Args:
        dataset: Config of a data set of mmengine's `BaseDataset` family (all of mmseg's, mmdet's and ours).
        percent: Over 0, at most 100.
        seed: Another seed is another choice of images; it has nothing to do with the seed of a training.

    Raises:
        TypeError: If it is a wrapper (`RepeatDataset`, `ConcatDataset`); the fraction goes inside that.
        ValueError: If the percentage is out of range.
    """
    built = ROOT_DATASETS.build(dataset)
    if not isinstance(built, BaseDataset):
        raise TypeError(
            f'FractionDataset: dataset.type={dataset.get("type")!r} is not of the BaseDataset family. If it wraps '
            f'other data sets, put {FRACTION_TYPE} around each of those instead.'
        )
    built.full_init()
    names = [image_name(built.get_data_info(index)['img_path']) for index in range(len(built))]
    built.get_subset_(fraction_indices(names, percent, seed))
    return built


def set_fraction(cfg: Config, percent: float, seed: int = 0) -> None:
    """Let a config train on a part of its data; validation and test stay whole.

    Every data set of ``train_dataloader``, also under wrappers, is put into a `FractionDataset`; one that is there
    already gets the new percentage and seed.

    Args:
        cfg: The config; changed in place.
        percent: Over 0, at most 100.
        seed: Seed of the choice.

    Raises:
        ValueError: If the percentage is out of range or the config has no training data.
    """
    fraction_size(1, percent)
    loader = cfg.get('train_dataloader') or {}
    if not isinstance(loader.get('dataset'), dict):
        raise ValueError(f'{cfg.filename}: no train_dataloader.dataset to take a fraction of.')
    loader['dataset'] = _with_fraction(loader['dataset'], percent, seed)


def _with_fraction(dataset: dict, percent: float, seed: int) -> dict:
    """The config of a data set with the fraction put in, under wrappers."""
    if dataset.get('type') in (FRACTION_TYPE, 'FractionDataset'):
        return {**dataset, 'percent': percent, 'seed': seed}
    if isinstance(dataset.get('dataset'), dict):
        return {**dataset, 'dataset': _with_fraction(dataset['dataset'], percent, seed)}
    if isinstance(dataset.get('datasets'), (list, tuple)):
        return {**dataset, 'datasets': [_with_fraction(inner, percent, seed) for inner in dataset['datasets']]}
    return dict(type=FRACTION_TYPE, percent=percent, seed=seed, dataset=dataset)
