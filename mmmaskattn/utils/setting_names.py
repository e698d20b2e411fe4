"""Which names a part of a config takes, found by the signature of what is built from it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.optim import OptimWrapper
from mmengine.registry import Registry, root
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, LogProcessor, Runner, TestLoop, ValLoop
from torch.utils.data import DataLoader

# Options that registries and builders take off before the class sees them.
BUILDER_NAMES = {'type', '_scope_', '_delete_', 'priority', 'convert_to_iter_based', 'constructor', 'paramwise_cfg'}
READ_BY_TOOLS = {
    'tta_model', 'tta_pipeline', 'runner_type', 'model_wrapper_cfg', 'find_unused_parameters', 'strategy', 'compile',
}  # fmt: skip
"""Settings besides the Runner's own that mmengine and our tools look up in a config."""


def signature_names(built: Any) -> set[str] | None:
    """Names of the options of a class, with those that it hands on to its bases, or of a function.

    Args:
        built: The class or function.

    Returns:
        The names; None if any name is taken.
    """
    names: set[str] = set()
    for part in inspect.getmro(built) if inspect.isclass(built) else [built]:
        function = vars(part).get('__init__') if inspect.isclass(part) else part
        if function is None or part is object:
            continue
        parameters = inspect.signature(function).parameters.values()
        names |= {one.name for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}
        if not any(one.kind == one.VAR_KEYWORD for one in parameters):
            return names - {'self'}
    return None


def read_at_top() -> set[str]:
    """The top-level settings that are read when the config has been merged; others only serve to write the file."""
    return (signature_names(Runner) or set()) - {'cfg'} | READ_BY_TOOLS


def _untyped(path: tuple[str, ...]) -> set[str] | None:
    """Names in the parts of a config that have no ``type``."""
    loader = (signature_names(DataLoader) or set()) | {'num_batch_per_epoch'}
    loop = {'train_cfg': (EpochBasedTrainLoop, IterBasedTrainLoop), 'val_cfg': (ValLoop,), 'test_cfg': (TestLoop,)}
    parts: dict[tuple[str, ...], set[str]] = {
        ('env_cfg',): {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
        ('randomness',): {'seed', 'diff_rank_seed', 'deterministic'},
        ('auto_scale_lr',): {'enable', 'base_batch_size'},
        ('optim_wrapper',): signature_names(OptimWrapper) or set(),
        ('log_processor',): signature_names(LogProcessor) or set(),
        **{(f'{split}_dataloader',): loader for split in ('train', 'val', 'test')},
        **{(name,): {'by_epoch'}.union(*(signature_names(one) or () for one in kinds)) for name, kinds in loop.items()},
    }
    return parts.get(path)


def _registered(name: str, scope: str | None) -> Iterator[Any]:
    """All classes and functions of a name, of whatever kind."""
    for registry in vars(root).values():
        if isinstance(registry, Registry):
            with registry.switch_scope_and_registry(scope) as chosen:
                found = chosen.get(name)
            if found is not None:
                yield found


def is_registered(name: str, scope: str | None) -> bool:
    """Whether a class or function of some kind has a name.

    Args:
        name: With its scope or without, or the path of an import.
        scope: The config's default scope.
    """
    return next(_registered(name, scope), None) is not None


def names_of(part: Mapping[str, Any], path: tuple[str, ...], scope: str | None) -> set[str] | None:
    """Names that may stand in a part of a config.

    Args:
        part: The part.
        path: The names that lead to it from the top.
        scope: The config's default scope.

    Returns:
        The names; None if any may, or it is not known.
    """
    kind = part.get('type')
    if kind is None:
        names = _untyped(path)
    else:
        found = list(_registered(kind, scope)) if isinstance(kind, str) else [kind]
        taken = [signature_names(one) for one in found]
        names = None if not taken or None in taken else {name for names in taken for name in names or ()}
    return None if names is None else names | BUILDER_NAMES
