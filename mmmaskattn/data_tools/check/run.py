"""The whole check of a config: its data sets, their files, their agreement with the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmmaskattn.data_tools.check.problems import Problem
from mmmaskattn.data_tools.check.sample import SampleRules, check_sample
from mmmaskattn.data_tools.check.splits import (
    SPLITS,
    build_for_check,
    check_class_counts,
    model_class_counts,
    network_size,
    pipeline_class_counts,
    pixel_limits,
    split_datasets,
)
from mmmaskattn.data_tools.check.statistics import SplitStatistics, nothing_to_learn
from mmmaskattn.utils.progress import map_with_progress

Listener = Callable[[Problem], None]


@dataclass
class CheckReport:
    """What a check found.

    Attributes:
        problems: In the order found; those that `Problem.fatal` marks would spoil a training.
        statistics: Counts of each data set, by split.
    """

    problems: list[Problem] = field(default_factory=list)
    statistics: list[SplitStatistics] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Number of problems that would spoil a training."""
        return sum(problem.fatal for problem in self.problems)


def check_config(
    cfg: Config,
    splits: Sequence[str] = SPLITS,
    size: tuple[int, int] | None = None,
    workers: int | None = None,
    listener: Listener = lambda problem: None,
) -> CheckReport:
    """Check the data of a config before it is trained.

    Args:
        cfg: Any config of ours, mmseg or mmdet.
        splits: Of ``train``, ``val`` and ``test``; data that two splits share is checked once.
        size: (H, W) at which pixels and instances are counted; by default the network's.
        workers: Processes; by default one a core.
        listener: Called with each problem when it is found.
    """
    init_default_scope(cfg.get('default_scope') or 'mmengine')
    report = CheckReport()

    def _tell(problem: Problem) -> None:
        report.problems.append(problem)
        listener(problem)

    found = False
    for split, option, leaf in split_datasets(cfg, tuple(splits)):
        found = True
        dataset, problems = build_for_check(cfg, option, leaf)
        for problem in problems:
            _tell(problem)
        if dataset is not None:
            at = size or network_size(cfg, split)
            report.statistics += _check_split(cfg, option, leaf, dataset, at, workers, _tell)
    if not found:
        _tell(Problem(str(cfg.filename), f'no data set in {", ".join(f"{split}_dataloader" for split in splits)}'))
    return report


def _check_split(
    cfg: Config,
    option: str,
    leaf: dict,
    dataset: BaseDataset,
    size: tuple[int, int] | None,
    workers: int | None,
    tell: Listener,
) -> list[SplitStatistics]:
    """Check one data set against the model, then sample by sample."""
    counts = [*model_class_counts(cfg.get('model')), *pipeline_class_counts(leaf.get('pipeline') or (), option)]
    classes = tuple(dataset.metainfo.get('classes') or ())
    if not classes:
        wanted = max((value for _, value in counts), default=0)
        classes = tuple(f'class {label}' for label in range(wanted))
        tell(Problem(option, 'no class names; set metainfo=dict(classes=(...))', fatal=not classes))
    elif counts:
        for problem in check_class_counts(counts, dataset.metainfo, option):
            tell(problem)
    if not classes:
        return []
    rules = SampleRules(
        classes,
        len(classes),
        getattr(dataset, 'ignore_index', 255),
        size,
        getattr(dataset, 'backend_args', None),
        *pixel_limits(leaf),
    )
    statistics = SplitStatistics(option.replace('_dataloader.dataset', ''), classes, size)
    errors = 0
    for sample in map_with_progress(partial(check_sample, rules), _Entries(dataset), workers, statistics.split):
        statistics.add(sample)
        for problem in sample.problems:
            errors += problem.fatal
            tell(problem)
    reason = None if errors else nothing_to_learn(statistics)
    if reason:
        tell(Problem(option, reason, fatal=option.startswith('train')))
    return [statistics]


class _Entries:
    """The entries of a data set, taken one at a time."""

    def __init__(self, dataset: BaseDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[dict]:
        for index in range(len(self.dataset)):
            yield self.dataset.get_data_info(index)
