"""How well objects are counted: predictions on a data set's pictures against the number of objects in its truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.registry import DATASETS, init_default_scope

from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.evaluation.classes import class_kinds


class Count(NamedTuple):
    """Objects of one picture.

    Attributes:
        name: The picture's path.
        true: Their number in the truth, without crowds.
        found: Their number in the panoptic map, or of the instances.
    """

    name: str
    true: int
    found: int


def counts_on(inferencer: MaskAttnInferencer, split: str = 'test') -> Iterator[Count]:
    """Count the objects in the pictures of a split.

    Args:
        inferencer: The model; the data set is that of its config.
        split: ``train``, ``val`` or ``test``.

    Yields:
        A count for each picture.

    Raises:
        ValueError: If the config has no such split, or its truth has no objects.
    """
    loader = inferencer.cfg.get(f'{split}_dataloader')
    if loader is None:
        raise ValueError(f'{inferencer.cfg.filename} has no {split}_dataloader; choose another split')
    init_default_scope(inferencer.cfg.get('default_scope', 'mmdet'))
    dataset = DATASETS.build(loader.dataset)
    infos = [dataset.get_data_info(number) for number in range(len(dataset))]
    things = len(class_kinds(dataset.metainfo).things)
    true = [objects_in(info, things) for info in infos]
    for number, result in zip(true, inferencer.stream([info['img_path'] for info in infos], batch_size=8)):
        yield Count(result.name, number, len(result.objects))


def objects_in(info: dict[str, Any], things: int) -> int:
    """Number of objects of a data info, panoptic or of instances, without crowds.

    Args:
        info: Of our data sets: ``segments_info``, or ``instances``.
        things: Number of thing classes, which come first.

    Raises:
        ValueError: If it has none of the two.
    """
    if 'segments_info' in info:
        return sum(one['category'] < things and not one['iscrowd'] for one in info['segments_info'])
    if 'instances' in info:
        return sum(not one.get('ignore_flag', 0) for one in info['instances'])
    raise ValueError(f'{info["img_path"]}: the truth has no objects; choose an instance or panoptic config')


def count_figures(counts: list[Count]) -> dict[str, float]:
    """Summarise.

    Returns:
        ``pictures``; ``objects`` of the truth; ``mean error``, the mean of |found - true| over the pictures; ``bias``,
        that of found - true; ``of the objects``, the sum of |found - true| over that of true, in percent; ``exact``,
        the pictures without an error, in percent.
    """
    true, found = (np.array([getattr(one, name) for one in counts], float) for name in ('true', 'found'))
    errors = np.abs(found - true)
    return {
        'pictures': len(counts),
        'objects': float(true.sum()),
        'mean error': float(errors.mean()),
        'bias': float((found - true).mean()),
        'of the objects': float(100 * errors.sum() / max(1.0, true.sum())),
        'exact': float(100 * (errors == 0).mean()),
    }


def write_counts(counts: list[Count], path: str | Path) -> None:
    """Write a row for each picture as comma-separated values; an existing file is refused.

    Raises:
        FileExistsError: If the file is there.
    """
    with Path(path).open('x') as file:
        file.write('picture,true,found\n')
        file.writelines(f'{one.name},{one.true},{one.found}\n' for one in counts)
