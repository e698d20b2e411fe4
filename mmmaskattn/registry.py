"""The registries of mmmaskattn.

Each registry is a child of mmengine's root of the same kind, with scope ``mmmaskattn``. Its ``locations`` are
imported on the first look-up, so ``type='mmmaskattn.MaskAttnUNet'`` works in any mmseg or mmdet config, from any
tool, with no import. What is registered here is registered in the root too, so that the plain name works in every
scope once ``import mmmaskattn`` has run.
"""

from __future__ import annotations

from typing import Any

from mmengine import registry as root
from mmengine.registry import Registry

from mmmaskattn.utils.options import checked_options


class SharedRegistry(Registry):
    """A registry that enters each module into its parent (mmengine's root) as well, with its options checked.

    A class is checked however it is made, a function when a config builds it; see `checked_options`.
    """

    def _register_module(self, module: type, module_name: str | list[str] | None = None, force: bool = False) -> None:
        module = checked_options(module)
        super()._register_module(module, module_name, force)
        self.parent._register_module(module, module_name, force)


def _child(kind: str, parent: Registry, location: str, **kwargs: Any) -> SharedRegistry:
    return SharedRegistry(kind, parent=parent, scope='mmmaskattn', locations=[location], **kwargs)


MODELS = _child('model', root.MODELS, 'mmmaskattn.models')
DATASETS = _child('dataset', root.DATASETS, 'mmmaskattn.datasets')
TRANSFORMS = _child('transform', root.TRANSFORMS, 'mmmaskattn.datasets.transforms')
HOOKS = _child('hook', root.HOOKS, 'mmmaskattn.engine.hooks')
METRICS = _child('metric', root.METRICS, 'mmmaskattn.evaluation')
VISUALIZERS = _child('visualizer', root.VISUALIZERS, 'mmmaskattn.visualization')
