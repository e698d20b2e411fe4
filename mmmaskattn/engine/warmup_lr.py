"""A linear warm-up that is safe in trainings of any length."""

from __future__ import annotations

from typing import Any

from mmengine.optim import LinearLR
from mmengine.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmupLR(LinearLR):
    """``LinearLR`` whose length may be a fraction of an epoch and is never under two iterations.

    mmengine's ``LinearLR`` refuses a length that rounds to no iteration at all, which a warm-up of 1 % does when a
    training is shortened to a few iterations. To be used with ``convert_to_iter_based=True``; it multiplies with any
    scheduler that runs beside it. Arguments are those of ``LinearLR``.
    """

    @classmethod
    def build_iter_from_epoch(
        cls, *args: Any, begin: float = 0, end: float, epoch_length: int, by_epoch: bool = True, **kwargs: Any
    ) -> WarmupLR:
        """Make the warm-up from a config in epochs.

        Args:
            *args: The optimizer.
            begin: Epoch at which the warm-up begins.
            end: Epoch at which it ends; may be a fraction.
            epoch_length: Iterations per epoch.
            by_epoch: Always true; mmengine passes it.
            **kwargs: The other arguments of ``LinearLR``.

        Returns:
            The warm-up, counted in iterations.
        """
        first = int(begin * epoch_length)
        last = max(int(end * epoch_length), first + 2)
        return cls(*args, begin=first, end=last, by_epoch=False, **kwargs)
