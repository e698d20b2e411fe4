"""What config files and the tools that read them share: bases by name, the classes of a task, a config's name."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmmaskattn_console.model_index import shipped_folder

THINGS = ('num_things', 'num_things_classes', 'num_classes')
STUFF = ('num_stuff', 'num_stuff_classes')
WEIGHTED_LOSSES = ('mmmaskattn.PixelCrossEntropyLoss', 'OhemCrossEntropy')
LEAST_WEIGHT, MOST_WEIGHT = 0.5, 3.0


def base_configs(*names: str) -> list[str]:
    """Find bases of ours for a config that lies in any folder.

    mmengine reads ``_base_`` before any import of the file, so the call stands in that line::

        _base_ = __import__('mmmaskattn').base_configs('models/bottom_up_tiny.py', 'tasks/coco_instance_128.py')

    ``_base_ = 'mmmaskattn::...'`` does not serve: mmengine would look in mmmaskattn's scope for every part of the base,
    those of mmseg and mmdet among them, and it finds no package that is installed as editable.

    Args:
        names: Paths below ``configs/_base_``.

    Returns:
        Absolute paths, in a wheel, an editable install and a checkout alike.

    Raises:
        FileNotFoundError: If there is no such base.
    """
    folder = shipped_folder() / 'configs/_base_'
    for name in names:
        if not (folder / name).is_file():
            raise FileNotFoundError(f'base_configs: there is no {folder / name}; name a file of that folder')
    return [str(folder / name) for name in names]


def config_name(path: str | Path) -> str:
    """Name a config where several are told apart: work folders, tables, result files.

    Args:
        path: The config file; it need not exist.

    Returns:
        The file's name without suffix, and for a peer that of its folder, as all peers name their files alike:
        ``configs/peers/segnext_t/coco_semantic_128.py`` is ``coco_semantic_128_segnext_t``.
    """
    path = Path(path).absolute()
    return f'{path.stem}_{path.parent.name}' if path.parents[1].name == 'peers' else path.stem


def distinct_names(paths: Sequence[str]) -> list[str]:
    """Name configs that stand side by side.

    Args:
        paths: The config files.

    Returns:
        For each its `config_name`; the whole path where two have the same.
    """
    names = [config_name(path) for path in paths]
    return [name if names.count(name) == 1 else path for name, path in zip(names, paths)]


def with_classes(base: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a model the classes of its task.

    Bases do not see each other, so a leaf, which sees both, brings them together::

        _base_ = ['../_base_/models/bottom_up_tiny.py', '../_base_/tasks/coco_panoptic_128.py']
        from mmmaskattn.utils.configs import with_classes

        model = with_classes(_base_)

    Args:
        base: ``_base_`` of a leaf. Its task sets `num_classes`, or `num_things` and `num_stuff`; ``class_shares`` if
            rare classes are to weigh more in the losses of pixels, see `class_weights`.
        changes: What else the leaf changes in the model.

    Returns:
        The model, with every number of classes in it set, and the weights of its classes as many. A head without
        stuff (0 kinds) stays without.

    Raises:
        ValueError: If the task sets no number of classes, or the model has none.
    """
    if 'num_classes' in base:
        counts = {'num_classes': base['num_classes']}
    elif 'num_things' in base and 'num_stuff' in base:
        counts = {'num_things': base['num_things'], 'num_stuff': base['num_stuff']}
    else:
        raise ValueError(
            'with_classes: found neither num_classes nor num_things and num_stuff; name one of configs/_base_/tasks '
            'in _base_'
        )
    model = counted_model(base['model'], counts)
    if 'class_shares' in base:
        model = _with_class_weight(model, class_weights(base['class_shares']))
    config = Config(dict(model=model))
    config.merge_from_dict(dict(model=changes))
    return config.to_dict()['model']


def class_weights(shares: Sequence[float]) -> list[float]:
    """Weigh the pixels of rare classes more in the loss.

    The square root of (median share / share), from 0.5 to 3: with the whole ratio a class of few pixels would be found
    everywhere.

    Args:
        shares: Of each class in the labelled pixels of the training images, in percent, as ``tools/data/check.py``
            prints them.

    Returns:
        A weight for each class.

    Raises:
        ValueError: If a share is not positive.
    """
    if not all(share > 0 for share in shares):
        raise ValueError(f'class_shares: found {min(shares)}; expected percentages above 0, one for each class')
    middle = statistics.median(shares)
    return [round(min(MOST_WEIGHT, max(LEAST_WEIGHT, (middle / share) ** 0.5)), 2) for share in shares]


