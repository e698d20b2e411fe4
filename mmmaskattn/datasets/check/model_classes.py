"""Agreement between the number of classes of a model and of its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmmaskattn.datasets.check.problems import Problem

COUNTS = ('num_classes', 'num_things_classes', 'num_stuff_classes')


def model_class_counts(model: Any, option: str = 'model') -> Iterator[tuple[str, int]]:
    """Every number of classes that a model's heads are built with.

    Region proposal heads, which know one class, and backbones are left out.

    Args:
        model: The config's ``model``, or a part of it.
        option: Name of that part.

    Yields:
        Name of the option and its value.
    """
    if isinstance(model, dict):
        for key, value in model.items():
            path = f'{option}.{key}'
            if key in COUNTS and isinstance(value, int) and 'head' in option and 'rpn_head' not in option:
                yield path, value
            yield from model_class_counts(value, path)
    elif isinstance(model, (list, tuple)):
        for index, part in enumerate(model):
            yield from model_class_counts(part, f'{option}.{index}')


def pipeline_class_counts(pipeline: Sequence[dict], option: str) -> Iterator[tuple[str, int]]:
    """Every number of classes that the steps of a pipeline are built with (`CheckSegMap`).

    Args:
        pipeline: The data set's pipeline.
        option: Name of the data set's option.

    Yields:
        Name of the option and its value.
    """
    for index, step in enumerate(pipeline or ()):
        if isinstance(step.get('num_classes'), int):
            yield f'{option}.pipeline.{index}.num_classes', step['num_classes']


def check_class_counts(counts: Sequence[tuple[str, int]], metainfo: dict, data: str) -> Iterator[Problem]:
    """Compare numbers of classes with a data set's.

    Args:
        counts: Options and values of :func:`model_class_counts` and :func:`pipeline_class_counts`.
        metainfo: The data set's ``metainfo``: ``classes``, and ``thing_classes`` and ``stuff_classes`` if it has them.
        data: Name of the data set's option.

    Yields:
        An error where there are too few outputs, a note where there are too many.
    """
    classes, things = len(metainfo['classes']), len(metainfo.get('thing_classes', metainfo['classes']))
    stuff = {len(metainfo.get('stuff_classes', ()))}
    if classes == things:
        stuff.add(0)  # instances alone: with the background as stuff, or without
    expected = {'num_classes': {classes, things}, 'num_things_classes': {things}, 'num_stuff_classes': stuff}
    for option, value in counts:
        wanted = expected[option.rpartition('.')[2]]
        if value not in wanted:
            several = ' or '.join(map(str, sorted(wanted)))
            what = f'{value}, but {data} has {several} classes'
            yield Problem(option, f'{what}; set it to {several}', fatal=value < min(wanted))
