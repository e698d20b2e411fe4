"""What our backbones share: stages that can be frozen and chosen, and the smallest input that they take."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmmaskattn.utils.option_types import InitConfig

MIN_SIZE = 16


def check_input_size(x: Tensor, model: str) -> None:
    """Refuse an input that is too small.

    Args:
        x: float (B, C, H, W).
        model: name of the model, for the error.

    Raises:
        ValueError: H or W is under 16.
    """
    height, width = x.shape[2:]
    if height < MIN_SIZE or width < MIN_SIZE:
        raise ValueError(
            f'the input of {model} is {height}x{width} pixels (height x width); it must be at least '
            f'{MIN_SIZE}x{MIN_SIZE}: use a larger size in the LowResResize of the pipeline'
        )


Backbone = TypeVar('Backbone', bound='StagedBackbone')


class StagedBackbone(BaseModule):
    """Base of the backbones; a subclass builds its stages and then calls :meth:`_freeze`.

    Args:
        out_channels: width of each stage; their number is the number of stages.
        out_indices: stages whose maps are returned; None returns all.
        frozen_stages: the stages up to this one keep their weights and statistics; -1 freezes none.
        norm_eval: keep all batch norms in evaluation mode while training.
        init_cfg: initialisation, as mmengine takes it.

    Raises:
        ValueError: ``out_indices`` or ``frozen_stages`` names a stage that there is not.
    """

    def __init__(
        self,
        out_channels: tuple[int, ...],
        out_indices: Sequence[int] | None,
        frozen_stages: int,
        norm_eval: bool,
        init_cfg: InitConfig,
    ) -> None:
        super().__init__(init_cfg)
        count = len(out_channels)
        if not -1 <= frozen_stages < count:
            raise ValueError(
                f'frozen_stages is {frozen_stages}; it takes the last of the stages 0 to {count - 1} to freeze, or -1 '
                'for none'
            )
        self.out_channels = out_channels
        self.out_indices = _check_indices(range(count) if out_indices is None else out_indices, count)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval

    @abstractmethod
    def _stage_parts(self, stage: int) -> Sequence[nn.Module]:
        """The modules of one stage, counted from 0."""

    def train(self: Backbone, mode: bool = True) -> Backbone:
        """Switch to training, keeping frozen stages (and all batch norms, with ``norm_eval``) in evaluation mode."""
        super().train(mode)
        self._freeze()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze(self) -> None:
        for stage in range(self.frozen_stages + 1):
            for part in self._stage_parts(stage):
                part.eval()
                part.requires_grad_(False)


def by_stage(values: Sequence[Any], num_stages: int, option: str) -> tuple[Any, ...]:
    """Check that an option has one value for each stage.

    Args:
        values: the option.
        num_stages: number of stages.
        option: its name, for the error.

    Raises:
        ValueError: more or fewer values than stages.
    """
    if len(values) != num_stages:
        raise ValueError(f'{option} has {len(values)} entries for {num_stages} stages; give one for each stage')
    return tuple(values)


def _check_indices(indices: Sequence[int], count: int) -> tuple[int, ...]:
    if any(not 0 <= index < count for index in indices) or len(set(indices)) < len(indices):
        raise ValueError(f'out_indices is {tuple(indices)}; it takes stages 0 to {count - 1}, each once')
    return tuple(indices)
