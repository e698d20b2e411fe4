"""Reading of a config with settings from the command line: what is set has its effect, or is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from mmengine.config import Config

from mmmaskattn.datasets.check_root import LOADERS, leaf_datasets
from mmmaskattn.datasets.input_size import SIZED_TRANSFORMS, parts_of_type, sized_transforms
from mmmaskattn.datasets.transforms.low_res_resize import check_size
from mmmaskattn.utils.command_line import nearest, registered_names
from mmmaskattn.utils.configs import counted_model
from mmmaskattn.utils.setting_names import is_registered, names_of, read_at_top

COUNTS = ('num_classes', 'num_things', 'num_stuff')
# Least whole number of settings whose loops and hooks would do nothing, or fail late, with less.
LEAST = {
    'train_cfg.max_epochs': 1,
    'train_cfg.max_iters': 1,
    'train_cfg.val_interval': 1,
    'default_hooks.checkpoint.interval': 1,
    'default_hooks.logger.interval': 1,
    'auto_scale_lr.base_batch_size': 1,
    **{f'{loader}.batch_size': 1 for loader in LOADERS},
    **{f'{loader}.num_workers': 0 for loader in LOADERS},
}
NEVER = {'default_hooks.checkpoint.interval': -1}
ALIKE = 0.85
"""How alike a new name and one that is there must be to take the new one for a slip, where any name is taken."""


def read_config_file(path: str | Path, options: Mapping[str, Any] | None = None) -> Config:
    """Read a config and set what the command line says.

    ``data_root``, ``image_size``, ``num_classes``, ``num_things`` and ``num_stuff`` reach everything that the config
    makes of them. Every other top-level variable that serves only to write the file is refused.

    Args:
        path: The config file.
        options: Dotted keys and values, as ``--cfg-options`` gives them.

    Returns:
        The config.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no config, or an option does nothing, is misspelt, or has a value that makes no sense; the
            message names the option, its value and the nearest right name.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'there is no config {path} (looked in {Path.cwd()}); name a file, e.g. '
            'configs/maskattn/ade20k_semantic_128.py'
        )
    try:
        cfg = Config.fromfile(str(path))
    except (OSError, SyntaxError, NameError, AttributeError, KeyError, TypeError, ValueError, ImportError) as error:
        raise ValueError(f'config {path}: {type(error).__name__}: {error}; mend the file') from error
    set_options(cfg, options or {})
    check_values(cfg)
    return cfg


