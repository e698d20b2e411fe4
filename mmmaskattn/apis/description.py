"""What a file of weights says of its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from mmmaskattn.datasets.check_root import LOADERS, leaf_datasets
from mmmaskattn.utils.configs import config_name
from mmmaskattn.version import __version__

KEYS = ('classes', 'palette', 'thing_classes', 'stuff_classes')


def describe_model(cfg: Config, dataset_meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe the model of a config.

    Args:
        cfg: The config.
        dataset_meta: Names and colours of the classes, as a training had them; those of the config by default.

    Returns:
        Name of the config, task, classes and colours, version of the package.
    """
    found = {key: dataset_meta[key] for key in KEYS if dataset_meta and dataset_meta.get(key) is not None}
    return {
        'config': config_name(cfg.filename) if cfg.filename else 'unnamed',
        'task': task_of(cfg),
        'dataset_meta': found if 'classes' in found else named_classes(cfg),
        'package': f'mmmaskattn {__version__}',
    }


def task_of(cfg: Config) -> str:
    """Tell the task of a config: ``semantic``, ``instance`` or ``panoptic``.

    Args:
        cfg: The config.
    """
    evaluators = cfg.get('test_evaluator') or cfg.get('val_evaluator') or {}
    found = evaluators if isinstance(evaluators, (list, tuple)) else [evaluators]
    types = {str(one.get('type')).rpartition('.')[2] for one in found}
    if any('Panoptic' in name for name in types):
        return 'panoptic'
    return 'instance' if types & {'InstanceAP', 'CocoMetric'} else 'semantic'


def named_classes(cfg: Config) -> dict[str, Any]:
    """Find names and colours of the classes without reading data.

    Args:
        cfg: The config.

    Returns:
        ``classes`` and what else the data set says of them; empty if the config has no data set.
    """
    init_default_scope(cfg.get('default_scope') or 'mmengine')
    for loader in LOADERS:
        for _, leaf in leaf_datasets((cfg.get(loader) or {}).get('dataset'), loader):
            with DATASETS.switch_scope_and_registry(None) as registry:
                info = registry.get(leaf['type'])._load_metainfo(leaf.get('metainfo'))
            return {key: info[key] for key in KEYS if info.get(key) is not None}
    return {}
