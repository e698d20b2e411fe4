"""A cache of decoded samples for a training."""

from __future__ import annotations

from pathlib import Path

from mmengine.dataset import InfiniteSampler
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from mmmaskattn.datasets.cache import CachePlace, CachePlan, plan_cache
from mmmaskattn.registry import HOOKS
from mmmaskattn.utils.option_types import Name, PositiveFraction


@HOOKS.register_module()
class SampleCacheHook(Hook):
    """Keep what the first steps of the pipelines, those that draw nothing, have made of each sample.

    Training and validation samples are then read and decoded once. Batches are the same as without, bit by bit: what is
    random is drawn as before, and a JPEG that is decoded at several sizes is kept at each. The cache fills as samples
    are asked for. In memory it is shared by all processes of a machine that load data, and goes with them; on disk it
    stays, for the next training too. A file that changes during a training is not read again.

    Args:
        where: ``none``, ``ram`` (refused if there is no room), ``disk``, or ``auto``: in memory if there is room, else
            none.
        share: Most of the free memory, or of the free disk, that it may take. The size is taken from some samples
            before the training.
        folder: Folder of a cache on disk; by default ``cache`` in the work folder.
    """

    # Before RandomStateHook (HIGH), which wraps the data set.
    priority = 'VERY_HIGH'

    def __init__(self, where: CachePlace = 'none', share: PositiveFraction = 0.5, folder: Name | None = None) -> None:
        self.where, self.share, self.folder = where, share, folder
        self.plan: CachePlan | None = None

    def before_train(self, runner: Runner) -> None:
        """Make the cache.

        Args:
            runner: The Runner that trains.

        Raises:
            ValueError: If there is no room for it, or nothing that can be cached.
        """
        if self.where == 'none':
            return
        loaders = [runner.train_dataloader, *([runner.val_dataloader] if runner.val_loop else [])]
        folder = self.folder or Path(runner.work_dir, 'cache')
        self.plan = plan_cache([loader.dataset for loader in loaders], self.where, self.share, folder)
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            _begin_anew(runner)


def _begin_anew(runner: Runner) -> None:
    """Have a loop over iterations begin to load again: its workers have the data set as it was before."""
    loader, loop = runner.train_dataloader, runner.train_loop
    if isinstance(loader.sampler, InfiniteSampler):
        loader.sampler.indices = loader.sampler._indices_of_rank()
    loop.dataloader_iterator = type(loop.dataloader_iterator)(loader)
