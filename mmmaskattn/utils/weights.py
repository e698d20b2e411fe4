"""Loading of weights into a model, with one line that says what fits; all loading passes here.

`allow_mmengine_checkpoints` puts `load_weights` in the place of mmengine's function of the same arguments, so that
Runner, ``init_cfg`` and ``load_checkpoint`` alike use it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner, load_checkpoint
from torch import nn
from torch.nn.modules.module import _IncompatibleKeys

EXAMPLES = 3
_IGNORED = 'num_batches_tracked'


class WeightsMismatchError(RuntimeError):
    """A checkpoint that is not one of the model."""


@dataclass(frozen=True)
class WeightsFit:
    """How the weights of a checkpoint fit a model.

    Attributes:
        total: Weights of the model.
        missing: Names that the checkpoint lacks.
        unexpected: Names that the model lacks.
        misshapen: Names whose shape, or kind, is another.
    """

    total: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshapen: tuple[str, ...] = ()

    @property
    def fitting(self) -> int:
        """Number of the model's weights that the checkpoint gives."""
        return self.total - len(self.missing) - len(self.misshapen)

    @property
    def is_whole(self) -> bool:
        """Whether every weight has its place."""
        return not (self.missing or self.unexpected or self.misshapen)

    def __str__(self) -> str:
        parts = [
            f'{len(names)} {what} ({_examples(names)})'
            for what, names in (
                ('missing', self.missing),
                ('unexpected', self.unexpected),
                ('of another shape', self.misshapen),
            )
            if names
        ]
        return f'{self.fitting} of {self.total} weights fit' + ''.join(f', {part}' for part in parts)


def _examples(names: Sequence[str]) -> str:
    return ', '.join(names[:EXAMPLES]) + (', ...' if len(names) > EXAMPLES else '')


def load_weights(module: nn.Module, state_dict: Any, strict: bool = False, logger: Any = None) -> WeightsFit:
    """Load what fits, and say how much that is, in one line, unless it is all.

    Args:
        module: The model, in a wrapper or not.
        state_dict: Weights by name.
        strict: Raise an error unless every weight has its place.
        logger: Where the line goes, as for ``mmengine.logging.print_log``.

    Returns:
        What fits.

    Raises:
        WeightsMismatchError: If ``strict`` and something is missing, unexpected or of another shape; or if what is to
            be loaded are no weights by name.
    """
    if not isinstance(state_dict, Mapping):
        raise WeightsMismatchError(f'the weights are a {type(state_dict).__name__}; expected a dict of tensors by name')
    fit = _load(module, state_dict)
    if not fit.is_whole:
        if strict:
            raise WeightsMismatchError(str(fit))
        print_log(f'Weights loaded in part: {fit}.', logger=logger, level=logging.WARNING)
    return fit


def _load(module: nn.Module, state_dict: Mapping[str, Any]) -> WeightsFit:
    """Copy the weights module by module, as torch does, so that modules which rename old weights still do."""
    weights = dict(state_dict)
    metadata = getattr(state_dict, '_metadata', None) or {}
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    names: list[str] = []

    def visit(part: nn.Module, prefix: str) -> None:
        """Load one module, then its children."""
        part = _inner(part)
        names.extend(f'{prefix}{name}' for name in _own_names(part))
        part._load_from_state_dict(weights, prefix, metadata.get(prefix[:-1], {}), True, missing, unexpected, errors)
        for name, child in part._modules.items():
            if child is not None:
                visit(child, f'{prefix}{name}.')
        for hook in part._load_state_dict_post_hooks.values():
            hook(part, _IncompatibleKeys(missing, unexpected))

    visit(module, '')
    named = (re.search(r'size mismatch for (\S+?):|named "?(\S+?)"?,', error) for error in errors)
    return WeightsFit(
        total=sum(_IGNORED not in name for name in names),
        missing=tuple(name for name in missing if _IGNORED not in name),
        unexpected=tuple(dict.fromkeys(unexpected)),
        misshapen=tuple((one[1] or one[2]) if one else error for one, error in zip(named, errors)),
    )


def _inner(module: nn.Module) -> nn.Module:
    while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
        module = module.module  # type: ignore[assignment]
    return module


def _own_names(module: nn.Module) -> list[str]:
    buffers = [name for name in module._buffers if name not in module._non_persistent_buffers_set]
    tensors = {**module._parameters, **module._buffers}
    return [name for name in (*module._parameters, *buffers) if tensors[name] is not None]


def load_model_weights(model: nn.Module, checkpoint: str | Path, allow_partial: bool = False) -> dict[str, Any]:
    """Load a checkpoint into a model that no Runner holds.

    Args:
        model: The model, on the CPU.
        checkpoint: The file or its address.
        allow_partial: Take what fits.

    Returns:
        What the checkpoint holds.

    Raises:
        FileNotFoundError: If there is no such file.
        WeightsMismatchError: If it is of another model and ``allow_partial`` is off; the message names the file, how
            many weights are missing, unexpected, or of another shape, and examples.
    """
    check_checkpoint(checkpoint)
    try:
        return load_checkpoint(model, str(checkpoint), map_location='cpu', strict=not allow_partial)
    except WeightsMismatchError as error:
        raise WeightsMismatchError(_refusal(checkpoint, error)) from error


def demand_whole_weights(runner: Runner) -> None:
    """Let a Runner refuse a checkpoint of another model.

    Args:
        runner: The Runner, before it loads; it raises a `WeightsMismatchError` that names the file.
    """
    load = runner.load_checkpoint

    def load_whole(filename: str, *args: Any, **kwargs: Any) -> Any:
        """Load, or refuse a file of another model."""
        try:
            return load(filename, *args, **{**kwargs, 'strict': True})
        except WeightsMismatchError as error:
            raise WeightsMismatchError(_refusal(filename, error)) from error

    runner.load_checkpoint = load_whole


def leave_weights_to_checkpoint(runner: Runner) -> None:
    """Let a Runner that resumes read no weights to begin from: the checkpoint has them all.

    Args:
        runner: The Runner, before it trains.
    """
    runner._init_model_weights = lambda: None


def check_checkpoint(checkpoint: str | Path) -> None:
    """Refuse a checkpoint that is not there; an address is left to its loader.

    Args:
        checkpoint: Path or address.

    Raises:
        FileNotFoundError: If it is a path and no file.
    """
    if '://' not in str(checkpoint) and not Path(checkpoint).is_file():
        raise FileNotFoundError(f'there is no checkpoint {checkpoint} (looked in {Path.cwd()})')


def _refusal(checkpoint: str | Path, error: WeightsMismatchError) -> str:
    return (
        f'{checkpoint} does not fit the model: {error}. Name a checkpoint of this config, its --cfg-options included, '
        'or give --allow-partial, which leaves the other weights as they were drawn at random.'
    )