def set_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Set settings, see `read_config_file`.

    Args:
        cfg: The config; changed in place.
        options: Dotted keys and values.

    Raises:
        ValueError: If one does nothing or cannot be set.
    """
    wide: dict[str, Callable[[Config, Any], None]] = {'data_root': set_data_root, 'image_size': set_image_size}
    counts = {key: value for key, value in options.items() if key in COUNTS}
    for key in options:
        if key in wide:
            wide[key](cfg, options[key])
    if counts:
        set_counts(cfg, counts)
    rest = [key for key in options if key not in wide and key not in COUNTS]
    for key in sorted(rest, key=lambda one: not one.endswith('.type')):  # what is taken depends on the type
        _check_key(cfg, key, options[key])
        try:
            cfg.merge_from_dict({key: options[key]})
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            reason = str(error.args[0]) if error.args else type(error).__name__
            raise ValueError(f'--cfg-options {key}={options[key]}: {reason}') from error
    if counts:
        _check_named_classes(cfg, counts)


def set_data_root(cfg: Config, root: Any) -> None:
    """Move all data sets to another folder, and what else names a file in the old one.

    Args:
        cfg: The config; changed in place.
        root: The folder.

    Raises:
        ValueError: If the data sets have no folder in common.
    """
    leaves = [leaf for loader in LOADERS for leaf in leaf_datasets((cfg.get(loader) or {}).get('dataset'), loader)]
    roots = {str(leaf['data_root']) for _, leaf in leaves if leaf.get('data_root')}
    if len(roots) != 1 or not isinstance(root, str):
        names = ', '.join(f'{option}.dataset.data_root' for option, _ in leaves if '.' not in option)
        raise ValueError(
            f'--cfg-options data_root={root}: found data in {sorted(roots) or "no folder"}; expected one folder that '
            f'all data sets share and a path. Set each alone: {names or "DATALOADER.dataset.data_root"}'
        )
    old = roots.pop()
    for name in (*LOADERS, 'val_evaluator', 'test_evaluator'):
        if name in cfg:
            cfg[name] = _moved(cfg[name], old, root)
    cfg.data_root = root


def _moved(part: Any, old: str, new: str) -> Any:
    """Copy a part of a config with the paths under a folder put under another."""
    if isinstance(part, Mapping):
        return {key: _moved(value, old, new) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_moved(value, old, new) for value in part)
    if isinstance(part, str) and (part == old or part.startswith(os.path.join(old, ''))):
        return os.path.join(new, part[len(os.path.join(old, '')) :]) if part != old else new
    return part


def set_image_size(cfg: Config, size: Any) -> None:
    """Give a config another input size of the network.

    Args:
        cfg: The config; changed in place.
        size: One whole number or (H, W).

    Raises:
        ValueError: If the size is not valid, or the config has none of our transforms that resize.
    """
    wanted = check_size(size, '--cfg-options image_size')
    parts = [cfg[name] for name in (*LOADERS, 'tta_pipeline') if cfg.get(name)]
    found = [transform for part in parts for transform in sized_transforms(part)]
    if not found:
        raise ValueError(
            f'--cfg-options image_size={size}: {cfg.filename} has none of {", ".join(SIZED_TRANSFORMS)}, which would '
            f'take it; set the size in its pipelines'
        )
    old = {_pair(transform['size']) for transform in found if 'size' in transform}
    for transform in found:
        transform['size'] = wanted
    for part in _parts(cfg.get('model')):
        part.update({key: wanted for key in ('size', 'input_size') if _pair(part.get(key)) in old})
    cfg.image_size = wanted


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def _parts(part: Any) -> Any:
    """Every dict in a part of a config."""
    if isinstance(part, Mapping):
        yield part
    if isinstance(part, (Mapping, list, tuple)):
        for value in part.values() if isinstance(part, Mapping) else part:
            yield from _parts(value)


def set_counts(cfg: Config, counts: Mapping[str, Any]) -> None:
    """Give the model, and what checks labels, another number of classes.

    Args:
        cfg: The config; changed in place.
        counts: `num_classes`, or `num_things` and `num_stuff`; of these two the config gives the other.

    Raises:
        ValueError: If a number is none, the model does not count such classes, or a data set names others.
    """
    for key, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < (0 if key == 'num_stuff' else 1):
            raise ValueError(f'--cfg-options {key}={value}: expected a whole number from {int(key != "num_stuff")}')
    whole = _whole_counts(cfg, counts)
    try:
        cfg.model = counted_model(cfg.model, whole)
    except ValueError as error:
        raise ValueError(f'{_shown(counts)}: {error}') from error
    for name in (*LOADERS, 'tta_pipeline'):
        for transform in parts_of_type(cfg.get(name), ('CheckSegMap',)):
            transform['num_classes'] = sum(whole.values())
    cfg.merge_from_dict(whole)


def _shown(options: Mapping[str, Any]) -> str:
    return '--cfg-options ' + ' '.join(f'{key}={value}' for key, value in options.items())


def _whole_counts(cfg: Config, counts: Mapping[str, int]) -> dict[str, int]:
    """The numbers with which `counted_model` works: those given, and what the config has of the other kind."""
    of_segments = 'num_things' in cfg
    if 'model' not in cfg:
        raise ValueError(f'{_shown(counts)}: {cfg.filename} has no model; name a config of a whole model')
    if of_segments == ('num_classes' in counts):
        right = 'num_things and num_stuff' if of_segments else 'num_classes'
        raise ValueError(f'{_shown(counts)}: {cfg.filename} counts otherwise; did you mean {right}?')
    if 'num_classes' in counts:
        return {'num_classes': counts['num_classes']}
    return {'num_stuff': cfg.get('num_stuff', 1), 'num_things': cfg.num_things, **counts}


def _check_named_classes(cfg: Config, counts: Mapping[str, int]) -> None:
    """Refuse numbers that are not those of the names in a data set's ``metainfo``."""
    kinds = {'num_classes': 'classes', 'num_things': 'thing_classes', 'num_stuff': 'stuff_classes'}
    leaves = (leaf_datasets((cfg.get(loader) or {}).get('dataset'), f'{loader}.dataset') for loader in LOADERS)
    for option, leaf in (pair for pairs in leaves for pair in pairs):
        info = leaf.get('metainfo') or {}
        for key, wanted in counts.items():
            names = info.get(kinds[key]) or (info.get('classes') if key == 'num_things' else None)
            if names and len(names) != wanted:
                raise ValueError(
                    f'--cfg-options {key}={wanted}: {option}.metainfo names {len(names)} of them '
                    f'({", ".join(names[:3])}{", ..." if len(names) > 3 else ""}); change the names in the config'
                )