def _with_class_weight(part: Any, weights: list[float]) -> Any:
    """Copy a part with these weights in every loss of pixels by class."""
    if isinstance(part, (list, tuple)):
        return type(part)(_with_class_weight(value, weights) for value in part)
    if not isinstance(part, Mapping):
        return part
    copy = {key: _with_class_weight(value, weights) for key, value in part.items()}
    return {**copy, 'class_weight': weights} if copy.get('type') in WEIGHTED_LOSSES else copy


def with_rate(base: Mapping[str, Any]) -> dict[str, Any]:
    """Give a model its learning rate: that of the schedule, halved for a backbone that begins from trained weights.

    Args:
        base: ``_base_`` of a leaf.

    Returns:
        ``optim_wrapper`` of the leaf, which mmengine merges into the schedule's.
    """
    rate = base['optim_wrapper']['optimizer']['lr']
    begins = base['model']['backbone'].get('init_cfg') or {}
    return dict(optimizer=dict(lr=rate / 2 if begins.get('type') == 'Pretrained' else rate))


def auxiliary_heads(channels: Sequence[int], loss_weight: float = 0.4) -> list[dict[str, Any]]:
    """Give each coarser map of a decoder a head of its own for training: a 1x1 convolution to the classes.

    Args:
        channels: Widths of the decoder's maps, finest first; the finest has the decode head.
        loss_weight: Weight of each head's loss.

    Returns:
        ``auxiliary_head`` of mmseg's ``EncoderDecoder``, for 150 classes until `with_classes` sets them.
    """
    head = dict(
        type='mmmaskattn.AuxiliaryFCNHead',
        num_convs=0,
        concat_input=False,
        dropout_ratio=0,
        num_classes=150,
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss', loss_weight=loss_weight),
    )
    return [dict(head, in_index=level, in_channels=width, channels=width) for level, width in _coarser(channels)]


def auxiliary_class_heads(channels: Sequence[int], loss_weight: float = 0.4) -> list[dict[str, Any]]:
    """Give each coarser map of a decoder a head of its own for the training of `BottomUpPanoptic`.

    Args:
        channels: Widths of the decoder's maps, finest first.
        loss_weight: Weight of each head's loss.

    Returns:
        ``auxiliary_head`` of the detector, for 100 things and 50 kinds of stuff until `with_classes` sets them.
    """
    loss = dict(type='mmdet.CrossEntropyLoss', ignore_index=255, avg_non_ignore=True, loss_weight=loss_weight)
    head = dict(type='mmmaskattn.AuxiliaryClassHead', num_things=100, num_stuff=50, loss_semantic=loss)
    return [dict(head, in_index=level, in_channels=width) for level, width in _coarser(channels)]


def _coarser(channels: Sequence[int]) -> list[tuple[int, int]]:
    return list(enumerate(channels))[1:]


def counted_model(model: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """Copy a model's config with other numbers of classes.

    Args:
        model: The model.
        counts: `num_classes`, or `num_things` and `num_stuff`.

    Returns:
        The copy, see `with_classes`.

    Raises:
        ValueError: If the model counts no such classes.
    """
    if 'num_classes' not in counts:
        counts = {**dict.fromkeys(THINGS, counts['num_things']), **dict.fromkeys(STUFF, counts['num_stuff'])}
    copy = _counted(model, counts, 0)
    if not _has_count(copy, counts):
        raise ValueError(f'with_classes: the model has none of {sorted(counts)}; name one of configs/_base_/models')
    return copy


def _has_count(part: Any, counts: Mapping[str, int]) -> bool:
    if isinstance(part, Mapping):
        return any(key in counts or _has_count(value, counts) for key, value in part.items())
    return isinstance(part, (list, tuple)) and any(_has_count(value, counts) for value in part)


def _counted(part: Any, counts: Mapping[str, int], total: int) -> Any:
    """Copy a part; `total` is the number of classes of the head that it belongs to."""
    if isinstance(part, (list, tuple)):
        return type(part)(_counted(value, counts, total) for value in part)
    if not isinstance(part, Mapping):
        return part
    own: dict[str, Any] = {key: counts[key] for key, old in part.items() if key in counts and old}
    total = sum(own.values()) or total
    weights = part.get('class_weight')
    if part.get('type') in WEIGHTED_LOSSES:  # meant for the classes that were
        own['class_weight'] = weights if weights and len(weights) == total else None
    elif isinstance(weights, (list, tuple)):  # those of the classes, then that of "no object"
        own['class_weight'] = [weights[0]] * total + [weights[-1]]
    return {key: own[key] if key in own else _counted(value, counts, total) for key, value in part.items()}
