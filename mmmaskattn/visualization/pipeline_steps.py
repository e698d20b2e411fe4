"""A data set's pipeline run one transform at a time, keeping what each leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset

from mmmaskattn.visualization.image import to_rgb
from mmmaskattn.visualization.truth import Truth, read_truth


@dataclass(frozen=True)
class Step:
    """What one transform left.

    Attributes:
        name: Name of the transform's class.
        image: RGB, uint8, (H, W, 3); None before an image is loaded.
        truth: None before a truth is loaded.
        problem: Why the pipeline stopped here; empty if it did not.
        unchanged: Whether image and truth are those of the step before.
    """

    name: str
    image: np.ndarray | None
    truth: Truth | None
    problem: str = ''
    unchanged: bool = False


def locate(dataset: Any, index: int) -> tuple[BaseDataset, int]:
    """Find the data set, under mmengine's wrappers, that a sample comes from.

    Args:
        dataset: A data set, or `ConcatDataset`, `RepeatDataset`, `ClassBalancedDataset` around some.
        index: Index of the sample in ``dataset``.

    Returns:
        The data set and the sample's index there.

    Raises:
        TypeError: If it is another wrapper.
    """
    if isinstance(dataset, BaseDataset):
        return dataset, index
    find = getattr(dataset, '_get_ori_dataset_idx', None)
    if find is None:
        raise TypeError(
            f'{type(dataset).__name__}: only data sets of the BaseDataset family can be shown step by step, alone '
            'or in ConcatDataset, RepeatDataset or ClassBalancedDataset. Show the inner data set: give a config whose '
            'dataloader holds it.'
        )
    found = find(index)
    if isinstance(found, tuple):
        return locate(dataset.datasets[found[0]], found[1])
    return locate(dataset.dataset, found)


def run_steps(dataset: BaseDataset, index: int, channel_order: str = 'bgr') -> Iterator[Step]:
    """Run the pipeline on one sample.

    A transform that fails or drops the sample ends the steps with one that says so.

    Args:
        dataset: A loaded data set with a pipeline.
        index: Index of the sample.
        channel_order: Order of the pipeline's images, ``'bgr'`` or ``'rgb'``.

    Yields:
        One step per transform.
    """
    results: dict | None = dataset.get_data_info(index)
    ignore_index = getattr(dataset, 'ignore_index', 255)
    last, norm = Step('', None, None), None
    for transform in dataset.pipeline.transforms:
        name = type(transform).__name__
        try:
            results = transform(results)
            if results is None:
                raise ValueError('the sample is dropped here; training takes another one instead')
            norm = results.get('img_norm_cfg', norm)
            last = _look(name, results, last, norm, ignore_index, channel_order)
        except Exception as error:  # any project's transform may raise anything, and the picture shows it
            yield Step(name, None, None, problem=f'{type(error).__name__}: {error}')
            return
        yield last


def _look(name: str, results: dict, last: Step, norm: dict | None, ignore_index: int, channel_order: str) -> Step:
    """Image and truth after one transform."""
    seen = _first_view(results)
    image = seen.get('inputs', seen.get('img'))
    picture = None if image is None else to_rgb(image, norm, channel_order)
    truth = read_truth(seen, ignore_index)
    truth = truth if truth is None else truth.numbered_like(last.truth)
    same_truth = truth is last.truth if truth is None else truth.same_as(last.truth)
    return Step(name, picture, truth, unchanged=same_truth and _same_image(picture, last.image))


def _same_image(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return first is second
    return np.array_equal(first, second)


def _first_view(results: dict) -> dict:
    """Of the several views that test-time augmentation makes, the first."""
    several = [key for key in ('inputs', 'data_samples') if isinstance(results.get(key), (list, tuple))]
    return {**results, **{key: results[key][0] for key in several}}