def _check_key(cfg: Config, key: str, value: Any) -> None:
    """Refuse a key that nothing reads."""
    option, (top, *rest) = f'--cfg-options {key}={value}', key.split('.')
    known = read_at_top()
    if top not in known:
        raise ValueError(f'{option}: {_unread(cfg, key, top, known)}')
    if top == 'data_preprocessor' and 'data_preprocessor' in (cfg.get('model') or {}):
        raise ValueError(f'{option}: changes nothing, as the model has its own; did you mean model.{key}?')
    node: Any = cfg
    path: tuple[str, ...] = ()
    for name in (top, *rest):
        if (node is None or isinstance(node, Mapping)) and path and name not in (node or {}):
            _check_new_name(node or {}, path, name, option, cfg.get('default_scope'))
        if isinstance(node, (list, tuple)) and not (name.isdecimal() and int(name) < len(node)):
            raise ValueError(f'{option}: {".".join(path)} is a list; expected 0 to {len(node) - 1}, found {name}')
        node, path = _step(node, name), (*path, name)
    if rest and rest[-1] == 'type' and isinstance(node, str) and isinstance(value, str):
        _check_type(node, value, option, cfg.get('default_scope'))
    if isinstance(node, Mapping) and node and not isinstance(value, Mapping) and value is not None:
        raise ValueError(f'{option}: it holds several settings; set one of them, {key}.{next(iter(node))}=...')


def _check_type(old: str, new: str, option: str, scope: str | None) -> None:
    """Refuse a type that is not registered, where one is that it shall replace."""
    if is_registered(old, scope) and not is_registered(new, scope):
        raise ValueError(f'{option}: there is no {new}{nearest(new, registered_names())}')


def _step(node: Any, name: str) -> Any:
    if isinstance(node, (list, tuple)):
        return node[int(name)] if name.isdecimal() and int(name) < len(node) else None
    return node.get(name) if hasattr(node, 'get') else None


def _check_new_name(node: Mapping[str, Any], path: tuple[str, ...], name: str, option: str, scope: str | None) -> None:
    place, names = '.'.join(path), names_of(node, path, scope)
    if names is None:
        if slip := nearest(name, list(node), ALIKE):
            raise ValueError(f'{option}: {place} has no {name}{slip}')
    elif name not in names:
        kind = f' ({node["type"]})' if 'type' in node else ''
        raise ValueError(f'{option}: {place}{kind} takes no {name}{nearest(name, [*names, *node])}')


def _unread(cfg: Config, key: str, top: str, known: set[str]) -> str:
    """Why a top-level variable is refused, and what to set instead."""
    wide = ['data_root', 'image_size', *COUNTS]
    if top in wide:
        return f'{top} is one value; leave {key[len(top) :]} out'
    if top not in cfg:
        return f'nothing reads it{nearest(top, [*known, *wide])}'
    if top == 'custom_imports':
        return 'it has done its work when the file was read; write it into a config of your own'
    places = [place for name in sorted(known) for place in _places(cfg.get(name), cfg[top], name)]
    instead = f'set it where it stands: {", ".join(places[:3])}' if places else 'set the part that it went into'
    return f'changes nothing, as the config had used it when it was read; {instead}'


def _places(part: Any, value: Any, place: str) -> list[str]:
    """Where in a part of a config a value stands."""
    if part is None or isinstance(value, (bool, int, float)) or not value:
        return []
    if part == value:
        return [place]
    items: Any = part.items() if isinstance(part, Mapping) else enumerate(part) if isinstance(part, Sequence) else ()
    if isinstance(part, str):
        return []
    return [found for name, inner in items for found in _places(inner, value, f'{place}.{name}')]


def check_values(cfg: Config) -> None:
    """Refuse settings with which a training would do nothing.

    Args:
        cfg: The config.

    Raises:
        ValueError: If one is out of range; it names the setting, the value and what was expected.
    """
    for key, least in LEAST.items():
        node: Any = cfg
        for name in key.split('.'):
            node = _step(node, name)
        whole = isinstance(node, int) and not isinstance(node, bool)
        if node is None or (whole and (node >= least or node == NEVER.get(key))):
            continue
        never = f', or {NEVER[key]} for never' if key in NEVER else ''
        raise ValueError(f'{key}={node!r}: expected a whole number from {least}{never}')
